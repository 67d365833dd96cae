/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records how a build calls the compiler, without changing the build.
 *
 * A temporary folder at the front of PATH holds links with the names of the compilers that PATH
 * offers; they all are this program. Called by such a name it notes folder and arguments and
 * becomes the real compiler. What this cannot see: a build that names its compiler by an absolute
 * path, or that replaces PATH. What must not run under it: a configure step that keeps the path of
 * the compiler it finds, as cmake does, for the folder goes away.
 */
#ifndef SUT_CREATE_RECORD_H
#define SUT_CREATE_RECORD_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

struct sut_recording {
	int status;      /* the command's: exit status, or 128 + signal */
	int signal;      /* that ended the command, or 0 */
	size_t recorded; /* entries that are new or replaced */
	size_t total;    /* entries in the database now */
};

/*
 * Runs the command with its standard streams untouched, and merges what it compiled into the
 * database at path: a file that was compiled replaces what the database said of it. The database is
 * written whatever the command's status is.
 */
enum sut_rc sut_record_run(struct sut_arena *arena, const char *path, char *const *argv,
			   struct sut_recording *recording, struct sut_diag *diag);

/* Whether this process was started as a compiler by a build that is being recorded. */
bool sut_record_is_compiler(const char *argv0);

/* Notes the call and becomes the compiler. Returns only, with an exit status, when there is none.
 */
int sut_record_compiler(char **argv);

#endif
