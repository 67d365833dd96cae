// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/check.h"
#include "judge/judge.h"
#include "source/facts.h"
#include "units/scratch.h"
#include "units/work.h"

#include <string.h>
#include <sys/stat.h>

struct check {
	struct sut_arena *arena;
	const struct sut_create_options *options;
	const char **files;
	size_t file_count;
	struct sut_checked **checked;
	size_t *count;
	size_t capacity;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
};

/* One unit on both roads. */
struct pair {
	const struct sut_unit *object, *source;
	struct sut_facts object_facts, source_facts;
	struct sut_diff diff; /* from the object road's patched side to the source road's */
	bool plain;           /* the next two are there */
	struct sut_object object_plain, source_plain;
	struct sut_diff plain_diff;
};

static void add(struct check *check, const struct pair *pair, const char *name,
		enum sut_agreement agreement, const char *why)
{
	SUT_PUSH(check->arena, *check->checked, *check->count, check->capacity) =
		(struct sut_checked){pair->object->source, name, agreement, why};
	if (agreement == SUT_AGREEMENT_NONE)
		sut_refuse(check->verdict, "cross-check",
			   sut_arena_printf(check->arena, "%s: %s", pair->object->source, name),
			   "%s: the C file does not say what the source patch does: %s; extract "
			   "it again, or correct it",
			   name, why);
}

/* Code by its own text alone; strings and constants where the comparison finds them. */
static enum sut_rc compile_plain(struct check *check, const struct sut_unit *unit,
				 struct sut_object *object)
{
	static const char *const added[] = {"-O0", "-fmerge-constants", "-fno-jump-tables", "-w",
					    NULL};
	const char *output = sut_arena_printf(check->arena, "%s.plain.o", unit->after);
	struct sut_job job = sut_work_job(unit->work, unit->candidate, SUT_SIDE_AFTER,
					  SUT_COMPILE_SECTIONS, output);
	size_t count = 0;
	const char **argv;
	enum sut_rc rc;

	while (job.argv[count])
		count++;
	argv = sut_arena_array(check->arena, count + sizeof(added) / sizeof(added[0]),
			       sizeof(*argv));
	memcpy(argv, job.argv, count * sizeof(*argv));
	memcpy(argv + count, added, sizeof(added));
	job.argv = argv;
	rc = sut_compilers_run(check->arena, &job, 1, check->verdict, check->diag);
	if (rc == SUT_OK && job.status)
		rc = sut_work_failed(unit->work, unit->candidate, SUT_SIDE_AFTER, &job);
	return rc ? rc : sut_object_load(check->arena, output, object, check->diag);
}

/*
 * The first function of the file that differs without optimisation, or "": its code comes of its
 * own text then, and that of what it calls of theirs, so all must be the same.
 */
static enum sut_rc compare_plain(struct check *check, struct pair *pair, const char **different)
{
	enum sut_rc rc;

	*different = "";
	if (!pair->plain) {
		rc = compile_plain(check, pair->object, &pair->object_plain);
		if (rc == SUT_OK)
			rc = compile_plain(check, pair->source, &pair->source_plain);
		if (rc)
			return rc;
		pair->plain = true;
		sut_object_settle(check->arena, &pair->source_plain, &pair->object_plain);
		sut_diff_part(check->arena, &pair->object_plain, &pair->source_plain,
			      &pair->plain_diff);
	}
	for (size_t i = 0; i < pair->source_plain.def_count && !**different; i++)
		if (sut_def_is_function(&pair->source_plain.defs[i]) &&
		    pair->plain_diff.change[i] != SUT_CHANGE_NONE)
			*different = pair->source_plain.defs[i].name;
	return SUT_OK;
}

/* Functions that one side inlines into the host and the other does not. */
static const char *inlined_only(struct check *check, const struct sut_facts *in,
				const struct sut_facts *out, const char *host)
{
	const char *list = "";

	for (size_t i = 0; i < in->inlined_count; i++) {
		const struct sut_inlined *inlined = &in->inlined[i];
		bool found = false;

		if (strcmp(inlined->host, host) != 0)
			continue;
		for (size_t k = 0; k < out->inlined_count; k++)
			found |= strcmp(out->inlined[k].host, host) == 0 &&
				 strcmp(out->inlined[k].callee, inlined->callee) == 0;
		if (!found)
			list = sut_arena_printf(check->arena, "%s%s%s", list, *list ? ", " : "",
						inlined->callee);
	}
	return list;
}

