/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the core asks of the simulated host. Callbacks become lines of the transcript. */
#ifndef SUT_SIM_HOST_H
#define SUT_SIM_HOST_H

#include "sim/world.h"

void sut_host_init(struct sut_world *world);
void sut_host_deinit(struct sut_world *world);

#endif
