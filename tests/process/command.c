// SPDX-License-Identifier: GPL-2.0-or-later
#include "command.h"
#include "base/io.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

char *command_suture;
unsigned int command_repeated;

static void run_suture(const struct load *load, const struct command *command)
{
	const struct fix *fix = &load->fixes->list[command->fix];
	char *suture = command_suture;
	char target[32];

	snprintf(target, sizeof(target), "pid:%d", load->pid);
	switch (command->verb) {
	case APPLY:
		execl(suture, "suture", "apply", "--quiet", fix->path, target, NULL);
		break;
	case REVERT:
		execl(suture, "suture", "revert", "--quiet", fix->patch.name, target, NULL);
		break;
	case FORCE:
		execl(suture, "suture", "force", "--quiet", "--yes", "force", fix->patch.name,
		      target, NULL);
		break;
	case GC:
		execl(suture, "suture", "gc", "--quiet", target, NULL);
		break;
	default:
		break;
	}
	_exit(127);
}

pid_t command_start(const struct load *load, const struct command *command, bool traced)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(STDERR_FILENO, STDOUT_FILENO); /* the latter is TAP */
	if (traced)
		ptrace(PTRACE_TRACEME, 0, 0, 0);
	run_suture(load, command);
	return -1;
}

int command_wait(pid_t pid)
{
	enum { POLL_US = 200 };
	const uint64_t bound_ns = 20 * 1000 * 1000 * 1000ull;
	uint64_t start = sut_now_ns();
	int status = 0;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
		if (sut_now_ns() - start > bound_ns) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return COMMAND_HUNG;
		}
		usleep(POLL_US);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : COMMAND_KILLED;
}

int command_run(const struct load *load, enum verb verb, int fix)
{
	return command_wait(command_start(load, &(const struct command){verb, fix}, false));
}

int command_run_patiently(const struct load *load, enum verb verb, int fix)
{
	enum { TIMES = 5 };
	int status = command_run(load, verb, fix);

	for (int i = 1; i < TIMES && status == BLOCKED; i++) {
		command_repeated++;
		status = command_run(load, verb, fix);
	}
	return status;
}

/* What the stopped controller is about to call, -1: nothing. */
static long next_call(pid_t pid)
{
	struct __ptrace_syscall_info info;

	return ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 &&
			       info.op == PTRACE_SYSCALL_INFO_ENTRY
		       ? (long)info.entry.nr
		       : -1;
}

int command_to_call(const struct load *load, const struct command *command, unsigned int n,
		    bool any, void (*at)(pid_t suture, void *context), void *context, bool *touched)
{
	pid_t pid = command_start(load, command, true);
	bool touches = false, ignored;
	int status, signal = 0;

	touched = touched ? touched : &ignored;
	*touched = false;
	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		return WEXITSTATUS(status);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	while (ptrace(PTRACE_SYSCALL, pid, 0, signal) == 0 && waitpid(pid, &status, 0) == pid) {
		long call;

		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			break;
		signal = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
		call = signal ? -1 : next_call(pid);
		*touched |= touches;
		touches = call == SYS_ptrace || call == SYS_pwrite64;
		if (call >= 0 && (any || touches) && --n == 0) {
			at(pid, context);
			ptrace(PTRACE_DETACH, pid, 0, 0);
			return command_wait(pid);
		}
	}
	return COMMAND_KILLED;
}
