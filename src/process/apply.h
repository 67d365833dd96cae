/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One application of a patch to one target, in its steps. */
#ifndef SUT_PROCESS_APPLY_H
#define SUT_PROCESS_APPLY_H

#include "process/link.h"
#include "process/memory.h"
#include "process/process.h"

struct sut_application {
	struct sut_arena *arena;
	const struct sut_patch *patch;
	const unsigned char *digest;
	uint64_t trial_ns; /* as in struct sut_effect_options */
	bool late;         /* likewise */
	struct sut_target target;
	struct sut_runtime runtime;
	struct sut_memory memory;
	const struct sut_patch *laid;      /* with objects that may come again: see again.h */
	const struct sut_object **objects; /* of that, in the target */
	struct sut_plan plan;
	struct sut_zone **zones;   /* one per object */
	struct sut_zone *home;     /* for what describes the patch */
	size_t late_count;         /* objects that are not in the target */
	size_t again_count;        /* that are, and are prepared for their next instance */
	size_t noticed_count;      /* that are, and it is noticed when they go: all of those, too */
	struct sut_late **noticed; /* one per object of the patch, or NULL */
	bool watched;              /* the target was made to notice objects */
	struct sut_link link;
	size_t func_count; /* changed functions only, for each instance */
	struct sut_rt_func *funcs;
	size_t refused_count;
	const char **refused; /* functions whose entry cannot be taken */
	uint64_t record;      /* address of struct sut_rt_patch */
	uint64_t transition;
};

/*
 * Opens the target, to change it or only to look (see sut_drive_open()), and reads what is in its
 * memory. arena, patch and digest are set by the caller; target.close is the caller's, also on
 * failure.
 */
enum sut_rc sut_application_open(struct sut_application *a, pid_t pid, bool change,
				 struct sut_diag *diag);

/* Refuses (rule "name") a patch when another one of its name is in use. */
enum sut_rc sut_application_check_name(const struct sut_application *a, struct sut_diag *diag);

/* Finds the objects, and checks that the patch fits what is in use and in memory. */
enum sut_rc sut_application_check(struct sut_application *a, struct sut_diag *diag);

/* Checks that the patch fits and works everything out. The target is only read. */
enum sut_rc sut_application_plan(struct sut_application *a, struct sut_diag *diag);

/*
 * The records of all changed functions into a->funcs: those of the patch file in their order, then
 * those of instances that may come.
 */
enum sut_rc sut_application_plan_funcs(struct sut_application *a, struct sut_diag *diag);
/* What the lists of a function take in the target, and more. */
uint64_t sut_application_func_size(const struct sut_patch_func *func);

/* Do the target's objects, as they were read, agree with what its memory knew of them then? */
bool sut_application_agrees(const struct sut_application *a);
/* Reads the objects anew: has one of the patch's gone? */
bool sut_application_lost(struct sut_application *a);
/* May one of them come or go at any time? */
bool sut_application_may_lose(const struct sut_application *a);

/* The same, and puts it into the target's memory, where nothing leads to it yet. */
enum sut_rc sut_application_prepare(struct sut_application *a, struct sut_diag *diag);

#endif
