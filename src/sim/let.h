/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the scenario says about things that are called: the value they give, and what they do.
 * Each is named as in the transcript: "A.main#1 pre_patch", "m init", "main.f hook", "memory" ...
 */
#ifndef SUT_SIM_LET_H
#define SUT_SIM_LET_H

#include "sim/world.h"

/* The command `let`, which words[0] is. */
bool sut_let(struct sut_world *world, const struct sut_words *words);

/* The value that was wished; 0: none. */
int sut_let_code(const struct sut_world *world, const char *what);

/* Does what was asked for; it prints below the line of the call. */
void sut_let_do(struct sut_world *world, const char *what);

/* Prints the line of a call, with the value that it gave if that is not 0. */
void sut_let_print(struct sut_world *world, const char *line, int code);

/* A call: prints its line, with the value if that is not 0, does what it does. The value. */
int sut_let_call(struct sut_world *world, const char *what);

#endif
