/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The types of one object's DWARF, as far as their layout and the life of their values matter. */
#ifndef SUT_CREATE_TYPES_H
#define SUT_CREATE_TYPES_H

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
	const char *type;  /* typedefs and qualifiers taken off */
	const char *place; /* "server.h:1204" */
};

/* A structure or union with a name, or with a typedef's name. */
struct sut_type {
	const char *name; /* "struct dict"; one declared in a function has its name in front */
	uint64_t size;
	const char *place;
	bool pointed;         /* a pointer to it exists, so its values may be anywhere */
	const char *variable; /* one with static storage that holds it, or NULL */
	size_t member_count, member_capacity;
	struct sut_type_member *members;
	size_t part_count, part_capacity;
	const char **parts; /* names of structures and unions held by value */
};

struct sut_type_constant {
	const char *name; /* of the enumerator */
	int64_t value;
	const char *place;
};

/* Both lists are sorted by name. */
struct sut_types {
	size_t count, capacity;
	struct sut_type *list;
	size_t constant_count, constant_capacity;
	struct sut_type_constant *constants;
};

/* Reads the relocatable object at path. */
enum sut_rc sut_types_read(struct sut_arena *arena, const char *path, struct sut_types *types,
			   struct sut_diag *diag);

/* NULL when there is none of that name. */
struct sut_type *sut_types_find(const struct sut_types *types, const char *name);
const struct sut_type_constant *sut_types_constant(const struct sut_types *types, const char *name);

#endif
