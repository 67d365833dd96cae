// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/shadow.h"

#include "sim/commands.h"
#include "sim/let.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SIZE = 8 };

/* What the constructor of a new variable is told. */
struct making {
	bool prints;
};

static struct sut_world *world_of(struct sut_shadow_store *store)
{
	return (struct sut_world *)((char *)store - offsetof(struct sut_world, shadow));
}

static void *map(struct sut_shadow_store *store, size_t size)
{
	return sut_arena_alloc(&world_of(store)->arena, size);
}

static void lock(struct sut_shadow_store *store)
{
	(void)store; /* there is one thread */
}

static void exists(struct sut_shadow_store *store, void *obj, unsigned long id)
{
	sut_transcript_line(&world_of(store)->transcript, "warning: shadow variable %s %lu exists",
			    ((const struct sut_sim_key *)obj)->name, id);
}

static const struct sut_shadow_host shadow_host = {
	.map = map,
	.lock = lock,
	.unlock = lock,
	.exists = exists,
	.quarantine = SIZE_MAX,
};

void sut_shadow_begin(struct sut_world *world)
{
	sut_shadow_init(&world->shadow, &shadow_host);
}

static struct sut_sim_key *find_key(struct sut_world *world, const char *name)
{
	struct sut_sim_key *key;

	for (size_t i = 0; i < world->key_count; i++) {
		if (strcmp(world->keys[i]->name, name) == 0)
			return world->keys[i];
	}
	key = sut_arena_alloc(&world->arena, sizeof(*key));
	*key = (struct sut_sim_key){world, sut_arena_strdup(&world->arena, name)};
	SUT_PUSH(&world->arena, world->keys, world->key_count, world->key_capacity) = key;
	return key;
}

static struct sut_sim_block *find_block(const struct sut_world *world, const void *data)
{
	for (size_t i = 0; i < world->block_count; i++) {
		if (world->blocks[i].data == data)
			return &world->blocks[i];
	}
	return NULL;
}

static unsigned long number_block(struct sut_world *world, const void *data)
{
	struct sut_sim_block *block = find_block(world, data);

	if (!block)
		block = &SUT_PUSH(&world->arena, world->blocks, world->block_count,
				  world->block_capacity);
	*block = (struct sut_sim_block){data, ++world->blocks_made};
	return block->number;
}

/* Memory that is short is short for every block, whatever the store still has. */
static int construct(void *obj, void *data, void *ctor_data)
{
	const struct sut_sim_key *key = obj;
	const struct making *making = ctor_data;
	struct sut_world *world = key->world;
	unsigned long number;
	int code;

	if (sut_let_code(world, "memory"))
		return -ENOMEM;
	number = number_block(world, data);
	if (!making->prints)
		return 0;
	code = sut_let_code(world, "ctor");
	sut_let_print(world, sut_arena_printf(&world->arena, "ctor %s p%lu", key->name, number),
		      code);
	return code;
}

static void print_pointer(struct sut_world *world, const void *data)
{
	if (data)
		sut_transcript_line(&world->transcript, "= p%lu", find_block(world, data)->number);
	else
		sut_transcript_line(&world->transcript, "= NULL");
}

/* [SIZE] [ctor] */
static bool alloc_parse(struct sut_world *world, const struct sut_words *words, size_t *size,
			struct making *making)
{
	unsigned long number = DEFAULT_SIZE;
	size_t at = 0;

	if (at < words->count && sut_number_parse(words->word[at], &number))
		at++;
	making->prints = at < words->count && strcmp(words->word[at], "ctor") == 0;
	at += making->prints;
	*size = number;
	return at == words->count ||
	       sut_bad(world, "\"%s\" is neither a size nor ctor", words->word[at]);
}

static bool make(struct sut_world *world, const struct sut_args *args,
		 void *(*alloc)(struct sut_shadow_store *, void *, unsigned long, size_t,
				klp_shadow_ctor_t, void *))
{
	struct sut_sim_key *key = find_key(world, args->arg[0].text);
	struct making making;
	size_t size;

	if (!alloc_parse(world, &args->rest, &size, &making))
		return false;
	print_pointer(world,
		      alloc(&world->shadow, key, args->arg[1].number, size, construct, &making));
	return true;
}

bool sut_do_shadow_alloc(struct sut_world *world, const struct sut_args *args)
{
	return make(world, args, sut_shadow_alloc);
}

bool sut_do_shadow_get_or_alloc(struct sut_world *world, const struct sut_args *args)
{
	return make(world, args, sut_shadow_get_or_alloc);
}

bool sut_do_shadow_get(struct sut_world *world, const struct sut_args *args)
{
	print_pointer(world, sut_shadow_get(&world->shadow, find_key(world, args->arg[0].text),
					    args->arg[1].number));
	return true;
}

