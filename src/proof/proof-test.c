// SPDX-License-Identifier: GPL-2.0-or-later
#include "proof/proof.h"
#include "object/testunit.h"
#include "base/tap.h"

#include <string.h>

/* A unit with what a linker has to do with: data of its own, strings, imports, a jump table. */
static const char plain_unit[] =
	"#include <stdio.h>\n"
	"static int secret = 7;\n"
	"int shared;\n"
	"__attribute__((noinline)) static int hidden(int x)\n"
	"{ static int count; count += x; return count * secret + shared; }\n"
	"void tell(int x) { secret = x; }\n"
	"__attribute__((noinline)) int middle(int x) { shared++; return hidden(x + 3); }\n"
	"int choose(int x)\n"
	"{ switch (x) { case 0: return middle(1); case 1: return puts(\"one\"); case 2: return "
	"77;\n"
	"  case 3: return puts(\"three\"); case 4: return hidden(9); case 5: return middle(4); }\n"
	"  return 0; }\n"
	"double scale(double x) { return x * 1.5 + 3.25; }\n";

static const char program[] = "int choose(int); double scale(double);\n"
			      "int main(int argc, char **argv)\n"
			      "{ (void)argv; return choose(argc) + scale(argc); }\n";

struct proven {
	struct sut_testunit test;
	struct sut_object object;
	struct sut_target target;
	struct sut_proof proof;
};

static void deinit(struct proven *proven)
{
	sut_testunit_deinit(&proven->test);
}

#define PROVEN __attribute__((cleanup(deinit))) struct proven

static void prove(struct proven *p, const char *object, const char *target)
{
	struct sut_arena *arena = &p->test.arena;

	CHECK(!sut_object_load(arena, object, &p->object, &p->test.diag));
	CHECK(!sut_target_load(arena, target, &p->target, &p->test.diag));
	sut_proof_run(arena, &p->object, &p->target, NULL, &p->proof);
	sut_proof_judge(&p->proof, "unit.c", &p->test.verdict);
}

/* Compiles and links a unit with the program, and proves its sections compile. */
static void prove_unit(struct proven *p, const char *flags, const char *link, const char *unit)
{
	sut_testunit_init(&p->test, flags, unit, unit);
	prove(p, p->test.unit.before, sut_testunit_link(&p->test, link, program));
}

static bool all_proven(struct proven *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->object.def_count; i++)
		count += sut_def_is_function(&p->object.defs[i]);
	return sut_testunit_accepted(&p->test) && p->proof.equal == count;
}

static uint64_t address_of(struct proven *p, const char *name)
{
	size_t count;
	const struct sut_target_symbol *symbol = sut_target_find(&p->target, name, &count);

	return count ? symbol->address : 0;
}

/* Where the proof says that the variable or function lies. */
static uint64_t proven_address(struct proven *p, const char *name)
{
	uint32_t def = sut_object_def(&p->object, name);

	if (def == SUT_NO_DEF || !p->proof.sections[p->object.defs[def].section].known)
		return 0;
	return p->proof.sections[p->object.defs[def].section].address + p->object.defs[def].offset;
}

static void the_same_compile_is_proven(void)
{
	PROVEN p = {0};

	prove_unit(&p, "-O2 -fPIE", "-pie", plain_unit);
	CHECK(all_proven(&p));
}

static void private_variables_are_found(void)
{
	PROVEN p = {0};

	prove_unit(&p, "-O2 -fPIE", "-pie", plain_unit);
	CHECK(address_of(&p, "secret") != 0);
	CHECK_EQUAL(proven_address(&p, "secret"), address_of(&p, "secret"));
	CHECK_EQUAL(proven_address(&p, "count.0"), address_of(&p, "count.0"));
	CHECK_EQUAL(proven_address(&p, "shared"), address_of(&p, "shared"));
}

