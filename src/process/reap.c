// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/reap.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

static void reap(int signal)
{
	int before = errno;
	siginfo_t info;

	(void)signal;
	/* Children that end with SIGCHLD, this process's own, do not count as clones. */
	do
		info.si_pid = 0;
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WCLONE) == 0 && info.si_pid);
	errno = before;
}

void sut_reap_dead_threads(void)
{
	struct sigaction action = {.sa_handler = reap, .sa_flags = SA_RESTART | SA_NOCLDSTOP};

	sigaction(SIGCHLD, &action, NULL);
}
