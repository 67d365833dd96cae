// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadow types: how many patched objects list an id, and the end of its variables when none does
 * any more (docs/semantics.md, E2).
 *
 * After a forced transition some task may still be in the old code and use its variables. So a
 * patch that went by force counts for ever: its module stays, and so does what it listed.
 */
#include "registry.h"

unsigned int sut_type_count(unsigned long id)
{
	struct sut_shadow_type **type;
	unsigned int count = 0, i;
	struct sut_object *obj;
	struct sut_entry *e;

	sut_for_each_entry(e)
		sut_for_each_object(obj, e, i)
			for (type = obj->counted; type && *type; type++)
				count += (*type)->id == id;
	return count;
}

/* obj of e gives back its types, in the order of the array. */
void sut_drop_types(struct sut_entry *e, struct sut_object *obj)
{
	const struct sut_shadow_type *type;

	if (e->klp.forced)
		return;
	while (obj->counted && *obj->counted) {
		type = *obj->counted++;
		if (!sut_type_count(type->id))
			klp_shadow_free_all(type->id, type->dtor);
	}
	obj->counted = NULL;
}
