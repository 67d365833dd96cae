// SPDX-License-Identifier: GPL-2.0-or-later
/* The translation units that a source patch affects, compiled on both sides. */
#include "units/nothing.h"
#include "units/kept.h"
#include "units/work.h"
#include "base/guard.h"
#include "base/io.h"

#include <string.h>
#include <sys/stat.h>

enum { FIRST_BATCH = 4 /* units that are compiled before the layout is looked at */ };

/* Units whose objects cannot be compared are refused, all of them, and left out. */
static void judge(struct sut_work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		struct sut_candidate *candidate = &work->candidates[i];
		const char *language = candidate->compile.sources[candidate->source].language;
		const char *line = sut_job_line(work->arena, candidate->entry->argv);

		if (!candidate->affected)
			continue;
		if (strcmp(language, "assembler") == 0) {
			sut_refuse(
				work->verdict, "asm", line,
				"%s: is an assembler source, of which nothing is known; leave it "
				"as it is",
				candidate->entry->file);
			candidate->affected = false;
		} else if (sut_work_is_foreign(work, candidate)) {
			candidate->foreign = true;
			candidate->affected = false;
		} else if (strcmp(language, "C") != 0 && strcmp(language, "C++") != 0) {
			sut_refuse(work->verdict, "language", line,
				   "%s: is %s; this version makes patches for C and C++ only",
				   candidate->entry->file, language);
			candidate->affected = false;
		} else if (candidate->compile.lto) {
			sut_refuse(
				work->verdict, "lto", line,
				"%s: is compiled with -flto, so its machine code is made at link "
				"time with that of other files; build the target without it",
				candidate->entry->file);
			candidate->affected = false;
		}
	}
}

static const char *object_name(struct sut_work *work, const char *kind, size_t i)
{
	return sut_arena_printf(work->arena, "%s/%zu.%s.o", work->scratch, i, kind);
}

/* The units to compile: indices of candidates, and what comes of each. */
struct plan {
	size_t count;
	size_t *candidates;
	struct sut_unit *units;
};

static struct plan make_plan(struct sut_work *work)
{
	struct plan plan = {
		.candidates = sut_arena_array(work->arena, work->count, sizeof(*plan.candidates)),
		.units = sut_arena_array(work->arena, work->count, sizeof(*plan.units)),
	};

	for (size_t i = 0; i < work->count; i++) {
		const struct sut_entry *entry = work->candidates[i].entry;

		if (!work->candidates[i].affected)
			continue;
		plan.units[plan.count] = (struct sut_unit){
			.source = entry->file,
			.path = entry->path,
			.directory = entry->directory,
			.argc = entry->argc,
			.argv = entry->argv,
			.recorded = entry->recorded ? entry->recorded : entry->argv,
			.before = object_name(work, "before", i),
			.after = object_name(work, "after", i),
			.plain = object_name(work, "plain", i),
			.work = work,
			.candidate = &work->candidates[i],
		};
		plan.candidates[plan.count++] = i;
	}
	return plan;
}

/* One unit on one side. */
struct half {
	size_t unit; /* in the plan */
	int side;
};

static const struct sut_candidate *candidate_of(const struct sut_work *work,
						const struct plan *plan, size_t unit)
{
	return &work->candidates[plan->candidates[unit]];
}

static const char *object_of(const struct plan *plan, const struct half *half)
{
	const struct sut_unit *unit = &plan->units[half->unit];

	return half->side == SUT_SIDE_BEFORE ? unit->before : unit->after;
}

/* The jobs for some units; of the unpatched side only for those that no earlier patch left. */
static size_t make_jobs(struct sut_work *work, const struct plan *plan, size_t first, size_t count,
			struct sut_job *jobs, struct half *halves)
{
	const char *kept = work->options->before;
	size_t n = 0;

