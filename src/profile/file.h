/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile.json, written and read. What is read may be anybody's: every field is checked. */
#ifndef SUT_PROFILE_FILE_H
#define SUT_PROFILE_FILE_H

#include "profile/profile.h"

#include "base/io.h"

/* Writes folder/profile.json. */
enum sut_rc sut_profile_write(const struct sut_profile *profile, const char *folder,
			      struct sut_diag *diag);

/* Reads it; folder and name are the caller's. SUT_INVALID (rule "profile") says what is wrong. */
enum sut_rc sut_profile_parse(struct sut_arena *arena, struct sut_bytes text, const char *folder,
			      const char *name, struct sut_profile *profile, struct sut_diag *diag);

/* The profile of that name below a cache's root, which must be to be trusted. SUT_GONE: none. */
enum sut_rc sut_profile_load(struct sut_arena *arena, const char *root, const char *name,
			     struct sut_profile *profile, struct sut_diag *diag);

#endif
