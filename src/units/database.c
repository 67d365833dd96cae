// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/database.h"
#include "units/compile.h"
#include "units/path.h"
#include "base/guard.h"
#include "base/io.h"

#include <jansson.h>
#include <string.h>

enum { DATABASE_MAX = 256 << 20 /* bytes */ };

static void json_guard(json_t **json)
{
	json_decref(*json);
}

#define JSON_GUARD __attribute__((cleanup(json_guard)))

enum sut_rc sut_database_find(struct sut_arena *arena, const char *tree, const char **path,
			      struct sut_diag *diag)
{
	static const char *const folders[] = {"", "build/", "builddir/", "_build/", "out/", "obj/"};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(folders); i++) {
		const char *name =
			sut_arena_printf(arena, "%s/%scompile_commands.json", tree, folders[i]);

		if (access(name, F_OK) == 0) {
			*path = name;
			return SUT_OK;
		}
	}
	sut_fail(diag, SUT_REFUSED, "database",
		 "%s: no compile_commands.json says how this tree was built", tree);
	sut_remedy(
		diag,
		"build it under `suture record -- make ...` (from clean, and with compilers that "
		"are found through PATH), or name a database with --database");
	return SUT_REFUSED;
}

static bool take_arguments(struct sut_arena *arena, json_t *list, struct sut_entry *entry)
{
	size_t count = json_array_size(list);

	entry->argv = sut_arena_array(arena, count + 1, sizeof(*entry->argv));
	for (size_t i = 0; i < count; i++) {
		const char *word = json_string_value(json_array_get(list, i));

		if (!word)
			return false;
		entry->argv[i] = sut_arena_strdup(arena, word);
	}
	entry->argc = count;
	return count > 0;
}

static bool take_command(struct sut_arena *arena, const char *text, struct sut_entry *entry)
{
	const char **words;
	size_t count;

	if (!text || !sut_words_split(arena, text, &count, &words) || !count)
		return false;
	entry->argv = sut_arena_array(arena, count + 1, sizeof(*entry->argv));
	memcpy(entry->argv, words, count * sizeof(*words));
	entry->argc = count;
	return true;
}

static enum sut_rc take_entry(struct sut_arena *arena, const char *base, json_t *json,
			      struct sut_entry *entry, struct sut_diag *diag)
{
	const char *directory = json_string_value(json_object_get(json, "directory"));
	const char *file = json_string_value(json_object_get(json, "file"));
	json_t *arguments = json_object_get(json, "arguments");
	bool taken;

	if (!directory || !*directory || !file || !*file)
		return sut_fail(diag, SUT_INVALID, "database",
				"no string \"directory\" or \"file\"");
	entry->directory = sut_path_resolve(arena, base, directory);
	entry->file = sut_arena_strdup(arena, file);
	entry->path = sut_path_resolve(arena, entry->directory, file);
	if (arguments)
		taken = take_arguments(arena, arguments, entry);
	else
		taken = take_command(arena, json_string_value(json_object_get(json, "command")),
				     entry);
	if (!taken)
		return sut_fail(diag, SUT_INVALID, "database",
				"%s: neither \"arguments\" nor \"command\" holds a command", file);
	return SUT_OK;
}

static int compare_entries(const void *a, const void *b)
{
	const struct sut_entry *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	if (!order)
		order = strcmp(left->directory, right->directory);
	if (!order)
		order = (left->argc > right->argc) - (left->argc < right->argc);
	for (size_t i = 0; !order && i < left->argc; i++)
		order = strcmp(left->argv[i], right->argv[i]);
	return order;
}

/* Sorting also makes what create does independent of the order in which a parallel make ran. */
static void sort_and_thin(struct sut_database *database)
{
	size_t kept = 0;

	qsort(database->entries, database->count, sizeof(*database->entries), compare_entries);
	for (size_t i = 0; i < database->count; i++)
		if (!kept || compare_entries(&database->entries[kept - 1], &database->entries[i]))
			database->entries[kept++] = database->entries[i];
	database->count = kept;
}

static const char *folder_of(struct sut_arena *arena, const char *path)
{
	const char *real = sut_path_resolve(arena, ".", path), *slash = strrchr(real, '/');

	return slash ? sut_arena_strndup(arena, real, (size_t)(slash - real)) : ".";
}

enum sut_rc sut_database_load(struct sut_arena *arena, const char *path,
			      struct sut_database *database, struct sut_diag *diag)
{
	struct sut_database found = {.path = path};
	const char *base = folder_of(arena, path);
	JSON_GUARD json_t *root = NULL;
	struct sut_bytes text;
	json_error_t error;
	enum sut_rc rc = sut_file_read(arena, path, DATABASE_MAX, &text, diag);

	if (rc)
		return rc;
	root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return sut_fail(diag, SUT_INVALID, "database", "%s:%d: %s", path, error.line,
				error.text);
	if (!json_is_array(root))
		return sut_fail(diag, SUT_INVALID, "database", "%s: not an array of entries", path);
	found.count = json_array_size(root);
	found.entries = sut_arena_array(arena, found.count, sizeof(*found.entries));
	for (size_t i = 0; i < found.count; i++) {
		rc = take_entry(arena, base, json_array_get(root, i), &found.entries[i], diag);
		if (rc)
			return sut_context(diag, rc, "in entry %zu of %s", i + 1, path);
	}
	sort_and_thin(&found);
	*database = found;
	return SUT_OK;
}

/* A new reference, or NULL when a string is not UTF-8. */
static json_t *entry_json(const struct sut_entry *entry)
{
	JSON_GUARD json_t *arguments = json_array();

	for (size_t i = 0; i < entry->argc; i++)
		if (json_array_append_new(arguments, json_string(entry->argv[i])))
			return NULL;
	return json_pack("{s:s, s:s, s:O}", "directory", entry->directory, "file", entry->file,
			 "arguments", arguments);
}

enum sut_rc sut_database_save(const char *path, const struct sut_entry *entries, size_t count,
			      struct sut_diag *diag)
{
	JSON_GUARD json_t *root = json_array();
	SUT_FREE char *text = NULL;

	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(root, entry_json(&entries[i])))
			return sut_fail(diag, SUT_UNSUPPORTED, "database",
					"%s: its command is not UTF-8, which JSON cannot hold",
					entries[i].file);
	text = json_dumps(root, JSON_INDENT(1));
	if (!text)
		return sut_fail(diag, SUT_BUG, "database", "%s: cannot be put in JSON", path);
	return sut_file_write(path, text, strlen(text), 0644, diag);
}
