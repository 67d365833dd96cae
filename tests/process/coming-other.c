// SPDX-License-Identifier: GPL-2.0-or-later
/* What coming.c loads, too: it needs coming-object.c's object, and is of no other version. */
int inner(int seed);
int beyond(int seed);

__attribute__((noipa)) int beyond(int seed)
{
	int version = 1;

	return inner(seed) == version && inner(seed + 1) == version ? version : 0;
}
