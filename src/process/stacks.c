// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A frame of the version that is left shows by a return address, and the context that a stack was
 * left with by a program counter; both are words of memory, the latter mangled where longjmp goes
 * by it. Threads that sleep need not be interrupted for it: what a system call may change of their
 * registers is no return address.
 *
 * Left out is what cannot be a stack: our own memory, files that are mapped without write access,
 * and what lies below the stack pointer on a thread's own stack; and the whole of that when the
 * thread has gone over. Stale words elsewhere only delay.
 */
#include "process/stacks.h"
#include "process/halt.h"
#include "process/plan.h"
#include "process/scan.h"
#include "process/words.h"
#include "base/io.h"

enum { RED_ZONE = 128, PATIENT = 3 /* attempts that interrupt no sleeping thread */ };

struct work {
	struct sut_looker *looker;
	struct sut_scan scan;
	struct sut_stacks_view *view;
};

static void skip(struct work *w, uint64_t start, uint64_t size)
{
	sut_scan_skip(&w->scan, w->looker->arena, start, start + size);
}

/* The jump to a slot may begin on the page before. */
static void skip_pun(struct work *w, uint64_t land, uint64_t slot)
{
	uint64_t mask = ~(uint64_t)(SUT_PAGE_SIZE - 1);

	skip(w, land & mask, SUT_PAGE_SIZE);
	if ((slot & mask) != (land & mask))
		skip(w, slot & mask, SUT_PAGE_SIZE);
}

/* Our own memory is full of addresses of what is left. */
static enum sut_rc skip_ours(struct work *w, struct sut_diag *diag)
{
	struct sut_runtime *runtime = w->looker->runtime;
	struct sut_plan plan = {.runtime = runtime, .arena = w->looker->arena};
	const struct sut_rt_transition *t = &w->looker->t;
	struct sut_memory memory;
	enum sut_rc rc = sut_memory_read(runtime, w->looker->arena, &memory, diag);

	if (rc == SUT_OK)
		rc = sut_plan_zones(&plan, diag);
	if (rc != SUT_OK)
		return rc;
	skip(w, runtime->text, SUT_RT_TEXT_SIZE + SUT_RT_DATA_SIZE);
	for (size_t i = 0; i < plan.zone_count; i++) {
		const struct sut_rt_zone *zone = &plan.zones[i]->record;

		skip(w, zone->text, zone->text_size);
		skip(w, zone->data, zone->data_size);
	}
	for (size_t i = 0; i < memory.count; i++)
		for (uint32_t k = 0; k < memory.patches[i].record.func_count; k++)
			if (memory.patches[i].funcs[k].flags & SUT_RT_FUNC_PUN)
				skip_pun(w, memory.patches[i].funcs[k].land,
					 memory.patches[i].funcs[k].slot);
	for (int i = 0; i < SUT_RT_HOOKS; i++)
		if (memory.control.hooks[i].land)
			skip_pun(w, memory.control.hooks[i].land, memory.control.hooks[i].slot);
	if (t->swap_table)
		skip(w, t->swap_table, t->swap_table_size);
	return SUT_OK;
}

static enum sut_rc begin(struct work *w, struct sut_diag *diag)
{
	struct sut_looker *looker = w->looker;

	if (!sut_scan_init(&w->scan, looker->runtime->target, &looker->runtime->layout,
			   looker->arena))
		return sut_target_lost(looker->runtime->target, diag);
	w->scan.ranges = looker->ranges;
	w->scan.range_count = looker->t.range_count;
	w->scan.kinds = SUT_RT_RANGE_CORE | (looker->t.dir ? SUT_RT_RANGE_NEW : SUT_RT_RANGE_OLD);
	w->scan.frames = true;
	return skip_ours(w, diag);
}

static enum sut_stacks held(struct work *w, uint64_t address, uint64_t word,
			    const struct sut_rt_range *range)
{
	w->view->address = address;
	w->view->word = word;
	w->view->func = range->kind & SUT_RT_RANGE_CORE ? UINT32_MAX : range->func;
	return SUT_STACKS_HELD;
}

/* Threads' own stacks are left out: nobody knows how much of them is in use. */
static enum sut_stacks rehearse(struct work *w, uint64_t max_ns)
{
	const struct sut_runtime *runtime = w->looker->runtime;
	uint64_t start = sut_now_ns();
	struct sut_diag ignored = {0};
	struct sut_thread_list list;

	if (sut_thread_list(runtime->target, w->looker->arena, &list, &ignored) != SUT_OK)
		return SUT_STACKS_UNSURE;
	for (size_t i = 0; i < list.count; i++) {
		struct sut_thread_stack stack;

		if (sut_thread_own_stack(runtime->target, &runtime->layout, list.tids[i], &stack))
			skip(w, stack.low, stack.high - stack.low);
	}
	switch (sut_scan_memory(&w->scan)) {
	case SUT_SCAN_FOUND:
		return held(w, w->scan.hit.address, w->scan.hit.word, w->scan.hit.range);
	case SUT_SCAN_UNREADABLE:
	case SUT_SCAN_LATE:
		return SUT_STACKS_UNSURE;
	case SUT_SCAN_CLEAN:
		break;
	}
	w->view->bytes = w->scan.bytes;
	w->view->predicted_ns = (sut_now_ns() - start) * 5 / 4;
	return w->view->predicted_ns > max_ns ? SUT_STACKS_LONG : SUT_STACKS_CLEAN;
}

