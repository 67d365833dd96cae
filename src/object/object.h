/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A relocatable object as the compiler wrote it: sections, symbols, relocations, and on top of them
 * the definitions: one per function or variable, whatever number of names it has.
 *
 * Everything is checked while it is read: section and symbol indices below are valid, definitions
 * and relocations lie inside their sections.
 */
#ifndef SUT_OBJECT_OBJECT_H
#define SUT_OBJECT_OBJECT_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"
#include "insn/insn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SUT_OBJECT_SIZE_MAX = 256 << 20, /* bytes */
	SUT_NO_DEF = UINT32_MAX,         /* instead of an index */
};

#define SUT_NO_TABLE UINT64_MAX

struct sut_reloc {
	uint64_t offset; /* in its section */
	uint32_t type;   /* R_X86_64_* */
	uint32_t symbol;
	int64_t addend;
	/* A pc-relative field in a table without a name counts from there: an offset in its
	 * section, or SUT_NO_TABLE. */
	uint64_t table;
	/* Of the instruction that holds the field; OTHER and 0 in data. */
	enum sut_insn_kind insn;
	unsigned char trail; /* bytes of the instruction behind the field */
};

struct sut_section {
	const char *name;
	uint32_t type;  /* SHT_* */
	uint64_t flags; /* SHF_* */
	uint64_t align; /* at least 1 */
	uint64_t entsize;
	uint64_t size;
	const unsigned char *data; /* NULL: zeros */
	size_t reloc_count;
	struct sut_reloc *relocs; /* ascending offset */
	size_t def_count;
	uint32_t *defs; /* ascending offset */
	/* Constants without names: the places that something refers to, ascending, each once. */
	size_t start_count, start_capacity;
	uint64_t *starts;
};

struct sut_symbol {
	const char *name; /* a section's own symbol has the section's name */
	unsigned char type;
	unsigned char bind;
	unsigned char visibility;
	bool absolute;
	uint32_t section; /* 0: undefined or absolute */
	uint64_t value;   /* offset in the section */
	uint64_t size;
	uint32_t def; /* the definition that starts here, or SUT_NO_DEF */
};

/* A function, a part of one that was split off (.cold), or a variable. */
struct sut_def {
	const char *name; /* the first global name, else the first name */
	uint32_t symbol;  /* the symbol with that name */
	uint32_t section;
	uint64_t offset; /* in the section */
	uint64_t size;
	unsigned char type; /* STT_FUNC, STT_OBJECT, STT_TLS, STT_GNU_IFUNC */
	bool local;
	bool shared;     /* the linker takes one of several: of an inline function, a template */
	bool unsized;    /* the symbol had no size: it lasts to the next one */
	uint32_t parent; /* of a .cold piece: the function it belongs to; else the def itself */
};

struct sut_object {
	const char *path;
	const char *file; /* the source's base name, as the symbol table says; or "" */
	bool lto;         /* holds intermediate code instead of machine code */
	uint16_t machine; /* EM_X86_64; of others only references and bytes are known */
	size_t section_count;
	struct sut_section *sections; /* [0] is empty */
	size_t symbol_count;
	struct sut_symbol *symbols;
	size_t def_count;
	struct sut_def *defs; /* ascending section, offset */
};

/*
 * Reads an ET_REL file for x86-64. SUT_INVALID (rule "format") for anything malformed, and for
 * other machines.
 */
enum sut_rc sut_object_load(struct sut_arena *arena, const char *path, struct sut_object *object,
			    struct sut_diag *diag);

/*
 * The same for the content of a file, which the caller keeps; path names it in messages. Machines
 * that only comparisons know are right, too: AArch64, LoongArch, 64-bit PowerPC and S/390.
 */
enum sut_rc sut_object_parse(struct sut_arena *arena, const char *path, struct sut_bytes bytes,
			     struct sut_object *object, struct sut_diag *diag);

/*
 * Takes the relocations from calls by which a function of object calls itself, if it is global and
 * its namesake in like is local: there the assembler has put them in.
 */
void sut_object_settle(struct sut_arena *arena, struct sut_object *object,
		       const struct sut_object *like);

/* What a relocation refers to. */
struct sut_place {
	uint32_t symbol;  /* of the relocation */
	uint32_t section; /* 0: undefined or absolute; then offset is the effective addend */
	int64_t offset;   /* of the byte referred to, from the start of the section */
	int64_t element;  /* in a merged section: of the string or constant that is meant. offset
			     is somewhere in it, or before or behind, as a loop may have it */
	bool exact;       /* false: a pc-relative field in data, its offset depends on the reader */
	uint32_t def;     /* that offset belongs to, or SUT_NO_DEF */
	int64_t delta;    /* offset from the start of def */
};

/* Fills in what references tell about data without names: starts, and table. The reader calls it.
 */
void sut_object_find_starts(struct sut_arena *arena, struct sut_object *object);

struct sut_place sut_object_place(const struct sut_object *object,
				  const struct sut_section *section, const struct sut_reloc *reloc);

/* The first relocation of the section at or behind offset, as an index. */
size_t sut_section_reloc(const struct sut_section *section, uint64_t offset);

/* The definition that covers the offset, or SUT_NO_DEF. */
uint32_t sut_section_def(const struct sut_object *object, const struct sut_section *section,
			 uint64_t offset);

/* The definition of that name (any of its names), or SUT_NO_DEF. */
uint32_t sut_object_def(const struct sut_object *object, const char *name);

bool sut_def_is_function(const struct sut_def *def);

/* Bytes of a field of that type; 0 for a type that is not known. */
unsigned int sut_reloc_size(uint32_t type);
/* The field is relative to its own address. */
bool sut_reloc_is_pc(uint32_t type);
/* The field leads to a slot of the global offset table. */
bool sut_reloc_is_got(uint32_t type);
/* "R_X86_64_PC32", or "type 77". */
const char *sut_reloc_name(struct sut_arena *arena, uint32_t type);
/* A direct jump or call, or an indirect one through the symbol's slot. */
bool sut_reloc_is_branch(const struct sut_reloc *reloc);

/* Strings and constants that the linker merges by content. */
bool sut_section_is_merged(const struct sut_section *section);
/* Bytes from the offset to the end of the merged element, a string's zero included; 0: none. */
uint64_t sut_section_element(const struct sut_section *section, uint64_t offset);
/* Constants without names or references, each of which has its own meaning: strings of unoptimised
 * code, and large numbers. */
bool sut_section_is_pool(const struct sut_section *section);
/* Bytes from the offset to the next place that something refers to. */
uint64_t sut_section_piece(const struct sut_section *section, uint64_t offset);
/*
 * Never written by the program: .rodata, .data.rel.ro once it is relocated, and what is in .data
 * without a name.
 */
bool sut_section_is_constant(const struct sut_section *section);
/* It says of code how to get out of it, for callers and for exceptions. */
bool sut_section_is_unwind(const struct sut_section *section);
/* A linker puts both into memory of one kind: code, constants, variables, of the thread or not. */
bool sut_section_same_kind(const struct sut_section *a, const struct sut_section *b);

#endif
