// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Operations that a thread of the target carries out for the controller. Each runs to its end
 * without the controller: that one may die at any moment, and what it sent is then done whole or
 * not at all. What an operation means is the core's business; here it is told what was asked for.
 */
#include "process/rt/call.h"
#include "process/rt/inside.h"

#include <linux/errno.h>

static int64_t map_all(const struct sut_rt_map *maps, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		int64_t at = sut_rt_mmap(maps[i].address, maps[i].size, maps[i].prot, true);

		if (at == (int64_t)maps[i].address)
			continue;
		if (at > 0) /* a kernel without NOREPLACE took it for a hint */
			sut_rt_munmap((uint64_t)at, maps[i].size);
		while (i--)
			sut_rt_munmap(maps[i].address, maps[i].size);
		return at < 0 ? at : -EEXIST;
	}
	return SUT_RT_DONE;
}

/* Where each patch stands now: see enum sut_rt_state. */
static void note_states(struct sut_rt_control *control)
{
	const struct sut_core *core = &control->core;

	for (struct sut_rt_patch *p = (struct sut_rt_patch *)control->patches; p;
	     p = (struct sut_rt_patch *)p->next) {
		const struct sut_rt_transition *t = (const struct sut_rt_transition *)p->transition;

		if (core->transition == &p->klp)
			p->state = t->enables ? SUT_RT_APPLYING : SUT_RT_REVERTING;
		else if (p->klp.core)
			p->state = SUT_RT_APPLIED;
		else if (p->state == SUT_RT_APPLIED)
			p->state = SUT_RT_REPLACED;
		else if (p->state != SUT_RT_REPLACED)
			p->state = SUT_RT_REVERTED;
	}
}

/* On our list from the first moment on: whoever reads the core's must find each patch there. */
static int64_t enable(struct sut_rt_control *control, const struct sut_rt_transition *t)
{
	struct sut_rt_patch *patch = (struct sut_rt_patch *)t->patch;
	uint64_t transition = patch->transition;
	uint32_t state = patch->state;
	int64_t rc;

	if (state == SUT_RT_LOADED) {
		patch->next = control->patches;
		__atomic_store_n(&control->patches, t->patch, __ATOMIC_RELEASE);
	}
	rc = sut_core_enable(&control->core, &patch->klp);
	if (!rc)
		return 0;
	patch->transition = transition;
	patch->state = state;
	if (state == SUT_RT_LOADED)
		control->patches = patch->next;
	return rc;
}

static int64_t disable(struct sut_rt_control *control, const struct sut_rt_transition *t)
{
	struct sut_rt_patch *patch = (struct sut_rt_patch *)t->patch;
	uint64_t previous = patch->transition;
	int64_t rc = sut_core_set_enabled(&control->core, &patch->klp, false);

	if (rc)
		patch->transition = previous;
	return rc;
}

/*
 * In a child that was forked while entries became thunks the thread that did it does not exist.
 * Nothing was armed; the rest of sut_core_enable() is what start() does.
 */
static int64_t resume(struct sut_rt_control *control, const struct sut_rt_transition *t)
{
	struct sut_rt_patch *patch = (struct sut_rt_patch *)t->patch;
	int64_t rc = control->switching.prepare(&control->core);

	if (rc)
		return rc;
	control->switching.start(&control->core);
	patch->klp.enabled = t->enables;
	return 0;
}

/*
 * At most one reversal in a transition, and none of a closed one. It counts like an answer: a CLOSE
 * that a dead controller had sent on the way must not find what that one saw.
 */
