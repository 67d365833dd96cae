// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/kernel.h"
#include "object/diff.h"
#include "object/testunit.h"
#include "base/tap.h"

#include <string.h>

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

static void compare(struct comparison *c, const char *before, const char *after)
{
	struct sut_arena *arena = &c->test.arena;

	sut_testunit_init(&c->test, "-O2 -fno-pie -mcmodel=kernel", before, after);
	CHECK(!sut_object_load(arena, c->test.unit.before, &c->before, &c->test.diag));
	CHECK(!sut_object_load(arena, c->test.unit.after, &c->after, &c->test.diag));
	sut_diff_kernel(arena, &c->before, &c->after, &c->diff);
	sut_diff_judge(&c->diff, "unit.c", &c->test.verdict);
}

static enum sut_change change_of(const struct comparison *c, const char *name)
{
	uint32_t def = sut_object_def(&c->after, name);

	return def == SUT_NO_DEF ? SUT_CHANGE_NEW : c->diff.change[def];
}

#define WARN(file, line, number)                                                                   \
	"void warn_slowpath_fmt(const char *, int, unsigned, const char *, ...); int "             \
	"other(int);\n"                                                                            \
	"int f(int x) { if (x > 5) warn_slowpath_fmt(\"" file "\", " line ", 9, 0);\n"             \
	"return other(" number "); }"

static void another_line_is_no_change(void)
{
	COMPARISON c = {0};

	compare(&c, WARN("a.c", "117", "3"), WARN("a.c", "1042", "3"));
	CHECK_EQUAL(change_of(&c, "f"), SUT_CHANGE_NONE);
}

static void another_number_is_a_change(void)
{
	COMPARISON c = {0}, file = {0};

	compare(&c, WARN("a.c", "117", "3"), WARN("a.c", "117", "4"));
	CHECK_EQUAL(change_of(&c, "f"), SUT_CHANGE_CHANGED);
	compare(&file, WARN("a.c", "117", "3"), WARN("b.c", "117", "3"));
	CHECK_EQUAL(change_of(&file, "f"), SUT_CHANGE_CHANGED);
}

static void a_number_beside_the_line_is_a_change(void)
{
	COMPARISON c = {0};
	static const char format[] =
		"void warn_slowpath_fmt(const char *, int, unsigned, const char *, ...);\n"
		"void f(int x) { if (x > 5) warn_slowpath_fmt(\"a.c\", 117, %d, 0); }";

	compare(&c, sut_arena_printf(&c.test.arena, format, 9),
		sut_arena_printf(&c.test.arena, format, 8));
	CHECK_EQUAL(change_of(&c, "f"), SUT_CHANGE_CHANGED);
}

static void only_a_format_of_places_makes_a_line(void)
{
	COMPARISON place = {0}, number = {0};
	static const char format[] = "int printk(const char *, ...);\n"
				     "void f(int x) { if (x > 5) printk(\"%s\", \"a.c\", %d); }";

	compare(&place, sut_arena_printf(&place.test.arena, format, "failed at %s (%d)", 117),
		sut_arena_printf(&place.test.arena, format, "failed at %s (%d)", 118));
	CHECK_EQUAL(change_of(&place, "f"), SUT_CHANGE_NONE);
	compare(&number, sut_arena_printf(&number.test.arena, format, "%s wants %d pages", 117),
		sut_arena_printf(&number.test.arena, format, "%s wants %d pages", 118));
	CHECK_EQUAL(change_of(&number, "f"), SUT_CHANGE_CHANGED);
}

static void a_static_of_a_macro_is_no_twin(void)
{
	COMPARISON c = {0};
	static const char format[] =
		"%s void say(void *);\n"
		"void f(void) { static struct { int a, line; } descriptor "
		"__attribute__((section(\"__dyndbg\"))) = {1, %d}; say(&descriptor); }";

	compare(&c, sut_arena_printf(&c.test.arena, format, "", 5),
		sut_arena_printf(&c.test.arena, format, "\n\n", 7));
	CHECK_EQUAL(change_of(&c, "f"), SUT_CHANGE_NONE);
	CHECK(sut_testunit_accepted(&c.test));
}

static void another_key_of_a_jump_label_is_a_change(void)
{
	COMPARISON c = {0}, same = {0};
	static const char format[] =
		"%s long one, two; int f(int x) { asm volatile(\"1: nop\\n"
		".pushsection __jump_table, \\\"aw\\\"\\n.long 1b - .\\n.long 1b - .\\n"
		".quad %s - .\\n.popsection\"); return x; } int g(void) { return 3; }";

	compare(&c, sut_arena_printf(&c.test.arena, format, "", "one"),
		sut_arena_printf(&c.test.arena, format, "", "two"));
	CHECK_EQUAL(change_of(&c, "f"), SUT_CHANGE_CHANGED);
	CHECK_EQUAL(change_of(&c, "g"), SUT_CHANGE_NONE);
	compare(&same, sut_arena_printf(&same.test.arena, format, "", "one"),
		sut_arena_printf(&same.test.arena, format, "int h(void) { return 4; }", "one"));
	CHECK_EQUAL(change_of(&same, "f"), SUT_CHANGE_NONE);
}

static void a_relocation_that_was_taken_back_says_nothing(void)
{
	COMPARISON c = {0};
	static const char format[] =
		"extern char one, two; int f(int x) { asm volatile(\"1: nopl 0(%%rax, %%rax)\\n"
		".reloc 1b + 1, R_X86_64_NONE, %s\"); return x; }";

	compare(&c, sut_arena_printf(&c.test.arena, format, "one"),
		sut_arena_printf(&c.test.arena, format, "two"));
	CHECK_EQUAL(change_of(&c, "f"), SUT_CHANGE_NONE);
}

static void start_up_code_is_refused(void)
{
	COMPARISON c = {0};
	static const char format[] =
		"__attribute__((section(\".init.text\"))) int begin(int x) { return x + %d; }";

	compare(&c, sut_arena_printf(&c.test.arena, format, 1),
		sut_arena_printf(&c.test.arena, format, 2));
	CHECK(sut_testunit_refused(&c.test, "init", "begin"));
}

static void tables_about_code_are_known(void)
{
	CHECK_EQUAL(sut_kernel_special("__bug_table")->policy, SUT_SPECIAL_CODE);
	CHECK_EQUAL(sut_kernel_special("___ksymtab+kfree")->policy, SUT_SPECIAL_EXPORT);
	CHECK(!sut_kernel_special(".data..read_mostly"));
	CHECK_STRING(sut_kernel_static("__warned.41"), "__warned");
	CHECK(!sut_kernel_static("descriptors"));
}

static const struct sut_tap_test tests[] = {
	{"another line is no change", another_line_is_no_change},
	{"another number is a change", another_number_is_a_change},
	{"a number beside the line is a change", a_number_beside_the_line_is_a_change},
	{"only a format of places makes a line", only_a_format_of_places_makes_a_line},
	{"a static of a macro is no twin", a_static_of_a_macro_is_no_twin},
	{"another key of a jump label is a change", another_key_of_a_jump_label_is_a_change},
	{"a relocation that was taken back says nothing",
	 a_relocation_that_was_taken_back_says_nothing},
	{"start-up code is refused", start_up_code_is_refused},
	{"tables about code are known", tables_about_code_are_known},
};

SUT_TAP_MAIN(tests)
