// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/hunks.h"
#include "base/guard.h"
#include "base/tap.h"

#include <string.h>

static struct sut_arena arena;

static enum sut_rc find(const char *text, struct sut_hunks **files, size_t *count,
			struct sut_diag *diag)
{
	struct sut_bytes diff = {.data = (const unsigned char *)text, .size = strlen(text)};

	return sut_hunks_find(&arena, "x.patch", diff, files, count, diag);
}

static void every_file_and_hunk_is_found(void)
{
	struct sut_diag diag = {0};
	struct sut_hunks *files;
	size_t count;

	CHECK_EQUAL(find("From: me\n\n--- a/x.c\t2024-01-01\n+++ b/x.c\n@@ -1 +1 @@ f\n-a\n+b\n"
			 "@@ -5,2 +5,3 @@\n c\n\n+d\n--- /dev/null\n+++ b/n.c\n@@ -0,0 +1 @@\n+n\n"
			 "-- \n2.39\n",
			 &files, &count, &diag),
		    SUT_OK);
	CHECK_EQUAL(count, 2);
	CHECK_STRING(files[0].old_name, "a/x.c");
	CHECK_STRING(files[0].new_name, "b/x.c");
	CHECK_EQUAL(files[0].count, 2);
	CHECK(files[1].old_name == NULL);
	CHECK_EQUAL(files[1].size, strlen("@@ -0,0 +1 @@\n+n\n"));
}

static void a_hunk_may_remove_what_looks_like_a_header(void)
{
	struct sut_diag diag = {0};
	struct sut_hunks *files;
	size_t count;

	CHECK_EQUAL(find("--- a\n+++ b\n@@ -1,2 +1,2 @@\n--- x\n+++ y\n z\n", &files, &count,
			 &diag),
		    SUT_OK);
	CHECK_EQUAL(count, 1);
	CHECK_EQUAL(files[0].count, 1);
}

static void a_hunk_that_ends_early_names_its_line(void)
{
	struct sut_diag diag = {0};
	struct sut_hunks *files;
	size_t count;

	CHECK_EQUAL(find("--- a\n+++ b\n@@ -1,9 +1,9 @@\n z\n", &files, &count, &diag),
		    SUT_INVALID);
	CHECK_STRING(diag.entry[0], "x.patch:5: a line of a hunk starts with blank, + or -");
	CHECK_EQUAL(find("--- a\n+++ b\n@@ -1 +1 @@\n z\n+y\n", &files, &count, &diag), SUT_OK);
	CHECK_EQUAL(find("--- a\n+++ b\n@@ -1,2 +1 @@\n+z\n+y\n", &files, &count, &diag),
		    SUT_INVALID);
}

static void git_says_what_is_renamed(void)
{
	struct sut_diag diag = {0};
	struct sut_hunks *files;
	size_t count;

	CHECK_EQUAL(find("rename from me\nrename to you\ndiff --git a/x y.h b/z.h\n"
			 "similarity index 100%\nrename from x y.h\nrename to z.h\n"
			 "diff --git a/b.h b/c.h\nsimilarity index 60%\ncopy from b.h\n"
			 "copy to c.h\nindex 1..2 100644\n--- a/b.h\n+++ b/c.h\n@@ -1 +1 @@\n"
			 "-a\n+b\ndiff --git a/d b/d\nold mode 1\nnew mode 2\n"
			 "diff --git a/e b/f\nrename from e\nrename to g\n",
			 &files, &count, &diag),
		    SUT_OK);
	CHECK_EQUAL(count, 2);
	CHECK_EQUAL(files[0].origin, SUT_HUNKS_RENAMED);
	CHECK_STRING(files[0].old_name, "a/x y.h");
	CHECK_STRING(files[0].new_name, "b/z.h");
	CHECK_EQUAL(files[0].count, 0);
	CHECK_EQUAL(files[1].origin, SUT_HUNKS_COPIED);
	CHECK_STRING(files[1].new_name, "b/c.h");
	CHECK_EQUAL(files[1].count, 1);
}

static void other_text_is_no_patch(void)
{
	struct sut_diag diag = {0};
	struct sut_hunks *files;
	size_t count;

	CHECK_EQUAL(find("", &files, &count, &diag), SUT_INVALID);
	CHECK_EQUAL(find("*** a\n--- b\n***************\n", &files, &count, &diag), SUT_INVALID);
	CHECK_STRING(diag.rule, "patch");
}

static void names_are_stripped_within_the_tree(void)
{
	CHECK_STRING(sut_hunks_strip("a/src/x.c", 0), "a/src/x.c");
	CHECK_STRING(sut_hunks_strip("a//src/x.c", 1), "src/x.c");
	CHECK_STRING(sut_hunks_strip("a/src/..x.c", 2), "..x.c");
	CHECK_STRING(sut_hunks_strip("x.c", 1), NULL);
	CHECK_STRING(sut_hunks_strip("/etc/passwd", 0), NULL);
	CHECK_STRING(sut_hunks_strip("a/../../x.c", 1), NULL);
	CHECK_STRING(sut_hunks_strip("a/b/..", 1), NULL);
}

static const struct sut_tap_test tests[] = {
	{"every file and hunk is found", every_file_and_hunk_is_found},
	{"a hunk may remove what looks like a header", a_hunk_may_remove_what_looks_like_a_header},
	{"a hunk that ends early names its line", a_hunk_that_ends_early_names_its_line},
	{"git says what is renamed", git_says_what_is_renamed},
	{"other text is no patch", other_text_is_no_patch},
	{"names are stripped within the tree", names_are_stripped_within_the_tree},
};

SUT_TAP_MAIN(tests)
