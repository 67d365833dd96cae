/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions whose address is taken. */
#ifndef SUT_CREATE_TAKEN_H
#define SUT_CREATE_TAKEN_H

#include "create/extract.h"

/* Per function of the patch: something in its object may hold a pointer to the old one. */
bool *sut_taken_find(const struct sut_extract *extract);

#endif
