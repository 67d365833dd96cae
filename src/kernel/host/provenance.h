/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What suture notes in a livepatch module that it makes: strings "KEY=VALUE", each with its zero
 * byte, in an ELF note of the name "suture" and type 1. The kernel forgets a module's other
 * sections when it has loaded it, and shows notes (/sys/module/NAME/notes/.note.suture).
 *
 *   suture=0.1.0      which version made it
 *   version=2         the patch's own
 *   fixes=CVE-...     any number of times
 *   replace=1         it takes the place of all other patches
 */
#ifndef SUT_KERNEL_HOST_PROVENANCE_H
#define SUT_KERNEL_HOST_PROVENANCE_H

#include "base/arena.h"
#include "base/io.h"

#include <stdbool.h>

#define SUT_PROVENANCE_SECTION ".note.suture"

struct sut_provenance {
	const char *suture;
	const char *version; /* or "" */
	size_t fix_count, fix_capacity;
	const char **fixes;
	bool replace;
};

/* What the first note of that name and type describes; false: there is none in the bytes. */
bool sut_note_find(struct sut_bytes notes, const char *name, uint32_t type,
		   struct sut_bytes *description);

/* false: there is no such note in the bytes. Strings are the arena's. */
bool sut_provenance_parse(struct sut_arena *arena, struct sut_bytes note,
			  struct sut_provenance *provenance);

#endif
