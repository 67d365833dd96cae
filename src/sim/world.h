/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulated host: objects with functions, tasks with frames, livepatch modules, and the core that
 * runs on them. Nothing is executed. A piece of code is a range of addresses that nobody else has,
 * a frame is an address, and what code would do is written in the scenario (`let`).
 *
 *   words, script, transcript   the text that goes in and comes out
 *   world      things and their names; addresses
 *   declare    the commands that make things; patch: those that describe a patch
 *   let        what calls give back, and do
 *   module     livepatch modules, built anew for each load
 *   host       the operations of struct sut_core_host
 *   task       tasks, and the operations of struct sut_core_task_host
 *   shadow     shadow variables and their names
 *   action, question   the commands
 *   play       the table of commands, and a whole file
 */
#ifndef SUT_SIM_WORLD_H
#define SUT_SIM_WORLD_H

#include "core/core.h"
#include "core/shadow.h"
#include "sim/transcript.h"
#include "sim/words.h"

/* One version of one function. The original of an alias is that of its other name. */
struct sut_sim_code {
	struct sut_sim_code *next;
	const struct sut_sim_function *function; /* NULL: new code */
	unsigned long position;                  /* of an original: the how many-th of its name */
	struct klp_range *ranges;                /* the function itself, then its pieces */
	struct sut_words pieces;                 /* the names of ranges[1] ... */
};

struct sut_sim_function {
	const char *name;
	const struct sut_sim_object *object;
	struct sut_sim_code **codes; /* one for each occurrence */
	size_t count;
	size_t capacity;
	bool unsized;
};

struct sut_sim_object {
	const char *name; /* "main": always loaded */
	bool loaded;
	struct sut_sim_function **functions;
	size_t count;
	size_t capacity;
};

/* What a patch declares for one object; module.c makes the core's arrays of it. */
struct sut_sim_patch_object {
	struct klp_object plain; /* name, callbacks; no arrays */
	bool no_functions;
	struct klp_func *funcs; /* new_func: an address of world->codes */
	size_t func_count, func_capacity;
	struct klp_callback_set *sets;
	size_t set_count, set_capacity;
	struct klp_shadow_type **types;
	size_t type_count, type_capacity;
};

struct sut_sim_patch {
	const char *name;
	const char *module; /* name of its livepatch module */
	struct klp_patch plain;
	bool unmarked, no_module, no_objects;
	struct sut_sim_patch_object *objects;
	size_t object_count, object_capacity;
	struct klp_state *states;
	size_t state_count, state_capacity;
	struct sut_sim_module *loaded; /* or NULL */
};

/* A livepatch module that is there. */
struct sut_sim_module {
	struct klp_patch klp; /* first, so that the core's pointer leads here */
	struct module mod;
	const struct sut_sim_patch *patch;
	struct sut_arena arena; /* all of it: it is gone when the module is */
};

struct sut_sim_frame {
	unsigned long count;                 /* this often, one after the other */
	const struct sut_sim_object *object; /* NULL: elsewhere */
	uintptr_t address;
	bool pc;
};

struct sut_sim_task {
	struct sut_task core; /* first, so that the core's pointer leads here */
	const char *name;
	bool held, unreliable, gone;
	struct sut_sim_frame *frames; /* outermost first */
	size_t count;
	size_t capacity;
};

/* An object that shadow variables hang on: its address is the key. */
struct sut_sim_key {
	struct sut_world *world;
	const char *name;
};

/* Memory that the core holds. */
struct sut_sim_memory {
	struct sut_sim_memory *next;
	_Alignas(max_align_t) char bytes[];
};

/* A block of memory that holds a variable, or held one. */
struct sut_sim_block {
	const void *data;
	unsigned long number; /* N of pN, of the latest variable in it */
};

struct sut_let;

enum { SUT_REASON_MAX = 256 };

struct sut_world {
	struct sut_core core; /* first, so that the core's pointer leads here */
	struct sut_shadow_store shadow;
	struct sut_arena arena;
	struct sut_transcript transcript;
	char reason[SUT_REASON_MAX]; /* why the file is not a scenario; "": it is one so far */

	/* In the order of their declaration: */
	struct sut_sim_object **objects;
	size_t object_count, object_capacity;
	struct sut_sim_patch **patches;
	size_t patch_count, patch_capacity;
	struct sut_sim_task **tasks;
	size_t task_count, task_capacity;
	struct sut_sim_patch *open_patch; /* indented lines belong to it */

	struct sut_sim_code *codes;
	uintptr_t next_address;
	struct sut_sim_memory *memory;
	struct sut_let *lets;
	struct sut_sim_key **keys;
	size_t key_count, key_capacity;
	struct sut_sim_block *blocks;
	size_t block_count, block_capacity;
	unsigned long blocks_made;
	struct sut_words detached; /* the objects of variables that are being freed */
};

void sut_world_init(struct sut_world *world);
void sut_world_deinit(struct sut_world *world);

/* This file is not a scenario: keeps the first reason. Always false. */
bool sut_bad(struct sut_world *world, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* By name, or NULL. */
struct sut_sim_object *sut_world_object(const struct sut_world *world, const char *name);
struct sut_sim_patch *sut_world_patch(const struct sut_world *world, const char *name);
struct sut_sim_task *sut_world_task(const struct sut_world *world, const char *name);
struct sut_sim_function *sut_world_function(const struct sut_sim_object *object, const char *name);
/* May something be declared by this name? If not, the file is bad. */
bool sut_world_name_free(struct sut_world *world, const char *name);

/* New code, with an address of its own and the pieces named. */
struct sut_sim_code *sut_world_code(struct sut_world *world, const struct sut_words *pieces);
void sut_world_piece(struct sut_world *world, struct sut_sim_code *code, char *name);
/* The code at its address; there is one. */
struct sut_sim_code *sut_world_code_at(const struct sut_world *world, const void *address);

/* A function as it was written, OBJECT.FUNCTION[/N]. False and bad: there is none. */
struct sut_sim_place {
	const char *text;
	const struct sut_sim_object *object;
	struct sut_sim_code *code;
};
bool sut_place_parse(struct sut_world *world, const char *text, struct sut_sim_place *place);
/* PATCH/FILE of a control file; the patch need not be in use. False and bad: no such patch. */
bool sut_control_parse(struct sut_world *world, const char *text, struct sut_sim_patch **patch,
		       const char **file);
/* "OBJECT.FUNCTION[/N]" of an original. */
const char *sut_code_name(struct sut_world *world, const struct sut_sim_code *code);

/* The original that a name and position mean in this object, NULL: none, or not a unique one. */
struct sut_sim_code *sut_original(const struct sut_sim_object *object, const char *name,
				  unsigned long sympos);

#endif
