/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUT_PROCESS_CALLS_MUSL_H
#define SUT_PROCESS_CALLS_MUSL_H

#include "process/target.h"

/*
 * How many frames a thread of musl that is asleep at pc has below the library's wrapper of its
 * system call; 0: it made the call in another way.
 */
size_t sut_calls_musl_frames(const struct sut_target *target, uint64_t pc);

#endif
