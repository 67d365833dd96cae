// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/waits.h"
#include "base/guard.h"
#include "kernel/host/files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* System calls in which tasks sleep for long; those that are not here are named by their number. */
static const struct {
	long number;
	const char *name;
	bool descriptor; /* is the first argument */
} calls[] = {
	{SYS_read, "read", true},
	{SYS_write, "write", true},
	{SYS_readv, "readv", true},
	{SYS_writev, "writev", true},
	{SYS_pread64, "pread64", true},
	{SYS_pwrite64, "pwrite64", true},
	{SYS_ioctl, "ioctl", true},
	{SYS_fcntl, "fcntl", true},
	{SYS_flock, "flock", true},
	{SYS_fsync, "fsync", true},
	{SYS_fdatasync, "fdatasync", true},
	{SYS_getdents64, "getdents64", true},
	{SYS_close, "close", true},
	{SYS_accept, "accept", true},
	{SYS_accept4, "accept4", true},
	{SYS_connect, "connect", true},
	{SYS_sendto, "sendto", true},
	{SYS_sendmsg, "sendmsg", true},
	{SYS_recvfrom, "recvfrom", true},
	{SYS_recvmsg, "recvmsg", true},
	{SYS_epoll_wait, "epoll_wait", true},
	{SYS_epoll_pwait, "epoll_pwait", true},
	{SYS_io_uring_enter, "io_uring_enter", true},
	{SYS_sendfile, "sendfile", true},
	{SYS_splice, "splice", true},
	{SYS_poll, "poll", false},
	{SYS_ppoll, "ppoll", false},
	{SYS_select, "select", false},
	{SYS_pselect6, "pselect6", false},
	{SYS_nanosleep, "nanosleep", false},
	{SYS_clock_nanosleep, "clock_nanosleep", false},
	{SYS_futex, "futex", false},
	{SYS_wait4, "wait4", false},
	{SYS_waitid, "waitid", false},
	{SYS_pause, "pause", false},
	{SYS_rt_sigsuspend, "rt_sigsuspend", false},
	{SYS_rt_sigtimedwait, "rt_sigtimedwait", false},
	{SYS_semop, "semop", false},
	{SYS_semtimedop, "semtimedop", false},
	{SYS_msgrcv, "msgrcv", false},
	{SYS_msgsnd, "msgsnd", false},
	{SYS_openat, "openat", false},
	{SYS_execve, "execve", false},
	{SYS_exit_group, "exit_group", false},
	{SYS_init_module, "init_module", false},
	{SYS_finit_module, "finit_module", true},
	{SYS_mount, "mount", false},
	{SYS_umount2, "umount2", false},
	{SYS_sync, "sync", false},
};

const char *sut_host_waits(const struct sut_host *host, struct sut_arena *arena, pid_t tid,
			   const char *text)
{
	char *end;
	long number = strtol(text, &end, 10), descriptor;
	const char *path;

	if (end == text || *end != ' ' || number < 0)
		return "";
	for (size_t i = 0; i < SUT_ARRAY_SIZE(calls); i++) {
		if (calls[i].number != number)
			continue;
		if (!calls[i].descriptor)
			return calls[i].name;
		descriptor = strtol(end, NULL, 0);
		path = sut_host_link(host, arena, "/proc/%d/fd/%ld", tid, descriptor);
		return sut_arena_printf(arena, "%s of %ld (%s)", calls[i].name, descriptor,
					path ? path : "unknown");
	}
	return sut_arena_printf(arena, "system call %ld", number);
}

/*
 * Seconds until the kernel interrupts or wakes all who still block: with every fifteenth of its
 * attempts, which come once a second (SIGNALS_TIMEOUT in kernel/livepatch/transition.c).
 */
static const char *next_signal(struct sut_arena *arena, const struct sut_host_state *state)
{
	enum { SIGNALS_TIMEOUT = 15 };

	if (state->transition_s < 0)
		return sut_arena_printf(arena, "within %d s", SIGNALS_TIMEOUT + 1);
	return sut_arena_printf(arena, "in %.0f s",
				SIGNALS_TIMEOUT + 1 - fmod(state->transition_s, SIGNALS_TIMEOUT));
}

/* What turns the transition round, whoever blocks it. */
static const char *way_back(struct sut_arena *arena, const struct sut_host_state *state)
{
	const char *name = state->moving->name;

	return state->moving->enabled
		       ? sut_arena_printf(arena, "`suture revert %s kernel` goes back", name)
		       : sut_arena_printf(arena, "a restart gets rid of %s, too", name);
}

static const char *remedy_kthread(struct sut_arena *arena, const struct sut_host_blocker *b,
				  const struct sut_host_state *state)
{
	if (b->reason == SUT_HOST_ASLEEP && b->main)
		return sut_arena_printf(arena,
					"it never leaves this function while it lives, and waking "
					"it does not help: "
					"what started this kernel thread must end it%s%s; or %s",
					*b->module && !*b->version ? ", the module " : "",
					*b->module && !*b->version ? b->module : "",
					way_back(arena, state));
	if (b->reason == SUT_HOST_RUNNING)
		return sut_arena_printf(
			arena,
			"it goes over when the kernel finds it asleep, which it tries once a "
			"second; if it never sleeps, %s",
			way_back(arena, state));
	if (strncmp(b->comm, "kworker/", 8) == 0)
		return "it goes over when this piece of work has ended";
	if (b->state == 'S' || b->state == 'I')
		return sut_arena_printf(arena,
					"the kernel wakes it %s, and it goes over if it then "
					"leaves the function; or %s",
					next_signal(arena, state), way_back(arena, state));
	return sut_arena_printf(arena, "it goes over when what it waits for has happened; or %s",
				way_back(arena, state));
}

static const char *remedy_asleep(struct sut_arena *arena, const struct sut_host_blocker *b,
				 const struct sut_host_state *state)
{
	const char *call = *b->waits ? b->waits : "its system call";

	if (b->state == 'D')
		return sut_arena_printf(arena,
					"signals do not reach it: it goes over when its %s ends; "
					"or %s",
					call, way_back(arena, state));
	return sut_arena_printf(arena,
				"it goes over when its %s ends; the kernel interrupts that %s; at "
				"once: kill -STOP %d; kill -CONT %d",
				call, next_signal(arena, state), b->pid, b->pid);
}

const char *sut_host_remedy(struct sut_arena *arena, const struct sut_host_blocker *b,
			    const struct sut_host_state *state)
{
	if (b->kthread)
		return remedy_kthread(arena, b, state);
	switch (b->state) {
	case 'T':
		return sut_arena_printf(arena, "it is stopped; let it go on: kill -CONT %d",
					b->pid);
	case 't':
		return "a debugger holds it; let it go on there";
	case 'Z':
		return sut_arena_printf(arena,
					"it has ended; its parent must fetch its status, or end, "
					"too (see /proc/%d/status)",
					b->pid);
	case 'R':
		if (b->reason == SUT_HOST_ASLEEP)
			break;
		return sut_arena_printf(
			arena,
			"it goes over at its next return to user space, at the latest with a timer "
			"interrupt; if it loops inside the kernel, %s",
			way_back(arena, state));
	}
	return remedy_asleep(arena, b, state);
}
