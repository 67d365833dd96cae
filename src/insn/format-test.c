// SPDX-License-Identifier: GPL-2.0-or-later
#include "insn/insn.h"
#include "base/tap.h"

#include <string.h>

/* What lies at this offset of the instruction has this name. */
struct field {
	unsigned int offset;
	const char *name;
};

static const char *name_of(void *context, unsigned int offset)
{
	const struct field *field = context;

	return field->name && field->offset == offset ? field->name : NULL;
}

#define CHECK_TEXT(expected, field_offset, field_name, ...)                                        \
	do {                                                                                       \
		static const unsigned char code_[] = {__VA_ARGS__};                                \
		struct field field_ = {field_offset, field_name};                                  \
		char text_[256];                                                                   \
		CHECK(sut_insn_format(code_, sizeof(code_), 0x1000, text_, sizeof(text_), name_of, \
				      &field_));                                                   \
		CHECK_STRING(text_, expected);                                                     \
	} while (0)

static void calls_and_jumps_name_their_target(void)
{
	CHECK_TEXT("call puts", 1, "puts", 0xe8, 0, 0, 0, 0);
	CHECK_TEXT("jz greet.cold", 2, "greet.cold", 0x0f, 0x84, 0, 0, 0, 0);
	CHECK_TEXT("call 0x1005", 0, NULL, 0xe8, 0, 0, 0, 0);
	CHECK_TEXT("jmp 0x1000", 0, NULL, 0xeb, 0xfe);
}

static void memory_operands_name_what_they_refer_to(void)
{
	CHECK_TEXT("lea hello(%rip), %rdi", 3, "hello", 0x48, 0x8d, 0x3d, 0, 0, 0, 0);
	CHECK_TEXT("mov %fs:level, %eax", 4, "level", 0x64, 0x8b, 0x04, 0x25, 0, 0, 0, 0);
	CHECK_TEXT("movl $0x1, counter(%rip)", 2, "counter", 0xc7, 0x05, 0, 0, 0, 0, 1, 0, 0, 0);
}

static void immediates_name_what_they_are(void)
{
	CHECK_TEXT("mov table(,%rdi,8), %rax", 4, "table", 0x48, 0x8b, 0x04, 0xfd, 0, 0, 0, 0);
	CHECK_TEXT("mov $table, %eax", 1, "table", 0xb8, 0, 0, 0, 0);
}

static void long_names_do_not_overflow_the_text(void)
{
	static const unsigned char call[] = {0xe8, 0, 0, 0, 0};
	char name[500], text[64];
	struct field field = {1, name};

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memset(text, '#', sizeof(text));
	CHECK(sut_insn_format(call, sizeof(call), 0, text, 32, name_of, &field));
	CHECK(strlen(text) < 32);
	CHECK_EQUAL(text[32], '#');
}

static void garbage_has_no_text(void)
{
	char text[64] = "old";
	struct field field = {0};

	CHECK(!sut_insn_format((const unsigned char *)"\x06", 1, 0, text, sizeof(text), name_of,
			       &field));
	CHECK_STRING(text, "");
}

static const struct sut_tap_test tests[] = {
	{"calls and jumps name their target", calls_and_jumps_name_their_target},
	{"memory operands name what they refer to", memory_operands_name_what_they_refer_to},
	{"immediates name what they are", immediates_name_what_they_are},
	{"long names do not overflow the text", long_names_do_not_overflow_the_text},
	{"garbage has no text", garbage_has_no_text},
};

SUT_TAP_MAIN(tests)