/* It says how long the stop would be, so there is no rest in it. */
static enum sut_stacks rehearse_timed(struct work *w, uint64_t max_ns)
{
	struct sut_pace *pace = w->looker->runtime->target->pace;
	enum sut_stacks result;

	sut_pace_hold(pace, true);
	result = rehearse(w, max_ns);
	sut_pace_hold(pace, false);
	return result;
}

/* Has it gone over? Then it has no frame of what is left on its own stack, whatever words. */
static bool has_gone_over(const struct sut_looker *looker, uint64_t tcb)
{
	const struct sut_target *target = looker->runtime->target;
	uint64_t at = sut_words_find(target, &looker->t, tcb);
	struct sut_rt_thread words;

	return at && sut_target_read(target, at, &words, sizeof(words)) &&
	       words.mark == (looker->t.dir ? looker->t.mark_old : looker->t.mark_new);
}

static enum sut_stacks look_at_threads(struct work *w, const struct sut_halt *halt)
{
	const struct sut_runtime *runtime = halt->runtime;

	for (size_t i = 0; i < halt->count; i++) {
		const struct sut_halt_thread *t = &halt->threads[i];
		const struct sut_rt_range *range = sut_scan_range(&w->scan, t->pc);
		struct sut_thread_stack stack;

		if (t->gone)
			continue;
		if (range)
			return held(w, 0, t->pc, range);
		if (!sut_thread_own_stack(runtime->target, &runtime->layout, t->tid, &stack))
			continue;
		if (has_gone_over(w->looker, stack.tcb))
			skip(w, stack.low, stack.high - stack.low);
		else if (t->sp >= stack.low + RED_ZONE && t->sp < stack.high &&
			 !sut_look_carved(w->looker, t->sp, stack.high))
			skip(w, stack.low, t->sp - RED_ZONE - stack.low);
	}
	return SUT_STACKS_CLEAN;
}

static enum sut_stacks search(struct work *w, struct sut_halt *halt, uint64_t closing)
{
	enum sut_stacks result;

	/* In the stop: who answers afterwards makes it another one. */
	if (!sut_target_read(halt->runtime->target, closing, &w->looker->t.closing,
			     sizeof(w->looker->t.closing)))
		return SUT_STACKS_UNSURE;
	result = look_at_threads(w, halt);
	if (result != SUT_STACKS_CLEAN)
		return result;
	w->scan.until_ns = sut_now_ns() + sut_halt_left(halt);
	switch (sut_scan_memory(&w->scan)) {
	case SUT_SCAN_FOUND:
		return held(w, w->scan.hit.address, w->scan.hit.word, w->scan.hit.range);
	case SUT_SCAN_LATE:
		return SUT_STACKS_LONG;
	case SUT_SCAN_UNREADABLE:
		return SUT_STACKS_UNSURE;
	case SUT_SCAN_CLEAN:
		break;
	}
	return sut_halt_held(halt) ? SUT_STACKS_CLEAN : SUT_STACKS_UNSURE;
}

enum sut_rc sut_stacks_look(struct sut_looker *looker, uint64_t transition, unsigned int attempt,
			    uint64_t max_ns, struct sut_stacks_view *view, struct sut_diag *diag)
{
	struct work w = {.looker = looker, .view = view};
	struct sut_halt halt = {
		.runtime = looker->runtime,
		.arena = looker->arena,
		.depth = attempt < PATIENT ? SUT_HALT_LOOK : SUT_HALT_INVISIBLE,
		.max_ns = max_ns,
	};
	struct sut_diag ignored = {0};
	enum sut_rc rc = begin(&w, diag);

	*view = (struct sut_stacks_view){.found = SUT_STACKS_UNSURE, .func = UINT32_MAX};
	if (rc != SUT_OK)
		return rc;
	view->found = rehearse_timed(&w, max_ns);
	if (view->found != SUT_STACKS_CLEAN)
		return SUT_OK;
	rc = begin(&w, diag);
	if (rc != SUT_OK)
		return rc;
	view->found = SUT_STACKS_UNSURE;
	if (sut_halt_begin(&halt, &ignored) != SUT_OK)
		return SUT_OK;
	view->found = search(&w, &halt, transition + offsetof(struct sut_rt_transition, closing));
	sut_halt_end(&halt);
	return SUT_OK;
}

static enum sut_rc beside(struct sut_looker *looker, bool all, struct sut_stacks_view *view,
			  struct sut_diag *diag)
{
	struct work w = {.looker = looker, .view = view};
	enum sut_rc rc = begin(&w, diag);

	*view = (struct sut_stacks_view){.found = SUT_STACKS_UNSURE, .func = UINT32_MAX};
	if (all)
		w.scan.kinds = 0; /* nothing is found, so all of it is read */
	if (rc == SUT_OK)
		view->found = rehearse_timed(&w, UINT64_MAX);
	return rc;
}

enum sut_rc sut_stacks_search(struct sut_looker *looker, struct sut_stacks_view *view,
			      struct sut_diag *diag)
{
	return beside(looker, false, view, diag);
}

enum sut_rc sut_stacks_predict(struct sut_looker *looker, struct sut_stacks_view *view,
			       struct sut_diag *diag)
{
	return beside(looker, true, view, diag);
}
