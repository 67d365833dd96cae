// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thunks, emitted and executed in this process. The landings that stand for the two versions of a
 * function note every register as they find it.
 */
#include "process/thunk.h"
#include "insn/insn.h"
#include "process/runtime.h"
#include "base/tap.h"

#include <string.h>
#include <sys/mman.h>

enum { MARK = 0x2000, REGISTERS = 16, RSP = 15, PAGES = 4 };

/* rax rcx rdx rsi rdi r8 r9 r10 r11 rbx rbp r12 r13 r14 r15 rsp, in this order everywhere. */
uint64_t test_in[REGISTERS], test_seen[REGISTERS];
uint64_t test_version, test_asked, test_answer, test_transition, test_sp, test_callee, test_stack;
void (*test_thunk)(void);

/* call_thunk: loads test_in, calls test_thunk, on test_stack if that is set. */
void call_thunk(void);
void land_old(void);
void land_new(void);
/* A decision that returns test_answer and spoils every register that a function may. */
void answer(void);

#define EACH_REGISTER(op)                                                                          \
	op(rax, 0) op(rcx, 8) op(rdx, 16) op(rsi, 24) op(rdi, 32) op(r8, 40) op(r9, 48)            \
		op(r10, 56) op(r11, 64) op(rbx, 72) op(rbp, 80) op(r12, 88) op(r13, 96)            \
			op(r14, 104) op(r15, 112)
#define LOAD(name, offset)  "mov test_in+" #offset "(%rip), %" #name "\n"
#define STORE(name, offset) "mov %" #name ", test_seen+" #offset "(%rip)\n"

__asm__(".text\n"
	"call_thunk:\n"
	"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
	"mov %rsp, saved_rsp(%rip)\n"
	"cmpq $0, test_stack(%rip)\n"
	"je 1f\n"
	"mov test_stack(%rip), %rsp\n"
	"1:\n" EACH_REGISTER(
		LOAD) "call *test_thunk(%rip)\n"
		      "mov saved_rsp(%rip), %rsp\n"
		      "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
		      "ret\n"
		      "land_old:\n"
		      "movq $1, test_version(%rip)\n"
		      "jmp 1f\n"
		      "land_new:\n"
		      "movq $2, test_version(%rip)\n"
		      "1:\n" EACH_REGISTER(
			      STORE) "mov %rsp, test_seen+120(%rip)\n"
				     "ret\n"
				     "answer:\n"
				     "incq test_asked(%rip)\n"
				     "mov %rdi, test_transition(%rip)\n"
				     "mov %rsi, test_sp(%rip)\n"
				     "mov %edx, test_callee(%rip)\n"
				     "mov $-1, %rcx\n mov %rcx, %rdx\n mov %rcx, %rsi\n mov %rcx, "
				     "%rdi\n mov %rcx, %r8\n"
				     "mov %rcx, %r9\n mov %rcx, %r10\n mov %rcx, %r11\n"
				     "mov test_answer(%rip), %rax\n"
				     "ret\n"
				     ".local saved_rsp\n"
				     ".comm saved_rsp, 8, 8\n");

/* One page of code, then the byte to test: where a thunk is, and what is in its reach. */
struct stage {
	unsigned char *code;
	unsigned char *dir;
	struct sut_thunk thunk;
};

enum { LANDING_OLD = 1024, LANDING_NEW = 1040 };

/* jmp *0(%rip); the address */
static void put_landing(unsigned char *at, void (*to)(void))
{
	static const unsigned char jump[6] = {0xff, 0x25};

	memcpy(at, jump, sizeof(jump));
	memcpy(at + sizeof(jump), &to, sizeof(to));
}

static uint32_t *mark(void)
{
	uint64_t tcb;

	__asm__("mov %%fs:0x10, %0" : "=r"(tcb));
	return &((struct sut_rt_thread *)(tcb + SUT_RT_THREAD))->mark;
}

static struct stage begin(uint64_t decide)
{
	struct stage stage = {.code = mmap(NULL, PAGES * SUT_PAGE_SIZE, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};

