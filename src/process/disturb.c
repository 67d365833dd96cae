// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stopping a thread ends the system call that it sleeps in. Most calls then go on by themselves:
 * the kernel makes them again, with what is left of their time-out. Some return EINTR where no
 * signal handler ran, which we turn into "again" while the thread is stopped; of these the ones
 * with a relative time-out begin it anew. And some return what they have done so far, which nobody
 * can take back: a thread in one of those is never stopped.
 *
 * Which call does what was measured (tests/process/blocked.c makes each of them).
 */
#include "process/disturb.h"
#include "base/guard.h"
#include "base/io.h"

#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/* Newer than the C library's headers. */
#ifndef SYS_futex_wait
#define SYS_futex_wait 455
#endif

/* Through a live thread's folder: a leader that has ended has no descriptors. */
static bool is_socket(const struct sut_target *target, uint64_t number)
{
	char path[32], to[16] = "";

	snprintf(path, sizeof(path), "fd/%u", (unsigned int)number);
	return readlinkat(target->folder, path, to, sizeof(to) - 1) < 0 ||
	       strncmp(to, "socket:", strlen("socket:")) == 0;
}

/* Calls of a socket with a time-out of its own return EINTR, and begin it anew. */
static bool has_timeout(const struct sut_target *target, uint64_t number, int which)
{
	struct timeval timeout = {0};
	socklen_t size = sizeof(timeout);

	if (!is_socket(target, number))
		return false;
	/* Of the same process, if that one lives still. */
	SUT_CLOSE int process = (int)syscall(SYS_pidfd_open, target->pid, 0);
	SUT_CLOSE int fd = process < 0 || !sut_target_alive(target)
				   ? -1
				   : (int)syscall(SYS_pidfd_getfd, process, (int)number, 0);

	if (fd < 0)
		return true;
	return getsockopt(fd, SOL_SOCKET, which, &timeout, &size) == 0 &&
	       (timeout.tv_sec || timeout.tv_usec);
}

static enum sut_disturb receive(const struct sut_target *target, uint64_t fd, uint64_t flags)
{
	if (flags & MSG_WAITALL)
		return SUT_DISTURB_RESULT;
	return has_timeout(target, fd, SO_RCVTIMEO) ? SUT_DISTURB_TIMEOUT : SUT_DISTURB_NOTHING;
}

static enum sut_disturb timed(uint64_t timeout)
{
	return timeout ? SUT_DISTURB_TIMEOUT : SUT_DISTURB_RESTART;
}

/* It returns what came so far, if that is not nothing. */
static enum sut_disturb events(uint64_t least, uint64_t timeout)
{
	return least > 1 ? SUT_DISTURB_RESULT : timed(timeout);
}

static enum sut_disturb uring(const struct sut_target *target, const uint64_t *args)
{
	struct io_uring_getevents_arg more = {0};

	/* It returns how many it has submitted. */
	if (args[1])
		return SUT_DISTURB_RESULT;
	if (args[3] & IORING_ENTER_EXT_ARG &&
	    !sut_target_read(target, args[4], &more, sizeof(more)))
		return SUT_DISTURB_TIMEOUT;
	return timed(more.ts);
}

