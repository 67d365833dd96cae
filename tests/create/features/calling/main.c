// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <alloca.h>
#include <stdarg.h>
#include <string.h>

struct large {
	long words[16];
};

__attribute__((noinline)) int sum(int count, ...)
{
	va_list list;
	int total = 0;

	va_start(list, count);
	for (int i = 0; i < count; i++)
		total += va_arg(list, int);
	va_end(list);
	return total;
}

__attribute__((noinline)) struct large spread(struct large from, int value)
{
	from.words[15] = value;
	return from;
}

__attribute__((noinline)) long variable(int count)
{
	long list[count], total = 0;

	for (int i = 0; i < count; i++)
		list[i] = i;
	for (int i = 0; i < count; i++)
		total += list[i];
	return total;
}

static void release(const char **text)
{
	printf("%s", *text);
}

__attribute__((noinline)) void borrow(const char *text)
{
	__attribute__((cleanup(release))) const char *word = "free";
	char *copy = alloca(strlen(text) + 1);

	strcpy(copy, text);
	printf("%s ", copy);
}

void step(void)
{
	struct large large = {{0}};

	printf("%d ", sum(3, 1, 2, 3));
	printf("%ld ", spread(large, 1).words[15]);
	printf("%ld ", variable(6));
	borrow("abc");
	printf("\n");
}
