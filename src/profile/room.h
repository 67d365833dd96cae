/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A room: a private view of the file system in which a build runs, gone when the build is.
 *
 * Everything is where it always is, except that a folder of ours appears at another path (where
 * Debian built the package), and that this program lies over the compilers (units/record.h). It
 * takes namespaces of mounts and processes, and of users when it is not root who asks. Nothing of
 * it is left, however it ends: all processes in it end with the first one, and that one with us.
 */
#ifndef SUT_PROFILE_ROOM_H
#define SUT_PROFILE_ROOM_H

#include "base/arena.h"
#include "base/diag.h"
#include "units/record.h"

#include <stdbool.h>

struct sut_room {
	const char *folder;    /* private and empty: the room's root is made there */
	const char *inner;     /* a folder of ours; NULL: all is where it is */
	const char *path;      /* absolute: where it appears in the room */
	const char *directory; /* where the command runs, as the room has it */
	char *const *argv;
	const char **variables; /* "NAME=value" to set, NULL-terminated; may be NULL */
	bool fresh;             /* they are all of the environment, and the umask is 022 */
	const char *output;     /* file that takes what the command writes */
	const struct sut_recorder *recorder; /* of the build; its links and log are shown inside */
	void (*tick)(void *context);         /* a few times a second */
	void *context;
};

/*
 * Runs the command in a room; with plain, without one: then inner must be NULL, and the recorder is
 * found through PATH. *status is its exit status, or 128 + the signal that ended it.
 * SUT_UNSUPPORTED: this system lets us have no room, and nothing was run. SUT_SYSTEM (rule
 * "interrupted"): SIGINT, SIGTERM or SIGHUP is blocked and came; all of it has ended.
 */
enum sut_rc sut_room_run(struct sut_arena *arena, const struct sut_room *room, bool plain,
			 int *status, struct sut_diag *diag);

#endif
