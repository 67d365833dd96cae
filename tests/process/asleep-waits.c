// SPDX-License-Identifier: GPL-2.0-or-later
/* System calls that sleep for a time, or until a signal, a child, a futex or a message comes. */
#include "asleep.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void signal_it(struct scene *s, int number)
{
	syscall(SYS_tgkill, getppid(), s->call->tid, number);
}

void asleep_wake_signal(struct scene *s)
{
	signal_it(s, SIGUSR2);
}

static void prepare_queue(struct scene *s)
{
	s->in = msgget(IPC_PRIVATE, 0600);
	s->call->ipc[0] = 1 + s->in;
}

static void prepare_semaphore(struct scene *s)
{
	s->in = semget(IPC_PRIVATE, 1, 0600);
	s->call->ipc[1] = 1 + s->in;
}

static void prepare_mqueue(struct scene *s)
{
	struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
	char name[32];

	snprintf(name, sizeof(name), "/asleep-%d", getpid());
	s->in = mq_open(name, O_RDWR | O_CREAT, 0600, &attributes);
	mq_unlink(name);
	asleep_must(s->in >= 0, "mq_open");
}

static long call_nanosleep(struct scene *s)
{
	struct timespec left;

	(void)s;
	return syscall(SYS_nanosleep, &asleep_span, &left);
}

static long call_clock_nanosleep(struct scene *s)
{
	struct timespec left;

	(void)s;
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &asleep_span, &left);
}

static long call_futex(struct scene *s)
{
	return syscall(SYS_futex, &s->call->futex, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static long call_futex_timed(struct scene *s)
{
	return syscall(SYS_futex, &s->call->futex, FUTEX_WAIT, 0, &asleep_span, NULL, 0);
}

static long call_futex_bitset(struct scene *s)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += asleep_span.tv_nsec;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	return syscall(SYS_futex, &s->call->futex, FUTEX_WAIT_BITSET, 0, &end, NULL, -1);
}

static long call_futexes(struct scene *s)
{
	struct futex_waitv wait = {.uaddr = (uintptr_t)&s->call->futex, .flags = FUTEX_32};

	return syscall(SYS_futex_waitv, &wait, 1, 0, NULL, 0);
}

static long call_poll_timed(struct scene *s)
{
	(void)s;
	return syscall(SYS_poll, NULL, 0, ASLEEP_TIMEOUT_MS);
}

static long call_ppoll(struct scene *s)
{
	struct timespec t = asleep_span;

	(void)s;
	return syscall(SYS_ppoll, NULL, 0, &t, NULL, 8);
}

static long call_select(struct scene *s)
{
	struct timeval t = {0, ASLEEP_TIMEOUT_MS * 1000L};

	(void)s;
	return syscall(SYS_select, 0, NULL, NULL, NULL, &t);
}

static long call_pselect(struct scene *s)
{
	struct timespec t = asleep_span;

	(void)s;
	return syscall(SYS_pselect6, 0, NULL, NULL, NULL, &t, NULL);
}

static long wait_signal(const struct timespec *timeout)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return syscall(SYS_rt_sigtimedwait, &set, NULL, timeout, 8);
}

static long call_sigtimedwait(struct scene *s)
{
	(void)s;
	return wait_signal(&asleep_span);
}

static long call_sigwait(struct scene *s)
{
	(void)s;
	return wait_signal(NULL);
}

static long call_sigsuspend(struct scene *s)
{
	sigset_t none;

	(void)s;
	sigemptyset(&none);
	return syscall(SYS_rt_sigsuspend, &none, 8);
}

static long call_pause(struct scene *s)
{
	sigset_t set;

	(void)s;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	return syscall(SYS_pause);
}

static long call_msgrcv(struct scene *s)
{
	char message[16];

	return syscall(SYS_msgrcv, s->in, message, 8, 0, 0);
}

static long call_semop(struct scene *s)
{
	struct sembuf down = {.sem_op = -1};

	return syscall(SYS_semop, s->in, &down, 1);
}

static long call_semtimedop(struct scene *s)
{
	struct sembuf down = {.sem_op = -1};

	return syscall(SYS_semtimedop, s->in, &down, 1, &asleep_span);
}

static long call_mq_receive(struct scene *s)
{
	char bytes[8];

	return syscall(SYS_mq_timedreceive, s->in, bytes, 8, NULL, NULL);
}

static long call_wait4(struct scene *s)
{
	return syscall(SYS_wait4, s->waker, NULL, 0, NULL) == s->waker ? 0 : -1;
}

static long call_waitid(struct scene *s)
{
	siginfo_t info;

	return syscall(SYS_waitid, P_PID, s->waker, &info, WEXITED, NULL);
}

static void wake_futex(struct scene *s)
{
	syscall(SYS_futex, &s->call->futex, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void wake_handler(struct scene *s)
{
	signal_it(s, SIGUSR1);
}

static void wake_msgsnd(struct scene *s)
{
	struct {
		long type;
		char bytes[8];
	} message = {.type = 1};

	msgsnd(s->in, &message, 8, 0);
}

static void wake_semaphore(struct scene *s)
{
	struct sembuf up = {.sem_op = 1};

	semop(s->in, &up, 1);
}

static void wake_mq_send(struct scene *s)
{
	mq_send(s->in, "1234567", 8, 0);
}

static void wake_by_exit(struct scene *s)
{
	(void)s;
}

/* The handler's signal, and no other one, makes it return. */
#define HANDLED(name, call)                                                                        \
	{                                                                                          \
		name, ASLEEP_WOKEN, NULL, call, wake_handler, -1, EINTR                            \
	}

const struct asleep_kind asleep_waits[] = {
	WOKEN("futex", NULL, call_futex, wake_futex, 0),
	WOKEN("futex_waitv", NULL, call_futexes, wake_futex, 0),
	TIMED("futex timed", NULL, call_futex_timed, -1, ETIMEDOUT),
	TIMED("futex until", NULL, call_futex_bitset, -1, ETIMEDOUT),
	TIMED("nanosleep", NULL, call_nanosleep, 0, 0),
	TIMED("clock_nanosleep", NULL, call_clock_nanosleep, 0, 0),
	TIMED("poll timed", NULL, call_poll_timed, 0, 0),
	TIMED("ppoll timed", NULL, call_ppoll, 0, 0),
	TIMED("select timed", NULL, call_select, 0, 0),
	TIMED("pselect timed", NULL, call_pselect, 0, 0),
	TIMED("sigtimedwait", NULL, call_sigtimedwait, -1, EAGAIN),
	WOKEN("sigwait", NULL, call_sigwait, asleep_wake_signal, SIGUSR2),
	HANDLED("sigsuspend", call_sigsuspend),
	HANDLED("pause", call_pause),
	WOKEN("wait4", NULL, call_wait4, wake_by_exit, 0),
	WOKEN("waitid", NULL, call_waitid, wake_by_exit, 0),
	WOKEN("msgrcv", prepare_queue, call_msgrcv, wake_msgsnd, 8),
	WOKEN("semop", prepare_semaphore, call_semop, wake_semaphore, 0),
	TIMED("semtimedop", prepare_semaphore, call_semtimedop, -1, EAGAIN),
	WOKEN("mq_receive", prepare_mqueue, call_mq_receive, wake_mq_send, 8),
};

const int asleep_wait_count = sizeof(asleep_waits) / sizeof(asleep_waits[0]);
