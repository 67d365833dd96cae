// SPDX-License-Identifier: GPL-2.0-or-later
/* Which code switches stacks: as libraries have it, and what only looks like it. */
#include "process/switchers.h"
#include "base/tap.h"

#include <string.h>

/* Behind other code, at every distance from its start. */
static bool is_switch(const unsigned char *code, size_t size)
{
	enum { MOST = 64 };
	unsigned char text[2 * MOST];
	bool found = true;

	for (size_t at = 0; at < 16; at++) {
		memset(text, 0x90, sizeof(text));
		memcpy(text + at, code, size);
		found &= sut_switches_in(text, sizeof(text));
	}
	/* Nothing behind the end is looked at. */
	CHECK(!sut_switches_in(code, 0));
	return found;
}

#define IS_SWITCH(...)                                                                             \
	is_switch((const unsigned char[]){__VA_ARGS__},                                            \
		  sizeof((const unsigned char[]){__VA_ARGS__}))

static void test_pointers(void)
{
	/* mov %rsp,(%rdi); mov (%rsi),%rsp */
	CHECK(IS_SWITCH(0x48, 0x89, 0x27, 0x48, 0x8b, 0x26));
	/* mov %rsp,8(%r15); mov 8(%r13),%rsp */
	CHECK(IS_SWITCH(0x49, 0x89, 0x67, 0x08, 0x49, 0x8b, 0x65, 0x08));
	/* mov %rsp,8(%rdi); mov 16(%rdi),%rsp */
	CHECK(IS_SWITCH(0x48, 0x89, 0x67, 0x08, 0x48, 0x8b, 0x67, 0x10));
}

static void test_registers(void)
{
	/* mov %rsp,%rax; mov %rdi,%rsp, in both of their forms */
	CHECK(IS_SWITCH(0x48, 0x89, 0xe0, 0x48, 0x89, 0xfc));
	CHECK(IS_SWITCH(0x48, 0x8b, 0xc4, 0x48, 0x8b, 0xe7));
	/* lea 8(%rsp),%rcx; mov %rcx,32(%rdi); mov 32(%rsi),%rsp */
	CHECK(IS_SWITCH(0x48, 0x8d, 0x4c, 0x24, 0x08, 0x48, 0x89, 0x4f, 0x20, 0x48, 0x8b, 0x66,
			0x20));
}

static void test_frames(void)
{
	/* mov %rsp,%rbx; mov %rbx,%rsp: a block with an array of variable size */
	CHECK(!IS_SWITCH(0x48, 0x89, 0xe3, 0x48, 0x89, 0xdc));
	/* mov %rsp,-56(%rbp); mov -64(%rbp),%rsp */
	CHECK(!IS_SWITCH(0x48, 0x89, 0x65, 0xc8, 0x48, 0x8b, 0x65, 0xc0));
	/* push %rbp; mov %rsp,%rbp; lea -32(%rbp),%rsp */
	CHECK(!IS_SWITCH(0x55, 0x48, 0x89, 0xe5, 0x48, 0x8d, 0x65, 0xe0));
	/* lea 8(%rsp),%r10; mov %rbp,%rsp */
	CHECK(!IS_SWITCH(0x4c, 0x8d, 0x54, 0x24, 0x08, 0x48, 0x89, 0xec));
}

static void test_far(void)
{
	unsigned char code[64];

	/* Far from each other they are of two functions. */
	memset(code, 0x90, sizeof(code));
	memcpy(code, "\x48\x89\xe0", 3);
	memcpy(code + 40, "\x48\x89\xfc", 3);
	CHECK(!sut_switches_in(code, sizeof(code)));
}

static const struct sut_tap_test tests[] = {
	{"a stack pointer is kept through one pointer and comes through another", test_pointers},
	{"... or one register and another", test_registers},
	{"frames that are left as they were entered are none", test_frames},
	{"nor are halves far from each other", test_far},
};

SUT_TAP_MAIN(tests)
