// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The units of a kernel that a source patch affects: compiled on both sides as kbuild would, put
 * through objtool, compared and judged.
 *
 * The patch is applied to the tree of the profile, which is the distribution's source, prepared.
 * The tree that the operator names is only asked whether it agrees.
 */
#include "kernel/create/units.h"
#include "judge/judge.h"
#include "units/database.h"
#include "units/jobs.h"
#include "units/path.h"
#include "base/guard.h"

#include <string.h>
#include <sys/stat.h>

enum { PARALLEL = 2, DIFFERENT_MAX = 4 };

static void progress(const struct sut_kernel_making *making, const char *text)
{
	if (making->options->progress)
		making->options->progress(making->options->progress_context, text);
}

/* ---- which units ---- */

/* What create/units.h has to know of the wishes. */
static struct sut_create_options unit_options(const struct sut_kernel_options *options)
{
	return (struct sut_create_options){
		.name = options->name,
		.source = options->tree,
		.patch = options->patch,
		.strip = options->strip,
		.before = options->cache,
		.allowed_count = options->allowed_count,
		.allowed = options->allowed,
		.progress = options->progress,
		.progress_context = options->progress_context,
	};
}

/* Finds out which files the patch touches; what speaks against them is said later, once. */
static enum sut_rc look(struct sut_kernel_making *making)
{
	struct sut_create_options options = unit_options(making->options);
	struct sut_verdict unused = {.arena = making->arena};
	const char *folder = sut_arena_printf(making->arena, "%s/look", making->scratch);

	if (mkdir(folder, 0700) < 0)
		return sut_fail_errno(making->diag, "%s", folder);
	return sut_patched_make(making->arena, &options, folder, &making->patched, &unused,
				making->diag);
}

/* The operator's tree has the same version of each file. */
static enum sut_rc agree(struct sut_kernel_making *making)
{
	const char *source = making->options->source, *different = "";
	const struct sut_patched *patched = &making->patched;
	size_t count = 0;

	for (size_t i = 0; source && i < patched->count; i++) {
		const char *path = patched->files[i].path;
		const char *theirs = sut_arena_printf(making->arena, "%s/%s", source, path);

		if (!patched->files[i].before
			    ? access(theirs, F_OK) < 0
			    : sut_path_same_content(theirs, patched->files[i].original))
			continue;
		if (count++ < DIFFERENT_MAX)
			different = sut_arena_printf(making->arena, "%s%s%s", different,
						     *different ? ", " : "", path);
	}
	if (!count)
		return SUT_OK;
	sut_fail(making->diag, SUT_REFUSED, "tree",
		 "%s: is not the source of kernel %s: %zu of the files that the patch touches "
		 "differ: %s%s",
		 source, making->options->release, count, different,
		 count > DIFFERENT_MAX ? ", ..." : "");
	sut_remedy(making->diag, "unpack the source package of that very version, or leave out "
				 "--source: the kernel's profile has it");
	return SUT_REFUSED;
}

void sut_kernel_making_add(struct sut_kernel_making *making, const struct sut_kernel_unit *unit)
{
	for (size_t i = 0; i < making->count; i++)
		if (making->units[i] == unit)
			return;
	SUT_PUSH(making->arena, making->units, making->count, making->capacity) = unit;
}

bool sut_kernel_unit_is_kernel(const struct sut_kernel_unit *unit)
{
	return strstr(unit->rest, "/objtool ") != NULL || strstr(unit->head, "/objtool ") != NULL;
}

/* The compiles of one patched source. */
static void add_source(struct sut_kernel_making *making, const char *path)
{
	size_t count, kernel = 0;
	const struct sut_kernel_unit *unit =
		sut_kernel_commands_find(&making->commands, path, &count);

	for (size_t i = 0; i < count; i++)
		if (sut_kernel_unit_is_kernel(&unit[i])) {
			sut_kernel_making_add(making, &unit[i]);
			kernel++;
		}
	for (size_t i = 0; i < count; i++) {
		if (sut_kernel_unit_is_kernel(&unit[i]))
			continue;
		if (kernel)
			sut_warn(making->verdict, "boot", unit[i].object,
				 "%s: also compiled into %s, which no live patch reaches: what "
				 "boots the kernel, or what programs see of it; that keeps the old "
				 "code",
				 path, unit[i].object);
		else
			sut_refuse(making->verdict, "boot", unit[i].object,
				   "%s: compiled into %s, which no live patch reaches: what boots "
				   "the kernel, or what programs see of it; leave it as it is",
				   path, unit[i].object);
	}
}

static enum sut_rc find_units(struct sut_kernel_making *making)
{
	const struct sut_kernel_options *options = making->options;

