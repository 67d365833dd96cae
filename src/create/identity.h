/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each function of a program replaced by itself: a rehearsal. What can be patched of this program,
 * built from this tree, and what not and why? The patch that comes of it changes nothing, and so
 * whatever a program does otherwise with it in place is a fault of ours or of its environment.
 */
#ifndef SUT_CREATE_IDENTITY_H
#define SUT_CREATE_IDENTITY_H

#include "create/create.h"

/* Which functions are wanted, and how; empty lists stand for all. */
struct sut_identity_choice {
	size_t unit_count;
	const char **units; /* sources: as in the compile command, or the end of the path */
	size_t function_count;
	const char **functions;
	size_t except_count;
	const char **except; /* functions that are not wanted */
	/*
	 * Folder that keeps the objects from one run to the next, or NULL. One that is older than
	 * its source is made again; what else may have changed, the proof finds out.
	 */
	const char *objects;
};

/* A function or a whole unit that cannot be patched. */
struct sut_identity_left {
	const char *rule;
	const char *function; /* "": all of the unit */
	const char *unit;
	const char *message;
};

/* All memory is the arena's. */
struct sut_identity {
	size_t unit_count;     /* compiled units that are in the target */
	size_t function_count; /* their functions in the target, as far as they were wanted */
	size_t patched_count;
	size_t left_count, left_capacity;
	struct sut_identity_left *left;
	struct sut_patch *patch; /* NULL: there is no function to patch */
};

/*
 * Compiles the units of the database once, in place, and makes the patch. options names one
 * target, the tree, and no patch. What stands against a single function is in identity->left; a
 * refusal in the verdict is something that only showed when the functions came together.
 */
enum sut_rc sut_identity_make(struct sut_arena *arena, const struct sut_create_options *options,
			      const struct sut_identity_choice *choice,
			      struct sut_identity *identity, struct sut_verdict *verdict,
			      struct sut_diag *diag);

#endif
