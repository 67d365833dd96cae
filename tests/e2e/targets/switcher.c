// SPDX-License-Identifier: GPL-2.0-or-later
/* switcher: a program that could switch stacks: it imports makecontext(). */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

long version(void);

__attribute__((noinline)) long version(void)
{
	return 1;
}

static ucontext_t context;
static char stack[16384];

static void elsewhere(void)
{
	printf("version %ld\n", version());
	fflush(stdout);
}

int main(int argc, char **argv)
{
	(void)argv;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	getcontext(&context);
	context.uc_stack.ss_sp = stack;
	context.uc_stack.ss_size = sizeof(stack);
	makecontext(&context, elsewhere, 0);
	if (argc > 1)
		setcontext(&context);
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