static int64_t reverse(struct sut_rt_control *control, struct sut_rt_transition *t)
{
	struct klp_patch *patch = control->core.transition;
	uint64_t closing = __atomic_load_n(&t->closing, __ATOMIC_SEQ_CST);

	do {
		if (t->dir || (closing & 1))
			return -EBUSY;
	} while (!__atomic_compare_exchange_n(&t->closing, &closing, closing + 2, 0,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return sut_core_set_enabled(&control->core, patch, !patch->enabled);
}

static int64_t close(struct sut_rt_control *control, uint64_t expect)
{
	control->expect = expect;
	control->may_close = 1;
	return sut_core_attempt(&control->core) ? SUT_RT_DONE : control->close_result;
}

static int64_t force(struct sut_rt_control *control)
{
	int64_t rc = sut_core_force(&control->core, control->core.transition);

	return rc || !control->core.transition ? rc : control->close_result;
}

/* Is the world still the one that this operation was planned for? */
static bool is_current(const struct sut_rt_control *control, const struct sut_rt_frame *frame)
{
	if (frame->op == SUT_RT_OP_WATCH)
		return true;
	if (frame->op == SUT_RT_OP_TAILS)
		return control->loader.changes == frame->expect;
	if (frame->op != SUT_RT_OP_RESUME && frame->op != SUT_RT_OP_REVERSE &&
	    frame->op != SUT_RT_OP_CLOSE && frame->op != SUT_RT_OP_FORCE)
		return control->generation == frame->expect;
	return control->transition == frame->argument;
}

/* Does it change the text of objects that may come and go, or say which of them are known? */
static bool needs_objects(const struct sut_rt_frame *frame)
{
	return frame->op == SUT_RT_OP_ENABLE || frame->op == SUT_RT_OP_DISABLE ||
	       frame->op == SUT_RT_OP_RESUME || frame->op == SUT_RT_OP_CLOSE ||
	       frame->op == SUT_RT_OP_FORCE || frame->op == SUT_RT_OP_TAILS;
}

static int64_t operate(struct sut_rt_control *control, const struct sut_rt_frame *frame)
{
	struct sut_rt_transition *t = (struct sut_rt_transition *)frame->argument;

	switch (frame->op) {
	case SUT_RT_OP_ENABLE:
		return enable(control, t);
	case SUT_RT_OP_DISABLE:
		return disable(control, t);
	case SUT_RT_OP_RESUME:
		return resume(control, t);
	case SUT_RT_OP_REVERSE:
		return reverse(control, t);
	case SUT_RT_OP_CLOSE:
		return close(control, frame->expect);
	case SUT_RT_OP_FORCE:
		return force(control);
	case SUT_RT_OP_DROP:
		return sut_rt_drop(control);
	case SUT_RT_OP_KEEP:
		return SUT_RT_DONE;
	case SUT_RT_OP_COLLECT:
		return sut_rt_collect(control, (const struct sut_rt_garbage *)frame->argument);
	case SUT_RT_OP_WATCH:
		return frame->expect ? sut_rt_loader_watch(control, frame->argument) : 0;
	case SUT_RT_OP_TAILS:
		sut_rt_loader_settle(control, frame->maps, frame->count);
		return 0;
	default:
		return -EINVAL;
	}
}

/* One operation at a time, whoever sent it. A thread that loads an object is soon done. */
static bool take(struct sut_rt_control *control, uint32_t before)
{
	enum { TURNS = 100, PAUSE_NS = 1000 * 1000 };

	for (int turn = 0; turn < TURNS; turn++) {
		uint32_t stage = before;

		if (__atomic_compare_exchange_n(&control->stage, &stage, SUT_RT_WORKING, 0,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			control->loader.owner = sut_rt_thread_id();
			return true;
		}
		if (stage != SUT_RT_LOADING)
			return false;
		sut_rt_futex_wait(&control->stage, stage, PAUSE_NS);
	}
	return false;
}

static void run_core(void *context)
{
	struct sut_rt_frame *frame = context;
	struct sut_rt_control *control = (struct sut_rt_control *)frame->control;

	frame->result = SUT_RT_DONE;
	if (!is_current(control, frame))
		frame->result = SUT_RT_STALE;
	else if (needs_objects(frame) && sut_rt_loader_at_work(control))
		frame->result = SUT_RT_LOADING_NOW;
	if (frame->result != SUT_RT_DONE)
		return;
	sut_rt_host_init(control);
	control->planned = frame->argument;
	control->failure = SUT_RT_FAILED_RULE;
	control->may_close = 0;
	if (frame->op != SUT_RT_OP_COLLECT)
		sut_rt_keep(control);
	frame->result = operate(control, frame);
	note_states(control);
	if (frame->op == SUT_RT_OP_WATCH ? !frame->expect : frame->op != SUT_RT_OP_TAILS)
		sut_rt_loader_rest(control);
	sut_rt_changed(control);
	control->planned = 0;
}

/*
 * Code of a patch may call anything: on a stack of the size that this may need. There is one, which
 * the loader's calls use, too, so nobody is on it without the stage.
 */
static void run_alone(struct sut_rt_frame *frame)
{
	struct sut_rt_control *control = (struct sut_rt_control *)frame->control;
	const uint32_t before = frame->op == SUT_RT_OP_RESUME ? SUT_RT_PREPARING : SUT_RT_IDLE;
	struct sut_rt_call call = {
		.function = run_core,
		.argument = frame,
		.errno_location = (int *(*)(void))frame->errno_location,
	};

	frame->result = SUT_RT_STALE;
	if (!take(control, before))
		return;
	if (frame->calls && control->call_stack)
		sut_rt_call(&call, (void *)control->call_stack);
	else
		run_core(frame);
	/* What could not be resumed now may be later. */
	__atomic_store_n(&control->stage, frame->result == SUT_RT_DONE ? SUT_RT_IDLE : before,
			 __ATOMIC_SEQ_CST);
}

void sut_rt_run(struct sut_rt_frame *frame)
{
	__atomic_store_n(&frame->state, SUT_RT_FRAME_RUNNING, __ATOMIC_SEQ_CST);
	if (frame->op == SUT_RT_OP_MAP)
		frame->result = map_all(frame->maps, frame->count);
	else
		run_alone(frame);
	frame->finished_ns = sut_rt_now_ns(SUT_RT_CLOCK_MONO);
	__atomic_store_n(&frame->state, SUT_RT_FRAME_DONE, __ATOMIC_SEQ_CST);
}
