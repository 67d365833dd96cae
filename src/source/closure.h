/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the extracted file must hold: from the functions that change along every reference, and no
 * further than a reference needs. A structure that only pointers lead to stays a name, a function
 * of the target stays a declaration.
 */
#ifndef SUT_SOURCE_CLOSURE_H
#define SUT_SOURCE_CLOSURE_H

#include "source/facts.h"
#include "source/parse.h"

/* What becomes of a function or variable of the unit; more is a higher number. */
enum sut_taking {
	SUT_TAKING_NOT,
	SUT_TAKING_DECLARED,    /* the target's own is used */
	SUT_TAKING_COPY,        /* the text comes along, as static */
	SUT_TAKING_NEW_VERSION, /* a function that the patch replaces */
};

/* A function or variable at file scope that the project declares. */
struct sut_entity {
	const char *name;
	bool function;
	bool private;                 /* static, or hidden by visibility */
	bool internal;                /* static */
	bool near;                    /* the unit's, and nobody can come before it */
	struct sut_chunk *definition; /* or NULL: another unit's */
	CXCursor cursor;              /* of the definition */
	size_t count, capacity;
	struct sut_chunk **declarations; /* the others */
	enum sut_taking taking;
};

/* A structure or union that is used by its name before or without its members. */
struct sut_tag {
	const char *name; /* "struct client" */
	struct sut_chunk *definition, *user;
};

struct sut_closure {
	struct sut_arena *arena;
	struct sut_parsed *parsed;
	const struct sut_facts *facts;
	size_t entity_count, entity_capacity;
	struct sut_entity *entities; /* by name */
	size_t tag_count, tag_capacity;
	struct sut_tag *tags;
	size_t standard_count, standard_capacity;
	const char **standard; /* headers of the compiler itself: "stddef.h" */
	size_t macro_count;
	struct sut_chunk **macros; /* MACRO and UNDEF by name, then order */
	size_t queue_count, queue_capacity;
	struct sut_chunk **queue; /* to be looked through */
};

/*
 * Marks in parsed and in the entities what is needed for new versions of the named functions.
 * SUT_REFUSED (rule "extract") when the unit does not define one.
 */
enum sut_rc sut_closure_run(struct sut_arena *arena, struct sut_parsed *parsed,
			    const struct sut_facts *facts, const char *const *names, size_t count,
			    struct sut_closure *closure, struct sut_diag *diag);

/* NULL: the project declares none of that name. */
struct sut_entity *sut_closure_entity(const struct sut_closure *closure, const char *name);

/* Internal to the closure: closure.c, uses.c and macros.c. */
void sut_closure_raise(struct sut_closure *closure, struct sut_chunk *chunk, enum sut_need need);
/* The chunk of a declaration, or the #include that leads to it. */
void sut_closure_place(struct sut_closure *closure, CXCursor declaration, enum sut_need need);
void sut_closure_include(struct sut_closure *closure, uint32_t file);
void sut_closure_need_entity(struct sut_closure *closure, CXCursor declaration);
/* Follows what the declarations of a chunk refer to. */
void sut_closure_follow_uses(struct sut_closure *closure, struct sut_chunk *chunk);
/* ... and the macros in its text. */
void sut_closure_follow_macros(struct sut_closure *closure, struct sut_chunk *chunk);
void sut_closure_index_macros(struct sut_closure *closure);
/* Macros that decide what system headers declare, and pragmas around what is taken. */
void sut_closure_settings(struct sut_closure *closure);

#endif
