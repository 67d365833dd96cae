// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decisions of threads whose words are in a table. They are taken here by the test itself, with
 * stacks and tables that are arrays. (glibc's control block has a pointer to itself at fs:0, too.)
 */
#include "process/rt/decide.c"
#include "base/tap.h"

#include <pthread.h>
#include <string.h>

enum { MARK = 0x1000, WORDS = 64, SLOTS = 8 };

/* Addresses of code; nothing lies there. */
enum { OLD_LOW = 0x10000, OLD_HIGH = 0x10100, NEW_LOW = 0x20000, NEW_HIGH = 0x20100 };

static const struct sut_rt_range ranges[] = {
	{OLD_LOW, OLD_HIGH, SUT_RT_RANGE_OLD, 0},
	{NEW_LOW, NEW_HIGH, SUT_RT_RANGE_NEW, 0},
};

static uint64_t stack[WORDS];
static struct sut_rt_slot slots[SLOTS];

/* Armed, forward, an undecided thread, a clean stack, an empty table. */
static struct sut_rt_transition begin(void)
{
	uint64_t tcb;

	__asm__("movq %%fs:0, %0" : "=r"(tcb));
	memset(stack, 0, sizeof(stack));
	memset(slots, 0, sizeof(slots));
	return (struct sut_rt_transition){
		.mark_new = MARK,
		.mark_old = MARK + 1,
		.armed = 1,
		.ranges = (uint64_t)ranges,
		.range_count = sizeof(ranges) / sizeof(ranges[0]),
		.low = OLD_LOW,
		.high = NEW_HIGH,
		.home = SUT_RT_HOME_TABLE,
		.slots = (uint64_t)slots,
		.slot_count = SLOTS,
		.main_tcb = tcb,
		.main_low = (uint64_t)stack,
		.main_high = (uint64_t)(stack + WORDS),
	};
}

static uint32_t ask(struct sut_rt_transition *t)
{
	return sut_rt_decide(t, (uint64_t)stack, 0);
}

static size_t count_key(uint64_t key)
{
	size_t count = 0;

	for (size_t i = 0; i < SLOTS; i++)
		count += slots[i].key == key;
	return count;
}

static void test_found(void)
{
	struct sut_rt_transition t = begin();
	struct sut_rt_thread *own;

	stack[40] = OLD_LOW + 8;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(count_key(t.main_tcb), 1);
	own = words_of(&t, t.main_tcb);
	CHECK_EQUAL(own->answer, 2);
	stack[40] = 0;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(own->mark, MARK);
	CHECK_EQUAL(count_key(t.main_tcb), 1);
}

/* As in a thunk, what lies on its stack is not asked about. */
static void test_gone_over(void)
{
	struct sut_rt_transition t = begin();

	CHECK_EQUAL(ask(&t), NEW);
	stack[40] = OLD_LOW + 8;
	CHECK_EQUAL(ask(&t), NEW);
	t.dir = 1;
	stack[40] = NEW_LOW + 8;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(t.closing, 2);
	stack[40] = 0;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(t.closing, 2);
}

/* Up to the last slot, and on from the first. */
static void test_collisions(void)
{
	struct sut_rt_transition t = begin();
	struct sut_rt_thread *found[SLOTS];
	uint64_t keys[SLOTS], key = 16;

	for (size_t i = 0; i < SLOTS; key += 16)
		if (sut_rt_slot(key, SLOTS) == SLOTS - 2)
			keys[i++] = key;
	for (size_t i = 0; i < SLOTS; i++)
		found[i] = words_of(&t, keys[i]);
	for (size_t i = 0; i < SLOTS; i++) {
		CHECK(found[i] != NULL);
		CHECK(words_of(&t, keys[i]) == found[i]);
		CHECK_EQUAL(count_key(keys[i]), 1);
	}
	CHECK(!words_of(&t, key));
}

/* Such a thread stays where it is, cannot be marked, and is let over when it is all over. */
static void test_full(void)
{
	struct sut_rt_transition t = begin();

	for (size_t i = 0; i < SLOTS; i++)
		slots[i].key = 16 * (i + 1);
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(t.unplaced, 1);
	CHECK_EQUAL(t.foreign, 0);
	CHECK_EQUAL(t.closing, 2);
	t.dir = 1;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(t.unplaced, 1);
	t.dir = 0;
	t.closing = 3;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(t.closing, 3);
}

enum { RACERS = 4, KEYS = 512, RACE_SLOTS = 1024 };
static struct sut_rt_slot race_slots[RACE_SLOTS];
static struct sut_rt_thread *race_found[RACERS][KEYS];

static void *race(void *found)
{
	struct sut_rt_transition t = {.slots = (uint64_t)race_slots, .slot_count = RACE_SLOTS};

	for (uint64_t i = 0; i < KEYS; i++)
		((struct sut_rt_thread **)found)[i] = words_of(&t, 0x7f0000000000 + 0x23000 * i);
	return NULL;
}

/* As a thread and its handlers do, and many threads at once. */
static void test_race(void)
{
	pthread_t threads[RACERS];
	size_t used = 0;

	for (int i = 0; i < RACERS; i++)
		CHECK_EQUAL(pthread_create(&threads[i], NULL, race, race_found[i]), 0);
	for (int i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < RACE_SLOTS; i++)
		used += race_slots[i].key != 0;
	CHECK_EQUAL(used, KEYS);
	for (int k = 0; k < KEYS; k++)
		for (int i = 0; i < RACERS; i++)
			CHECK(race_found[i][k] && race_found[i][k] == race_found[0][k]);
}

static void test_one(void)
{
	struct sut_rt_transition t = begin();

	t.home = SUT_RT_HOME_ONE;
	t.main_tcb = SUT_RT_KEY_ONE;
	CHECK_EQUAL(sut_rt_decide(&t, (uint64_t)(stack + WORDS), 0), OLD);
	CHECK_EQUAL(t.foreign, 1);
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(count_key(SUT_RT_KEY_ONE), 1);
	/* The main thread's mark is not that of whoever has the other stack. */
	CHECK_EQUAL(sut_rt_decide(&t, (uint64_t)(stack + WORDS), 0), OLD);
}

static void test_bounds(void)
{
	uint64_t record[4] = {0, 0, (uint64_t)(stack + 32), 16 * sizeof(stack[0])};
	struct sut_rt_transition t = {.bounds = SUT_RT_BOUNDS_END, .stack_offset = 16};
	uint64_t tcb = (uint64_t)record;

	CHECK_EQUAL(own_stack_end(&t, tcb, (uint64_t)(stack + 16)), record[2]);
	CHECK_EQUAL(own_stack_end(&t, tcb, (uint64_t)(stack + 31)), record[2]);
	CHECK_EQUAL(own_stack_end(&t, tcb, (uint64_t)(stack + 32)), 0);
	CHECK_EQUAL(own_stack_end(&t, tcb, (uint64_t)(stack + 15)), 0);
	t.stack_offset = 0; /* not known */
	CHECK_EQUAL(own_stack_end(&t, tcb, (uint64_t)(stack + 16)), 0);
}

static const struct sut_tap_test tests[] = {
	{"a thread puts itself in once, and finds its words again", test_found},
	{"one that has gone over is not looked at again", test_gone_over},
	{"keys that begin at one slot do not meet", test_collisions},
	{"a thread that the table has no room for is answered old, counted", test_full},
	{"threads at once put each key in once", test_race},
	{"where only the main stack is known, all others are foreign", test_one},
	{"an own stack by its end and its size", test_bounds},
};

SUT_TAP_MAIN(tests)
