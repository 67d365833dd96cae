// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/files.h"
#include "kernel/host/operation.h"

#include <string.h>

/* Time is up: leave it open, or stay patched. */
static enum sut_rc give_up(struct sut_operation *op, const struct sut_host_patch *over,
			   bool was_applying, struct sut_diag *diag)
{
	op->effect->outcome = SUT_HOST_BLOCKED;
	/* A patch that was on its way in is not to be brought in after all. */
	if (op->options->keep || was_applying)
		return SUT_OK;
	if (!over)
		return sut_operation_turn_round(op, true, op->effect->func_count, diag);
	sut_operation_warn(op, "kernel-below",
			   "it is not turned round, for %s lies over it and this kernel cannot do "
			   "that safely",
			   over->name);
	return SUT_OK;
}

static enum sut_rc revert(struct sut_operation *op, const struct sut_host_state *state,
			  const struct sut_host_patch *patch, struct sut_diag *diag)
{
	const struct sut_host_patch *over = sut_host_patch_over(state, patch);
	bool was_applying = patch->transition && patch->enabled;
	enum sut_rc rc;

	op->effect->func_count = patch->func_count;
	op->effect->resumed = patch->transition;
	if (patch->enabled) {
		rc = sut_operation_enable(op, false, diag);
		if (rc != SUT_OK)
			return rc;
	}
	op->effect->outcome = SUT_HOST_DONE;
	if (!sut_operation_follow(op, patch->func_count)) {
		rc = give_up(op, over, was_applying, diag);
		if (rc != SUT_OK)
			return rc;
	}
	if (op->effect->outcome == SUT_HOST_DONE)
		sut_operation_unload(op, op->name);
	return SUT_OK;
}

static bool is_leftover(const struct sut_host_state *state, const char *name)
{
	for (size_t i = 0; i < state->leftover_count; i++)
		if (strcmp(state->leftovers[i], name) == 0)
			return true;
	return false;
}

static enum sut_rc find_and_revert(struct sut_operation *op, struct sut_diag *diag)
{
	const struct sut_host_patch *patch;
	struct sut_host_state state;
	enum sut_rc rc = sut_host_state_read(op->host, op->arena, &state, diag);

	if (rc != SUT_OK)
		return rc;
	patch = sut_host_patch_find(&state, op->name);
	if (!patch) {
		/* Reverted or replaced before; its module may be left. */
		op->effect->outcome = SUT_HOST_NOTHING;
		if (is_leftover(&state, op->name))
			sut_operation_unload(op, op->name);
		return SUT_OK;
	}
	rc = sut_operation_turn(op, &state, diag);
	return rc == SUT_OK ? revert(op, &state, patch, diag) : rc;
}

enum sut_rc sut_host_revert(const struct sut_host *host, struct sut_arena *arena, const char *name,
			    const struct sut_host_options *options, struct sut_host_effect *effect,
			    struct sut_diag *diag)
{
	struct sut_operation op = {
		.host = host,
		.arena = arena,
		.options = options,
		.effect = effect,
		.name = name,
	};
	enum sut_rc rc;

	sut_operation_start(&op);
	rc = find_and_revert(&op, diag);
	sut_operation_end(&op);
	return rc;
}
