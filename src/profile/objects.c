// SPDX-License-Identifier: GPL-2.0-or-later
/* The objects of a profile's units: those that the build left, and others compiled again. */
#include "profile/prove.h"
#include "profile/cache.h"
#include "units/compile.h"
#include "units/jobs.h"
#include "object/object.h"
#include "units/path.h"
#include "units/work.h"
#include "base/guard.h"
#include "base/io.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

enum {
	BATCH = 16, /* compilations between two signs of progress */
	NAMED = 4,  /* units that do not compile; of more there is only the number */
};

const char *sut_profile_output(struct sut_arena *arena, const struct sut_entry *entry)
{
	const char *output = NULL, *base = sut_base_name(entry->file), *dot = strrchr(base, '.');
	bool compiles = false;

	for (size_t i = 1; i < entry->argc; i++) {
		const char *word = entry->argv[i];

		compiles |= strcmp(word, "-c") == 0;
		if (strcmp(word, "-o") == 0 && i + 1 < entry->argc)
			output = entry->argv[++i];
		else if (strncmp(word, "-o", 2) == 0 && word[2])
			output = word + 2;
	}
	if (!compiles)
		return NULL;
	if (!output)
		output = sut_arena_printf(arena, "%.*s.o",
					  (int)(dot ? dot - base : (long)strlen(base)), base);
	return *output == '/' ? output : sut_arena_printf(arena, "%s/%s", entry->directory, output);
}

/* Of commands that wrote the same file the last one's object is there. */
static bool is_overwritten(struct sut_proving *proving, size_t index, const char *output)
{
	const struct sut_profile *profile = proving->profile;

	for (size_t i = index + 1; i < profile->unit_count; i++) {
		const char *other = sut_profile_output(proving->arena, &profile->units[i].entry);

		if (other && strcmp(other, output) == 0)
			return true;
	}
	return false;
}

static bool is_object(const char *path)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_object object;
	struct sut_diag unused;

	return sut_object_load(&arena, path, &object, &unused) == SUT_OK;
}

/* The build's own object, relative to the profile; "" when there is none. */
static const char *find_object(struct sut_proving *proving, size_t index)
{
	const struct sut_profile *profile = proving->profile;
	const char *output = sut_profile_output(proving->arena, &profile->units[index].entry);
	const char *path;
	size_t skip = strlen(proving->folder) + 1;

	if (proving->fresh || !output || is_overwritten(proving, index, output))
		return "";
	path = sut_profile_path(proving->arena, profile, proving->folder, output);
	path = sut_path_resolve(proving->arena, "/", path);
	if (strncmp(path, proving->folder, skip - 1) != 0 || path[skip - 1] != '/')
		return "";
	return is_object(path) ? path + skip : "";
}

static enum sut_rc make_job(struct sut_proving *proving, struct sut_profile_unit *unit,
			    size_t number, struct sut_job *job)
{
	struct sut_arena *arena = proving->arena;
	struct sut_compile compile;
	struct sut_entry moved;
	const char *output;
	size_t source;
	enum sut_rc rc = sut_profile_move(arena, proving->profile, proving->folder, &unit->entry,
					  &moved, proving->diag);

	if (rc == SUT_OK)
		rc = sut_compile_read(arena, moved.directory, moved.argc, moved.argv, &compile,
				      proving->diag);
	if (rc)
		return rc;
	if (!sut_compile_find(arena, moved.directory, &compile, moved.path, &source))
		return sut_fail(proving->diag, SUT_INVALID, "database",
				"the command of %s does not compile it", unit->entry.file);
	unit->object = sut_arena_printf(arena, "objects/%zu.o", number);
	output = sut_arena_printf(arena, "%s/%s", proving->folder, unit->object);
	*job = (struct sut_job){
		.argv = sut_compile_command(arena, &compile, source, SUT_COMPILE_PLAIN, output,
					    NULL),
		.directory = moved.directory,
		.variables = sut_compiler_variables(arena, moved.directory, output),
		.errors = sut_arena_printf(arena, "%s.errors", output),
	};
	return SUT_OK;
}

/* A unit that does not compile here is no reason to have no profile; create would refuse it. */
static void take_result(struct sut_proving *proving, struct sut_profile_unit *unit,
			const struct sut_job *job, size_t *failed)
{
	const char *errors = sut_job_errors(proving->arena, job);

	if (job->status != 0 && ++*failed <= NAMED)
		sut_note(proving->arena, proving->notes, "%s: does not compile again: %.*s",
			 unit->entry.file, (int)strcspn(errors, "\n"), errors);
	if (job->status != 0)
		unit->object = "";
	unlink(job->errors);
}

static enum sut_rc compile_some(struct sut_proving *proving, const size_t *missing, size_t count,
				size_t *failed)
{
	struct sut_profile_unit *units = proving->profile->units;
	struct sut_job jobs[BATCH];
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < count && rc == SUT_OK; i++)
		rc = make_job(proving, &units[missing[i]], missing[i], &jobs[i]);
	if (rc == SUT_OK)
		rc = sut_jobs_run(proving->arena, jobs, count, (unsigned int)get_nprocs(),
				  proving->diag);
	for (size_t i = 0; i < count && rc == SUT_OK; i++)
		take_result(proving, &units[missing[i]], &jobs[i], failed);
	return rc;
}

enum sut_rc sut_profile_objects(struct sut_proving *proving)
{
	struct sut_profile *profile = proving->profile;
	size_t *missing = sut_arena_array(proving->arena, profile->unit_count, sizeof(*missing));
	size_t count = 0, failed = 0;
	enum sut_rc rc = SUT_OK;

	if (mkdir(sut_arena_printf(proving->arena, "%s/objects", proving->folder), 0755) < 0)
		return sut_fail_errno(proving->diag, "%s/objects", proving->folder);
	for (size_t i = 0; i < profile->unit_count; i++) {
		profile->units[i].object = "";
		if (profile->units[i].changed)
			continue;
		profile->units[i].object = find_object(proving, i);
		if (!*profile->units[i].object)
			missing[count++] = i;
	}
	for (size_t done = 0; done < count && rc == SUT_OK; done += BATCH) {
		size_t some = count - done < BATCH ? count - done : BATCH;

		if (proving->progress)
			proving->progress(proving->context,
					  sut_arena_printf(proving->arena,
							   "compiling %zu of %zu units",
							   done + some, count));
		rc = compile_some(proving, missing + done, some, &failed);
	}
	if (failed > NAMED)
		sut_note(proving->arena, proving->notes, "%zu more units do not compile again",
			 failed - NAMED);
	return rc;
}
