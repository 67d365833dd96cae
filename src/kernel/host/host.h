/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running kernel as a host of patches. The kernel does the patching itself (kernel/livepatch);
 * what is here loads and unloads livepatch modules, follows transitions, and says what the kernel
 * only says by an errno, or not at all: why a patch would be refused, which task holds a transition
 * up, and what would free it.
 *
 * All state is the kernel's and is read anew by each call: nothing is kept in files or between
 * calls. A command that dies leaves the kernel as it is, and the next one goes on from there.
 */
#ifndef SUT_KERNEL_HOST_HOST_H
#define SUT_KERNEL_HOST_HOST_H

#include "base/arena.h"
#include "base/diag.h"
#include "kernel/host/provenance.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What is asked of the kernel other than by reading. Errors are negative errno. */
struct sut_host_calls {
	int (*write)(void *context, const char *path, const char *value); /* to a control file */
	int (*load)(void *context, int fd);                               /* finit_module(2) */
	int (*unload)(void *context, const char *name); /* delete_module(2), never waits */
	uint64_t (*now)(void *context);                 /* nanoseconds, monotonic */
	void (*sleep)(void *context, uint64_t ns);
};

struct sut_host {
	const char *root; /* the folder that has proc, sys and dev: "" here, another one in tests */
	const struct sut_host_calls *calls;
	void *context; /* of calls */
};

/* The kernel that runs this program. */
extern const struct sut_host sut_host_here;

struct sut_host_func {
	const char *name;
	uint64_t sympos; /* 1 for a name that is unique, as sysfs has it */
};

struct sut_host_object {
	const char *name; /* "vmlinux", or a module */
	bool loaded;
	bool patched; /* false: waits for its module */
	bool refused; /* the kernel's log: this module was not loaded because of the patch */
	size_t func_count;
	struct sut_host_func *funcs;
};

struct sut_host_patch {
	const char *name;
	bool enabled;    /* or on the way there */
	bool transition; /* the one patch that is on its way */
	int replace;     /* 1, 0; -1: neither this kernel says (before 6.11) nor the module */
	bool ours;       /* its module has suture's note: */
	struct sut_provenance provenance;
	double age_s; /* since it was enabled; negative: the kernel's log does not go back so far */
	size_t object_count;
	struct sut_host_object *objects;
	size_t func_count; /* of all objects */
};

struct sut_host_state {
	const char *release;
	size_t patch_count;
	struct sut_host_patch *patches;      /* newest first, as their modules were loaded */
	const struct sut_host_patch *moving; /* in transition, or NULL */
	double transition_s;   /* how long; negative: the kernel's log does not go back so far */
	size_t tasks, pending; /* threads seen (none: not root), and those that have not switched */
	/* Modules of patches that were reverted or replaced, and are still loaded. */
	size_t leftover_count;
	const char **leftovers;
};

/* SUT_UNSUPPORTED (rule "kernel-livepatch"): this kernel has no livepatches. */
enum sut_rc sut_host_state_read(const struct sut_host *host, struct sut_arena *arena,
				struct sut_host_state *state, struct sut_diag *diag);

/* The patch of that name, or NULL. */
const struct sut_host_patch *sut_host_patch_find(const struct sut_host_state *state,
						 const char *name);

/*
 * A newer patch that has a function of this one, or NULL. Under it Linux 6.1 can disable a patch,
 * but not turn that round: klp_check_stack_func() then takes the end of the list of versions for
 * one of them, and the transition may never end.
 */
const struct sut_host_patch *sut_host_patch_over(const struct sut_host_state *state,
						 const struct sut_host_patch *patch);

/* "applied", "applying", "reverting", "disabled". */
const char *sut_host_patch_state(const struct sut_host_patch *patch);

struct sut_host_frame {
	const char *name;
	const char *module; /* "" for vmlinux */
	bool blocks;        /* this is code of the version that is left */
};

enum sut_host_reason {
	SUT_HOST_ASLEEP,  /* code of the version that is left is on its stack */
	SUT_HOST_RUNNING, /* on a processor, or ready to: stacks of such tasks are not looked at */
	SUT_HOST_UNSEEN,  /* nothing of the kind on its stack: it will go over, or the kernel holds
			     the  stack for unreliable */
};

