// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/nothing.h"
#include "base/guard.h"
#include "base/tap.h"

#include <string.h>

static struct sut_bytes bytes(const char *text)
{
	return (struct sut_bytes){.data = (const unsigned char *)text, .size = strlen(text)};
}

/* The reason for a hunk that is the whole of both texts from a line on. */
static const char *reason(struct sut_arena *arena, const char *before, const char *after,
			  unsigned long line, bool compiled)
{
	return sut_nothing_reason(arena, bytes(before), bytes(after), line, 9, line, 9, compiled);
}

static void comments_and_blanks_are_told(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	static const char only[] = "only comments and blanks change";

	CHECK_STRING(reason(&arena, "int a; /* one */\nint b;\n", "int a; // two\nint  b;\n", 1,
			    false),
		     only);
	CHECK_STRING(reason(&arena, "/* a\n * b\n */\nint b;\n", "/* a\n * c\n */\nint b;\n", 2,
			    false),
		     only);
	CHECK_STRING(reason(&arena, "int a;\nint b;\n", "int a;\n#line 2\n\n/* new */\nint b;\n", 1,
			    true),
		     only);
}

static void text_in_quotes_is_no_comment(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(reason(&arena, "char *a = \"/* \\\" x\";\n", "char *a = \"/* \\\" y\";\n", 1,
			    true),
		     "the machine code is the same");
	CHECK_STRING(reason(&arena, "char *a = \"x y\";\n", "char *a = \"xy\";\n", 1, true),
		     "the machine code is the same");
}

static void the_condition_around_it_is_named(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	static const char before[] =
		"#ifndef H\n#define H\n#if A\nint a;\n#ifdef __aarch64__ /* x */\n"
		"int b = 1;\n#else\nint b = 2;\n#endif\n#endif\nint c;\n#endif\n";
	char after[sizeof(before)];

	memcpy(after, before, sizeof(after));
	*strstr(after, "1;") = '3';
	CHECK_STRING(reason(&arena, before, after, 4, false),
		     "the compiler sees nothing of it, under #ifdef __aarch64__ /* x */ (line 5)");
	memcpy(after, before, sizeof(after));
	*strstr(after, "2;") = '3';
	CHECK_STRING(reason(&arena, before, after, 6, true),
		     "the machine code is the same, under #else (line 7)");
	memcpy(after, before, sizeof(after));
	*strstr(after, "c;") = 'd';
	CHECK_STRING(reason(&arena, before, after, 9, false),
		     "the compiler sees nothing of it, an unused macro or declaration");
}

static const struct sut_tap_test tests[] = {
	{"comments and blanks are told", comments_and_blanks_are_told},
	{"text in quotes is no comment", text_in_quotes_is_no_comment},
	{"the condition around it is named", the_condition_around_it_is_named},
};

SUT_TAP_MAIN(tests)
