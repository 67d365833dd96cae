/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dynamic linking tables of a target's objects, read from its memory and not trusted. */
#ifndef SUT_PROCESS_DYNAMIC_H
#define SUT_PROCESS_DYNAMIC_H

#include "process/target.h"

/*
 * The address that the target's link map binds name to: the first definition in link order.
 * SUT_REFUSED (rule "symbol"): nobody defines it. SUT_UNSUPPORTED (rule "ifunc"): its address is
 * chosen by code of the library.
 */
enum sut_rc sut_dynamic_resolve(const struct sut_target *target, const char *name,
				uint64_t *address, struct sut_diag *diag);

/* Likewise an ordinary function; false: nobody defines one. */
bool sut_dynamic_function(const struct sut_target *target, const char *name, uint64_t *address,
			  uint64_t *size);

/* Does the object import one of these names (NULL at the end)? The one that it does, or NULL. */
const char *sut_dynamic_imports(const struct sut_target *target, const struct sut_object *object,
				const char *const *names);

/*
 * Was the object with this dynamic section loaded after the program had started? The loader itself
 * is on its list with what the program begins with, and what comes later is put behind that, or on
 * another list.
 */
bool sut_dynamic_came_later(const struct sut_target *target, uint64_t dynamic);

/* Address of the dynamic loader's struct r_debug, or 0: there is none. */
uint64_t sut_dynamic_debug(const struct sut_target *target);

#endif
