// SPDX-License-Identifier: GPL-2.0-only
/*
 * States (docs/semantics.md, A10). The kernel compares them when a patch is enabled; it has copies
 * of ours, because ours are longer. What callbacks ask for are the originals, with their data.
 */
#include "registry.h"

struct sut_state *sut_get_state(struct sut_patch *patch, unsigned long id)
{
	struct sut_state *state;

	sut_for_each_state(state, patch)
		if (state->id == id)
			return state;
	return NULL;
}
EXPORT_SYMBOL_GPL(sut_get_state);

/* Called from callbacks: the lock is held. */
struct sut_state *sut_get_prev_state(unsigned long id)
{
	static struct sut_state foreign;
	struct klp_state *found = klp_get_prev_state(id);
	struct sut_entry *e;

	if (!found)
		return NULL;
	sut_for_each_entry(e)
		if (e->klp_states && klp_get_state(&e->klp, id) == found)
			return sut_get_state(e->patch, id);
	foreign = (struct sut_state){.id = id, .version = found->version, .data = found->data};
	return &foreign;
}
EXPORT_SYMBOL_GPL(sut_get_prev_state);
