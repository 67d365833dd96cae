/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A package of the distribution: what is installed of it, its source, and how that is built. */
#ifndef SUT_PROFILE_PACKAGE_H
#define SUT_PROFILE_PACKAGE_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"

#include <stdbool.h>
#include <stddef.h>

struct sut_package {
	const char *source;  /* name of the source package */
	const char *version; /* its version */
	const char *folder;  /* of the unpacked source: name and upstream version */
	size_t file_count, file_capacity;
	const char **files; /* of all installed packages of this source and version */
};

/* scratch is a folder for what the tools write. SUT_REFUSED (rule "package") when it is not
 * installed. */
enum sut_rc sut_package_find(struct sut_arena *arena, const char *scratch, const char *name,
			     struct sut_package *package, struct sut_diag *diag);

/*
 * Unpacks the package's source to folder, which does not exist: from the archive that this machine
 * is configured for, by lists and a cache of our own below scratch, so that nothing on the machine
 * changes. SUT_REFUSED (rule "package") when the archive does not have that version.
 */
enum sut_rc sut_package_fetch(struct sut_arena *arena, const char *scratch,
			      const struct sut_package *package, const char *folder,
			      struct sut_diag *diag);

/* The source in the folder is that of the package. */
enum sut_rc sut_package_check_source(struct sut_arena *arena, const char *scratch,
				     const struct sut_package *package, const char *folder,
				     struct sut_diag *diag);

/*
 * What the build needs is installed: else SUT_REFUSED (rule "package") with the command that
 * installs it, or with install that command is run.
 */
enum sut_rc sut_package_prepare(struct sut_arena *arena, const char *scratch,
				const struct sut_package *package, const char *folder, bool install,
				struct sut_diag *diag);

/* Where the package was built, as a binary of it says; NULL: it does not. */
const char *sut_package_origin(struct sut_arena *arena, const struct sut_package *package,
			       struct sut_bytes binary);

#endif
