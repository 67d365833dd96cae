// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decision, taken here by the test itself on a stack that is an array. The words of the thread
 * are this thread's own, in its real control block.
 */
#include "process/rt/decide.c"
#include "base/tap.h"

#include <string.h>

enum { MARK = 0x1000, WORDS = 64 };

/* Addresses of code; nothing lies there. */
enum { OLD_LOW = 0x10000, OLD_HIGH = 0x10100, NEW_LOW = 0x20000, NEW_HIGH = 0x20100 };
enum { CORE_LOW = 0x30000, CORE_HIGH = 0x30100 };

static const struct sut_rt_range ranges[] = {
	{OLD_LOW, OLD_HIGH, SUT_RT_RANGE_OLD, 0},
	{NEW_LOW, NEW_HIGH, SUT_RT_RANGE_NEW, 0},
	{CORE_LOW, CORE_HIGH, SUT_RT_RANGE_CORE, 0},
};

static uint64_t stack[WORDS];

static struct sut_rt_thread *words(void)
{
	static const struct sut_rt_transition t = {.home = SUT_RT_HOME_TCB};
	uint64_t tcb;

	return this_thread(&t, &tcb);
}

/* Armed, forward, an undecided thread, a clean stack. */
static struct sut_rt_transition begin(void)
{
	uint64_t tcb;

	__asm__("movq %%fs:0x10, %0" : "=r"(tcb));
	memset(words(), 0, sizeof(struct sut_rt_thread));
	memset(stack, 0, sizeof(stack));
	return (struct sut_rt_transition){
		.mark_new = MARK,
		.mark_old = MARK + 1,
		.armed = 1,
		.ranges = (uint64_t)ranges,
		.range_count = sizeof(ranges) / sizeof(ranges[0]),
		.low = OLD_LOW,
		.high = CORE_HIGH,
		.main_tcb = tcb,
		.main_low = (uint64_t)stack,
		.main_high = (uint64_t)(stack + WORDS),
	};
}

static uint32_t ask(struct sut_rt_transition *t)
{
	return sut_rt_decide(t, (uint64_t)stack, 0);
}

static void test_unarmed(void)
{
	struct sut_rt_transition t = begin();

	t.armed = 0;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(words()->mark, 0);
	CHECK_EQUAL(words()->answer, 0);
	CHECK_EQUAL(words()->busy, 0);
	CHECK_EQUAL(t.closing, 0);
}

static void test_clean(void)
{
	struct sut_rt_transition t = begin();

	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(words()->mark, MARK);
	CHECK_EQUAL(t.closing, 0);
}

static void test_frame(void)
{
	struct sut_rt_transition t = begin();

	stack[40] = OLD_LOW + 8;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(words()->mark, 0);
	CHECK_EQUAL(t.closing, 2);
	CHECK_EQUAL(words()->answer, 2);
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(t.closing, 4);
}

static void test_frame_goes(void)
{
	struct sut_rt_transition t = begin();

	stack[40] = OLD_LOW + 8;
	stack[3] = OLD_LOW + 16;
	CHECK_EQUAL(ask(&t), OLD);
	stack[40] = 0;
	CHECK_EQUAL(ask(&t), OLD);
	stack[3] = 0;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(words()->mark, MARK);
}

/* What lies below the stack pointer is no frame. */
static void test_below(void)
{
	struct sut_rt_transition t = begin();

	stack[9] = OLD_LOW + 8;
	CHECK_EQUAL(sut_rt_decide(&t, (uint64_t)(stack + 10), 0), NEW);
}

/* A remembered hit is not asked about when the stack has become shorter than it. */
static void test_remembered_below(void)
{
	struct sut_rt_transition t = begin();

	stack[9] = OLD_LOW + 8;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(sut_rt_decide(&t, (uint64_t)(stack + 10), 0), NEW);
}

static uint32_t answer_to(uint64_t word)
{
	struct sut_rt_transition t = begin();

	stack[20] = word;
	return ask(&t);
}

/* A call can be a piece's last instruction; its first byte can be a pointer to the function. */
static void test_ends(void)
{
	CHECK_EQUAL(answer_to(OLD_LOW), NEW);
	CHECK_EQUAL(answer_to(OLD_LOW + 1), OLD);
	CHECK_EQUAL(answer_to(OLD_HIGH), OLD);
	CHECK_EQUAL(answer_to(OLD_HIGH + 1), NEW);
	CHECK_EQUAL(answer_to(NEW_LOW + 8), NEW);
}

