/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one object's DWARF says, as far as running values matter: types and who holds values of
 * them, variables, functions and their prototypes.
 */
#ifndef SUT_OBJECT_TYPES_H
#define SUT_OBJECT_TYPES_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A member; those of unnamed structures inside are listed as members of the outer one. */
struct sut_type_member {
	const char *name;  /* "u.key" for a member of an unnamed structure called u */
	uint64_t bit;      /* offset from the start */
	uint64_t bit_size; /* of a bit-field, else 0 */
	uint64_t size;     /* in bytes; 0: not known */
	const char *type;  /* typedefs and qualifiers taken off */
	const char *place; /* "server.h:1204" */
};

/* A structure or union with a name, or with a typedef's name. */
struct sut_type {
	const char *name; /* "struct dict"; one declared in a function has its name in front */
	uint64_t size;
	const char *place;
	bool is_union;
	size_t member_count, member_capacity;
	struct sut_type_member *members;
	size_t part_count, part_capacity;
	const char **parts; /* names of structures and unions held by value */
	/* Something that can keep a value, or its address, from one call to the next; NULL: nothing
	 * that the DWARF shows. "variable cache (db.c:12)", "member next of struct list (dict.h:4)"
	 */
	const char *keeper;
	/* Functions with code in the object whose frames hold a value. */
	size_t holder_count, holder_capacity;
	const char **holders;
	/* Functions, declared ones too, that are given its address or value. */
	size_t taker_count, taker_capacity;
	const char **takers;
};

struct sut_type_constant {
	const char *name; /* of the enumerator */
	int64_t value;
	const char *place;
	bool last; /* none of its enumeration is greater */
};

/* A variable with static storage. */
struct sut_type_variable {
	const char *name; /* one of a function has its name in front: "f: count" */
	const char *type;
	uint64_t size;
	const char *place;
};

/* A function that the unit defines. */
struct sut_type_function {
	const char *name;
	const char *prototype; /* "int (struct s *, ...)" */
	const char *calling;   /* equal where old callers may call the new function */
	const char *place;
	bool noreturn;
};

/* All lists are sorted by name; of equal names there is one. */
struct sut_types {
	size_t count, capacity;
	struct sut_type *list;
	size_t constant_count, constant_capacity;
	struct sut_type_constant *constants;
	size_t variable_count, variable_capacity;
	struct sut_type_variable *variables;
	size_t function_count, function_capacity;
	struct sut_type_function *functions;
};

/* Reads the relocatable object at path. */
enum sut_rc sut_types_read(struct sut_arena *arena, const char *path, struct sut_types *types,
			   struct sut_diag *diag);

/* NULL when there is none of that name. */
struct sut_type *sut_types_find(const struct sut_types *types, const char *name);
const struct sut_type_constant *sut_types_constant(const struct sut_types *types, const char *name);
const struct sut_type_variable *sut_types_variable(const struct sut_types *types, const char *name);
const struct sut_type_function *sut_types_function(const struct sut_types *types, const char *name);

#endif
