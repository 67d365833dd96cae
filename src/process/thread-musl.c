// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A struct pthread of musl begins with a pointer to itself, which fs points to, one to its thread's
 * TLS, and the links of a ring of all threads. What else is wanted is further on, and where is
 * found by what it must hold: an id of a thread of this process in each of them; the end and the
 * size of the stack that a sleeping thread's stack pointer lies in. The main thread has no bounds
 * there, so in a process of one thread nothing can be said about the stacks of others.
 *
 * The ring is read while threads come and go. A thread that is asked for is on it as long as it
 * lives, but for the moment of its birth, and is known by its id; one that was not found is
 * asked for again later.
 */
#include "process/thread-musl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RECORD_WORDS = 18, /* that are looked at; a page may end behind the record */
	ALIGN = 8,
	TID_FIRST = 32,   /* bytes: behind the ring's links */
	STACK_FIRST = 56, /* behind the id */
	STACK_MIN = 2048, /* bytes, PTHREAD_STACK_MIN */
	RING_MAX = 1 << 17,
	TRIES = 20,
};

struct record {
	uint64_t tcb;
	union {
		struct {
			uint64_t self, dtv, previous, next;
		};
		uint64_t words[RECORD_WORDS];
		uint32_t halves[2 * RECORD_WORDS];
	};
};

struct ring {
	size_t count, capacity;
	struct record *records;
};

struct thread {
	uint32_t tid; /* as the target knows it */
	uint64_t sp;  /* 0: it runs */
};

static bool read_record(const struct sut_target *target, uint64_t tcb, struct record *record)
{
	record->tcb = tcb;
	return tcb % ALIGN == 0 &&
	       sut_target_read(target, tcb, record->words, sizeof(record->words)) &&
	       record->self == tcb;
}

/* A thread's id as the process itself knows it: the last one of all namespaces. 0: it is gone. */
static uint32_t own_tid(const struct sut_target *target, pid_t tid)
{
	char status[8192];
	char *at, *end;
	unsigned long id = 0;

	if (sut_thread_files_read(target->files, target->tasks, tid, SUT_THREAD_STATUS, status,
				  sizeof(status)) < 0)
		return 0;
	at = strstr(status, "\nNSpid:");
	if (!at)
		return (uint32_t)tid; /* a kernel without namespaces */
	for (at += strlen("\nNSpid:"); *at == '\t'; at = end)
		id = strtoul(at, &end, 10);
	return (uint32_t)id;
}

/* All threads of the ring that leads through this one. false: it changed meanwhile, or is none. */
static bool read_ring(const struct sut_target *target, struct sut_arena *arena, uint64_t start,
		      struct ring *ring)
{
	uint64_t at = start, previous = 0;

	ring->count = 0;
	do {
		struct record record;

		if (ring->count == RING_MAX || !read_record(target, at, &record) ||
		    (previous && record.previous != previous))
			return false;
		SUT_PUSH(arena, ring->records, ring->count, ring->capacity) = record;
		previous = at;
		at = record.next;
	} while (at != start);
	return ring->records[0].previous == previous;
}

static const struct thread *find_tid(const struct thread *threads, size_t count, uint32_t tid)
{
	for (size_t i = 0; i < count; i++)
		if (threads[i].tid == tid)
			return &threads[i];
	return NULL;
}

/* Where all of them have the id of a thread; 0: nowhere. */
static uint64_t find_tid_offset(const struct ring *ring, const struct thread *threads, size_t count)
{
	for (size_t at = TID_FIRST / 4; at < 2 * RECORD_WORDS; at++) {
		size_t i = 0;

		while (i < ring->count && find_tid(threads, count, ring->records[i].halves[at]))
			i++;
		if (i == ring->count)
			return 4 * at;
	}
	return 0;
}

/*
 * {end, size} of a stack, in one piece of memory? If the thread sleeps there, this must be its
 * stack; if not, the record must lie behind it, as it does where the library made the stack.
 */
static bool is_stack(const struct sut_target *target, const struct record *record, size_t at,
		     uint64_t sp)
{
	uint64_t end = record->words[at], size = record->words[at + 1];
	const struct sut_map *map;

	if (size < STACK_MIN || size >= end)
		return false;
	map = sut_target_map(target, end - size);
	if (!map || !map->write || end > map->end)
		return false;
	if (sp >= end - size && sp < end)
		return true;
	return record->tcb >= end && record->tcb < map->end;
}

/* Where most of them have their stack; 0: nowhere. */
static uint64_t find_stack_offset(const struct sut_target *target, const struct ring *ring,
				  uint64_t tid_offset, const struct thread *threads, size_t count)
{
	uint64_t best = 0;
	size_t most = 0;

	for (size_t at = STACK_FIRST / 8; at + 1 < RECORD_WORDS; at++) {
		size_t fits = 0;

		for (size_t i = 0; i < ring->count; i++) {
			const struct record *record = &ring->records[i];
			const struct thread *thread =
				find_tid(threads, count, record->halves[tid_offset / 4]);

			fits += thread && is_stack(target, record, at, thread->sp);
		}
		if (fits > most) {
			most = fits;
			best = 8 * at;
		}
	}
	return best;
}

/* The threads that the kernel knows, with the stack pointers of those that sleep. */
static struct thread *read_threads(const struct sut_target *target, struct sut_arena *arena,
				   size_t *count)
{
	struct sut_thread_list list;
	struct sut_diag ignored;
	struct thread *threads;

	*count = 0;
	if (sut_thread_list(target, arena, &list, &ignored) != SUT_OK)
		return NULL;
	threads = sut_arena_array(arena, list.count, sizeof(*threads));
	for (size_t i = 0; i < list.count; i++) {
		struct sut_thread_state state;
		uint32_t tid = own_tid(target, list.tids[i]);

		sut_thread_state(target, list.tids[i], &state);
		if (tid)
			threads[(*count)++] = (struct thread){tid, state.sp};
	}
	return threads;
}

