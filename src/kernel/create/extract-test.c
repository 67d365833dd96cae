// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/create/extract-sample.h"
#include "base/tap.h"

#include <elf.h>
#include <string.h>

/* Compiles and carries for vmlinux. The change is a number at the end of f. */
#define CARRY(sample, other, format)                                                               \
	do {                                                                                       \
		sut_carry_sample_init(&(sample), other,                                            \
				      sut_arena_printf(&(sample).test.arena, format, 5),           \
				      sut_arena_printf(&(sample).test.arena, format, 6));          \
		sut_carry_sample_run(&(sample), SUT_KERNEL_VMLINUX);                               \
	} while (0)

static bool is_own(const struct sut_carry_sample *s, const char *name)
{
	return sut_carry_sample_symbol(s, SUT_CARRY_OWN, name) != NULL;
}

static bool is_private(const struct sut_carry_sample *s, const char *name)
{
	const struct sut_carry_symbol *symbol = sut_carry_sample_symbol(s, SUT_CARRY_PRIVATE, name);

	return symbol && !strcmp(symbol->object, SUT_KERNEL_VMLINUX) && !symbol->with;
}

static void changed_functions_only_are_carried(void)
{
	SUT_CARRY_SAMPLE s = {0};

	CARRY(s, NULL,
	      "static int count; __attribute__((noinline)) static int g(int x)\n"
	      "{ return x * count++; }\n"
	      "__attribute__((noinline)) int f(int x) { return g(x) + %d; }\n"
	      "int h(int x) { return g(x) * f(x); }");
	CHECK(sut_testunit_accepted(&s.test));
	CHECK_EQUAL(s.proven.proof.different, 0);
	CHECK_EQUAL(s.carry.func_count, 1);
	CHECK_STRING(s.carry.funcs[0].old->name, "f");
	CHECK(is_own(&s, "f") && !is_own(&s, "g") && !is_own(&s, "h"));
	CHECK(is_private(&s, "g"));
}

static void what_vmlinux_exports_is_bound_by_name(void)
{
	SUT_CARRY_SAMPLE s = {0};

	CARRY(s, "int hidden(int x) { return x; }",
	      "int exported(int); int hidden(int); extern long exported_key;\n"
	      "int f(int x) { return exported(x) + hidden(x) + exported_key + %d; }");
	CHECK(sut_testunit_accepted(&s.test));
	CHECK(sut_carry_sample_symbol(&s, SUT_CARRY_EXPORT, "exported") != NULL);
	CHECK(sut_carry_sample_symbol(&s, SUT_CARRY_EXPORT, "exported_key") != NULL);
	CHECK(is_private(&s, "hidden"));
}

/* Its kallsyms have no capital letter for what is exported for the GPL only. */
static void what_another_module_exports_is_bound_there(void)
{
	SUT_CARRY_SAMPLE s = {0};
	struct sut_kernel_symbol symbols[] = {
		{.name = "offered", .address = 0x10, .type = 't', .local = true},
		{.name = "offered", .address = 0x20, .type = 't'},
	};
	struct sut_kernel_module module = {.symbols = {.count = 2, .list = symbols}};
	struct sut_klp_known_module known = {.name = "other", .module = &module};
	const char *const unit = "__attribute__((weak)) int offered(int);\n"
				 "int f(int x) { return offered(x) + %d; }";
	const struct sut_carry_symbol *symbol;

	sut_carry_sample_init(&s, NULL, sut_arena_printf(&s.test.arena, unit, 5),
			      sut_arena_printf(&s.test.arena, unit, 6));
	sut_kernel_symbols_index(&s.test.arena, &module.symbols);
	s.kernel.modules = &known;
	s.kernel.module_count = 1;
	sut_carry_sample_run(&s, "mod");
	CHECK(sut_testunit_accepted(&s.test));
	symbol = sut_carry_sample_symbol(&s, SUT_CARRY_PRIVATE, "offered");
	CHECK_STRING(symbol->object, "other");
	CHECK_STRING(symbol->with, "mod");
	CHECK_EQUAL(symbol->sympos, 2);
}

