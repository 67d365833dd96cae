/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process host: apply, look at and revert patches of running processes. Each call opens the
 * target, works, and leaves; what it finds is read from the target's memory.
 */
#ifndef SUT_PROCESS_PROCESS_H
#define SUT_PROCESS_PROCESS_H

#include "elf/patchfile.h"
#include "process/look.h"
#include "process/rt/layout.h"

#include <sys/types.h>

/* What a transition did to the target, measured. */
struct sut_effect {
	enum sut_rt_state state; /* of the patch, at the end */
	bool nothing;            /* it was in that state before */
	bool resumed;            /* a transition that was under way was finished */
	uint64_t total_ns;       /* of the whole call */
	uint64_t switch_ns;      /* from arming to the end of looking */
	size_t threads;
	struct sut_enter_cost cost;
	size_t functions;
	size_t direct; /* functions whose calls cost one jump at rest; the others cost two */
	struct sut_blockers blockers;
	size_t late; /* objects that are waited for */
	size_t refused_count;
	const char **refused; /* functions that stand against the patch (rule "entry") */
};

struct sut_effect_options {
	uint64_t wait_ns;      /* for threads to go over */
	uint64_t max_pause_ns; /* longest stop of the whole process; 0: none is allowed */
	uint64_t trial_ns;     /* apply: when it is to be taken back, by sut_boot_ns(); 0: never */
	bool keep_timeouts;    /* no system call's time-out may begin anew: rather SUT_RETRY */
	bool late;             /* apply: none of its objects needs to be there */
	bool overdue;          /* revert: nothing is done if it has been confirmed */
	void (*progress)(void *context, const struct sut_blockers *blockers);
	void *context;
};

/* digest: SHA-256 of the patch file. Lists in *effect live in the arena. */
enum sut_rc sut_apply(struct sut_arena *arena, pid_t pid, const struct sut_patch *patch,
		      const unsigned char digest[SUT_SHA256_SIZE],
		      const struct sut_effect_options *options, struct sut_effect *effect,
		      struct sut_diag *diag);

enum sut_rc sut_revert(struct sut_arena *arena, pid_t pid, const char *name,
		       const struct sut_effect_options *options, struct sut_effect *effect,
		       struct sut_diag *diag);

/*
 * Ends the transition of this patch although threads have not gone over: they finish the version
 * they are in while others run the new one. SUT_REFUSED (rule "transition"): it is in none.
 */
enum sut_rc sut_force(struct sut_arena *arena, pid_t pid, const char *name,
		      const struct sut_effect_options *options, struct sut_effect *effect,
		      struct sut_diag *diag);

/* A thread that is in a function which the patch replaces. */
struct sut_forecast_thread {
	struct sut_blocker blocker; /* as it was seen last */
	size_t seen;                /* looks that found it there; all of them: it may never leave */
};

/* What applying a patch would come to. */
struct sut_forecast {
	char name[32];      /* of the process */
	bool applied;       /* it is in use already */
	const char *moving; /* a patch whose transition runs, and has to end first; or NULL */
	bool placed;        /* the process has our run-time */
	bool kept;          /* ... and the new code, from an earlier time */
	size_t functions;   /* that are redirected, those included that a replaced patch has */
	uint64_t mapped;    /* bytes of memory that would be added */
	size_t replaced_count;
	const char **replaced; /* names of patches that would go */
	size_t refused_count;
	const char **refused; /* functions that stand against it (rule "entry") */
	bool switches_stacks; /* so the process will be stopped whole, at the end ... */
	uint64_t pause_ns;    /* ... and for how long, by what it has in memory now */
	size_t late;          /* objects that are not there, and would be patched when they come */
	size_t looks;         /* how often all threads were looked at */
	size_t threads;
	size_t running; /* at the last look: nobody knows where, and they go over by themselves */
	size_t thread_count;
	struct sut_forecast_thread *list;
};

/*
 * Works out what sut_apply() would do now, and looks at the threads for watch_ns nanoseconds. The
 * target is only read. Fails as sut_apply() would; late: as in struct sut_effect_options.
 */
enum sut_rc sut_forecast_apply(struct sut_arena *arena, pid_t pid, const struct sut_patch *patch,
			       const unsigned char digest[SUT_SHA256_SIZE], bool late,
			       uint64_t watch_ns, struct sut_forecast *forecast,
			       struct sut_diag *diag);

/*
 * The patch stays: it is on trial no longer. *nothing: it was not. SUT_REFUSED (rule "name"): it is
 * not in use there.
 */
enum sut_rc sut_confirm(struct sut_arena *arena, pid_t pid, const char *name, bool *nothing,
			struct sut_diag *diag);

/* CLOCK_BOOTTIME, which goes on while the machine sleeps and is the same in all processes. */
uint64_t sut_boot_ns(void);

struct sut_state_func {
	const char *name;
	uint64_t entry;
	uint64_t code;
	bool direct;
	bool runs;  /* no newer patch in use has this function */
	bool waits; /* its object is not there; entry and code are 0 */
};

struct sut_state_patch {
	const char *name;
	const char *version;
	unsigned char digest[SUT_SHA256_SIZE];
	enum sut_rt_state state;
	bool reversed;      /* the running transition goes back */
	unsigned int order; /* among the patches in use, 1 is the oldest; 0: not in use */
	bool replace;
	unsigned int replace_set;
	uint64_t kept_bytes;
	uint64_t trial_ns; /* of a patch in use: as in struct sut_effect_options */
	size_t func_count;
	struct sut_state_func *funcs;
};

/* An object that a patch in use waits for, or that came after its patch. */
struct sut_state_late {
	const char *name;
	const char *build_id; /* hex digits */
	enum sut_rt_late_state state;
	enum sut_rt_late_reason reason; /* LEFT, and REFUSED: why */
	int error;                      /* an errno, or 0 */
	uint64_t came;                  /* how often it was patched when it came */
	uint64_t more;                  /* instances in other namespaces that are not patched */
	uint64_t others;                /* objects of its name that are another build */
	const char *other_id;           /* the build-id of one of those */
};

/* What a target's memory says. */
struct sut_state {
	pid_t pid;
	char name[32];
	size_t patch_count; /* newest first; 0: not patched by us */
	struct sut_state_patch *patches;
	size_t late_count;
	struct sut_state_late *lates;
	uint64_t missed;     /* changes of what is loaded that could not be followed */
	size_t shadow_count; /* shadow variables */
	bool in_transition;
	uint64_t transition_ns; /* how long it has been running */
	struct sut_blockers blockers;
};

enum sut_rc sut_state_read(struct sut_arena *arena, pid_t pid, struct sut_state *state,
			   struct sut_diag *diag);

/* "applied", "applying", ... */
const char *sut_state_name(enum sut_rt_state state);

struct sut_pid_list {
	size_t count, capacity;
	pid_t *pids;
};

/* The processes that a target string names: "pid:N", "exe:PATH", or NULL for all. */
enum sut_rc sut_targets_find(struct sut_arena *arena, const char *target, struct sut_pid_list *pids,
			     struct sut_diag *diag);

/* How a file appears in maps. Zeroed: no file. */
struct sut_mapped_file {
	char text[64];
};

/*
 * Has the process one of the patch's objects in memory, as far as we may look? *known: the file of
 * the object in the process that was asked before, which this one may map, too: then it has it,
 * and nothing else is looked at. An apply looks again. Of one patch, and one thread.
 */
bool sut_target_fits(pid_t pid, const struct sut_patch *patch, struct sut_mapped_file *known);

#endif