	for (size_t i = first; i < first + count; i++) {
		const struct sut_candidate *candidate = candidate_of(work, plan, i);
		const char *outputs[] = {plan->units[i].before, plan->units[i].after};

		for (int side = 0; side < SUT_SIDE_COUNT; side++) {
			if (side == SUT_SIDE_BEFORE && kept &&
			    sut_kept_take(kept, candidate, outputs[side]))
				continue;
			jobs[n] = sut_work_job(work, candidate, side, SUT_COMPILE_SECTIONS,
					       outputs[side]);
			halves[n++] = (struct half){i, side};
		}
	}
	return n;
}

static enum sut_rc compile_some(struct sut_work *work, const struct plan *plan, size_t first,
				size_t count)
{
	struct sut_job jobs[SUT_WORK_BATCH * SUT_SIDE_COUNT];
	struct half halves[SUT_WORK_BATCH * SUT_SIDE_COUNT];
	size_t n = make_jobs(work, plan, first, count, jobs, halves);
	enum sut_rc rc;

	sut_work_progress(work, sut_arena_printf(work->arena, "compiling %zu of %zu units",
						 first + count, plan->count));
	rc = sut_compilers_run(work->arena, jobs, n, work->verdict, work->diag);
	for (size_t i = 0; i < n && rc == SUT_OK; i++) {
		const struct sut_candidate *candidate = candidate_of(work, plan, halves[i].unit);

		if (jobs[i].status || access(object_of(plan, &halves[i]), F_OK) < 0)
			rc = sut_work_failed(work, candidate, halves[i].side, &jobs[i]);
		else if (halves[i].side == SUT_SIDE_BEFORE && work->options->before)
			sut_kept_put(work->options->before, candidate,
				     plan->units[halves[i].unit].before);
	}
	return rc;
}

/*
 * A structure that a central header changes shows in the first units already. The operator need not
 * wait for the compilation of all others to hear of it.
 */
static enum sut_rc judge_early(struct sut_work *work, const struct plan *plan, size_t done,
			       bool *stop)
{
	size_t refusals = work->verdict->refusal_count;
	enum sut_rc rc;

	*stop = false;
	for (size_t i = 0; i < work->options->allowed_count; i++)
		if (strcmp(work->options->allowed[i], "layout") == 0)
			return SUT_OK;
	rc = work->early(plan->units, done, work->verdict, work->diag);
	*stop = work->verdict->refusal_count > refusals;
	if (*stop)
		sut_warn(work->verdict, "layout", "",
			 "%zu of %zu affected units were not compiled, because no patch can come "
			 "of it",
			 plan->count - done, plan->count);
	return rc;
}

static enum sut_rc compile_affected(struct sut_work *work, struct plan *plan)
{
	size_t done = 0;

	while (done < plan->count) {
		size_t most = done ? SUT_WORK_BATCH : FIRST_BATCH, left = plan->count - done;
		size_t count = left < most ? left : most;
		enum sut_rc rc = compile_some(work, plan, done, count);
		bool stop = false;

		if (rc == SUT_OK && !done && count < left)
			rc = judge_early(work, plan, count, &stop);
		if (rc)
			return rc;
		done += count;
		if (stop)
			plan->count = 0;
	}
	return SUT_OK;
}

/* Does the recorded build compile something of the folder that the file is in? */
static bool builds_beside(const struct sut_work *work, const char *path)
{
	const char *full = sut_arena_printf(work->arena, "%s/%s", work->patched.tree, path);
	size_t length = (size_t)(strrchr(full, '/') - full) + 1;

	for (size_t i = 0; i < work->database.count; i++) {
		const char *other = work->database.entries[i].path;

		if (!strncmp(other, full, length) && !strchr(other + length, '/'))
			return true;
	}
	return false;
}

/* A patched file that nothing reads: harmless for a test program, fatal for a file that the build
 * would have compiled from now on. Programs that are not part of it have a folder of their own. */
