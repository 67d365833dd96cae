// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that look up while others allocate, free, free by id and make the table grow. Each
 * variable says whose it is; a lookup that led to another one is seen.
 */
#include "base/tap.h"
#include "core/shadow-sample.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { READERS = 2, KEYS = 4096, STABLE = 64, IDS = 8, ROUNDS = 60, GONE = 1 };

/* What a variable holds. */
struct mark {
	void *obj;
	unsigned long id;
	unsigned long state; /* 0 or GONE */
};

static struct sut_shadow_sample sample;
static struct sut_shadow_store *const store = &sample.store;
static void *stable[STABLE];
static unsigned long ctors, dtors;
static bool stop;

static void *object(size_t n)
{
	return (void *)(n / IDS * 64 + 1);
}

static unsigned long id_of(size_t n)
{
	return n % IDS;
}

static int ctor(void *obj, void *data, void *ctor_data)
{
	struct mark *mark = data;

	__atomic_store_n(&mark->obj, obj, __ATOMIC_RELAXED);
	__atomic_store_n(&mark->id, *(unsigned long *)ctor_data, __ATOMIC_RELAXED);
	__atomic_store_n(&mark->state, 0, __ATOMIC_RELAXED);
	__atomic_add_fetch(&ctors, 1, __ATOMIC_RELAXED);
	return 0;
}

static void dtor(void *obj, void *data)
{
	struct mark *mark = data;

	if (mark->obj != obj || __atomic_exchange_n(&mark->state, GONE, __ATOMIC_RELAXED) == GONE)
		abort();
	__atomic_add_fetch(&dtors, 1, __ATOMIC_RELAXED);
}

/*
 * The data of a key are of this key, dead or alive, until memory is used again: never, or after the
 * generation was increased.
 */
static bool look(size_t n)
{
	unsigned long generation = __atomic_load_n(&store->generation, __ATOMIC_ACQUIRE);
	struct mark *mark = sut_shadow_get(store, object(n), id_of(n));
	bool right;

	if (!mark)
		return true;
	right = __atomic_load_n(&mark->obj, __ATOMIC_ACQUIRE) == object(n) &&
		__atomic_load_n(&mark->id, __ATOMIC_ACQUIRE) == id_of(n);
	if (sample.host.quarantine == SIZE_MAX)
		return right;
	return right || __atomic_load_n(&store->generation, __ATOMIC_ACQUIRE) != generation;
}

static bool look_stable(size_t n)
{
	return sut_shadow_get(store, &stable[n], 100) == stable[n];
}

static void *read_all(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	unsigned long wrong = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		for (int i = 0; i < 1000; i++) {
			wrong += !look((size_t)rand_r(&seed) % KEYS);
			wrong += !look_stable((size_t)rand_r(&seed) % STABLE);
		}
	return (void *)wrong;
}

static void change(unsigned int *seed)
{
	size_t n = (size_t)rand_r(seed) % KEYS;
	unsigned long id = id_of(n);

	switch (rand_r(seed) % 1000) {
	case 0:
		sut_shadow_free_all(store, id, dtor);
		break;
	case 1 ... 499:
		sut_shadow_free(store, object(n), id, dtor);
		break;
	default:
		sut_shadow_get_or_alloc(store, object(n), id, sizeof(struct mark), ctor, &id);
	}
}

static void *write_all(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	for (int i = 0; i < 1000; i++)
		change(&seed);
	return NULL;
}