/* Functions of the unit that the source road's code calls and does not see. */
static const char *unseen(struct check *check, const struct pair *pair, uint32_t def)
{
	const struct sut_object *object = &pair->source_facts.after;
	const struct sut_section *section = &object->sections[object->defs[def].section];
	const char *list = "";

	for (size_t i = 0; i < section->reloc_count; i++) {
		struct sut_place place = sut_object_place(object, section, &section->relocs[i]);
		const char *name = object->symbols[place.symbol].name;

		if (place.section || !sut_facts_has(&pair->object_facts.after, name, true) ||
		    strstr(list, name))
			continue;
		list = sut_arena_printf(check->arena, "%s%s%s", list, *list ? ", " : "", name);
	}
	return list;
}

static const char *explain(struct check *check, const struct pair *pair, const char *name,
			   uint32_t def)
{
	const char *more = inlined_only(check, &pair->source_facts, &pair->object_facts, name);
	const char *less = inlined_only(check, &pair->object_facts, &pair->source_facts, name);
	const char *calls = unseen(check, pair, def);

	if (*more || *less)
		return sut_arena_printf(check->arena,
					"the compiler inlines other functions:%s%s%s%s%s",
					*less ? " not " : "", less, *more && *less ? ", but" : "",
					*more ? " " : "", more);
	if (*calls)
		return sut_arena_printf(check->arena,
					"in the unit the compiler sees the code of %s, and knows "
					"which registers and memory it leaves alone",
					calls);
	return "in the unit the compiler sees all callers, and variables with their values and "
	       "places";
}

static enum sut_rc check_function(struct check *check, struct pair *pair, uint32_t changed)
{
	const char *name = pair->object_facts.after.defs[changed].name;
	uint32_t def = sut_object_def(&pair->source_facts.after, name);
	const char *different;
	enum sut_rc rc;

	if (def == SUT_NO_DEF) {
		bool clone = strchr(name, '.') ||
			     pair->object_facts.diff.change[changed] == SUT_CHANGE_NEW;

		add(check, pair, name, clone ? SUT_AGREEMENT_CALLERS : SUT_AGREEMENT_NONE,
		    clone ? "the compiler has it in its callers, or under another name"
			  : "it is not there");
		return SUT_OK;
	}
	if (pair->diff.change[def] == SUT_CHANGE_NONE) {
		add(check, pair, name, SUT_AGREEMENT_CODE, "");
		return SUT_OK;
	}
	rc = compare_plain(check, pair, &different);
	if (rc)
		return rc;
	if (*different)
		add(check, pair, name, SUT_AGREEMENT_NONE,
		    sut_arena_printf(check->arena, "without optimisation %s is other code",
				     different));
	else
		add(check, pair, name, SUT_AGREEMENT_SOURCE, explain(check, pair, name, def));
	return SUT_OK;
}

/* Functions that the file replaces and the object road does not. */
static enum sut_rc check_more(struct check *check, struct pair *pair)
{
	const struct sut_object *after = &pair->source_facts.after;

	for (size_t i = 0; i < after->def_count; i++) {
		const struct sut_def *def = &after->defs[i];
		uint32_t other = sut_object_def(&pair->object_facts.after, def->name);
		const char *different;
		enum sut_rc rc;

		if (!sut_def_is_function(def) || def->local || def->parent != i)
			continue;
		if (other != SUT_NO_DEF && pair->object_facts.diff.change[other] != SUT_CHANGE_NONE)
			continue;
		if (other != SUT_NO_DEF && pair->diff.change[i] == SUT_CHANGE_NONE)
			continue;
		rc = compare_plain(check, pair, &different);
		if (rc)
			return rc;
		add(check, pair, def->name,
		    other == SUT_NO_DEF || *different ? SUT_AGREEMENT_NONE : SUT_AGREEMENT_CALLERS,
		    *different
			    ? sut_arena_printf(check->arena,
					       "without optimisation %s is other code", different)
			    : "it calls a function that the compiler has only as a clone");
	}
	return SUT_OK;
}

