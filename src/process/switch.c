// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/stacks.h"
#include "process/switch.h"
#include "process/sharer.h"
#include "process/swap.h"
#include "base/io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum sut_rc sut_switch_read(const struct sut_runtime *runtime, uint64_t address,
			    struct sut_rt_transition *transition, struct sut_diag *diag)
{
	if (sut_target_read(runtime->target, address, transition, sizeof(*transition)) &&
	    transition->mark_old == transition->mark_new + 1 && transition->dir <= 1)
		return SUT_OK;
	return sut_target_damaged(runtime->target, "the transition record", diag);
}

/* Again while the target's loader is at work, which is not for long. */
static enum sut_rc run(struct sut_runtime *runtime, const struct sut_runtime_op *op,
		       int64_t *result, struct sut_diag *diag)
{
	enum { TURNS = 200, PAUSE_NS = 1000 * 1000 };

	for (int turn = 0; turn < TURNS; turn++) {
		enum sut_rc rc = sut_runtime_run(runtime, op, result, diag);

		if (rc != SUT_OK || *result != SUT_RT_LOADING_NOW)
			return rc;
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
	}
	*result = SUT_RT_STALE;
	return SUT_OK;
}

/* Sends one operation of a transition; *result is that of the run-time. */
static enum sut_rc send(struct sut_runtime *runtime, enum sut_rt_op what, uint64_t transition,
			bool calls, uint64_t expect, uint64_t wait_ns, int64_t *result,
			struct sut_diag *diag)
{
	struct sut_runtime_op op = {
		.op = what,
		.argument = transition,
		.expect = expect,
		.calls = calls,
		.wait_ns = wait_ns,
	};
	enum sut_rc rc = run(runtime, &op, result, diag);

	if (rc != SUT_OK || *result != SUT_RT_STALE)
		return rc;
	sut_fail(diag, SUT_RETRY, "busy",
		 "process %d (%s): its patches changed, or are changing, while this was prepared",
		 runtime->target->pid, runtime->target->name);
	sut_remedy(diag, "Try again.");
	return SUT_RETRY;
}

static enum sut_rc text_refused(const struct sut_target *target, int64_t result,
				struct sut_diag *diag)
{
	if (result == -ESTALE) {
		sut_fail(diag, SUT_REFUSED, "bytes",
			 "process %d (%s): the entry of a function changed meanwhile; everything "
			 "is as before",
			 target->pid, target->name);
		sut_remedy(diag,
			   "Another patcher or debugger is at work; remove it, then try again.");
		return SUT_REFUSED;
	}
	sut_fail(diag, SUT_REFUSED, "protection",
		 "process %d (%s): its text cannot be changed: %s; everything is as before",
		 target->pid, target->name, strerror((int)-result));
	sut_remedy(diag, "A security policy (SELinux execmod, or an old kernel) forbids it.");
	return SUT_REFUSED;
}

static enum sut_rc callback_refused(const struct sut_target *target,
				    const struct sut_rt_control *control, int64_t result,
				    struct sut_diag *diag)
{
	struct klp_object object;
	char name[SUT_PATCH_NAME_MAX + 1] = "", set[32] = "";

	if (sut_target_read(target, control->failed_object, &object, sizeof(object)) && object.name)
		sut_target_read_string(target, (uint64_t)object.name, name, sizeof(name));
	if (control->failed_id)
		snprintf(set, sizeof(set), " of set %llu", (unsigned long long)control->failed_id);
	sut_fail(diag, SUT_REFUSED, "callback",
		 "process %d (%s): the patch's own pre_patch%s for %s said no: %s; everything is "
		 "undone",
		 target->pid, target->name, set, *name ? name : "the program",
		 strerror((int)-result));
	sut_remedy(diag, "What it requires is for the patch's author to say.");
	return SUT_REFUSED;
}

