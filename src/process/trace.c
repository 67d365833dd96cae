// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The handler asks for the death of each of ours by its id. Asked for the death of any child, the
 * kernel also reports a traced thread's stop, once, and who stopped it would wait in vain.
 */
#include "process/trace.h"

#include <elf.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	ID_MAX = 4 * 1024 * 1024, /* the kernel's own limit for process ids */
	BITS = 64,
	WORDS = ID_MAX / BITS,
};

/* A bit for each thread id. A handler reads them, so there is no lock and no list. */
static _Atomic uint64_t traced[WORDS];
static _Atomic uint64_t leaving[WORDS];
static _Atomic size_t leaving_count;
/* A bit for each word in which there was ever one. */
static _Atomic uint64_t used[WORDS / BITS];

static uint64_t bit_of(pid_t tid)
{
	return UINT64_C(1) << (unsigned int)tid % BITS;
}

/* Both return whether that is a change. */
static bool set(_Atomic uint64_t *bits, pid_t tid)
{
	return !(atomic_fetch_or(&bits[tid / BITS], bit_of(tid)) & bit_of(tid));
}

static bool clear(_Atomic uint64_t *bits, pid_t tid)
{
	return atomic_fetch_and(&bits[tid / BITS], ~bit_of(tid)) & bit_of(tid);
}

static void for_each(_Atomic uint64_t *bits, void (*call)(pid_t tid, void *context), void *context)
{
	for (size_t i = 0; i < WORDS / BITS; i++)
		for (uint64_t words = atomic_load(&used[i]); words; words &= words - 1) {
			size_t word = i * BITS + (size_t)__builtin_ctzll(words);

			for (uint64_t ids = atomic_load(&bits[word]); ids; ids &= ids - 1)
				call((pid_t)(word * BITS + (size_t)__builtin_ctzll(ids)), context);
		}
}

static void forget(pid_t tid)
{
	clear(traced, tid);
	if (clear(leaving, tid))
		atomic_fetch_sub(&leaving_count, 1);
}

/* --- death ------------------------------------------------------------------------------------ */

static bool is_death(const siginfo_t *info)
{
	return info->si_pid && (info->si_code == CLD_EXITED || info->si_code == CLD_KILLED ||
				info->si_code == CLD_DUMPED);
}

static void reap_one(pid_t tid, void *unused)
{
	enum { DEATH = WEXITED | WNOHANG | __WALL };
	siginfo_t info = {0};

	(void)unused;
	if (waitid(P_PID, (id_t)tid, &info, DEATH | WNOWAIT) < 0) {
		forget(tid);
	} else if (is_death(&info)) {
		waitid(P_PID, (id_t)tid, &info, DEATH);
		forget(tid);
	}
}

static void reap(int signal)
{
	int before = errno;

	(void)signal;
	for_each(traced, reap_one, NULL);
	errno = before;
}

void sut_trace_prepare(void)
{
	struct sigaction action = {.sa_handler = reap, .sa_flags = SA_RESTART | SA_NOCLDSTOP};

	sigaction(SIGCHLD, &action, NULL);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
}

/* --- tracing ---------------------------------------------------------------------------------- */

bool sut_trace_seize(pid_t tid)
{
	bool fresh;

	if (tid < 1 || tid >= ID_MAX) {
		errno = ESRCH;
		return false;
	}
	/* Before it can die as ours. */
	atomic_fetch_or(&used[tid / BITS / BITS], bit_of(tid / BITS));
	fresh = set(traced, tid);
	if (ptrace(PTRACE_SEIZE, tid, 0, 0) == 0)
		return true;
	if (fresh)
		forget(tid);
	return false;
}

pid_t sut_trace_wait(pid_t tid, int *status)
{
	pid_t got = waitpid(tid, status, __WALL | __WNOTHREAD | WNOHANG);

	if (got == tid && !WIFSTOPPED(*status))
		forget(tid);
	return got;
}

bool sut_trace_registers(pid_t tid, struct user_regs_struct *regs)
{
	struct iovec iov = {regs, sizeof(*regs)};

	return ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov) == 0;
}

/* One that cannot be detached is dying, and the handler's. */
static void detach(pid_t tid, int signal)
{
	if (ptrace(PTRACE_DETACH, tid, 0, signal) == 0)
		forget(tid);
}

void sut_trace_release(pid_t tid)
{
	detach(tid, 0);
}

void sut_trace_end(pid_t tid, int status)
{
	int signal = status >> 16 ? 0 : WSTOPSIG(status);
	struct user_regs_struct regs;

	if (!signal && sut_trace_registers(tid, &regs) && (long)regs.orig_rax >= 0 &&
	    (long)regs.rax == -EINTR) {
		struct iovec iov = {&regs, sizeof(regs)};

		/* As if no handler had been there: none was. */
		regs.rax = (unsigned long)-ERESTARTNOHAND;
		ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov);
	}
	detach(tid, signal);
}

void sut_trace_leave(pid_t tid)
{
	if (set(leaving, tid))
		atomic_fetch_add(&leaving_count, 1);
}

struct late {
	int tasks;
	size_t left;
};

static void release_one(pid_t tid, void *context)
{
	struct late *late = context;
	char name[16];
	int status;
	pid_t got = sut_trace_wait(tid, &status);

	if (got == tid && WIFSTOPPED(status))
		sut_trace_end(tid, status);
	if (got != 0)
		return;
	snprintf(name, sizeof(name), "%d", tid);
	late->left += faccessat(late->tasks, name, F_OK, 0) == 0;
}

size_t sut_trace_release_late(int tasks)
{
	struct late late = {.tasks = tasks};

	if (atomic_load(&leaving_count))
		for_each(leaving, release_one, &late);
	return late.left;
}
