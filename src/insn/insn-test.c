// SPDX-License-Identifier: GPL-2.0-or-later
#include "insn/insn.h"
#include "base/tap.h"

#include <string.h>

#define DECODE(insn, ...)                                                                          \
	({                                                                                         \
		static const unsigned char code_[] = {__VA_ARGS__};                                \
		sut_insn_decode(code_, sizeof(code_), 0x1000, insn);                               \
	})

static void a_short_jump_has_its_target(void)
{
	struct sut_insn insn = {0};

	CHECK(DECODE(&insn, 0xeb, 0xfe));
	CHECK_EQUAL(insn.kind, SUT_INSN_JUMP);
	CHECK_EQUAL(insn.length, 2);
	CHECK_EQUAL(insn.target, 0x1000);
}

static void a_conditional_jump_has_target_and_condition(void)
{
	struct sut_insn insn = {0};

	CHECK(DECODE(&insn, 0x0f, 0x85, 0xfa, 0x0f, 0, 0)); /* jne 0x2000 */
	CHECK_EQUAL(insn.kind, SUT_INSN_BRANCH);
	CHECK_EQUAL(insn.target, 0x2000);
	CHECK_EQUAL(insn.condition, 5);
	CHECK(DECODE(&insn, 0x7f, 0x10)); /* jg 0x1012 */
	CHECK_EQUAL(insn.target, 0x1012);
	CHECK_EQUAL(insn.condition, 15);
}

static void loops_and_jrcxz_are_branches_without_condition(void)
{
	struct sut_insn insn = {0};

	CHECK(DECODE(&insn, 0xe2, 0xf0)); /* loop */
	CHECK_EQUAL(insn.kind, SUT_INSN_BRANCH);
	CHECK_EQUAL(insn.condition, SUT_INSN_CONDITION_NONE);
	CHECK_EQUAL(insn.target, 0xff2);
	CHECK(DECODE(&insn, 0xe3, 0x02)); /* jrcxz */
	CHECK_EQUAL(insn.condition, SUT_INSN_CONDITION_NONE);
	CHECK(DECODE(&insn, 0xc7, 0xf8, 0, 0, 0, 0)); /* xbegin */
	CHECK_EQUAL(insn.kind, SUT_INSN_BRANCH);
	CHECK_EQUAL(insn.condition, SUT_INSN_CONDITION_NONE);
	CHECK_EQUAL(insn.target, 0x1006);
}

static void calls_are_direct_or_indirect(void)
{
	struct sut_insn insn = {0};

	CHECK(DECODE(&insn, 0xe8, 0xfb, 0xff, 0xff, 0xff));
	CHECK_EQUAL(insn.kind, SUT_INSN_CALL);
	CHECK_EQUAL(insn.target, 0x1000);
	CHECK(DECODE(&insn, 0x66, 0x48, 0xe8, 0, 0, 0, 0)); /* as in a TLS sequence */
	CHECK_EQUAL(insn.kind, SUT_INSN_CALL);
	CHECK_EQUAL(insn.target, 0x1007);
	CHECK(DECODE(&insn, 0xff, 0xd0)); /* call *%rax */
	CHECK_EQUAL(insn.kind, SUT_INSN_CALL_INDIRECT);
	CHECK_EQUAL(insn.target, 0);
	CHECK(DECODE(&insn, 0xff, 0x15, 0x10, 0, 0, 0)); /* call *0x10(%rip) */
	CHECK_EQUAL(insn.kind, SUT_INSN_CALL_INDIRECT);
	CHECK_EQUAL(insn.target, 0x1016);
}

static void a_plt_jump_names_its_slot(void)
{
	struct sut_insn insn = {0};

	CHECK(DECODE(&insn, 0xff, 0x25, 0x10, 0, 0, 0)); /* jmp *0x10(%rip) */
	CHECK_EQUAL(insn.kind, SUT_INSN_JUMP_INDIRECT);
	CHECK_EQUAL(insn.target, 0x1016);
	CHECK(DECODE(&insn, 0xf2, 0xff, 0x25, 0x10, 0, 0, 0)); /* bnd jmp *0x10(%rip) */
	CHECK_EQUAL(insn.kind, SUT_INSN_JUMP_INDIRECT);
	CHECK_EQUAL(insn.target, 0x1017);
}

static void rip_relative_operands_give_address_and_place(void)
{
	struct sut_insn insn = {0};

	CHECK(DECODE(&insn, 0x48, 0x8b, 0x05, 0xf9, 0xff, 0xff, 0xff)); /* mov -7(%rip),%rax */
	CHECK(insn.rip_relative);
	CHECK_EQUAL(insn.memory, 0x1000);
	CHECK_EQUAL(insn.displacement, 3);
	/* An immediate follows the displacement: movl $1,0x10(%rip) */
	CHECK(DECODE(&insn, 0xc7, 0x05, 0x10, 0, 0, 0, 1, 0, 0, 0));
	CHECK_EQUAL(insn.memory, 0x101a);
	CHECK_EQUAL(insn.displacement, 2);
	/* vmovdqu 0x10(%rip),%ymm0 and its EVEX form */
	CHECK(DECODE(&insn, 0xc5, 0xfe, 0x6f, 0x05, 0x10, 0, 0, 0));
	CHECK_EQUAL(insn.memory, 0x1018);
	CHECK(DECODE(&insn, 0x62, 0xf1, 0xfe, 0x48, 0x6f, 0x05, 0x10, 0, 0, 0));
	CHECK_EQUAL(insn.memory, 0x101a);
	CHECK_EQUAL(insn.displacement, 6);
	CHECK(DECODE(&insn, 0x8b, 0x04, 0x25, 0x10, 0, 0, 0)); /* mov 0x10,%eax: absolute */
	CHECK(!insn.rip_relative);
}

