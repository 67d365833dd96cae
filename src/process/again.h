/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects that a program may unload and load again. A patch has each of them twice: as it is now,
 * and as it may come again, which is planned as an object that is not there (process/late.h). The
 * two have nothing in common but the file they come from.
 */
#ifndef SUT_PROCESS_AGAIN_H
#define SUT_PROCESS_AGAIN_H

#include "elf/patchfile.h"
#include "process/target.h"

/* Can the program unload the object? Not what it was started with, nor what has no loader. */
bool sut_again_possible(const struct sut_target *target, const struct sut_object *object);

/*
 * The same patch with some objects, and all that belongs to them, once more behind the others, in
 * their order. origin: for each of its objects the index in the patch.
 */
const struct sut_patch *sut_again_patch(struct sut_arena *arena, const struct sut_patch *patch,
					const bool *twice, uint32_t **origin);

#endif
