// SPDX-License-Identifier: GPL-2.0-or-later
/* Old and new code in one column: what is the same, what goes and what comes. */
#include "review/review.h"

#include "base/guard.h"
#include "base/tap.h"

#include <stdlib.h>
#include <string.h>

/*
 * Code as a word of letters: each is an instruction. A digit behind a letter makes it a jump to the
 * instruction of that number.
 */
static struct sut_code code(struct sut_arena *arena, const char *word)
{
	struct sut_code code = {0};

	code.lines = sut_arena_array(arena, strlen(word), sizeof(*code.lines));
	for (; *word; word++) {
		struct sut_code_line *line = &code.lines[code.count++];

		line->text = line->key = sut_arena_printf(arena, "%c", *word);
		line->target = SUT_CODE_NONE;
		if (word[1] >= '0' && word[1] <= '9')
			line->target = (uint32_t)(*++word - '0');
	}
	return code;
}

/* "a-b+c": what is common stands alone. */
static const char *aligned(struct sut_arena *arena, const char *old, const char *new)
{
	struct sut_review_func func = {.old = code(arena, old), .new = code(arena, new)};
	const char *text = "";

	func.row_count = sut_align(arena, &func.old, &func.new, &func.rows);
	for (size_t i = 0; i < func.row_count; i++) {
		char mark = sut_review_mark(&func.rows[i]);

		text = sut_arena_printf(arena, "%s%.*s%s", text, mark != ' ', &mark,
					sut_review_line(&func, &func.rows[i])->text);
	}
	return text;
}

static void check(const char *old, const char *new, const char *result)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(aligned(&arena, old, new), result);
}

static void equal_code_has_no_changes(void)
{
	check("", "", "");
	check("abc", "abc", "abc");
}

static void what_comes_and_goes_is_marked(void)
{
	check("abc", "abxc", "ab+xc");
	check("abxc", "abc", "ab-xc");
	check("abc", "axc", "a-b+xc");
	check("", "ab", "+a+b");
	check("ab", "", "-a-b");
	check("ab", "cd", "-a-b+c+d");
}

/* How many lines are common in the shortest way, by the table of all ways. */
static size_t longest(const char *a, const char *b)
{
	size_t best[32][32] = {0};
	size_t m = strlen(a), n = strlen(b);

	for (size_t i = 1; i <= m; i++)
		for (size_t k = 1; k <= n; k++) {
			size_t up = best[i - 1][k], left = best[i][k - 1];

			best[i][k] = a[i - 1] == b[k - 1] ? best[i - 1][k - 1] + 1
				     : up > left          ? up
							  : left;
		}
	return best[m][n];
}

static void no_way_is_shorter(void)
{
	char a[32], b[32];

	srandom(1);
	for (int i = 0; i < 2000; i++) {
		SUT_ARENA struct sut_arena arena = {0};
		char *words[] = {a, b};
		struct sut_code old, new;
		struct sut_aligned *rows;
		size_t count;

		for (int k = 0; k < 2; k++) {
			size_t length = (size_t)random() % 30;

			for (size_t at = 0; at < length; at++)
				words[k][at] = (char)('a' + random() % 3);
			words[k][length] = '\0';
		}
		old = code(&arena, a);
		new = code(&arena, b);
		count = sut_align(&arena, &old, &new, &rows);
		CHECK_EQUAL(count, strlen(a) + strlen(b) - longest(a, b));
	}
}

/* The digit is where the jump leads to. */
static void jumps_are_the_same_if_their_places_are(void)
{
	check("aj2bc", "xaj3bc", "+xajbc");
	check("aj2bc", "aj3bc", "a-j+jbc");
	check("aj3bxc", "aj3byc", "ajb-x+yc"); /* both to the changed instruction */
	check("aj2bc", "aj2xbc", "a-j+j+xbc"); /* to what is new in front of it */
}

static void code_with_nothing_in_common_ends_soon(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_code old = {.count = 3000}, new = {.count = 3000};
	struct sut_aligned *rows;

	old.lines = sut_arena_array(&arena, old.count, sizeof(*old.lines));
	new.lines = sut_arena_array(&arena, new.count, sizeof(*new.lines));
	for (size_t i = 0; i < 3000; i++) {
		old.lines[i] = (struct sut_code_line){.key = "old", .target = SUT_CODE_NONE};
		new.lines[i] = (struct sut_code_line){.key = "new", .target = SUT_CODE_NONE};
	}
	CHECK_EQUAL(sut_align(&arena, &old, &new, &rows), 6000);
}

static void stretches_have_their_context(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_review_func func = {.old = code(&arena, "abcdefghijklmn"),
				       .new = code(&arena, "abcXefghijklYn")};
	size_t row = 0, end;

	func.row_count = sut_align(&arena, &func.old, &func.new, &func.rows);
	CHECK_EQUAL(func.row_count, 16);
	CHECK(sut_review_stretch(&func, 2, &row, &end));
	CHECK_EQUAL(row, 1);
	CHECK_EQUAL(end, 7);
	row = end;
	CHECK(sut_review_stretch(&func, 2, &row, &end));
	CHECK_EQUAL(row, 11);
	CHECK_EQUAL(end, 16);
	row = end;
	CHECK(!sut_review_stretch(&func, 2, &row, &end));
	row = 0; /* near changes are one stretch */
	CHECK(sut_review_stretch(&func, 5, &row, &end));
	CHECK_EQUAL(row, 0);
	CHECK_EQUAL(end, 16);
}

static const struct sut_tap_test tests[] = {
	{"equal code has no changes", equal_code_has_no_changes},
	{"what comes and goes is marked", what_comes_and_goes_is_marked},
	{"no way is shorter", no_way_is_shorter},
	{"jumps are the same if their places are", jumps_are_the_same_if_their_places_are},
	{"code with nothing in common ends soon", code_with_nothing_in_common_ends_soon},
	{"stretches have their context", stretches_have_their_context},
};

SUT_TAP_MAIN(tests)
