/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which table of exception handlers a function has: what is caught and cleaned up where. Nothing in
 * the function's code leads there, only its call frame information.
 */
#ifndef SUT_OBJECT_HANDLERS_H
#define SUT_OBJECT_HANDLERS_H

#include "object/object.h"

struct sut_handlers {
	uint32_t section; /* 0: none */
	uint64_t offset;
};

/* Of the code in each section of the object, which holds one function (-ffunction-sections). */
struct sut_handlers *sut_handlers_find(struct sut_arena *arena, const struct sut_object *object);

#endif