struct sut_host_blocker {
	pid_t tid, pid;
	const char *comm;
	char state; /* as ps(1) has it */
	int cpu;
	bool kthread;
	enum sut_host_reason reason;
	const char *function; /* ASLEEP: the blocking function nearest to the top of the stack */
	const char *module;   /* where its code is; "" for vmlinux */
	const char *version;  /* the patch that this code is of; "": the original */
	bool main;            /* ... and the thread's main function, which it never leaves */
	double since_s;       /* for so long it has held up the transition; negative: not known */
	size_t frame_count;
	struct sut_host_frame *frames; /* innermost first; none of a task that runs */
	const char *waits;             /* "read of 3 (/proc/x)"; "": not in a system call */
	const char *remedy;            /* what frees it: a sentence */
};

struct sut_host_blockers {
	size_t count;
	struct sut_host_blocker *list;
};

/* Who holds up the transition of state->moving, at most max of them; nobody when it is NULL. */
void sut_host_blockers_read(const struct sut_host *host, struct sut_arena *arena,
			    const struct sut_host_state *state, size_t max,
			    struct sut_host_blockers *blockers);

/* What the operator should know although nothing forbids it. */
struct sut_host_warning {
	const char *rule;
	const char *message;
};

enum sut_host_outcome {
	SUT_HOST_DONE,    /* as was asked for */
	SUT_HOST_NOTHING, /* it was so before */
	SUT_HOST_BLOCKED, /* the transition stays open */
	SUT_HOST_BACK,    /* it took too long and was turned round: all is as before */
};

struct sut_host_effect {
	const char *patch;
	enum sut_host_outcome outcome;
	bool resumed;        /* it was on its way when the command began */
	size_t func_count;   /* of the patch; 0: not known */
	double load_s;       /* in finit_module(2) */
	double transition_s; /* from then on */
	size_t warning_count, warning_capacity;
	struct sut_host_warning *warnings;
	size_t removed_count, removed_capacity;
	const char **removed; /* modules that were unloaded */
	size_t stays_count, stays_capacity;
	const char **stays; /* modules that could not be, for something refers to them */
	size_t log_count, log_capacity;
	const char **log;     /* what the kernel's log said of livepatches meanwhile */
	size_t blocker_total; /* when time was up */
	struct sut_host_blockers blockers;
};

struct sut_host_options {
	uint64_t wait_ns; /* for a transition */
	bool keep;        /* when time is up, leave it open and do not turn round */
	void (*progress)(void *context, const struct sut_host_state *state); /* may be NULL */
	void *context;
};

/*
 * Loads the livepatch module at path, and follows its transition. replaces, if not NULL, is the
 * name of a patch that must be in use, and path must be one that replaces (rule "kernel-replace").
 */
enum sut_rc sut_host_apply(const struct sut_host *host, struct sut_arena *arena, const char *path,
			   const char *replaces, const struct sut_host_options *options,
			   struct sut_host_effect *effect, struct sut_diag *diag);

/*
 * What sut_host_apply() would say before it loads the module: outcome DONE (it would be applied),
 * warnings, and the tasks that sleep where they would block. NOTHING: it is applied. BLOCKED: its
 * transition is under way.
 */
enum sut_rc sut_host_plan(const struct sut_host *host, struct sut_arena *arena, const char *path,
			  struct sut_host_effect *effect, struct sut_diag *diag);

/* Disables a patch, follows the transition, unloads its module. */
enum sut_rc sut_host_revert(const struct sut_host *host, struct sut_arena *arena, const char *name,
			    const struct sut_host_options *options, struct sut_host_effect *effect,
			    struct sut_diag *diag);

/*
 * Ends the transition of this patch although tasks block it. They may mix versions, and modules
 * whose code they may still be in stay for ever. SUT_REFUSED (rule "kernel-force"): it is in none.
 */
enum sut_rc sut_host_force(const struct sut_host *host, struct sut_arena *arena, const char *name,
			   const struct sut_host_options *options, struct sut_host_effect *effect,
			   struct sut_diag *diag);

#endif
