/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Livepatch modules: what insmod and rmmod do with what a patch command declares. */
#ifndef SUT_SIM_MODULE_H
#define SUT_SIM_MODULE_H

#include "sim/world.h"

/* Loads it, anew if it is there: everything is fresh, and nothing refers to the old one. */
void sut_module_load(struct sut_sim_patch *patch);
/* It is there, and nothing refers to it. */
void sut_module_unload(struct sut_sim_patch *patch);

/* Is it on the core's list? */
bool sut_patch_in_use(const struct sut_sim_patch *patch);

/* The core's pointer leads to what was declared. */
const struct sut_sim_patch *sut_declared_patch(const struct klp_patch *klp);
const char *sut_declared_name(const struct klp_object *obj);

#endif
