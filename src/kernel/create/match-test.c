// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/create/extract-sample.h"
#include "base/tap.h"

#include <string.h>

static enum sut_proof_state state_of(const struct sut_carry_sample *s, const char *name)
{
	return s->proven.proof.defs[sut_object_def(&s->before, name)].state;
}

static uint64_t address_of(const struct sut_carry_sample *s, const char *name)
{
	return s->proven.proof.defs[sut_object_def(&s->before, name)].address;
}

#define NOINLINE "__attribute__((noinline)) "

static void functions_of_one_name_and_content_are_told_apart_by_their_neighbours(void)
{
	SUT_CARRY_SAMPLE s = {0};
	static const char unit[] = NOINLINE "int first(int x) { return x * 3; }\n" NOINLINE
					    "static int same(int x) { return x + 77; }\n"
					    "int (*pointer)(int) = same;\n" NOINLINE
					    "int last(int x) { return x * 5; }";
	const char *other = NOINLINE "int before(int x) { return x * 7; }\n" NOINLINE
				     "static int same(int x) { return x + 77; }\n"
				     "int (*other)(int) = same;";

	sut_carry_sample_init(&s, other, unit, unit);
	CHECK_EQUAL(state_of(&s, "same"), SUT_PROOF_EQUAL);
	/* The compiler puts it there. */
	CHECK(address_of(&s, "same") < address_of(&s, "first") &&
	      address_of(&s, "first") - address_of(&s, "same") < 64);
}

static void a_weak_function_may_be_anothers(void)
{
	SUT_CARRY_SAMPLE s = {0};
	static const char unit[] =
		"__attribute__((weak, noinline)) int choose(int x) { return x + 1; }\n"
		"int f(int x) { return choose(x) * 3; }";

	sut_carry_sample_init(&s,
			      "int choose(int x) { return x * x - 5; }\n"
			      "int behind(int x) { return x * x * x + 7; }",
			      unit, unit);
	CHECK_EQUAL(state_of(&s, "f"), SUT_PROOF_EQUAL);
	CHECK_EQUAL(state_of(&s, "choose"), SUT_PROOF_ABSENT);
	CHECK_EQUAL(s.proven.proof.different, 0);
}

/* The unit's plain compile is what kbuild would link a module of, with nothing beside it. */
static void prove_module(struct sut_carry_sample *s, struct sut_kernel_module *module)
{
	struct sut_arena *arena = &s->test.arena;
	struct sut_bytes bytes;

	CHECK(!sut_file_read(arena, s->test.unit.plain, SUT_OBJECT_SIZE_MAX, &bytes,
			     &s->test.diag));
	CHECK(!sut_kernel_elf_parse(arena, s->test.unit.plain, bytes, &module->elf, &s->test.diag));
	module->name = "mod";
	CHECK(!sut_kernel_target_module(arena, module, &s->target, &s->test.diag));
	sut_kernel_prove(arena, &s->before, &s->target, &s->proven.proof);
}

#define MODULE                                                                                     \
	"int exported(int); static int count = 4; " NOINLINE                                       \
	"static int g(int x) { return exported(x) + count++; }\n"                                  \
	"int f(int x) { return g(x) * 3; }"

static void a_module_is_laid_out_and_proven(void)
{
	SUT_CARRY_SAMPLE s = {0};
	struct sut_kernel_module module = {0};

	sut_carry_sample_init(&s, NULL, MODULE, MODULE);
	prove_module(&s, &module);
	CHECK_EQUAL(s.proven.proof.equal, 2);
	CHECK_EQUAL(s.proven.proof.different, 0);
}

static void another_symbol_in_a_module_is_another_address(void)
{
	SUT_CARRY_SAMPLE s = {0};
	struct sut_kernel_module module = {0};
	char *name;

	sut_carry_sample_init(&s, NULL, MODULE, MODULE);
	/* The unit that is proven calls something else than the module's. */
	for (size_t i = 1; i < s.before.symbol_count; i++)
		if (!strcmp(s.before.symbols[i].name, "exported")) {
			name = sut_arena_strdup(&s.test.arena, "__fentry__");
			s.before.symbols[i].name = name;
		}
	prove_module(&s, &module);
	CHECK_EQUAL(state_of(&s, "g"), SUT_PROOF_DIFFERENT);
}

static const struct sut_tap_test tests[] = {
	{"functions of one name and content are told apart by their neighbours",
	 functions_of_one_name_and_content_are_told_apart_by_their_neighbours},
	{"a weak function may be another's", a_weak_function_may_be_anothers},
	{"a module is laid out and proven", a_module_is_laid_out_and_proven},
	{"another symbol in a module is another address",
	 another_symbol_in_a_module_is_another_address},
};

SUT_TAP_MAIN(tests)
