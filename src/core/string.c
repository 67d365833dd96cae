// SPDX-License-Identifier: LGPL-2.1-or-later
/* The little that the core needs of <string.h>. */
#include "core/private.h"

int sut_compare(const char *a, const char *b)
{
	if (!a || !b)
		return !!a - !!b;
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

bool sut_same(const char *a, const char *b)
{
	return !sut_compare(a, b);
}

size_t sut_length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}