/* What the core's checks said; apply has checked before what it can explain better. */
static enum sut_rc rule_refused(const struct sut_target *target, int64_t result,
				struct sut_diag *diag)
{
	switch (-result) {
	case EPERM:
		sut_fail(diag, SUT_REFUSED, "state",
			 "process %d (%s): the patch has a state that cannot be taken back",
			 target->pid, target->name);
		sut_remedy(diag, "Replace it by a patch that has the state, too.");
		return SUT_REFUSED;
	case EBUSY:
		sut_fail(diag, SUT_RETRY, "busy", "process %d (%s): a transition runs", target->pid,
			 target->name);
		sut_remedy(diag, "`suture status pid:%d` says who blocks it.", target->pid);
		return SUT_RETRY;
	case EEXIST:
		sut_fail(diag, SUT_REFUSED, "name",
			 "process %d (%s): a patch of this name is in use", target->pid,
			 target->name);
		sut_remedy(diag, "Revert it first, or give the new one a name of its own.");
		return SUT_REFUSED;
	default:
		sut_fail(diag, SUT_REFUSED, "model",
			 "process %d (%s): the patch does not fit those in use (%s)", target->pid,
			 target->name, strerror((int)-result));
		sut_remedy(diag, "Patches of different sets must not share functions, ids or "
				 "states; `suture inspect` and `suture status --verbose` show "
				 "them.");
		return SUT_REFUSED;
	}
}

static enum sut_rc refused(const struct sut_runtime *runtime, int64_t result, struct sut_diag *diag)
{
	struct sut_rt_control control;
	enum sut_rc rc = sut_runtime_control(runtime, &control, diag);

	if (rc != SUT_OK)
		return rc;
	switch (control.failure) {
	case SUT_RT_FAILED_TEXT:
		return text_refused(runtime->target, result, diag);
	case SUT_RT_FAILED_CALLBACK:
		return callback_refused(runtime->target, &control, result, diag);
	default:
		return rule_refused(runtime->target, result, diag);
	}
}

enum sut_rc sut_switch_start(struct sut_runtime *runtime, const struct sut_memory *memory,
			     uint64_t transition, const struct sut_effect_options *options,
			     struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	struct sut_rt_transition t;
	int64_t result;
	uint32_t mark;
	enum sut_rc rc = sut_switch_read(runtime, transition, &t, diag);

	if (rc == SUT_OK)
		rc = sut_sharer_check(runtime, &target->arena, diag);
	if (rc != SUT_OK)
		return rc;
	if (runtime->swaps) {
		rc = sut_swap_prepare(runtime, transition, diag);
		if (rc != SUT_OK)
			return rc;
	}
	/* Spent before it is used: whatever happens next, no later transition has these marks. */
	mark = t.mark_new + 2;
	if (!sut_target_write(target, runtime->control + offsetof(struct sut_rt_control, mark_next),
			      &mark, sizeof(mark)))
		return sut_target_lost(target, diag);
	rc = send(runtime, t.enables ? SUT_RT_OP_ENABLE : SUT_RT_OP_DISABLE, transition, t.calls,
		  memory->control.generation, options->wait_ns, &result, diag);
	if (rc != SUT_OK || result == SUT_RT_DONE)
		return rc;
	return refused(runtime, result, diag);
}

enum sut_rc sut_switch_reverse(struct sut_runtime *runtime, uint64_t transition,
			       struct sut_diag *diag)
{
	int64_t result;
	enum sut_rc rc = send(runtime, SUT_RT_OP_REVERSE, transition, false, 0, 0, &result, diag);

	/* EBUSY: somebody reversed it, or it has closed: following it shows which. */
	if (rc != SUT_OK || result == SUT_RT_DONE || result == -EBUSY)
		return rc;
	return refused(runtime, result, diag);
}

static enum sut_rc bytes_changed(const struct sut_runtime *runtime, struct sut_diag *diag)
{
	sut_fail(diag, SUT_REFUSED, "bytes",
		 "process %d (%s): every thread has gone over, but an entry's bytes were changed "
		 "by somebody else; calls still go through the thunks",
		 runtime->target->pid, runtime->target->name);
	sut_remedy(diag, "Remove the other patcher or debugger, then run the command again.");
	return SUT_REFUSED;
}

/* *closed: whether it did. Not closed is no failure: a source answer came in between. */
static enum sut_rc try_close(struct sut_runtime *runtime, uint64_t transition,
			     const struct sut_rt_transition *t, uint64_t wait_ns, bool *closed,
			     struct sut_diag *diag)
{
	int64_t result;
	enum sut_rc rc = send(runtime, SUT_RT_OP_CLOSE, transition, t->calls, t->closing, wait_ns,
			      &result, diag);

	if (rc != SUT_OK)
		return rc;
	*closed = result == SUT_RT_DONE;
	return *closed || result == SUT_RT_LOST ? SUT_OK : bytes_changed(runtime, diag);
}