	for (size_t i = 0; i < making->patched.count; i++)
		add_source(making, making->patched.files[i].path);
	for (size_t i = 0; i < options->unit_count; i++) {
		size_t count;

		if (!sut_kernel_commands_find(&making->commands, options->units[i], &count))
			return sut_fail(making->diag, SUT_INVALID, "units",
					"--unit %s: the kernel has no such unit in its "
					"configuration",
					options->units[i]);
		add_source(making, options->units[i]);
	}
	return options->unit_count ? SUT_OK : sut_kernel_affected_add(making);
}

/* ---- compiled ---- */

/* The recorded commands of the units, as create/units.h takes them. */
static enum sut_rc make_database(struct sut_kernel_making *making, struct sut_database *database,
				 struct sut_kernel_command *commands)
{
	const char *tree = making->options->tree;

	*database = (struct sut_database){
		.path = "kbuild",
		.entries =
			sut_arena_array(making->arena, making->count, sizeof(*database->entries)),
	};
	for (size_t i = 0; i < making->count; i++) {
		const struct sut_kernel_unit *unit = making->units[i];
		enum sut_rc rc =
			sut_kernel_command_read(making->arena, unit, &commands[i], making->diag);

		if (rc)
			return rc;
		database->entries[database->count++] = (struct sut_entry){
			.directory = tree,
			.file = unit->source,
			.path = sut_arena_printf(making->arena, "%s/%s", tree, unit->source),
			.argc = commands[i].argc,
			.argv = commands[i].argv,
		};
	}
	return SUT_OK;
}

static struct sut_job objtool_job(struct sut_arena *arena, const char *tree,
				  const char *const *objtool, const char *object)
{
	const char **argv;
	size_t count = 0;

	while (objtool[count])
		count++;
	argv = sut_arena_array(arena, count + 2, sizeof(*argv));
	memcpy(argv, objtool, count * sizeof(*argv));
	argv[count] = object;
	return (struct sut_job){
		.argv = argv,
		.directory = tree,
		.errors = sut_arena_printf(arena, "%s.objtool", object),
	};
}

/* What kbuild does to an object after it was compiled: tables are made, calls rewritten. */
static enum sut_rc run_objtool(struct sut_arena *arena, struct sut_job *jobs, size_t count,
			       struct sut_verdict *verdict, struct sut_diag *diag)
{
	uint64_t start = sut_now_ns();
	enum sut_rc rc = sut_jobs_run(arena, jobs, count, PARALLEL, diag);

	verdict->compiler_ns += sut_now_ns() - start;
	for (size_t i = 0; i < count && rc == SUT_OK; i++) {
		if (!jobs[i].status)
			continue;
		rc = sut_fail(diag, SUT_REFUSED, "objtool", "objtool does not take the object: %s",
			      sut_job_line(arena, jobs[i].argv));
		sut_context(diag, rc, "%s", sut_job_errors(arena, &jobs[i]));
	}
	return rc;
}

/* Which command a unit was compiled by. */
static size_t command_of(const struct sut_kernel_making *making, const struct sut_unit *unit,
			 const struct sut_kernel_command *commands)
{
	size_t i = 0;

	while (i < making->count && commands[i].argv != unit->argv)
		i++;
	return i;
}

static enum sut_rc finish_objects(struct sut_kernel_making *making,
				  const struct sut_kernel_parts *parts,
				  const struct sut_kernel_command *commands)
{
	struct sut_job *jobs = sut_arena_array(making->arena, 2 * parts->unit_count, sizeof(*jobs));
	size_t count = 0;

	for (size_t i = 0; i < parts->unit_count; i++) {
		const struct sut_unit *unit = &parts->units[i];
		const char *const *objtool = commands[command_of(making, unit, commands)].objtool;

		jobs[count++] =
			objtool_job(making->arena, making->options->tree, objtool, unit->before);
		jobs[count++] =
			objtool_job(making->arena, making->options->tree, objtool, unit->after);
	}
	return run_objtool(making->arena, jobs, count, making->verdict, making->diag);
}

enum sut_rc sut_kernel_part_plain(struct sut_arena *arena, const struct sut_kernel_part *part,
				  const char **path, struct sut_verdict *verdict,
				  struct sut_diag *diag)
{
	const struct sut_unit *unit = part->unit;
	bool made = access(unit->plain, F_OK) == 0;
	enum sut_rc rc = sut_unit_plain(arena, unit, path, verdict, diag);
	struct sut_job job;

	if (rc || made || !part->objtool)
		return rc;
	job = objtool_job(arena, unit->directory, part->objtool, *path);
	return run_objtool(arena, &job, 1, verdict, diag);
}

/* ---- compared ---- */

