// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/diff.h"
#include "object/testunit.h"
#include "base/tap.h"

#include <elf.h>
#include <string.h>

/* One comparison: fails the test when the objects cannot be read. */
struct comparison {
	struct sut_testunit test;
	struct sut_object before, after;
	struct sut_diff diff;
};

static void deinit(struct comparison *comparison)
{
	sut_testunit_deinit(&comparison->test);
}

#define COMPARISON __attribute__((cleanup(deinit))) struct comparison

static void compare_with(struct comparison *c, const char *flags, const char *before,
			 const char *after)
{
	struct sut_arena *arena = &c->test.arena;

	sut_testunit_init(&c->test, flags, before, after);
	CHECK(!sut_object_load(arena, c->test.unit.before, &c->before, &c->test.diag));
	CHECK(!sut_object_load(arena, c->test.unit.after, &c->after, &c->test.diag));
	sut_diff_run(arena, &c->before, &c->after, &c->diff);
	sut_diff_judge(&c->diff, "unit.c", &c->test.verdict);
}

static void compare(struct comparison *c, const char *before, const char *after)
{
	compare_with(c, "-O2 -fPIE", before, after);
}

/* The names of changed and new functions, in order: "f g+" where + marks a new one. */
static const char *functions(struct comparison *c)
{
	char *list = sut_arena_strdup(&c->test.arena, "");

	for (size_t i = 0; i < c->after.def_count; i++) {
		enum sut_change change = c->diff.change[i];

		if (!sut_def_is_function(&c->after.defs[i]) || change == SUT_CHANGE_NONE)
			continue;
		list = sut_arena_printf(&c->test.arena, "%s%s%s%s", list, *list ? " " : "",
					c->after.defs[i].name, change == SUT_CHANGE_NEW ? "+" : "");
	}
	return list;
}

/* The twin of the variable of that name in after, by name. */
static const char *twin(struct comparison *c, const char *name)
{
	uint32_t def = sut_object_def(&c->after, name);

	if (def == SUT_NO_DEF || c->diff.twins.before[def] == SUT_NO_DEF)
		return "";
	return c->before.defs[c->diff.twins.before[def]].name;
}

static void equal_units_have_no_changes(void)
{
	COMPARISON c = {0};
	static const char text[] =
		"#include <stdio.h>\n"
		"static int n;\n"
		"int f(int x) { static int m; return printf(\"%d\", x + m++ + n++); }\n"
		"int g(int x) { return f(x) + f(x + 1); }\n";

	compare(&c, text, text);
	CHECK_STRING(functions(&c), "");
	CHECK(sut_testunit_accepted(&c.test));
}

static void only_the_function_that_differs_is_changed(void)
{
	COMPARISON c = {0};

	compare(&c, "int f(int x) { return x + 1; } int g(int x) { return x * 3; }",
		"int f(int x) { return x + 2; } int g(int x) { return x * 3; }");
	CHECK_STRING(functions(&c), "f");
}

static void an_inlined_function_changes_its_callers(void)
{
	COMPARISON c = {0};

	compare(&c,
		"static inline int in(int x) { return x * 7; }\n"
		"int a(int x) { return in(x) + 1; } int b(int x) { return in(x) - 1; } int c(void) "
		"{ return 4; }",
		"static inline int in(int x) { return x * 9; }\n"
		"int a(int x) { return in(x) + 1; } int b(int x) { return in(x) - 1; } int c(void) "
		"{ return 4; }");
	CHECK_STRING(functions(&c), "a b");
}

static void another_string_changes_its_user(void)
{
	COMPARISON c = {0};

	compare(&c,
		"int puts(const char *); int f(void) { return puts(\"one\"); } int g(void) { "
		"return puts(\"two\"); }",
		"int puts(const char *); int f(void) { return puts(\"six\"); } int g(void) { "
		"return puts(\"two\"); }");
	CHECK_STRING(functions(&c), "f");
}

