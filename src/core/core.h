/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The livepatch model, for any host. docs/semantics.md is its specification.
 *
 * The core is data and rules only: it calls nothing but the operations that its host gives, has no
 * global, no clock, no thread and no memory of its own. Who uses a core serialises all calls
 * (the "lock" of the specification is the caller's). Functions that return int return 0 or a
 * negative errno of <linux/errno.h>, and on an error nothing has changed, unless they say
 * otherwise.
 */
#ifndef SUT_CORE_CORE_H
#define SUT_CORE_CORE_H

#include "core/livepatch.h"

/* The unit that carries a patch and that the patch's code lives in: a livepatch module, an image.
 */
struct module {
	const char *name;
	bool livepatch; /* it is marked as one */
	bool going;     /* no further reference can be taken */
	unsigned int refs;
};

struct sut_core;

enum sut_callback { SUT_PRE_PATCH, SUT_POST_PATCH, SUT_PRE_UNPATCH, SUT_POST_UNPATCH };

/* The two versions that a transition leads between, and a task's patch_state. */
enum { SUT_UNDEFINED = -1, SUT_UNPATCHED = 0, SUT_PATCHED = 1 };

enum sut_core_event {
	SUT_PATCHING_COMPLETE,
	SUT_UNPATCHING_COMPLETE,
	SUT_PATCH_LEFT,           /* off the list; unless forced, its reference is given up */
	SUT_WARN_NO_TRANSITION,   /* klp_get_prev_state() outside a transition; patch is NULL */
	SUT_WARN_UNRELIABLE_STACK /* the host cannot check stacks: the transition may never end */
};

/*
 * What a host does for the core. Every operation gets the core, which is a member of the host's
 * own structure. An operation may be NULL where "optional" is said.
 */
struct sut_core_host {
	/* Zeroed memory, aligned for any type, or NULL. Used in sut_core_enable() only. */
	void *(*alloc)(struct sut_core *core, size_t size);
	void (*free)(struct sut_core *core, void *block, size_t size);

	/* Is the object of that name there? Never asked about main. */
	bool (*loaded)(struct sut_core *core, const char *name);
	/* Split patches, both or none: fetches an object's part, or gives it back. */
	int (*get_part)(struct sut_core *core, struct klp_object *obj);
	void (*put_part)(struct sut_core *core, struct klp_object *obj);
	/* Optional: applies, or clears, the relocations of the patch that need this object. */
	int (*relocate)(struct sut_core *core, struct klp_object *obj);
	void (*unrelocate)(struct sut_core *core, struct klp_object *obj);
	/*
	 * Fills old_func, old_size, new_size and the pieces of a function of a loaded object; for a
	 * nop new_func, too. -EINVAL: no such function, or not a unique one. A size may be left 0
	 * when it is not known.
	 */
	int (*resolve)(struct sut_core *core, struct klp_func *func);

	/* Before the first entry is pushed for an address, after the last one is gone. */
	int (*hook)(struct sut_core *core, void *old_func);
	void (*unhook)(struct sut_core *core, void *old_func);

	/* Calls one callback, which is not NULL; set is NULL for the object's plain ones. */
	int (*call)(struct sut_core *core, struct klp_object *obj, struct klp_callback_set *set,
		    enum sut_callback which);
	/* No user of the type is left: frees its variables, with the dtor of this one. */
	void (*collect)(struct sut_core *core, struct klp_object *obj,
			const struct klp_shadow_type *type);
	/* Returns when nobody can be inside the entry handler with what was there before. */
	void (*synchronize)(struct sut_core *core);
	/* Optional: something happened. */
	void (*event)(struct sut_core *core, enum sut_core_event event, struct klp_patch *patch);
};

/*
 * How tasks pass from one version to the other. sut_core_tasks is the kernel's way: each task's
 * stack is checked from outside. A host may bring another.
 */
struct sut_core_switch {
	/* core->transition and core->target are set: everybody is at the other version. */
	void (*begin)(struct sut_core *core);
	/* Optional: readies everything that can fail; the func_stacks are as they will be. */
	int (*prepare)(struct sut_core *core);
	/* From now on tasks switch. */
	void (*start)(struct sut_core *core);
	/* core->target is now the version that it was not before. */
	void (*reverse)(struct sut_core *core);
	/* Has everybody switched? Asked again later if not. */
	bool (*attempt)(struct sut_core *core);
	/* Takes everybody over; the next attempt() succeeds. */
	void (*force)(struct sut_core *core);
	/* The end of what begin() began: done, or given up. The func_stacks are final. */
	void (*finish)(struct sut_core *core);
};

/* What the core keeps about a patch in use. On the list, oldest first. */
struct sut_core_patch {
	struct sut_core_patch *next;
	struct klp_patch *patch;
	struct klp_object *first; /* its objects, those added by a replace last */
	void *nops;               /* one block with what a replace added, or NULL */
	size_t nops_size;
};

struct sut_task;

struct sut_core {
	const struct sut_core_host *host;
	const struct sut_core_switch *switching;
	bool ready;                     /* false: everything is refused with -ENODEV */
	bool unreliable;                /* the host cannot check stacks */
	struct sut_core_patch *patches; /* oldest first */
	struct klp_func *stacks;        /* newest function of each hooked address */
	struct klp_patch *transition;   /* or NULL */
	int target;                     /* SUT_PATCHED, SUT_UNPATCHED; UNDEFINED: no transition */
	/* sut_core_tasks only: */
	const struct sut_core_task_host *task_host;
	struct sut_task *tasks;  /* in the order of their coming */
	struct sut_task *caller; /* makes the present call; NULL: none of the tasks */
	unsigned int attempts;   /* in this direction */
};

void sut_core_init(struct sut_core *core, const struct sut_core_host *host,
		   const struct sut_core_switch *switching);

/*
 * Enables a patch. On success it is on the list and its transition has begun; perhaps it has ended
 * already. Errors, in the order of the checks:
 *   -EINVAL  no patch, no mod, no objs, an object without array of functions, mod not marked
 *   -ENODEV  the core is not ready
 *   -EINVAL  states or replace sets conflict with patches in use
 *   -ENODEV  mod is going
 *   -EEXIST  it, or one of its name, is on the list
 *   -ENOMEM
 *   -EINVAL  a missing or long name, code missing, an id twice, no such symbol, an alias ...
 *   -EEXIST  an object or a function twice
 *   -ENOENT  a size is not known
 *   -EBUSY   a transition runs
 *   and what a part, a relocation, a hook, prepare() or a pre_patch returned.
 */
int sut_core_enable(struct sut_core *core, struct klp_patch *patch);

/*
 * What writes to the control files do; value is the new value of `enabled`.
 * -EINVAL: it has this value already, or cannot be enabled again. -EBUSY: another patch is in
 * transition. -EPERM: one of its states blocks it.
 */
int sut_core_set_enabled(struct sut_core *core, struct klp_patch *patch, bool value);
/* Ends the transition of this patch without waiting. -EINVAL: it is not in transition. */
int sut_core_force(struct sut_core *core, struct klp_patch *patch);

/* One attempt to end the transition, if there is one. True: none runs any more. */
bool sut_core_attempt(struct sut_core *core);

/*
 * An object has come (mapped and relocated; nothing of it ran), or goes (nothing of it will run).
 * coming: an error means that it must not be loaded, and everything is as before.
 */
int sut_core_coming(struct sut_core *core, const char *name);
void sut_core_going(struct sut_core *core, const char *name);

/* The patch of that name on the list, or NULL. */
struct klp_patch *sut_core_find(const struct sut_core *core, const char *name);
const char *sut_patch_name(const struct klp_patch *patch);

/* The newest function of the address's func_stack (the others: ->below), or NULL: not hooked. */
struct klp_func *sut_core_stack(const struct sut_core *core, const void *old_func);
/*
 * The entry handler: what a task of this patch_state runs when it calls old_func. NULL: the
 * original.
 */
const struct klp_func *sut_core_select(const struct sut_core *core, const void *old_func,
				       int patch_state);
/*
 * The function, of the version that the transition leaves, whose code holds this address; NULL:
 * none. A return address is given as such, pc: the address of the next instruction.
 */
const struct klp_func *sut_core_forbidden(const struct sut_core *core, uintptr_t address, bool pc);

/* (patch, loaded object) pairs that use a shadow type. */
unsigned int sut_core_type_count(const struct sut_core *core, unsigned long id);

struct klp_state *sut_core_get_state(const struct klp_patch *patch, unsigned long id);
struct klp_state *sut_core_get_prev_state(struct sut_core *core, unsigned long id);

/* --- the kernel's way of switching ------------------------------------------------------------ */

enum sut_block_reason { SUT_BLOCK_NONE, SUT_BLOCK_RUNNING, SUT_BLOCK_UNRELIABLE, SUT_BLOCK_FRAME };

/* A task. Owned by the host, first member of its own structure if it likes. */
struct sut_task {
	struct sut_task *next;
	int patch_state;
	bool pending;
	/* Why the last attempt left it where it is. */
	enum sut_block_reason reason;
	const struct klp_func *func; /* FRAME: the function; valid while the transition runs */
	unsigned int since;          /* number of the attempt that first found this */
};

enum sut_walk { SUT_WALK_DONE, SUT_WALK_RUNNING, SUT_WALK_UNRELIABLE };

/* One frame; false: stop the walk. */
typedef bool (*sut_frame_fn)(void *arg, uintptr_t address, bool pc);

/* What sut_core_tasks needs from its host. */
struct sut_core_task_host {
	/*
	 * Gives each frame of a task that is stopped or is core->caller. RUNNING, UNRELIABLE: it
	 * gave none, or not all.
	 */
	enum sut_walk (*walk)(struct sut_core *core, struct sut_task *task, sut_frame_fn frame,
			      void *arg);
	/* The fake signal, to one that has been pending for 15 attempts, 30, 45 ... */
	void (*signal)(struct sut_core *core, struct sut_task *task);
};

extern const struct sut_core_switch sut_core_tasks;

/*
 * A task comes. It inherits its parent's state; parent may be NULL for one that runs nowhere in
 * particular: it starts in the version that a transition leads to.
 */
void sut_core_task_new(struct sut_core *core, struct sut_task *task, const struct sut_task *parent);
void sut_core_task_exit(struct sut_core *core, struct sut_task *task);
/* The task is at a point where it cannot be inside any function that is patched. */
void sut_core_task_safe_point(struct sut_core *core, struct sut_task *task);

/* --- control files ---------------------------------------------------------------------------- */

enum { SUT_CONTROL_VALUE_MAX = 24 };

/*
 * `patch` names one on the list; file is its path below the patch's directory. -ENOENT: no such
 * patch or file, -EACCES: not writable, not readable; else as the functions above.
 */
int sut_control_write(struct sut_core *core, const char *patch, const char *file, const char *text);
int sut_control_read(const struct sut_core *core, const char *patch, const char *file,
		     char value[SUT_CONTROL_VALUE_MAX]);

/* One file with its mode, or a function's directory. */
struct sut_control_entry {
	const char *object;     /* NULL: a file of the patch itself; "vmlinux": main */
	const char *file;       /* NULL: a function's directory */
	unsigned int mode;      /* of a file */
	const char *function;   /* of a directory */
	unsigned long position; /* 1: the first function of that name */
};

/* All entries of the patch's directory, in no order. -ENOENT: not on the list. */
int sut_control_list(const struct sut_core *core, const char *patch,
		     void (*entry)(void *arg, const struct sut_control_entry *entry), void *arg);

#endif
