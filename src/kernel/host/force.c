// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/files.h"
#include "kernel/host/operation.h"

#include <errno.h>
#include <string.h>

static enum sut_rc refuse(const char *name, struct sut_diag *diag)
{
	sut_fail(diag, SUT_REFUSED, "kernel-force", "%s is in no transition that could be forced",
		 name);
	sut_remedy(diag, "`suture status kernel` says what is.");
	return SUT_REFUSED;
}

/* Modules that the kernel now keeps: those whose code somebody may still be in. */
static void tell_pinned(struct sut_operation *op, const struct sut_host_state *state)
{
	struct sut_host_effect *effect = op->effect;

	/* They leave a moment after the transition has ended. */
	op->host->calls->sleep(op->host->context, 500000000);
	for (size_t i = 0; i < state->patch_count; i++) {
		const struct sut_host_patch *p = &state->patches[i];

		/* A patch that replaces has made the others go by the end of the transition. */
		if (!sut_host_exists(op->host, "/sys/kernel/livepatch/%s", p->name))
			SUT_PUSH(op->arena, effect->stays, effect->stays_count,
				 effect->stays_capacity) = p->name;
	}
}

static enum sut_rc force(struct sut_operation *op, struct sut_diag *diag)
{
	const struct sut_host_patch *patch;
	struct sut_host_state state;
	enum sut_rc rc = sut_host_state_read(op->host, op->arena, &state, diag);
	int error;

	if (rc != SUT_OK)
		return rc;
	patch = sut_host_patch_find(&state, op->name);
	if (!patch || !patch->transition)
		return refuse(op->name, diag);
	op->effect->resumed = true;
	op->effect->func_count = patch->func_count;
	/* Who was forced is what a report of a later failure needs. */
	op->effect->blocker_total = state.pending;
	sut_host_blockers_read(op->host, op->arena, &state, 64, &op->effect->blockers);
	error = sut_host_write(op->host, "1", "/sys/kernel/livepatch/%s/force", op->name);
	if (error == -EINVAL || error == -ENOENT)
		return refuse(op->name, diag);
	if (error) {
		errno = -error;
		return sut_fail_errno(diag, "%s cannot be forced", op->name);
	}
	/* The kernel ends the transition with its next attempt. */
	op->effect->outcome = sut_operation_follow(op, state.patch_count * patch->func_count)
				      ? SUT_HOST_DONE
				      : SUT_HOST_BLOCKED;
	if (op->effect->outcome == SUT_HOST_DONE)
		tell_pinned(op, &state);
	return SUT_OK;
}

enum sut_rc sut_host_force(const struct sut_host *host, struct sut_arena *arena, const char *name,
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
	rc = force(&op, diag);
	sut_operation_end(&op);
	return rc;
}
