/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DWARF entries as words: names, places, and types described so that two descriptions are equal
 * when a value of the one may be read as the other. Texts are the arena's, for the DWARF is closed
 * long before they are compared.
 */
#ifndef SUT_OBJECT_DWARF_TEXT_H
#define SUT_OBJECT_DWARF_TEXT_H

#include "base/arena.h"

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

enum { SUT_DWARF_DEPTH = 64 /* of types in types; DWARF from a compiler has a few */ };

struct sut_dwarf {
	struct sut_arena *arena;
	/* Types that are declared in functions, namespaces and classes: others than those outside
	 * with their names. */
	size_t scoped_count, scoped_capacity;
	struct sut_dwarf_scoped {
		Dwarf_Off offset;  /* of the entry; ascending */
		const char *scope; /* "f: ", "std::" */
	} * scoped;
};

/* Notes the types that are not declared at the top of a compilation unit. */
void sut_dwarf_note_scopes(struct sut_dwarf *dwarf, Dwarf_Die *unit);

/*
 * Opens the relocatable object at path; libdwfl, because the DWARF of one is full of relocations.
 * NULL: dwfl_errmsg(-1) says why. For sut_dwarf_close().
 */
Dwfl *sut_dwarf_open(const char *path, Dwfl_Module **module);
void sut_dwarf_close(Dwfl **dwfl);

/* "" when it has none. */
const char *sut_dwarf_name(struct sut_dwarf *dwarf, Dwarf_Die *die);
/* The name that the linker has for it. */
const char *sut_dwarf_symbol(struct sut_dwarf *dwarf, Dwarf_Die *die);
/* Where a type is declared: "f: ", "std::", or "". */
const char *sut_dwarf_scope(struct sut_dwarf *dwarf, Dwarf_Die *die);
/* "server.h:1204", or "". */
const char *sut_dwarf_place(struct sut_dwarf *dwarf, Dwarf_Die *die);
/* Both look through to what an entry was made from (an inlined function's, say). */
bool sut_dwarf_number(Dwarf_Die *die, unsigned int attribute, uint64_t *value);
bool sut_dwarf_flag(Dwarf_Die *die, unsigned int attribute);
bool sut_dwarf_type(Dwarf_Die *die, Dwarf_Die *type);

/* Structures and unions. */
bool sut_dwarf_is_aggregate(Dwarf_Die *type);

/*
 * Takes typedefs and qualifiers off. *alias is the last typedef's name: the only name that an
 * unnamed structure may have. false: nothing is left, as of void.
 */
bool sut_dwarf_strip(struct sut_dwarf *dwarf, Dwarf_Die *type, const char **alias);

/* The name of a stripped structure, union or enumeration; "" when nothing names it. */
const char *sut_dwarf_full_name(struct sut_dwarf *dwarf, Dwarf_Die *type, const char *alias);

/* What a value of the type is, in one line. */
const char *sut_dwarf_describe(struct sut_dwarf *dwarf, Dwarf_Die *type);

/* Return type and parameters of a function or of the type of one. */
const char *sut_dwarf_prototype(struct sut_dwarf *dwarf, Dwarf_Die *function);

/* The same as the machine passes it: "(p, i4, ...) i8"; equal ones may call each other. */
const char *sut_dwarf_calling(struct sut_dwarf *dwarf, Dwarf_Die *function);

/*
 * The structure or union that values of a type hold, arrays of it included; with pointers: or lead
 * to, at any depth. Gives its name, "" when there is none.
 */
const char *sut_dwarf_aggregate(struct sut_dwarf *dwarf, Dwarf_Die type, bool pointers);

#endif