static void a_stripped_target_is_proven_by_content(void)
{
	PROVEN p = {0}, whole = {0};
	const char *target;

	prove_unit(&whole, "-O2 -fPIE", "-pie", plain_unit);
	sut_testunit_init(&p.test, "-O2 -fPIE", plain_unit, plain_unit);
	target = sut_testunit_strip(&p.test, sut_testunit_link(&p.test, "-pie", program));
	prove(&p, p.test.unit.before, target);
	CHECK(!p.target.has_symtab);
	CHECK(all_proven(&p));
	CHECK_EQUAL(proven_address(&p, "secret"), address_of(&whole, "secret"));
	CHECK_EQUAL(proven_address(&p, "hidden"), address_of(&whole, "hidden"));
}

static void another_optimisation_is_refused(void)
{
	PROVEN p = {0}, other = {0};

	sut_testunit_init(&p.test, "-O1 -fPIE", plain_unit, plain_unit);
	sut_testunit_init(&other.test, "-O2 -fPIE", plain_unit, plain_unit);
	prove(&p, p.test.unit.before, sut_testunit_link(&other.test, "-pie", program));
	CHECK(p.proof.different > 0);
	CHECK(sut_testunit_refused(&p.test, "match", "choose"));
}

static void another_string_is_refused(void)
{
	PROVEN p = {0}, other = {0};
	static const char format[] =
		"int puts(const char *); double scale(double x) { return x; }\n"
		"int choose(int x) { return puts(\"%s\") + x; }\n";

	sut_testunit_init(&p.test, "-O2 -fPIE", sut_arena_printf(&p.test.arena, format, "new"), "");
	sut_testunit_init(&other.test, "-O2 -fPIE",
			  sut_arena_printf(&other.test.arena, format, "old"), "");
	prove(&p, p.test.unit.before, sut_testunit_link(&other.test, "-pie", program));
	CHECK(sut_testunit_refused(&p.test, "match", "string or constant"));
}

static void another_initial_value_is_refused(void)
{
	PROVEN p = {0}, other = {0};
	static const char format[] = "static int n = %d; double scale(double x) { return x; }\n"
				     "int choose(int x) { return n += x; }\n";

	sut_testunit_init(&p.test, "-O2 -fPIE", sut_arena_printf(&p.test.arena, format, 5), "");
	sut_testunit_init(&other.test, "-O2 -fPIE", sut_arena_printf(&other.test.arena, format, 6),
			  "");
	prove(&p, p.test.unit.before, sut_testunit_link(&other.test, "-pie", program));
	CHECK(sut_testunit_refused(&p.test, "match", "content is another"));
}

static void a_call_of_another_function_is_refused(void)
{
	PROVEN p = {0}, other = {0};
	static const char format[] =
		"double scale(double x) { return x; }\n"
		"__attribute__((noinline)) static int one(int x) { return x * 3; }\n"
		"__attribute__((noinline)) static int two(int x) { return x * 5; }\n"
		"int choose(int x) { return %s(x) + 1; } int again(int x) { return two(x) - "
		"one(x); }\n";

	sut_testunit_init(&p.test, "-O2 -fPIE", sut_arena_printf(&p.test.arena, format, "one"), "");
	sut_testunit_init(&other.test, "-O2 -fPIE",
			  sut_arena_printf(&other.test.arena, format, "two"), "");
	prove(&p, p.test.unit.before, sut_testunit_link(&other.test, "-pie", program));
	CHECK(sut_testunit_refused(&p.test, "match", "choose"));
}

static void another_variable_is_refused(void)
{
	PROVEN p = {0}, other = {0};
	static const char format[] =
		"static int one, two; double scale(double x) { return x; }\n"
		"int choose(int x) { return %s += x; } int *where(int x) { return x ? &one : &two; "
		"}\n";

	sut_testunit_init(&p.test, "-O2 -fPIE", sut_arena_printf(&p.test.arena, format, "one"), "");
	sut_testunit_init(&other.test, "-O2 -fPIE",
			  sut_arena_printf(&other.test.arena, format, "two"), "");
	prove(&p, p.test.unit.before, sut_testunit_link(&other.test, "-pie", program));
	CHECK(sut_testunit_refused(&p.test, "match", "another address"));
}