/* A table as it is in the beginning for each round, so that it grows while others read. */
static unsigned long run(size_t quarantine)
{
	unsigned long wrong = 0;

	for (uintptr_t round = 1; round <= ROUNDS; round++) {
		pthread_t readers[READERS], other;
		void *result;

		sut_shadow_sample_init(&sample, quarantine);
		ctors = dtors = 0;
		stop = false;
		for (size_t i = 0; i < STABLE; i++)
			stable[i] = sut_shadow_alloc(store, &stable[i], 100, 8, NULL, NULL);
		for (uintptr_t i = 0; i < READERS; i++)
			CHECK_EQUAL(pthread_create(&readers[i], NULL, read_all,
						   (void *)(round + i)),
				    0);
		CHECK_EQUAL(pthread_create(&other, NULL, write_all, (void *)(round + 100)), 0);
		write_all((void *)(round + 200));
		pthread_join(other, NULL);
		__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
		for (size_t i = 0; i < READERS; i++) {
			pthread_join(readers[i], &result);
			wrong += (unsigned long)result;
		}
		CHECK_EQUAL(ctors - dtors, store->count - STABLE);
		for (unsigned long id = 0; id < IDS; id++)
			sut_shadow_free_all(store, id, dtor);
		CHECK_EQUAL(ctors, dtors);
		CHECK_EQUAL(store->count, STABLE);
		sut_shadow_sample_deinit(&sample);
	}
	return wrong;
}

static void a_lookup_never_returns_the_data_of_another_key(void)
{
	CHECK_EQUAL(run(8 * 1024), 0);
}

static void without_a_proof_no_data_are_used_again(void)
{
	CHECK_EQUAL(run(SIZE_MAX), 0);
}

static volatile unsigned long interrupted, wrong_in_handler;

static void on_timer(int signal)
{
	static unsigned int seed;

	(void)signal;
	interrupted++;
	for (int i = 0; i < 20; i++)
		wrong_in_handler += !look((size_t)rand_r(&seed) % KEYS) +
				    !look_stable((size_t)rand_r(&seed) % STABLE);
}

static void a_signal_handler_looks_up_while_its_thread_writes(void)
{
	const struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	const struct itimerspec often = {{0, 50000}, {0, 50000}}, never = {{0, 0}, {0, 0}};
	unsigned int seed = 1;
	timer_t timer;

	sut_shadow_sample_init(&sample, 8 * 1024);
	for (size_t i = 0; i < STABLE; i++)
		stable[i] = sut_shadow_alloc(store, &stable[i], 100, 8, NULL, NULL);
	signal(SIGALRM, on_timer);
	CHECK_EQUAL(timer_create(CLOCK_MONOTONIC, (struct sigevent *)&event, &timer), 0);
	CHECK_EQUAL(timer_settime(timer, 0, &often, NULL), 0);
	for (int i = 0; i < 10000000 && interrupted < 1000; i++)
		change(&seed);
	CHECK_EQUAL(timer_settime(timer, 0, &never, NULL), 0);
	timer_delete(timer);
	CHECK(interrupted >= 100);
	CHECK_EQUAL(wrong_in_handler, 0);
	sut_shadow_sample_deinit(&sample);
}

/* As if another thread had held the lock when this child was forked, and had done nothing yet. */
static void a_repaired_store_has_everything(void)
{
	unsigned int seed = 1;
	unsigned long count;

	sut_shadow_sample_init(&sample, SIZE_MAX);
	ctors = dtors = 0;
	for (int i = 0; i < 2000; i++)
		change(&seed);
	count = store->count;
	sut_shadow_repair(store);
	CHECK_EQUAL(store->count, count);
	for (int i = 0; i < 2000; i++)
		change(&seed);
	CHECK_EQUAL(ctors - dtors, store->count);
	for (unsigned long id = 0; id < IDS; id++)
		sut_shadow_free_all(store, id, dtor);
	CHECK_EQUAL(ctors, dtors);
	CHECK_EQUAL(store->nodes, 0);
	sut_shadow_sample_deinit(&sample);
}

static const struct sut_tap_test tests[] = {
	{"a lookup never returns the data of another key",
	 a_lookup_never_returns_the_data_of_another_key},
	{"without a proof no data are used again", without_a_proof_no_data_are_used_again},
	{"a signal handler looks up while its thread writes",
	 a_signal_handler_looks_up_while_its_thread_writes},
	{"a repaired store has everything", a_repaired_store_has_everything},
};

SUT_TAP_MAIN(tests)