enum sut_rc sut_switch_force(struct sut_runtime *runtime, uint64_t transition,
			     const struct sut_effect_options *options, struct sut_diag *diag)
{
	struct sut_rt_transition t;
	int64_t result;
	enum sut_rc rc = sut_switch_read(runtime, transition, &t, diag);

	if (rc == SUT_OK)
		rc = send(runtime, SUT_RT_OP_FORCE, transition, t.calls, 0, options->wait_ns,
			  &result, diag);
	if (rc != SUT_OK)
		return rc;
	return result == SUT_RT_DONE ? SUT_OK : bytes_changed(runtime, diag);
}

static enum sut_rc blocked(const struct sut_runtime *runtime, const struct sut_blockers *blockers,
			   uint64_t wait_ns, struct sut_diag *diag)
{
	if (blockers->count)
		sut_fail(diag, SUT_RETRY, "blocked",
			 "process %d (%s): %zu of %zu threads have not gone over after %.1f s; the "
			 "transition goes on by itself",
			 runtime->target->pid, runtime->target->name, blockers->count,
			 blockers->threads, (double)wait_ns / 1e9);
	else
		sut_fail(diag, SUT_RETRY, "blocked",
			 "process %d (%s): threads were in what they leave whenever others were "
			 "out of it, for %.1f s; the transition goes on by itself",
			 runtime->target->pid, runtime->target->name, (double)wait_ns / 1e9);
	sut_remedy(
		diag,
		"Run the same command again to finish it; `suture status pid:%d` says who blocks, "
		"`suture revert` takes an apply back.",
		runtime->target->pid);
	return SUT_RETRY;
}

/* Nobody's own stack is in it, but others may be. */
static enum sut_rc suspended(const struct sut_runtime *runtime, const struct sut_stacks_view *view,
			     const struct sut_effect_options *options, struct sut_diag *diag)
{
	const struct sut_target *target = runtime->target;

	if (view->found == SUT_STACKS_LONG)
		sut_fail(
			diag, SUT_RETRY, "pause",
			"process %d (%s): it switches stacks, and to search its %.0f MB for frames "
			"it would have to stand still for some %.1f ms; --max-pause allows %.1f",
			target->pid, target->name, (double)view->bytes / 1e6,
			(double)view->predicted_ns / 1e6, (double)options->max_pause_ns / 1e6);
	else if (view->found == SUT_STACKS_HELD)
		sut_fail(diag, SUT_RETRY, "stack-switch",
			 "process %d (%s): a stack that is no thread's own is in what is left (a "
			 "word at 0x%llx)",
			 target->pid, target->name, (unsigned long long)view->address);
	else
		sut_fail(diag, SUT_RETRY, "stack-switch",
			 "process %d (%s): it could not be stopped for a moment, to see that no "
			 "stack is in what is left",
			 target->pid, target->name);
	sut_remedy(diag,
		   "Calls on such stacks stay at the version that is left. Run the same command "
		   "again to finish it; `suture revert` takes an apply back.");
	return SUT_RETRY;
}

static bool any_foreign(const struct sut_blockers *blockers)
{
	for (size_t i = 0; i < blockers->count; i++)
		if (blockers->list[i].look == SUT_LOOK_FOREIGN)
			return true;
	return false;
}

/* A program with stacks of its own: is nobody on them, or suspended there, in what is left? */
static enum sut_rc look_at_stacks(struct sut_looker *looker, uint64_t transition,
				  const struct sut_effect_options *options, unsigned int *attempt,
				  bool *clean, struct sut_stacks_view *view, struct sut_diag *diag)
{
	enum sut_rc rc = sut_stacks_look(looker, transition, (*attempt)++, options->max_pause_ns,
					 view, diag);

	*clean = rc == SUT_OK && view->found == SUT_STACKS_CLEAN;
	return rc;
}

static bool is_shared(struct sut_runtime *runtime, struct sut_arena *arena, struct sut_diag *diag)
{
	sut_diag_reset(diag);
	return sut_sharer_check(runtime, arena, diag) != SUT_OK;
}

static enum sut_rc follow(struct sut_runtime *runtime, uint64_t transition,
			  const struct sut_effect_options *options, struct sut_arena *arena,
			  struct sut_blockers *blockers, struct sut_diag *diag)
{
	enum { STOP_AFTER_NS = 20 * 1000 * 1000, PAUSE_MIN_US = 50, PAUSE_MAX_US = 5000 };
	enum { SEARCH_PAUSE_US = 30 * 1000 };
	enum { REST = 4 }; /* times the time that stopping took, to leave threads alone after it */
	uint64_t start = sut_now_ns(), stop_at = STOP_AFTER_NS;
	unsigned int pause_us = PAUSE_MIN_US;
	struct sut_stacks_view view = {.found = SUT_STACKS_UNSURE};
	struct sut_diag shared = {0};
	unsigned int attempt = 0;
	bool closed = false, clean, stacks;