static void a_private_variable_may_have_an_exported_name(void)
{
	PROVEN p = {0};
	static const char unit[] = "static int flags; double scale(double x) { return x; }\n"
				   "int choose(int x) { return flags += x; }\n";
	static const char rest[] =
		"int flags = 3; int choose(int);\n"
		"int main(int n, char **v) { (void)v; return choose(n) + flags; }\n";
	const char *target;

	sut_testunit_init(&p.test, "-O2 -fPIE", unit, unit);
	target = sut_testunit_link(&p.test, "-pie -rdynamic", rest);
	prove(&p, p.test.unit.before, sut_testunit_strip(&p.test, target));
	CHECK(all_proven(&p));
}

static void a_call_of_what_a_resolver_chooses_is_equal(void)
{
	PROVEN p = {0};
	static const char unit[] =
		"static int one(int x) { return x * 3; } static int (*resolve(void))(int)\n"
		"{ return one; } int chosen(int) __attribute__((ifunc(\"resolve\")));\n"
		"double scale(double x) { return x; }\n"
		"int choose(int x) { return chosen(x) + 1; }\n";

	prove_unit(&p, "-O2 -fPIE", "-pie", unit);
	CHECK(all_proven(&p));
}

static void relaxed_loads_and_calls_are_equal(void)
{
	PROVEN p = {0};
	static const char unit[] =
		"extern int counter; int other(int); int puts(const char *);\n"
		"int choose(int x) { counter += x; return other(x) + counter; }\n"
		"int tail(int x) { return other(x + 1); } void *where(void) { return (void "
		"*)other; }\n"
		"double scale(double x) { return puts(\"\") + x; }\n";
	static const char rest[] =
		"int counter; int other(int x) { return x; }\n"
		"int choose(int); int main(int n, char **v) { (void)v; return choose(n); }\n";

	sut_testunit_init(&p.test, "-O2 -fPIC -fno-plt", unit, unit);
	prove(&p, p.test.unit.before, sut_testunit_link(&p.test, "-pie", rest));
	CHECK(all_proven(&p));
}

static void relaxed_thread_local_variables_are_equal(void)
{
	PROVEN p = {0};
	static const char unit[] =
		"static __thread int a = 3; __thread int b; extern __thread int c;\n"
		"int choose(int x) { a += x; b -= x; return a + b + c; }\n"
		"double scale(double x) { return x + c; }\n";
	static const char rest[] =
		"__thread int c;\n"
		"int choose(int); int main(int n, char **v) { (void)v; return choose(n); }\n";

	sut_testunit_init(&p.test, "-O2 -fPIC", unit, unit);
	prove(&p, p.test.unit.before, sut_testunit_link(&p.test, "-pie", rest));
	CHECK(sut_testunit_accepted(&p.test));
	CHECK_EQUAL(p.proof.equal, 2);
}

static void a_fixed_address_program_is_proven(void)
{
	PROVEN p = {0};

	prove_unit(&p, "-O2 -fno-pie", "-no-pie", plain_unit);
	CHECK(all_proven(&p));
	CHECK_EQUAL(proven_address(&p, "secret"), address_of(&p, "secret"));
}

static void constants_may_lie_with_the_code(void)
{
	PROVEN p = {0};

	prove_unit(&p, "-O2 -fPIE", "-pie -Wl,-z,noseparate-code", plain_unit);
	CHECK(all_proven(&p));
}

static void a_shared_object_is_proven(void)
{
	PROVEN p = {0};

	sut_testunit_init(&p.test, "-O2 -fPIC", plain_unit, plain_unit);
	prove(&p, p.test.unit.before, sut_testunit_link(&p.test, "-shared", NULL));
	CHECK(!p.target.executable);
	CHECK(all_proven(&p));
}

