// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/lines.h"
#include "base/guard.h"
#include "base/tap.h"

#include <string.h>

static struct sut_bytes bytes(const char *text)
{
	return (struct sut_bytes){.data = (const unsigned char *)text, .size = strlen(text)};
}

static bool gives(const char *before, const char *after, const char *expected)
{
	SUT_ARENA struct sut_arena arena = {0};
	size_t inserted;
	struct sut_bytes out = sut_lines_stabilise(&arena, bytes(before), bytes(after), &inserted);
	const char *text = sut_arena_strndup(&arena, (const char *)out.data, out.size);
	size_t directives = 0;

	for (const char *p = text; (p = strstr(p, "#line ")); p++)
		directives++;
	CHECK_EQUAL(inserted, directives);
	if (strcmp(text, expected) == 0)
		return true;
	printf("# not as expected:\n");
	for (char *line, *rest = sut_arena_strdup(&arena, text); (line = strsep(&rest, "\n"));)
		printf("#   %s\n", line);
	return false;
}

static void equal_texts_stay(void)
{
	CHECK(gives("int a;\nint b;\n", "int a;\nint b;\n", "int a;\nint b;\n"));
	CHECK(gives("", "", ""));
	CHECK(gives("no newline", "no newline", "no newline"));
}

static void the_number_is_put_back_after_a_function_that_grew(void)
{
	CHECK(gives("int f(void)\n{\n\treturn 1;\n}\n\nint g(void)\n{\n}\n",
		    "int f(void)\n{\n\tx();\n\treturn 1;\n}\n\nint g(void)\n{\n}\n",
		    "int f(void)\n{\n\tx();\n\treturn 1;\n}\n#line 5\n\nint g(void)\n{\n}\n"));
}

static void the_number_is_put_back_after_removed_lines(void)
{
	CHECK(gives("int a;\nint b;\nint c;\nint d;\n", "int a;\nint d;\n",
		    "int a;\n#line 4\nint d;\n"));
}

static void several_hunks_are_each_repaired(void)
{
	CHECK(gives("int a;\nint b;\nint c;\n", "int x;\nint a;\nint b;\nint y;\nint c;\n",
		    "int x;\n#line 1\nint a;\nint b;\nint y;\n#line 3\nint c;\n"));
}

static void nothing_is_put_into_a_body(void)
{
	CHECK(gives("void f(void)\n{\n\ta();\n\tb();\n}\n",
		    "void f(void)\n{\n\tnew();\n\ta();\n\tb();\n}\n",
		    "void f(void)\n{\n\tnew();\n\ta();\n\tb();\n}\n"));
}

static void nothing_is_put_into_a_comment(void)
{
	CHECK(gives("/* one;\n   two;\n */\nint a;\n", "/* one;\n   new;\n   two;\n */\nint a;\n",
		    "/* one;\n   new;\n   two;\n */\n#line 4\nint a;\n"));
	CHECK(gives("int z;\n/* one;\n   two;\n */ int b;\nint a;\n",
		    "int z;\n/* one;\n   new;\n   two;\n */ int b;\nint a;\n",
		    "int z;\n/* one;\n   new;\n   two;\n */ int b;\n#line 5\nint a;\n"));
}

static void nothing_is_put_into_a_continued_line(void)
{
	CHECK(gives("#define M(x) \\\n\tf(x); \\\n\tg(x);\nint a;\n",
		    "#define M(x) \\\n\tnew(x); \\\n\tf(x); \\\n\tg(x);\nint a;\n",
		    "#define M(x) \\\n\tnew(x); \\\n\tf(x); \\\n\tg(x);\n#line 4\nint a;\n"));
}

static void nothing_is_put_among_the_arguments_of_a_macro(void)
{
	CHECK(gives("TABLE(a,\n\tb;\n\tc;\n)\nint d;\nint e;\n",
		    "TABLE(a,\n\tnew;\n\tb;\n\tc;\n)\nint d;\nint e;\n",
		    "TABLE(a,\n\tnew;\n\tb;\n\tc;\n)\nint d;\n#line 6\nint e;\n"));
}

static void brackets_in_strings_and_characters_do_not_count(void)
{
	CHECK(gives("char *s = \"{(\\\"{\";\nchar c = '{', d = '\\'';\nint x;\n",
		    "char *s = \"{(\\\"{\";\nint n;\nchar c = '{', d = '\\'';\nint x;\n",
		    "char *s = \"{(\\\"{\";\nint n;\n#line 2\nchar c = '{', d = '\\'';\nint x;\n"));
}