enum sut_disturb sut_disturb_class(const struct sut_target *target,
				   const struct sut_thread_state *state)
{
	const uint64_t *args = state->args;

	if (state->activity == SUT_THREAD_RUNNING)
		return SUT_DISTURB_RUNNING;
	if (state->activity != SUT_THREAD_ASLEEP)
		return SUT_DISTURB_RESULT;
	switch (state->syscall) {
	case SYS_futex:
	case SYS_futex_waitv:
	case SYS_futex_wait:
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
	case SYS_poll:
	case SYS_ppoll:
	case SYS_select:
	case SYS_pselect6:
	case SYS_pause:
	case SYS_rt_sigsuspend:
	case SYS_wait4:
	case SYS_waitid:
	case SYS_flock:
	case SYS_fcntl:
	case SYS_msgsnd:
	case SYS_msgrcv:
	case SYS_mq_timedsend:
	case SYS_mq_timedreceive:
	case SYS_open:
	case SYS_openat:
	case SYS_restart_syscall: /* the rest of a sleep, or of a timed futex wait or poll */
		return SUT_DISTURB_NOTHING;
	case SYS_read:
	case SYS_readv:
	case SYS_accept:
	case SYS_accept4:
		return receive(target, args[0], 0);
	case SYS_recvfrom:
		return receive(target, args[0], args[3]);
	case SYS_recvmsg:
		return receive(target, args[0], args[2]);
	case SYS_connect:
		return has_timeout(target, args[0], SO_SNDTIMEO) ? SUT_DISTURB_TIMEOUT
								 : SUT_DISTURB_NOTHING;
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
		return timed((int)args[3] > 0);
	case SYS_epoll_pwait2:
		return timed(args[3]);
	case SYS_rt_sigtimedwait:
		return timed(args[2]);
	case SYS_semop:
		return SUT_DISTURB_RESTART;
	case SYS_semtimedop:
		return timed(args[3]);
	case SYS_io_getevents:
	case SYS_io_pgetevents:
		return events(args[1], args[4]);
	case SYS_io_uring_enter:
		return uring(target, args);
	case SYS_write:
	case SYS_writev:
	case SYS_pwrite64:
	case SYS_pwritev:
	case SYS_pwritev2:
	case SYS_preadv2:
	case SYS_sendto:
	case SYS_sendmsg:
	case SYS_sendmmsg:
	case SYS_sendfile:
	case SYS_recvmmsg:
	case SYS_splice:
	case SYS_vmsplice:
	case SYS_tee:
	case SYS_copy_file_range:
	case SYS_fallocate:
	case SYS_getrandom:
	case SYS_process_vm_readv:
	case SYS_process_vm_writev:
	case SYS_vfork:
	case SYS_clone:
	case SYS_clone3:
	case SYS_execve:
	case SYS_execveat:
	case SYS_exit:
	case SYS_exit_group:
		return SUT_DISTURB_RESULT;
	default:
		return SUT_DISTURB_UNKNOWN;
	}
}

static struct sut_watched *find(struct sut_watch *watch, pid_t tid)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->threads[i].tid == tid)
			return &watch->threads[i];
	return NULL;
}

/* What it does now, and since when, as far as the looks tell. */
static void note(struct sut_watched *w, const struct sut_thread_state *state, uint64_t now)
{
	enum { BETWEEN_MAX_NS = 500 * 1000 };
	bool asleep = state->activity == SUT_THREAD_ASLEEP;
	bool same = asleep && strcmp(w->raw, state->raw) == 0 &&
		    strcmp(w->schedstat, state->schedstat) == 0;

	/* After us it is on its way back to the call that it was in: that is no new one. */
	if (!same && !(w->stopped && w->begun_ns))
		w->begun_ns = now - w->seen_ns <= BETWEEN_MAX_NS ? w->seen_ns : 0;
	if (asleep)
		w->stopped = false;
	w->seen_ns = now;
	snprintf(w->raw, sizeof(w->raw), "%s", asleep ? state->raw : "");
	snprintf(w->schedstat, sizeof(w->schedstat), "%s", asleep ? state->schedstat : "");
}

bool sut_watch_look(struct sut_watch *watch, pid_t tid, const struct sut_thread_state *state,
		    bool may_add)
{
	enum { LATE_MAX_NS = 600 * 1000 };
	uint64_t now = sut_now_ns();
	struct sut_watched *w = find(watch, tid);

	if (!w && may_add && watch->count < SUT_WATCHED_MAX) {
		w = &watch->threads[watch->count++];
		*w = (struct sut_watched){.tid = tid};
	}
	if (w && state->activity == SUT_THREAD_GONE)
		*w = watch->threads[--watch->count];
	if (!w || state->activity == SUT_THREAD_GONE)
		return false;
	note(w, state, now);
	return w->raw[0] && w->begun_ns && now - w->begun_ns < LATE_MAX_NS;
}

void sut_watch_stopped(struct sut_watch *watch, pid_t tid)
{
	struct sut_watched *w = find(watch, tid);

	if (w)
		w->stopped = true;
}
