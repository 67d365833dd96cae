// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose hunk it is, and what of a hostile text is shown. */
#include "review/hunk.h"
#include "review/shown.h"

#include "base/guard.h"
#include "base/tap.h"

#include <string.h>

/* The two functions of a file, in the order of their lines. */
static struct sut_patch_func funcs[] = {
	{.name = "first.part.0", .source = "src/list.c:10"},
	{.name = "second", .source = "src/list.c:40"},
};

static struct sut_patch patch_of(const char *text)
{
	return (struct sut_patch){
		.func_count = SUT_ARRAY_SIZE(funcs),
		.funcs = funcs,
		.sources[SUT_PATCH_SOURCE_PATCH] = {(const unsigned char *)text, strlen(text)},
	};
}

/* For the only hunk of the text: "12", "1", "2" or "". */
static const char *owners(const char *text)
{
	static char found[3];
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch patch = patch_of(text);
	struct sut_hunk_list hunks;
	struct sut_diag diag = {0};
	size_t count = 0;

	CHECK_EQUAL(sut_hunk_list_read(&arena, &patch, &hunks, &diag), SUT_OK);
	CHECK_EQUAL(hunks.count, 1);
	for (size_t i = 0; i < SUT_ARRAY_SIZE(funcs); i++)
		if (sut_hunk_is_of(&hunks.list[0], &patch, &funcs[i]))
			found[count++] = (char)('1' + i);
	found[count] = '\0';
	return found;
}

#define FILE_NAMES "--- a/src/list.c\n+++ b/src/list.c\n"

static void the_context_of_a_range_names_the_function(void)
{
	CHECK_STRING(owners(FILE_NAMES
			    "@@ -42,2 +42,3 @@ int first(int a)\n \ta++;\n+\tb++;\n \tc++;\n"),
		     "1");
	CHECK_STRING(owners(FILE_NAMES
			    "@@ -12,2 +12,3 @@ second (void)\n \ta++;\n+\tb++;\n \tc++;\n"),
		     "2");
}

static void lines_of_the_hunk_name_the_function(void)
{
	CHECK_STRING(owners(FILE_NAMES
			    "@@ -38,3 +38,4 @@ int first(int a)\n }\n int second(void)\n {\n"
			    "+\tb++;\n"),
		     "2");
	CHECK_STRING(owners(FILE_NAMES "@@ -8,4 +8,6 @@\n int first(int a)\n {\n+\tb++;\n }\n"
				       " int second(void)\n+{ int c;\n"),
		     "12");
}

static void a_change_in_another_function_is_of_none(void)
{
	CHECK_STRING(owners(FILE_NAMES
			    "@@ -12,1 +12,2 @@ static int helper(int a)\n \ta++;\n+\tb++;\n"),
		     "");
}

static void without_names_the_lines_tell(void)
{
	CHECK_STRING(owners(FILE_NAMES "@@ -12,1 +12,2 @@\n \ta++;\n+\tb++;\n"), "1");
	CHECK_STRING(owners(FILE_NAMES "@@ -40,1 +40,2 @@\n \ta++;\n+\tb++;\n"), "2");
	CHECK_STRING(owners(FILE_NAMES "@@ -2,1 +2,2 @@\n int a;\n+int b;\n"), "");
}

static void another_file_is_another_file(void)
{
	CHECK_STRING(
		owners("--- a/src/blist.c\n+++ b/src/blist.c\n@@ -12,1 +12,2 @@ int first(int a)\n"
		       " \ta++;\n+\tb++;\n"),
		"");
	CHECK_STRING(
		owners("--- list.c.orig\n+++ list.c\n@@ -12,1 +12,2 @@ int first(int a)\n \ta++;\n"
		       "+\tb++;\n"),
		"1");
}

static void lines_are_counted_on_both_sides(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch patch = patch_of(
		FILE_NAMES "@@ -7,3 +9,3 @@\n a\n-b\n+c\n d\n\\ No newline at end of file\n");
	struct sut_hunk_list hunks;
	struct sut_diag diag = {0};
	const struct sut_hunk_line *lines;

	CHECK_EQUAL(sut_hunk_list_read(&arena, &patch, &hunks, &diag), SUT_OK);
	CHECK_EQUAL(hunks.count, 1);
	CHECK_EQUAL(hunks.list[0].line_count, 5);
	lines = hunks.list[0].lines;
	CHECK_EQUAL(lines[1].old, 8);
	CHECK_EQUAL(lines[1].new, SUT_HUNK_NO_LINE);
	CHECK_EQUAL(lines[2].new, 10);
	CHECK_EQUAL(lines[3].old, 9);
	CHECK_EQUAL(lines[3].new, 11);
	CHECK_EQUAL(lines[4].mark, '\\');
	CHECK_EQUAL(lines[4].old, SUT_HUNK_NO_LINE);
}

static void what_misleads_is_spelled_out(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	static const char text[] = "a\tb\033[2J\xe2\x80\xae\xe9\xc3\xa9\0z";

	CHECK_STRING(sut_shown(&arena, text, sizeof(text) - 1),
		     "a\tb\\u001b[2J\\u202e\\xe9\xc3\xa9\\u0000z");
}

static const struct sut_tap_test tests[] = {
	{"the context of a range names the function", the_context_of_a_range_names_the_function},
	{"lines of the hunk name the function", lines_of_the_hunk_name_the_function},
	{"a change in another function is of none", a_change_in_another_function_is_of_none},
	{"without names the lines tell", without_names_the_lines_tell},
	{"another file is another file", another_file_is_another_file},
	{"lines are counted on both sides", lines_are_counted_on_both_sides},
	{"what misleads is spelled out", what_misleads_is_spelled_out},
};

SUT_TAP_MAIN(tests)
