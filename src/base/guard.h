/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scope guards for what a function must not leak. */
#ifndef SUT_BASE_GUARD_H
#define SUT_BASE_GUARD_H

#include "base/arena.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void sut_guard_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void sut_guard_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void sut_guard_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static inline void sut_guard_free(void *pointer)
{
	free(*(void **)pointer);
}

#define SUT_CLOSE    __attribute__((cleanup(sut_guard_close)))
#define SUT_FCLOSE   __attribute__((cleanup(sut_guard_fclose)))
#define SUT_CLOSEDIR __attribute__((cleanup(sut_guard_closedir)))
#define SUT_FREE     __attribute__((cleanup(sut_guard_free)))
#define SUT_ARENA    __attribute__((cleanup(sut_arena_deinit)))

#define SUT_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