static void short_and_long_jumps_are_equal(void)
{
	PROVEN p = {0};
	/* In one section the assembler reaches its neighbour with a short jump. */
	static const char unit[] =
		"int u(int); double scale(double x) { return x; }\n"
		"__attribute__((noinline)) static int end(int x) { return u(x) * 3 + 1; }\n"
		"int choose(int x) { if (u(x) > 3) return end(x - 1); return u(x + 1) + 2; }\n";
	static const char rest[] = "int u(int x) { return x; } int choose(int);\n"
				   "int main(int n, char **v) { (void)v; return choose(n); }\n";
	uint32_t def;

	sut_testunit_init(&p.test, "-O2 -fPIE", unit, unit);
	prove(&p, p.test.unit.before, sut_testunit_link(&p.test, "-pie", rest));
	CHECK(sut_testunit_accepted(&p.test));
	def = sut_object_def(&p.object, "choose");
	CHECK(def != SUT_NO_DEF && p.proof.defs[def].size < p.object.defs[def].size);
}

static void a_dropped_function_is_absent(void)
{
	PROVEN p = {0};
	static const char unit[] = "double scale(double x) { return x; }\n"
				   "int unused(int x) { return x * 13 + 5; }\n"
				   "int choose(int x) { return x * 11 + 7; }\n";

	prove_unit(&p, "-O2 -fPIE -ffunction-sections", "-pie -Wl,--gc-sections", unit);
	CHECK(sut_testunit_accepted(&p.test));
	CHECK_EQUAL(p.proof.equal, 2);
	CHECK_EQUAL(p.proof.absent, 1);
}

static void functions_of_one_name_are_told_apart_by_their_source(void)
{
	PROVEN p = {0};
	static const char helper[] =
		"__attribute__((noinline)) static int helper(int x) { return x * 17 + 3; }\n";
	const char *unit = sut_arena_printf(&p.test.arena,
					    "%sdouble scale(double x) { return x; }\n"
					    "int choose(int x) { return helper(x) + 1; }\n",
					    helper);

	sut_testunit_init(&p.test, "-O2 -fPIE", unit, unit);
	prove(&p, p.test.unit.before,
	      sut_testunit_link(&p.test, "-pie",
				sut_arena_printf(&p.test.arena,
						 "%s int choose(int); int main(int n, char **v)\n"
						 "{ (void)v; return choose(n) + helper(n); }\n",
						 helper)));
	CHECK(sut_testunit_accepted(&p.test));
	CHECK_EQUAL(p.proof.equal, 3);
}

static void a_target_without_a_build_id_is_refused(void)
{
	PROVEN p = {0};
	const char *target;

	sut_testunit_init(&p.test, "-O2", plain_unit, plain_unit);
	target = sut_testunit_link(&p.test, "-Wl,--build-id=none", program);
	CHECK_EQUAL(sut_target_load(&p.test.arena, target, &p.target, &p.test.diag), SUT_REFUSED);
	CHECK_STRING(p.test.diag.rule, "build-id");
}

static const struct sut_tap_test tests[] = {
	{"the same compile is proven", the_same_compile_is_proven},
	{"private variables are found", private_variables_are_found},
	{"a stripped target is proven by content", a_stripped_target_is_proven_by_content},
	{"another optimisation is refused", another_optimisation_is_refused},
	{"another string is refused", another_string_is_refused},
	{"another initial value is refused", another_initial_value_is_refused},
	{"a call of another function is refused", a_call_of_another_function_is_refused},
	{"another variable is refused", another_variable_is_refused},
	{"a private variable may have an exported name",
	 a_private_variable_may_have_an_exported_name},
	{"a call of what a resolver chooses is equal", a_call_of_what_a_resolver_chooses_is_equal},
	{"relaxed loads and calls are equal", relaxed_loads_and_calls_are_equal},
	{"relaxed thread-local variables are equal", relaxed_thread_local_variables_are_equal},
	{"a fixed-address program is proven", a_fixed_address_program_is_proven},
	{"constants may lie with the code", constants_may_lie_with_the_code},
	{"a shared object is proven", a_shared_object_is_proven},
	{"short and long jumps are equal", short_and_long_jumps_are_equal},
	{"a dropped function is absent", a_dropped_function_is_absent},
	{"functions of one name are told apart by their source",
	 functions_of_one_name_are_told_apart_by_their_source},
	{"a target without a build-id is refused", a_target_without_a_build_id_is_refused},
};

SUT_TAP_MAIN(tests)