	stage.dir = stage.code + SUT_PAGE_SIZE;
	stage.thunk = (struct sut_thunk){
		.address = (uint64_t)stage.code,
		.mark_new = MARK,
		.dir = (uint64_t)stage.dir,
		.transition = 0x1122334455667788,
		.decide = decide,
		.callee = 0x50000007,
		.old_code = (uint64_t)stage.code + LANDING_OLD,
		.new_code = (uint64_t)stage.code + LANDING_NEW,
	};
	put_landing(stage.code + LANDING_OLD, land_old);
	put_landing(stage.code + LANDING_NEW, land_new);
	CHECK(sut_thunk_emit(&stage.thunk, stage.code));
	mprotect(stage.code, SUT_PAGE_SIZE, PROT_READ | PROT_EXEC);
	test_thunk = (void (*)(void))stage.code;
	test_version = test_asked = test_stack = 0;
	for (uint64_t i = 0; i < REGISTERS; i++)
		test_in[i] = 0x0101010101010101 * (i + 1);
	*mark() = 0;
	return stage;
}

static void end(struct stage *stage)
{
	*mark() = 0;
	munmap(stage->code, PAGES * SUT_PAGE_SIZE);
}

static void check_registers(void)
{
	for (int i = 0; i < RSP; i++)
		CHECK_EQUAL(test_seen[i], test_in[i]);
}

static void test_switched(void)
{
	struct stage stage = begin((uint64_t)answer);

	*mark() = MARK;
	call_thunk();
	CHECK_EQUAL(test_version, 2);
	CHECK_EQUAL(test_asked, 0);
	check_registers();
	end(&stage);
}

static void check_asked(uint64_t result, uint64_t version)
{
	test_asked = 0;
	test_answer = result;
	call_thunk();
	CHECK_EQUAL(test_version, version);
	CHECK_EQUAL(test_asked, 1);
	CHECK_EQUAL(test_transition, 0x1122334455667788);
	CHECK_EQUAL(test_sp, test_seen[RSP]);
	CHECK_EQUAL(test_callee, 0x50000007);
	check_registers();
}

static void test_undecided(void)
{
	struct stage stage = begin((uint64_t)answer);

	check_asked(0, 1);
	check_asked(1, 2);
	*mark() = MARK + 1;
	check_asked(0, 1);
	end(&stage);
}

static void test_reversed(void)
{
	struct stage stage = begin((uint64_t)answer);

	*mark() = MARK;
	*stage.dir = 1;
	check_asked(0, 1);
	check_asked(1, 2);
	end(&stage);
}

/* The upper half of the result is not part of it. */
static void test_wide_answer(void)
{
	struct stage stage = begin((uint64_t)answer);

	check_asked(0xffffffff00000000, 1);
	end(&stage);
}

static void test_short(void)
{
	struct stage stage = begin((uint64_t)answer);
	struct sut_insn insn;
	unsigned int count = 0;
	uint64_t at = stage.thunk.address;

	do {
		CHECK(sut_insn_decode(stage.code + (at - stage.thunk.address), SUT_THUNK_SIZE, at,
				      &insn));
		at += insn.length;
		count++;
	} while (insn.kind != SUT_INSN_JUMP && count < SUT_THUNK_SIZE);
	CHECK_EQUAL(insn.target, stage.thunk.new_code);
	CHECK(count <= 5);
	end(&stage);
}

static void test_reach(void)
{
	unsigned char code[SUT_THUNK_SIZE];
	const struct sut_thunk near = {.address = UINT64_C(1) << 32,
				       .dir = UINT64_C(1) << 32,
				       .old_code = UINT64_C(1) << 32,
				       .new_code = UINT64_C(1) << 32};
	struct sut_thunk thunk = near;

	CHECK(sut_thunk_emit(&thunk, code));
	thunk.dir += UINT64_C(1) << 31;
	CHECK(sut_thunk_emit(&thunk, code)); /* the end of an instruction is nearer */
	thunk.dir += SUT_THUNK_SIZE;
	CHECK(!sut_thunk_emit(&thunk, code));
	thunk = near;
	thunk.old_code -= (UINT64_C(1) << 31) + SUT_THUNK_SIZE;
	CHECK(!sut_thunk_emit(&thunk, code));
	thunk = near;
	thunk.new_code += (UINT64_C(1) << 31) + SUT_THUNK_SIZE;
	CHECK(!sut_thunk_emit(&thunk, code));
}

/*
 * The decision as it is put into targets, with a scan and a count, on a painted stack. A handler on
 * a small alternate stack must have room for it.
 */
static void test_stack_use(void)
{
	enum { STACK_WORDS = 512, PAINT = 0x5a, USE_MAX = 192 };
	static uint64_t stack[STACK_WORDS];
	const struct sut_rt_range range = {0x10000, 0x10100, SUT_RT_RANGE_OLD, 0};
	const struct sut_rt_range_set late = {.low = range.low - 1,
					      .high = range.high + 1,
					      .count = 1,
					      .ranges = (uint64_t)&range};
	struct sut_rt_transition t = {.mark_new = MARK,
				      .mark_old = MARK + 1,
				      .armed = 1,
				      .late = (uint64_t)&late,
				      .main_low = (uint64_t)stack,
				      .main_high = (uint64_t)(stack + STACK_WORDS)};
	const struct sut_rt_header *header = (const void *)sut_rt_blob;
	void *runtime = mmap(NULL, SUT_RT_TEXT_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct stage stage;
	size_t untouched = 0, top = STACK_WORDS - 16;

	memcpy(runtime, sut_rt_blob, sut_rt_blob_size);
	mprotect(runtime, SUT_RT_TEXT_SIZE, PROT_READ | PROT_EXEC);
	stage = begin((uint64_t)runtime + header->decide);
	mprotect(stage.code, SUT_PAGE_SIZE, PROT_READ | PROT_WRITE);
	stage.thunk.transition = (uint64_t)&t;
	CHECK(sut_thunk_emit(&stage.thunk, stage.code));
	mprotect(stage.code, SUT_PAGE_SIZE, PROT_READ | PROT_EXEC);
	__asm__("mov %%fs:0x10, %0" : "=r"(t.main_tcb));
	memset(stack, PAINT, sizeof(stack));
	stack[STACK_WORDS - 1] = range.low + 8;
	test_stack = (uint64_t)(stack + top);
	call_thunk();
	CHECK_EQUAL(test_version, 1);
	CHECK_EQUAL(t.closing, 2);
	check_registers();
	while (stack[untouched] == UINT64_C(0x0101010101010101) * PAINT)
		untouched++;
	/* Without the return address, which is the caller's. */
	printf("# %zu bytes\n", (top - 1 - untouched) * 8);
	CHECK((top - 1 - untouched) * 8 <= USE_MAX);
	end(&stage);
	munmap(runtime, SUT_RT_TEXT_SIZE);
}

static const struct sut_tap_test tests[] = {
	{"a thread that has switched goes on without a decision", test_switched},
	{"an undecided thread goes where the decision says", test_undecided},
	{"after a reversal every thread asks", test_reversed},
	{"the answer is 32 bits wide", test_wide_answer},
	{"a thread that has switched executes five instructions", test_short},
	{"a thunk whose targets are out of reach is not made", test_reach},
	{"thunk and decision need at most 192 bytes of stack", test_stack_use},
};

SUT_TAP_MAIN(tests)
