/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shadow variables: the store of the core, with names for its keys and numbers for its blocks. */
#ifndef SUT_SIM_SHADOW_H
#define SUT_SIM_SHADOW_H

#include "sim/world.h"

void sut_shadow_begin(struct sut_world *world);

/* Frees all variables of a type; `what` ("A.main dtor") is its destructor. */
void sut_shadow_collect(struct sut_world *world, unsigned long id, const char *what);

#endif