static void test_core(void)
{
	CHECK_EQUAL(answer_to(CORE_LOW + 8), OLD);
	CHECK_EQUAL(words()->mark, 0);
}

static void test_certificate(void)
{
	struct sut_rt_transition t = begin();

	stack[40] = OLD_LOW + 8;
	CHECK_EQUAL(ask(&t), OLD);
	words()->certificate = 2;
	words()->certificate_check = ~UINT64_C(2) ^ MARK;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(words()->mark, MARK);
}

static void test_certificate_void(void)
{
	struct sut_rt_transition t = begin();

	stack[40] = OLD_LOW + 8;
	CHECK_EQUAL(ask(&t), OLD);
	words()->certificate = 2; /* torn: the check is still of another one */
	words()->certificate_check = ~UINT64_C(0) ^ MARK;
	CHECK_EQUAL(ask(&t), OLD);
	words()->certificate_check = ~UINT64_C(2) ^ MARK; /* whole, but one answer too old */
	CHECK_EQUAL(ask(&t), OLD);
	words()->certificate = 6;
	words()->certificate_check = ~UINT64_C(6) ^ (MARK + 1); /* for the other direction */
	CHECK_EQUAL(ask(&t), OLD);
	words()->certificate = 8;
	words()->certificate_check = ~UINT64_C(8) ^ (MARK - 2); /* of an earlier transition */
	CHECK_EQUAL(ask(&t), OLD);
}

/*
 * A handler above the thread's stack interrupts a decision that has answered old: it must not take
 * the certificate, nor what is left of that decision.
 */
static void test_foreign_first(void)
{
	struct sut_rt_transition t = begin();
	uint64_t busy = (uint64_t)(stack + 30);

	words()->busy = busy;
	words()->certificate_check = ~UINT64_C(0) ^ MARK;
	CHECK_EQUAL(sut_rt_decide(&t, (uint64_t)(stack + WORDS), 0), OLD);
	CHECK_EQUAL(words()->mark, 0);
	CHECK_EQUAL(words()->busy, busy);
	CHECK_EQUAL(words()->transition, 0);
	CHECK_EQUAL(words()->answer, 2);
}

/* Words of an earlier transition, or of an earlier owner of the stack, count for nothing. */
static void test_stale_words(void)
{
	struct sut_rt_transition t = begin();

	*words() = (struct sut_rt_thread){
		.mark = MARK - 2,
		.answer = 7,
		.transition = MARK - 2,
		.hit_address = (uint64_t)(stack + 5),
		.hit_value = ~UINT64_C(0),
		.certificate = 7,
		.certificate_check = ~UINT64_C(7) ^ (MARK - 2),
	};
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(words()->answer, 7);
}

static void test_nested(void)
{
	struct sut_rt_transition t = begin();
	uint64_t outer = (uint64_t)(stack + 30);

	words()->busy = outer;
	CHECK_EQUAL(ask(&t), OLD); /* undecided, though the stack is clean */
	CHECK_EQUAL(words()->mark, 0);
	CHECK_EQUAL(words()->busy, outer);
	CHECK_EQUAL(words()->transition, 0);
	CHECK_EQUAL(t.closing, 2);
}

static void test_nested_switched(void)
{
	struct sut_rt_transition t = begin();

	words()->busy = (uint64_t)(stack + 30);
	words()->mark = MARK;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(t.closing, 0);
	t.dir = 1;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(t.closing, 2);
	words()->mark = MARK + 1;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(t.closing, 2);
}

/* Even an answer that only goes by the mark: nobody enters the source version any more. */
static void test_nested_closed(void)
{
	struct sut_rt_transition t = begin();

	words()->busy = (uint64_t)(stack + 30);
	t.closing = 3;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(words()->mark, 0);
	CHECK_EQUAL(t.closing, 3);
}

static void test_switched(void)
{
	struct sut_rt_transition t = begin();

	words()->mark = MARK;
	stack[40] = OLD_LOW + 8; /* stale: it has no old frames */
	CHECK_EQUAL(ask(&t), NEW);
	t.dir = 1;
	words()->mark = MARK + 1;
	stack[40] = NEW_LOW + 8;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(t.closing, 0);
}

