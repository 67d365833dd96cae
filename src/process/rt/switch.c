// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How the core's transitions are carried out in a process: entries become thunks, threads go over
 * by themselves (decide.c), and the transition ends when the controller has seen everybody outside
 * the version that is left.
 *
 * Text is changed here, not from outside, because a write through /proc/PID/mem is not atomic (it
 * tears even within an aligned word) while a store of this thread is. The page is writable and
 * executable for the moment of the store: others go on running in it.
 */
#include "process/rt/inside.h"

#include <linux/errno.h>

enum { PROT_RX = 5, PROT_RWX = 7, PAGE = 4096 };

static struct sut_rt_control *control_of(struct sut_core *core)
{
	return (struct sut_rt_control *)((char *)core - offsetof(struct sut_rt_control, core));
}

static struct sut_rt_transition *transition_of(struct sut_core *core)
{
	return (struct sut_rt_transition *)control_of(core)->transition;
}

/*
 * Pages that can be written now. Words of a list mostly lie side by side, in text and in pun pages
 * by turns, and a change of protection takes longer than all stores to a page.
 */
struct open_pages {
	uint64_t page[2];
	unsigned int next;
};

static int64_t open_page(struct open_pages *open, uint64_t page)
{
	int64_t rc;

	if (open->page[0] == page || open->page[1] == page)
		return 0;
	if (open->page[open->next])
		sut_rt_mprotect(open->page[open->next], PAGE, PROT_RX);
	open->page[open->next] = 0;
	rc = sut_rt_mprotect(page, PAGE, PROT_RWX);
	if (rc < 0)
		return rc;
	open->page[open->next] = page;
	open->next ^= 1;
	return 0;
}

static void close_pages(struct open_pages *open)
{
	for (int i = 0; i < 2; i++)
		if (open->page[i])
			sut_rt_mprotect(open->page[i], PAGE, PROT_RX);
}

/*
 * Its object may have gone, and somebody else's memory may be there: not even the protection of a
 * page is changed that does not hold what is expected.
 */
static int64_t look_first(const struct open_pages *open, uint64_t address, uint64_t expect,
			  uint64_t value)
{
	uint64_t page = address & ~(uint64_t)(PAGE - 1), seen;

	if (open->page[0] == page || open->page[1] == page)
		return SUT_RT_DONE;
	if (!sut_rt_readable(address))
		return -EFAULT;
	seen = __atomic_load_n((const uint64_t *)address, __ATOMIC_SEQ_CST);
	return seen == expect || seen == value ? SUT_RT_DONE : SUT_RT_CHANGED;
}

/* By one store; a word that has the wanted value already is done (a repeated operation). */
static int64_t store_word(struct open_pages *open, uint64_t address, uint64_t expect,
			  uint64_t value)
{
	uint64_t *word = (uint64_t *)address;
	int64_t rc = look_first(open, address, expect, value);
	uint64_t seen = expect;

	if (rc == SUT_RT_DONE)
		rc = open_page(open, address & ~(uint64_t)(PAGE - 1));
	if (rc != SUT_RT_DONE)
		return rc;
	if (__atomic_compare_exchange_n(word, &seen, value, 0, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST) ||
	    seen == value)
		return SUT_RT_DONE;
	return SUT_RT_CHANGED;
}

int64_t sut_rt_store_word(uint64_t address, uint64_t expect, uint64_t value)
{
	struct open_pages open = {{0}, 0};
	int64_t rc = store_word(&open, address, expect, value);

	close_pages(&open);
	return rc;
}

static struct sut_rt_swap *swaps_of(const struct sut_rt_transition *t, int which)
{
	return (struct sut_rt_swap *)t->swaps[which];
}

static int64_t put_in(struct sut_rt_swap *swap)
{
	int64_t rc = swap->copy ? sut_rt_move_page(swap->copy, swap->page) : 0;

	if (rc < 0)
		return rc;
	swap->copy = 0;
	return SUT_RT_DONE;
}

