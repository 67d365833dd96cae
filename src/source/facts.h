/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the compiler made of a unit: which functions differ, which were inlined where, which exist
 * only as clones. From the objects of both sides and the DWARF of the patched one.
 */
#ifndef SUT_SOURCE_FACTS_H
#define SUT_SOURCE_FACTS_H

#include "units/units.h"
#include "object/diff.h"

struct sut_inlined {
	const char *host;   /* the function whose code it is in */
	const char *callee; /* the function that was inlined, at any depth */
};

struct sut_facts {
	struct sut_arena *arena;
	struct sut_object before, after;
	struct sut_diff diff;
	size_t inlined_count, inlined_capacity;
	struct sut_inlined *inlined;
};

enum sut_rc sut_facts_read(struct sut_arena *arena, const struct sut_unit *unit,
			   struct sut_facts *facts, struct sut_diag *diag);

/* Adds what gcc says of inlining, by one more compile of the patched side. */
enum sut_rc sut_facts_read_clones(struct sut_facts *facts, const struct sut_unit *unit,
				  struct sut_verdict *verdict, struct sut_diag *diag);

void sut_facts_add_inlined(struct sut_facts *facts, const char *host, const char *callee);

/* The name in the source: "f" for f.constprop.0 and f.cold. */
const char *sut_facts_base(struct sut_arena *arena, const char *name);

/* Whether code or data of exactly this name is in the object. */
bool sut_facts_has(const struct sut_object *object, const char *name, bool function);

/*
 * The functions to write new versions of: those that differ, by their names in the source. One that
 * exists only as a clone cannot be replaced from C, for its arguments are the compiler's affair;
 * its callers stand for it. Each once, sorted.
 */
void sut_facts_roots(const struct sut_facts *facts, size_t *count, const char ***names);

/* What happened to a function, one sentence a line for a comment; "" when nothing. */
const char *sut_facts_note(const struct sut_facts *facts, const char *name);

#endif
