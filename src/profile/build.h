/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile that is being made, and the builds that it takes; internal to the folder. */
#ifndef SUT_PROFILE_BUILD_H
#define SUT_PROFILE_BUILD_H

#include "profile/cache.h"
#include "profile/package.h"
#include "profile/profile.h"

struct sut_making {
	struct sut_arena *arena;
	const struct sut_profile_options *options;
	struct sut_cache_work work;
	const char *folder;  /* of the profile, in the work's */
	const char *scratch; /* for tools, likewise */
	struct sut_package package;
	struct sut_profile *profile;
	size_t entry_count;
	struct sut_entry *entries; /* what was recorded, in the order of the calls */
	struct sut_profile_notes *notes;
	struct sut_diag *diag;
};

void sut_making_progress(struct sut_making *making, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Builds the package whose source lies in parent, as if it lay at origin: entries, origin. */
enum sut_rc sut_build_package(struct sut_making *making, const char *parent, const char *origin);

/* Runs the developer's command in the tree, which is the origin: entries. */
enum sut_rc sut_build_tree(struct sut_making *making);

#endif
