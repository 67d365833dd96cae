// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mutate-diff MUTATIONS OBJECT...: each object against itself with one small thing changed. When
 * the differ finds nothing, the change must mean nothing, which meaning.c says without it.
 *
 * A change that means nothing may be taken for one; that costs a patch of a function more.
 */
#include "meaning.h"
#include "mutate.h"
#include "base/guard.h"
#include "object/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MISSES_SHOWN = 20 };

struct totals {
	size_t done, found, refused, harmless, missed;
};

/* Whether anything is changed, new or refused. */
static bool differs(struct sut_arena *arena, const struct sut_object *before,
		    const struct sut_object *after)
{
	struct sut_verdict verdict = {.arena = arena};
	struct sut_diff diff;

	sut_diff_run(arena, before, after, &diff);
	for (size_t i = 0; i < after->def_count; i++) {
		if (diff.change[i] != SUT_CHANGE_NONE)
			return true;
	}
	sut_diff_judge(&diff, "unit.c", &verdict);
	return verdict.refusal_count;
}

static void mutate_once(const struct sut_object *before, const struct meaning *meaning,
			struct sut_bytes file, enum mutation kind, uint64_t *seed,
			struct totals *totals)
{
	SUT_ARENA struct sut_arena arena = {0};
	unsigned char *copy = sut_arena_memdup(&arena, file.data, file.size);
	const char *what = mutate_object(&arena, copy, file.size, kind, seed), *difference;
	struct sut_bytes changed = {copy, file.size};
	const struct meaning *other;
	struct sut_object after;
	struct sut_diag diag = {0};

	if (!what || !memcmp(copy, file.data, file.size))
		return;
	totals->done++;
	if (sut_object_parse(&arena, before->path, changed, &after, &diag)) {
		totals->refused++;
		return;
	}
	if (differs(&arena, before, &after)) {
		totals->found++;
		return;
	}
	other = meaning_read(&arena, changed);
	difference = other ? meaning_difference(&arena, meaning, other) : "no object";
	if (!difference) {
		totals->harmless++;
		return;
	}
	if (++totals->missed <= MISSES_SHOWN)
		printf("# missed in %s: %s (%s)\n", before->path, what, difference);
}

static bool mutate_file(const char *path, size_t count, struct totals *totals)
{
	SUT_ARENA struct sut_arena arena = {0};
	uint64_t seed = 1;
	struct sut_bytes file;
	struct sut_object before;
	struct sut_diag diag = {0};
	const struct meaning *meaning;

	if (sut_file_read(&arena, path, SUT_OBJECT_SIZE_MAX, &file, &diag) ||
	    sut_object_parse(&arena, path, file, &before, &diag))
		return false;
	meaning = meaning_read(&arena, file);
	if (!meaning || differs(&arena, &before, &before))
		return false;
	for (size_t i = 0; i < count; i++)
		mutate_once(&before, meaning, file, i % MUTATE_COUNT, &seed,
			    &totals[i % MUTATE_COUNT]);
	return true;
}

int main(int argc, char **argv)
{
	struct totals totals[MUTATE_COUNT] = {0};
	size_t count = argc > 2 ? strtoul(argv[1], NULL, 0) / (argc - 2) : 0;
	bool failed = false;

	printf("1..%d\n", MUTATE_COUNT + 1);
	for (int i = 2; i < argc; i++) {
		if (mutate_file(argv[i], count, totals))
			continue;
		printf("# %s cannot be used\n", argv[i]);
		failed = true;
	}
	printf("%sok 1 - every object equals itself\n", failed || argc < 3 ? "not " : "");
	for (int kind = 0; kind < MUTATE_COUNT; kind++) {
		const struct totals *total = &totals[kind];
		bool bad = total->missed || !total->found;

		printf("# %zu done, %zu differ, %zu are no object, %zu mean nothing, %zu missed\n",
		       total->done, total->found, total->refused, total->harmless, total->missed);
		printf("%sok %d - no change of %s is missed\n", bad ? "not " : "", kind + 2,
		       mutation_names[kind]);
		failed |= bad;
	}
	return failed;
}
