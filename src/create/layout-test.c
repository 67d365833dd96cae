// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/create.h"
#include "create/jobs.h"
#include "create/scratch.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"

#include <string.h>

static const char *compile(struct sut_arena *arena, const char *folder, const char *name,
			   const char *text)
{
	const char *source = sut_arena_printf(arena, "%s/%s.c", folder, name);
	const char *object = sut_arena_printf(arena, "%s/%s.o", folder, name);
	const char *argv[] = {"cc", "-O2", "-g", "-c", source, "-o", object, NULL};
	struct sut_job job = {.argv = argv, .directory = folder};
	struct sut_diag diag = {0};

	CHECK(sut_file_write(source, text, strlen(text), 0600, &diag) == SUT_OK);
	CHECK(sut_jobs_run(arena, &job, 1, 1, &diag) == SUT_OK);
	CHECK_EQUAL(job.status, 0);
	return object;
}

/* Judges a unit of these two texts; gives the first refusal's evidence, "" when there is none. */
static const char *judge(struct sut_arena *arena, const char *before, const char *after)
{
	struct sut_verdict verdict = {.arena = arena};
	struct sut_patch patch = {.func_count = 1};
	struct sut_unit unit = {.source = "unit.c"};
	struct sut_diag diag = {0};
	const char *folder;

	if (sut_scratch_make(arena, &folder, &diag))
		return "no folder";
	unit.before = compile(arena, folder, "before", before);
	unit.after = compile(arena, folder, "after", after);
	CHECK_EQUAL(sut_layout_judge(arena, &unit, 1, &patch, &verdict, &diag), SUT_OK);
	sut_scratch_remove(folder);
	for (size_t i = 0; i < verdict.refusal_count; i++)
		CHECK_STRING(verdict.refusals[i].rule, "layout");
	return verdict.refusal_count ? verdict.refusals[0].evidence : "";
}

static void a_new_member_behind_a_pointer_is_refused(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(
		judge(&arena, "struct s { int a; char *b; };\nint f(struct s *s) { return s->a; }",
		      "struct s { int a; char *b;\nint c; };\nint f(struct s *s) { return s->a; }"),
		"struct s: 16 -> 24 bytes (after.c:1)\n"
		"struct s: new member c at 16 (after.c:2)\n"
		"pointers lead to it");
}

static void a_moved_member_of_a_variable_is_refused(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(
		judge(&arena,
		      "static struct s { int a, b; } v[3];\nint f(int i) { return v[i].a++; }",
		      "static struct s { int b, a; } v[3];\nint f(int i) { return v[i].a++; }"),
		"struct s: member a at 0 -> 4 (after.c:1)\n"
		"struct s: member b at 4 -> 0 (after.c:1)\n"
		"variable v has it");
}

static void another_type_in_the_same_place_is_refused(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(judge(&arena, "struct s { int a; };\nint f(struct s *s) { return s->a; }",
			   "struct s { unsigned a; };\nint f(struct s *s) { return s->a; }"),
		     "struct s: member a: int -> unsigned int (after.c:1)\npointers lead to it");
}

static void a_type_of_automatic_variables_may_change(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(judge(&arena,
			   "struct s { int a; };\nint g(int);\n"
			   "int f(int i) { struct s s = {i}; return g(s.a); }",
			   "struct s { int a; long b; };\nint g(int);\n"
			   "int f(int i) { struct s s = {i, 2}; return g(s.a + s.b); }"),
		     "");
}

static void a_part_of_a_living_type_may_not_change(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(judge(&arena,
			   "struct in { short a, b; };\nstruct out { struct in in[2]; };\n"
			   "int f(struct out *o) { return o->in[0].a; }",
			   "struct in { short b, a; };\nstruct out { struct in in[2]; };\n"
			   "int f(struct out *o) { return o->in[0].a; }"),
		     "struct in: member a at 0 -> 2 (after.c:1)\n"
		     "struct in: member b at 2 -> 0 (after.c:1)\n"
		     "pointers lead to it in struct out");
}

static void members_of_unnamed_structures_are_seen(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(
		judge(&arena,
		      "typedef struct { union { int a; char b; }; struct { int x, y; } p; } t;\n"
		      "int f(t *v) { return v->p.y; }",
		      "typedef struct { union { int a; char b; }; struct { int y, x; } p; } t;\n"
		      "int f(t *v) { return v->p.y; }"),
		"t: member p.x at 4 -> 8 (after.c:1)\n"
		"t: member p.y at 8 -> 4 (after.c:1)\n"
		"pointers lead to it");
}

static void a_new_enumerator_at_the_end_is_harmless(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(judge(&arena, "enum e { A, B };\nint f(enum e e) { return e == B; }",
			   "enum e { A, B, C };\nint f(enum e e) { return e == B; }"),
		     "");
	CHECK_STRING(judge(&arena, "enum e { A, B };\nint f(enum e e) { return e == B; }",
			   "enum e { A, N, B };\nint f(enum e e) { return e == B; }"),
		     "B: 1 -> 2 (after.c:1)");
}

static void types_that_only_one_side_has_are_no_matter(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(judge(&arena, "struct s { int a; };\nint f(struct s *s) { return s->a; }",
			   "struct t { int a; };\nstruct s { int a; };\n"
			   "int f(struct s *s) { struct t t = {s->a}; return t.a; }"),
		     "");
}

static void structures_of_functions_are_their_own(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(judge(&arena,
			   "struct s { int a; };\nint f(struct s *s) { return s->a; }\n"
			   "int g(int i) { struct s { char c[8]; } v = {{i}}; return v.c[i]; }",
			   "struct s { int a; };\nint f(struct s *s) { return s->a; }\n"
			   "int g(int i) { struct s { char c[9]; } v = {{i}}; return v.c[i]; }"),
		     "");
}

static const struct sut_tap_test tests[] = {
	{"a new member behind a pointer is refused", a_new_member_behind_a_pointer_is_refused},
	{"a moved member of a variable is refused", a_moved_member_of_a_variable_is_refused},
	{"another type in the same place is refused", another_type_in_the_same_place_is_refused},
	{"a type of automatic variables may change", a_type_of_automatic_variables_may_change},
	{"a part of a living type may not change", a_part_of_a_living_type_may_not_change},
	{"members of unnamed structures are seen", members_of_unnamed_structures_are_seen},
	{"a new enumerator at the end is harmless", a_new_enumerator_at_the_end_is_harmless},
	{"types that only one side has are no matter", types_that_only_one_side_has_are_no_matter},
	{"structures of functions are their own", structures_of_functions_are_their_own},
};

SUT_TAP_MAIN(tests)
