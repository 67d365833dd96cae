// SPDX-License-Identifier: GPL-2.0-or-later
#include "profile/file.h"
#include "profile/cache.h"
#include "base/guard.h"
#include "units/path.h"

#include <jansson.h>
#include <string.h>

enum { FILE_MAX_SIZE = 256 << 20 /* bytes */ };

static const char schema[] = "suture.profile/1";

static void json_guard(json_t **json)
{
	json_decref(*json);
}

#define JSON_GUARD __attribute__((cleanup(json_guard)))

const char *sut_profile_verdict_name(enum sut_profile_verdict verdict)
{
	switch (verdict) {
	case SUT_PROFILE_PROVEN:
		return "proof";
	case SUT_PROFILE_BUILD_ID:
		return "build-id";
	case SUT_PROFILE_IDENTICAL:
		return "identical";
	}
	return "";
}

/* ---- written ---- */

static json_t *hex_json(const unsigned char *data, size_t size)
{
	char hex[2 * 64 + 1];

	return json_string(sut_hex(hex, data, size));
}

static json_t *target_json(const struct sut_profile_target *target)
{
	return json_pack("{s:s, s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "path", target->path,
			 "build_id", hex_json(target->build_id, target->build_id_size), "verdict",
			 sut_profile_verdict_name(target->verdict), "image", target->image, "units",
			 (json_int_t)target->units, "equal", (json_int_t)target->equal, "different",
			 (json_int_t)target->different, "absent", (json_int_t)target->absent,
			 "functions", (json_int_t)target->functions, "proven",
			 (json_int_t)target->proven);
}

static json_t *strings_json(const char *const *strings, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(list, json_string(strings[i])) == 0)
			continue;
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *places_json(const struct sut_profile_unit *unit)
{
	json_t *list = json_array();

	for (size_t i = 0; i < unit->place_count; i++) {
		const struct sut_profile_place *place = &unit->places[i];

		json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:I}", "target",
						      (json_int_t)place->target, "equal",
						      (json_int_t)place->equal, "different",
						      (json_int_t)place->different, "absent",
						      (json_int_t)place->absent));
	}
	return list;
}

/* NULL when a word is not UTF-8. */
static json_t *unit_json(const struct sut_profile_unit *unit)
{
	const struct sut_entry *entry = &unit->entry;

	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:o}", "directory", entry->directory,
			 "file", entry->file, "path", entry->path, "arguments",
			 strings_json(entry->argv, entry->argc), "sha256", entry->digest, "object",
			 unit->object, "places", places_json(unit));
}

static json_t *program_json(const struct sut_profile_program *program)
{
	return json_pack("{s:s, s:o}", "path", program->path, "sha256",
			 hex_json(program->sha256, sizeof(program->sha256)));
}

static json_t *lists_json(const struct sut_profile *profile, bool *whole)
{
	json_t *targets = json_array(), *units = json_array(), *programs = json_array();

	*whole = true;
	for (size_t i = 0; i < profile->target_count; i++)
		*whole &= !json_array_append_new(targets, target_json(&profile->targets[i]));
	for (size_t i = 0; i < profile->unit_count; i++)
		*whole &= !json_array_append_new(units, unit_json(&profile->units[i]));
	for (size_t i = 0; i < profile->program_count; i++)
		*whole &= !json_array_append_new(programs, program_json(&profile->programs[i]));
	return json_pack("{s:o, s:o, s:o}", "targets", targets, "programs", programs, "units",
			 units);
}

enum sut_rc sut_profile_write(const struct sut_profile *profile, const char *folder,
			      struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	bool whole;
	JSON_GUARD json_t *lists = lists_json(profile, &whole);
	JSON_GUARD json_t *root =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:b, s:o}", "schema", schema,
			  "package", profile->package, "kernel", profile->kernel, "source",
			  profile->source, "version", profile->version, "origin", profile->origin,
			  "created", (json_int_t)profile->created, "suture", profile->suture,
			  "isolated", profile->isolated, "sums",
			  hex_json(profile->sums, sizeof(profile->sums)));
	SUT_FREE char *text = NULL;

	if (!root || !lists || !whole || json_object_update(root, lists))
		return sut_fail(diag, SUT_UNSUPPORTED, "profile",
				"%s: a path or a command of its is not UTF-8, which JSON cannot "
				"hold",
				profile->origin);
	text = json_dumps(root, JSON_INDENT(1));
	if (!text)
		return sut_fail(diag, SUT_BUG, "profile", "%s: cannot be put in JSON", folder);
	return sut_file_write(sut_arena_printf(&arena, "%s/profile.json", folder), text,
			      strlen(text), 0644, diag);
}

/* ---- read ---- */

struct reading {
	struct sut_arena *arena;
	const char *file;
	struct sut_diag *diag;
	bool failed; /* the diag says why */
};

