/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller is the linker: final bytes of a patch for the addresses of one target. */
#ifndef SUT_PROCESS_LINK_H
#define SUT_PROCESS_LINK_H

#include "elf/patchfile.h"
#include "process/plan.h"

struct sut_link {
	struct sut_plan *plan;
	const struct sut_patch *patch;
	const struct sut_object **objects; /* in the target, for each object of the patch */
	struct sut_zone **zones;           /* for each object */
	struct sut_zone *home;             /* for what describes the patch */
	uint64_t *sections;                /* result: address of each section */
	uint64_t *symbols; /* result: address of each symbol, 0 for unused imports */
	uint64_t tables;   /* result: struct sut_rt_table, see process/tables.h */
	uint64_t table_count;
};

/* Upper bounds of what the sections of one object of the patch need in a zone. */
void sut_link_size(const struct sut_patch *patch, uint32_t object, uint64_t *text, uint64_t *data);

/*
 * Places all sections, resolves all symbols, applies all relocations and adds the bytes to the
 * plan. SUT_REFUSED (rule "symbol") for what the target's link map does not bind, SUT_UNSUPPORTED
 * (rule "reloc", "reach", "ifunc") for what cannot be done.
 */
enum sut_rc sut_link(struct sut_link *link, struct sut_diag *diag);

#endif
