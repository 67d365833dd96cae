/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The new code of a patch as assembly with names, and its data, for reviewers. */
#ifndef SUT_CLI_LISTING_H
#define SUT_CLI_LISTING_H

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

/* Adds one string per instruction of the extent to the array that is open in out. */
void sut_listing_out(struct sut_out *out, const struct sut_patch *patch,
		     const struct sut_extent *extent);

/* The same for the bytes of data: rows of 16, in hex and as ASCII. */
void sut_dump_out(struct sut_out *out, const struct sut_patch_section *section);

#endif