static void fail(struct reading *reading, const char *key, const char *what)
{
	if (!reading->failed)
		sut_fail(reading->diag, SUT_INVALID, "profile", "%s: \"%s\" is %s", reading->file,
			 key, what);
	reading->failed = true;
}

static const char *read_string(struct reading *reading, json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));

	if (!value)
		fail(reading, key, "missing, or no string");
	return sut_arena_strdup(reading->arena, value ? value : "");
}

static size_t read_number(struct reading *reading, json_t *json, const char *key, json_int_t max)
{
	json_t *value = json_object_get(json, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > max) {
		fail(reading, key, "missing, or no number that it can be");
		return 0;
	}
	return (size_t)json_integer_value(value);
}

static size_t read_hex(struct reading *reading, json_t *json, const char *key, unsigned char *data,
		       size_t least, size_t most)
{
	const char *hex = read_string(reading, json, key);
	size_t size = strlen(hex) / 2;

	if (size < least || size > most || !sut_unhex(hex, data, size)) {
		fail(reading, key, "not of the right length in hex");
		return 0;
	}
	return size;
}

/* A path that leads nowhere but below the profile. */
static bool stays_below(const char *path)
{
	if (*path == '/')
		return false;
	while (*path) {
		size_t length = strcspn(path, "/");

		if ((length == 2 && path[0] == '.' && path[1] == '.') || !length)
			return false;
		path += length + (path[length] == '/');
	}
	return true;
}

static const char *read_below(struct reading *reading, json_t *json, const char *key)
{
	const char *path = read_string(reading, json, key);

	if (!stays_below(path))
		fail(reading, key, "a path that leaves the profile");
	return path;
}

static const char *read_absolute(struct reading *reading, json_t *json, const char *key)
{
	const char *path = read_string(reading, json, key);

	if (*path != '/')
		fail(reading, key, "no absolute path");
	return path;
}

static json_t *read_array(struct reading *reading, json_t *json, const char *key)
{
	json_t *list = json_object_get(json, key);

	if (!json_is_array(list))
		fail(reading, key, "missing, or no array");
	return list;
}

static struct sut_profile_target read_target(struct reading *reading, json_t *json)
{
	const char *verdict = read_string(reading, json, "verdict");
	struct sut_profile_target target = {
		.path = read_absolute(reading, json, "path"),
		.image = read_below(reading, json, "image"),
		.units = read_number(reading, json, "units", UINT32_MAX),
		.equal = read_number(reading, json, "equal", UINT32_MAX),
		.different = read_number(reading, json, "different", UINT32_MAX),
		.absent = read_number(reading, json, "absent", UINT32_MAX),
		.functions = read_number(reading, json, "functions", UINT32_MAX),
		.proven = read_number(reading, json, "proven", UINT32_MAX),
	};
	bool known = false;

	target.build_id_size =
		read_hex(reading, json, "build_id", target.build_id, 1, SUT_PATCH_BUILD_ID_MAX);
	for (int i = 0; i < SUT_PROFILE_VERDICTS; i++) {
		if (strcmp(verdict, sut_profile_verdict_name((enum sut_profile_verdict)i)) != 0)
			continue;
		target.verdict = (enum sut_profile_verdict)i;
		known = true;
	}
	if (!known)
		fail(reading, "verdict", "none that is known");
	return target;
}

static void read_places(struct reading *reading, json_t *json, size_t target_count,
			struct sut_profile_unit *unit)
{
	json_t *list = read_array(reading, json, "places");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *place = json_array_get(list, i);

		SUT_PUSH(reading->arena, unit->places, unit->place_count, unit->place_capacity) =
			(struct sut_profile_place){
				.target = read_number(reading, place, "target",
						      (json_int_t)target_count - 1),
				.equal = read_number(reading, place, "equal", UINT32_MAX),
				.different = read_number(reading, place, "different", UINT32_MAX),
				.absent = read_number(reading, place, "absent", UINT32_MAX),
			};
	}
}

static struct sut_profile_unit read_unit(struct reading *reading, json_t *json, size_t target_count)
{
	json_t *arguments = read_array(reading, json, "arguments");
	struct sut_entry entry = {
		.directory = read_absolute(reading, json, "directory"),
		.file = read_string(reading, json, "file"),
		.path = read_absolute(reading, json, "path"),
		.digest = read_string(reading, json, "sha256"),
		.argc = json_array_size(arguments),
	};
	struct sut_profile_unit unit = {.object = read_below(reading, json, "object")};
	unsigned char digest[SUT_SHA256_SIZE];