static void variables_are_the_originals_and_new_ones_the_patchs(void)
{
	SUT_CARRY_SAMPLE s = {0};

	sut_carry_sample_init(&s, NULL, "static int old = 3; int f(int x) { return x + old++; }",
			      "static int old = 3, new = 4;\n"
			      "int f(int x) { return x + old++ * new++; }");
	sut_carry_sample_run(&s, SUT_KERNEL_VMLINUX);
	CHECK(sut_testunit_accepted(&s.test));
	CHECK(is_private(&s, "old") && is_own(&s, "new") && !is_own(&s, "old"));
	CHECK_EQUAL(sut_carry_sample_section(&s, ".data.new")->data[0], 4);
}

/* The original's table would lead into the original's code. */
static void a_table_of_labels_is_carried_and_asked_about(void)
{
	SUT_CARRY_SAMPLE s = {0};

	CARRY(s, NULL,
	      "int f(const char *p, int x)\n"
	      "{\n"
	      "static const void *const table[] = { &&add, &&sub, &&end };\n"
	      "goto *table[(int)*p];\n"
	      "add: x++; goto *table[(int)*++p];\n"
	      "sub: x -= %d; goto *table[(int)*++p];\n"
	      "end: return x;\n"
	      "}");
	CHECK(sut_testunit_refused(&s.test, "label", "table"));
	CHECK_EQUAL(s.carry.func_count, 1);
	for (size_t i = 0; i < s.carry.symbol_count; i++)
		if (!strncmp(s.carry.symbols[i].name, "table", 5))
			CHECK_EQUAL(s.carry.symbols[i].source, SUT_CARRY_OWN);
}

static void the_address_of_a_changed_function_is_the_originals(void)
{
	SUT_CARRY_SAMPLE s = {0};

	CARRY(s, NULL,
	      "int (*table)(int); int f(int x);\n"
	      "__attribute__((noinline)) int g(int x) { return f(x) * 3; }\n"
	      "int f(int x) { table = f; return x > 3 ? g(x - 1) : %d; }");
	CHECK(is_own(&s, "f") && is_private(&s, "f"));
}

static void namesakes_are_named_by_their_position(void)
{
	SUT_CARRY_SAMPLE s = {0};
	const char *other = "__attribute__((noinline, used)) static int f(int x) { return x; }\n"
			    "int other(int x) { return f(x); }";

	CARRY(s, other,
	      "__attribute__((noinline)) static int f(int x) { return x * %d; }\n"
	      "int first(int x) { return f(x) + 1; } int last(int x) { return f(x) - 1; }");
	CHECK(sut_testunit_accepted(&s.test));
	CHECK_EQUAL(s.carry.func_count, 1);
	CHECK_EQUAL(s.carry.funcs[0].old->namesakes, 2);
	CHECK_EQUAL(s.carry.funcs[0].sympos, s.carry.funcs[0].old->position);
}

static void a_variable_of_a_macro_starts_anew(void)
{
	SUT_CARRY_SAMPLE s = {0};

	CARRY(s, NULL,
	      "void say(void); void say(void) { }\n"
	      "int f(int x) { static char __warned __attribute__((section(\".data.once\")));\n"
	      "if (!__warned) { __warned = 1; say(); } return x + %d; }");
	CHECK(sut_testunit_accepted(&s.test));
	CHECK_EQUAL(sut_carry_sample_section(&s, ".data.once")->size, 1);
}

static void a_new_variable_per_cpu_is_refused(void)
{
	SUT_CARRY_SAMPLE s = {0};

	sut_carry_sample_init(&s, NULL, "int f(int x) { return x; }",
			      "__attribute__((section(\".data..percpu\"))) static int counter;\n"
			      "int f(int x) { return x + counter++; }");
	sut_carry_sample_run(&s, SUT_KERNEL_VMLINUX);
	CHECK(sut_testunit_refused(&s.test, "percpu", "counter"));
}

