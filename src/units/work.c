// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/work.h"
#include "base/guard.h"
#include "base/io.h"

#include <string.h>

enum { PARALLEL = 2 };

void sut_work_progress(struct sut_work *work, const char *text)
{
	if (work->options->progress)
		work->options->progress(work->options->progress_context, text);
}

static const char *map_path(void *context, const char *path)
{
	return sut_mirror_path(context, path);
}

const char **sut_compiler_variables(struct sut_arena *arena, const char *directory,
				    const char *output)
{
	const char **list = sut_arena_array(arena, 5, sizeof(*list));
	int folder = (int)(strrchr(output, '/') - output);

	list[0] = sut_arena_printf(arena, "PWD=%s", directory);
	/* One that is killed leaves its temporary files where we remove them. */
	list[1] = sut_arena_printf(arena, "TMPDIR=%.*s", folder, output);
	/* A cache that is found through PATH as the compiler may overlook a #line. */
	list[2] = "CCACHE_DISABLE=1";
	if (!getenv("SOURCE_DATE_EPOCH"))
		list[3] = "SOURCE_DATE_EPOCH=0";
	return list;
}

struct sut_job sut_work_job(struct sut_work *work, const struct sut_candidate *candidate, int side,
			    enum sut_compile_kind kind, const char *output)
{
	struct sut_mirror *mirror = &work->mirrors[side];
	struct sut_compile_mapping mapping = {
		.map = map_path,
		.context = mirror,
		.root = mirror->root,
	};
	const char *directory = sut_mirror_path(mirror, candidate->entry->directory);

	return (struct sut_job){
		.argv = sut_compile_command(work->arena, &candidate->compile, candidate->source,
					    kind, output, &mapping),
		.directory = directory,
		.variables = sut_compiler_variables(work->arena, directory, output),
		.output = kind == SUT_COMPILE_PREPROCESS ? output : NULL,
		.errors = sut_arena_printf(work->arena, "%s.errors", output),
	};
}

enum sut_rc sut_compilers_run(struct sut_arena *arena, struct sut_job *jobs, size_t count,
			      struct sut_verdict *verdict, struct sut_diag *diag)
{
	uint64_t start = sut_now_ns();
	enum sut_rc rc = sut_jobs_run(arena, jobs, count, PARALLEL, diag);

	verdict->compiler_ns += sut_now_ns() - start;
	return rc;
}

enum sut_rc sut_work_failed(struct sut_work *work, const struct sut_candidate *candidate, int side,
			    const struct sut_job *job)
{
	enum sut_rc rc =
		sut_fail(work->diag, SUT_REFUSED, "compile", "%s: does not compile %s the patch",
			 candidate->entry->file, side == SUT_SIDE_BEFORE ? "without" : "with");

	sut_context(work->diag, rc, "%s", sut_job_errors(work->arena, job));
	sut_context(work->diag, rc, "in %s: %s", job->directory,
		    sut_job_line(work->arena, job->argv));
	if (side == SUT_SIDE_BEFORE)
		sut_remedy(work->diag,
			   "the tree or the compiler is not the one that %s was "
			   "recorded with",
			   work->database.path);
	else
		sut_remedy(work->diag, "correct the patch");
	return rc;
}
