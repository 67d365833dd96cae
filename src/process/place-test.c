// SPDX-License-Identifier: GPL-2.0-or-later
/* A thread that is still in the stub which mapped the run-time must not be sent anywhere else. */
#include "process/borrow.h"
#include "base/tap.h"

#include <unistd.h>

enum { SLACK = 0x400000, SLACK_SIZE = 0x200 };

/* This process is the target; a control block of its own says where the stub is. */
struct fixture {
	struct sut_target target;
	struct sut_rt_control control;
	struct sut_runtime runtime;
	uint64_t stack[64]; /* what a stopped thread's holds */
};

static void begin(struct fixture *f, uint64_t slack)
{
	struct sut_diag diag;

	*f = (struct fixture){.control = {.slack = slack, .slack_size = slack ? SLACK_SIZE : 0}};
	CHECK_EQUAL(sut_target_open(getpid(), false, &f->target, &diag), SUT_OK);
	f->runtime = (struct sut_runtime){.target = &f->target,
					  .placed = true,
					  .control = (uint64_t)&f->control};
}

static bool is_past(const struct fixture *f, uint64_t pc)
{
	struct sut_stopped stopped = {.pc = pc, .sp = (uint64_t)f->stack};

	return sut_borrow_past_stub(&f->runtime, &stopped);
}

static void test_inside(void)
{
	struct fixture f;

	begin(&f, SLACK);
	CHECK(!is_past(&f, SLACK));
	CHECK(!is_past(&f, SLACK + SLACK_SIZE - 1));
	CHECK(is_past(&f, SLACK + SLACK_SIZE));
	CHECK(is_past(&f, SLACK - 1));
	sut_target_close(&f.target);
}

static void test_interrupted(void)
{
	struct fixture f;

	begin(&f, SLACK);
	f.stack[20] = SLACK + 8;
	CHECK(!is_past(&f, SLACK - 1));
	sut_target_close(&f.target);
}

static void test_cleared(void)
{
	struct fixture f;

	begin(&f, 0);
	CHECK(is_past(&f, SLACK));
	sut_target_close(&f.target);
}

static void test_unreadable(void)
{
	struct fixture f;

	begin(&f, SLACK);
	f.runtime.control = 8;
	CHECK(!is_past(&f, SLACK - 1));
	sut_target_close(&f.target);
}

static const struct sut_tap_test tests[] = {
	{"a thread in the stub is not taken", test_inside},
	{"nor one in a signal handler above it", test_interrupted},
	{"where the stub is cleared nobody is in it", test_cleared},
	{"what cannot be read is no permission", test_unreadable},
};

SUT_TAP_MAIN(tests)
