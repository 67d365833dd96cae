// SPDX-License-Identifier: GPL-2.0-or-later
#include "insn/insn.h"
#include "base/tap.h"

#define STACK(stack, ...)                                                                          \
	({                                                                                         \
		static const unsigned char code_[] = {__VA_ARGS__};                                \
		sut_insn_stack(code_, sizeof(code_), stack);                                       \
	})

static void pushes_and_pops_move_it(void)
{
	struct sut_insn_stack stack;

	CHECK(STACK(&stack, 0x6a, 0)); /* push $0 */
	CHECK_EQUAL(stack.by, -8);
	CHECK(STACK(&stack, 0x41, 0x54)); /* push %r12 */
	CHECK_EQUAL(stack.by, -8);
	CHECK_EQUAL(stack.popped, -1);
	CHECK(STACK(&stack, 0x41, 0x5c)); /* pop %r12 */
	CHECK_EQUAL(stack.by, 8);
	CHECK_EQUAL(stack.popped, 12);
	CHECK_EQUAL(stack.written, 0);
	CHECK(STACK(&stack, 0x59)); /* pop %rcx, which no function keeps */
	CHECK_EQUAL(stack.by, 8);
	CHECK_EQUAL(stack.popped, -1);
}

static void sums_with_constants_move_it(void)
{
	struct sut_insn_stack stack;

	CHECK(STACK(&stack, 0x48, 0x83, 0xc4, 0x18)); /* add $0x18, %rsp */
	CHECK_EQUAL(stack.by, 0x18);
	CHECK(STACK(&stack, 0x48, 0x83, 0xec, 0x10)); /* sub $0x10, %rsp */
	CHECK_EQUAL(stack.by, -0x10);
	CHECK(STACK(&stack, 0x48, 0x8d, 0x64, 0x24, 0x78)); /* lea 0x78(%rsp), %rsp */
	CHECK_EQUAL(stack.by, 0x78);
}

static void returns_and_calls_are_even(void)
{
	struct sut_insn_stack stack;

	CHECK(STACK(&stack, 0xc3));
	CHECK_EQUAL(stack.by, 8);
	CHECK(STACK(&stack, 0xe8, 0, 0, 0, 0));
	CHECK_EQUAL(stack.by, 0);
	CHECK(STACK(&stack, 0x48, 0x89, 0xc7)); /* mov %rax, %rdi */
	CHECK_EQUAL(stack.by, 0);
}

static void other_values_are_not_known(void)
{
	struct sut_insn_stack stack;

	CHECK(!STACK(&stack, 0xc9));                   /* leave */
	CHECK(!STACK(&stack, 0x48, 0x89, 0xec));       /* mov %rbp, %rsp */
	CHECK(!STACK(&stack, 0x48, 0x83, 0xe4, 0xf0)); /* and $-16, %rsp */
	CHECK(!STACK(&stack, 0x48, 0x01, 0xc4));       /* add %rax, %rsp */
	CHECK(!STACK(&stack, 0x83, 0xc4, 0x18));       /* add $0x18, %esp */
	CHECK(!STACK(&stack, 0x5c));                   /* pop %rsp */
	CHECK(!STACK(&stack, 0xc2, 8, 0));             /* ret $8 */
	CHECK(!STACK(&stack, 0x06));                   /* no instruction */
	CHECK(!STACK(&stack, 0x48));
}

static void written_registers_are_named(void)
{
	struct sut_insn_stack stack;

	CHECK(STACK(&stack, 0x89, 0xc3)); /* mov %eax, %ebx */
	CHECK_EQUAL(stack.written, 1 << 3);
	CHECK(STACK(&stack, 0x49, 0x87, 0xee)); /* xchg %rbp, %r14 */
	CHECK_EQUAL(stack.written, 1 << 6 | 1 << 14);
	CHECK(STACK(&stack, 0x48, 0x39, 0xd8)); /* cmp %rbx, %rax */
	CHECK_EQUAL(stack.written, 0);
}

static const struct sut_tap_test tests[] = {
	{"pushes and pops move the stack pointer", pushes_and_pops_move_it},
	{"so do sums with constants", sums_with_constants_move_it},
	{"a return takes its address, a call leaves it even", returns_and_calls_are_even},
	{"what sets it otherwise is not known", other_values_are_not_known},
	{"kept registers that are written are named", written_registers_are_named},
};

SUT_TAP_MAIN(tests)
