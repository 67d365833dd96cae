// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Operations that a thread of the target carries out for the controller. Each runs to its end
 * without the controller: that one may die at any moment, and what it sent is then done whole or
 * not at all.
 *
 * Text is changed here, not from outside, because a write through /proc/PID/mem is not atomic (it
 * tears even within an aligned word) while a store of this thread is. The page is writable and
 * executable for the moment of the store: others go on running in it.
 */
#include "process/rt/layout.h"

enum {
	SYS_MMAP = 9,
	SYS_MPROTECT = 10,
	SYS_MUNMAP = 11,
	SYS_CLOCK_GETTIME = 228,

	PROT_RX = 5,
	PROT_RWX = 7,
	MAP_PRIVATE_ANONYMOUS_FIXED_NOREPLACE = 0x2 | 0x20 | 0x100000,

	PAGE = 4096,
};

void sut_rt_run(struct sut_rt_frame *frame);

static int64_t syscall6(int64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
			uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	int64_t result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static int64_t map_all(const struct sut_rt_map *maps, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		int64_t at = syscall6(SYS_MMAP, maps[i].address, maps[i].size, maps[i].prot,
				      MAP_PRIVATE_ANONYMOUS_FIXED_NOREPLACE, (uint64_t)-1, 0);

		if (at == (int64_t)maps[i].address)
			continue;
		if (at > 0) /* a kernel without NOREPLACE took it for a hint */
			syscall6(SYS_MUNMAP, (uint64_t)at, maps[i].size, 0, 0, 0, 0);
		while (i--)
			syscall6(SYS_MUNMAP, maps[i].address, maps[i].size, 0, 0, 0, 0);
		return at < 0 ? at : -17; /* EEXIST */
	}
	return SUT_RT_DONE;
}

/* One word by one store; a word that has the wanted value already is done (a repeated operation).
 */
static int64_t store_word(uint64_t address, uint64_t expect, uint64_t value)
{
	uint64_t *word = (uint64_t *)address;
	uint64_t page = address & ~(uint64_t)(PAGE - 1);
	int64_t rc = syscall6(SYS_MPROTECT, page, PAGE, PROT_RWX, 0, 0, 0);
	uint64_t seen = expect;

	if (rc < 0)
		return rc;
	rc = SUT_RT_DONE;
	if (!__atomic_compare_exchange_n(word, &seen, value, 0, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST) &&
	    seen != value)
		rc = SUT_RT_CHANGED;
	syscall6(SYS_MPROTECT, page, PAGE, PROT_RX, 0, 0, 0);
	return rc;
}

/* All words of a list, or none. */
static int64_t store_list(const struct sut_rt_transition *t, enum sut_rt_list which)
{
	const struct sut_rt_word *words = (const struct sut_rt_word *)t->list[which];

	for (uint64_t i = 0; i < t->list_count[which]; i++) {
		int64_t rc = store_word(words[i].address, words[i].expect, words[i].value);

		if (rc == SUT_RT_DONE)
			continue;
		while (i--)
			store_word(words[i].address, words[i].value, words[i].expect);
		return rc;
	}
	return SUT_RT_DONE;
}

enum { CLOCK_REAL = 0, CLOCK_MONO = 1 };

static uint64_t now_ns(uint64_t clock)
{
	uint64_t ts[2] = {0, 0};

	syscall6(SYS_CLOCK_GETTIME, clock, (uint64_t)ts, 0, 0, 0, 0);
	return ts[0] * 1000000000u + ts[1];
}

/* Entries become thunks while armed is 0; the one store of armed is last. */
static int64_t commit(const struct sut_rt_frame *frame)
{
	struct sut_rt_control *control = (struct sut_rt_control *)frame->control;
	struct sut_rt_transition *t = (struct sut_rt_transition *)frame->argument;
	struct sut_rt_patch *patch = (struct sut_rt_patch *)t->patch;
	uint64_t previous = patch->transition;
	uint32_t state = patch->state;
	int64_t rc;

	if (control->transition && control->transition != (uint64_t)t)
		return -16; /* EBUSY */
	/* From here a successor of a dead controller finds the transition and can go on. */
	patch->transition = (uint64_t)t;
	control->transition = (uint64_t)t;
	if (state == SUT_RT_LOADED) {
		patch->next = control->patches;
		control->patches = t->patch;
	}
	patch->state = (uint32_t)frame->state_after;
	rc = store_list(t, SUT_RT_LIST_COMMIT);
	if (rc == SUT_RT_DONE) {
		t->started_ns = now_ns(CLOCK_REAL);
		__atomic_store_n(&t->armed, 1, __ATOMIC_SEQ_CST);
		return SUT_RT_DONE;
	}
	/* Not armed: thunks gave the version that the entries lead to again. Nothing happened. */
	patch->state = state;
	patch->transition = previous;
	control->transition = 0;
	if (state == SUT_RT_LOADED)
		control->patches = patch->next;
	return rc;
}

/* Only when nobody gave a source answer since the controller began to look. */
static int64_t close_transition(const struct sut_rt_frame *frame)
{
	struct sut_rt_control *control = (struct sut_rt_control *)frame->control;
	struct sut_rt_transition *t = (struct sut_rt_transition *)frame->argument;
	uint64_t expect = frame->expect;
	int64_t rc;

	if (!(expect & 1) && !__atomic_compare_exchange_n(&t->closing, &expect, expect | 1, 0,
							  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return SUT_RT_LOST;
	/* Closed for good. Until the entries are direct, thunks answer with the target version. */
	rc = store_list(t, t->dir ? SUT_RT_LIST_BACK : SUT_RT_LIST_FORWARD);
	if (rc != SUT_RT_DONE)
		return rc;
	((struct sut_rt_patch *)t->patch)->state = (uint32_t)frame->state_after;
	control->transition = 0;
	return SUT_RT_DONE;
}

void sut_rt_run(struct sut_rt_frame *frame)
{
	__atomic_store_n(&frame->state, SUT_RT_FRAME_RUNNING, __ATOMIC_SEQ_CST);
	switch (frame->op) {
	case SUT_RT_OP_MAP:
		frame->result = map_all(frame->maps, frame->count);
		break;
	case SUT_RT_OP_COMMIT:
		frame->result = commit(frame);
		break;
	case SUT_RT_OP_CLOSE:
		frame->result = close_transition(frame);
		break;
	default:
		frame->result = -22; /* EINVAL */
		break;
	}
	frame->finished_ns = now_ns(CLOCK_MONO);
	__atomic_store_n(&frame->state, SUT_RT_FRAME_DONE, __ATOMIC_SEQ_CST);
}
