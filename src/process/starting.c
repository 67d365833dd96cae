// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/starting.h"
#include "base/io.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool has_program(const struct sut_target *target)
{
	for (size_t i = 0; i < target->map_count; i++)
		if (target->maps[i].exec && target->maps[i].inode)
			return true;
	return false;
}

static bool same_maps(const struct sut_map *a, const struct sut_map *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i].start != b[i].start || a[i].end != b[i].end)
			return false;
	return true;
}

/* Its state as /proc shows it, and the processor time of all its threads. */
static char read_stat(const struct sut_target *target, unsigned long *ticks)
{
	char text[1024], state = '\0';
	unsigned long user = 0, kernel = 0;
	const char *rest;

	if (sut_proc_read(target->folder, "stat", text, sizeof(text)) < 0)
		return '\0';
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state,
			    &user, &kernel) != 3)
		return '\0';
	*ticks = user + kernel;
	return state;
}

bool sut_starting(struct sut_starting *s, struct sut_target *target)
{
	enum { TURNS = 50, PAUSE_US = 20 * 1000, LONG_TICKS = 2 };
	const struct sut_map *maps = target->maps;
	size_t count = target->map_count;
	struct sut_diag ignored = {0};
	unsigned long ticks = 0;
	char state = read_stat(target, &ticks);

	if (!s->turns++)
		s->ticks = ticks;
	/* Without memory it is a kernel thread or a zombie. */
	if (!count || !state || s->turns > TURNS)
		return false;
	usleep(PAUSE_US);
	if (sut_target_refresh(target, &ignored) != SUT_OK)
		return false;
	state = read_stat(target, &ticks);
	/* Who begins runs, or waits for a disk. */
	if (state != 'S' && ticks - s->ticks < LONG_TICKS)
		return true;
	return !has_program(target) || target->map_count != count ||
	       !same_maps(target->maps, maps, count);
}
