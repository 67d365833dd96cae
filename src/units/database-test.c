// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/database.h"
#include "units/scratch.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"

#include <string.h>

/* Loads a database of this text in a folder of its own. */
static enum sut_rc load(struct sut_arena *arena, const char *text, struct sut_database *database,
			struct sut_diag *diag)
{
	const char *folder, *path;
	enum sut_rc rc = sut_scratch_make(arena, &folder, diag);

	if (rc)
		return rc;
	path = sut_arena_printf(arena, "%s/db.json", folder);
	rc = sut_file_write(path, text, strlen(text), 0600, diag);
	if (rc == SUT_OK)
		rc = sut_database_load(arena, path, database, diag);
	sut_scratch_remove(folder);
	return rc;
}

static void both_forms_of_a_command_are_read(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_database database;
	struct sut_diag diag = {0};

	CHECK_EQUAL(load(&arena,
			 "[{\"directory\":\"/nowhere\",\"file\":\"b.c\",\"command\":\"cc -D'A B' "
			 "b.c\"},"
			 "{\"directory\":\"/nowhere\",\"file\":\"a.c\","
			 "\"arguments\":[\"cc\",\"-DX Y\",\"a.c\"]}]",
			 &database, &diag),
		    SUT_OK);
	CHECK_EQUAL(database.count, 2);
	CHECK_STRING(database.entries[0].path, "/nowhere/a.c");
	CHECK_STRING(database.entries[0].argv[1], "-DX Y");
	CHECK_EQUAL(database.entries[1].argc, 3);
	CHECK_STRING(database.entries[1].argv[1], "-DA B");
}

static void repeated_commands_are_one_and_others_stay(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_database database;
	struct sut_diag diag = {0};

#define ENTRY(options) "{\"directory\":\"/d\",\"file\":\"a.c\",\"command\":\"cc " options " a.c\"}"
	CHECK_EQUAL(load(&arena, "[" ENTRY("-O2") "," ENTRY("-fPIC") "," ENTRY("-O2") "]",
			 &database, &diag),
		    SUT_OK);
	CHECK_EQUAL(database.count, 2);
}

static void a_relative_folder_starts_at_the_database(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_database database;
	struct sut_diag diag = {0};

	CHECK_EQUAL(load(&arena,
			 "[{\"directory\":\"sub\",\"file\":\"a.c\",\"command\":\"cc a.c\"}]",
			 &database, &diag),
		    SUT_OK);
	CHECK(database.entries[0].directory[0] == '/');
	CHECK(strstr(database.entries[0].path, "/sub/a.c") != NULL);
}

static void bad_entries_are_named(void)
{
	static const char *const texts[] = {
		"{}",
		"[1]",
		"[{\"directory\":\"/d\",\"file\":\"a.c\"}]",
		"[{\"directory\":\"/d\",\"file\":\"a.c\",\"arguments\":[]}]",
		"[{\"directory\":\"/d\",\"file\":\"a.c\",\"arguments\":[1]}]",
		"[{\"directory\":\"/d\",\"file\":\"a.c\",\"command\":\"cc 'a\"}]",
		"[{\"directory\":1,\"file\":\"a.c\",\"command\":\"cc\"}]",
		"[",
		"",
		"[\"a\\u0000b\"]",
	};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(texts); i++) {
		SUT_ARENA struct sut_arena arena = {0};
		struct sut_database database;
		struct sut_diag diag = {0};

		CHECK_EQUAL(load(&arena, texts[i], &database, &diag), SUT_INVALID);
		CHECK_STRING(diag.rule, "database");
	}
}

static void what_is_saved_is_what_is_loaded(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *argv[] = {"cc", "-DS=\"a b\\\"", "x.c", NULL};
	struct sut_entry entry = {.directory = "/d", .file = "x.c", .argc = 3, .argv = argv};
	struct sut_database database;
	struct sut_diag diag = {0};
	const char *folder, *path;

	CHECK_EQUAL(sut_scratch_make(&arena, &folder, &diag), SUT_OK);
	path = sut_arena_printf(&arena, "%s/compile_commands.json", folder);
	CHECK_EQUAL(sut_database_save(path, &entry, 1, &diag), SUT_OK);
	CHECK_EQUAL(sut_database_find(&arena, folder, &path, &diag), SUT_OK);
	CHECK_EQUAL(sut_database_load(&arena, path, &database, &diag), SUT_OK);
	CHECK_EQUAL(database.count, 1);
	CHECK_STRING(database.entries[0].argv[1], argv[1]);
	sut_scratch_remove(folder);
}

static void no_database_is_refused_with_the_remedy(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_diag diag = {0};
	const char *path;

	CHECK_EQUAL(sut_database_find(&arena, "/nowhere", &path, &diag), SUT_REFUSED);
	CHECK_STRING(diag.rule, "database");
	CHECK(strstr(diag.remedy, "suture record") != NULL);
}

static const struct sut_tap_test tests[] = {
	{"both forms of a command are read", both_forms_of_a_command_are_read},
	{"repeated commands are one, and others stay", repeated_commands_are_one_and_others_stay},
	{"a relative folder starts at the database", a_relative_folder_starts_at_the_database},
	{"bad entries are named", bad_entries_are_named},
	{"what is saved is what is loaded", what_is_saved_is_what_is_loaded},
	{"no database is refused with the remedy", no_database_is_refused_with_the_remedy},
};

SUT_TAP_MAIN(tests)
