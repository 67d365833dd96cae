// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/explain.h"
#include "kernel/host/files.h"
#include "kernel/host/operation.h"
#include "base/guard.h"

#include <string.h>

struct apply {
	struct sut_operation op;
	struct sut_livepatch lp;
	struct sut_host_state state; /* before */
};

/* All is as wanted, except for modules that were replaced. */
static void finish(struct apply *a)
{
	a->op.effect->outcome = SUT_HOST_DONE;
	if (!a->lp.klp.readable || !a->lp.klp.replace)
		return;
	for (size_t i = 0; i < a->state.patch_count; i++)
		if (strcmp(a->state.patches[i].name, a->lp.name) != 0)
			sut_operation_unload(&a->op, a->state.patches[i].name);
}

/* Time is up: leave it open, or go back. */
static enum sut_rc give_up(struct apply *a, struct sut_diag *diag)
{
	enum sut_rc rc;

	a->op.effect->outcome = SUT_HOST_BLOCKED;
	if (a->op.options->keep)
		return SUT_OK;
	rc = sut_operation_turn_round(&a->op, false, a->lp.func_count, diag);
	if (rc == SUT_OK && a->op.effect->outcome == SUT_HOST_BACK)
		sut_operation_unload(&a->op, a->lp.name);
	return rc;
}

static enum sut_rc follow(struct apply *a, struct sut_diag *diag)
{
	size_t functions = a->lp.func_count;

	for (size_t i = 0; i < a->state.patch_count; i++)
		functions += a->state.patches[i].func_count;
	if (!sut_operation_follow(&a->op, functions))
		return give_up(a, diag);
	finish(a);
	return SUT_OK;
}

static enum sut_rc check_below(const struct apply *a, const struct sut_host_patch *there,
			       struct sut_diag *diag)
{
	const struct sut_host_patch *over = sut_host_patch_over(&a->state, there);

	if (!over)
		return SUT_OK;
	sut_fail(diag, SUT_REFUSED, "kernel-below",
		 "%s is being reverted below %s, and this kernel cannot turn that round safely",
		 a->lp.name, over->name);
	sut_remedy(diag, "Let it end (`suture blockers kernel`), then apply the patch again.");
	return SUT_REFUSED;
}

/* A patch of this name is in use: nothing to do, or the rest of what somebody began. */
static enum sut_rc go_on(struct apply *a, const struct sut_host_patch *there, struct sut_diag *diag)
{
	enum sut_rc rc;

	if (!sut_livepatch_is_loaded(a->op.host, &a->lp))
		return sut_livepatch_refuse_name(&a->lp, "another patch that is in use", diag);
	a->op.effect->resumed = there->transition;
	if (there->enabled && !there->transition) {
		a->op.effect->outcome = SUT_HOST_NOTHING;
		return SUT_OK;
	}
	if (!there->enabled) {
		rc = check_below(a, there, diag);
		if (rc == SUT_OK)
			rc = sut_operation_enable(&a->op, true, diag);
		if (rc != SUT_OK)
			return rc;
	}
	return follow(a, diag);
}

/* A module that is marked as a livepatch need not be one. */
static enum sut_rc check_enabled(struct apply *a, struct sut_diag *diag)
{
	if (sut_host_exists(a->op.host, "/sys/kernel/livepatch/%s", a->lp.name))
		return SUT_OK;
	sut_operation_unload(&a->op, a->lp.name);
	sut_fail(diag, SUT_REFUSED, "kernel-no-livepatch",
		 "%s was loaded and has patched nothing, so it was unloaded", a->lp.name);
	sut_remedy(diag, "A livepatch enables itself in its module_init (klp_enable_patch).");
	return SUT_REFUSED;
}

static enum sut_rc load(struct apply *a, struct sut_diag *diag)
{
	const struct sut_host *host = a->op.host;
	uint64_t start = sut_operation_now(&a->op);
	struct sut_log log = {0};
	int error = host->calls->load(host->context, a->lp.fd);
	enum sut_rc rc;

	a->op.effect->load_s = sut_operation_seconds(&a->op, start);
	if (!error)
		return check_enabled(a, diag);
	sut_log_read(a->op.arena, a->op.log_fd, &log);
	rc = sut_explain_load(a->op.arena, a->lp.name, -error, &log, diag);
	if (a->lp.signature.present)
		sut_context(diag, rc, "it is signed by %s", a->lp.signature.signer);
	return rc;
}

/* The module of a patch that left is in the way of the same one. */
static enum sut_rc clear_name(struct apply *a, struct sut_diag *diag)
{
	if (!sut_host_exists(a->op.host, "/sys/module/%s", a->lp.name) ||
	    sut_operation_unload(&a->op, a->lp.name))
		return SUT_OK;
	return sut_livepatch_refuse_name(
		&a->lp, "a module that is still loaded, and something refers to it", diag);
}

static enum sut_rc check_replaces(const struct apply *a, const char *replaces,
				  struct sut_diag *diag)
{
	const char *why = NULL;

	if (!replaces)
		return SUT_OK;
	if (!sut_host_patch_find(&a->state, replaces))
		why = "is not in use";
	else if (!a->lp.klp.readable || !a->lp.klp.replace)
		why = "would stay: the patch does not say that it replaces others";
	else if (strcmp(replaces, a->lp.name) == 0)
		why = "has the same name, which the kernel cannot tell apart";
	if (!why)
		return SUT_OK;
	sut_fail(diag, SUT_REFUSED, "kernel-replace", "%s is not replaced by %s: it %s", replaces,
		 a->lp.name, why);
	sut_remedy(diag, "Look at `suture status kernel`; `suture apply` applies it as it is.");
	return SUT_REFUSED;
}

static enum sut_rc apply(struct apply *a, const char *replaces, struct sut_diag *diag)
{
	const struct sut_host_patch *there = sut_host_patch_find(&a->state, a->lp.name);
	enum sut_rc rc = check_replaces(a, replaces, diag);

	if (rc == SUT_OK)
		rc = sut_operation_turn(&a->op, &a->state, diag);
	if (rc != SUT_OK)
		return rc;
	if (there && (there->enabled || there->transition))
		return go_on(a, there, diag);
	rc = sut_livepatch_check(&a->op, &a->lp, &a->state, diag);
	if (rc == SUT_OK)
		rc = clear_name(a, diag);
	if (rc == SUT_OK)
		rc = load(a, diag);
	return rc == SUT_OK ? follow(a, diag) : rc;
}

enum sut_rc sut_host_apply(const struct sut_host *host, struct sut_arena *arena, const char *path,
			   const char *replaces, const struct sut_host_options *options,
			   struct sut_host_effect *effect, struct sut_diag *diag)
{
	struct apply a = {
		.op = {.host = host, .arena = arena, .options = options, .effect = effect}};
	enum sut_rc rc;

	*effect = (struct sut_host_effect){.patch = ""};
	rc = sut_livepatch_open(arena, path, &a.lp, diag);
	if (rc == SUT_OK)
		rc = sut_host_state_read(host, arena, &a.state, diag);
	if (rc == SUT_OK) {
		a.op.name = a.lp.name;
		sut_operation_start(&a.op);
		effect->func_count = a.lp.func_count;
		rc = apply(&a, replaces, diag);
		sut_operation_end(&a.op);
	}
	sut_livepatch_close(&a.lp);
	return rc == SUT_OK ? rc : sut_context(diag, rc, "%s is not applied", path);
}
