/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suture-sim --explore: cases of one exploration, run by name or all. */
#ifndef SUT_SIM_EXPLORE_COMMAND_H
#define SUT_SIM_EXPLORE_COMMAND_H

#include "sim/explore.h"

/* A case, as far as the command knows it. */
struct sut_explore_case {
	const char *kind; /* "rules", "mutation" ...: names all cases of that kind */
	char name[64];
	bool is_long; /* only run when asked for */
};

/* A case that is open: what is explored. */
struct sut_explore_subject {
	const struct sut_explore_model *model;
	const void *world;
	void *own; /* the exploration's */
};

struct sut_exploration {
	const char *name; /* "core", "lazy" */
	/* The index-th case; false: there are no more. */
	bool (*find)(size_t index, struct sut_explore_case *found);
	/* Of a case that there is. close() gives back what open() took. */
	void (*open)(size_t index, struct sut_explore_subject *subject);
	void (*close)(struct sut_explore_subject *subject);
	bool (*is_expected)(size_t index, const struct sut_explore_result *result);
};

/* Exit status: 0 all as expected, 1 not, 2 wrong usage. argv begins with the exploration's name. */
int sut_explore_command(const struct sut_exploration *exploration, int argc, char **argv);

extern const struct sut_exploration sut_exploration_core;
extern const struct sut_exploration sut_exploration_lazy;

#endif
