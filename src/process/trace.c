// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The handler asks for the death of each of ours by its id. Asked for the death of any child, the
 * kernel also reports a traced thread's stop, once, and who stopped it would wait in vain.
 */
#include "process/trace.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

enum {
	ID_MAX = 4 * 1024 * 1024, /* the kernel's own limit for process ids */
	BITS = 64,
	WORDS = ID_MAX / BITS,
};

/* A bit for each id that is traced, and one for each word in which there was ever one. */
static _Atomic uint64_t traced[WORDS];
static _Atomic uint64_t used[WORDS / BITS];

static uint64_t bit_of(pid_t tid)
{
	return UINT64_C(1) << (unsigned int)tid % BITS;
}

static void forget(pid_t tid)
{
	atomic_fetch_and(&traced[tid / BITS], ~bit_of(tid));
}

/* false: it was noted already. */
static bool note(pid_t tid)
{
	size_t word = (size_t)tid / BITS;

	atomic_fetch_or(&used[word / BITS], UINT64_C(1) << word % BITS);
	return !(atomic_fetch_or(&traced[word], bit_of(tid)) & bit_of(tid));
}

static bool is_death(const siginfo_t *info)
{
	return info->si_pid && (info->si_code == CLD_EXITED || info->si_code == CLD_KILLED ||
				info->si_code == CLD_DUMPED);
}

static void reap_one(pid_t tid)
{
	enum { LOOK = WEXITED | WNOHANG | __WALL };
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)tid, &info, LOOK | WNOWAIT) < 0)
		forget(tid);
	else if (is_death(&info)) {
		waitid(P_PID, (id_t)tid, &info, LOOK);
		forget(tid);
	}
}

static void reap_word(size_t word)
{
	uint64_t bits = atomic_load(&traced[word]);

	for (; bits; bits &= bits - 1)
		reap_one((pid_t)(word * BITS + (size_t)__builtin_ctzll(bits)));
}

static void reap(int signal)
{
	int before = errno;

	(void)signal;
	for (size_t i = 0; i < WORDS / BITS; i++)
		for (uint64_t bits = atomic_load(&used[i]); bits; bits &= bits - 1)
			reap_word(i * BITS + (size_t)__builtin_ctzll(bits));
	errno = before;
}

void sut_trace_reap(void)
{
	struct sigaction action = {.sa_handler = reap, .sa_flags = SA_RESTART | SA_NOCLDSTOP};

	sigaction(SIGCHLD, &action, NULL);
}

bool sut_trace_seize(pid_t tid)
{
	bool fresh;

	if (tid < 1 || tid >= ID_MAX) {
		errno = ESRCH;
		return false;
	}
	fresh = note(tid);
	if (ptrace(PTRACE_SEIZE, tid, 0, 0) == 0)
		return true;
	if (fresh)
		forget(tid);
	return false;
}

pid_t sut_trace_wait(pid_t tid, int *status)
{
	pid_t got = waitpid(tid, status, __WALL | WNOHANG);

	if (got < 0 || (got == tid && !WIFSTOPPED(*status)))
		forget(tid);
	return got;
}

void sut_trace_release(pid_t tid, int signal)
{
	if (ptrace(PTRACE_DETACH, tid, 0, signal) == 0)
		forget(tid);
}