/* Left by a longjmp() out of a handler: the stack is shorter now. */
static void test_busy_left_over(void)
{
	struct sut_rt_transition t = begin();

	words()->busy = (uint64_t)stack - 8;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(words()->busy, 0);
}

static void test_closed(void)
{
	struct sut_rt_transition t = begin();

	stack[40] = OLD_LOW + 8;
	t.closing = 5;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(words()->mark, MARK);
	CHECK_EQUAL(t.closing, 5);
	t = begin();
	t.closing = 1;
	t.dir = 1;
	words()->mark = MARK;
	stack[40] = NEW_LOW + 8;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(words()->mark, MARK + 1);
}

static void test_per_stack(void)
{
	struct sut_rt_transition t = begin();

	t.per_stack = 1;
	t.main_high = t.main_low = 0;
	words()->mark = MARK;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(words()->mark, MARK);
	CHECK_EQUAL(t.closing, 2);
	t.dir = 1; /* it is the target now, and holds nobody up */
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(t.closing, 2);
	t.dir = 0;
	t.closing |= 1;
	CHECK_EQUAL(ask(&t), NEW);
}

/* Whether it is on the coroutine's stack, with frames of its own below it, nobody can tell. */
static void test_bottom(void)
{
	struct sut_rt_transition t = begin();

	CHECK_EQUAL(stack[40], 0);
	t.per_stack = 1;
	t.bottom = OLD_HIGH + 4096;
	stack[40] = t.bottom;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK(words()->mark != MARK);
	stack[40] = t.bottom + 1;
	CHECK_EQUAL(ask(&t), NEW);
}

static void test_foreign(void)
{
	struct sut_rt_transition t = begin();

	t.main_high = t.main_low = 0;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(words()->mark, 0);
	CHECK_EQUAL(t.foreign, 1);
	words()->mark = MARK;
	t.dir = 1;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(t.foreign, 2);
	CHECK_EQUAL(t.closing, 4);
	words()->mark = MARK + 1;
	CHECK_EQUAL(ask(&t), OLD); /* which is where everybody goes */
	CHECK_EQUAL(t.foreign, 2);
}

static void test_way_back(void)
{
	struct sut_rt_transition t = begin();

	words()->mark = MARK;
	t.dir = 1;
	stack[40] = NEW_LOW + 8;
	CHECK_EQUAL(ask(&t), NEW);
	CHECK_EQUAL(words()->mark, MARK);
	CHECK_EQUAL(t.closing, 2);
	stack[40] = 0;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(words()->mark, MARK + 1);
}

/* It has run nothing but the original, whatever lies on its stack. */
static void test_way_back_undecided(void)
{
	struct sut_rt_transition t = begin();

	t.dir = 1;
	stack[39] = OLD_LOW + 8;
	stack[40] = NEW_LOW + 8;
	CHECK_EQUAL(ask(&t), OLD);
	CHECK_EQUAL(words()->mark, MARK + 1);
	CHECK_EQUAL(t.closing, 0);
}

/* "No old frames" is not what matters on the way back. */
static void test_reversal_voids(void)
{
	struct sut_rt_transition t = begin();

	words()->mark = MARK;
	words()->transition = MARK;
	words()->certificate = 0;
	words()->certificate_check = ~UINT64_C(0) ^ MARK;
	words()->hit_address = (uint64_t)(stack + 5);
	words()->hit_value = ~UINT64_C(0);
	t.dir = 1;
	stack[40] = NEW_LOW + 8;
	CHECK_EQUAL(ask(&t), NEW);
	stack[40] = 0;
	CHECK_EQUAL(ask(&t), OLD);
}

/* F jumps to G in both versions. */
enum { F = 0, G = 1 };
static const uint64_t edges[] = {(uint64_t)F << 32 | G};
static const uint32_t callees[] = {
	[F] = F | SUT_RT_CALLEE_SOURCE | SUT_RT_CALLEE_SOURCE << 1,
	[G] = G | SUT_RT_CALLEE_TARGET | (uint32_t)SUT_RT_CALLEE_TARGET << 1,
};

static struct sut_rt_transition begin_tails(void)
{
	struct sut_rt_transition t = begin();

	t.edges[0] = t.edges[1] = (uint64_t)edges;
	t.edge_count[0] = t.edge_count[1] = 1;
	return t;
}