static void code_of_the_start_cannot_be_called(void)
{
	SUT_CARRY_SAMPLE s = {0};

	CARRY(s, NULL,
	      "__attribute__((noinline, section(\".init.text\"))) static int begin(int x)\n"
	      "{ return x * x; } int f(int x) { return begin(x) + %d; }");
	CHECK(sut_testunit_refused(&s.test, "init", "begin"));
}

#define QUIET "__attribute__((noinline, no_instrument_function)) "

static void callers_change_for_what_ftrace_cannot_redirect(void)
{
	SUT_CARRY_SAMPLE s = {0};

	CARRY(s, NULL,
	      QUIET "static int body(int x) { return x * %d; }\n"
		    "__attribute__((noinline)) int f(int x) { return body(x) + 1; }\n"
		    "int g(int x) { return f(x) * 3; }");
	CHECK(sut_testunit_accepted(&s.test));
	CHECK_EQUAL(s.carry.func_count, 1);
	CHECK_STRING(s.carry.funcs[0].old->name, "f");
	CHECK(is_own(&s, "body"));
}

static void what_ftrace_cannot_redirect_must_not_be_reached_otherwise(void)
{
	SUT_CARRY_SAMPLE s = {0}, global = {0};

	CARRY(s, NULL,
	      QUIET "static int body(int x) { return x * %d; }\n"
		    "int (*pointer)(int) = body; int f(int x) { return body(x) + 1; }");
	CHECK(sut_testunit_refused(&s.test, "notrace", "body"));
	CARRY(global, NULL, QUIET "int body(int x) { return x * %d; }");
	CHECK(sut_testunit_refused(&global.test, "notrace", "body"));
}

static void another_kernel_is_refused(void)
{
	SUT_CARRY_SAMPLE s = {0};

	sut_carry_sample_init(&s, NULL, "int f(int x) { return x + 5; }",
			      "int f(int x) { return x + 6; }");
	/* The kernel's function is made another one. */
	memset((void *)sut_target_bytes(&s.target.target, s.proven.proof.defs[0].address, 8), 0x90,
	       8);
	sut_kernel_prove(&s.test.arena, &s.before, &s.target, &s.proven.proof);
	sut_proof_judge(&s.proven.proof, "unit.c", &s.test.verdict);
	sut_carry_sample_run(&s, SUT_KERNEL_VMLINUX);
	CHECK(sut_testunit_refused(&s.test, "match", "f of unit.c"));
	CHECK_EQUAL(s.carry.func_count, 0);
}

static const struct sut_tap_test tests[] = {
	{"changed functions only are carried", changed_functions_only_are_carried},
	{"what vmlinux exports is bound by name", what_vmlinux_exports_is_bound_by_name},
	{"what another module exports is bound there", what_another_module_exports_is_bound_there},
	{"variables are the original's, and new ones the patch's",
	 variables_are_the_originals_and_new_ones_the_patchs},
	{"a table of labels is carried, and asked about",
	 a_table_of_labels_is_carried_and_asked_about},
	{"the address of a changed function is the original's",
	 the_address_of_a_changed_function_is_the_originals},
	{"namesakes are named by their position", namesakes_are_named_by_their_position},
	{"a variable of a macro starts anew", a_variable_of_a_macro_starts_anew},
	{"a new variable per CPU is refused", a_new_variable_per_cpu_is_refused},
	{"code of the start cannot be called", code_of_the_start_cannot_be_called},
	{"callers change for what ftrace cannot redirect",
	 callers_change_for_what_ftrace_cannot_redirect},
	{"what ftrace cannot redirect must not be reached otherwise",
	 what_ftrace_cannot_redirect_must_not_be_reached_otherwise},
	{"another kernel is refused", another_kernel_is_refused},
};

SUT_TAP_MAIN(tests)
