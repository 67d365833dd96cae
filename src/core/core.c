// SPDX-License-Identifier: LGPL-2.1-or-later
/* What an operator asks for: enable, disable, reverse, force. */
#include "core/private.h"

void sut_core_init(struct sut_core *core, const struct sut_core_host *host,
		   const struct sut_core_switch *switching)
{
	*core = (struct sut_core){
		.host = host,
		.switching = switching,
		.ready = true,
		.target = SUT_UNDEFINED,
	};
}

static bool is_listed(const struct sut_core *core, const struct klp_patch *patch)
{
	sut_for_each_patch(p, core)
		if (p->patch == patch)
			return true;
	return sut_core_find(core, sut_patch_name(patch)) != NULL;
}

/* Checks each object and binds the patch to those that are there. */
static int bind_objects(struct sut_core *core, struct sut_core_patch *p)
{
	int rc = 0;

	for (struct klp_object *obj = p->first; obj && !rc; obj = obj->next) {
		rc = sut_check_object(obj);
		if (!rc && (!obj->name || core->host->loaded(core, obj->name)))
			rc = sut_object_bind(core, obj);
	}
	return rc;
}

static void unbind_objects(struct sut_core *core, struct sut_core_patch *p)
{
	sut_for_each_object(obj, p)
		sut_object_unbind(core, obj);
}

static int patch_objects(struct sut_core *core, struct sut_core_patch *p)
{
	int rc = 0;

	for (struct klp_object *obj = p->first; obj && !rc; obj = obj->next) {
		if (!obj->loaded)
			continue;
		rc = sut_enter(core, obj);
		if (!rc)
			rc = sut_push_object(core, obj);
	}
	return rc;
}

/* The patch is on the list and bound. */
static int start_enable(struct sut_core *core, struct klp_patch *patch)
{
	int rc;

	if (core->transition)
		return -EBUSY;
	sut_transition_begin(core, patch, SUT_PATCHED);
	rc = patch_objects(core, patch->core);
	if (!rc && core->switching->prepare)
		rc = core->switching->prepare(core);
	if (rc) {
		sut_transition_cancel_enable(core);
		return rc;
	}
	/* Nothing can fail from here on: now the replaced patches may be disturbed. */
	sut_for_each_patch(p, core)
		if (sut_is_replaced(core, p))
			sut_for_each_object(obj, p)
				if (obj->loaded)
					sut_pre_unpatch(core, obj, NULL);
	core->switching->start(core);
	patch->enabled = true;
	return 0;
}

int sut_core_enable(struct sut_core *core, struct klp_patch *patch)
{
	int rc = sut_check_shape(core, patch);

	if (rc)
		return rc;
	if (core->unreliable)
		sut_event(core, SUT_WARN_UNRELIABLE_STACK, patch);
	rc = sut_check_fit(core, patch);
	if (rc)
		return rc;
	if (patch->mod->going)
		return -ENODEV;
	if (is_listed(core, patch))
		return -EEXIST;
	rc = sut_patch_join(core, patch);
	if (rc)
		return rc;
	rc = bind_objects(core, patch->core);
	if (!rc)
		rc = start_enable(core, patch);
	if (rc) {
		unbind_objects(core, patch->core);
		sut_patch_leave(core, patch->core);
		return rc;
	}
	sut_core_attempt(core);
	return 0;
}

static int disable(struct sut_core *core, struct klp_patch *patch)
{
	int rc = 0;

	if (core->transition)
		return -EBUSY;
	if (sut_disable_blocked(core, patch))
		return -EPERM;
	sut_transition_begin(core, patch, SUT_UNPATCHED);
	if (core->switching->prepare)
		rc = core->switching->prepare(core);
	if (rc) {
		sut_transition_cancel_disable(core);
		return rc;
	}
	sut_for_each_object(obj, patch->core)
		if (obj->patched)
			sut_pre_unpatch(core, obj, patch->core);
	core->switching->start(core);
	patch->enabled = false;
	sut_core_attempt(core);
	return 0;
}

static int reverse(struct sut_core *core)
{
	core->transition->enabled = !core->transition->enabled;
	core->target = core->target == SUT_PATCHED ? SUT_UNPATCHED : SUT_PATCHED;
	core->switching->reverse(core);
	return 0;
}

int sut_core_set_enabled(struct sut_core *core, struct klp_patch *patch, bool value)
{
	if (patch->enabled == value)
		return -EINVAL;
	if (patch == core->transition)
		return reverse(core);
	/* A patch that was disabled is off the list: its livepatch module must be loaded anew. */
	return value ? -EINVAL : disable(core, patch);
}

int sut_core_force(struct sut_core *core, struct klp_patch *patch)
{
	if (patch != core->transition)
		return -EINVAL;
	if (core->target == SUT_UNPATCHED)
		patch->forced = true;
	else
		sut_for_each_patch(p, core)
			p->patch->forced |= sut_is_replaced(core, p);
	core->switching->force(core);
	sut_core_attempt(core);
	return 0;
}

struct klp_state *sut_core_get_state(const struct klp_patch *patch, unsigned long id)
{
	sut_for_each_state(state, patch)
		if (state->id == id)
			return state;
	return NULL;
}

struct klp_state *sut_core_get_prev_state(struct sut_core *core, unsigned long id)
{
	struct klp_state *newest = NULL;

	if (!core->transition) {
		sut_event(core, SUT_WARN_NO_TRANSITION, NULL);
		return NULL;
	}
	sut_for_each_patch(p, core) {
		struct klp_state *state;

		if (p->patch == core->transition)
			break;
		state = sut_core_get_state(p->patch, id);
		if (state)
			newest = state;
	}
	return newest;
}
