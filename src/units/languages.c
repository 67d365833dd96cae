// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sources that are compiled as C++ beside C: Debian's lua makes a library of either from the same
 * files.
 *
 * A patch is made of one of the two, that in C. The compile as C++ stands in its way only if it is
 * in a target, and so it is compiled without the patch, for the proof alone (delta.c). A unit in
 * C++ of which no compile as C is affected is one like any other.
 */
#include "units/path.h"
#include "units/work.h"

#include <string.h>

static const char *language_of(const struct sut_candidate *candidate)
{
	return candidate->compile.sources[candidate->source].language;
}

bool sut_work_is_foreign(const struct sut_work *work, const struct sut_candidate *candidate)
{
	if (strcmp(language_of(candidate), "C++") != 0 || candidate->compile.lto)
		return false;
	for (size_t i = 0; i < work->count; i++) {
		const struct sut_candidate *other = &work->candidates[i];

		if (other->affected && strcmp(language_of(other), "C") == 0 &&
		    sut_path_same_source(other->entry->path, candidate->entry->path))
			return true;
	}
	return false;
}

/* The first unit of the source. NULL: its compile as C was refused. */
static struct sut_unit *unit_of(const struct sut_candidate *candidate, struct sut_unit *units,
				size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sut_path_same_source(units[i].path, candidate->entry->path))
			return &units[i];
	return NULL;
}

static void add_foreign(struct sut_work *work, struct sut_unit *unit,
			const struct sut_candidate *candidate, const char *object)
{
	SUT_PUSH(work->arena, unit->foreigns, unit->foreign_count, unit->foreign_capacity) =
		(struct sut_foreign_compile){
			.source = candidate->entry->file,
			.line = sut_job_line(work->arena, candidate->entry->argv),
			.object = object,
		};
}

enum sut_rc sut_work_compile_foreign(struct sut_work *work, struct sut_unit *units, size_t count)
{
	const struct sut_candidate **candidates =
		sut_arena_array(work->arena, work->count, sizeof(*candidates));
	struct sut_job *jobs = sut_arena_array(work->arena, work->count, sizeof(*jobs));
	size_t n = 0;
	enum sut_rc rc;

	for (size_t i = 0; i < work->count; i++) {
		const struct sut_candidate *candidate = &work->candidates[i];
		const char *object =
			sut_arena_printf(work->arena, "%s/%zu.foreign.o", work->scratch, i);
		struct sut_unit *unit;

		if (!candidate->foreign || !(unit = unit_of(candidate, units, count)))
			continue;
		add_foreign(work, unit, candidate, object);
		candidates[n] = candidate;
		jobs[n++] = sut_work_job(work, candidate, SUT_SIDE_BEFORE, SUT_COMPILE_SECTIONS,
					 object);
	}
	rc = sut_compilers_run(work->arena, jobs, n, work->verdict, work->diag);
	for (size_t i = 0; i < n && rc == SUT_OK; i++)
		if (jobs[i].status)
			rc = sut_work_failed(work, candidates[i], SUT_SIDE_BEFORE, &jobs[i]);
	return rc;
}
