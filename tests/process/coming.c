// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * coming PAGE OBJECT OTHER: threads that load and unload an object all the time, inside of outer(),
 * which calls inner() of it, or beyond() of another one that needs it. The fix makes version 2 of
 * all. As long as rest is asked for nobody has the objects; the first threads then wait inside of
 * outer(), the others outside.
 */
#include "coming.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct coming_page *page;
static const char *object, *other;

static void nap(long us)
{
	nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static int is_set(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE) != 0;
}

__attribute__((noipa)) static void rest(void)
{
	if (!is_set(&page->rest))
		return;
	__atomic_add_fetch(&page->resting, 1, __ATOMIC_RELEASE);
	while (is_set(&page->rest))
		nap(200);
	__atomic_sub_fetch(&page->resting, 1, __ATOMIC_RELEASE);
}

/* The fix's callbacks tell. */
__attribute__((noipa)) void patched(int more)
{
	if (__atomic_add_fetch(&page->patched, more, __ATOMIC_RELAXED) != (more > 0))
		__atomic_add_fetch(&page->wrong, 1, __ATOMIC_RELAXED);
}

/* Loads it, asks it for its version, and lets it go; others may have it, too. */
__attribute__((noipa)) static int ask(int turn)
{
	uint32_t how = __atomic_load_n(&page->how, __ATOMIC_RELAXED);
	int both = how & COMING_OTHER && turn & 2;
	void *handle = dlopen(both ? other : object, how & COMING_LAZY ? RTLD_LAZY : RTLD_NOW);
	int (*inner)(int) = handle ? dlsym(handle, both ? "beyond" : "inner") : NULL;
	int met;

	if (!inner)
		abort();
	met = inner(turn);
	if (turn & 1)
		nap(50);
	if (inner(turn) != met)
		met = 0;
	dlclose(handle);
	if (how & COMING_SLOWLY)
		nap(5000);
	__atomic_add_fetch(&page->loads, 1, __ATOMIC_RELAXED);
	return met;
}

__attribute__((noipa)) static void count(int version, int met)
{
	if (met != version)
		__atomic_add_fetch(&page->mixed, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&page->calls[version], 1, __ATOMIC_RELAXED);
}

/* held: the caller has counted itself. */
__attribute__((noipa)) static int stays(int *held)
{
	if (is_set(&page->hold) != *held) {
		*held = !*held;
		__atomic_add_fetch(&page->held, *held ? 1 : -1, __ATOMIC_RELEASE);
	}
	return *held;
}

__attribute__((noipa)) int outer(int inside)
{
	int version = 1, turn = 0, held = 0;

	do {
		if (inside)
			rest();
		count(version, ask(turn++));
	} while (inside && stays(&held));
	return turn;
}

static void *run(void *inside)
{
	for (;;) {
		if (!inside)
			rest();
		outer(inside != NULL);
		nap(100);
	}
	return NULL;
}

/* Children that have whatever a thread was doing with the objects. */
static void *fork_on(void *unused)
{
	(void)unused;
	for (;; nap(2000)) {
		pid_t pid =
			__atomic_load_n(&page->how, __ATOMIC_RELAXED) & COMING_FORKS ? fork() : -1;

		if (pid == 0) {
			nap(500);
			_exit(0);
		}
		if (pid > 0 && waitpid(pid, NULL, 0) == pid)
			__atomic_add_fetch(&page->forks, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int file = argc == 4 ? open(argv[1], O_RDWR) : -1;
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (page == MAP_FAILED)
		return 1;
	object = argv[2];
	other = argv[3];
	if (pthread_create(&thread, NULL, fork_on, NULL) != 0)
		return 1;
	for (int i = 0; i < COMING_INSIDE + COMING_FRESH; i++)
		if (pthread_create(&thread, NULL, run, i < COMING_INSIDE ? page : NULL) != 0)
			return 1;
	__atomic_store_n(&page->ready, 1, __ATOMIC_RELEASE);
	for (;;)
		nap(10 * 1000);
}
