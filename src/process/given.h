/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words that a program has given to the kernel and will get back: they are in none of its memory
 * meanwhile. A pointer sent through a pipe to another thread, what epoll is to return, what a timer
 * is to hand to a handler.
 */
#ifndef SUT_PROCESS_GIVEN_H
#define SUT_PROCESS_GIVEN_H

#include "process/scan.h"

/* Why one of them may lead into the ranges of the search; NULL: none does. */
const char *sut_given_leads(const struct sut_scan *scan, struct sut_arena *arena);

#endif
