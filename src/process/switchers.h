/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that switch stacks, known before a patch comes: a coroutine that sleeps in an old
 * function all through a transition shows in nothing that the threads do meanwhile.
 */
#ifndef SUT_PROCESS_SWITCHERS_H
#define SUT_PROCESS_SWITCHERS_H

#include "process/target.h"

/*
 * Does this object switch stacks, by what it imports or by its code? Yes may be wrong: then
 * transitions are slower. No is wrong for a switch of another shape than compilers and the known
 * libraries write.
 */
bool sut_switches_stacks(const struct sut_target *target, const struct sut_object *object);

/* Where a coroutine of the C library returns to from its first function, or 0: not known. */
uint64_t sut_switches_bottom(const struct sut_target *target);

/* Is there such code in these bytes? For sut_switches_stacks(). */
bool sut_switches_in(const unsigned char *code, size_t size);

#endif
