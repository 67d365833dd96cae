// SPDX-License-Identifier: GPL-2.0-or-later
/* Code that no compiler made from this unit alone: assembler statements, link-time optimisation. */
#include "create/create.h"
#include "judge/judge.h"
#include "object/testunit.h"
#include "base/tap.h"

#define MAIN "int f(int); int main(int argc, char **argv) { (void)argv; return f(argc); }\n"

static void change(struct sut_testunit *test, const char *before, const char *after)
{
	struct sut_create_options options = {.target_count = 1};
	struct sut_patch patch = {0};
	const char *target;

	sut_testunit_init(test, "-O2 -fPIC", before, after);
	target = sut_testunit_link(test, "", MAIN);
	options.targets = &target;
	CHECK(!sut_delta_build(&test->arena, &options, &test->unit, 1, &patch, &test->verdict,
			       &test->diag));
}

#define STATEMENT(n)                                                                               \
	"__asm__(\".text\\n.globl f\\n.type f, @function\\nf: mov $" #n                            \
	", %eax\\nret\\n.size f, .-f\\n\");\nint g(void) { return 1; }\n"
#define INLINE(n, m)                                                                               \
	"int f(int i) { __asm__(\"add $" #n ", %0\" : \"+r\"(i)); return i + " #m "; }\n"
#define ALIAS(n)                                                                                   \
	"static int zz(int i) { return i * " #n "; }\n"                                            \
	"int f(int i) __attribute__((alias(\"zz\")));\n"

static void functions_of_assembler_statements_are_refused(void)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	change(&test, STATEMENT(1), STATEMENT(2));
	CHECK(sut_testunit_refused(&test, "asm", "f is defined by an assembler statement"));
}

static void assembler_in_a_compiled_function_is_the_compilers(void)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	change(&test, INLINE(1, 1), INLINE(2, 2));
	CHECK(sut_testunit_accepted(&test));
}

static void another_name_of_a_compiled_function_is_none(void)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	change(&test, ALIAS(3), ALIAS(5));
	CHECK(sut_testunit_accepted(&test));
}

/* A target that is compiled and linked with the flags. */
static bool is_refused(const char *flags)
{
	SUT_TESTUNIT struct sut_testunit test = {0};
	struct sut_target target;
	const char *path;

	sut_testunit_init(&test, flags, "int f(int i) { return i; }", "int f(int i);");
	path = sut_testunit_link(&test, flags, MAIN);
	CHECK(!sut_target_load(&test.arena, path, &target, &test.diag));
	sut_lto_judge(&target, &test.verdict);
	return test.verdict.refusal_count && sut_testunit_refused(&test, "lto", "was linked");
}

static void a_target_of_the_link_time_optimiser_is_refused(void)
{
	CHECK(is_refused("-O2 -flto"));
	CHECK(!is_refused("-O2"));
}

static const struct sut_tap_test tests[] = {
	{"functions of assembler statements are refused",
	 functions_of_assembler_statements_are_refused},
	{"assembler in a compiled function is the compiler's",
	 assembler_in_a_compiled_function_is_the_compilers},
	{"another name of a compiled function is none",
	 another_name_of_a_compiled_function_is_none},
	{"a target of the link-time optimiser is refused",
	 a_target_of_the_link_time_optimiser_is_refused},
};

SUT_TAP_MAIN(tests)
