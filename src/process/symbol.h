/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for addresses in a target's objects, for people: from symbol tables and line tables. */
#ifndef SUT_PROCESS_SYMBOL_H
#define SUT_PROCESS_SYMBOL_H

#include "process/unwind.h"

struct sut_symbol_name {
	const char *function; /* "": not known */
	uint64_t offset;      /* in it */
	const char *source;   /* "server.c:12", or "" */
};

/*
 * What lies at the address of the target. The object's own file is asked, then the one that a
 * debugging package has installed for its build-id.
 */
struct sut_symbol_name sut_symbol_find(struct sut_arena *arena,
				       const struct sut_unwind_object *object, uint64_t address);

#endif
