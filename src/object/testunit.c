// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/testunit.h"
#include "base/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void run(const char *command)
{
	int status = system(command);

	if (status == 0)
		return;
	printf("Bail out! status %d: %s\n", status, command);
	exit(1);
}

static const char *new_path(struct sut_testunit *test, const char *extension)
{
	return sut_arena_printf(&test->arena, "%s/%u%s", test->folder, test->count++, extension);
}

/* Both sides have one name, as the two sides of a real unit do: it is in __FILE__ and the objects.
 */
static const char *write_source(struct sut_testunit *test, const char *name, const char *text)
{
	const char *path = sut_arena_printf(&test->arena, "%s/%s", test->folder, name);
	SUT_FCLOSE FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0) {
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
	return path;
}

static const char *compile(struct sut_testunit *test, const char *name, const char *flags,
			   const char *text)
{
	const char *source = write_source(test, name, text), *object = new_path(test, ".o");

	run(sut_arena_printf(&test->arena, "gcc -g %s -c -o %s %s", flags, object, source));
	return object;
}

void sut_testunit_init(struct sut_testunit *test, const char *flags, const char *before,
		       const char *after)
{
	const char *sections =
		sut_arena_printf(&test->arena, "%s -ffunction-sections -fdata-sections", flags);

	strcpy(test->folder, "/tmp/suture-test-XXXXXX");
	if (!mkdtemp(test->folder)) {
		printf("Bail out! cannot make %s\n", test->folder);
		exit(1);
	}
	test->verdict.arena = &test->arena;
	test->unit.source = "unit.c";
	test->unit.before = compile(test, "unit.c", sections, before);
	test->unit.after = compile(test, "unit.c", sections, after);
	test->unit.plain = compile(test, "unit.c", flags, before);
}

void sut_testunit_deinit(struct sut_testunit *test)
{
	if (*test->folder)
		run(sut_arena_printf(&test->arena, "rm -rf %s", test->folder));
	sut_arena_deinit(&test->arena);
}

const char *sut_testunit_link(struct sut_testunit *test, const char *flags, const char *other)
{
	const char *target = new_path(test, ".elf");
	const char *object = other ? compile(test, "other.c", "-O2 -fPIC", other) : "";

	run(sut_arena_printf(&test->arena, "gcc -Wl,--build-id %s -o %s %s %s", flags, target,
			     test->unit.plain, object));
	return target;
}

const char *sut_testunit_strip(struct sut_testunit *test, const char *target)
{
	const char *stripped = new_path(test, ".elf");

	run(sut_arena_printf(&test->arena, "strip -o %s %s", stripped, target));
	return stripped;
}

static bool contains(const struct sut_refusal *list, size_t count, const char *rule,
		     const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(list[i].rule, rule) && strstr(list[i].message, text))
			return true;
	}
	for (size_t i = 0; i < count; i++)
		printf("# %s: %s\n", list[i].rule, list[i].message);
	return false;
}

bool sut_testunit_refused(const struct sut_testunit *test, const char *rule, const char *text)
{
	return contains(test->verdict.refusals, test->verdict.refusal_count, rule, text);
}

bool sut_testunit_warned(const struct sut_testunit *test, const char *rule, const char *text)
{
	return contains(test->verdict.warnings, test->verdict.warning_count, rule, text);
}

bool sut_testunit_accepted(const struct sut_testunit *test)
{
	return !test->verdict.refusal_count ||
	       contains(test->verdict.refusals, test->verdict.refusal_count, "", "");
}