struct search {
	struct sut_thread_layout *layout;
	struct sut_arena arena;
	size_t count;
	struct thread *threads;
	bool unsteady; /* what may be a ring was changing */
};

/* The record of the thread that the process is named after, or NULL: it has ended. */
static const struct record *find_leader(const struct sut_target *target, const struct ring *ring,
					uint64_t tid_offset)
{
	uint32_t tid = own_tid(target, target->pid);

	for (size_t i = 0; i < ring->count; i++)
		if (ring->records[i].halves[tid_offset / 4] == tid)
			return &ring->records[i];
	return NULL;
}

/* One that is linked both ways, and whose whole ring has ids of our threads. */
static bool accept_record(const struct sut_target *target, uint64_t tcb, void *context)
{
	struct search *search = context;
	struct sut_thread_layout *layout = search->layout;
	struct record record, next;
	struct ring ring = {0};
	const struct record *leader;

	if (!read_record(target, tcb, &record) || !read_record(target, record.next, &next) ||
	    next.previous != tcb)
		return false;
	search->unsteady = true;
	if (!read_ring(target, &search->arena, tcb, &ring))
		return false;
	layout->tid_offset = find_tid_offset(&ring, search->threads, search->count);
	if (!layout->tid_offset)
		return false;
	layout->stack_offset = find_stack_offset(target, &ring, layout->tid_offset, search->threads,
						 search->count);
	leader = find_leader(target, &ring, layout->tid_offset);
	layout->ring = leader ? leader->tcb : tcb;
	layout->main_tcb = leader ? leader->tcb : 0;
	/* The child of a fork by another thread goes on on that one's stack. */
	if (leader && layout->stack_offset &&
	    is_stack(target, leader, layout->stack_offset / 8,
		     find_tid(search->threads, search->count,
			      leader->halves[layout->tid_offset / 4])
			     ->sp))
		layout->main_tcb = 0;
	/* Where the main thread has ended all others are there: a dead one's record is a ring, too.
	 */
	return leader || ring.count + 1 == search->count;
}

bool sut_musl_layout(const struct sut_target *target, struct sut_thread_layout *layout)
{
	struct search search = {.layout = layout, .unsteady = true};
	bool found = false;

	/* Threads that are born or die meanwhile are on one of the lists only. */
	for (int i = 0; i < TRIES && search.unsteady && !found; i++) {
		search.unsteady = false;
		search.threads = read_threads(target, &search.arena, &search.count);
		found = search.count &&
			sut_thread_find_any(target, true, ALIGN, accept_record, &search);
		sut_arena_deinit(&search.arena);
	}
	layout->home = found ? SUT_RT_HOME_TABLE : SUT_RT_HOME_TCB;
	layout->bounds = found ? SUT_RT_BOUNDS_END : SUT_RT_BOUNDS_LOW;
	return found;
}

/* A thread's record, along the ring. Allocates nothing, for the thread may be in a stop of ours. */
static bool find_record(const struct sut_target *target, const struct sut_thread_layout *layout,
			uint32_t tid, struct record *record)
{
	uint64_t at = layout->ring;

	for (int i = 0; i < RING_MAX && read_record(target, at, record); i++) {
		if (record->halves[layout->tid_offset / 4] == tid)
			return true;
		at = record->next;
		if (at == layout->ring)
			break;
	}
	return false;
}

uint64_t sut_musl_tcb(const struct sut_target *target, const struct sut_thread_layout *layout,
		      pid_t tid)
{
	uint32_t own = own_tid(target, tid);
	struct record record;

	return own && find_record(target, layout, own, &record) ? record.tcb : 0;
}

struct owner {
	uint32_t tid;
	uint64_t tid_offset;
	struct record record;
};

static bool accept_owner(const struct sut_target *target, uint64_t tcb, void *context)
{
	struct owner *owner = context;

	return read_record(target, tcb, &owner->record) &&
	       owner->record.halves[owner->tid_offset / 4] == owner->tid;
}

static void stack_of(const struct record *record, const struct sut_thread_layout *layout,
		     struct sut_thread_stack *stack)
{
	uint64_t end = record->words[layout->stack_offset / 8];
	uint64_t size = record->words[layout->stack_offset / 8 + 1];

	*stack = (struct sut_thread_stack){record->tcb, end - size, end & ~UINT64_C(7)};
}

bool sut_musl_stack(const struct sut_target *target, const struct sut_thread_layout *layout,
		    pid_t tid, uint64_t sp, struct sut_thread_stack *stack)
{
	struct owner owner = {.tid = own_tid(target, tid), .tid_offset = layout->tid_offset};
	const struct sut_map *map = sut_target_map(target, sp);

	if (!owner.tid || !layout->stack_offset)
		return false;
	/*
	 * Mostly the record lies behind the stack, and the ring may be long. But the stack of a
	 * thread that was born after the maps were read is not in them.
	 */
	if (!(map && sut_thread_find_tcb(target, sp, map->end, ALIGN, accept_owner, &owner)) &&
	    !find_record(target, layout, owner.tid, &owner.record))
		return false;
	stack_of(&owner.record, layout, stack);
	return sp >= stack->low && sp < stack->high;
}

bool sut_musl_own_stack(const struct sut_target *target, const struct sut_thread_layout *layout,
			uint64_t tcb, struct sut_thread_stack *stack)
{
	struct record record;

	if (!layout->stack_offset || !read_record(target, tcb, &record))
		return false;
	stack_of(&record, layout, stack);
	return stack->low < stack->high;
}
