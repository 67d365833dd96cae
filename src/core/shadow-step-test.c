// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every interleaving of a lookup with writers, as far as one can be told from another. The
 * processor steps through one side instruction by instruction, and between any two of them a signal
 * handler is the other side: a writer that comes while a lookup is stopped there, or a lookup, or
 * the child of a fork, that meets a writer's half-done work.
 */
#include "base/tap.h"
#include "core/shadow-memory.h"
#include "core/shadow-sample.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum {
	TRAP_FLAG = 0x100,
	CHAIN = 5,
	USED_MAX = 32 * 1024, /* of the first chunk, by any test here */
};

static struct sut_shadow_sample sample;
static struct sut_shadow_store *const store = &sample.store;

/* Objects of id 7 in one bucket of the table of 64. The last one has no variable. */
static void *chain[CHAIN];

/* Called between any two instructions; false: that was enough. */
static bool (*at_step)(void);
static unsigned int steps;

static void on_trap(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	steps++;
	if (!at_step || !at_step())
		((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

static void steps_begin(bool (*function)(void))
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	sigaction(SIGTRAP, &action, NULL);
	at_step = function;
	steps = 0;
	__asm__ volatile("pushfq\n\t"
			 "orq %0, (%%rsp)\n\t"
			 "popfq"
			 :
			 : "i"(TRAP_FLAG)
			 : "memory", "cc");
}

static void steps_end(void)
{
	__atomic_store_n(&at_step, NULL, __ATOMIC_SEQ_CST);
}

static void *object(size_t n)
{
	return (void *)(n * 48 + 1);
}

static void *add(void *obj, unsigned long id)
{
	return sut_shadow_alloc(store, obj, id, 8, NULL, NULL);
}

static size_t bucket_of(const void *obj)
{
	for (size_t i = 0; i < 64; i++)
		if (sut_shadow_buckets(store->table)[i]->obj == obj)
			return i;
	return 64;
}

static void find_chain(void)
{
	size_t found = 0, bucket = 64;

	sut_shadow_sample_init(&sample, 0);
	for (size_t i = 1; found < CHAIN; i++) {
		bool ok = add(object(i), 7);

		if (found == 0)
			bucket = bucket_of(object(i));
		if (ok && bucket < 64 && bucket_of(object(i)) == bucket)
			chain[found++] = object(i);
		sut_shadow_free(store, object(i), 7, NULL);
	}
	sut_shadow_sample_deinit(&sample);
}

static void begin(void)
{
	sut_shadow_sample_init(&sample, SIZE_MAX);
	for (size_t i = 0; i < CHAIN - 1; i++)
		CHECK(add(chain[i], 7));
	CHECK(add(object(5000), 6));
}

static void end(void)
{
	sut_shadow_sample_deinit(&sample);
}

/* The host lies when it proves here: a lookup is stopped. The lookup must be right all the same. */
static void prove(void)
{
	sut_shadow_prove(store, sut_shadow_epoch(store));
}

/* The table of 64 becomes one of 128, 16 variables after it was half full. */
static void grow(void)
{
	for (size_t i = 0; i < 50; i++)
		CHECK(add(object(6000 + i), 9));
}

/* It becomes one of 256: the first links are used again. */
static void grow_again(void)
{
	for (size_t i = 0; i < 60; i++)
		CHECK(add(object(7000 + i), 9));
}

static void grow_twice(void)
{
	grow();
	grow_again();
}

static void use_again_elsewhere(void)
{
	sut_shadow_free(store, chain[2], 7, NULL);
	prove();
	CHECK(add(object(5001), 8));
	CHECK(add(object(5002), 8));
}

static void use_again_in_the_same_chain(void)
{
	sut_shadow_free(store, chain[1], 7, NULL);
	prove();
	CHECK(add(chain[1], 7));
}

static void use_again_with_half_the_key(void)
{
	sut_shadow_free(store, chain[0], 7, NULL);
	sut_shadow_free(store, chain[3], 7, NULL);
	prove();
	CHECK(add(chain[CHAIN - 1], 8));
	CHECK(add(chain[0], 8));
	CHECK(add(object(5003), 7));
}

static void free_all(void)
{
	sut_shadow_free_all(store, 7, NULL);
	prove();
	grow();
}

static void grow_and_free(void)
{
	grow();
	use_again_elsewhere();
	grow_again();
	prove();
	use_again_in_the_same_chain();
}

static unsigned int stop_at;
static void (*writer)(void);

static bool write_once(void)
{
	if (steps < stop_at)
		return true;
	writer();
	return false;
}

/* Is the answer of a lookup right that was stopped, at any instruction, while `writer` ran? */
static void stop_lookup(void *obj, unsigned long id, void (*during)(void), bool freed)
{
	bool stopped = true;

	writer = during;
	for (stop_at = 1; stopped; stop_at++) {
		void *before, *after, *got;

		begin();
		before = sut_shadow_get(store, obj, id);
		steps_begin(write_once);
		got = sut_shadow_get(store, obj, id);
		steps_end();
		stopped = steps == stop_at;
		after = sut_shadow_get(store, obj, id);
		CHECK(got == before || (stopped && got == after) || (freed && !got));
		end();
	}
	CHECK(stop_at > 20);
}

static void a_stopped_lookup_is_right(void)
{
	static const struct {
		void (*during)(void);
		unsigned int freed; /* bits of chain elements */
	} writers[] = {
		{grow, 0},
		{grow_twice, 0},
		{use_again_elsewhere, 1 << 2},
		{use_again_in_the_same_chain, 1 << 1},
		{use_again_with_half_the_key, 1 << 0 | 1 << 3},
		{free_all, 15},
		{grow_and_free, 1 << 1 | 1 << 2},
	};

	for (size_t w = 0; w < sizeof(writers) / sizeof(writers[0]); w++) {
		for (size_t i = 0; i < CHAIN; i++) {
			stop_lookup(chain[i], 7, writers[w].during, writers[w].freed >> i & 1);
			stop_lookup(chain[i], 8, writers[w].during, false);
		}
		stop_lookup(object(5000), 6, writers[w].during, false);
	}
}

/* What is there before, during and after what a writer does. */
static void *stable[CHAIN];
static unsigned int forks;

static bool look(void)
{
	for (size_t i = 0; i < CHAIN; i++)
		if (stable[i])
			CHECK(sut_shadow_get(store, chain[i], 7) == stable[i]);
	CHECK(!sut_shadow_get(store, chain[0], 11));
	CHECK(!sut_shadow_get(store, store->chunk, 7));
	return true;
}

/* In the child of a fork: may it go on from here? */
static void go_on(void)
{
	sut_tap_failed = false;
	pthread_mutex_init(&sample.mutex, NULL);
	sut_shadow_repair(store);
	sample.locked = false;
	look();
	CHECK(add(chain[CHAIN - 1], 12));
	grow_again();
	for (unsigned long id = 0; id < 15; id++)
		sut_shadow_free_all(store, id, NULL);
	CHECK(store->count == 0 && store->nodes == 0);
	CHECK(!sut_shadow_get(store, chain[0], 7));
	CHECK(add(chain[0], 7));
	fflush(stdout);
	_exit(sut_tap_failed);
}

/* Has the writer changed anything since the last look? */
static bool has_changed(void)
{
	static unsigned char seen[sizeof(*store) + USED_MAX];
	unsigned char now[sizeof(seen)];

	memcpy(now, store, sizeof(*store));
	memcpy(now + sizeof(*store), sample.maps[0], USED_MAX);
	if (memcmp(seen, now, sizeof(now)) == 0)
		return false;
	memcpy(seen, now, sizeof(now));
	return true;
}

static bool fork_here(void)
{
	int status = -1;
	pid_t child;

	if (!sample.locked || !has_changed())
		return true;
	forks++;
	fflush(stdout);
	child = fork();
	if (child == 0)
		go_on();
	CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	return true;
}

static void add_one(void)
{
	CHECK(add(object(5001), 8));
}

static void fill(size_t nodes)
{
	while (store->nodes < nodes)
		CHECK(add(object(8000 + store->nodes), 10));
}

/* One more, and the table begins to grow. */
static void fill_for_begin(void)
{
	fill(31);
	CHECK(!store->larger);
}

static void fill_for_middle(void)
{
	fill(40);
	CHECK_EQUAL(store->moved, 32);
}

static void fill_for_end(void)
{
	fill(47);
	CHECK_EQUAL(store->moved, 60);
}

static void free_one(void)
{
	sut_shadow_free(store, chain[2], 7, NULL);
}

static void free_all_of_chain(void)
{
	sut_shadow_free_all(store, 7, NULL);
}

static void free_one_of_one(void)
{
	sut_shadow_free(store, object(5000), 6, NULL);
}

static int refuse(void *obj, void *data, void *ctor_data)
{
	(void)obj;
	(void)data;
	(void)ctor_data;
	return -1;
}

static void fail(void)
{
	CHECK(!sut_shadow_alloc(store, object(5001), 8, 8, refuse, NULL));
}

static const struct {
	void (*act)(void);
	void (*prepare)(void);
	unsigned int freed;
} acts[] = {
	{add_one, NULL, 0},
	{add_one, fill_for_begin, 0},
	{add_one, fill_for_end, 0},
	{fail, NULL, 0},
	{free_one, NULL, 1 << 2},
	{free_one, fill_for_middle, 1 << 2},
	{free_one_of_one, NULL, 0},
	{use_again_elsewhere, NULL, 1 << 2},
	{use_again_in_the_same_chain, NULL, 1 << 1},
	{use_again_in_the_same_chain, fill_for_middle, 1 << 1},
	{free_all_of_chain, NULL, 15},
};

static void step_writers(bool (*function)(void))
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		begin();
		if (acts[i].prepare)
			acts[i].prepare();
		for (size_t k = 0; k < CHAIN; k++)
			stable[k] =
				acts[i].freed >> k & 1 ? NULL : sut_shadow_get(store, chain[k], 7);
		steps_begin(function);
		acts[i].act();
		steps_end();
		CHECK(steps > 50);
		function();
		end();
	}
}

static void a_lookup_in_a_signal_handler_is_right(void)
{
	step_writers(look);
}

static void the_child_of_a_fork_can_go_on(void)
{
	step_writers(fork_here);
	CHECK(forks > 100);
}

static const struct sut_tap_test tests[] = {
	{"the chain for these tests is found", find_chain},
	{"a lookup that was stopped anywhere while others wrote is right",
	 a_stopped_lookup_is_right},
	{"a lookup in a signal handler is right anywhere in a writer",
	 a_lookup_in_a_signal_handler_is_right},
	{"the child of a fork anywhere in a writer can go on", the_child_of_a_fork_can_go_on},
};

SUT_TAP_MAIN(tests)
