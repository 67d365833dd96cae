// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a transition changes, read off the func_stacks: for each entry the version that runs now and
 * the one that will. The core in the target pushes and pops by the same rules; here they are
 * applied beforehand, because thunks, ranges and words of text have to be ready when it does.
 */
#include "process/switch.h"

#include <stdlib.h>

/* As the core has it: see sut_replaces(). */
bool sut_change_replaces(const struct sut_rt_patch *patch, const struct sut_rt_patch *old)
{
	if (patch->klp.replace_set)
		return old->klp.replace_set == patch->klp.replace_set;
	return patch->klp.replace;
}

static int compare(const void *a, const void *b)
{
	const struct sut_change *left = a, *right = b;

	return (left->site->entry > right->site->entry) - (left->site->entry < right->site->entry);
}

/* Words of text that lie in one page are changed one after the other then. */
static void sort(struct sut_change *changes, size_t count)
{
	qsort(changes, count, sizeof(changes[0]), compare);
}

/* Is it one of several records of its entry that are replaced, and not the first of them? */
static bool is_repeated(const struct sut_memory *memory, const struct sut_rt_patch *patch,
			const struct sut_rt_func *func)
{
	size_t count;
	const struct sut_memory_entry *list =
		sut_memory_entries(memory, func->entry, func->entry, &count);

	for (size_t i = 0; i < count && list[i].func != func; i++)
		if (list[i].order && sut_change_replaces(patch, &list[i].owner->record))
			return true;
	return false;
}

/* The original comes back for what only the replaced patches have. */
static enum sut_rc add_nops(const struct sut_memory *memory, const struct sut_rt_patch *patch,
			    struct sut_change *changes, size_t *count, struct sut_diag *diag)
{
	size_t own_count = *count;

	for (size_t i = 0; i < memory->use_count; i++) {
		const struct sut_memory_patch *old = memory->use[i];

		if (!sut_change_replaces(patch, &old->record))
			continue;
		for (uint32_t k = 0; k < old->record.func_count; k++) {
			const struct sut_rt_func *site = &old->funcs[k];
			const struct sut_memory_patch *owner;
			const struct sut_change key = {.site = site};
			const struct sut_rt_func *top;

			if (!site->entry || is_repeated(memory, patch, site) ||
			    bsearch(&key, changes, own_count, sizeof(key), compare))
				continue;
			top = sut_memory_top(memory, site->entry, NULL, &owner);
			if (!sut_change_replaces(patch, &owner->record)) {
				sut_fail(
					diag, SUT_UNSUPPORTED, "sets",
					"the patch %s, of another set, lies over one that is to be "
					"replaced",
					owner->record.name);
				sut_remedy(diag, "Revert %s first.", owner->record.name);
				return SUT_UNSUPPORTED;
			}
			changes[(*count)++] = (struct sut_change){.site = site, .from = top};
		}
	}
	return SUT_OK;
}

enum sut_rc sut_changes_enable(struct sut_arena *arena, const struct sut_memory *memory,
			       const struct sut_rt_patch *patch, const struct sut_rt_func *funcs,
			       struct sut_change **changes, size_t *count, struct sut_diag *diag)
{
	size_t most = patch->func_count;
	enum sut_rc rc;

	for (size_t i = 0; i < memory->use_count; i++)
		most += memory->use[i]->record.func_count;
	*changes = sut_arena_array(arena, most, sizeof(**changes));
	*count = 0;
	for (uint32_t i = 0; i < patch->func_count; i++) {
		const struct sut_rt_func *func = &funcs[i];
		const struct sut_memory_patch *owner;

		if (func->flags & SUT_RT_FUNC_GONE)
			continue;
		(*changes)[(*count)++] = (struct sut_change){
			.site = func,
			.from = sut_memory_top(memory, func->entry, NULL, &owner),
			.to = func,
		};
	}
	sort(*changes, *count);
	rc = add_nops(memory, patch, *changes, count, diag);
	sort(*changes, *count);
	return rc;
}

void sut_changes_disable(struct sut_arena *arena, const struct sut_memory *memory,
			 const struct sut_memory_patch *patch, struct sut_change **changes,
			 size_t *count)
{
	*changes = sut_arena_array(arena, patch->record.func_count, sizeof(**changes));
	*count = 0;
	for (uint32_t i = 0; i < patch->record.func_count; i++) {
		const struct sut_rt_func *func = &patch->funcs[i];
		const struct sut_memory_patch *owner;

		if (func->entry && sut_memory_top(memory, func->entry, NULL, &owner) == func)
			(*changes)[(*count)++] = (struct sut_change){
				.site = func,
				.from = func,
				.to = sut_memory_top(memory, func->entry, patch, &owner),
			};
	}
	sort(*changes, *count);
}
