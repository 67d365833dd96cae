// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The states lie in one array in the order of their first visit, which is the queue of the
 * breadth-first search, too: a state is expanded when its turn in the array comes. A hash table of
 * indices finds a state again. Each state remembers the state that it was first reached from, but
 * not by which step: the step is found by trying the parent's steps once more.
 *
 * A goal must stay reachable from everywhere. For that the edges are kept, turned around once all
 * states are known, and followed back from the goals; what was not met is stuck.
 */
#include "sim/explore.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = UINT32_MAX };

struct buffer {
	void *data;
	size_t count, capacity, size; /* size: bytes of an element */
};

struct search {
	const struct sut_explore_model *model;
	const void *world;
	size_t bytes, bytes_max;
	struct buffer states;
	struct buffer parents; /* uint32_t, of each state; NONE: an initial one */
	struct buffer first;   /* uint32_t, with a goal: where the edges of each state begin */
	struct buffer edges;   /* uint32_t, with a goal: successors */
	uint32_t *table;       /* index + 1 of a state, or 0 */
	size_t table_size;     /* a power of two */
	size_t edge_count;
	uint32_t bad; /* the first state that breaks a property, or NONE */
};

/* Room for one more; false when that would exceed the bound. */
static bool reserve(struct search *s, struct buffer *b)
{
	size_t capacity = b->capacity ? 2 * b->capacity : 1024;
	size_t more = (capacity - b->capacity) * b->size;
	void *data;

	if (b->count < b->capacity)
		return true;
	if (more > s->bytes_max - s->bytes)
		return false;
	data = realloc(b->data, capacity * b->size);
	if (!data)
		return false;
	s->bytes += more;
	b->data = data;
	b->capacity = capacity;
	return true;
}

static bool push(struct search *s, struct buffer *b, const void *element)
{
	if (!reserve(s, b))
		return false;
	memcpy((char *)b->data + b->count * b->size, element, b->size);
	b->count++;
	return true;
}

static const void *state_at(const struct search *s, size_t index)
{
	return (const char *)s->states.data + index * s->states.size;
}

static uint32_t u32_at(const struct buffer *b, size_t index)
{
	return ((const uint32_t *)b->data)[index];
}

static uint64_t hash(const unsigned char *data, size_t size)
{
	uint64_t h = size;

	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = 0;

		memcpy(&word, data + i, size - i < 8 ? size - i : 8);
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	h *= UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ (h >> 32);
}

/* Where the state is in the table, or would go. */
static size_t slot_of(const struct search *s, const void *state)
{
	size_t mask = s->table_size - 1;
	size_t slot = hash(state, s->states.size) & mask;

	while (s->table[slot] && memcmp(state_at(s, s->table[slot] - 1), state, s->states.size))
		slot = (slot + 1) & mask;
	return slot;
}

static bool grow_table(struct search *s)
{
	size_t size = s->table_size ? 2 * s->table_size : 4096;
	size_t more = (size - s->table_size) * sizeof(*s->table);
	uint32_t *table;

	if (s->states.count * 2 < s->table_size)
		return true;
	if (more > s->bytes_max - s->bytes || s->states.count >= NONE - 1)
		return false;
	table = calloc(size, sizeof(*table));
	if (!table)
		return false;
	s->bytes += more;
	free(s->table);
	s->table = table;
	s->table_size = size;
	for (size_t i = 0; i < s->states.count; i++)
		s->table[slot_of(s, state_at(s, i))] = (uint32_t)i + 1;
	return true;
}

/* *index is the state's place, old or new. false: the bound is hit. */
static bool visit(struct search *s, void *state, uint32_t parent, uint32_t *index)
{
	size_t slot;

	if (s->model->canonical)
		s->model->canonical(s->world, state);
	if (!grow_table(s))
		return false;
	slot = slot_of(s, state);
	if (s->table[slot]) {
		*index = s->table[slot] - 1;
		return true;
	}
	*index = (uint32_t)s->states.count;
	if (!push(s, &s->states, state) || !push(s, &s->parents, &parent))
		return false;
	s->table[slot] = *index + 1;
	if (s->bad == NONE && s->model->check(s->world, state))
		s->bad = *index;
	return true;
}

