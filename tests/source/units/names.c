/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: the same private names in another unit, from nested headers
 * more: names-more.c
 * fix: s/pick(x) + 2/pick(x) + 3/
 * changed: names_one
 * has: ^SUTURE_PRIVATE extern int names_count;
 */
#include "names.h"

__attribute__((noipa)) static int pick(int x)
{
	return x + names_next();
}

int names_one(int x)
{
	return pick(x) + 2 + INNER(x) + names_next();
}

int main(int argc, char **argv)
{
	return names_one(argc) + names_other(!argv);
}