/* A call with its return address at stack[at]. */
static uint32_t call(struct sut_rt_transition *t, uint32_t function, size_t at)
{
	return sut_rt_decide(t, (uint64_t)(stack + at), callees[function]);
}

/* ... that an old frame keeps old. */
static void call_old(struct sut_rt_transition *t, uint32_t function, size_t at)
{
	stack[WORDS - 1] = OLD_LOW + 8;
	CHECK_EQUAL(call(t, function, at), OLD);
	stack[WORDS - 1] = 0;
}

/* F may have been running when the patch came; after that there are records. */
static void test_tail_first(void)
{
	struct sut_rt_transition t = begin_tails();

	CHECK_EQUAL(call(&t, G, 10), OLD);
	CHECK_EQUAL(t.closing, 2);
	CHECK_EQUAL(call(&t, G, 10), NEW);
	t = begin_tails();
	CHECK_EQUAL(call(&t, F, 10), NEW);
}

static void test_tail(void)
{
	struct sut_rt_transition t = begin_tails();

	CHECK_EQUAL(call(&t, G, 10), OLD);
	call_old(&t, F, 20);
	CHECK_EQUAL(call(&t, G, 20), OLD);
	CHECK_EQUAL(call(&t, G, 20), NEW);
}

/* F has returned, and G is called: from elsewhere, or from a shallower or deeper stack. */
static void test_tail_returned(void)
{
	struct sut_rt_transition t = begin_tails();

	CHECK_EQUAL(call(&t, G, 10), OLD);
	call_old(&t, F, 20);
	stack[20] = 0x40000;
	CHECK_EQUAL(call(&t, G, 20), NEW);
	t = begin_tails();
	CHECK_EQUAL(call(&t, G, 10), OLD);
	call_old(&t, F, 20);
	CHECK_EQUAL(call(&t, G, 21), NEW);
	t = begin_tails();
	CHECK_EQUAL(call(&t, G, 10), OLD);
	call_old(&t, F, 20);
	CHECK_EQUAL(call(&t, G, 19), NEW);
}

/* A function that F does not jump to. */
static void test_tail_other(void)
{
	struct sut_rt_transition t = begin_tails();

	CHECK_EQUAL(call(&t, G, 10), OLD);
	call_old(&t, F, 20);
	CHECK_EQUAL(call(&t, F, 20), NEW);
}

static void test_tail_anywhere(void)
{
	static const uint64_t anywhere[] = {(uint64_t)F << 32 | SUT_RT_ANYWHERE};
	struct sut_rt_transition t = begin_tails();

	t.edges[0] = (uint64_t)anywhere;
	CHECK_EQUAL(call(&t, G, 10), OLD);
	call_old(&t, F, 20);
	CHECK_EQUAL(sut_rt_decide(&t, (uint64_t)(stack + 20), 7), OLD);
}

/* What lies deeper than the last record may have been jumped to. */
static void test_tail_overflow(void)
{
	struct sut_rt_transition t = begin_tails();

	CHECK_EQUAL(call(&t, G, 10), OLD);
	for (size_t i = 0; i <= SUT_RT_RECORDS; i++)
		call_old(&t, F, 20 - i);
	CHECK_EQUAL(words()->record_count, SUT_RT_RECORDS);
	CHECK_EQUAL(call(&t, G, 20 - SUT_RT_RECORDS), OLD);
	CHECK_EQUAL(call(&t, G, 20 - SUT_RT_RECORDS - 1), OLD);
	CHECK_EQUAL(call(&t, G, 20 - SUT_RT_RECORDS + 1), OLD); /* its own record */
	CHECK_EQUAL(call(&t, G, 20 - SUT_RT_RECORDS + 1), NEW);
}

static void test_tail_reversed(void)
{
	struct sut_rt_transition t = begin_tails();

	CHECK_EQUAL(call(&t, G, 10), OLD);
	CHECK_EQUAL(call(&t, G, 10), NEW);
	t.dir = 1;
	CHECK_EQUAL(call(&t, G, 10), NEW);
	CHECK_EQUAL(call(&t, G, 10), OLD);
	t = begin_tails();
	t.dir = 1; /* has never run new code */
	CHECK_EQUAL(call(&t, G, 10), OLD);
	CHECK_EQUAL(words()->mark, MARK + 1);
}

