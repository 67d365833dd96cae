// SPDX-License-Identifier: GPL-2.0-or-later
/* What coming.c loads. Its constructor calls what the fix changes, before anybody else can. */
#include <stdlib.h>

int inner(int seed);

static int calls;

__attribute__((noipa)) int inner(int seed)
{
	int version = 1;

	calls++;
	return seed < 0 ? 0 : version;
}

__attribute__((constructor)) static void start(void)
{
	if (!inner(1) || !calls)
		abort();
}