	for (;;) {
		struct sut_looker looker;
		uint64_t waited = sut_now_ns() - start;
		/* `closing` is read before the looks: closing compares it afterwards. */
		enum sut_rc rc = sut_looker_init(&looker, runtime, transition, arena, diag);

		if (rc == SUT_OK)
			rc = sut_look_all(&looker, waited > stop_at, blockers, diag);
		if (rc != SUT_OK)
			return rc;
		/*
		 * On a machine with too few cores a thread that is stopped each time before it
		 * gets to run would never get on.
		 */
		if (waited > stop_at)
			stop_at = waited + (1 + REST) * (sut_now_ns() - start - waited);
		blockers->foreign = looker.t.foreign;
		stacks = looker.t.per_stack || looker.t.foreign;
		clean = !blockers->count &&
			((looker.t.closing & 1) || !is_shared(runtime, arena, &shared));
		if (clean && stacks && !(looker.t.closing & 1))
			rc = look_at_stacks(&looker, transition, options, &attempt, &clean, &view,
					    diag);
		if (rc != SUT_OK)
			return rc;
		if ((looker.t.closing & 1) || clean) {
			rc = try_close(runtime, transition, &looker.t, options->wait_ns, &closed,
				       diag);
			if (rc != SUT_OK || closed)
				return rc;
		}
		if (waited > options->wait_ns) {
			sut_look_names(&looker, blockers);
			if (!blockers->count && *shared.rule) {
				*diag = shared;
				return SUT_RETRY;
			}
			if (stacks && !blockers->count)
				return suspended(runtime, &view, options, diag);
			return blocked(runtime, blockers, options->wait_ns, diag);
		}
		if (options->progress && waited > STOP_AFTER_NS)
			options->progress(options->context, blockers);
		/* A search of all memory is more work than a look at threads. */
		usleep(attempt ? SEARCH_PAUSE_US : pause_us);
		pause_us = pause_us * 2 > PAUSE_MAX_US ? PAUSE_MAX_US : pause_us * 2;
		/* Threads born meanwhile sleep on stacks that older maps do not show. */
		if (any_foreign(blockers))
			rc = sut_target_refresh(runtime->target, diag);
		if (rc != SUT_OK)
			return rc;
	}
}

/*
 * An operation that was forked away in the middle: its thread does not exist in this process. While
 * entries became thunks it can be repeated; what else it was doing nobody can finish.
 */
static enum sut_rc take_over(struct sut_runtime *runtime, uint64_t transition,
			     const struct sut_effect_options *options, struct sut_diag *diag)
{
	struct sut_rt_control control;
	int64_t result;
	enum sut_rc rc = sut_runtime_control(runtime, &control, diag);

	if (rc != SUT_OK || control.stage != SUT_RT_PREPARING)
		return rc;
	rc = send(runtime, SUT_RT_OP_RESUME, transition, false, 0, options->wait_ns, &result, diag);
	if (rc != SUT_OK || result == SUT_RT_DONE)
		return rc;
	return refused(runtime, result, diag);
}

enum sut_rc sut_switch_finish(struct sut_runtime *runtime, uint64_t transition,
			      const struct sut_effect_options *options, struct sut_arena *arena,
			      struct sut_effect *effect, struct sut_diag *diag)
{
	struct sut_rt_transition t;
	struct sut_rt_patch patch;
	struct sut_diag ignored;
	enum sut_rc rc = take_over(runtime, transition, options, diag);

	if (rc == SUT_OK)
		rc = follow(runtime, transition, options, arena, &effect->blockers, diag);
	sut_runtime_tidy(runtime, true);
	effect->threads = effect->blockers.threads;
	effect->cost = runtime->cost;
	if (sut_switch_read(runtime, transition, &t, &ignored) == SUT_OK &&
	    sut_target_read(runtime->target, t.patch, &patch, sizeof(patch)))
		effect->state = (enum sut_rt_state)patch.state;
	else if (rc == SUT_OK)
		rc = sut_target_lost(runtime->target, diag);
	return rc;
}
