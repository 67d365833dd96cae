// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which functions can be patched together. One patch of all of them shows the jumps from one to
 * another; then they are coloured so that no jump joins two of the same colour, those with the most
 * jumps first, each with the first colour that is free. Most have no such jump, and a few colours
 * do.
 */
#include "create/identity-private.h"

#include <stdlib.h>
#include <string.h>

struct split {
	struct sut_identity_work *work;
	const struct sut_patch *whole;
	size_t count;
	struct sut_identity_function **functions; /* that are not left out: whole->funcs[i] */
	size_t stride;                            /* bytes of a row */
	unsigned char *joined;                    /* a bit per pair */
	size_t *degrees;
};

static bool is_joined(const struct split *split, size_t a, size_t b)
{
	return split->joined[a * split->stride + b / 8] & 1 << b % 8;
}

static void join(void *context, const struct sut_patch_func *from, const struct sut_patch_func *to)
{
	struct split *split = context;
	size_t a = (size_t)(from - split->whole->funcs), b = (size_t)(to - split->whole->funcs);

	/* What is new is in the patch with whoever needs it, and entered by nobody else. */
	if (a >= split->count || b >= split->count || is_joined(split, a, b))
		return;
	split->joined[a * split->stride + b / 8] |= (unsigned char)(1 << b % 8);
	split->joined[b * split->stride + a / 8] |= (unsigned char)(1 << a % 8);
	split->degrees[a]++;
	split->degrees[b]++;
}

static enum sut_rc find_jumps(struct split *split)
{
	struct sut_identity_work *work = split->work;
	struct sut_patch *whole = sut_arena_alloc(work->arena, sizeof(*whole));
	struct sut_extract extract = {
		.arena = work->arena,
		.verdict = work->verdict,
		.tail = join,
		.tail_context = split,
	};
	enum sut_rc rc;

	split->whole = whole;
	for (size_t i = 0; i < split->count; i++)
		sut_identity_change(split->functions[i], SUT_CHANGE_CHANGED);
	rc = sut_identity_extract(work, &extract, whole);
	for (size_t i = 0; i < split->count; i++)
		sut_identity_change(split->functions[i], SUT_CHANGE_NONE);
	return rc;
}

/* What was not refused alone is in the whole, at its place; else edges would be those of others. */
static enum sut_rc check_order(const struct split *split)
{
	for (size_t i = 0; i < split->count && !split->work->verdict->refusal_count; i++) {
		const struct sut_identity_function *function = split->functions[i];
		const char *name = function->part->diff->after->defs[function->def].name;

		if (i >= split->whole->func_count || strcmp(split->whole->funcs[i].name, name) != 0)
			return sut_fail(split->work->diag, SUT_BUG, "identity",
					"%s is not where it should be in the patch", name);
	}
	return SUT_OK;
}

struct rank {
	size_t index, degree;
};

static int compare_ranks(const void *a, const void *b)
{
	const struct rank *left = a, *right = b;

	if (left->degree != right->degree)
		return left->degree > right->degree ? -1 : 1;
	return (left->index > right->index) - (left->index < right->index);
}

static uint32_t colour(const struct split *split)
{
	struct sut_arena *arena = split->work->arena;
	struct rank *ranks = sut_arena_array(arena, split->count, sizeof(*ranks));
	/* A colour is taken for a function when taken[colour] has the function's mark. */
	size_t *taken = sut_arena_array(arena, split->count + 1, sizeof(*taken));
	uint32_t colours = 0;

	for (size_t i = 0; i < split->count; i++)
		ranks[i] = (struct rank){i, split->degrees[i]};
	qsort(ranks, split->count, sizeof(*ranks), compare_ranks);
	for (size_t i = 0; i < split->count; i++) {
		size_t index = ranks[i].index;
		uint32_t free = 0;

		for (size_t j = 0; j < i && ranks[i].degree; j++)
			if (is_joined(split, index, ranks[j].index))
				taken[split->functions[ranks[j].index]->batch] = i + 1;
		while (taken[free] == i + 1)
			free++;
		split->functions[index]->batch = free;
		if (free >= colours)
			colours = free + 1;
	}
	return colours;
}

enum sut_rc sut_identity_split(struct sut_identity_work *work, uint32_t *batches)
{
	struct split split = {
		.work = work,
		.functions = sut_arena_array(work->arena, work->count, sizeof(*split.functions)),
		.degrees = sut_arena_array(work->arena, work->count, sizeof(*split.degrees)),
	};
	enum sut_rc rc;

	for (size_t i = 0; i < work->count; i++)
		if (!work->functions[i].left)
			split.functions[split.count++] = &work->functions[i];
	split.stride = split.count / 8 + 1;
	split.joined = sut_arena_array(work->arena, split.count, split.stride);
	sut_identity_progress(work, "looking for jumps between functions");
	rc = find_jumps(&split);
	if (rc == SUT_OK)
		rc = check_order(&split);
	if (rc == SUT_OK)
		*batches = colour(&split);
	return rc;
}