/* Is the word one of the list, and as it was or will be? */
static bool may_change(const struct sut_rt_transition *t, enum sut_rt_list which, uint64_t address,
		       uint64_t seen)
{
	const struct sut_rt_word *words = (const struct sut_rt_word *)t->list[which];

	for (uint64_t i = 0; i < t->list_count[which]; i++)
		if (words[i].address == address)
			return seen == words[i].expect || seen == words[i].value;
	return false;
}

/* The page differs from its copy in the list's words only: nobody else has changed it since. */
static bool is_expected(const struct sut_rt_transition *t, enum sut_rt_list which,
			const struct sut_rt_swap *swap)
{
	const uint64_t *page = (const uint64_t *)swap->page, *copy = (const uint64_t *)swap->copy;

	if (copy && !sut_rt_readable(swap->page))
		return false;
	for (uint64_t i = 0; copy && i < PAGE / sizeof(*page); i++) {
		uint64_t seen = __atomic_load_n(&page[i], __ATOMIC_SEQ_CST);

		if (seen != copy[i] && !may_change(t, which, (uint64_t)&page[i], seen))
			return false;
	}
	return true;
}

/* Text that may not be written: whole pages that hold the words. */
static int64_t swap_list(const struct sut_rt_transition *t, enum sut_rt_list which)
{
	for (uint64_t i = 0; i < t->swap_count[which]; i++)
		if (!is_expected(t, which, &swaps_of(t, which)[i]))
			return SUT_RT_CHANGED;
	for (uint64_t i = 0; i < t->swap_count[which]; i++) {
		int64_t rc = put_in(&swaps_of(t, which)[i]);

		if (rc == SUT_RT_DONE)
			continue;
		while (which == SUT_RT_LIST_COMMIT && i--)
			put_in(&swaps_of(t, SUT_RT_SWAPS_UNDO)[i]);
		return rc;
	}
	return SUT_RT_DONE;
}

/* Pages that are for another way of ending. */
static void drop_swaps(struct sut_rt_transition *t, int which)
{
	for (uint64_t i = 0; i < t->swap_count[which]; i++) {
		uint64_t copy = swaps_of(t, which)[i].copy;

		swaps_of(t, which)[i].copy = 0;
		if (copy)
			sut_rt_munmap(copy, PAGE);
	}
	t->swap_count[which] = 0;
}

static void drop_all_swaps(struct sut_rt_transition *t)
{
	for (int which = 0; which < SUT_RT_SWAPS_COUNT; which++)
		drop_swaps(t, which);
	if (t->swap_table)
		sut_rt_munmap(t->swap_table, t->swap_table_size);
	t->swap_table = 0;
}

/* All words of a list, or none. */
static int64_t store_list(const struct sut_rt_transition *t, enum sut_rt_list which)
{
	const struct sut_rt_word *words = (const struct sut_rt_word *)t->list[which];

	struct open_pages open = {{0}, 0};
	int64_t rc = SUT_RT_DONE;

	if (t->swap_count[which])
		return swap_list(t, which);
	for (uint64_t i = 0; i < t->list_count[which]; i++) {
		if (!words[i].address) /* it went with its object */
			continue;
		rc = store_word(&open, words[i].address, words[i].expect, words[i].value);
		if (rc == SUT_RT_DONE)
			continue;
		while (i--)
			store_word(&open, words[i].address, words[i].value, words[i].expect);
		break;
	}
	close_pages(&open);
	return rc;
}

/* From here a successor of a dead controller finds the transition and can go on. */
static void begin(struct sut_core *core)
{
	struct sut_rt_control *control = control_of(core);
	struct sut_rt_transition *t = (struct sut_rt_transition *)control->planned;
	struct sut_rt_patch *patch = (struct sut_rt_patch *)t->patch;

	control->slots = t->slots;
	control->slot_count = t->slot_count;
	control->transition = control->planned;
	patch->transition = control->planned;
	patch->state = t->enables ? SUT_RT_APPLYING : SUT_RT_REVERTING;
	sut_rt_late_begin(control, t);
}

