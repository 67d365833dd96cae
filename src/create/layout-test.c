// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/create.h"
#include "object/testunit.h"
#include "base/tap.h"

#include <string.h>

static const char program[] = "int f(); int main(int argc, char **argv) { return f(argc, argv); }";

/* Judges a change of a unit in a program or, with link "-shared", in a library. */
static void judge(struct sut_testunit *test, const char *link, const char *before,
		  const char *after)
{
	struct sut_create_options options = {.target_count = 1};
	struct sut_patch patch = {0};
	const char *target;

	sut_testunit_init(test, "-O2 -fPIC", before, after);
	target = sut_testunit_link(test, link, *link ? NULL : program);
	options.targets = &target;
	CHECK(!sut_delta_build(&test->arena, &options, &test->unit, 1, &patch, &test->verdict,
			       &test->diag));
}

static bool has_evidence(const struct sut_refusal *list, size_t count, const char *evidence)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].rule, "layout") && strstr(list[i].evidence, evidence))
			return true;
	return false;
}

static bool refused(const char *before, const char *after, const char *evidence)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	judge(&test, "", before, after);
	return has_evidence(test.verdict.refusals, test.verdict.refusal_count, evidence);
}

static bool warned(const char *before, const char *after, const char *evidence)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	judge(&test, "", before, after);
	return sut_testunit_accepted(&test) &&
	       has_evidence(test.verdict.warnings, test.verdict.warning_count, evidence);
}

static bool accepted(const char *before, const char *after)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	judge(&test, "", before, after);
	return sut_testunit_accepted(&test) &&
	       !has_evidence(test.verdict.warnings, test.verdict.warning_count, "");
}

static void a_new_member_of_what_others_make_is_refused(void)
{
	CHECK(refused("struct s { int a; char *b; };\nint f(struct s *s) { return s->a; }",
		      "struct s { int a; char *b;\nint c; };\nint f(struct s *s) { return s->c; }",
		      "struct s: 16 -> 24 bytes (unit.c:1)\n"
		      "struct s: new member c at 16, 4 bytes (unit.c:2)\n"
		      "values: what f is given\n"
		      "given to: f"));
}

static void new_members_belong_into_shadow_variables(void)
{
	SUT_TESTUNIT struct sut_testunit test = {0};

	judge(&test, "", "struct s { int a; };\nint f(struct s *s) { return s->a; }",
	      "struct s { int a; long b; };\nint f(struct s *s) { return s->b; }");
	CHECK(sut_testunit_refused(&test, "layout",
				   "keep b in a shadow variable instead, with "
				   "klp_shadow_get_or_alloc(object, ID, 8, ...)"));
}

static void a_moved_member_of_a_variable_is_refused(void)
{
	CHECK(refused("static struct s { int a, b; } v[3];\nint f(int i) { return v[i].a++; }",
		      "static struct s { int b, a; } v[3];\nint f(int i) { return v[i].a++; }",
		      "struct s: member a at 0 -> 4 (unit.c:1)\n"
		      "struct s: member b at 4 -> 0 (unit.c:1)\n"
		      "values: variable v (unit.c:1)"));
}

static void another_type_in_the_same_place_is_refused(void)
{
	CHECK(refused("struct s { int a; };\nint f(struct s *s) { return s->a / 3; }",
		      "struct s { unsigned a; };\nint f(struct s *s) { return s->a / 3; }",
		      "struct s: member a: int -> unsigned int (unit.c:1)"));
	CHECK(refused("static float v;\nint f(int i) { return v += i; }",
		      "static int v;\nint f(int i) { return v += i; }",
		      "v: float -> int (unit.c:1)"));
	CHECK(refused("static struct { int a, b; } v;\nint f(int i) { v.b += i; return v.a; }",
		      "static struct { int b, a; } v;\nint f(int i) { v.b += i; return v.a; }",
		      "v: struct { int a@0; int b@4; } -> struct { int b@0; int a@4; }"));
}

