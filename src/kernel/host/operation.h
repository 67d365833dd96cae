/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What apply, revert and force have in common: an operation on one patch of the running kernel. */
#ifndef SUT_KERNEL_HOST_OPERATION_H
#define SUT_KERNEL_HOST_OPERATION_H

#include "kernel/host/host.h"
#include "kernel/klp/patch.h"
#include "kernel/klp/sign.h"

/* The file to be applied. */
struct sut_livepatch {
	int fd;
	struct sut_ko ko;
	struct sut_klp_patch klp;
	const char *name; /* of its module */
	struct sut_klp_signature signature;
	size_t func_count; /* 0: not known */
};

struct sut_operation {
	const struct sut_host *host;
	struct sut_arena *arena; /* of the effect */
	const struct sut_host_options *options;
	struct sut_host_effect *effect;
	const char *name; /* of the patch */
	int log_fd;       /* the kernel's log from the beginning on, or -1 */
};

void sut_operation_start(struct sut_operation *operation);
void sut_operation_end(struct sut_operation *operation);

/* rule: a warning's. */
void sut_operation_warn(struct sut_operation *operation, const char *rule, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Nanoseconds by the host's clock. */
uint64_t sut_operation_now(const struct sut_operation *operation);
double sut_operation_seconds(const struct sut_operation *operation, uint64_t since);

/*
 * Waits until the patch is in no transition, as long as the options say. false: it still is, and
 * the blockers are in the effect. While nobody blocks, the kernel is at work on the functions (0.16
 * s for each that goes), and that has its own, longer limit.
 */
bool sut_operation_follow(struct sut_operation *operation, size_t func_count);

/*
 * Time is up: turns the transition round and waits for that, at least until the kernel has
 * interrupted who blocks it. The effect's blockers remain those that were in the way before;
 * outcome BACK, or BLOCKED when the way back is blocked as well, or DONE when a disable ended
 * before it could be turned round.
 */
enum sut_rc sut_operation_turn_round(struct sut_operation *operation, bool enabled,
				     size_t func_count, struct sut_diag *diag);

/*
 * Unloads the module of a patch that left: the kernel gives it up a moment after the transition, or
 * never, when the transition was forced. Says in the effect what became of it.
 */
bool sut_operation_unload(struct sut_operation *operation, const char *module);

/* Writes 0 or 1 to the patch's `enabled`. SUT_RETRY: another transition is open. */
enum sut_rc sut_operation_enable(struct sut_operation *operation, bool enabled,
				 struct sut_diag *diag);

/* SUT_RETRY (rule "kernel-transition"): a patch other than this one is in transition. */
enum sut_rc sut_operation_turn(const struct sut_operation *operation,
			       const struct sut_host_state *state, struct sut_diag *diag);

/* The file, opened and read; SUT_INVALID for what is no livepatch. Its fd is closed with it. */
enum sut_rc sut_livepatch_open(struct sut_arena *arena, const char *path,
			       struct sut_livepatch *livepatch, struct sut_diag *diag);
void sut_livepatch_close(struct sut_livepatch *livepatch);

/* Whether the module that is loaded under this name is the one of the file. */
bool sut_livepatch_is_loaded(const struct sut_host *host, const struct sut_livepatch *livepatch);

/* SUT_REFUSED (rule "kernel-name"); holder: "another patch". */
enum sut_rc sut_livepatch_refuse_name(const struct sut_livepatch *livepatch, const char *holder,
				      struct sut_diag *diag);

/* All that the kernel would refuse, and what it would do without a word although it is wrong. */
enum sut_rc sut_livepatch_check(struct sut_operation *operation,
				const struct sut_livepatch *livepatch,
				const struct sut_host_state *state, struct sut_diag *diag);

/* Each function and private symbol against the kernel's own list of symbols. */
enum sut_rc sut_livepatch_check_symbols(const struct sut_host *host,
					const struct sut_livepatch *livepatch,
					struct sut_diag *diag);

/* Warns of tracers and kprobes on functions of the patch; refuses what excludes it. */
enum sut_rc sut_livepatch_check_tracers(struct sut_operation *operation,
					const struct sut_livepatch *livepatch,
					const struct sut_host_state *state, struct sut_diag *diag);

#endif
