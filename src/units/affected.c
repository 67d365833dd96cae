// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which translation units a source patch affects.
 *
 * A patched .c file affects the units that compile it. A patched header may affect any unit, so
 * all are preprocessed, those that read it on both sides, and only those whose tokens differ are
 * compiled. The same comparison drops patches that only change comments.
 */
#include "units/kept.h"
#include "units/path.h"
#include "units/scratch.h"
#include "units/tokens.h"
#include "units/work.h"
#include "base/guard.h"

#include <stdlib.h>
#include <string.h>

static const char *const side_names[] = {"before", "after"};

/* The patched file that is at this absolute path, or NULL. */
static struct sut_patched_file *file_at(struct sut_work *work, const char *path)
{
	for (size_t i = 0; i < work->patched.count; i++)
		if (strcmp(work->patched.files[i].original, path) == 0)
			return &work->patched.files[i];
	return NULL;
}

static bool is_main(const struct sut_work *work, const struct sut_patched_file *file)
{
	for (size_t i = 0; i < work->database.count; i++)
		if (strcmp(work->database.entries[i].path, file->original) == 0)
			return true;
	return false;
}

/* Whether some patched file is no unit's own source: then includes decide. An original is compiled
 * where its copy is. */
static bool needs_includes(const struct sut_work *work)
{
	const struct sut_patched *patched = &work->patched;

	for (size_t i = 0; i < patched->count; i++) {
		bool main = is_main(work, &patched->files[i]);

		for (size_t k = i + 1; k < patched->count && !main; k++)
			main = patched->files[k].copy_of == i + 1 &&
			       is_main(work, &patched->files[k]);
		if (!main)
			return true;
	}
	return false;
}

/* Whatever a unit finds by itself comes first. */
static void add_headers(const struct sut_work *work, struct sut_compile *compile)
{
	const char **argv = sut_arena_array(work->arena, compile->argc + 2, sizeof(*argv));

	memcpy(argv, compile->argv, compile->argc * sizeof(*argv));
	argv[compile->argc++] = "-idirafter";
	argv[compile->argc++] = work->headers;
	compile->argv = argv;
}

static enum sut_rc add_candidate(struct sut_work *work, const struct sut_entry *entry, bool main)
{
	struct sut_candidate candidate = {.entry = entry, .patched_main = main};
	enum sut_rc rc = sut_compile_read(work->arena, entry->directory, entry->argc, entry->argv,
					  &candidate.compile, work->diag);

	if (rc)
		return sut_context(work->diag, rc, "in the entry of %s in %s", entry->file,
				   work->database.path);
	if (!candidate.compile.makes_object)
		return SUT_OK;
	if (!sut_compile_find(work->arena, entry->directory, &candidate.compile, entry->path,
			      &candidate.source))
		return sut_fail(work->diag, SUT_INVALID, "database",
				"%s: the command of %s does not compile it", work->database.path,
				entry->file);
	add_headers(work, &candidate.compile);
	SUT_PUSH(work->arena, work->candidates, work->count, work->capacity) = candidate;
	return SUT_OK;
}

enum sut_rc sut_work_find_candidates(struct sut_work *work)
{
	bool all = needs_includes(work);

	for (size_t i = 0; i < work->database.count; i++) {
		const struct sut_entry *entry = &work->database.entries[i];
		struct sut_patched_file *main = file_at(work, entry->path);
		enum sut_rc rc = SUT_OK;

		if (main && !main->after)
			return sut_fail(work->diag, SUT_REFUSED, "source",
					"%s: the patch deletes it, and it is compiled into the "
					"program",
					main->path);
		if (main)
			work->seen[main - work->patched.files] = true;
		if (main || (all && access(entry->path, F_OK) == 0))
			rc = add_candidate(work, entry, main != NULL);
		if (rc)
			return rc;
	}
	return SUT_OK;
}

static enum sut_rc make_mirrors(struct sut_work *work)
{
	const char **folders = sut_arena_array(work->arena, work->count, sizeof(*folders));
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < work->count; i++)
		folders[i] = work->candidates[i].entry->directory;
	for (int side = 0; side < SUT_SIDE_COUNT && rc == SUT_OK; side++)
		rc = sut_mirror_make(work->arena, &work->patched, (enum sut_side)side, work->whole,
				     folders, work->count,
				     sut_scratch_memory(work->arena, work->scratch),
				     &work->mirrors[side], work->diag);
	return rc;
}

/*
 * Finds out which patched files a unit reads. Whoever comes to a patched file by a way around the
 * mirror would read the unpatched one on both sides, and the patch would lack a part in silence.
 * SUT_RETRY: a mirror of the whole tree leaves no such way within it.
 */