static bool has_changes(const struct sut_diff *diff)
{
	for (size_t i = 0; i < diff->after->def_count; i++)
		if (sut_def_is_function(&diff->after->defs[i]) &&
		    diff->change[i] != SUT_CHANGE_NONE)
			return true;
	return false;
}

/* "sound/pci/hda/snd-hda-intel" is snd_hda_intel to the kernel. */
static const char *module_name(struct sut_arena *arena, const char *module)
{
	char *name = sut_arena_strdup(arena, sut_base_name(module));

	for (char *at = name; *at; at++)
		if (*at == '-' || *at == ',')
			*at = '_';
	return name;
}

static void add_parts(struct sut_kernel_making *making, struct sut_kernel_parts *parts,
		      size_t *capacity, struct sut_kernel_part part, const char *modules)
{
	struct sut_arena *arena = making->arena;

	part.object = SUT_KERNEL_VMLINUX;
	part.file = "";
	do {
		size_t length = strcspn(modules, " ");
		const char *module = sut_arena_strndup(arena, modules, length);

		if (length) {
			part.object = module_name(arena, module);
			part.file = sut_arena_printf(arena, "%s.ko", module);
		}
		SUT_PUSH(arena, parts->list, parts->count, *capacity) = part;
		modules += length + (modules[length] == ' ');
	} while (*modules);
}

static enum sut_rc compare(struct sut_kernel_making *making, struct sut_kernel_parts *parts,
			   const struct sut_kernel_command *commands)
{
	struct sut_arena *arena = making->arena;
	size_t capacity = 0;

	for (size_t i = 0; i < parts->unit_count; i++) {
		const struct sut_unit *unit = &parts->units[i];
		struct sut_object *objects = sut_arena_array(arena, 2, sizeof(*objects));
		struct sut_diff *diff = sut_arena_alloc(arena, sizeof(*diff));
		size_t command = command_of(making, unit, commands);
		enum sut_rc rc = sut_object_load(arena, unit->before, &objects[0], making->diag);

		progress(making, sut_arena_printf(arena, "comparing %s", unit->source));
		if (rc == SUT_OK)
			rc = sut_object_load(arena, unit->after, &objects[1], making->diag);
		if (rc)
			return sut_context(making->diag, rc, "while comparing %s", unit->source);
		sut_diff_kernel(arena, &objects[0], &objects[1], diff);
		sut_diff_judge(diff, unit->source, making->verdict);
		sut_kernel_judge_tables(unit, diff, making->verdict);
		if (has_changes(diff) || making->options->identity)
			add_parts(making, parts, &capacity,
				  (struct sut_kernel_part){
					  .unit = unit,
					  .before = &objects[0],
					  .after = &objects[1],
					  .diff = diff,
					  .objtool = commands[command].objtool,
				  },
				  making->units[command]->modules);
	}
	return SUT_OK;
}

static enum sut_rc build(struct sut_kernel_making *making, struct sut_kernel_parts *parts)
{
	/* The units refer to both from now on. */
	struct sut_create_options *options = sut_arena_alloc(making->arena, sizeof(*options));
	struct sut_database *database = sut_arena_alloc(making->arena, sizeof(*database));
	struct sut_kernel_command *commands =
		sut_arena_array(making->arena, making->count, sizeof(*commands));
	enum sut_rc rc = make_database(making, database, commands);

	*options = unit_options(making->options);
	options->commands = database;
	if (rc == SUT_OK)
		rc = sut_units_build(making->arena, options, making->scratch, sut_units_judge_early,
				     &parts->units, &parts->unit_count, making->verdict,
				     making->diag);
	if (rc == SUT_OK)
		rc = finish_objects(making, parts, commands);
	return rc ? rc : compare(making, parts, commands);
}

enum sut_rc sut_kernel_parts_make(struct sut_arena *arena, const struct sut_kernel_options *options,
				  const char *scratch, struct sut_kernel_parts *parts,
				  struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct sut_kernel_making making = {
		.arena = arena,
		.options = options,
		.scratch = scratch,
		.verdict = verdict,
		.diag = diag,
	};
	struct sut_kernel_parts made = {0};
	enum sut_rc rc = look(&making);

	if (rc == SUT_OK)
		rc = agree(&making);
	if (rc == SUT_OK)
		rc = sut_kernel_judge_files(&making);
	if (rc == SUT_OK)
		rc = sut_kernel_commands_load(arena, options->tree, options->cache, scratch,
					      options->progress, options->progress_context,
					      &making.commands, diag);
	if (rc == SUT_OK)
		rc = find_units(&making);
	if (rc == SUT_OK)
		rc = build(&making, &made);
	if (rc == SUT_OK && made.count)
		rc = sut_kernel_judge_types(arena, &made, verdict, diag);
	if (rc)
		return rc;
	*parts = made;
	return SUT_OK;
}
