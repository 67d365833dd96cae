/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole folders: listed, copied, digested, removed. Links are never followed. */
#ifndef SUT_PROFILE_TREE_H
#define SUT_PROFILE_TREE_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sut_tree_file {
	const char *path; /* relative to the folder */
	bool link;
	uint64_t size;  /* bytes */
	uint64_t space; /* on the disk */
};

struct sut_tree {
	size_t count, capacity;
	struct sut_tree_file *files; /* by path */
};

/* All regular files and links below the folder. */
enum sut_rc sut_tree_list(struct sut_arena *arena, const char *folder, struct sut_tree *tree,
			  struct sut_diag *diag);

/* Copies a folder to a new one, without what version control keeps there. */
enum sut_rc sut_tree_copy(struct sut_arena *arena, const char *from, const char *to,
			  struct sut_diag *diag);

/* Links that lead below origin by an absolute path get relative ones. */
enum sut_rc sut_tree_relink(struct sut_arena *arena, const char *folder, const char *origin,
			    struct sut_diag *diag);

/*
 * The digests of all regular files of a profile that do not change any more, as sha256sum(1) writes
 * them and checks them: lines of digest, two blanks, path relative to folder.
 */
enum sut_rc sut_tree_sums(struct sut_arena *arena, const char *folder, char **text,
			  struct sut_diag *diag);

/* The digest of one file. */
enum sut_rc sut_file_digest(const char *path, unsigned char digest[static 32],
			    struct sut_diag *diag);

void sut_tree_remove(const char *folder);

#endif
