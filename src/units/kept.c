// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/kept.h"
#include "object/object.h"
#include "units/path.h"
#include "base/guard.h"
#include "base/io.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

/* Objects that hold line numbers: the tokens do not say them. */
static bool tells_lines(const struct sut_candidate *candidate, const struct sut_tokens *tokens)
{
	static const char *const options[] = {"-fsanitize", "--coverage", "-fprofile",
					      "-ftest-coverage"};
	static const char builtin[] = "__builtin_LINE";

	for (size_t i = 1; i < candidate->entry->argc; i++)
		for (size_t k = 0; k < SUT_ARRAY_SIZE(options); k++)
			if (strncmp(candidate->entry->argv[i], options[k], strlen(options[k])) == 0)
				return true;
	return memmem(tokens->text.data, tokens->text.size, builtin, strlen(builtin)) != NULL;
}

static void add_text(crypto_hash_sha256_state *state, const char *text)
{
	crypto_hash_sha256_update(state, (const unsigned char *)text, strlen(text) + 1);
}

/* A compiler is known by its file: an upgrade changes size or time. */
static void add_compiler(crypto_hash_sha256_state *state, struct sut_arena *arena, const char *name)
{
	const char *path = sut_path_program(arena, name);
	struct stat st = {0};

	if (!path || stat(path, &st) < 0)
		path = name; /* it cannot be run either */
	add_text(state, sut_arena_printf(arena, "%s %lld %lld.%09ld", path, (long long)st.st_size,
					 (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec));
}

void sut_kept_key(struct sut_arena *arena, struct sut_candidate *candidate,
		  const struct sut_tokens *tokens)
{
	const struct sut_entry *entry = candidate->entry;
	crypto_hash_sha256_state state;

	candidate->has_key = !tells_lines(candidate, tokens);
	if (!candidate->has_key)
		return;
	crypto_hash_sha256_init(&state);
	add_text(&state, "suture before 1");
	add_compiler(&state, arena, candidate->compile.argv[0]);
	add_text(&state, entry->directory);
	add_text(&state, entry->path);
	for (size_t i = 0; i < entry->argc; i++)
		add_text(&state, entry->argv[i]);
	crypto_hash_sha256_update(&state, tokens->text.data, tokens->text.size);
	crypto_hash_sha256_final(&state, candidate->key);
}

static const char *name_of(struct sut_arena *arena, const char *folder,
			   const struct sut_candidate *candidate)
{
	char hex[2 * sizeof(candidate->key) + 1];

	return sut_arena_printf(arena, "%s/%s", folder,
				sut_hex(hex, candidate->key, sizeof(candidate->key)));
}

bool sut_kept_take(const char *folder, const struct sut_candidate *candidate, const char *path)
{
	enum { MAX = SUT_OBJECT_SIZE_MAX + crypto_hash_sha256_BYTES };
	SUT_ARENA struct sut_arena arena = {0};
	unsigned char digest[crypto_hash_sha256_BYTES];
	struct sut_diag unused;
	struct sut_bytes kept, object;

	if (!candidate->has_key ||
	    sut_file_read(&arena, name_of(&arena, folder, candidate), MAX, &kept, &unused) ||
	    kept.size < sizeof(digest))
		return false;
	object = (struct sut_bytes){kept.data + sizeof(digest), kept.size - sizeof(digest)};
	crypto_hash_sha256(digest, object.data, object.size);
	return memcmp(digest, kept.data, sizeof(digest)) == 0 &&
	       sut_file_write(path, object.data, object.size, 0600, &unused) == SUT_OK;
}

void sut_kept_put(const char *folder, const struct sut_candidate *candidate, const char *path)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes object;
	struct sut_diag unused;
	unsigned char *kept;

	if (!candidate->has_key || access(folder, W_OK) < 0 ||
	    sut_file_read(&arena, path, SUT_OBJECT_SIZE_MAX, &object, &unused))
		return;
	kept = sut_arena_alloc(&arena, crypto_hash_sha256_BYTES + object.size);
	crypto_hash_sha256(kept, object.data, object.size);
	memcpy(kept + crypto_hash_sha256_BYTES, object.data, object.size);
	/* Not to be kept is no failure: the next patch compiles it again. */
	sut_file_write(name_of(&arena, folder, candidate), kept,
		       crypto_hash_sha256_BYTES + object.size, 0644, &unused);
}
