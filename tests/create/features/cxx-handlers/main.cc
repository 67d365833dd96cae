// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <new>
#include <stdexcept>

static int left;

struct guard {
	~guard() { left++; }
};

struct refusal : std::runtime_error {
	int code;
	refusal(const char *text, int value) : std::runtime_error(text), code(value) {}
};

__attribute__((noinline)) static void fail(int value)
{
	if (value == 2)
		throw refusal("two", value);
	if (value == 3)
		throw value;
	if (value == 4)
		throw std::bad_alloc();
}

/* Cleans up, catches, throws again and throws. */
__attribute__((noinline)) int work(int value)
{
	guard outer;

	try {
		guard inner;

		fail(value);
	} catch (const refusal &r) {
		printf("%s %d\n", r.what(), r.code);
		throw;
	} catch (int number) {
		throw refusal("another", number);
	}
	return value;
}

__attribute__((noinline)) static bool quiet(int value) noexcept
{
	try {
		return work(value) == value;
	} catch (...) {
		return false;
	}
}

void step(void)
{
	left = 0;
	for (int value = 1; value <= 4; value++)
		try {
			printf("%d\n", work(value));
		} catch (const refusal &r) {
			printf("refused %s %d\n", r.what(), r.code);
		} catch (const std::exception &e) {
			printf("failed\n");
		}
	bool one = quiet(1), three = quiet(3);

	printf("%d %d %d\n", one, three, left);
}
