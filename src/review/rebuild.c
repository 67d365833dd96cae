// SPDX-License-Identifier: GPL-2.0-or-later
#include "review/rebuild.h"

#include "base/io.h"
#include "base/rules.h"
#include "units/hunks.h"
#include "units/scratch.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

struct work {
	struct sut_arena *arena;
	const struct sut_patch *file;
	struct sut_rebuild *rebuild;
	struct sut_diag *diag;
};

/* The file's own text, below the name that it had. */
static enum sut_rc unpack(struct work *work, const char *folder, enum sut_patch_source source,
			  const char **path)
{
	const struct sut_bytes *text = &work->file->sources[source];
	const char *name = sut_patch_fact(work->file, sut_patch_source_keys[source]);

	*path = NULL;
	if (!name)
		return SUT_OK;
	if (!text->data) {
		sut_fail(work->diag, SUT_INVALID, "no-source",
			 "the patch file: has the digest of its %s %s, but not its text",
			 source == SUT_PATCH_SOURCE_PATCH ? "source patch" : "hand-written part",
			 name);
		sut_remedy(work->diag, "name the file with %s",
			   source == SUT_PATCH_SOURCE_PATCH ? "--patch" : "--with");
		return SUT_INVALID;
	}
	/* A name of anybody's must not lead out of the folder. */
	if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		name = sut_patch_source_keys[source];
	*path = sut_arena_printf(work->arena, "%s/%d", folder, source);
	if (mkdir(*path, 0700))
		return sut_fail_errno(work->diag, "%s", *path);
	*path = sut_arena_printf(work->arena, "%s/%d/%s", folder, source, name);
	return sut_file_write(*path, text->data, text->size, 0600, work->diag);
}

