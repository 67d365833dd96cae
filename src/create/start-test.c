// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/create.h"
#include "object/testunit.h"
#include "base/tap.h"

#include <string.h>

/* A program of the unit alone, or of the unit and another text. */
static void change(struct sut_testunit *test, const char *other, const char *before,
		   const char *after)
{
	struct sut_create_options options = {.target_count = 1};
	struct sut_patch patch = {0};
	const char *target;

	sut_testunit_init(test, "-O2 -fPIC", before, after);
	target = sut_testunit_link(test, "", other);
	options.targets = &target;
	CHECK(!sut_delta_build(&test->arena, &options, &test->unit, 1, &patch, &test->verdict,
			       &test->diag));
	CHECK(sut_testunit_accepted(test));
}

static bool warned(const char *other, const char *before, const char *after, const char *rule,
		   const char *text, const char *evidence)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	change(&test, other, before, after);
	if (!sut_testunit_warned(&test, rule, text))
		return false;
	for (size_t i = 0; i < test.verdict.warning_count; i++)
		if (strstr(test.verdict.warnings[i].evidence, evidence))
			return true;
	return false;
}

static bool silent(const char *other, const char *before, const char *after)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	change(&test, other, before, after);
	return !test.verdict.warning_count;
}

/* Both sides of a unit in which one number differs. */
#define SIDES(text, a, b) text(a), text(b)

#define FOREVER(n)                                                                                 \
	"int pause(void); volatile int v;\nvoid f(void)\n{\n\tv = " #n ";\n"                       \
	"\tfor (;;)\n\t\tif (pause())\n\t\t\tv++;\n}\n"
#define STOP(n)                                                                                    \
	"int puts(const char *); _Noreturn void exit(int);\nvolatile int v;\n"                     \
	"_Noreturn void f(int i) { while (i--) puts(\"x\"); exit(" #n "); }\n"

static void a_function_that_never_returns_is_named_with_its_loop(void)
{
	CHECK(warned("void f(void); int main(void) { f(); }", SIDES(FOREVER, 1, 2), "main",
		     "f never returns", "f, loop at unit.c:6"));
}

static void one_that_ends_the_program_is_not(void)
{
	CHECK(silent("void f(int); int main(int c, char **v) { (void)v; for (;;) f(c); }",
		     SIDES(STOP, 1, 2)));
}

#define THREAD(n)                                                                                  \
	"#include <pthread.h>\nvolatile int v;\n"                                                  \
	"static void *work(void *p) { v += " #n "; return p; }\n"                                  \
	"int spawn(pthread_t *t) { return pthread_create(t, NULL, work, NULL); }\n"
#define CALLBACK(n)                                                                                \
	"#include <stdlib.h>\nvolatile int v;\n"                                                   \
	"static int order(const void *a, const void *b) { return a - b + " #n "; }\n"              \
	"void spawn(void *p) { qsort(p, 3, 4, order); }\n"

static void start_functions_of_threads_are_named(void)
{
	static const char other[] = "int spawn(void *); int main(int c, char **v)\n"
				    "{ while (c--) spawn(v); return 0; }";

	CHECK(warned(other, SIDES(THREAD, 1, 2), "start", "work starts the threads",
		     "unit.c: work"));
	CHECK(silent(other, SIDES(CALLBACK, 1, 2)));
}

#define CONSTRUCTOR(n)                                                                             \
	"volatile int v; __attribute__((constructor)) static void early(void) { v = " #n "; }\n"

static void constructors_have_run(void)
{
	CHECK(warned("int main(void) { return 0; }", SIDES(CONSTRUCTOR, 1, 2), "startup",
		     "early is a constructor", "unit.c: early"));
}

#define SETUP(n) "volatile int v; void f(void) { v = " #n "; }\n"

static void what_only_main_calls_before_its_loop_has_run(void)
{
	CHECK(warned("void f(void); int pause(void);\n"
		     "__attribute__((noinline)) static void setup(void) { f(); pause(); }\n"
		     "int main(void) { setup(); for (;;) pause(); }",
		     SIDES(SETUP, 1, 2), "startup", "f is called only by main",
		     "main -> setup -> f"));
}

static void a_program_without_a_loop_is_soon_over(void)
{
	CHECK(silent("void f(void); int pause(void); int main(void) { f(); return pause(); }",
		     SIDES(SETUP, 1, 2)));
}

static void what_can_be_called_again_has_not(void)
{
	CHECK(silent(
		"void f(void); int pause(void); int main(void) { f(); for (;;) { pause(); f(); } }",
		SIDES(SETUP, 1, 2)));
	CHECK(silent("void f(void); void (*volatile p)(void) = f; int main(void) { f(); p(); }",
		     SIDES(SETUP, 1, 2)));
	CHECK(silent("void f(void); int pause(void); void *volatile p;\n"
		     "void handler(void) { f(); pause(); }\n"
		     "int main(void) { f(); p = handler; for (;;) pause(); }",
		     SIDES(SETUP, 1, 2)));
}

static const struct sut_tap_test tests[] = {
	{"a function that never returns is named with its loop",
	 a_function_that_never_returns_is_named_with_its_loop},
	{"one that ends the program is not", one_that_ends_the_program_is_not},
	{"start functions of threads are named", start_functions_of_threads_are_named},
	{"constructors have run", constructors_have_run},
	{"what only main calls before its loop has run",
	 what_only_main_calls_before_its_loop_has_run},
	{"a program without a loop is soon over", a_program_without_a_loop_is_soon_over},
	{"what can be called again has not", what_can_be_called_again_has_not},
};

SUT_TAP_MAIN(tests)
