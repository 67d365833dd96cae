/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: a chain of inline functions, and asserts with their lines
 * fix: s/third(x) + 1/third(x) + 2/
 * changed: outer
 * has: ^static inline int first(
 * has: inlined here: .*second
 * lacks: unrelated
 */
#include "inlines.h"

int inlines_base = 4;

static int third(int x)
{
	assert(x < 1000);
	return second(x) + first(x);
}

int outer(int x)
{
	assert(x);
	return third(x) + 1;
}

int main(int argc, char **argv)
{
	return outer(argc) + unrelated(!argv);
}
