// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/tap.h"

#include <string.h>

bool sut_tap_failed;

bool sut_tap_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

int sut_tap_run(const struct sut_tap_test *tests, size_t count)
{
	bool any = false;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		sut_tap_failed = false;
		tests[i].run();
		printf("%s %zu - %s\n", sut_tap_failed ? "not ok" : "ok", i + 1, tests[i].name);
		fflush(stdout);
		any |= sut_tap_failed;
	}
	return any;
}
