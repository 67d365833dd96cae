// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/create/extract-identity.h"
#include "object/kernel.h"

#include <string.h>

enum { SOURCE_MAX = 16 << 20 /* bytes of a unit's source */ };

/* A hunk behind the last line: a type that nobody uses, for units without new tokens are not
 * compiled. */
static enum sut_rc add_hunk(struct sut_arena *arena, const struct sut_kernel_options *options,
			    const char *unit, const char **text, struct sut_diag *diag)
{
	const char *path = sut_arena_printf(arena, "%s/%s", options->tree, unit);
	struct sut_bytes source;
	size_t lines = 0, last = 0;
	enum sut_rc rc = sut_file_read(arena, path, SOURCE_MAX, &source, diag);

	if (rc)
		return rc;
	for (size_t i = 0; i + 1 < source.size; i++) {
		if (source.data[i] != '\n')
			continue;
		lines++;
		last = i + 1;
	}
	if (!source.size || source.data[source.size - 1] != '\n')
		return sut_fail(diag, SUT_UNSUPPORTED, "units",
				"%s: does not end with a line's end, so nothing can be added to it",
				unit);
	*text = sut_arena_printf(arena,
				 "%s--- a/%s\n+++ b/%s\n@@ -%zu,1 +%zu,2 @@\n %.*s"
				 "+struct suture_identity { int unused; };\n",
				 *text, unit, unit, lines + 1, lines + 1, (int)(source.size - last),
				 source.data + last);
	return SUT_OK;
}

enum sut_rc sut_identity_patch(struct sut_arena *arena, const struct sut_kernel_options *options,
			       const char *scratch, const char **path, struct sut_diag *diag)
{
	const char *text = "";
	enum sut_rc rc = SUT_OK;

	if (!options->unit_count)
		return sut_fail(diag, SUT_INVALID, "units",
				"--identity wants a --unit for kernels");
	for (size_t i = 0; i < options->unit_count && rc == SUT_OK; i++)
		rc = add_hunk(arena, options, options->units[i], &text, diag);
	*path = sut_arena_printf(arena, "%s/identity.patch", scratch);
	return rc ? rc : sut_file_write(*path, text, strlen(text), 0600, diag);
}

static bool is_wanted(const struct sut_kernel_options *options, const char *name)
{
	for (size_t i = 0; i < options->function_count; i++)
		if (!strcmp(options->functions[i], name))
			return true;
	return !options->function_count;
}

/* In the object, and still there when its start is over. */
static bool is_candidate(const struct sut_kernel_proven *proven, uint32_t def)
{
	const struct sut_object *object = proven->part->after;
	const struct sut_special *special =
		sut_kernel_special(object->sections[object->defs[def].section].name);

	return sut_def_is_function(&object->defs[def]) && object->defs[def].parent == def &&
	       proven->proof.defs[def].state == SUT_PROOF_EQUAL &&
	       !(special && special->policy == SUT_SPECIAL_START_UP);
}

static void set_change(const struct sut_kernel_proven *proven, uint32_t def, enum sut_change change)
{
	const struct sut_object *object = proven->part->after;

	for (size_t i = 0; i < object->def_count; i++)
		if (object->defs[i].parent == def)
			proven->part->diff->change[i] = change;
}

/* What stands against the function when it is the only one that changes. */
static void try_alone(const struct sut_carry *carry, struct sut_kernel_proven *proven, uint32_t def,
		      struct sut_verdict *verdict)
{
	struct sut_carry alone = *carry;

	alone.verdict = verdict;
	alone.parts = proven;
	alone.part_count = 1;
	set_change(proven, def, SUT_CHANGE_CHANGED);
	sut_carry_run(&alone);
	set_change(proven, def, SUT_CHANGE_NONE);
}

static void choose_of(const struct sut_kernel_options *options, struct sut_carry *carry,
		      struct sut_kernel_proven *proven)
{
	const struct sut_object *object = proven->part->after;
	bool *chosen = sut_arena_array(carry->arena, object->def_count, sizeof(*chosen));

	for (size_t i = 0; i < object->def_count; i++) {
		struct sut_verdict verdict = {.arena = carry->arena};

		if (!is_candidate(proven, i) || !is_wanted(options, object->defs[i].name))
			continue;
		try_alone(carry, proven, i, &verdict);
		chosen[i] = !verdict.refusal_count;
		if (verdict.refusal_count)
			sut_warn(carry->verdict, verdict.refusals[0].rule,
				 verdict.refusals[0].evidence, "%s", verdict.refusals[0].message);
	}
	for (size_t i = 0; i < object->def_count; i++)
		if (chosen[i])
			set_change(proven, i, SUT_CHANGE_CHANGED);
}

void sut_identity_choose(const struct sut_kernel_options *options, struct sut_carry *carry)
{
	for (size_t i = 0; i < carry->part_count; i++) {
		struct sut_kernel_proven *proven = &carry->parts[i];
		struct sut_kernel_part *part = sut_arena_alloc(carry->arena, sizeof(*part));
		struct sut_diff *diff = sut_arena_alloc(carry->arena, sizeof(*diff));

		sut_diff_identity(carry->arena, proven->part->before, diff);
		diff->kernel = true;
		*part = *proven->part;
		part->after = part->before;
		part->diff = diff;
		proven->part = part;
		choose_of(options, carry, proven);
	}
}