static enum sut_rc check_pair(struct check *check, struct pair *pair)
{
	const struct sut_object *after = &pair->object_facts.after;
	enum sut_rc rc = SUT_OK;

	sut_object_settle(check->arena, &pair->source_facts.after, after);
	sut_diff_part(check->arena, after, &pair->source_facts.after, &pair->diff);
	for (uint32_t i = 0; i < after->def_count && rc == SUT_OK; i++)
		if (sut_def_is_function(&after->defs[i]) && after->defs[i].parent == i &&
		    pair->object_facts.diff.change[i] != SUT_CHANGE_NONE)
			rc = check_function(check, pair, i);
	return rc ? rc : check_more(check, pair);
}

static bool has_changes(const struct sut_facts *facts)
{
	for (size_t i = 0; i < facts->after.def_count; i++)
		if (sut_def_is_function(&facts->after.defs[i]) &&
		    facts->diff.change[i] != SUT_CHANGE_NONE)
			return true;
	return false;
}

static enum sut_rc check_unit(struct check *check, const struct sut_unit *unit,
			      const struct sut_unit *others, size_t count)
{
	struct pair pair = {.object = unit};
	enum sut_rc rc = sut_facts_read(check->arena, unit, &pair.object_facts, check->diag);

	if (rc || !has_changes(&pair.object_facts))
		return rc;
	for (size_t i = 0; i < count; i++)
		if (strcmp(others[i].path, unit->path) == 0)
			pair.source = &others[i];
	if (!pair.source) {
		add(check, &pair, unit->source, SUT_AGREEMENT_NONE, "no file is for this unit");
		return SUT_OK;
	}
	rc = sut_facts_read(check->arena, pair.source, &pair.source_facts, check->diag);
	return rc ? rc : check_pair(check, &pair);
}

static enum sut_rc check_in(void *context, const char *folder)
{
	struct check *check = context;
	struct sut_create_options source_options = *check->options;
	/* What the builds warn of was said when the file was extracted. */
	struct sut_verdict builds = {.arena = check->arena};
	const char *folders[2] = {sut_arena_printf(check->arena, "%s/object", folder),
				  sut_arena_printf(check->arena, "%s/source", folder)};
	struct sut_unit *object, *source;
	size_t object_count, source_count;
	enum sut_rc rc;

	source_options.patch = NULL;
	source_options.from = check->files;
	source_options.from_count = check->file_count;
	if (mkdir(folders[0], 0700) < 0 || mkdir(folders[1], 0700) < 0)
		return sut_fail_errno(check->diag, "%s", folder);
	rc = sut_units_build(check->arena, check->options, folders[0], sut_units_judge_early,
			     &object, &object_count, &builds, check->diag);
	if (rc == SUT_OK)
		rc = sut_units_build(check->arena, &source_options, folders[1],
				     sut_units_judge_early, &source, &source_count, &builds,
				     check->diag);
	for (size_t i = 0; i < object_count && rc == SUT_OK; i++)
		rc = check_unit(check, &object[i], source, source_count);
	/* Each has a folder in memory of its own. */
	sut_scratch_remove(folders[0]);
	sut_scratch_remove(folders[1]);
	return rc;
}

enum sut_rc sut_source_check(struct sut_arena *arena, const struct sut_create_options *options,
			     const char **files, size_t file_count, struct sut_checked **checked,
			     size_t *count, struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct check check = {
		.arena = arena,
		.options = options,
		.files = files,
		.file_count = file_count,
		.checked = checked,
		.count = count,
		.verdict = verdict,
		.diag = diag,
	};

	*checked = NULL;
	*count = 0;
	if (!file_count)
		return SUT_OK;
	return sut_scratch_with(arena, check_in, &check, diag);
}