static void judge_unread(struct sut_work *work)
{
	/* An original is read where its copy is. */
	for (size_t i = 0; i < work->patched.count; i++)
		if (work->seen[i] && work->patched.files[i].copy_of)
			work->seen[work->patched.files[i].copy_of - 1] = true;
	for (size_t i = 0; i < work->patched.count; i++) {
		const struct sut_patched_file *file = &work->patched.files[i];
		size_t length = strlen(file->path);
		bool is_c = length > 2 && strcmp(file->path + length - 2, ".c") == 0;

		if (work->seen[i] || file->copy_of)
			continue;
		if (!file->before && is_c && builds_beside(work, file->path))
			sut_refuse(
				work->verdict, "new-source", file->path,
				"%s: a new source file, and no recorded command compiles it; put "
				"its code into a file that is compiled already",
				file->path);
		else
			sut_warn(work->verdict, "uncompiled", file->path,
				 "%s: patched, but no recorded compilation reads it", file->path);
	}
}

static enum sut_rc find_database(struct sut_work *work)
{
	const char *path = work->options->database;
	enum sut_rc rc = SUT_OK;

	if (work->options->commands) {
		work->database = *work->options->commands;
		return SUT_OK;
	}
	if (!path)
		rc = sut_database_find(work->arena, work->patched.tree, &path, work->diag);
	return rc ? rc : sut_database_load(work->arena, path, &work->database, work->diag);
}

static enum sut_rc write_headers(struct sut_work *work)
{
	const char *folder = sut_arena_printf(work->arena, "%s/suture", work->headers);

	if (mkdir(work->headers, 0700) < 0 || mkdir(folder, 0700) < 0)
		return sut_fail_errno(work->diag, "%s: cannot be made", folder);
	return sut_file_write(sut_arena_printf(work->arena, "%s/livepatch.h", folder),
			      sut_livepatch_header, sut_livepatch_header_size, 0600, work->diag);
}

enum sut_rc sut_units_build(struct sut_arena *arena, const struct sut_create_options *options,
			    const char *scratch, sut_units_early_fn *early, struct sut_unit **units,
			    size_t *count, struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct sut_work *work = sut_arena_alloc(arena, sizeof(*work));
	struct plan plan;
	enum sut_rc rc;

	*work = (struct sut_work){
		.arena = arena,
		.options = options,
		.scratch = scratch,
		.early = early,
		.headers = sut_arena_printf(arena, "%s/include", scratch),
		.verdict = verdict,
		.diag = diag,
	};
	rc = options->from_count
		     ? sut_patched_written(arena, options, scratch, &work->patched, diag)
		     : sut_patched_make(arena, options, scratch, &work->patched, verdict, diag);
	if (rc == SUT_OK)
		rc = find_database(work);
	if (rc == SUT_OK)
		rc = write_headers(work);
	if (rc)
		return rc;
	sut_work_patch_copies(work);
	work->seen = sut_arena_array(arena, work->patched.count, sizeof(*work->seen));
	for (size_t i = 0; i < work->patched.count; i++)
		work->adds_file |= !work->patched.files[i].before;
	rc = sut_work_find_candidates(work);
	if (rc == SUT_OK && work->count)
		rc = sut_work_mirror(work);
	if (rc)
		return rc;
	judge(work);
	judge_unread(work);
	plan = make_plan(work);
	rc = compile_affected(work, &plan);
	if (rc == SUT_OK)
		rc = sut_work_compile_foreign(work, plan.units, plan.count);
	if (rc)
		return rc;
	*units = plan.units;
	*count = plan.count;
	/* What was refused may differ, and was left out. */
	if (plan.count || verdict->refusal_count)
		return SUT_OK;
	return sut_nothing_explain(arena, options, &work->patched, work->seen, false, verdict,
				   diag);
}