static void destruct(void *obj, void *data)
{
	const struct sut_sim_key *key = obj;
	struct sut_world *world = key->world;

	(void)data;
	SUT_PUSH(&world->arena, world->detached.word, world->detached.count,
		 world->detached.capacity) = (char *)key->name;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The objects whose variables were freed since it was asked last, sorted. */
static struct sut_words take_detached(struct sut_world *world)
{
	struct sut_words names = world->detached;

	world->detached = (struct sut_words){0};
	if (names.count)
		qsort(names.word, names.count, sizeof(*names.word), compare_names);
	return names;
}

static bool print_freed(struct sut_world *world, const char *dtor, unsigned long id)
{
	struct sut_words names = take_detached(world);

	if (dtor && strcmp(dtor, "dtor") != 0)
		return sut_bad(world, "\"%s\" is not dtor", dtor);
	for (size_t i = 0; dtor && i < names.count; i++)
		sut_transcript_line(&world->transcript, "dtor %s %lu", names.word[i], id);
	return true;
}

bool sut_do_shadow_free(struct sut_world *world, const struct sut_args *args)
{
	sut_shadow_free(&world->shadow, find_key(world, args->arg[0].text), args->arg[1].number,
			destruct);
	return print_freed(world, args->arg[2].text, args->arg[1].number);
}

bool sut_do_shadow_free_all(struct sut_world *world, const struct sut_args *args)
{
	sut_shadow_free_all(&world->shadow, args->arg[0].number, destruct);
	return print_freed(world, args->arg[1].text, args->arg[0].number);
}

void sut_shadow_collect(struct sut_world *world, unsigned long id, const char *what)
{
	const char *call = sut_arena_printf(&world->arena, "%s %lu", what, id);
	struct sut_words names;

	sut_shadow_free_all(&world->shadow, id, destruct);
	names = take_detached(world);
	for (size_t i = 0; i < names.count; i++) {
		sut_transcript_line(&world->transcript, "%s %s %lu", what, names.word[i], id);
		sut_let_do(world, call);
	}
}

/* One variable, as sut_shadow_visit() shows it. */
struct variable {
	const struct sut_sim_key *key;
	unsigned long id;
	unsigned char *data;
	size_t size;
};

struct variables {
	struct sut_arena *arena;
	struct variable *all;
	size_t count, capacity;
};

static void visit(void *arg, void *obj, unsigned long id, void *data, size_t size)
{
	struct variables *variables = arg;

	SUT_PUSH(variables->arena, variables->all, variables->count, variables->capacity) =
		(struct variable){obj, id, data, size};
}

static int compare_variables(const void *left, const void *right)
{
	const struct variable *a = left, *b = right;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return strcmp(a->key->name, b->key->name);
}

static struct variables all_variables(struct sut_world *world)
{
	struct variables variables = {.arena = &world->arena};

	sut_shadow_visit(&world->shadow, visit, &variables);
	if (variables.count)
		qsort(variables.all, variables.count, sizeof(*variables.all), compare_variables);
	return variables;
}

bool sut_ask_shadows(struct sut_world *world, const struct sut_args *args)
{
	struct variables variables = all_variables(world);

	(void)args;
	for (size_t i = 0; i < variables.count; i++) {
		const struct variable *variable = &variables.all[i];

		sut_transcript_line(&world->transcript, "%s %lu p%lu", variable->key->name,
				    variable->id, find_block(world, variable->data)->number);
	}
	if (!variables.count)
		sut_transcript_line(&world->transcript, "no shadow variables");
	return true;
}

static bool find_variable(struct sut_world *world, const struct sut_args *args,
			  struct variable *variable)
{
	const void *data = sut_shadow_get(&world->shadow, find_key(world, args->arg[0].text),
					  args->arg[1].number);
	struct variables variables = all_variables(world);

	for (size_t i = 0; i < variables.count; i++) {
		*variable = variables.all[i];
		if (variable->data == data)
			return true;
	}
	return false;
}

bool sut_do_shadow_read(struct sut_world *world, const struct sut_args *args)
{
	struct variable variable;
	const char *text = "=";

	if (!find_variable(world, args, &variable)) {
		print_pointer(world, NULL);
		return true;
	}
	for (size_t i = 0; i < variable.size; i++)
		text = sut_arena_printf(&world->arena, "%s %02x", text, variable.data[i]);
	sut_transcript_line(&world->transcript, "%s", text);
	return true;
}

bool sut_do_shadow_fill(struct sut_world *world, const struct sut_args *args)
{
	struct variable variable;
	const char *digits = args->arg[2].text;
	size_t length = strlen(digits);

	if (length > 2 || strspn(digits, "0123456789abcdefABCDEF") != length)
		return sut_bad(world, "\"%s\" is not a byte", digits);
	if (!find_variable(world, args, &variable))
		return sut_bad(world, "there is no shadow variable %s %lu", args->arg[0].text,
			       args->arg[1].number);
	memset(variable.data, (int)strtoul(digits, NULL, 16), variable.size);
	return true;
}
