// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program may hold pointers into the memory of a patch that is reverted: a string of it, the
 * address of a function, a frame of a thread that is still in there. So the memory goes only when
 * the process was stopped once, whole and with all registers, and nothing in it leads there: no
 * word of its memory, aligned or not, plain or as the C library mangles it, no register of any
 * thread. What lies below a stack pointer is dead and may be stale. Nothing can lead there
 * afterwards: nobody can find what nobody knows.
 *
 * What the kernel holds for the program counts as well (given.h).
 *
 * The C library's unwinding leads through the run-time to the list of patches, and through a zone
 * of its own (rt/unwind.h). So the patches are taken off that list before the proof, nobody may be
 * in the run-time then, and that zone stays.
 *
 * Once proven it may be freed at any time. That is an operation of the run-time like all others,
 * which also looks at what only a thread of the process can ask for, the handlers of signals.
 *
 * The run-time stays. Threads carry marks of transitions for as long as they live, and a second
 * run-time could use the same ones again.
 */
#include "process/gc-work.h"
#include "process/drive.h"
#include "process/given.h"
#include "process/halt.h"
#include "process/scan.h"
#include "base/io.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

enum {
	RED_ZONE = 128,
	XSTATE_MAX = 16 * 1024,
	PAUSE_US = 20 * 1000,
	WATCH_US = 150,
	STOPS_MAX = 20,
};

static void keep(struct sut_gc_work *w, const char *why)
{
	w->gc->end = SUT_GC_KEPT;
	w->gc->why = why;
}

/* What may be otherwise the next time, if nothing better is known. */
static void keep_for_now(struct sut_gc_work *w, const char *why)
{
	if (!*w->gc->why)
		keep(w, why);
}

static bool begin_search(struct sut_gc_work *w, struct sut_scan *scan)
{
	if (!sut_scan_init(scan, &w->target, &w->runtime.layout, w->arena))
		return false;
	scan->ranges = w->ranges;
	scan->range_count = w->range_count;
	scan->anywhere = true;
	for (size_t i = 0; i < w->count; i++)
		sut_scan_skip(scan, w->arena, w->maps[i].address,
			      w->maps[i].address + w->maps[i].size);
	sut_scan_skip(scan, w->arena, w->runtime.text,
		      w->runtime.text + SUT_RT_TEXT_SIZE + SUT_RT_DATA_SIZE);
	return true;
}

static const char *where(const struct sut_gc_work *w, uint64_t address)
{
	const struct sut_map *map = sut_target_map(&w->target, address);

	return !map ? "memory" : *map->path ? map->path : "anonymous memory";
}

static void keep_word(struct sut_gc_work *w, const struct sut_scan *scan)
{
	w->gc->address = scan->hit.address;
	keep(w,
	     sut_arena_printf(w->arena, "a word at 0x%llx (%s) leads there",
			      (unsigned long long)scan->hit.address, where(w, scan->hit.address)));
}

/*
 * A search beside the running program: if it finds something there is no need of a stop, and it
 * tells how long one would be. Stacks of threads are left out, for nobody knows how much of them is
 * in use.
 */
static bool rehearse(struct sut_gc_work *w)
{
	const struct sut_thread_layout *layout = &w->runtime.layout;
	uint64_t start = sut_now_ns();
	struct sut_diag ignored = {0};
	struct sut_thread_list list;
	struct sut_scan scan;

	if (!begin_search(w, &scan) ||
	    sut_thread_list(&w->target, w->arena, &list, &ignored) != SUT_OK)
		return false;
	for (size_t i = 0; i < list.count; i++) {
		struct sut_thread_stack stack;

		if (sut_thread_own_stack(&w->target, layout, list.tids[i], &stack))
			sut_scan_skip(&scan, w->arena, stack.low, stack.high);
	}
	switch (sut_scan_memory(&scan)) {
	case SUT_SCAN_FOUND:
		keep_word(w, &scan);
		return false;
	case SUT_SCAN_UNREADABLE: /* it went meanwhile */
	case SUT_SCAN_LATE:
		keep_for_now(w, "its memory changes too fast to be read");
		return false;
	case SUT_SCAN_CLEAN:
		break;
	}
	w->gc->searched = scan.bytes;
	w->gc->predicted_ns = (sut_now_ns() - start) * 5 / 4;
	if (w->gc->predicted_ns <= w->options->max_pause_ns)
		return true;
	keep(w, sut_arena_printf(w->arena,
				 "to search its %.0f MB it would have to be stopped for some %.0f "
				 "ms, and --max-pause allows %.0f",
				 (double)scan.bytes / 1e6, (double)w->gc->predicted_ns / 1e6,
				 (double)w->options->max_pause_ns / 1e6));
	return false;
}

static bool any_leads(const struct sut_scan *scan, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	uint64_t word;

	for (size_t i = 0; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		if (sut_scan_range(scan, word))
			return true;
	}
	return false;
}

