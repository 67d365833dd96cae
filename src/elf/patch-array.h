/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An array of structures in a patch, as its bytes and the relocations in it describe it. Where a
 * relocation is, an address will be; everywhere else the bytes say what there is.
 */
#ifndef SUT_ELF_PATCH_ARRAY_H
#define SUT_ELF_PATCH_ARRAY_H

#include "elf/patch-format.h"

/* What the author of an array may write into an element. */
struct sut_patch_shape {
	const char *name; /* "struct klp_object" */
	size_t size;
	size_t values;          /* that many bytes at its start are numbers, */
	const size_t *pointers; /* and at these offsets may be addresses; the rest is zeros */
	size_t pointer_count;
	bool written; /* somebody writes to it, so it must not be constant */
};

enum { SUT_PATCH_ELEMENT_MAX = 128 /* bytes */ };

struct sut_patch_array {
	const char *name; /* of its symbol */
	const struct sut_patch_shape *shape;
	const struct sut_patch_section *section;
	uint64_t offset; /* in the section */
	size_t count;    /* without the end */
};

/*
 * The array that is a symbol of the patch: as many elements as its size says, of which the last is
 * zeros and no other. SUT_INVALID if it is none, with a remedy where that is not obvious.
 */
enum sut_rc sut_patch_array_open(const struct sut_patch *patch, uint32_t symbol,
				 const struct sut_patch_shape *shape, struct sut_patch_array *array,
				 struct sut_diag *diag);

/* Nothing but what its shape has is in the element. An open array has passed. */
enum sut_rc sut_patch_array_check(const struct sut_patch_array *array, size_t i,
				  struct sut_diag *diag);

/* The bytes of an element; those of an address are zeros. */
const unsigned char *sut_patch_array_element(const struct sut_patch_array *array, size_t i);

/* The address at that offset of an element; NULL: none. */
const struct sut_patch_reloc *sut_patch_array_pointer(const struct sut_patch_array *array, size_t i,
						      size_t offset);

/* A relocation changes a byte of [start, end). */
bool sut_patch_section_has_reloc(const struct sut_patch_section *section, uint64_t start,
				 uint64_t end);

#endif
