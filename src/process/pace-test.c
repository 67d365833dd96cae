// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/pace.h"
#include "base/io.h"
#include "base/tap.h"

#include <stddef.h>

/* Asks for so long whether to rest, at least once; how often it did. */
static unsigned int work(struct sut_pace *pace, uint64_t ns)
{
	uint64_t end = sut_now_ns() + ns;
	unsigned int rests = 0;

	do {
		uint64_t before = pace ? pace->until_ns : 0;

		sut_pace_rest(pace);
		rests += pace && pace->until_ns != before;
	} while (sut_now_ns() < end);
	return rests;
}

static void test_first(void)
{
	struct sut_pace pace = {0};
	uint64_t start = sut_now_ns();

	CHECK_EQUAL(work(&pace, 0), 1);
	CHECK(sut_now_ns() - start >= 20 * 1000);
	CHECK(pace.until_ns > start);
}

static void test_turns(void)
{
	struct sut_pace pace = {0};
	unsigned int count = work(&pace, 20 * 1000 * 1000);

	CHECK(count > 1 && count < 120);
}

static void test_held(void)
{
	struct sut_pace pace = {0};

	sut_pace_hold(&pace, true);
	CHECK_EQUAL(work(&pace, 2 * 1000 * 1000), 0);
	sut_pace_hold(&pace, false);
	CHECK_EQUAL(work(&pace, 0), 1);
}

static void test_none(void)
{
	sut_pace_hold(NULL, true);
	CHECK_EQUAL(work(NULL, 1000), 0);
}

static const struct sut_tap_test tests[] = {
	{"the first thing is a rest", test_first},
	{"long work is interrupted again and again, and not all the time", test_turns},
	{"nobody rests while the target waits", test_held},
	{"a target that nobody opened has no pace", test_none},
};

SUT_TAP_MAIN(tests)
