/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records how a build calls the compiler, without changing the build.
 *
 * A folder at the front of PATH holds links with the names of the compilers that PATH offers; they
 * all are this program. Called by such a name it notes folder, arguments and the digests of the
 * sources, and becomes the real compiler. What this cannot see: a build that names its compiler by
 * an absolute path, or that replaces PATH. What must not run under it: a configure step that keeps
 * the path of the compiler it finds, as cmake does, for the folder goes away.
 *
 * Both go away where the build runs in a mount namespace of its own: there this program is mounted
 * over the compilers themselves (see SUT_RECORD_ROOM).
 */
#ifndef SUT_UNITS_RECORD_H
#define SUT_UNITS_RECORD_H

#include "base/arena.h"
#include "base/diag.h"
#include "units/database.h"

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

/* What a build is run with so that it is recorded. */
struct sut_recorder {
	const char *log;   /* where calls are noted */
	const char *links; /* the folder for the front of PATH */
	const char *path;  /* what PATH is behind it */
	size_t covered_count, covered_capacity;
	const char **covered; /* compilers' files that links has nothing for */
};

/*
 * Makes log and links in folder, which exists and is empty; path as above. With cover, compilers
 * that do not mind are left for the caller to mount this program over: SUT_RECORD_REAL has the
 * originals then.
 */
enum sut_rc sut_record_prepare(struct sut_arena *arena, const char *folder, const char *path,
			       bool cover, struct sut_recorder *recorder, struct sut_diag *diag);

/* "NAME=value" for the environment of the build, NULL-terminated; log and links as it sees them. */
const char **sut_record_variables(struct sut_arena *arena, const struct sut_recorder *recorder,
				  const char *log, const char *links);

/* What a log has: an entry per source that was compiled, in the order of the calls. */
enum sut_rc sut_record_read(struct sut_arena *arena, const char *log, struct sut_entry **entries,
			    size_t *count, struct sut_diag *diag);

/* The PATH of this process. */
const char *sut_record_path(void);

/* Whether this process was started as a compiler by a build that is being recorded. */
bool sut_record_is_compiler(const char *argv0);

/* Notes the call and becomes the compiler. Returns only, with an exit status, when there is none.
 */
int sut_record_compiler(char **argv);

#endif
