/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder that profiles are kept in.
 *
 *   profiles/NAME   whole profiles; one comes and goes by rename
 *   build-id/HEX    links to the profile of each target
 *   making/XXXXXX   what is being made; whoever works there holds a lock on it
 *   lock            held for moments: while work begins, and while profiles come and go
 *
 * A process that dies loses its lock, and the next one that begins removes what is left. A profile
 * says which programs create runs, so one is only believed from folders that nobody else can write.
 */
#ifndef SUT_PROFILE_CACHE_H
#define SUT_PROFILE_CACHE_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

struct sut_cache_work {
	const char *root;   /* of the cache */
	const char *folder; /* to work in, empty at first */
	int lock;
};

enum { SUT_CACHE_ROOTS = 2 };

/*
 * Where profiles are looked for, the own folder first: $SUTURE_CACHE alone, or /var/cache/suture,
 * for users after $XDG_CACHE_HOME/suture or ~/.cache/suture. Returns how many.
 */
size_t sut_cache_roots(struct sut_arena *arena, const char *roots[SUT_CACHE_ROOTS]);

/* SUT_REFUSED (rule "cache") for a path that somebody else may have written. SUT_GONE: not there.
 */
enum sut_rc sut_cache_trust(const char *path, struct sut_diag *diag);

/* Letters, digits and . _ + ~ -, the first a letter or digit. */
bool sut_cache_name_valid(const char *name);

/* A folder to work in, in the own cache, which is made when it is not there. */
enum sut_rc sut_cache_begin(struct sut_arena *arena, struct sut_cache_work *work,
			    struct sut_diag *diag);

/* Removes the folder with what is left in it. */
void sut_cache_end(struct sut_cache_work *work);

/* Puts a folder, which lies in the work's, in the place of the profile of that name. */
enum sut_rc sut_cache_put(struct sut_arena *arena, struct sut_cache_work *work, const char *folder,
			  const char *name, struct sut_diag *diag);

/* Takes a profile out; SUT_RETRY while somebody holds it, SUT_GONE when there is none. */
enum sut_rc sut_cache_take(struct sut_arena *arena, struct sut_cache_work *work, const char *name,
			   struct sut_diag *diag);

/* Whether SIGINT, SIGTERM or SIGHUP is blocked and waits: SUT_SYSTEM (rule "interrupted"). */
enum sut_rc sut_cache_interrupted(struct sut_diag *diag);

#endif
