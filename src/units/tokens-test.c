// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/tokens.h"
#include "units/scratch.h"
#include "base/guard.h"
#include "base/tap.h"

#include <string.h>

static struct sut_tokens read_text(struct sut_arena *arena, const char *text)
{
	struct sut_tokens tokens = {0};
	struct sut_diag diag = {0};
	const char *folder, *path;

	if (sut_scratch_make(arena, &folder, &diag))
		return tokens;
	path = sut_arena_printf(arena, "%s/text.i", folder);
	CHECK_EQUAL(sut_file_write(path, text, strlen(text), 0600, &diag), SUT_OK);
	CHECK_EQUAL(sut_tokens_read(arena, path, &tokens, &diag), SUT_OK);
	sut_scratch_remove(folder);
	return tokens;
}

static bool same(const char *before, const char *after)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_tokens old = read_text(&arena, before), new = read_text(&arena, after);

	return sut_tokens_same_code(&old, &new);
}

static void lines_and_blanks_are_no_difference(void)
{
	CHECK(same("# 1 \"a.c\"\nint a;\n\n\nint  b;\n",
		   "# 1 \"a.c\"\nint a;\n# 9 \"a.c\" 2\nint b;\n"));
	CHECK(!same("char *s = \"a b\";\n", "char *s = \"a  b\";\n"));
	CHECK(!same("int ab;\n", "int a b;\n"));
}

static void a_pragma_ends_with_its_line(void)
{
	CHECK(!same("#pragma pack(1)\nint a;\n", "#pragma pack(1) int a;\n"));
}

static void files_are_listed_once(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_tokens tokens =
		read_text(&arena, "# 1 \"b.h\"\nint a;\n# 1 \"a \\\"x\\\".c\" 2\n"
				  "# 7 \"b.h\"\nint b;\n");

	CHECK_EQUAL(tokens.name_count, 2);
	CHECK_STRING(tokens.names[0], "a \"x\".c");
	CHECK_STRING(tokens.names[1], "b.h");
}

static void a_new_unused_declaration_changes_no_code(void)
{
	CHECK(same("int a;\nint b(void) { return 1; }\n",
		   "int a;\nint f(int x, char *);\nint b(void) { return 1; }\nextern int v;\n"));
}

static void an_unused_declaration_may_change_or_go(void)
{
	CHECK(same("int f(int);\nint a;\n", "int a;\n"));
	CHECK(same("int a;\nint f(int);\n", "int a;\n"));
	CHECK(same("int a;\nint f(int);\nint b;\n", "int a;\nint f(long, int);\nint b;\n"));
	CHECK(!same("int f(int);\nint g(void) { return f(1); }\n",
		    "int f(long);\nint g(void) { return f(1); }\n"));
	CHECK(!same("int f(int);\nint (*p)(int) = f;\n", "int (*p)(int) = f;\n"));
}

static void a_declaration_of_something_used_may_change_code(void)
{
	CHECK(!same("int b(void) { return f(1); }\n",
		    "long f(int);\nint b(void) { return f(1); }\n"));
	CHECK(!same("int b(void) { return 1; }\n", "int b(void) __attribute__((cold));\n"
						   "int b(void) { return 1; }\n"));
}

static void definitions_are_changes(void)
{
	CHECK(!same("int a;\n", "int a;\nint n;\n"));
	CHECK(!same("int a;\n", "int a;\nextern int n = 1;\n"));
	CHECK(!same("int a;\n", "int a;\nint f(void) { return 1; }\n"));
	CHECK(!same("int a;\n", "int a;\n_Static_assert(sizeof(int) == 4, \"int\");\n"));
	CHECK(!same("int a;\n", "int a;\n#pragma pack(1)\n"));
}

static void a_statement_that_looks_like_a_declaration_is_a_change(void)
{
	CHECK(!same("void f(void) { a(); }\n", "void f(void) { extern int n; a(); }\n"));
	CHECK(!same("void f(void) { a(); }\n", "void f(void) { g(1); a(); }\n"));
}

static void what_is_gone_is_a_change(void)
{
	CHECK(!same("int a;\nint b;\n", "int a;\n"));
	CHECK(!same("int a;\nint f(void) { return 1; }\n", "int a;\n"));
}

static const struct sut_tap_test tests[] = {
	{"lines and blanks are no difference", lines_and_blanks_are_no_difference},
	{"a pragma ends with its line", a_pragma_ends_with_its_line},
	{"files are listed once", files_are_listed_once},
	{"a new unused declaration changes no code", a_new_unused_declaration_changes_no_code},
	{"an unused declaration may change or go", an_unused_declaration_may_change_or_go},
	{"a declaration of something used may change code",
	 a_declaration_of_something_used_may_change_code},
	{"definitions are changes", definitions_are_changes},
	{"a statement that looks like a declaration is a change",
	 a_statement_that_looks_like_a_declaration_is_a_change},
	{"what is gone is a change", what_is_gone_is_a_change},
};

SUT_TAP_MAIN(tests)