	if (!sut_unhex(entry.digest, digest, sizeof(digest)))
		fail(reading, "sha256", "no digest");
	if (!entry.argc)
		fail(reading, "arguments", "empty");
	entry.argv = sut_arena_array(reading->arena, entry.argc + 1, sizeof(*entry.argv));
	for (size_t i = 0; i < entry.argc; i++) {
		const char *word = json_string_value(json_array_get(arguments, i));

		if (!word)
			fail(reading, "arguments", "no list of strings");
		entry.argv[i] = sut_arena_strdup(reading->arena, word ? word : "");
	}
	unit.entry = entry;
	read_places(reading, json, target_count, &unit);
	return unit;
}

static struct sut_profile_program read_program(struct reading *reading, json_t *json)
{
	struct sut_profile_program program = {.path = read_absolute(reading, json, "path")};

	read_hex(reading, json, "sha256", program.sha256, SUT_SHA256_SIZE, SUT_SHA256_SIZE);
	return program;
}

static void read_lists(struct reading *reading, json_t *root, struct sut_profile *profile)
{
	struct sut_arena *arena = reading->arena;
	json_t *list = read_array(reading, root, "targets");

	for (size_t i = 0; i < json_array_size(list) && !reading->failed; i++)
		SUT_PUSH(arena, profile->targets, profile->target_count, profile->target_capacity) =
			read_target(reading, json_array_get(list, i));
	list = read_array(reading, root, "programs");
	for (size_t i = 0; i < json_array_size(list) && !reading->failed; i++)
		SUT_PUSH(arena, profile->programs, profile->program_count,
			 profile->program_capacity) =
			read_program(reading, json_array_get(list, i));
	list = read_array(reading, root, "units");
	for (size_t i = 0; i < json_array_size(list) && !reading->failed; i++)
		SUT_PUSH(arena, profile->units, profile->unit_count, profile->unit_capacity) =
			read_unit(reading, json_array_get(list, i), profile->target_count);
}

enum sut_rc sut_profile_parse(struct sut_arena *arena, struct sut_bytes text, const char *folder,
			      const char *name, struct sut_profile *profile, struct sut_diag *diag)
{
	const char *file = sut_arena_printf(arena, "%s/profile.json", folder);
	struct reading reading = {.arena = arena, .file = file, .diag = diag};
	struct sut_profile found = {.folder = folder, .name = name};
	json_error_t error;
	JSON_GUARD json_t *root =
		json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
	const char *kind;

	if (!root)
		return sut_fail(diag, SUT_INVALID, "profile", "%s:%d: %s", file, error.line,
				error.text);
	kind = json_string_value(json_object_get(root, "schema"));
	if (kind && strncmp(kind, "suture.profile/", 15) == 0 && strcmp(kind, schema) != 0) {
		sut_fail(diag, SUT_UNSUPPORTED, "profile", "%s: of another version: %s", file,
			 kind);
		sut_remedy(diag, "remove it and make it again");
		return SUT_UNSUPPORTED;
	}
	if (!kind || strcmp(kind, schema) != 0)
		fail(&reading, "schema", "not that of a profile");
	found.package = read_string(&reading, root, "package");
	found.kernel = json_object_get(root, "kernel") ? read_string(&reading, root, "kernel") : "";
	found.source = read_string(&reading, root, "source");
	found.version = read_string(&reading, root, "version");
	found.origin = read_absolute(&reading, root, "origin");
	found.created = read_number(&reading, root, "created", INT64_MAX);
	found.suture = read_string(&reading, root, "suture");
	found.isolated = json_is_true(json_object_get(root, "isolated"));
	read_hex(&reading, root, "sums", found.sums, SUT_SHA256_SIZE, SUT_SHA256_SIZE);
	read_lists(&reading, root, &found);
	if (*found.kernel && found.target_count != 1)
		fail(&reading, "targets", "a kernel's has one");
	if (reading.failed) {
		sut_remedy(diag, "remove the profile and make it again");
		return SUT_INVALID;
	}
	*profile = found;
	return SUT_OK;
}

enum sut_rc sut_profile_load(struct sut_arena *arena, const char *root, const char *name,
			     struct sut_profile *profile, struct sut_diag *diag)
{
	const char *real = sut_path_resolve(arena, "/", root);
	const char *folder = sut_arena_printf(arena, "%s/profiles/%s", real, name);
	const char *const trusted[] = {
		real,
		sut_arena_printf(arena, "%s/profiles", real),
		folder,
		sut_arena_printf(arena, "%s/profile.json", folder),
	};
	struct sut_bytes text;
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < SUT_ARRAY_SIZE(trusted) && rc == SUT_OK; i++)
		rc = sut_cache_trust(trusted[i], diag);
	if (rc == SUT_OK)
		rc = sut_file_read(arena, trusted[3], FILE_MAX_SIZE, &text, diag);
	if (rc == SUT_OK)
		rc = sut_profile_parse(arena, text, folder, name, profile, diag);
	return rc;
}
