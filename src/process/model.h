/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A patch as the core wants it: struct klp_patch and its arrays, in the target's memory. */
#ifndef SUT_PROCESS_MODEL_H
#define SUT_PROCESS_MODEL_H

#include "process/link.h"

/* Bytes of zone data that the arrays need. */
size_t sut_model_size(const struct sut_patch *patch);

/*
 * Plans the arrays for a linked patch and fills what record says of them: klp, module,
 * object_count, calls. at: the address that the record will have; funcs: those of the record, with
 * their names placed.
 */
void sut_model_plan(struct sut_plan *plan, struct sut_zone *zone, const struct sut_link *link,
		    const struct sut_rt_func *funcs, uint64_t at, struct sut_rt_patch *record);

#endif