static enum sut_rc note_reads(struct sut_work *work, struct sut_candidate *candidate, int side,
			      const struct sut_tokens *tokens)
{
	struct sut_mirror *mirror = &work->mirrors[side];
	const char *directory = sut_mirror_path(mirror, candidate->entry->directory);

	for (size_t i = 0; i < tokens->name_count; i++) {
		for (size_t k = 0; k < work->patched.count; k++) {
			const struct sut_patched_file *file = &work->patched.files[k];
			const char *base = strrchr(file->original, '/');
			size_t length = strlen(tokens->names[i]);
			const char *path;

			if (length < strlen(base + 1) ||
			    strcmp(tokens->names[i] + length - strlen(base + 1), base + 1) != 0)
				continue;
			path = sut_path_resolve(work->arena, directory, tokens->names[i]);
			/* C in the unit's place says itself, by #line, that it is the unit. */
			if (work->options->from_count && strcmp(path, candidate->entry->path) == 0)
				continue;
			if (strcmp(path, file->original) == 0)
				return sut_fail(work->diag,
						work->whole ? SUT_UNSUPPORTED : SUT_RETRY,
						"overlay",
						"%s: includes %s by a path that leaves the source "
						"tree and comes back; name a folder above as "
						"--source",
						candidate->entry->file, file->path);
			if (strcmp(path, sut_mirror_path(mirror, file->original)) == 0)
				candidate->reads = work->seen[k] = true;
		}
	}
	return SUT_OK;
}

/* A batch of units, preprocessed. */
struct batch {
	struct sut_arena arena;
	struct sut_candidate *candidates;
	size_t count;
	struct sut_tokens tokens[SUT_WORK_BATCH][SUT_SIDE_COUNT];
};

/* One unit on one side. */
struct half {
	size_t unit; /* in the batch */
	int side;
};

static bool needs_both(const struct sut_work *work, const struct sut_candidate *candidate)
{
	return candidate->patched_main || work->adds_file;
}

static enum sut_rc preprocess(struct sut_work *work, struct batch *batch, const struct half *halves,
			      size_t count)
{
	struct sut_job jobs[SUT_WORK_BATCH * SUT_SIDE_COUNT];
	enum sut_rc rc;

	for (size_t i = 0; i < count; i++)
		jobs[i] =
			sut_work_job(work, &batch->candidates[halves[i].unit], halves[i].side,
				     SUT_COMPILE_PREPROCESS,
				     sut_arena_printf(work->arena, "%s/%zu.%s.i", work->scratch,
						      halves[i].unit, side_names[halves[i].side]));
	rc = sut_compilers_run(work->arena, jobs, count, work->verdict, work->diag);
	for (size_t i = 0; i < count && rc == SUT_OK; i++) {
		struct sut_candidate *candidate = &batch->candidates[halves[i].unit];
		struct sut_tokens *tokens = &batch->tokens[halves[i].unit][halves[i].side];

		/* A new header may be looked for by a way around a mirror that is not whole. */
		if (jobs[i].status) {
			rc = sut_work_failed(work, candidate, halves[i].side, &jobs[i]);
			return work->whole ? rc : SUT_RETRY;
		}
		rc = sut_tokens_read(&batch->arena, jobs[i].output, tokens, work->diag);
		if (rc == SUT_OK)
			rc = note_reads(work, candidate, halves[i].side, tokens);
		unlink(jobs[i].output);
	}
	return rc;
}

static enum sut_rc compare_batch(struct sut_work *work, struct batch *batch)
{
	struct half halves[SUT_WORK_BATCH * SUT_SIDE_COUNT];
	size_t n = 0;
	enum sut_rc rc;

	for (size_t i = 0; i < batch->count; i++) {
		halves[n++] = (struct half){i, SUT_SIDE_BEFORE};
		if (needs_both(work, &batch->candidates[i]))
			halves[n++] = (struct half){i, SUT_SIDE_AFTER};
	}
	rc = preprocess(work, batch, halves, n);
	n = 0;
	for (size_t i = 0; i < batch->count && rc == SUT_OK; i++)
		if (!needs_both(work, &batch->candidates[i]) && batch->candidates[i].reads)
			halves[n++] = (struct half){i, SUT_SIDE_AFTER};
	if (rc == SUT_OK && n)
		rc = preprocess(work, batch, halves, n);
	for (size_t i = 0; i < batch->count && rc == SUT_OK; i++) {
		struct sut_candidate *candidate = &batch->candidates[i];
		const struct sut_tokens *tokens = batch->tokens[i];

		if (needs_both(work, candidate) || candidate->reads)
			candidate->affected = !sut_tokens_same_code(&tokens[SUT_SIDE_BEFORE],
								    &tokens[SUT_SIDE_AFTER]);
		if (candidate->affected && work->options->before)
			sut_kept_key(&batch->arena, candidate, &tokens[SUT_SIDE_BEFORE]);
	}
	return rc;
}

static enum sut_rc find_affected(struct sut_work *work)
{
	enum sut_rc rc = SUT_OK;

	for (size_t first = 0; first < work->count && rc == SUT_OK; first += SUT_WORK_BATCH) {
		struct batch batch = {
			.candidates = &work->candidates[first],
			.count = work->count - first < SUT_WORK_BATCH ? work->count - first
								      : SUT_WORK_BATCH,
		};

		sut_work_progress(work,
				  sut_arena_printf(work->arena, "preprocessing %zu of %zu units",
						   first + batch.count, work->count));
		rc = compare_batch(work, &batch);
		sut_arena_deinit(&batch.arena);
	}
	return rc;
}

enum sut_rc sut_work_mirror(struct sut_work *work)
{
	enum sut_rc rc = make_mirrors(work);

	if (rc == SUT_OK)
		rc = find_affected(work);
	if (rc != SUT_RETRY)
		return rc;
	work->whole = true;
	rc = make_mirrors(work);
	return rc ? rc : find_affected(work);
}
