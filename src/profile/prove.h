/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a profile says of its targets: found out by comparing them with what was built. */
#ifndef SUT_PROFILE_PROVE_H
#define SUT_PROFILE_PROVE_H

#include "profile/profile.h"

/* Where and how: the profile is still being made, and lies in folder. */
struct sut_proving {
	struct sut_arena *arena;
	const char *folder; /* tree/ and objects/ are in it */
	struct sut_profile *profile;
	bool rebuilt; /* the targets are not of the tree: that an image is the same says something
		       */
	bool fresh;   /* objects in the tree are not known to be of these sources: make all anew */
	void (*progress)(void *context, const char *text); /* may be NULL */
	void *context;
	struct sut_profile_notes *notes;
	struct sut_diag *diag;
};

/* Each unit's object: that of the build, or one that is compiled now; "" with a note when it does
 * not compile. */
enum sut_rc sut_profile_objects(struct sut_proving *proving);

/* The absolute path of the object that a recorded command wrote; NULL: it linked at once. */
const char *sut_profile_output(struct sut_arena *arena, const struct sut_entry *entry);

/* Finds for each target the rebuilt file with its build-id: the verdict, and the image. */
enum sut_rc sut_profile_images(struct sut_proving *proving);

/* Proves each unit against each target: places, and the counts of the targets. */
enum sut_rc sut_profile_prove(struct sut_proving *proving);

/* The compilers of all units with what they run, and their digests. */
enum sut_rc sut_profile_programs(struct sut_proving *proving);

/* One compiler with what it runs. */
enum sut_rc sut_profile_compiler(struct sut_proving *proving, const char *driver);

/* The entry for a tree that is in folder now. */
enum sut_rc sut_profile_move(struct sut_arena *arena, const struct sut_profile *profile,
			     const char *folder, const struct sut_entry *entry,
			     struct sut_entry *moved, struct sut_diag *diag);

/* A path of when the tree was built, where it is now. */
const char *sut_profile_path(struct sut_arena *arena, const struct sut_profile *profile,
			     const char *folder, const char *path);

/* Whether two compiles are of one file, or of copies of it. */
bool sut_profile_same_file(const struct sut_entry *a, const struct sut_entry *b);

/* Whether the file is a linked image, by its first bytes. */
bool sut_is_image(const char *path);

void sut_note(struct sut_arena *arena, struct sut_profile_notes *notes, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
