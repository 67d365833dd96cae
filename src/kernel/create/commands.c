// SPDX-License-Identifier: GPL-2.0-or-later
/* The index of a kernel's units, as it lies in the cache. */
#include "kernel/create/commands.h"
#include "base/guard.h"
#include "units/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_MAX = 64 << 20 /* bytes */ };

#define INDEX_NAME "units"

struct reading {
	struct sut_arena *arena;
	size_t head_count, head_capacity;
	const char **heads;
	size_t capacity, made_capacity;
	struct sut_kernel_commands *commands;
};

/* "unit SOURCE OBJECT MODULES HEAD REST", with tabs between. */
static bool read_unit(struct reading *reading, char *fields)
{
	struct sut_kernel_commands *commands = reading->commands;
	const char *source = strsep(&fields, "\t"), *object = strsep(&fields, "\t");
	const char *modules = strsep(&fields, "\t"), *head = strsep(&fields, "\t");
	unsigned long number;
	char *end;

	if (!fields)
		return false;
	number = strtoul(head, &end, 10);
	if (*end || end == head || number >= reading->head_count)
		return false;
	if (commands->count && strcmp(commands->units[commands->count - 1].source, source) > 0)
		return false;
	SUT_PUSH(reading->arena, commands->units, commands->count, reading->capacity) =
		(struct sut_kernel_unit){
			.source = source,
			.object = object,
			.modules = modules,
			.head = reading->heads[number],
			.rest = fields,
		};
	return true;
}

static bool read_line(struct reading *reading, char *line)
{
	char *fields = line;
	const char *kind = strsep(&fields, "\t");

	if (fields && strcmp(kind, "head") == 0) {
		SUT_PUSH(reading->arena, reading->heads, reading->head_count,
			 reading->head_capacity) = fields;
		return true;
	}
	if (fields && strcmp(kind, "made") == 0) {
		SUT_PUSH(reading->arena, reading->commands->made, reading->commands->made_count,
			 reading->made_capacity) = fields;
		return true;
	}
	return fields && strcmp(kind, "unit") == 0 && read_unit(reading, fields);
}

bool sut_kernel_commands_parse(struct sut_arena *arena, char *text,
			       struct sut_kernel_commands *commands)
{
	struct reading reading = {.arena = arena, .commands = commands};
	const char *title = strsep(&text, "\n");

	if (strcmp(title, SUT_KERNEL_COMMANDS_TITLE) != 0)
		return false;
	while (text && *text)
		if (!read_line(&reading, strsep(&text, "\n")))
			return false;
	return true;
}

enum sut_rc sut_kernel_commands_load(struct sut_arena *arena, const char *tree, const char *cache,
				     const char *scratch,
				     void (*progress)(void *context, const char *text),
				     void *context, struct sut_kernel_commands *commands,
				     struct sut_diag *diag)
{
	struct sut_kernel_commands found = {.tree = tree};
	const char *path = sut_arena_printf(arena, "%s/" INDEX_NAME, cache);
	struct sut_bytes text;
	enum sut_rc rc = SUT_OK;

	if (access(path, R_OK) < 0) {
		if (progress)
			progress(context, "asking kbuild for the commands of all units, once");
		rc = sut_kernel_commands_list(arena, tree, scratch, path, diag);
	}
	if (rc == SUT_OK)
		rc = sut_file_read(arena, path, INDEX_MAX, &text, diag);
	if (rc)
		return rc;
	if (!sut_kernel_commands_parse(arena, (char *)text.data, &found)) {
		sut_fail(diag, SUT_INVALID, "kbuild", "%s: not an index of units", path);
		sut_remedy(diag, "remove it; it is made again");
		return SUT_INVALID;
	}
	*commands = found;
	return SUT_OK;
}

static int compare_sources(const void *key, const void *element)
{
	const struct sut_kernel_unit *unit = element;

	return strcmp(key, unit->source);
}

const struct sut_kernel_unit *sut_kernel_commands_find(const struct sut_kernel_commands *commands,
						       const char *source, size_t *count)
{
	const struct sut_kernel_unit *end = commands->units + commands->count;
	const struct sut_kernel_unit *unit =
		commands->count ? bsearch(source, commands->units, commands->count,
					  sizeof(*commands->units), compare_sources)
				: NULL;

	*count = 0;
	if (!unit)
		return NULL;
	while (unit > commands->units && strcmp(unit[-1].source, source) == 0)
		unit--;
	while (unit + *count < end && strcmp(unit[*count].source, source) == 0)
		++*count;
	return unit;
}

static enum sut_rc unknown(const struct sut_kernel_unit *unit, const char *why,
			   struct sut_diag *diag)
{
	return sut_fail(diag, SUT_UNSUPPORTED, "kbuild", "%s: its command %s: %s%s", unit->source,
			why, unit->head, unit->rest);
}

enum sut_rc sut_kernel_command_read(struct sut_arena *arena, const struct sut_kernel_unit *unit,
				    struct sut_kernel_command *command, struct sut_diag *diag)
{
	struct sut_kernel_command found = {0};
	const char **words;
	size_t count;

	/* make has doubled each $, and nothing that is known so far needs one. */
	if (strchr(unit->head, '$') || strchr(unit->rest, '$') ||
	    !sut_words_split(arena, sut_arena_printf(arena, "%s%s", unit->head, unit->rest), &count,
			     &words) ||
	    !count)
		return unknown(unit, "is not understood", diag);
	while (found.argc < count && strcmp(words[found.argc], ";") != 0)
		found.argc++;
	found.argv = sut_arena_array(arena, found.argc + 1, sizeof(*found.argv));
	memcpy(found.argv, words, found.argc * sizeof(*words));
	for (size_t i = 1; i < found.argc; i++)
		found.module |= strcmp(words[i], "-DMODULE") == 0;
	if (found.module && !*unit->modules)
		return unknown(unit, "is a module's, and no module has it", diag);
	if (found.argc < count) {
		const char **objtool = words + found.argc + 1;
		size_t length = count - found.argc - 1;

		if (length < 2 || strcmp(sut_base_name(objtool[0]), "objtool") != 0 ||
		    strcmp(objtool[length - 1], unit->object) != 0)
			return unknown(unit, "goes on with something that is not known", diag);
		found.objtool = sut_arena_array(arena, length, sizeof(*objtool));
		memcpy((void *)found.objtool, objtool, (length - 1) * sizeof(*objtool));
	}
	*command = found;
	return SUT_OK;
}
