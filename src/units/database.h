/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compile database: compile_commands.json as clang defines it, from cmake, meson, bear or
 * `suture record`.
 */
#ifndef SUT_UNITS_DATABASE_H
#define SUT_UNITS_DATABASE_H

#include "base/arena.h"
#include "base/diag.h"

#include <stddef.h>

/* One compilation of one file. */
struct sut_entry {
	const char *directory; /* absolute: where the compiler ran */
	const char *file;      /* as in the command */
	const char *path;      /* absolute, links resolved when the file is still there */
	size_t argc;
	const char **argv;     /* NULL-terminated */
	const char **recorded; /* the command before the tree was moved; NULL: argv */
	const char *digest; /* SHA-256 of the file when it was compiled, in hex; NULL: not known */
};

struct sut_database {
	const char *path;
	size_t count;
	struct sut_entry *entries;
};

/* The database of a build tree, looked for where builds leave it. SUT_REFUSED (rule "database")
 * with the remedy when there is none. */
enum sut_rc sut_database_find(struct sut_arena *arena, const char *tree, const char **path,
			      struct sut_diag *diag);

/* Reads a database; exact repetitions are left out. SUT_INVALID (rule "database") names the entry
 * that cannot be understood. */
enum sut_rc sut_database_load(struct sut_arena *arena, const char *path,
			      struct sut_database *database, struct sut_diag *diag);

/* Writes entries in the "arguments" form. */
enum sut_rc sut_database_save(const char *path, const struct sut_entry *entries, size_t count,
			      struct sut_diag *diag);

#endif
