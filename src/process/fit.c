// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/fit.h"

static const struct sut_patch_state *own_state(const struct sut_patch *patch, uint64_t id)
{
	for (size_t i = 0; i < patch->additions.state_count; i++)
		if (patch->additions.states[i].id == id)
			return &patch->additions.states[i];
	return NULL;
}

static enum sut_rc check_state(const struct sut_target *target, const struct sut_rt_patch *old,
			       const struct sut_patch *patch, const struct klp_state *state,
			       struct sut_diag *diag)
{
	const struct sut_patch_state *own = own_state(patch, state->id);
	bool other_set = patch->replace_set && old->klp.replace_set != patch->replace_set;
	bool replaces = patch->replace_set ? !other_set : patch->replace;

	if (other_set ? !own : own ? own->version >= state->version : !replaces)
		return SUT_OK;
	if (other_set)
		sut_fail(diag, SUT_REFUSED, "state",
			 "process %d (%s): the state %lu belongs to %s, which is of another set",
			 target->pid, target->name, state->id, old->name);
	else if (own)
		sut_fail(diag, SUT_REFUSED, "state",
			 "process %d (%s): %s has made version %u of the state %lu; %s knows only "
			 "version %u",
			 target->pid, target->name, old->name, state->version, state->id,
			 patch->name, own->version);
	else
		sut_fail(diag, SUT_REFUSED, "state",
			 "process %d (%s): %s has made the state %lu, which cannot be taken back, "
			 "and %s, which would replace it, does not know that state",
			 target->pid, target->name, old->name, state->id, patch->name);
	sut_remedy(diag, "Use a patch whose states are as new, or newer.");
	return SUT_REFUSED;
}

enum sut_rc sut_fit_states(const struct sut_target *target, const struct sut_memory *memory,
			   const struct sut_patch *patch, struct sut_diag *diag)
{
	enum { STATES_MAX = 1024 };
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < memory->use_count; i++) {
		const struct sut_rt_patch *old = &memory->use[i]->record;
		uint64_t at = (uint64_t)old->klp.states;
		struct klp_state state;

		for (int n = 0; at && n < STATES_MAX && rc == SUT_OK; n++, at += sizeof(state)) {
			if (!sut_target_read(target, at, &state, sizeof(state)))
				return sut_target_damaged(target, "the states of a patch", diag);
			if (!state.id)
				break;
			rc = check_state(target, old, patch, &state, diag);
		}
	}
	return rc;
}
