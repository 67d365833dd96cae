/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands, and how a file of them is played. */
#ifndef SUT_SIM_PLAY_H
#define SUT_SIM_PLAY_H

#include "sim/world.h"

/* A word of a command, understood as the table of commands says. */
struct sut_arg {
	const char *text;
	struct sut_sim_task *task;
	struct sut_sim_patch *patch;
	struct sut_sim_object *object;
	struct sut_sim_place place;
	unsigned long number;
};

enum { SUT_ARGS_MAX = 4 };

struct sut_args {
	const char *line; /* all of it */
	const struct sut_words *words;
	struct sut_arg arg[SUT_ARGS_MAX];
	size_t count;
	struct sut_words rest; /* what the command reads by itself */
	struct sut_sim_task *by;
};

struct sut_command {
	const char *name; /* one word, or two */
	/*
	 * One letter per word: T task, P patch, O object, F function, n number, w any word; before
	 * ? words may be missing; b: perhaps `by TASK`; *: any further words, see rest.
	 */
	const char *args;
	/* False: sut_bad() has been called. */
	bool (*run)(struct sut_world *world, const struct sut_args *args);
	bool may_be_done; /* by `let ... do` */
};

const struct sut_command *sut_command_find(const struct sut_words *words);
bool sut_args_parse(struct sut_world *world, const struct sut_command *command, const char *line,
		    const struct sut_words *words, struct sut_args *args);

/* Plays all of it. False: the line with that number is none of a scenario, world->reason says why.
 */
bool sut_play(struct sut_world *world, const struct sut_script *script, size_t *line);

#endif