#define SWITCH(a, b)                                                                               \
	"int u(int); int v(int); int w(int);\n"                                                    \
	"int f(int x) { switch (x) { case 0: return u(3); case 1: return " a                       \
	"; case 2: return w(4); case 3: return " b                                                 \
	"; case 4: return w(8); case 5: return v(2); } "                                           \
	"return 0; }\n"

static void another_jump_table_changes_its_function(void)
{
	COMPARISON c = {0};

	compare(&c, SWITCH("v(7)", "v(9)"), SWITCH("v(9)", "v(7)"));
	CHECK_STRING(functions(&c), "f");
}

static void an_equal_jump_table_is_no_change(void)
{
	COMPARISON c = {0};

	compare(&c, SWITCH("v(7)", "v(9)"),
		"int first(void) { return 1; }\n" SWITCH("v(7)", "v(9)"));
	CHECK_STRING(functions(&c), "first+");
}

static void another_constant_table_changes_its_readers(void)
{
	COMPARISON c = {0};

	compare(&c,
		"static const int t[] = {1, 2, 3, 4}; int f(int x) { return t[x]; } int g(int x) { "
		"return x; }",
		"static const int t[] = {1, 2, 5, 4}; int f(int x) { return t[x]; } int g(int x) { "
		"return x; }");
	CHECK_STRING(functions(&c), "f");
	CHECK(sut_testunit_accepted(&c.test));
}

static void another_initial_value_is_refused(void)
{
	COMPARISON c = {0};

	compare(&c, "int limit = 10; int f(void) { return limit; }",
		"int limit = 20; int f(void) { return limit; }");
	CHECK(sut_testunit_refused(&c.test, "data", "limit"));
}

static void a_variable_that_grows_is_refused(void)
{
	COMPARISON c = {0};

	compare(&c, "char room[16]; char *f(void) { return room; }",
		"char room[32]; char *f(void) { return room; }");
	CHECK(sut_testunit_refused(&c.test, "size", "16 to 32"));
}

static void a_constant_that_other_units_see_is_refused(void)
{
	COMPARISON c = {0};

	compare(&c, "const int table[] = {1, 2};", "const int table[] = {1, 3};");
	CHECK(sut_testunit_refused(&c.test, "data", "table"));
}

static void a_constant_that_becomes_writable_is_another_variable(void)
{
	COMPARISON c = {0}, other = {0};

	compare(&c, "static const int n = 3; const int *f(void) { return &n; }",
		"static int n = 3; const int *f(void) { n++; return &n; }");
	CHECK_STRING(twin(&c, "n"), "");
	CHECK(sut_testunit_accepted(&c.test));
	compare(&other, "const int n = 3; const int *f(void) { return &n; }",
		"int n = 3; const int *f(void) { n++; return &n; }");
	CHECK(sut_testunit_refused(&other.test, "storage", "n becomes"));
}

static void a_larger_alignment_is_refused(void)
{
	COMPARISON c = {0};

	compare(&c, "int n[8]; int *f(void) { return n; }",
		"int n[8] __attribute__((aligned(128))); int *f(void) { return n; }");
	CHECK(sut_testunit_refused(&c.test, "storage", "128 bytes"));
}

static void a_name_that_goes_over_to_another_function_is_refused(void)
{
	COMPARISON c = {0};
	static const char format[] =
		"int f(int x) { return x + 1; } int g(int x) { return x * 3; }\n"
		"int h(int) __attribute__((alias(\"%c\")));";

	compare(&c, sut_arena_printf(&c.test.arena, format, 'f'),
		sut_arena_printf(&c.test.arena, format, 'g'));
	CHECK_STRING(functions(&c), "");
	CHECK(sut_testunit_refused(&c.test, "alias", "h of unit.c"));
}

