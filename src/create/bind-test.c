// SPDX-License-Identifier: GPL-2.0-or-later
/* Where calls of klp_ functions lead that a patched unit makes. */
#include "create/create.h"
#include "object/testunit.h"
#include "base/tap.h"

#include <elf.h>
#include <string.h>

/* The patch of a unit in which entry() comes to return this expression. */
static struct sut_patch make(struct sut_testunit *test, const char *flags, const char *expression,
			     const char *program)
{
	static const char format[] = "void *klp_shadow_get(void *obj, unsigned long id);\n"
				     "void klp_nonsense(void *obj);\n"
				     "void *entry(void *x) { return %s; }\n";
	struct sut_patch patch = {.name = "test", .version = "1"};
	const char *target;
	struct sut_create_options options = {
		.name = "test", .version = "1", .target_count = 1, .targets = &target};

	sut_testunit_init(test, flags, sut_arena_printf(&test->arena, format, "x"),
			  sut_arena_printf(&test->arena, format, expression));
	target = sut_testunit_link(test, strstr(flags, "no-pie") ? "-no-pie" : "-pie", program);
	CHECK_EQUAL(sut_delta_build(&test->arena, &options, &test->unit, 1, &patch, &test->verdict,
				    &test->diag),
		    SUT_OK);
	return patch;
}

static const char plain[] = "void *entry(void *); int main(int argc, char **argv)\n"
			    "{ (void)argc; return entry(argv) == argv; }\n";
static const char with_its_own[] =
	"void *klp_shadow_get(void *obj, unsigned long id) { return id ? obj : 0; }\n"
	"void *entry(void *); int main(int argc, char **argv)\n"
	"{ return entry(argv) == klp_shadow_get(argv, (unsigned long)argc); }\n";

static const struct sut_patch_symbol *symbol(const struct sut_patch *patch, const char *name)
{
	static const struct sut_patch_symbol none = {.name = "none", .type = STT_FILE};

	for (size_t i = 0; i < patch->symbol_count; i++)
		if (strcmp(patch->symbols[i].name, name) == 0)
			return &patch->symbols[i];
	return &none;
}

static void calls_lead_to_the_run_time(void)
{
	SUT_TESTUNIT struct sut_testunit test = {0};
	struct sut_patch patch = make(&test, "-O2 -fPIE", "klp_shadow_get(x, 1)", plain);

	CHECK(sut_testunit_accepted(&test));
	CHECK_EQUAL(symbol(&patch, "klp_shadow_get")->kind, SUT_PATCH_SYMBOL_RUNTIME);
	CHECK_EQUAL(symbol(&patch, "klp_shadow_get")->type, STT_FUNC);
	CHECK(patch.additions.abi != 0);
	CHECK_EQUAL(patch.additions.objects_symbol, SUT_PATCH_NONE);
	CHECK_EQUAL(patch.additions.states_symbol, SUT_PATCH_NONE);
}

static void addresses_go_through_a_slot(void)
{
	SUT_TESTUNIT struct sut_testunit near = {0}, far = {0};
	struct sut_patch patch = make(&far, "-O2 -fPIE", "(void *)klp_shadow_get", plain);

	CHECK(sut_testunit_accepted(&far));
	CHECK_EQUAL(symbol(&patch, "klp_shadow_get")->kind, SUT_PATCH_SYMBOL_RUNTIME);
	make(&near, "-O2 -fno-pie", "(void *)klp_shadow_get", plain);
	CHECK(sut_testunit_refused(&near, "reloc",
				   "klp_shadow_get, of the run-time, as if it were "
				   "near"));
}

static void a_program_has_its_own(void)
{
	SUT_TESTUNIT struct sut_testunit test = {0};
	struct sut_patch patch = make(&test, "-O2 -fPIE", "klp_shadow_get(x, 1)", with_its_own);

	CHECK(sut_testunit_accepted(&test));
	CHECK_EQUAL(symbol(&patch, "klp_shadow_get")->kind, SUT_PATCH_SYMBOL_TARGET);
	CHECK_EQUAL(patch.additions.abi, 0);
}

static void what_the_run_time_does_not_have_is_refused(void)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	make(&test, "-O2 -fPIE", "(klp_nonsense(x), x)", plain);
	CHECK(sut_testunit_refused(&test, "runtime", "a patch may call klp_get_prev_state, "));
}

static const struct sut_tap_test tests[] = {
	{"calls lead to the run-time", calls_lead_to_the_run_time},
	{"addresses go through a slot", addresses_go_through_a_slot},
	{"a program that has its own functions means them", a_program_has_its_own},
	{"what the run-time does not have is refused", what_the_run_time_does_not_have_is_refused},
};

SUT_TAP_MAIN(tests)