/* Its vector registers may be about to store a pointer. */
static bool vectors_lead(struct sut_gc_work *w, const struct sut_scan *scan, pid_t tid)
{
	struct iovec iov = {w->xstate, XSTATE_MAX};

	return ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &iov) < 0 ||
	       any_leads(scan, w->xstate, iov.iov_len);
}

/* Registers of all threads; what lies below their stack pointers is not searched. */
static bool look_at_threads(struct sut_gc_work *w, const struct sut_halt *halt,
			    struct sut_scan *scan)
{
	for (size_t i = 0; i < halt->count; i++) {
		const struct sut_halt_thread *t = &halt->threads[i];
		struct sut_thread_stack stack;

		if (t->gone)
			continue;
		if (!t->stopped || any_leads(scan, &t->registers, sizeof(t->registers)) ||
		    vectors_lead(w, scan, t->tid)) {
			w->gc->tid = t->tid;
			keep(w, sut_arena_printf(w->arena, "a register of thread %d leads there",
						 t->tid));
			return false;
		}
		if (sut_thread_stack(&w->target, &w->runtime.layout, t->tid, t->sp, &stack))
			sut_scan_skip(scan, w->arena, stack.low, t->sp - RED_ZONE);
	}
	return true;
}

static void note_stack(struct sut_gc_work *w, const struct sut_halt *halt, uint64_t address)
{
	for (size_t i = 0; i < halt->count; i++) {
		struct sut_thread_stack stack;

		if (!sut_thread_stack(&w->target, &w->runtime.layout, halt->threads[i].tid,
				      halt->threads[i].sp, &stack) ||
		    address < stack.low || address >= stack.high)
			continue;
		w->gc->tid = halt->threads[i].tid;
		keep(w, sut_arena_printf(w->arena, "the stack of thread %d leads there (0x%llx)",
					 w->gc->tid, (unsigned long long)address));
	}
}

/* In the stop. true: nothing leads there. */
static bool search(struct sut_gc_work *w, struct sut_halt *halt)
{
	struct sut_scan scan;
	enum sut_scan_end end;
	const char *given;

	if (!begin_search(w, &scan) || !look_at_threads(w, halt, &scan))
		return false;
	scan.until_ns = sut_now_ns() + sut_halt_left(halt);
	end = sut_scan_memory(&scan);
	given = end == SUT_SCAN_CLEAN ? sut_given_leads(&scan, w->arena) : NULL;
	if (end == SUT_SCAN_CLEAN && !given && sut_halt_held(halt))
		return true;
	if (given) {
		keep(w, given);
	} else if (end == SUT_SCAN_FOUND) {
		keep_word(w, &scan);
		note_stack(w, halt, scan.hit.address);
	} else {
		keep_for_now(w, end == SUT_SCAN_LATE
					? "its memory could not be searched within --max-pause"
					: "a thread came or went in the stop");
	}
	return false;
}

/* The calls with a time-out that threads sleep in are not interrupted but when they begin. */
static void rest(struct sut_gc_work *w)
{
	struct sut_watch *watch = &w->runtime.watch;
	uint64_t start = sut_now_ns();

	do {
		usleep(watch->count ? WATCH_US : PAUSE_US);
		for (size_t i = 0; i < watch->count; i++) {
			struct sut_thread_state state;

			sut_thread_state(&w->target, watch->threads[i].tid, &state);
			if (sut_watch_look(watch, watch->threads[i].tid, &state, false))
				return;
		}
	} while (watch->count && sut_now_ns() - start < PAUSE_US * UINT64_C(1000));
}

static bool prove_once(struct sut_gc_work *w)
{
	struct sut_halt halt = {
		.runtime = &w->runtime,
		.arena = w->arena,
		.depth = SUT_HALT_ALL,
		.max_ns = w->options->max_pause_ns,
	};
	struct sut_diag diag = {0};
	bool proven;

	if (sut_halt_begin(&halt, &diag) != SUT_OK) {
		keep_for_now(w, halt.blame ? sut_arena_printf(w->arena, "thread %d %s", halt.blamed,
							      halt.blame)
					   : "its threads cannot be listed");
		return false;
	}
	proven = search(w, &halt);
	sut_halt_end(&halt);
	return proven;
}

static bool prove(struct sut_gc_work *w)
{
	uint64_t start = sut_now_ns();

	for (unsigned int stops = 0;; rest(w)) {
		bool may_stop = rehearse(w);

		if (may_stop && prove_once(w))
			return true;
		stops += may_stop;
		if (stops == STOPS_MAX || sut_now_ns() - start > w->options->wait_ns)
			return false;
	}
}

/* In a zone of this piece; 0: there is none, or it is full. */
static uint64_t free_room(const struct sut_gc_work *w, const struct sut_rt_map *piece,
			  uint64_t size)
{
	for (size_t i = 0; i < w->plan.zone_count; i++) {
		const struct sut_rt_zone *zone = &w->plan.zones[i]->record;
		uint64_t at = (zone->data + zone->data_used + 15) & ~UINT64_C(15);

		if (sut_gc_holds(piece, zone->data) && at + size <= zone->data + zone->data_size)
			return at;
	}
	return 0;
}

