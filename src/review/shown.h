/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of anybody's as a person may be shown it. */
#ifndef SUT_REVIEW_SHOWN_H
#define SUT_REVIEW_SHOWN_H

#include "base/arena.h"

/*
 * The bytes as UTF-8 in which nothing moves the cursor, hides or turns the direction of what
 * follows: such characters become \u202e, and what is no UTF-8 becomes \xe9. Tabs stay.
 */
char *sut_shown(struct sut_arena *arena, const void *bytes, size_t size);

#endif
