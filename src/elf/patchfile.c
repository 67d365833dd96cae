// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/patchfile.h"

#include "base/io.h"
#include "elf/patch-format.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

char *sut_patch_rela_name(struct sut_arena *arena, const struct sut_patch_section *section,
			  const struct sut_patch_object *object)
{
	if (!object)
		return sut_arena_printf(arena, ".rela%s", section->name);
	return sut_arena_printf(arena, ".klp.rela.%s%s", object->name, section->name);
}

char *sut_patch_target_name(struct sut_arena *arena, const struct sut_patch *patch,
			    const struct sut_patch_symbol *symbol)
{
	return sut_arena_printf(arena, ".klp.sym.%s.%s,%" PRIu32,
				patch->objects[symbol->object].name, symbol->name, symbol->sympos);
}

bool sut_patch_symbol_has_object(const struct sut_patch_symbol *symbol)
{
	return symbol->kind == SUT_PATCH_SYMBOL_TARGET || symbol->kind == SUT_PATCH_SYMBOL_IMPORT;
}

/* Not klp_enable_patch(): enabling is for whoever applies the patch. */
const char *const sut_patch_runtime[] = {
	"klp_get_prev_state",      "klp_get_state",   "klp_shadow_alloc",    "klp_shadow_get",
	"klp_shadow_get_or_alloc", "klp_shadow_free", "klp_shadow_free_all", NULL,
};

const char *const sut_patch_callback_names[] = {"pre_patch", "post_patch", "pre_unpatch",
						"post_unpatch"};

const char *const sut_patch_source_keys[] = {"source-patch", "additions"};
const char *const sut_patch_source_sections[] = {".note.suture.source-patch",
						 ".note.suture.additions"};

const char *sut_patch_fact(const struct sut_patch *patch, const char *key)
{
	for (size_t i = 0; i < patch->fact_count; i++)
		if (strcmp(patch->facts[i].key, key) == 0)
			return patch->facts[i].value;
	return NULL;
}

bool sut_patch_runtime_has(const char *name)
{
	for (size_t i = 0; sut_patch_runtime[i]; i++)
		if (strcmp(sut_patch_runtime[i], name) == 0)
			return true;
	return false;
}

void sut_patch_digest(const unsigned char *data, size_t size, unsigned char digest[SUT_SHA256_SIZE])
{
	static const unsigned char zeros[SUT_SHA256_SIZE];
	const size_t end = SUT_PATCH_DIGEST_OFFSET + SUT_SHA256_SIZE;
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, data, SUT_PATCH_DIGEST_OFFSET);
	crypto_hash_sha256_update(&state, zeros, sizeof(zeros));
	crypto_hash_sha256_update(&state, data + end, size - end);
	crypto_hash_sha256_final(&state, digest);
}

/* What any patch file begins with, whatever its version: tells it from other files. */
static bool is_patch_file(const unsigned char *data, size_t size)
{
	const Elf64_Nhdr nhdr = {
		.n_namesz = sizeof(SUT_PATCH_NOTE_OWNER),
		.n_descsz = SUT_SHA256_SIZE,
		.n_type = SUT_PATCH_NOTE_DIGEST,
	};
	const unsigned char *note = data + sizeof(Elf64_Ehdr);

	return size >= SUT_PATCH_DIGEST_OFFSET + SUT_SHA256_SIZE &&
	       memcmp(data, ELFMAG, SELFMAG) == 0 && memcmp(note, &nhdr, sizeof(nhdr)) == 0 &&
	       memcmp(note + sizeof(nhdr), SUT_PATCH_NOTE_OWNER "\0", 8) == 0;
}

enum sut_rc sut_patch_read(struct sut_arena *arena, const void *data, size_t size,
			   struct sut_patch *patch, struct sut_diag *diag)
{
	unsigned char digest[SUT_SHA256_SIZE];

	if (!is_patch_file(data, size))
		return SUT_PATCH_BAD(diag, "file: not a patch file");
	sut_patch_digest(data, size, digest);
	if (memcmp(digest, (const char *)data + SUT_PATCH_DIGEST_OFFSET, sizeof(digest)) != 0) {
		enum sut_rc rc =
			SUT_PATCH_BAD(diag, "file: damaged, its content does not match its digest");

		sut_remedy(diag, "get the file again from where it came from");
		return rc;
	}
	return sut_patch_parse(arena, data, size, patch, diag);
}

enum sut_rc sut_patch_load(struct sut_arena *arena, const char *path, struct sut_patch *patch,
			   struct sut_diag *diag)
{
	struct sut_bytes bytes;
	struct sut_diag inner = {0};
	enum sut_rc rc = sut_file_read(arena, path, SUT_PATCH_FILE_MAX, &bytes, diag);

	if (rc != SUT_OK)
		return rc;
	rc = sut_patch_read(arena, bytes.data, bytes.size, patch, &inner);
	if (rc == SUT_OK)
		return SUT_OK;
	sut_fail(diag, rc, inner.rule, "%s: %s", path, inner.entry[0]);
	for (unsigned int i = 1; i < inner.count; i++)
		sut_context(diag, rc, "%s", inner.entry[i]);
	if (inner.remedy[0])
		sut_remedy(diag, "%s", inner.remedy);
	return rc;
}
