// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * weave PAGE: threads with coroutines that are suspended inside outer() most of the time. Their
 * stacks come from malloc and from mmap, their contexts from the heap. The threads call it on their
 * own stacks, too. The fix makes version 2 of outer() and inner().
 *
 * HAND: with a switch of stacks of its own. CARVED: the coroutines' stacks are arrays in a frame of
 * their thread's own. HIDDEN (with HAND): the switch is none that is recognised, nothing is called
 * on the threads' own stacks, and the threads sleep but for a step when they are told.
 */
#include "weave.h"
#include "weave-switch.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { STACK_SIZE = 64 * 1024 };

struct coroutine {
	struct place place, back;
	void *stack;
	int mapped, carved, over;
};

int inner(int seed);
int outer(int seed);

static struct weave_page *page;
static __thread struct coroutine *current; /* NULL: on the thread's own stack */

static void nap(long us)
{
	nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

#ifdef HIDDEN
static void wait_for_step(void)
{
	static __thread uint32_t seen;
	uint32_t now;

	__atomic_add_fetch(&page->waiting, 1, __ATOMIC_RELEASE);
	while ((now = __atomic_load_n(&page->step, __ATOMIC_ACQUIRE)) == seen)
		syscall(SYS_futex, &page->step, 0 /* FUTEX_WAIT */, seen, NULL, NULL, 0);
	seen = now;
}
#endif

__attribute__((noinline)) static void yield(void)
{
	struct coroutine *c = current;

#ifdef HIDDEN
	if (__atomic_load_n(&page->hold, __ATOMIC_ACQUIRE))
		wait_for_step();
#endif
	if (!c) {
		nap(50);
		return;
	}
	place_switch(&c->place, &c->back);
}

__attribute__((noinline)) int inner(int seed)
{
	return seed < 0 ? 0 : 1;
}

__attribute__((noinline)) int outer(int seed)
{
	int version = 1, met;

	yield();
	met = inner(seed);
	if (met != version)
		__atomic_add_fetch(&page->mixed, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&page->calls[version], 1, __ATOMIC_RELAXED);
	return met;
}

static int is_draining(void)
{
	return __atomic_load_n(&page->drain, __ATOMIC_ACQUIRE) != 0;
}

static void run_coroutine(void)
{
	struct coroutine *c = current;

	if (c->mapped) /* so that at any time some are inside */
		yield();
	while (!is_draining()) {
		outer(1);
		yield();
	}
	c->over = 1;
	for (;;)
		yield();
}

static struct coroutine *make(int mapped, void *room)
{
	struct coroutine *c = calloc(1, sizeof(*c));

	c->mapped = mapped;
	c->carved = room != NULL;
	c->stack = room     ? room
		   : mapped ? mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
			    : malloc(STACK_SIZE);
	place_make(&c->place, c->stack, STACK_SIZE, run_coroutine);
	return c;
}

__attribute__((noinline)) static void resume(struct coroutine *c)
{
	current = c;
	place_switch(&c->back, &c->place);
	current = NULL;
}

static void release(struct coroutine *c)
{
	if (c->carved)
		return;
	if (c->mapped)
		munmap(c->stack, STACK_SIZE);
	else
		free(c->stack);
}

/* Stale words would hold up the end of a transition, as they may in any program. */
static void end(struct coroutine *c)
{
	while (!c->over)
		resume(c);
	memset(c->stack, 0, STACK_SIZE);
	release(c);
	memset(c, 0, sizeof(*c));
	free(c);
}

/* Until they are to come to their end. */
__attribute__((noinline)) static void weave(void)
{
	struct coroutine *list[WEAVE_COROUTINES];
#ifdef CARVED
	char room[WEAVE_COROUTINES][STACK_SIZE] __attribute__((aligned(16)));
#else
	char *room[WEAVE_COROUTINES] = {0};
#endif

	for (int i = 0; i < WEAVE_COROUTINES; i++)
		list[i] = make(i & 1, room[i]);
	while (!is_draining()) {
		for (int i = 0; i < WEAVE_COROUTINES; i++)
			resume(list[i]);
#ifdef HIDDEN
		wait_for_step();
#else
		outer(1);
		nap(100);
#endif
	}
	for (int i = 0; i < WEAVE_COROUTINES; i++)
		end(list[i]);
}

static void *run(void *argument)
{
	for (;;) {
		weave();
		__atomic_add_fetch(&page->drained, 1, __ATOMIC_RELEASE);
		while (is_draining())
			nap(200);
		__atomic_sub_fetch(&page->drained, 1, __ATOMIC_RELEASE);
	}
	return argument;
}

int main(int argc, char **argv)
{
	int file = argc == 2 ? open(argv[1], O_RDWR) : -1;
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (page == MAP_FAILED)
		return 1;
	for (int i = 0; i < WEAVE_THREADS; i++)
		if (pthread_create(&thread, NULL, run, NULL) != 0)
			return 1;
	__atomic_store_n(&page->ready, 1, __ATOMIC_RELEASE);
	for (;;)
		nap(10 * 1000);
}
