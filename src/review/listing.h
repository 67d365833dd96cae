/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The new code of a patch as assembly with names, and its data, for reviewers. */
#ifndef SUT_REVIEW_LISTING_H
#define SUT_REVIEW_LISTING_H

#include "base/out.h"
#include "elf/patchfile.h"

/* What a symbol of the patch covers of its section. */
struct sut_extent {
	const struct sut_patch_section *section;
	uint64_t start, end;
};

struct sut_extent sut_extent_of(const struct sut_patch *patch, uint32_t symbol);

/* The relocations of an extent: the first, and how many. */
const struct sut_patch_reloc *sut_extent_relocs(const struct sut_extent *extent, size_t *count);

/* What a symbol is called: its name, or that of its section. */
const char *sut_symbol_name(const struct sut_patch *patch, const struct sut_patch_symbol *symbol);

/* One instruction of the patch. */
struct sut_listing_line {
	uint64_t offset;     /* in its section */
	unsigned int length; /* bytes; 1 for a byte that is no instruction */
	const char *text;
};

/* The instruction at an offset of the extent; its text lies in the arena. */
struct sut_listing_line sut_listing_line(struct sut_arena *arena, const struct sut_patch *patch,
					 const struct sut_extent *extent, uint64_t offset);

/*
 * Where a relocation of the patch leads, as an offset from its symbol. end: where the instruction
 * ends that it is in, in the section; that of the field itself for data.
 */
uint64_t sut_reloc_delta(const struct sut_patch_reloc *reloc, uint64_t end);

/*
 * "name", "name+0x10", "name@GOT", or the string that it leads to in quotes. Nothing in it moves
 * the cursor, wherever the patch comes from.
 */
const char *sut_reloc_text(struct sut_arena *arena, const struct sut_patch *patch,
			   const struct sut_patch_reloc *reloc, uint64_t end);

/* Bytes up to the zero in quotes, as C writes them; what is longer than most is cut off ("...). */
const char *sut_quoted(struct sut_arena *arena, const unsigned char *bytes, size_t size,
		       size_t most);

/* A section of strings, or of constants, that a linker may merge: references are to elements. */
enum sut_pool_kind { SUT_POOL_NONE, SUT_POOL_STRINGS, SUT_POOL_CONSTANTS };

struct sut_pool_element_at {
	enum sut_pool_kind kind;
	uint64_t offset, size; /* in the section; a string's size has its end */
};

/* The element that an offset of the section is in; NONE where there is none. */
struct sut_pool_element_at sut_pool_element(const struct sut_patch_section *section,
					    uint64_t offset);

/* Adds one string per instruction of the extent to the array that is open in out. */
void sut_listing_out(struct sut_out *out, const struct sut_patch *patch,
		     const struct sut_extent *extent);

enum { SUT_DUMP_ROW = 16 };

/* A row of bytes of data, in hex and as ASCII; the section has some there. */
const char *sut_dump_text(struct sut_arena *arena, const struct sut_patch_section *section,
			  uint64_t at);

/* Adds all of them to the array that is open in out. */
void sut_dump_out(struct sut_out *out, const struct sut_patch_section *section);

#endif
