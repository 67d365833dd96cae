// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types and prototypes of a kernel's units, by the judges that programs have, too.
 *
 * Those want an extraction, to know which functions are replaced; of the target they ask who could
 * call a function the old way. A kernel answers that by its exports: units of the kernel that know
 * a changed prototype are recompiled, for they read the header that has it, and modules which are
 * not the distribution's may only call what is exported.
 */
#include "kernel/create/units.h"
#include "judge/judge.h"
#include "object/types.h"
#include "base/guard.h"

#include <string.h>

static bool is_exported(const struct sut_object *object, const char *function)
{
	for (size_t i = 1; i < object->section_count; i++) {
		const struct sut_section *section = &object->sections[i];

		if (strncmp(section->name, "___ksymtab", strlen("___ksymtab")) != 0)
			continue;
		for (size_t k = 0; k < section->reloc_count; k++) {
			struct sut_place place =
				sut_object_place(object, section, &section->relocs[k]);

			if (place.def != SUT_NO_DEF &&
			    strcmp(object->defs[place.def].name, function) == 0)
				return true;
		}
	}
	return false;
}

/* Exported functions that the patch changes the prototype of. */
static enum sut_rc judge_exports(const struct sut_kernel_part *part, struct sut_verdict *verdict,
				 struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena scratch = {0};
	struct sut_types before, after;
	enum sut_rc rc = sut_types_read(&scratch, part->unit->before, &before, diag);

	if (rc == SUT_OK)
		rc = sut_types_read(&scratch, part->unit->after, &after, diag);
	if (rc)
		return rc;
	for (size_t i = 0; i < before.function_count; i++) {
		const struct sut_type_function *old = &before.functions[i];
		const struct sut_type_function *new = sut_types_function(&after, old->name);

		if (!new ||
		    (strcmp(old->calling, new->calling) == 0 && old->noreturn == new->noreturn) ||
		    !is_exported(part->before, old->name))
			continue;
		sut_refuse(verdict, "abi",
			   sut_arena_printf(verdict->arena, "%s -> %s (%s)", old->prototype,
					    new->prototype, new->place),
			   "%s: the patch changes how it is called, and modules that are not "
			   "recompiled may call it the old way, for it is exported; leave it as it "
			   "is, and add a function of another name",
			   old->name);
	}
	return SUT_OK;
}

enum sut_rc sut_kernel_judge_types(struct sut_arena *arena, const struct sut_kernel_parts *parts,
				   struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct sut_patch unused = {0};
	struct sut_extract extract = {
		.arena = arena,
		.patch = &unused,
		.verdict = verdict,
		.part_count = parts->count,
		.parts = sut_arena_array(arena, parts->count, sizeof(*extract.parts)),
	};

	for (size_t i = 0; i < parts->count; i++) {
		const struct sut_kernel_part *part = &parts->list[i];
		enum sut_rc rc = judge_exports(part, verdict, diag);

		if (rc)
			return rc;
		extract.parts[i] = (struct sut_part){
			.unit = part->unit,
			.diff = (struct sut_diff *)part->diff,
		};
	}
	return sut_units_judge(parts->units, parts->unit_count, &extract, verdict, diag);
}