static void static_variables_of_functions_keep_values(void)
{
	CHECK(refused("struct s { int a, b; };\n"
		      "int f(int i)\n{ static struct s v; v.a += i; return v.b += v.a; }",
		      "struct s { int b, a; };\n"
		      "int f(int i)\n{ static struct s v; v.a += i; return v.b += v.a; }",
		      "values: variable v (unit.c:3)"));
	CHECK(refused("struct s { int a, b; };\n"
		      "int f(int i)\n{ static __thread struct s v; v.a += i; return v.b += v.a; }",
		      "struct s { int b, a; };\n"
		      "int f(int i)\n{ static __thread struct s v; v.a += i; return v.b += v.a; }",
		      "values: variable v (unit.c:3)"));
}

static void callbacks_are_called_as_they_were_made(void)
{
	CHECK(refused("struct s { int (*cb)(int); };\nint f(struct s *s) { return s->cb(1); }",
		      "struct s { int (*cb)(int, int); };\n"
		      "int f(struct s *s) { return s->cb(1, 2); }",
		      "struct s: member cb: int (int) * -> int (int, int) * (unit.c:1)"));
}

static void bit_fields_and_bounds_are_compared(void)
{
	CHECK(refused("struct s { int a:3, b:4; };\nint f(struct s *s) { return s->b; }",
		      "struct s { int a:4, b:4; };\nint f(struct s *s) { return s->b; }",
		      "struct s: member a: 3 -> 4 bits (unit.c:1)\n"
		      "struct s: member b at 0:3 -> 0:4 (unit.c:1)"));
	CHECK(refused("struct s { char a[6]; short b; };\nint f(struct s *s) { return s->a[5]; }",
		      "struct s { char a[8]; };\nint f(struct s *s) { return s->a[7]; }",
		      "struct s: member a: char[6] -> char[8] (unit.c:1)"));
}

static void a_type_of_automatic_variables_may_change(void)
{
	CHECK(accepted("struct s { int a; };\nint atoi();\n"
		       "int f(int i) { struct s s = {i}; return atoi(s.a); }",
		       "struct s { int a; long b; };\nint atoi();\n"
		       "int f(int i) { struct s s = {i, 2}; return atoi(s.a + s.b); }"));
}

/* The helper is given what lies in frames of f. */
#define HELPED(members, use)                                                                       \
	"struct s { " members " };\n"                                                              \
	"__attribute__((noinline)) static int help(struct s *s) { return " use "; }\n"             \
	"int f(int i) { struct s s = {i}; return help(&s); }"

static void it_may_also_when_its_address_is_only_passed_down(void)
{
	CHECK(warned(HELPED("int a;", "s->a++"), HELPED("int a; long b;", "s->b++"),
		     "values: frames of f\ngiven to: help"));
}

static void a_frame_that_is_not_replaced_keeps_the_old_one(void)
{
	/* g makes the value and stays as it is. */
	const char *before = "struct s { char c[64]; int a; };\nvoid step(struct s *);\n"
			     "int f(int i) { struct s s; s.a = i; step(&s); step(&s); return 0; }\n"
			     "void step(struct s *s) { s->c[s->a++] = 1; }";
	const char *after = "struct s { char c[60]; int n, a; };\nvoid step(struct s *);\n"
			    "int f(int i) { struct s s; s.a = i; step(&s); step(&s); return 0; }\n"
			    "void step(struct s *s) { if (s->n < 60) s->c[s->a++] = 1; }";
	SUT_TESTUNIT struct sut_testunit test = {0};

	judge(&test, "", before, after);
	CHECK(test.verdict.refusal_count == 0 ||
	      has_evidence(test.verdict.refusals, test.verdict.refusal_count,
			   "frame of f, which is not replaced"));
}