/* Into memory that nobody uses; its piece is the last one to go. Returns the address, or 0. */
static uint64_t write_table(struct sut_gc_work *w)
{
	uint64_t size = sizeof(struct sut_rt_garbage) + w->going * sizeof(w->maps[0]), at = 0;
	struct sut_rt_garbage *table = sut_arena_alloc(w->arena, size);
	size_t n = 0, last = w->count;

	for (size_t i = 0; i < w->count && last == w->count; i++)
		if (!w->maps[i].prot && (at = free_room(w, &w->maps[i], size)))
			last = i;
	if (last == w->count)
		return 0;
	table->count = w->going;
	for (size_t i = 0; i < w->count; i++)
		if (!w->maps[i].prot && i != last)
			table->maps[n++] = w->maps[i];
	table->maps[n] = w->maps[last];
	return sut_target_write(&w->target, at, table, size) ? at : 0;
}

static enum sut_rc send(struct sut_gc_work *w, enum sut_rt_op what, uint64_t argument,
			int64_t *result, struct sut_diag *diag)
{
	struct sut_runtime_op op = {.op = what, .argument = argument};
	struct sut_rt_control control;
	enum sut_rc rc = sut_runtime_control(&w->runtime, &control, diag);

	op.expect = control.generation;
	return rc == SUT_OK ? sut_runtime_run(&w->runtime, &op, result, diag) : rc;
}

static enum sut_rc collect(struct sut_gc_work *w, struct sut_diag *diag)
{
	int64_t result = SUT_RT_DONE;
	uint64_t table;
	enum sut_rc rc = send(w, SUT_RT_OP_DROP, 0, &result, diag);

	if (rc != SUT_OK || result != SUT_RT_DONE) {
		keep(w, "the patches in the process changed meanwhile");
		return rc;
	}
	table = prove(w) ? write_table(w) : 0;
	if (!table) {
		keep_for_now(w, "there is no room to write down what it is");
		return send(w, SUT_RT_OP_KEEP, 0, &result, diag);
	}
	rc = send(w, SUT_RT_OP_COLLECT, table, &result, diag);
	if (rc != SUT_OK)
		return rc;
	if (result == SUT_RT_DONE) {
		w->gc->end = SUT_GC_FREED;
		w->gc->address = 0;
		w->gc->tid = 0;
		return SUT_OK;
	}
	keep(w, result == SUT_RT_HELD ? "it has the handler of a signal"
				      : "the patches in the process changed meanwhile");
	return send(w, SUT_RT_OP_KEEP, 0, &result, diag);
}

static const char *hindrance(const struct sut_memory *memory)
{
	if (memory->control.transition)
		return "a transition is under way";
	if (memory->use_count)
		return "another patch is in use, and they share memory";
	if (memory->control.shadow.count)
		return "there are shadow variables";
	if (memory->control.loader.hooked)
		return "an object that came late is there, and its new code with it";
	return NULL;
}

static enum sut_rc run(struct sut_gc_work *w, struct sut_diag *diag)
{
	const struct sut_memory *memory = &w->memory;
	enum sut_rc rc;

	if (!w->runtime.placed)
		return SUT_OK;
	w->gc->runtime_bytes = SUT_RT_TEXT_SIZE + SUT_RT_DATA_SIZE;
	sut_runtime_tidy(&w->runtime, true);
	rc = sut_gc_find_pieces(w, diag);
	if (rc != SUT_OK || !w->plan.zone_count ||
	    (memory->count ? memory->count == memory->use_count : !w->going))
		return rc;
	if (hindrance(memory)) {
		keep(w, hindrance(memory));
		return SUT_OK;
	}
	if (!w->going) {
		keep(w, "it lies where the C library's unwinding leads through");
		return SUT_OK;
	}
	w->xstate = sut_arena_alloc(w->arena, XSTATE_MAX);
	return collect(w, diag);
}

enum sut_rc sut_gc(struct sut_arena *arena, pid_t pid, const struct sut_gc_options *options,
		   struct sut_gc *gc, struct sut_diag *diag)
{
	struct sut_gc_work w = {.arena = arena, .options = options, .gc = gc};
	enum sut_rc rc;

	*gc = (struct sut_gc){.why = ""};
	w.plan = (struct sut_plan){.runtime = &w.runtime, .arena = arena};
	rc = sut_drive_open(&w.target, pid, true, arena, &w.runtime, &w.memory, diag);
	memcpy(gc->name, w.target.name, sizeof(gc->name));
	if (rc == SUT_OK)
		rc = run(&w, diag);
	gc->cost = w.runtime.cost;
	return sut_target_leave(&w.target, rc, diag);
}
