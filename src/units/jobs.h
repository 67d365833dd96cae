/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Child processes of create: compilers and patch(1), without a shell, a few side by side. */
#ifndef SUT_UNITS_JOBS_H
#define SUT_UNITS_JOBS_H

#include "base/arena.h"
#include "base/diag.h"

#include <stddef.h>
#include <stdint.h>

struct sut_job {
	const char **argv;      /* NULL-terminated; argv[0] is looked for in PATH */
	const char *directory;  /* where it runs */
	const char **variables; /* "NAME=value" to set, NULL-terminated; may be NULL */
	const char *output;     /* file that takes its standard output; NULL: nowhere */
	const char *errors;     /* file that takes its standard error; NULL: nowhere */
	int status;             /* its exit status, or 128 + the signal that ended it */
};

/*
 * Runs all jobs, at most `parallel` at a time, and waits for them. A job that fails is no error:
 * its status says so. SUT_SYSTEM when one cannot be started (rule "tool" when its program is not
 * there), or when SIGINT, SIGTERM or SIGHUP is blocked and pending: then all children have ended.
 */
enum sut_rc sut_jobs_run(struct sut_arena *arena, struct sut_job *jobs, size_t count,
			 unsigned int parallel, struct sut_diag *diag);

/* The command as one that ends when this process is killed: for what would go on for long. */
const char **sut_job_bound(struct sut_arena *arena, const char *const *argv);

/* This process's environment with variables ("NAME=value", NULL-terminated, may be NULL) set. */
const char **sut_environment(struct sut_arena *arena, const char **variables);

/* The first lines of a job's standard error, "" when there are none. */
const char *sut_job_errors(struct sut_arena *arena, const struct sut_job *job);

/* The command as one line for a message, quoted for a shell. */
const char *sut_job_line(struct sut_arena *arena, const char *const *argv);

#endif
