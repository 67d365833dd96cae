/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the file for a library gives to host.c. */
#ifndef HOST_H
#define HOST_H

#include <stdio.h>
#include <unistd.h>

/*
 * Works on the question, mostly the name of a file, and writes what came of it to out, without a
 * newline. Called by several threads at once.
 */
void answer(const char *question, FILE *out);

#endif