/* A pointer to an entry is no frame; a program counter that a handler interrupted is. */
static void test_entry(void)
{
	static const struct sut_rt_range entry[] = {
		{OLD_LOW - 1, OLD_LOW, SUT_RT_RANGE_OLD | SUT_RT_RANGE_ENTRY, 0},
		{OLD_LOW, OLD_HIGH, SUT_RT_RANGE_OLD, 0},
	};
	struct sut_rt_transition t = begin();

	t.ranges = (uint64_t)entry;
	t.range_count = 2;
	t.low = OLD_LOW - 1;
	stack[20] = OLD_LOW;
	stack[22] = 0x002b000000000033;
	CHECK_EQUAL(ask(&t), OLD);
	stack[22] = 0;
	CHECK_EQUAL(ask(&t), OLD); /* the word that was a hit is the same still */
	words()->hit_address = 0;
	CHECK_EQUAL(ask(&t), NEW);
}

/* The second object lies between the first one and its arena. */
static void test_late(void)
{
	static const struct sut_rt_range outer[] = {
		{0x100000, 0x100100, SUT_RT_RANGE_NEW, 0},
		{0x180000, 0x180100, SUT_RT_RANGE_OLD, 0},
	};
	static const struct sut_rt_range inner[] = {{0x140000, 0x140100, SUT_RT_RANGE_OLD, 0}};
	const struct sut_rt_range_set second = {
		.low = 0x140000, .high = 0x140100, .count = 1, .ranges = (uint64_t)inner};
	const struct sut_rt_range_set first = {
		.next = (uint64_t)&second,
		.low = 0x100000,
		.high = 0x180100,
		.count = 2,
		.ranges = (uint64_t)outer,
	};
	struct sut_rt_transition t = begin();

	t.late = (uint64_t)&first;
	stack[40] = 0x180010;
	CHECK_EQUAL(ask(&t), OLD);
	stack[40] = 0x140010;
	CHECK_EQUAL(ask(&t), OLD);
}

static const struct sut_tap_test tests[] = {
	{"before arming the answer is the original and nobody is marked", test_unarmed},
	{"a clean stack switches the thread", test_clean},
	{"an old frame gives the old version, counted", test_frame},
	{"the thread switches when its last old frame has gone", test_frame_goes},
	{"words below the stack pointer do not count", test_below},
	{"a remembered frame that has been left does not count", test_remembered_below},
	{"a range holds its end and not its start", test_ends},
	{"a pending decision counts as an old frame", test_core},
	{"a certificate switches a thread whose stack looks dirty", test_certificate},
	{"a torn, outdated or foreign certificate counts for nothing", test_certificate_void},
	{"words of an earlier transition count for nothing", test_stale_words},
	{"a decision inside a decision changes nothing but the count", test_nested},
	{"a decision inside a decision goes by the mark", test_nested_switched},
	{"a decision inside a decision goes by the closing first", test_nested_closed},
	{"a thread that has switched stays so, whatever its stack holds", test_switched},
	{"a decision that was never finished does not block later ones", test_busy_left_over},
	{"after closing the answer is the target version", test_closed},
	{"on a foreign stack the mark decides and the case is counted", test_foreign},
	{"... before anything else is looked at", test_foreign_first},
	{"... but where stacks are switched nobody goes over on one before the end",
	 test_per_stack},
	{"nobody goes over above a coroutine's first frame", test_bottom},
	{"on the way back a new frame gives the new version", test_way_back},
	{"on the way back an undecided thread is at home", test_way_back_undecided},
	{"a reversal makes certificates and remembered frames void", test_reversal_voids},
	{"the first clean call of what is jumped to is old", test_tail_first},
	{"a jump out of an old call stays old", test_tail},
	{"a call after the old one has returned is no jump", test_tail_returned},
	{"only what the old call may jump to is", test_tail_other},
	{"a jump through a pointer may lead anywhere", test_tail_anywhere},
	{"below old calls that have no record everything may be jumped to", test_tail_overflow},
	{"a reversal makes records void", test_tail_reversed},
	{"of an entry that is jumped to only an interrupted call counts", test_entry},
	{"frames count in objects that came meanwhile, wherever those lie", test_late},
};

SUT_TAP_MAIN(tests)
