// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls of code that is not ours, made from a state that the test has filled to the last register.
 */
#include "process/rt/call.h"
#include "base/guard.h"
#include "base/tap.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	STACK_SIZE = 256 * 1024,
	VECTORS = 16,
	VECTOR_SIZE = 32,
	MXCSR_DEFAULT = 0x1f80,
	MXCSR_OTHER = 0x7fa1, /* towards zero, two flags raised */
	X87_DEFAULT = 0x37f,
	X87_OTHER = 0xc7f, /* towards zero, single precision */
	DIRECTION_FLAG = 1 << 10,
};

/* What a call must not change, as exchange() has it. */
struct state {
	uint64_t general[6]; /* rbx rbp r12 r13 r14 r15 */
	unsigned char vectors[VECTORS][VECTOR_SIZE];
	double x87; /* the top of its stack */
	uint32_t mxcsr;
	uint16_t x87_control;
};

/*
 * Loads all of *in, calls sut_rt_call(call, stack_top), stores all of *out: with the whole vectors,
 * or with their lower halves.
 */
void exchange_avx(const struct state *in, struct state *out, struct sut_rt_call *call,
		  void *stack_top);
void exchange_sse(const struct state *in, struct state *out, struct sut_rt_call *call,
		  void *stack_top);

/* clang-format off */
__asm__(".macro exchange name, move, vector\n"
	"\\name:\n"
	"	.irp	register, %rbx, %rbp, %r12, %r13, %r14, %r15, %rsi\n"
	"	push	\\register\n"
	"	.endr\n"
	"	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	\\move	48+32*\\n(%rdi), %\\vector\\n\n"
	"	.endr\n"
	"	fldl	560(%rdi)\n"
	"	ldmxcsr	568(%rdi)\n"
	"	fldcw	572(%rdi)\n"
	"	mov	0(%rdi), %rbx\n"
	"	mov	8(%rdi), %rbp\n"
	"	mov	16(%rdi), %r12\n"
	"	mov	24(%rdi), %r13\n"
	"	mov	32(%rdi), %r14\n"
	"	mov	40(%rdi), %r15\n"
	"	mov	%rdx, %rdi\n"
	"	mov	%rcx, %rsi\n"
	"	call	sut_rt_call\n"
	"	pop	%rsi\n"
	"	mov	%rbx, 0(%rsi)\n"
	"	mov	%rbp, 8(%rsi)\n"
	"	mov	%r12, 16(%rsi)\n"
	"	mov	%r13, 24(%rsi)\n"
	"	mov	%r14, 32(%rsi)\n"
	"	mov	%r15, 40(%rsi)\n"
	"	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	\\move	%\\vector\\n, 48+32*\\n(%rsi)\n"
	"	.endr\n"
	"	fstpl	560(%rsi)\n"
	"	stmxcsr	568(%rsi)\n"
	"	fnstcw	572(%rsi)\n"
	"	fninit\n"
	"	push	$0x1f80\n"
	"	ldmxcsr	(%rsp)\n"
	"	pop	%rsi\n"
	"	.irp	register, %r15, %r14, %r13, %r12, %rbp, %rbx\n"
	"	pop	\\register\n"
	"	.endr\n"
	"	ret\n"
	".endm\n"
	"	exchange exchange_avx, vmovdqu, ymm\n"
	"	exchange exchange_sse, movdqu, xmm\n");
/* clang-format on */

_Static_assert(offsetof(struct state, vectors) == 48, "as exchange has it");
_Static_assert(offsetof(struct state, x87) == 560, "as exchange has it");
_Static_assert(offsetof(struct state, mxcsr) == 568, "as exchange has it");
_Static_assert(offsetof(struct state, x87_control) == 572, "as exchange has it");

/* What the called function sees. */
struct seen {
	unsigned int calls;
	uint64_t frame; /* the stack pointer before its call */
	uint64_t flags;
	uint32_t mxcsr;
	uint16_t x87_control;
	uint16_t x87_tags;
};

struct x87_environment {
	uint16_t control, unused1, status, unused2, tags, unused3;
	uint32_t other[4];
};

static void observe(struct seen *seen)
{
	struct x87_environment x87;

	seen->calls++;
	seen->frame = (uint64_t)__builtin_frame_address(0) + 16;
	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(seen->flags));
	__asm__ volatile("stmxcsr %0" : "=m"(seen->mxcsr));
	__asm__ volatile("fnstenv %0" : "=m"(x87));
	seen->x87_control = x87.control;
	seen->x87_tags = x87.tags;
}

/* Leaves no register of the extended state as it was, and errno neither. */
static void spoil(void)
{
	static const uint32_t mxcsr = 0x3f80;
	static const uint16_t x87_control = 0x27f;

#define ONES(n) "pcmpeqd %%xmm" #n ", %%xmm" #n "\n\t"
	__asm__ volatile(ONES(0) ONES(1) ONES(2) ONES(3) ONES(4) ONES(5) ONES(6) ONES(7) ONES(8)
				 ONES(9) ONES(10) ONES(11) ONES(12) ONES(13) ONES(14) ONES(15)
			 :
			 :
			 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
			   "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroupper");
	__asm__ volatile("fld1\n\tfldz\n\tfldcw %0\n\tldmxcsr %1" : : "m"(x87_control), "m"(mxcsr));
	errno = ERANGE;
}

