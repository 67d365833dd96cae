// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * asleep PAGE KIND: sleeps in a system call of that kind (an index; -1: in all of them, each in a
 * thread of its own) and says in the file PAGE (asleep.h) what came of it: whether the call
 * returned what it should, and for those with a time-out how late. Each kind has another process
 * that wakes it by what it waits for, and by nothing else.
 */
#include "asleep.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct asleep_page *page;
static struct scene scenes[ASLEEP_KINDS_MAX];

static const struct asleep_kind *kind_of(int i)
{
	return i < asleep_file_count ? &asleep_files[i] : &asleep_waits[i - asleep_file_count];
}

void asleep_must(bool condition, const char *what)
{
	if (condition)
		return;
	perror(what);
	exit(1);
}

/* What fixes change. */
__attribute__((noinline)) long answer(void)
{
	__asm__ volatile("");
	return 1;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void on_signal(int number)
{
	(void)number;
}

static void make_call(const struct asleep_kind *kind, struct scene *s)
{
	struct asleep_call *c = s->call;
	int64_t start = now_ns(), late;
	long result;
	int error;

	errno = 0;
	result = kind->call(s);
	error = result < 0 ? errno : 0;
	late = now_ns() - start - asleep_span.tv_nsec;
	c->turns++;
	if ((kind->result == ASLEEP_ANY ? result < 0 : result != kind->result) ||
	    error != kind->error) {
		c->wrong++;
		c->result = result;
		c->error = error;
	}
	if (late > c->late_ns)
		c->late_ns = late;
	if (-late > c->early_ns)
		c->early_ns = -late;
}

static void *run(void *argument)
{
	struct scene *s = argument;
	const struct asleep_kind *kind = kind_of((int)(s - scenes));

	s->call->tid = (uint32_t)gettid();
	__atomic_store_n(&s->call->begun, 1, __ATOMIC_RELEASE);
	do
		make_call(kind, s);
	while (kind->nature == ASLEEP_TIMED && !__atomic_load_n(&page->wake, __ATOMIC_ACQUIRE));
	__atomic_store_n(&s->call->ended, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Another process, so that in the first one nobody runs. */
static void start_waker(const struct asleep_kind *kind, struct scene *s)
{
	pid_t parent = getpid();

	s->waker = fork();
	if (s->waker)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it has ended before we said so */
		_exit(0);
	while (!__atomic_load_n(&page->wake, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &page->wake, FUTEX_WAIT, 0, NULL, NULL, 0);
	kind->wake(s);
	_exit(0);
}

static void prepare(int i)
{
	struct scene *s = &scenes[i];

	s->call = &page->calls[i];
	if (kind_of(i)->prepare)
		kind_of(i)->prepare(s);
	if (kind_of(i)->wake)
		start_waker(kind_of(i), s);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	int file = argc == 3 ? open(argv[1], O_RDWR) : -1;
	int kind = argc == 3 ? atoi(argv[2]) : 0;
	int count = asleep_file_count + asleep_wait_count;
	pthread_t threads[ASLEEP_KINDS_MAX];
	sigset_t block;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (page == MAP_FAILED || count > ASLEEP_KINDS_MAX)
		return 1;
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigaddset(&block, SIGUSR2);
	sigprocmask(SIG_BLOCK, &block, NULL);
	for (int i = 0; i < count; i++) {
		snprintf(page->calls[i].name, sizeof(page->calls[i].name), "%s", kind_of(i)->name);
		page->calls[i].nature = kind_of(i)->nature;
	}
	__atomic_store_n(&page->count, (uint32_t)count, __ATOMIC_RELEASE);
	for (int i = 0; i < count; i++)
		if (kind == ASLEEP_ALL || kind == i)
			prepare(i);
	if (kind != ASLEEP_ALL) {
		run(&scenes[kind]);
	} else {
		for (int i = 0; i < count; i++)
			if (pthread_create(&threads[i], NULL, run, &scenes[i]) != 0)
				return 1;
		for (int i = 0; i < count; i++)
			pthread_join(threads[i], NULL);
	}
	for (;;)
		pause();
}