static void ends_and_traps_are_told_apart(void)
{
	struct sut_insn insn = {0};

	CHECK(DECODE(&insn, 0xc3) && insn.kind == SUT_INSN_RETURN);
	CHECK(DECODE(&insn, 0xf3, 0xc3) && insn.kind == SUT_INSN_RETURN);
	CHECK(DECODE(&insn, 0xc2, 8, 0) && insn.kind == SUT_INSN_RETURN);
	CHECK(DECODE(&insn, 0x0f, 0x05) && insn.kind == SUT_INSN_SYSCALL);
	CHECK(DECODE(&insn, 0xcd, 0x80) && insn.kind == SUT_INSN_SYSCALL);
	CHECK(DECODE(&insn, 0xcc) && insn.kind == SUT_INSN_TRAP);
	CHECK(DECODE(&insn, 0x0f, 0x0b) && insn.kind == SUT_INSN_TRAP);
	CHECK(DECODE(&insn, 0xf4) && insn.kind == SUT_INSN_TRAP);
	CHECK(DECODE(&insn, 0xf3, 0x0f, 0x1e, 0xfa) && insn.kind == SUT_INSN_OTHER);
	CHECK_EQUAL(insn.length, 4);                                        /* endbr64 */
	CHECK(DECODE(&insn, 0xc6, 0xf8, 0) && insn.kind == SUT_INSN_OTHER); /* xabort */
}

static void what_is_cut_short_or_ambiguous_is_not_decoded(void)
{
	struct sut_insn insn = {.length = 77};

	CHECK(!DECODE(&insn, 0xe9, 0, 0, 0));
	CHECK(!DECODE(&insn, 0x06));                   /* push es: not in 64-bit mode */
	CHECK(!DECODE(&insn, 0x66, 0xe9, 0, 0, 0, 0)); /* 16 or 32 bits? */
	CHECK(!DECODE(&insn, 0x66, 0x0f, 0x84, 0, 0, 0, 0));
	CHECK(!sut_insn_decode((const unsigned char *)"", 0, 0, &insn));
	CHECK_EQUAL(insn.length, 77);
}

static bool count(const struct sut_insn *insn, void *context)
{
	unsigned int *seen = context;

	++*seen;
	return insn->kind != SUT_INSN_RETURN;
}

static void a_walk_visits_each_instruction_until_told_to_stop(void)
{
	static const unsigned char code[] = {0x90, 0x31, 0xc0, 0xc3, 0x06};
	struct sut_diag diag = {0};
	unsigned int seen = 0;

	CHECK_EQUAL(sut_insn_walk(code, sizeof(code), 0x1000, count, &seen, &diag), SUT_OK);
	CHECK_EQUAL(seen, 3);
}

static void a_walk_names_the_address_it_cannot_decode(void)
{
	static const unsigned char code[] = {0x90, 0x06};
	struct sut_diag diag = {0};
	unsigned int seen = 0;

	CHECK_EQUAL(sut_insn_walk(code, sizeof(code), 0x1000, count, &seen, &diag),
		    SUT_UNSUPPORTED);
	CHECK_STRING(diag.rule, "decode");
	CHECK_STRING(diag.entry[0], "code at 0x1001: not an instruction");
}

static void a_jump_reaches_two_gigabytes_and_no_further(void)
{
	unsigned char code[5];

	CHECK(sut_insn_jump(code, 0x1000, 0x1000));
	CHECK(memcmp(code, "\xe9\xfb\xff\xff\xff", 5) == 0);
	CHECK(sut_insn_jump(code, 0x1000, 0x1005 + 0x7fffffffull));
	CHECK(!sut_insn_jump(code, 0x1000, 0x1005 + 0x80000000ull));
	CHECK(sut_insn_jump(code, 0x100000000, 0x100000005 - 0x80000000ull));
	CHECK(!sut_insn_jump(code, 0x100000000, 0x100000004 - 0x80000000ull));
}

static const struct sut_tap_test tests[] = {
	{"a short jump has its target", a_short_jump_has_its_target},
	{"a conditional jump has target and condition",
	 a_conditional_jump_has_target_and_condition},
	{"loops and jrcxz are branches without condition",
	 loops_and_jrcxz_are_branches_without_condition},
	{"calls are direct or indirect", calls_are_direct_or_indirect},
	{"a PLT jump names its slot", a_plt_jump_names_its_slot},
	{"rip-relative operands give address and place",
	 rip_relative_operands_give_address_and_place},
	{"ends and traps are told apart", ends_and_traps_are_told_apart},
	{"what is cut short or ambiguous is not decoded",
	 what_is_cut_short_or_ambiguous_is_not_decoded},
	{"a walk visits each instruction until told to stop",
	 a_walk_visits_each_instruction_until_told_to_stop},
	{"a walk names the address it cannot decode", a_walk_names_the_address_it_cannot_decode},
	{"a jump reaches two gigabytes and no further",
	 a_jump_reaches_two_gigabytes_and_no_further},
};

SUT_TAP_MAIN(tests)