/* The successors of one state, into the array. false: the bound is hit. */
static bool expand(struct search *s, uint32_t from)
{
	uint32_t steps[SUT_EXPLORE_STEPS_MAX], to;
	uint32_t begin = (uint32_t)s->edges.count;
	unsigned char state[SUT_EXPLORE_STATE_MAX];
	size_t count = s->model->steps(s->world, state_at(s, from), steps);

	if (s->model->goal && !push(s, &s->first, &begin))
		return false;
	for (size_t i = 0; i < count; i++) {
		memcpy(state, state_at(s, from), s->states.size);
		s->model->apply(s->world, state, steps[i]);
		if (!visit(s, state, from, &to))
			return false;
		s->edge_count++;
		if (s->model->goal && !push(s, &s->edges, &to))
			return false;
	}
	return true;
}

/* The edges turned around: the states that lead to i are sources[begin[i] .. begin[i + 1]]. */
static uint32_t *turn_edges(const struct search *s, uint32_t *begin)
{
	size_t states = s->states.count, edges = s->edges.count;
	uint32_t *sources = malloc((edges + 1) * sizeof(*sources));

	if (!sources)
		return NULL;
	for (size_t i = 0; i < edges; i++)
		begin[u32_at(&s->edges, i)]++;
	for (size_t i = 0; i < states; i++)
		begin[i + 1] += begin[i];
	for (size_t i = states, end = edges; i--;) {
		size_t start = u32_at(&s->first, i);

		for (size_t k = start; k < end; k++)
			sources[--begin[u32_at(&s->edges, k)]] = (uint32_t)i;
		end = start;
	}
	return sources;
}

/* The first state from which no goal can be reached, NONE when there is none. */
static bool find_stuck(const struct search *s, uint32_t *stuck)
{
	size_t states = s->states.count, done = 0, count = 0;
	uint32_t *begin = calloc(states + 1, sizeof(*begin));
	uint32_t *sources = begin ? turn_edges(s, begin) : NULL;
	uint32_t *queue = malloc((states + 1) * sizeof(*queue));
	bool *good = calloc(states + 1, sizeof(*good));
	bool ok = sources && queue && good;

	for (size_t i = 0; ok && i < states; i++)
		if (s->model->goal(s->world, state_at(s, i))) {
			good[i] = true;
			queue[count++] = (uint32_t)i;
		}
	for (; ok && done < count; done++)
		for (size_t k = begin[queue[done]]; k < begin[queue[done] + 1]; k++)
			if (!good[sources[k]]) {
				good[sources[k]] = true;
				queue[count++] = sources[k];
			}
	*stuck = NONE;
	for (size_t i = 0; ok && i < states && *stuck == NONE; i++)
		if (!good[i])
			*stuck = (uint32_t)i;
	free(begin);
	free(sources);
	free(queue);
	free(good);
	return ok;
}

/*
 * The steps to a state. With canonical() the stored states have their actors renamed, each in its
 * own way; the trace is walked with the names of its beginning, and compared by canonical states.
 */
static bool find_trace(const struct search *s, uint32_t last, struct sut_explore_result *result)
{
	uint32_t *way = NULL, steps[SUT_EXPLORE_STEPS_MAX];
	unsigned char state[SUT_EXPLORE_STATE_MAX], next[SUT_EXPLORE_STATE_MAX];
	size_t length = 0, size = s->states.size;

	for (uint32_t i = last; i != NONE; i = u32_at(&s->parents, i))
		length++;
	way = malloc(length * sizeof(*way));
	result->trace = malloc(length * sizeof(*result->trace));
	if (!way || !result->trace) {
		free(way);
		return false;
	}
	for (uint32_t i = last, n = (uint32_t)length; i != NONE; i = u32_at(&s->parents, i))
		way[--n] = i;
	result->trace_length = length - 1;
	for (result->initial = 0;; result->initial++) {
		s->model->initial(s->world, result->initial, state);
		memcpy(next, state, size);
		if (s->model->canonical)
			s->model->canonical(s->world, next);
		if (!memcmp(next, state_at(s, way[0]), size))
			break;
	}
	for (size_t n = 1; n < length; n++) {
		size_t count = s->model->steps(s->world, state, steps), i;
		unsigned char after[SUT_EXPLORE_STATE_MAX];

		for (i = 0; i < count; i++) {
			memcpy(after, state, size);
			s->model->apply(s->world, after, steps[i]);
			memcpy(next, after, size);
			if (s->model->canonical)
				s->model->canonical(s->world, next);
			if (!memcmp(next, state_at(s, way[n]), size))
				break;
		}
		if (i == count) /* a step depends on more than the state: the model is broken */
			abort();
		result->trace[n - 1] = steps[i];
		memcpy(state, after, size);
	}
	free(way);
	return true;
}