enum sut_rc sut_unit_plain(struct sut_arena *arena, const struct sut_unit *unit,
			   const char **object, struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct sut_compile compile;
	struct sut_job job;
	enum sut_rc rc;
	size_t source;

	*object = unit->plain;
	if (access(unit->plain, F_OK) == 0)
		return SUT_OK;
	rc = sut_compile_read(arena, unit->directory, unit->argc, unit->argv, &compile, diag);
	if (rc)
		return rc;
	if (!sut_compile_find(arena, unit->directory, &compile, unit->path, &source))
		return sut_fail(diag, SUT_BUG, "compile", "%s: its command lost it", unit->source);
	job = (struct sut_job){
		.argv = sut_compile_command(arena, &compile, source, SUT_COMPILE_PLAIN, unit->plain,
					    NULL),
		.directory = unit->directory,
		.variables = sut_compiler_variables(arena, unit->directory, unit->plain),
		.errors = sut_arena_printf(arena, "%s.errors", unit->plain),
	};
	rc = sut_compilers_run(arena, &job, 1, verdict, diag);
	if (rc || job.status == 0)
		return rc;
	sut_fail(diag, SUT_REFUSED, "compile", "%s: does not compile as recorded", unit->source);
	sut_context(diag, SUT_REFUSED, "%s", sut_job_errors(arena, &job));
	sut_context(diag, SUT_REFUSED, "in %s: %s", job.directory, sut_job_line(arena, job.argv));
	return SUT_REFUSED;
}

/* The command of a unit for another file; what is added comes first, for the recorded words decide.
 */
static struct sut_compile compile_for(struct sut_arena *arena,
				      const struct sut_candidate *candidate, const char *file)
{
	struct sut_compile compile = candidate->compile;
	const char *slash = strrchr(candidate->entry->path, '/');
	const char *added[] = {
		/* Headers beside the unit, behind those beside the file itself. */
		"-iquote",
		sut_arena_strndup(arena, candidate->entry->path,
				  (size_t)(slash - candidate->entry->path)),
		/* The file may lie anywhere, and the patch is the same. */
		sut_arena_printf(arena, "-ffile-prefix-map=%.*s=",
				 (int)(strrchr(file, '/') + 1 - file), file),
	};
	const size_t count = SUT_ARRAY_SIZE(added);
	const char **argv = sut_arena_array(arena, compile.argc + count, sizeof(*argv));
	struct sut_compile_source *source = sut_arena_alloc(arena, sizeof(*source));

	argv[0] = compile.argv[0];
	memcpy(argv + 1, added, sizeof(added));
	memcpy(argv + 1 + count, compile.argv + 1, (compile.argc - 1) * sizeof(*argv));
	*source = compile.sources[candidate->source];
	source->index += count;
	argv[source->index] = file;
	compile.argv = argv;
	compile.argc += count;
	compile.sources = source;
	compile.source_count = 1;
	return compile;
}

enum sut_rc sut_unit_beside(struct sut_arena *arena, const struct sut_unit *unit, const char *file,
			    const char **object, struct sut_diag *diag)
{
	struct sut_work *work = unit->work;
	SUT_FREE char *real = realpath(file, NULL);
	const char *output = sut_arena_printf(arena, "%s/beside.o", work->scratch);
	struct sut_candidate candidate = {.entry = unit->candidate->entry};
	struct sut_job job;
	enum sut_rc rc;

	if (!real)
		return sut_fail_errno(diag, "%s", file);
	candidate.compile = compile_for(arena, unit->candidate, sut_arena_strdup(arena, real));
	job = sut_work_job(work, &candidate, SUT_SIDE_AFTER, SUT_COMPILE_SECTIONS, output);
	rc = sut_compilers_run(arena, &job, 1, work->verdict, diag);
	*object = output;
	if (rc || job.status == 0)
		return rc;
	sut_fail(diag, SUT_REFUSED, "compile", "%s: does not compile beside %s", file,
		 unit->source);
	sut_context(diag, SUT_REFUSED, "%s", sut_job_errors(arena, &job));
	sut_context(diag, SUT_REFUSED, "in %s: %s", job.directory, sut_job_line(arena, job.argv));
	sut_remedy(diag, "correct it");
	return SUT_REFUSED;
}
