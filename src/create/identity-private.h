/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of sut_identity_make(); internal to identity*.c. */
#ifndef SUT_CREATE_IDENTITY_PRIVATE_H
#define SUT_CREATE_IDENTITY_PRIVATE_H

#include "create/delta.h"
#include "create/identity.h"

/* A function of the target that may become part of a patch. */
struct sut_identity_function {
	struct sut_part *part;
	uint32_t def;
	bool left; /* it cannot be patched */
};

struct sut_identity_work {
	struct sut_arena *arena;
	const struct sut_create_options *options;
	const struct sut_identity_choice *choice;
	struct sut_identity *identity;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
	size_t unit_count;
	struct sut_unit *units;
	struct sut_extract extract; /* the parts, without a patch */
	size_t count, capacity;
	struct sut_identity_function *functions; /* by part, then definition */
};

void sut_identity_progress(struct sut_identity_work *work, const char *text);
void sut_identity_leave(struct sut_identity_work *work, const char *rule, const char *function,
			const char *unit, const char *message);

/* Compiles the wanted units into the folder. */
enum sut_rc sut_identity_compile(struct sut_identity_work *work, const char *folder);

/* Finds the functions, and leaves out those that cannot be patched even alone. */
enum sut_rc sut_identity_judge(struct sut_identity_work *work);

/* Counts the function with all its pieces as changed, or not any more. */
void sut_identity_change(const struct sut_identity_function *function, enum sut_change change);

/*
 * Fills a patch with all functions that count as changed, in their order; extract->arena and
 * verdict are set.
 */
enum sut_rc sut_identity_extract(struct sut_identity_work *work, struct sut_extract *extract,
				 struct sut_patch *patch);

#endif