static void a_pointer_may_lead_to_the_heap(void)
{
	CHECK(refused("struct s { int a; };\nvoid *malloc(unsigned long);\nvoid *kept;\n"
		      "int f(int i) { struct s *s = malloc(sizeof(*s)), t = {i}; kept = s;\n"
		      "return s->a = t.a; }",
		      "struct s { int a, b; };\nvoid *malloc(unsigned long);\nvoid *kept;\n"
		      "int f(int i) { struct s *s = malloc(sizeof(*s)), t = {i}; kept = s;\n"
		      "return s->a = s->b = t.a; }",
		      "values: pointer s in f (unit.c:4)"));
}

static void what_casts_reach_is_refused(void)
{
	CHECK(refused("struct s { int a, b; };\nint f(void *p) { return ((struct s *)p)->b; }",
		      "struct s { int b, a; };\nint f(void *p) { return ((struct s *)p)->b; }",
		      "values: casts or sizeof make some"));
}

static void a_library_does_not_know_the_frames_of_its_callers(void)
{
	static const char before[] = "struct s { int a; };\n"
				     "int init(struct s *s) { s->a = 1; return 0; }\n"
				     "int f(int i) { struct s s = {i}; init(&s); return s.a; }";
	static const char after[] = "struct s { int a, b; };\n"
				    "int init(struct s *s) { s->b = s->a = 1; return 0; }\n"
				    "int f(int i) { struct s s = {i}; init(&s); return s.b; }";
	SUT_TESTUNIT struct sut_testunit test = {0};

	judge(&test, "-shared", before, after);
	CHECK(has_evidence(test.verdict.refusals, test.verdict.refusal_count,
			   "callers of init in other objects"));
	CHECK(!refused(before, after, ""));
}

static void a_part_of_a_living_type_may_not_change(void)
{
	CHECK(refused("struct in { short a, b; };\nstruct out { struct in in[2]; } v;\n"
		      "int f(int i) { return v.in[i].a; }",
		      "struct in { short b, a; };\nstruct out { struct in in[2]; } v;\n"
		      "int f(int i) { return v.in[i].a; }",
		      "struct in: member a at 0 -> 2 (unit.c:1)\n"
		      "struct in: member b at 2 -> 0 (unit.c:1)\n"
		      "values: variable v (unit.c:2), in struct out"));
}

static void members_of_unnamed_structures_are_seen(void)
{
	CHECK(refused("typedef struct { union { int a; char b; }; struct { int x, y; } p; } t;\n"
		      "t v; int f(void) { return v.p.y; }",
		      "typedef struct { union { int a; char b; }; struct { int y, x; } p; } t;\n"
		      "t v; int f(void) { return v.p.y; }",
		      "t: member p.x at 4 -> 8 (unit.c:1)\n"
		      "t: member p.y at 8 -> 4 (unit.c:1)"));
}

static void one_more_view_of_a_union_is_harmless(void)
{
	CHECK(accepted("union u { long a; } v;\nint f(void) { return v.a + 1; }",
		       "union u { long a; int b; } v;\nint f(void) { return v.b + 2; }"));
	CHECK(refused("union u { int a; } *v;\nint f(void) { return v->a + 1; }",
		      "union u { int a; long b; } *v;\nint f(void) { return v->b + 2; }",
		      "union u: 4 -> 8 bytes (unit.c:1)"));
}

static void a_new_enumerator_at_the_end_is_harmless(void)
{
	CHECK(accepted("enum e { A, B };\nint f(enum e e) { return e == B; }",
		       "enum e { A, B, C };\nint f(enum e e) { return e == C; }"));
	CHECK(refused("enum e { A, B };\nint f(enum e e) { return e == B; }",
		      "enum e { A, N, B };\nint f(enum e e) { return e == B; }",
		      "B: 1 -> 2 (unit.c:1)"));
	CHECK(warned("enum e { A, B, E_MAX };\nint f(enum e e) { return e < E_MAX; }",
		     "enum e { A, B, C, E_MAX };\nint f(enum e e) { return e < E_MAX; }",
		     "E_MAX: 2 -> 3 (unit.c:1)"));
}

