// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/create.h"
#include "object/testunit.h"
#include "base/tap.h"

#include <string.h>

static const char program[] = "int f(int); int main(int argc, char **argv)\n"
			      "{ (void)argv; return f(argc); }";

/* How many questions the change raises about the name; about none else. */
static size_t questions(const char *name, const char *text, const char *before, const char *after)
{
	SUT_TESTUNIT struct sut_testunit test = {0};
	struct sut_create_options options = {.target_count = 1};
	struct sut_patch patch = {0};
	const char *target;

	sut_testunit_init(&test, "-O2 -fPIC", before, after);
	target = sut_testunit_link(&test, "", program);
	options.targets = &target;
	CHECK(!sut_delta_build(&test.arena, &options, &test.unit, 1, &patch, &test.verdict,
			       &test.diag));
	CHECK(sut_testunit_accepted(&test));
	for (size_t i = 0; i < test.verdict.question_count; i++) {
		CHECK_STRING(test.verdict.questions[i].about, name);
		CHECK(strstr(test.verdict.questions[i].text, text) != NULL);
	}
	return test.verdict.question_count;
}

static void an_ordinary_fix_raises_none(void)
{
	CHECK(questions("", "", "int v; int f(int i) { return v + i; }",
			"int v; int f(int i) { return i < 9 ? v + i : -1; }") == 0);
}

#define LOCKED(between)                                                                            \
	"#include <pthread.h>\npthread_mutex_t *a;\n"                                              \
	"int f(int i) { pthread_mutex_lock(a); " between " pthread_mutex_unlock(a); return i; }\n"

static void locks_that_come_are_asked_about(void)
{
	CHECK(questions("f", "pthread_mutex_lock, pthread_mutex_unlock, pthread_mutex_lock",
			LOCKED("i++;"),
			LOCKED("pthread_mutex_unlock(a); i++; pthread_mutex_lock(a);")) == 1);
	CHECK(questions("f", "", LOCKED("i++;"), LOCKED("i += 2;")) == 0);
}

static void variables_that_come_into_use_are_asked_about(void)
{
	CHECK(questions("f", "f uses state and did not before",
			"int state, v; int set(int i) { return state = i; }\n"
			"int f(int i) { return v += i; }",
			"int state, v; int set(int i) { return state = i; }\n"
			"int f(int i) { return state ? v += i : state; }") == 1);
}

static void variables_of_the_patch_are_asked_about(void)
{
	CHECK(questions("calls", "calls is a new variable", "int f(int i) { return i; }",
			"static int calls = 3; int f(int i) { return i + calls++; }") == 1);
}

static void hashes_are_asked_about(void)
{
	CHECK(questions("hash_of", "are tables and trees",
			"__attribute__((noinline)) int hash_of(int i) { return i * 3; }\n"
			"int f(int i) { return hash_of(i); }",
			"__attribute__((noinline)) int hash_of(int i) { return i * 5; }\n"
			"int f(int i) { return hash_of(i); }") == 1);
}

static const struct sut_tap_test tests[] = {
	{"an ordinary fix raises none", an_ordinary_fix_raises_none},
	{"locks that come are asked about", locks_that_come_are_asked_about},
	{"variables that come into use are asked about",
	 variables_that_come_into_use_are_asked_about},
	{"variables of the patch are asked about", variables_of_the_patch_are_asked_about},
	{"hashes are asked about", hashes_are_asked_about},
};

SUT_TAP_MAIN(tests)