static void static_locals_are_matched_by_their_functions(void)
{
	COMPARISON c = {0};
	static const char text[] = "int f(int x) { static int n; return n += x; }\n"
				   "int g(int x) { static int n; return n -= x; }\n";

	compare(&c, text,
		sut_arena_printf(&c.test.arena, "%sint e(int x) { static int n; return n ^= x; }",
				 text));
	CHECK_STRING(functions(&c), "e+");
	/* gcc 12 numbers from the end. */
	CHECK_STRING(twin(&c, "n.0"), "");
	CHECK_STRING(twin(&c, "n.1"), "n.0");
	CHECK_STRING(twin(&c, "n.2"), "n.1");
}

static void static_locals_that_cannot_be_told_apart_are_doubtful(void)
{
	COMPARISON c = {0};
	uint32_t def;

	compare(&c,
		"int f(int x) { if (x) { static int n; return n += x; } { static int n; return n "
		"-= x; } }",
		"int f(int x) { if (x) { static int n; return n += 2 * x; } { static int n; return "
		"n -= x; } }");
	def = sut_object_def(&c.after, "n.0");
	CHECK(def != SUT_NO_DEF && c.diff.twins.doubtful[def]);
}

static void the_function_name_is_no_change(void)
{
	COMPARISON c = {0};
	static const char text[] = "int puts(const char *); int f(void) { return puts(__func__); }";

	compare(&c, text,
		sut_arena_printf(
			&c.test.arena,
			"int puts(const char *); int e(void) { return puts(__func__); } %s", text));
	CHECK_STRING(functions(&c), "e+");
}

static void a_cold_piece_takes_its_function_along(void)
{
	COMPARISON c = {0};
	static const char format[] =
		"void bad(int) __attribute__((cold, noreturn)); int u(int);\n"
		"int f(int x) { for (int i = 0; i < x; i++) if (u(i)) bad(%d); return x; }";

	compare(&c, sut_arena_printf(&c.test.arena, format, 1),
		sut_arena_printf(&c.test.arena, format, 2));
	CHECK(sut_object_def(&c.after, "f.cold") != SUT_NO_DEF);
	CHECK(strstr(functions(&c), "f") && strstr(functions(&c), "f.cold"));
}

static void a_clone_is_a_function_of_its_own(void)
{
	COMPARISON c = {0};
	static const char format[] =
		"__attribute__((noinline)) static int worker(int x, int y)\n"
		"{ int s = 0; for (int i = 0; i < x; i++) s += i * y + %d; return s; }\n"
		"int a(int x) { return worker(x, 3); } int b(int x) { return worker(x + 1, 3); }";

	compare(&c, sut_arena_printf(&c.test.arena, format, 1),
		sut_arena_printf(&c.test.arena, format, 2));
	CHECK(strstr(functions(&c), "worker.constprop"));
	CHECK(!strstr(functions(&c), " a") && !strstr(functions(&c), " b"));
}

static void a_new_constructor_is_refused(void)
{
	COMPARISON c = {0};

	compare(&c, "int n; int f(void) { return n; }",
		"int n; int f(void) { return n; }"
		"__attribute__((constructor)) static void start(void) { n = f() + 1; }");
	CHECK(sut_testunit_refused(&c.test, "init", ".init_array"));
}

static void constructors_in_another_order_are_refused(void)
{
	COMPARISON c = {0};
	static const char format[] =
		"int n; __attribute__((constructor(%d))) static void one(void) { n += 1; }\n"
		"__attribute__((constructor(%d))) static void two(void) { n *= 2; }";

	compare(&c, sut_arena_printf(&c.test.arena, format, 200, 300),
		sut_arena_printf(&c.test.arena, format, 300, 200));
	CHECK(sut_testunit_refused(&c.test, "init", ".init_array"));
}

static void a_function_that_had_a_resolver_is_refused(void)
{
	COMPARISON c = {0};

	compare(&c,
		"static int one(void) { return 1; } static int (*resolve(void))(void)\n"
		"{ return one; } int f(void) __attribute__((ifunc(\"resolve\")));",
		"int f(void) { return 1; }");
	CHECK(sut_testunit_refused(&c.test, "ifunc", "resolver"));
}