/* Entries become thunks while armed is 0: those answer old, and nobody is marked. */
static int prepare(struct sut_core *core)
{
	struct sut_rt_control *control = control_of(core);
	int64_t rc;

	__atomic_store_n(&control->stage, SUT_RT_PREPARING, __ATOMIC_SEQ_CST);
	rc = store_list(transition_of(core), SUT_RT_LIST_COMMIT);
	__atomic_store_n(&control->stage, SUT_RT_WORKING, __ATOMIC_SEQ_CST);
	if (rc == SUT_RT_DONE)
		return 0;
	control->failure = SUT_RT_FAILED_TEXT;
	return rc == SUT_RT_CHANGED ? -ESTALE : (int)rc;
}

/* The one store of armed is last. */
static void start(struct sut_core *core)
{
	struct sut_rt_transition *t = transition_of(core);

	t->started_ns = sut_rt_now_ns(SUT_RT_CLOCK_REAL);
	__atomic_store_n(&t->armed, 1, __ATOMIC_SEQ_CST);
}

/* The word that decisions read is first; the copies only send threads to a decision. */
static void reverse(struct sut_core *core)
{
	struct sut_rt_transition *t = transition_of(core);
	uint8_t *const *copies = (uint8_t *const *)t->dir_copies;

	__atomic_store_n(&t->dir, 1, __ATOMIC_SEQ_CST);
	for (uint64_t i = 0; i < t->dir_copy_count; i++)
		__atomic_store_n(copies[i], 1, __ATOMIC_SEQ_CST);
	sut_rt_late_reverse(control_of(core));
}

/*
 * Only when nobody gave a source answer since the controller began to look. Closed for good: until
 * the entries are as they will be, thunks answer with the target version.
 */
static bool attempt(struct sut_core *core)
{
	struct sut_rt_control *control = control_of(core);
	struct sut_rt_transition *t = transition_of(core);
	uint64_t expect = control->expect;

	if (!control->may_close)
		return false;
	control->close_result = SUT_RT_LOST;
	if (!(__atomic_load_n(&t->closing, __ATOMIC_SEQ_CST) & 1)) {
		if (!__atomic_compare_exchange_n(&t->closing, &expect, expect | 1, 0,
						 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return false;
		/* Without an entry that changes nobody has been looked at. */
		if (t->list_count[SUT_RT_LIST_COMMIT])
			control->proved = t->mark_new;
	}
	control->close_result = store_list(t, t->dir ? SUT_RT_LIST_BACK : SUT_RT_LIST_FORWARD);
	if (control->close_result == SUT_RT_DONE)
		control->close_result = sut_rt_late_end(control, t->dir);
	return control->close_result == SUT_RT_DONE;
}

/* Whoever is inside the version that is left stays there until it returns. */
static void force(struct sut_core *core)
{
	struct sut_rt_control *control = control_of(core);
	struct sut_rt_transition *t = transition_of(core);

	control->forced = 1;
	control->may_close = 1;
	t->list[SUT_RT_LIST_FORWARD] = t->list[SUT_RT_LIST_FORCED];
	t->list_count[SUT_RT_LIST_FORWARD] = t->list_count[SUT_RT_LIST_FORCED];
	drop_swaps(t, SUT_RT_LIST_FORWARD);
	t->swaps[SUT_RT_LIST_FORWARD] = t->swaps[SUT_RT_LIST_FORCED];
	t->swap_count[SUT_RT_LIST_FORWARD] = t->swap_count[SUT_RT_LIST_FORCED];
	t->swap_count[SUT_RT_LIST_FORCED] = 0;
	__atomic_fetch_or(&t->closing, 1, __ATOMIC_SEQ_CST);
}

/* No later transition counts the same numbers: certificates of this one are void in all of them. */
static void finish(struct sut_core *core)
{
	struct sut_rt_control *control = control_of(core);
	struct sut_rt_transition *t = transition_of(core);

	drop_all_swaps(t);
	control->closing_next = (t->closing | 1) + 1;
	/* Its memory will be another one's. */
	((struct sut_rt_patch *)t->patch)->transition = 0;
	control->transition = 0;
}

void sut_rt_switch_init(struct sut_rt_control *control)
{
	struct sut_core_switch *s = &control->switching;

	s->begin = begin;
	s->prepare = prepare;
	s->start = start;
	s->reverse = reverse;
	s->attempt = attempt;
	s->force = force;
	s->finish = finish;
}
