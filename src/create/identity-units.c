// SPDX-License-Identifier: GPL-2.0-or-later
/* Every unit of a build, compiled once and as it is. */
#include "units/compile.h"
#include "units/database.h"
#include "create/identity-private.h"
#include "units/path.h"
#include "units/work.h"
#include "base/guard.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool ends_with(const char *path, const char *end)
{
	size_t length = strlen(path), tail = strlen(end);

	return length >= tail && strcmp(path + length - tail, end) == 0 &&
	       (length == tail || *end == '/' || path[length - tail - 1] == '/');
}

static bool is_wanted(const struct sut_identity_choice *choice, const struct sut_entry *entry)
{
	for (size_t i = 0; i < choice->unit_count; i++)
		if (strcmp(choice->units[i], entry->file) == 0 ||
		    ends_with(entry->path, choice->units[i]))
			return true;
	return !choice->unit_count;
}

/* A unit that can be compiled and compared; otherwise it is left out. */
static enum sut_rc read_entry(struct sut_identity_work *work, const struct sut_entry *entry,
			      struct sut_compile *compile, size_t *source, bool *usable)
{
	enum sut_rc rc = sut_compile_read(work->arena, entry->directory, entry->argc, entry->argv,
					  compile, work->diag);

	*usable = false;
	/* What a configure script tried is in the database, too, and gone. */
	if (rc || !compile->makes_object || access(entry->path, R_OK))
		return rc;
	if (!sut_compile_find(work->arena, entry->directory, compile, entry->path, source))
		return sut_fail(work->diag, SUT_INVALID, "database",
				"the command of %s does not compile it", entry->file);
	if (strcmp(compile->sources[*source].language, "C") != 0)
		sut_identity_leave(work, "language", "", entry->file, "is not written in C");
	else if (compile->lto)
		sut_identity_leave(work, "lto", "", entry->file, "is compiled with -flto");
	else
		*usable = true;
	return SUT_OK;
}

static struct sut_job make_job(struct sut_identity_work *work, const struct sut_compile *compile,
			       size_t source, const struct sut_unit *unit, const char *errors)
{
	return (struct sut_job){
		.argv = sut_compile_command(work->arena, compile, source, SUT_COMPILE_SECTIONS,
					    unit->before, NULL),
		.directory = unit->directory,
		.variables = sut_compiler_variables(work->arena, unit->directory, errors),
		.errors = errors,
	};
}

/* Named by source and command, so that another one makes another object. */
static const char *object_path(struct sut_identity_work *work, const struct sut_entry *entry,
			       const char *folder)
{
	const char *line =
		sut_arena_printf(work->arena, "%s in %s: %s", entry->path, entry->directory,
				 sut_job_line(work->arena, entry->argv));
	unsigned char digest[SUT_SHA256_SIZE];
	char hex[2 * SUT_SHA256_SIZE + 1];

	crypto_hash_sha256(digest, (const unsigned char *)line, strlen(line));
	return sut_arena_printf(work->arena, "%s/%.32s.o", folder,
				sut_hex(hex, digest, sizeof(digest)));
}

static bool is_kept(const struct sut_unit *unit)
{
	struct stat object, source;

	return stat(unit->before, &object) == 0 && stat(unit->path, &source) == 0 &&
	       object.st_mtime >= source.st_mtime;
}

static enum sut_rc compile_batch(struct sut_identity_work *work, struct sut_job *jobs, size_t first,
				 size_t count, size_t total)
{
	struct sut_job missing[SUT_WORK_BATCH];
	size_t n = 0;
	enum sut_rc rc;

	sut_identity_progress(work, sut_arena_printf(work->arena, "compiling %zu of %zu units",
						     first + count, total));
	for (size_t i = first; i < first + count; i++)
		if (!is_kept(&work->units[i])) {
			unlink(work->units[i].before);
			missing[n++] = jobs[i];
		}
	rc = sut_compilers_run(work->arena, missing, n, work->verdict, work->diag);
	for (size_t i = first; i < first + count && rc == SUT_OK; i++) {
		if (access(work->units[i].before, R_OK))
			sut_identity_leave(work, "compile", "", work->units[i].source,
					   sut_job_errors(work->arena, &jobs[i]));
		else
			work->units[work->unit_count++] = work->units[i];
	}
	return rc;
}

static enum sut_rc load(struct sut_identity_work *work, struct sut_database *database)
{
	const char *path = work->options->database;
	enum sut_rc rc = SUT_OK;

	if (work->options->commands) {
		*database = *work->options->commands;
		return SUT_OK;
	}
	if (!path)
		rc = sut_database_find(work->arena, work->options->source, &path, work->diag);
	return rc ? rc : sut_database_load(work->arena, path, database, work->diag);
}

/* The units that can be compiled, and how, in the order of the database. */
static enum sut_rc collect(struct sut_identity_work *work, const struct sut_database *database,
			   const char *folder, const char *objects, struct sut_job *jobs,
			   size_t *count)
{
	for (size_t i = 0; i < database->count; i++) {
		const struct sut_entry *entry = &database->entries[i];
		struct sut_unit *unit = &work->units[*count];
		struct sut_compile compile;
		bool usable = false;
		size_t source;
		enum sut_rc rc = SUT_OK;

		if (is_wanted(work->choice, entry))
			rc = read_entry(work, entry, &compile, &source, &usable);
		if (rc)
			return rc;
		if (!usable)
			continue;
		*unit = (struct sut_unit){
			.source = entry->file,
			.path = entry->path,
			.directory = entry->directory,
			.argc = entry->argc,
			.argv = entry->argv,
			.before = object_path(work, entry, objects),
			.plain = sut_arena_printf(work->arena, "%s/%zu.plain.o", folder, i),
		};
		unit->after = unit->before;
		jobs[(*count)++] =
			make_job(work, &compile, source, unit,
				 sut_arena_printf(work->arena, "%s/%zu.errors", folder, i));
	}
	return SUT_OK;
}

enum sut_rc sut_identity_compile(struct sut_identity_work *work, const char *folder)
{
	const char *objects = work->choice->objects ? work->choice->objects : folder;
	struct sut_database database;
	struct sut_job *jobs;
	size_t count = 0;
	enum sut_rc rc = load(work, &database);

	if (rc)
		return rc;
	if (mkdir(objects, 0755) < 0 && errno != EEXIST)
		return sut_fail_errno(work->diag, "%s: cannot be made", objects);
	objects = sut_path_resolve(work->arena, ".", objects);
	work->units = sut_arena_array(work->arena, database.count, sizeof(*work->units));
	jobs = sut_arena_array(work->arena, database.count, sizeof(*jobs));
	rc = collect(work, &database, folder, objects, jobs, &count);
	for (size_t first = 0; first < count && rc == SUT_OK; first += SUT_WORK_BATCH)
		rc = compile_batch(work, jobs, first,
				   count - first < SUT_WORK_BATCH ? count - first : SUT_WORK_BATCH,
				   count);
	return rc;
}
