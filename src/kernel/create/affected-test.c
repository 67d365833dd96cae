// SPDX-License-Identifier: GPL-2.0-or-later
/* C files cut into spans, their names, and words that macros make. */
#include "kernel/create/affected.h"
#include "base/guard.h"
#include "base/tap.h"

#include <string.h>

/* The names that all spans of the text make, with blanks between. */
static const char *names_of(struct sut_arena *arena, const char *text)
{
	struct sut_names names = {.arena = arena};
	struct sut_spans spans;
	const char *list = "";

	sut_spans_cut(arena, (struct sut_bytes){(const unsigned char *)text, strlen(text)}, &spans);
	for (size_t i = 0; i < spans.count; i++)
		sut_span_names(&spans.list[i], &names);
	for (size_t i = 0; i < names.count; i++)
		list = sut_arena_printf(arena, "%s%s%s", list, i ? " " : "", names.list[i]);
	return list;
}

static enum sut_span_reach reach_of(struct sut_arena *arena, const char *text)
{
	struct sut_spans spans;

	sut_spans_cut(arena, (struct sut_bytes){(const unsigned char *)text, strlen(text)}, &spans);
	CHECK_EQUAL(spans.count, 1);
	return spans.count ? sut_span_reach(&spans.list[0]) : SUT_SPAN_CONDITION;
}

static void names_functions(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(names_of(&arena,
			      "static inline struct a *f(struct b *x)\n{\n\treturn g(x);\n}\n"
			      "extern int __must_check h(void) __attribute__((cold));\n"),
		     "f h");
}

static void names_macros(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(names_of(&arena, "#define A(x) \\\n\tb(x)\n#undef C\n"), "A C");
}

static void names_types(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(names_of(&arena, "struct tag { int member; } one, *two;\n"), "tag one two");
	CHECK_STRING(names_of(&arena, "enum kind { FIRST, SECOND = 2 };\n"), "kind FIRST SECOND");
	CHECK_STRING(names_of(&arena, "typedef unsigned long word_t;\n"), "word_t");
}

static void names_what_macros_define(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(names_of(&arena, "DECLARE_STATIC_KEY_FALSE(my_key);\n"),
		     "DECLARE_STATIC_KEY_FALSE my_key");
}

static void survives_conditions(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(names_of(&arena, "#ifdef A\nint f(int x) {\n#else\nint f(long x) {\n#endif\n"
				      "\treturn x;\n}\nint g(void);\n"),
		     "f g");
}

static void skips_comments_and_strings(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(names_of(&arena,
			      "/* int a(void); */ int b(void); // } {\n"
			      "static inline const char *c(void)\n{\n\treturn \"}\\\"{\";\n}\n"
			      "int d(void);\n"),
		     "b c d");
}

static void tells_reach(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_EQUAL(reach_of(&arena, "static inline int f(void)\n{\n}\n"), SUT_SPAN_NAMED);
	CHECK_EQUAL(reach_of(&arena, "static int f(void)\n{\n}\n"), SUT_SPAN_INCLUDED);
	CHECK_EQUAL(reach_of(&arena, "static const int table[] = { 1 };\n"), SUT_SPAN_INCLUDED);
	CHECK_EQUAL(reach_of(&arena, "int f(void);\n"), SUT_SPAN_NAMED);
	CHECK_EQUAL(reach_of(&arena, "#include <a.h>\n"), SUT_SPAN_INCLUDE);
	CHECK_EQUAL(reach_of(&arena, "#if A\n"), SUT_SPAN_CONDITION);
}

static bool has_name(const char *name, const char *text)
{
	const struct sut_names names = {.count = 1, .list = &name};

	return sut_names_in(&names, text, strlen(text));
}

static void finds_words(void)
{
	CHECK(has_name("limit", "x = limit(y);"));
	CHECK(has_name("limit", "limit"));
	CHECK(!has_name("limit", "limits + my_limit"));
	CHECK(!has_name("limit", ""));
}

static void finds_pieces(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *name = "get_page_count", *text = "#define GET(x) get_ ## x\nint other;\n";
	const struct sut_names names = {.count = 1, .list = &name};
	struct sut_names rests = {.arena = &arena};

	sut_names_pasted(&names, text, strlen(text), &rests);
	CHECK_EQUAL(rests.count, 1);
	CHECK_STRING(rests.count ? rests.list[0] : "", "page_count");
}

static const struct sut_tap_test tests[] = {
	{"functions and prototypes are named, what they use is not", names_functions},
	{"macros are named, over continued lines", names_macros},
	{"tags, enumerators and typedefs are named", names_types},
	{"the call of a macro at file scope may name all its words", names_what_macros_define},
	{"a brace that each branch of a condition opens is closed once", survives_conditions},
	{"comments and strings are no code", skips_comments_and_strings},
	{"what is inline matters to users, what is code by itself to includers", tells_reach},
	{"names are found as words", finds_words},
	{"a word that ## completes to a name asks for the rest of it", finds_pieces},
};

SUT_TAP_MAIN(tests)
