/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwinding through new code, inside the process: an index of the patch's call frame information,
 * as unwinders read it, and the two functions of the C library by which they find it, which lead to
 * the run-time from then on (see rt/unwind.h).
 *
 * Those functions are taken like any other, by one store in the operation that begins the
 * transition: no code of the program has to be called for it, so no thread has to be free of locks,
 * and unwinders that are loaded later go the same way. They stay taken when the patch is reverted:
 * for everything else they answer what they always did.
 */
#ifndef SUT_PROCESS_TABLES_H
#define SUT_PROCESS_TABLES_H

#include "process/link.h"
#include "process/memory.h"

/* Upper bounds of what it takes in the zone of an object, beside the sections. */
void sut_tables_size(const struct sut_patch *patch, uint32_t object, uint64_t *text,
		     uint64_t *data);

/*
 * Indexes the sections .eh_frame of a linked patch; images are the relocated bytes of its sections.
 * The result goes into link->tables and link->table_count. SUT_INVALID (rule "frames") for records
 * that cannot be read.
 */
enum sut_rc sut_tables_link(struct sut_link *link, unsigned char *const *images,
			    struct sut_diag *diag);

/*
 * Plans the way to the tables, where it is not there yet; the words of text go into plan->words.
 * SUT_UNSUPPORTED (rule "frames") when it cannot be made and exceptions may come by.
 */
enum sut_rc sut_tables_hook(const struct sut_link *link, const struct sut_memory *memory,
			    struct sut_diag *diag);

/* What unwinders are told of a range of code; index: of index_size bytes. */
struct sut_rt_table sut_table_make(uint64_t low, uint64_t high, uint64_t index,
				   uint64_t index_size);

#endif
