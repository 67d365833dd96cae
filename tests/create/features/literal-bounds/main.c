// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <stddef.h>

static const char *volatile given = "PUT";

static inline bool same(const char *text, const char *literal, size_t length)
{
	while (length--)
		if (*text++ != *literal++)
			return false;
	return true;
}

__attribute__((noinline)) int method(const char *text)
{
	if (same(text, "GET", 3))
		return 1;
	return same(text, "HEAD", 4) ? 2 : 0;
}

__attribute__((noinline)) int vowels(void)
{
	int count = 0;

	for (const char *at = "nine letters", *end = at + 12; at != end; at++)
		count += given[0] != *at && (*at == 'e' || *at == 'i');
	return count;
}

void step(void)
{
	printf("%d %d\n", method(given), vowels());
}
