/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests: flat TAP on standard output. A test program is a list of functions that each state
 * one behaviour, run by SUT_TAP_MAIN(tests).
 */
#ifndef SUT_BASE_TAP_H
#define SUT_BASE_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stddef.h>

struct sut_tap_test {
	const char *name; /* the behaviour, as a sentence */
	void (*run)(void);
};

extern bool sut_tap_failed;

/* Fails the running test (and goes on) when the condition does not hold. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #condition);         \
			sut_tap_failed = true;                                                     \
		}                                                                                  \
	} while (0)

#define CHECK_EQUAL(a, b)                                                                          \
	do {                                                                                       \
		long long left_ = (long long)(a), right_ = (long long)(b);                         \
		if (left_ != right_) {                                                             \
			printf("# %s:%d: %s is %lld (0x%llx), not %lld (0x%llx)\n", __FILE__,      \
			       __LINE__, #a, left_, (unsigned long long)left_, right_,             \
			       (unsigned long long)right_);                                        \
			sut_tap_failed = true;                                                     \
		}                                                                                  \
	} while (0)

#define CHECK_STRING(a, b)                                                                         \
	do {                                                                                       \
		const char *left_ = (a), *right_ = (b);                                            \
		if (!sut_tap_same(left_, right_)) {                                                \
			printf("# %s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #a,      \
			       left_ ? left_ : "(null)", right_ ? right_ : "(null)");              \
			sut_tap_failed = true;                                                     \
		}                                                                                  \
	} while (0)

bool sut_tap_same(const char *a, const char *b);
int sut_tap_run(const struct sut_tap_test *tests, size_t count);

#define SUT_TAP_MAIN(tests)                                                                        \
	int main(void)                                                                             \
	{                                                                                          \
		return sut_tap_run(tests, sizeof(tests) / sizeof((tests)[0]));                     \
	}

#endif