static bool same_name(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_file(const struct sut_hunks *a, const struct sut_hunks *b)
{
	return same_name(a->old_name, b->old_name) && same_name(a->new_name, b->new_name) &&
	       a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/* The same changes, whatever is said around them and in whichever order the files come. */
static bool same_hunks(struct work *work, const struct sut_bytes *a, const struct sut_bytes *b)
{
	struct sut_hunks *left, *right;
	size_t left_count, right_count, found = 0;
	struct sut_diag diag = {0};

	if (sut_hunks_find(work->arena, "a", *a, &left, &left_count, &diag) ||
	    sut_hunks_find(work->arena, "b", *b, &right, &right_count, &diag) ||
	    left_count != right_count)
		return false;
	for (size_t i = 0; i < left_count; i++)
		for (size_t k = 0; k < right_count; k++)
			found += same_file(&left[i], &right[k]);
	return found == left_count;
}

/* The text that somebody named against what the file says of it. */
static enum sut_rc judge_source(struct work *work, enum sut_patch_source source, const char *path,
				enum sut_source_state *state)
{
	const struct sut_bytes *own = &work->file->sources[source];
	const char *key = sut_arena_printf(work->arena, "%s-sha256", sut_patch_source_keys[source]);
	const char *recorded = sut_patch_fact(work->file, key);
	unsigned char digest[SUT_SHA256_SIZE];
	char hex[2 * SUT_SHA256_SIZE + 1];
	struct sut_bytes text;
	enum sut_rc rc = sut_file_read(work->arena, path, SUT_PATCH_FILE_MAX, &text, work->diag);

	if (rc)
		return rc;
	crypto_hash_sha256(digest, text.data, text.size);
	if (recorded && strcmp(recorded, sut_hex(hex, digest, sizeof(digest))) == 0)
		*state = SUT_SOURCE_SAME;
	else if (!own->data)
		*state = SUT_SOURCE_ANOTHER;
	else if (source == SUT_PATCH_SOURCE_PATCH && same_hunks(work, own, &text))
		*state = SUT_SOURCE_HEADER;
	else
		*state = SUT_SOURCE_LIES;
	return SUT_OK;
}

static enum sut_rc take_source(struct work *work, const char *folder, enum sut_patch_source source,
			       const char **path)
{
	enum sut_source_state *state = &work->rebuild->sources[source];
	enum sut_rc rc;

	if (*path)
		return judge_source(work, source, *path, state);
	rc = unpack(work, folder, source, path);
	*state = *path ? SUT_SOURCE_OWN : SUT_SOURCE_NONE;
	if (rc == SUT_OK && !*path && source == SUT_PATCH_SOURCE_PATCH)
		rc = sut_fail(work->diag, SUT_INVALID, "no-source",
			      "the patch file: names no source patch that it was made from");
	return rc;
}

/* What may not be overruled was not overruled by suture create: the comparison will say so. */
static void take_allowed(struct work *work)
{
	struct sut_create_options *options = &work->rebuild->options;

	options->allowed_count = 0;
	options->allowed =
		sut_arena_array(work->arena, work->file->allowed_count, sizeof(*options->allowed));
	for (size_t i = 0; i < work->file->allowed_count; i++) {
		const struct sut_rule *rule = sut_rule_find(work->file->allowed[i]);

		if (rule && rule->allow == SUT_ALLOW_YES)
			options->allowed[options->allowed_count++] = work->file->allowed[i];
	}
}

static void take_records(struct work *work)
{
	struct sut_create_options *options = &work->rebuild->options;
	const struct sut_patch *file = work->file;

	options->name = file->name;
	options->version = file->version;
	options->fix_count = file->fix_count;
	options->fixes = file->fixes;
	options->replace = file->replace;
	options->replace_set = file->replace_set;
	options->no_source = !file->sources[SUT_PATCH_SOURCE_PATCH].data;
	if (!options->beside && options->with)
		options->beside = sut_patch_fact(file, "additions-beside");
	take_allowed(work);
}

static enum sut_rc rebuild_in(void *context, const char *folder)
{
	struct work *work = context;
	struct sut_create_options *options = &work->rebuild->options;
	enum sut_rc rc = take_source(work, folder, SUT_PATCH_SOURCE_PATCH, &options->patch);

	if (rc == SUT_OK)
		rc = take_source(work, folder, SUT_PATCH_SOURCE_ADDITIONS, &options->with);
	if (rc)
		return rc;
	take_records(work);
	return sut_create(work->arena, options, &work->rebuild->patch, &work->rebuild->kind,
			  &work->rebuild->verdict, work->diag);
}

enum sut_rc sut_rebuild_check(const struct sut_patch *file, const char *source_patch,
			      struct sut_diag *diag)
{
	const char *written = sut_patch_fact(file, "source-file");

	if (sut_patch_fact(file, "identity")) {
		sut_fail(diag, SUT_UNSUPPORTED, "no-patch",
			 "the patch file: is a rehearsal, made with create --identity of no source "
			 "patch");
		sut_remedy(diag, "make it again with create --identity, and compare the bytes");
		return SUT_UNSUPPORTED;
	}
	if (written && !source_patch) {
		sut_fail(diag, SUT_UNSUPPORTED, "no-patch",
			 "the patch file: was made with create --from-source of %s, which is not "
			 "in it",
			 written);
		sut_remedy(diag, "make it again with create --from-source, and compare the bytes; "
				 "or name a source patch with --patch, to compare with that");
		return SUT_UNSUPPORTED;
	}
	return SUT_OK;
}

enum sut_rc sut_rebuild(struct sut_arena *arena, const struct sut_bytes *bytes,
			const struct sut_patch *file, struct sut_rebuild *rebuild,
			struct sut_diag *diag)
{
	struct work work = {arena, file, rebuild, diag};
	unsigned char *data;
	size_t size;
	enum sut_rc rc;

	rebuild->verdict = (struct sut_verdict){.arena = arena};
	rc = sut_scratch_with(arena, rebuild_in, &work, diag);
	if (rc || rebuild->kind != SUT_VERDICT_CREATED)
		return rc;
	/* What is written has been read, so the additions are there, too. */
	rc = sut_patch_write(arena, &rebuild->patch, &data, &size, diag);
	if (rc == SUT_OK)
		rc = sut_patch_read(arena, data, size, &rebuild->patch, diag);
	rebuild->identical =
		rc == SUT_OK && size == bytes->size && memcmp(data, bytes->data, size) == 0;
	return rc;
}