/* As a callback may: the C library's heap and formatted output, the latter with floating point. */
__attribute__((noinline)) static void run_callback(void *argument)
{
	SUT_FREE char *text = malloc(100000);

	observe(argument);
	snprintf(text, 100000, "%.3f %s", 1.5, "text");
	CHECK_STRING(text, "1.500 text");
	spoil();
}

struct fixture {
	unsigned char *stack;
	struct state before, after;
	struct seen seen;
	struct sut_rt_call call;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){
		.before = {.general = {11, 12, 13, 14, 15, 16},
			   .x87 = 0.625,
			   .mxcsr = MXCSR_OTHER,
			   .x87_control = X87_OTHER},
		.call = {run_callback, &f->seen, __errno_location},
	};
	for (size_t i = 0; i < sizeof(f->before.vectors); i++)
		((unsigned char *)f->before.vectors)[i] = (unsigned char)(3 * i + 1);
	f->stack =
		mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(f->stack, 0xff, STACK_SIZE); /* an earlier call's remains, where XSAVE wants zeros */
}

static void end(struct fixture *f)
{
	munmap(f->stack, STACK_SIZE);
}

static void call(struct fixture *f)
{
	if (__builtin_cpu_supports("avx")) {
		exchange_avx(&f->before, &f->after, &f->call, f->stack + STACK_SIZE);
		return;
	}
	exchange_sse(&f->before, &f->after, &f->call, f->stack + STACK_SIZE);
	/* There are no upper halves. */
	for (int i = 0; i < VECTORS; i++)
		memcpy(f->after.vectors[i] + 16, f->before.vectors[i] + 16, 16);
}

static void test_general(void)
{
	struct fixture f;

	begin(&f);
	call(&f);
	CHECK_EQUAL(f.seen.calls, 1);
	CHECK(memcmp(f.after.general, f.before.general, sizeof(f.before.general)) == 0);
	end(&f);
}

static void test_vectors(void)
{
	struct fixture f;

	begin(&f);
	call(&f);
	for (int i = 0; i < VECTORS; i++)
		CHECK(memcmp(f.after.vectors[i], f.before.vectors[i], VECTOR_SIZE) == 0);
	end(&f);
}

static void test_control(void)
{
	struct fixture f;

	begin(&f);
	call(&f);
	CHECK_EQUAL(f.after.mxcsr, MXCSR_OTHER);
	CHECK_EQUAL(f.after.x87_control, X87_OTHER);
	CHECK(f.after.x87 == f.before.x87);
	end(&f);
}

static void test_defaults(void)
{
	struct fixture f;

	begin(&f);
	call(&f);
	CHECK_EQUAL(f.seen.mxcsr, MXCSR_DEFAULT);
	CHECK_EQUAL(f.seen.x87_control, X87_DEFAULT);
	CHECK_EQUAL(f.seen.x87_tags, 0xffff); /* all empty */
	CHECK_EQUAL(f.seen.flags & DIRECTION_FLAG, 0);
	end(&f);
}

static void test_stack(void)
{
	struct fixture f;

	for (size_t odd = 0; odd < 64; odd += 8) {
		begin(&f);
		exchange_sse(&f.before, &f.after, &f.call, f.stack + STACK_SIZE - odd);
		CHECK_EQUAL(f.seen.calls, 1);
		CHECK(f.seen.frame > (uint64_t)f.stack);
		CHECK(f.seen.frame <= (uint64_t)f.stack + STACK_SIZE - odd);
		end(&f);
	}
}

static void run_aligned(void *argument)
{
	struct seen *seen = argument;

	seen->calls++;
	seen->frame = (uint64_t)__builtin_frame_address(0) + 16;
}

static void test_alignment(void)
{
	struct seen seen = {0};
	struct fixture f;

	for (size_t odd = 0; odd < 64; odd += 8) {
		begin(&f);
		sut_rt_call_on(run_aligned, &seen, f.stack + STACK_SIZE - odd);
		CHECK_EQUAL(seen.frame % 16, 0);
		end(&f);
	}
	CHECK_EQUAL(seen.calls, 8);
}

static void test_errno(void)
{
	struct fixture f;

	begin(&f);
	errno = EXDEV;
	call(&f);
	CHECK_EQUAL(errno, EXDEV);
	f.call.errno_location = NULL; /* the function's stays */
	call(&f);
	CHECK_EQUAL(errno, ERANGE);
	CHECK_EQUAL(f.seen.calls, 2);
	end(&f);
}

static const struct sut_tap_test tests[] = {
	{"callee-saved registers are as before", test_general},
	{"vector registers are as before, their upper halves too", test_vectors},
	{"control words and the x87 stack are as before", test_control},
	{"the function begins with the control words of the ABI", test_defaults},
	{"the function runs on the given stack", test_stack},
	{"the function's stack is aligned", test_alignment},
	{"errno is as before where its place is known", test_errno},
};

SUT_TAP_MAIN(tests)