static void types_that_only_one_side_has_are_no_matter(void)
{
	CHECK(accepted("struct s { int a; };\nint f(struct s *s) { return s->a; }",
		       "struct t { int a; };\nstruct s { int a; };\n"
		       "int f(struct s *s) { struct t t = {s->a + 1}; return t.a; }"));
}

static void structures_of_functions_are_their_own(void)
{
	CHECK(accepted("struct s { int a; } x;\nint f(int i) { return x.a + i; }\n"
		       "int g(int i) { struct s { char c[8]; } v = {{i}}; return v.c[i]; }",
		       "struct s { int a; } x;\nint f(int i) { return x.a + i; }\n"
		       "int g(int i) { struct s { char c[9]; } v = {{i}}; return v.c[i]; }"));
}

static void the_sign_of_what_a_pointer_leads_to_is_no_matter(void)
{
	CHECK(accepted("struct s { char *a; } v;\nint f(void) { return *v.a / 2; }",
		       "struct s { unsigned char *a; } v;\nint f(void) { return *v.a / 2; }"));
}

static void data_is_shown_with_its_line_and_both_values(void)
{
	SUT_TESTUNIT struct sut_testunit test = {0};
	SUT_TESTUNIT struct sut_testunit local = {0};

	judge(&test, "", "int a;\nlong limits[2] = {1, 5};\nint f(int i) { return limits[i] + a; }",
	      "int a;\nlong limits[2] = {1, 12};\nint f(int i) { return limits[i] + a; }");
	CHECK(test.verdict.refusal_count == 1);
	CHECK_STRING(test.verdict.refusals[0].evidence,
		     "unit.c: limits (unit.c:2)\n"
		     "at 8: 05 00 00 00 00 00 00 00 -> 0c 00 00 00 00 00 00 00");
	judge(&local, "", "int f(int i)\n{ static int n = 3; return n += i; }",
	      "int f(int i)\n{ static int n = 4; return n += i; }");
	CHECK(local.verdict.refusal_count == 1);
	CHECK_STRING(local.verdict.refusals[0].evidence,
		     "unit.c: n.0 (unit.c:2)\nat 0: 03 00 00 00 -> 04 00 00 00");
}

static const struct sut_tap_test tests[] = {
	{"data is shown with its line and both values",
	 data_is_shown_with_its_line_and_both_values},
	{"a new member of what others make is refused",
	 a_new_member_of_what_others_make_is_refused},
	{"new members belong into shadow variables", new_members_belong_into_shadow_variables},
	{"a moved member of a variable is refused", a_moved_member_of_a_variable_is_refused},
	{"another type in the same place is refused", another_type_in_the_same_place_is_refused},
	{"static variables of functions keep values", static_variables_of_functions_keep_values},
	{"callbacks are called as they were made", callbacks_are_called_as_they_were_made},
	{"bit-fields and bounds are compared", bit_fields_and_bounds_are_compared},
	{"a type of automatic variables may change", a_type_of_automatic_variables_may_change},
	{"it may also when its address is only passed down",
	 it_may_also_when_its_address_is_only_passed_down},
	{"a frame that is not replaced keeps the old one",
	 a_frame_that_is_not_replaced_keeps_the_old_one},
	{"a pointer may lead to the heap", a_pointer_may_lead_to_the_heap},
	{"what casts reach is refused", what_casts_reach_is_refused},
	{"a library does not know the frames of its callers",
	 a_library_does_not_know_the_frames_of_its_callers},
	{"a part of a living type may not change", a_part_of_a_living_type_may_not_change},
	{"members of unnamed structures are seen", members_of_unnamed_structures_are_seen},
	{"one more view of a union is harmless", one_more_view_of_a_union_is_harmless},
	{"a new enumerator at the end is harmless", a_new_enumerator_at_the_end_is_harmless},
	{"types that only one side has are no matter", types_that_only_one_side_has_are_no_matter},
	{"structures of functions are their own", structures_of_functions_are_their_own},
	{"the sign of what a pointer leads to is no matter",
	 the_sign_of_what_a_pointer_leads_to_is_no_matter},
};

SUT_TAP_MAIN(tests)
