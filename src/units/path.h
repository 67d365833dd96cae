/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUT_UNITS_PATH_H
#define SUT_UNITS_PATH_H

#include "base/arena.h"

#include <stdbool.h>

/* The absolute path of a file as a process in directory names it; links are resolved when the file
 * is there. */
const char *sut_path_resolve(struct sut_arena *arena, const char *directory, const char *file);

/* The file of the program that a command's first word names, found as a shell does; NULL: none. */
const char *sut_path_program(struct sut_arena *arena, const char *name);

/* Whether both files can be read and have the same content. */
bool sut_path_same_content(const char *a, const char *b);

/* Whether both are the same source: one file, or copies of it, which have the same name. */
bool sut_path_same_source(const char *a, const char *b);

#endif
