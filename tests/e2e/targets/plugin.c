// SPDX-License-Identifier: GPL-2.0-or-later
/* What loader.c loads: it calls a function of its own before anybody else can. */
#include <stdio.h>

int answer(int n);
int at_start(int n);

static int started, calls;

__attribute__((noinline, noclone)) static int count(int n)
{
	calls++;
	return n;
}

__attribute__((noinline, noclone)) int answer(int n)
{
	return count(n) + 1;
}

/* A call, then a jump: the first instructions hold what cannot be moved as it is. */
int at_start(int n)
{
	return started + count(n);
}

__attribute__((constructor)) static void start(void)
{
	started = answer(1);
	if (started < 0)
		puts("never");
}
