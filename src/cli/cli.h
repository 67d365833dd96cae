/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of the command line: one table entry per command, one file per command. Help text,
 * completions and the option part of the man pages come from these tables.
 */
#ifndef SUT_CLI_CLI_H
#define SUT_CLI_CLI_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/out.h"

#include <stdbool.h>
#include <stddef.h>

/* The documented exit statuses. */
enum sut_exit {
	SUT_EXIT_DONE = 0,
	SUT_EXIT_USAGE = 1, /* wrong usage, a failing system call, or a bug of ours */
	SUT_EXIT_NOTHING = 2,
	SUT_EXIT_BLOCKED = 3, /* not now; try again */
	SUT_EXIT_REFUSED = 4,
	SUT_EXIT_UNSUPPORTED = 5,
	SUT_EXIT_REVERTED = 6,
};

struct sut_option {
	const char *name;     /* long name without dashes */
	const char *argument; /* its placeholder in help ("FILE"), or NULL for a flag */
	const char *help;     /* one line */
};

enum { SUT_OPTIONS_MAX = 32, SUT_OPTION_VALUES = 256 };

/* One call of a command, options parsed. */
struct sut_call {
	const struct sut_command *command;
	bool json;
	bool verbose;
	bool quiet;
	/* In the order of the command line: which option of the command's table, and its value. */
	size_t value_count;
	struct {
		unsigned int option;
		const char *value;
	} value[SUT_OPTION_VALUES];
	int argc; /* operands */
	char **argv;
};

struct sut_command {
	const char *name;
	const char *operands; /* "FILE [TARGET...]" */
	const char *summary;  /* one line */
	const struct sut_option *options;
	size_t option_count;
	bool takes_rest; /* what follows the first operand belongs to it, dashes included */
	bool hidden;     /* for the build and for shells; not in the overview */
	int (*run)(struct sut_call *call);
};

extern const struct sut_command sut_command_create;
extern const struct sut_command sut_command_convert;
extern const struct sut_command sut_command_extract;
extern const struct sut_command sut_command_profile;
extern const struct sut_command sut_command_record;
extern const struct sut_command sut_command_inspect;
extern const struct sut_command sut_command_verify;
extern const struct sut_command sut_command_explain;
extern const struct sut_command sut_command_plan;
extern const struct sut_command sut_command_apply;
extern const struct sut_command sut_command_confirm;
extern const struct sut_command sut_command_status;
extern const struct sut_command sut_command_blockers;
extern const struct sut_command sut_command_revert;
extern const struct sut_command sut_command_replace;
extern const struct sut_command sut_command_force;
extern const struct sut_command sut_command_gc;
extern const struct sut_command sut_command_symbols;
extern const struct sut_command sut_command_completion;
extern const struct sut_command sut_command_manual;

/* The last value given for an option, or NULL; "" for a flag that was given. */
const char *sut_call_option(const struct sut_call *call, const char *name);

/* The next value of an option that may be given several times. *position starts at 0. NULL at the
 * end. */
const char *sut_call_next(const struct sut_call *call, const char *name, size_t *position);

/* All values of an option, in the arena; NULL: none. Returns how many. */
size_t sut_call_all(const struct sut_call *call, struct sut_arena *arena, const char *name,
		    const char ***values);

/* Prints a usage error for this command and returns SUT_EXIT_USAGE. */
int sut_usage_error(const struct sut_call *call, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Exit status that documents rc. */
int sut_exit_of(enum sut_rc rc);

/*
 * Reports a failure through the document: headline with the origin and its context, remedy, and
 * the fields "error": {code, rule, message, context[], remedy}. Returns the exit status.
 */
int sut_report_failure(struct sut_out *out, enum sut_rc rc, const struct sut_diag *diag);

/* Starts the document of a call on standard output. fields: print fields in text even without
 * --verbose. */
void sut_call_out(const struct sut_call *call, struct sut_out *out, const char *schema,
		  bool fields);

/* Ends the document; a failing write turns a status of 0 into SUT_EXIT_USAGE. */
int sut_call_end(struct sut_out *out, int status);

/*
 * Progress of long work: one line on standard error, rewritten, only on a terminal and without
 * --json and --quiet. fmt NULL clears it.
 */
void sut_progress(const struct sut_call *call, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
