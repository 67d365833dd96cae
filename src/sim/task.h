/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks: they do not run, they only have frames. */
#ifndef SUT_SIM_TASK_H
#define SUT_SIM_TASK_H

#include "sim/world.h"

/* A task of that name, with the state of its parent (or NULL), and no frames. NULL: bad. */
struct sut_sim_task *sut_task_new(struct sut_world *world, const char *name,
				  const struct sut_sim_task *parent);

/* Has a task a frame in a function of that object? */
bool sut_object_in_use(const struct sut_world *world, const struct sut_sim_object *object);

extern const struct sut_core_task_host sut_sim_task_host;

#endif
