// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What coming.c loads. Its constructor calls what the fix changes, before anybody else can; that is
 * a small function, at the end of the text.
 */
#include <stdlib.h>

int inner(int seed);

__attribute__((noipa)) int inner(int seed)
{
	int version = 1;

	return seed < 0 ? 0 : version;
}

__attribute__((constructor)) static void start(void)
{
	if (!inner(1))
		abort();
}
