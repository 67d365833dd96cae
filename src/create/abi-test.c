// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/create.h"
#include "object/testunit.h"
#include "base/tap.h"

/* Changes a unit of a program or, with link "-shared", of a library; other is another unit. */
static void change(struct sut_testunit *test, const char *link, const char *other,
		   const char *before, const char *after)
{
	struct sut_create_options options = {.target_count = 1};
	struct sut_patch patch = {0};
	const char *target;

	sut_testunit_init(test, "-O2 -fPIC", before, after);
	target = sut_testunit_link(test, link, other);
	options.targets = &target;
	CHECK(!sut_delta_build(&test->arena, &options, &test->unit, 1, &patch, &test->verdict,
			       &test->diag));
}

static bool accepted(const char *other, const char *before, const char *after)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	change(&test, "", other, before, after);
	return sut_testunit_accepted(&test);
}

static bool refused(const char *link, const char *other, const char *before, const char *after,
		    const char *text)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	change(&test, link, other, before, after);
	return sut_testunit_refused(&test, "abi", text);
}

/* main calls f in its own unit, so the only caller of g is what the test says. */
#define MAIN                "int f(int); int main(int argc, char **argv) { (void)argv; return f(argc); }\n"
#define G(parameters, body) "__attribute__((noinline)) int g(" parameters ") { " body " }\n"
#define ONE                 G("int a", "return a * 3;")
#define TWO                 G("int a, int b", "return a * 3 + b;")

static void another_unit_calls_it_the_old_way(void)
{
	CHECK(refused("", MAIN "int g(int); int other(void) { return g(7); }",
		      ONE "int f(int i) { return g(i); }", TWO "int f(int i) { return g(i, i); }",
		      "other, which is not recompiled"));
}

static void its_own_unit_knows_the_new_way(void)
{
	CHECK(accepted(MAIN, ONE "int f(int i) { return g(i); }",
		       TWO "int f(int i) { return g(i, i); }"));
}

static void a_changed_body_is_called_as_before(void)
{
	CHECK(accepted(MAIN "int g(int); int other(void) { return g(7); }",
		       ONE "int f(int i) { return g(i); }",
		       G("int a", "return a * 5;") "int f(int i) { return g(i); }"));
}

static void what_is_passed_alike_may_change(void)
{
	static const char other[] =
		MAIN "int g(void *, int); int other(void) { return g(\"x\", 1); }";

	CHECK(accepted(other,
		       G("void *p, int i", "return *(char *)p + i;") "int f(int i)\n"
								     "{ return g(&i, i); }",
		       G("const char *p, unsigned i",
			 "return *p - i;") "int f(int i)\n"
					   "{ return g((char *)&i, i); }"));
}

static void pointers_to_it_are_used_the_old_way(void)
{
	CHECK(refused("", MAIN,
		      ONE "int (*volatile table[])(int) = {g}; int f(int i)\n"
			  "{ return table[i](i) + g(i); }",
		      TWO "int (*volatile table[])(int) = {(int (*)(int))g}; int f(int i)\n"
			  "{ return table[i](i) + g(i, 2); }",
		      "whoever has a pointer to it"));
}

static void users_of_a_library_call_it_the_old_way(void)
{
	static const char before[] = ONE "int f(int i) { return g(i); }";
	static const char after[] = TWO "int f(int i) { return g(i, i); }";

	CHECK(refused("-shared", NULL, before, after, "callers in objects that use"));
}

static void a_function_that_did_not_return_may_not_return_now(void)
{
	static const char other[] = MAIN "_Noreturn void stop(int); int other(int i) { stop(i); }";

	CHECK(refused("", other,
		      "void exit(int) __attribute__((noreturn));\n"
		      "_Noreturn void stop(int i) { exit(i); }\nint f(int i) { return i; }",
		      "void note(int i) { static volatile int n; n = i; }\n"
		      "void stop(int i) { note(i); }\nint f(int i) { return i; }",
		      "other, which is not recompiled"));
}

static const struct sut_tap_test tests[] = {
	{"another unit calls it the old way", another_unit_calls_it_the_old_way},
	{"its own unit knows the new way", its_own_unit_knows_the_new_way},
	{"a changed body is called as before", a_changed_body_is_called_as_before},
	{"what is passed alike may change", what_is_passed_alike_may_change},
	{"pointers to it are used the old way", pointers_to_it_are_used_the_old_way},
	{"users of a library call it the old way", users_of_a_library_call_it_the_old_way},
	{"a function that did not return may not return now",
	 a_function_that_did_not_return_may_not_return_now},
};

SUT_TAP_MAIN(tests)