/* What is at the end of a shortest way to this state. */
static void conclude(const struct search *s, uint32_t state, enum sut_explore_verdict verdict,
		     struct sut_explore_result *result)
{
	if (find_trace(s, state, result))
		result->verdict = verdict;
}

static void search(struct search *s, struct sut_explore_result *result)
{
	unsigned char state[SUT_EXPLORE_STATE_MAX];
	uint32_t index, level_end, stuck = NONE;

	result->verdict = SUT_EXPLORE_FULL;
	for (size_t i = 0; s->model->initial(s->world, i, state); i++)
		if (!visit(s, state, NONE, &index))
			return;
	level_end = (uint32_t)s->states.count;
	for (uint32_t i = 0; i < s->states.count && s->bad == NONE; i++) {
		if (i == level_end) {
			result->depth++;
			level_end = (uint32_t)s->states.count;
		}
		if (!expand(s, i) && s->bad == NONE)
			return;
	}
	if (s->bad != NONE) {
		result->property = s->model->check(s->world, state_at(s, s->bad));
		conclude(s, s->bad, SUT_EXPLORE_VIOLATED, result);
		return;
	}
	if (s->model->goal && !find_stuck(s, &stuck))
		return;
	if (stuck != NONE)
		conclude(s, stuck, SUT_EXPLORE_STUCK, result);
	else
		result->verdict = SUT_EXPLORE_HOLDS;
}

void sut_explore(const struct sut_explore_model *model, const void *world, size_t bytes_max,
		 struct sut_explore_result *result)
{
	struct search s = {
		.model = model,
		.world = world,
		.bytes_max = bytes_max,
		.states.size = model->state_size,
		.parents.size = sizeof(uint32_t),
		.first.size = sizeof(uint32_t),
		.edges.size = sizeof(uint32_t),
		.bad = NONE,
	};

	*result = (struct sut_explore_result){0};
	search(&s, result);
	result->states = s.states.count;
	result->edges = s.edge_count;
	result->bytes = s.bytes;
	free(s.states.data);
	free(s.parents.data);
	free(s.first.data);
	free(s.edges.data);
	free(s.table);
}

void sut_explore_result_deinit(struct sut_explore_result *result)
{
	free(result->trace);
	*result = (struct sut_explore_result){0};
}

void sut_explore_print(const struct sut_explore_model *model, const void *world,
		       const struct sut_explore_result *result, const char *prefix, FILE *file)
{
	unsigned char state[SUT_EXPLORE_STATE_MAX];
	char text[SUT_EXPLORE_TEXT_MAX];

	if (!model->initial(world, result->initial, state))
		return;
	for (size_t i = 0; i < result->trace_length; i++) {
		model->describe(world, state, result->trace[i], text);
		fprintf(file, "%s%3zu  %s\n", prefix, i + 1, text);
		model->apply(world, state, result->trace[i]);
	}
	if (result->verdict == SUT_EXPLORE_VIOLATED)
		fprintf(file, "%s     => %s\n", prefix, model->check(world, state));
	if (result->verdict == SUT_EXPLORE_STUCK)
		fprintf(file, "%s     => from here no goal can be reached\n", prefix);
}

const char *sut_explore_verdict_name(enum sut_explore_verdict verdict)
{
	switch (verdict) {
	case SUT_EXPLORE_HOLDS:
		return "holds";
	case SUT_EXPLORE_VIOLATED:
		return "violated";
	case SUT_EXPLORE_STUCK:
		return "stuck";
	case SUT_EXPLORE_FULL:
		return "bound hit";
	}
	return "unknown";
}