static void a_comment_start_in_a_string_starts_no_comment(void)
{
	CHECK(gives("char *s = \"/*\";\nint a;\n", "char *s = \"/*\";\nint n;\nint a;\n",
		    "char *s = \"/*\";\nint n;\n#line 2\nint a;\n"));
}

static void a_string_that_goes_on_over_lines_hides_its_content(void)
{
	CHECK(gives("char *s = \"{ \\\n ( ; \\\n /* \";\nint a;\n",
		    "char *s = \"{ \\\n new ; \\\n ( ; \\\n /* \";\nint a;\n",
		    "char *s = \"{ \\\n new ; \\\n ( ; \\\n /* \";\n#line 4\nint a;\n"));
}

static void both_branches_of_a_condition_may_open_the_same_brace(void)
{
	const char *before = "void f(void)\n{\n#ifdef A\n\tif (a) {\n#else\n\tif (b) {\n#endif\n"
			     "\t}\n\tx();\n}\nint a;\n";
	const char *after = "void f(void)\n{\n#ifdef A\n\tif (a) {\n#else\n\tif (b) {\n#endif\n"
			    "\t}\n\tx();\n\ty();\n}\nint a;\n";

	CHECK(gives(before, after,
		    "void f(void)\n{\n#ifdef A\n\tif (a) {\n#else\n\tif (b) {\n#endif\n"
		    "\t}\n\tx();\n\ty();\n}\n#line 11\nint a;\n"));
}

static void old_style_parameters_may_have_a_directive_between_them(void)
{
	CHECK(gives("int f(a, b)\nint a;\nint b;\n{\n}\n",
		    "int f(n, a, b)\nint n;\nint a;\nint b;\n{\n}\n",
		    "int f(n, a, b)\nint n;\n#line 2\nint a;\nint b;\n{\n}\n"));
}

static void a_brace_in_the_first_column_ends_what_macros_left_open(void)
{
	CHECK(gives("void f(void)\n{\n\tBEGIN {\n}\nint a;\n",
		    "void f(void)\n{\n\tnew();\n\tBEGIN {\n}\nint a;\n",
		    "void f(void)\n{\n\tnew();\n\tBEGIN {\n}\n#line 5\nint a;\n"));
}

static void an_unfinished_declaration_is_not_cut(void)
{
	CHECK(gives("static int\nf(void);\nint a;\n", "static\nlong\nf(void);\nint a;\n",
		    "static\nlong\nf(void);\n#line 3\nint a;\n"));
}

static void a_comment_that_a_directive_opens_belongs_to_it(void)
{
	CHECK(gives("#define A 1 /* {\n { */\nint a;\nint b;\n",
		    "#define A 1 /* {\n { */\nint n;\nint a;\nint b;\n",
		    "#define A 1 /* {\n { */\nint n;\n#line 3\nint a;\nint b;\n"));
}

static void carriage_returns_are_kept(void)
{
	CHECK(gives("int a;\r\nint b;\r\n", "int n;\r\nint a;\r\nint b;\r\n",
		    "int n;\r\n#line 1\nint a;\r\nint b;\r\n"));
}

static const struct sut_tap_test tests[] = {
	{"equal texts stay as they are", equal_texts_stay},
	{"the number is put back after a function that grew",
	 the_number_is_put_back_after_a_function_that_grew},
	{"the number is put back after removed lines", the_number_is_put_back_after_removed_lines},
	{"several hunks are each repaired", several_hunks_are_each_repaired},
	{"nothing is put into a function's body", nothing_is_put_into_a_body},
	{"nothing is put into a comment", nothing_is_put_into_a_comment},
	{"nothing is put into a continued line", nothing_is_put_into_a_continued_line},
	{"nothing is put among the arguments of a macro",
	 nothing_is_put_among_the_arguments_of_a_macro},
	{"brackets in strings and characters do not count",
	 brackets_in_strings_and_characters_do_not_count},
	{"a comment's start in a string starts no comment",
	 a_comment_start_in_a_string_starts_no_comment},
	{"a string that goes on over lines hides its content",
	 a_string_that_goes_on_over_lines_hides_its_content},
	{"both branches of a condition may open the same brace",
	 both_branches_of_a_condition_may_open_the_same_brace},
	{"old-style parameters may have a directive between them",
	 old_style_parameters_may_have_a_directive_between_them},
	{"a brace in the first column ends what macros left open",
	 a_brace_in_the_first_column_ends_what_macros_left_open},
	{"an unfinished declaration is not cut", an_unfinished_declaration_is_not_cut},
	{"a comment that a directive opens belongs to it",
	 a_comment_that_a_directive_opens_belongs_to_it},
	{"carriage returns are kept", carriage_returns_are_kept},
};

SUT_TAP_MAIN(tests)
