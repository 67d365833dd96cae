/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of labels inside functions ("computed goto"). A label belongs to one version of its
 * function: whoever keeps its address beyond the call would come back into the other version.
 */
#ifndef SUT_OBJECT_LABELS_H
#define SUT_OBJECT_LABELS_H

#include "object/object.h"

/* The function whose labels the variable holds at the start, or SUT_NO_DEF. */
uint32_t sut_labels_of(const struct sut_object *object, uint32_t variable);

/*
 * References of a function's code to its own entry for which there is no relocation, because the
 * assembler knows the distance: as the relocations that there would be, in order. The address of a
 * function is the original's, for whoever keeps it may do so longer than the patch is in use.
 */
size_t sut_labels_entry(struct sut_arena *arena, const struct sut_object *object,
			const struct sut_section *section, struct sut_reloc **relocs);

#endif
