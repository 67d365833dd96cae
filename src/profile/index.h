/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From build-ids and names to profiles: links in build-id/, made from the profiles themselves. */
#ifndef SUT_PROFILE_INDEX_H
#define SUT_PROFILE_INDEX_H

#include "base/arena.h"
#include "base/diag.h"

#include <stddef.h>

/* The names of the profiles below a root, sorted; a root that is not there has none. */
enum sut_rc sut_index_names(struct sut_arena *arena, const char *root, const char ***names,
			    size_t *count, struct sut_diag *diag);

/* Makes the links new; of several profiles of one build-id the youngest counts. The caller holds
 * the cache's lock. */
enum sut_rc sut_index_make(const char *root, struct sut_diag *diag);

#endif
