// SPDX-License-Identifier: GPL-2.0-or-later
/* Sleeps until its parent ends it, or has ended. For calls-test, also linked statically. */
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}