static void a_changed_resolver_is_refused(void)
{
	COMPARISON c = {0};
	static const char format[] = "static int one(void) { return 1; }\n"
				     "static int (*resolve(void))(void) { return %s; }\n"
				     "int f(void) __attribute__((ifunc(\"resolve\")));";

	compare(&c, sut_arena_printf(&c.test.arena, format, "one"),
		sut_arena_printf(&c.test.arena, format, "0"));
	CHECK(sut_testunit_refused(&c.test, "ifunc", "resolver"));
}

static void an_unknown_section_about_a_changed_function_is_refused(void)
{
	COMPARISON c = {0};
	static const char format[] =
		"int f(int x) { asm volatile(\"1: nop\\n.pushsection __odd_table, \\\"a\\\"\\n\"\n"
		"\".long 1b - .\\n.popsection\"); return x + %d; }";

	compare(&c, sut_arena_printf(&c.test.arena, format, 1),
		sut_arena_printf(&c.test.arena, format, 2));
	CHECK(sut_testunit_refused(&c.test, "section", "__odd_table"));
}

static void a_changed_main_is_warned_about(void)
{
	COMPARISON c = {0};

	compare(&c, "int main(void) { return 1; }", "int main(void) { return 2; }");
	CHECK(sut_testunit_accepted(&c.test));
	CHECK(sut_testunit_warned(&c.test, "main", "main"));
}

static void a_file_that_is_no_object_is_invalid(void)
{
	SUT_TESTUNIT struct sut_testunit test = {0};
	struct sut_object object;

	sut_testunit_init(&test, "", "", "");
	CHECK_EQUAL(sut_object_load(&test.arena, "/bin/true", &object, &test.diag), SUT_INVALID);
	CHECK_STRING(test.diag.rule, "format");
}

static const struct sut_tap_test tests[] = {
	{"equal units have no changes", equal_units_have_no_changes},
	{"only the function that differs is changed", only_the_function_that_differs_is_changed},
	{"an inlined function changes its callers", an_inlined_function_changes_its_callers},
	{"another string changes its user", another_string_changes_its_user},
	{"another jump table changes its function", another_jump_table_changes_its_function},
	{"an equal jump table is no change", an_equal_jump_table_is_no_change},
	{"another constant table changes its readers", another_constant_table_changes_its_readers},
	{"another initial value is refused", another_initial_value_is_refused},
	{"a variable that grows is refused", a_variable_that_grows_is_refused},
	{"a constant that other units see is refused", a_constant_that_other_units_see_is_refused},
	{"a constant that becomes writable is another variable",
	 a_constant_that_becomes_writable_is_another_variable},
	{"a larger alignment is refused", a_larger_alignment_is_refused},
	{"a name that goes over to another function is refused",
	 a_name_that_goes_over_to_another_function_is_refused},
	{"static locals are matched by their functions",
	 static_locals_are_matched_by_their_functions},
	{"static locals that cannot be told apart are doubtful",
	 static_locals_that_cannot_be_told_apart_are_doubtful},
	{"the function's name is no change", the_function_name_is_no_change},
	{"a cold piece takes its function along", a_cold_piece_takes_its_function_along},
	{"a clone is a function of its own", a_clone_is_a_function_of_its_own},
	{"a new constructor is refused", a_new_constructor_is_refused},
	{"constructors in another order are refused", constructors_in_another_order_are_refused},
	{"a function that had a resolver is refused", a_function_that_had_a_resolver_is_refused},
	{"a changed resolver is refused", a_changed_resolver_is_refused},
	{"an unknown section about a changed function is refused",
	 an_unknown_section_about_a_changed_function_is_refused},
	{"a changed main is warned about", a_changed_main_is_warned_about},
	{"a file that is no object is invalid", a_file_that_is_no_object_is_invalid},
};

SUT_TAP_MAIN(tests)
