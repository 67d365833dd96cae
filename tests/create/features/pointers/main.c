// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

typedef int operation(int value);

__attribute__((noinline)) int first(int value)
{
	return value;
}

static operation *volatile table[] = {first, NULL};
static operation *volatile kept;

__attribute__((constructor)) static void keep(void)
{
	kept = first;
}

__attribute__((noinline)) int is_first(operation *one)
{
	return one == first;
}

__attribute__((noinline)) int compare(void)
{
	return kept == NULL;
}

void step(void)
{
	printf("%s %d ", is_first(kept) ? "same" : "other", table[0](1));
	printf("%s %d %d\n", is_first(table[0]) ? "kept" : "lost", kept(1), compare());
}
