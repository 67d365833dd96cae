/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the author of a live patch writes: the kernel's livepatch vocabulary, for every target.
 *
 * A patch lists objects, an object lists functions, and each list ends with an element of zeroes.
 * Names and meaning are those of <linux/livepatch.h>; what Suture adds to them is marked with (+).
 * docs/semantics.md says what happens when.
 *
 * Members behind "core:" belong to the core from sut_core_enable() until the patch has left the
 * list of patches in use; they need not be set before. A patch is owned by whoever made it and must
 * live until then.
 */
#ifndef SUT_CORE_LIVEPATCH_H
#define SUT_CORE_LIVEPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The layout of what is below, and what its functions take. It changes whenever either does, for a
 * patch brings these structures as its compiler laid them out.
 */
enum { SUT_LIVEPATCH_ABI = 1 };

struct module; /* defined in core/core.h: programs may have one of their own */
struct klp_object;
struct klp_patch;
struct sut_core_patch;

/* A half-open range of code. */
struct klp_range {
	uintptr_t start;
	uintptr_t end;
};

struct klp_func {
	const char *old_name;
	void *new_func;
	/* 0: the name is unique in its object; n: its n-th occurrence there. */
	unsigned long old_sympos;

	/* core: */
	struct klp_func *next; /* of the same object */
	/* What the host finds when the object is there: */
	void *old_func;
	unsigned long old_size;
	unsigned long new_size;
	/* (+) All pieces of either code when it is more than [func, func + size). The host's. */
	const struct klp_range *old_pieces;
	const struct klp_range *new_pieces;
	unsigned int old_piece_count;
	unsigned int new_piece_count;
	/* The func_stack of old_func: a list of functions, newest first. */
	struct klp_func *below;
	struct klp_func *next_stack; /* valid in the newest one: the next address's stack */
	struct klp_object *object;
	bool nop; /* new code is the original: the function is given back by a replace */
	bool patched;
	bool transition;
};

/*
 * The states of one set of callbacks; nothing else ever runs.
 *
 *   state   event                        call          becomes
 *   OFF     object is about to be patched  pre_patch     PRE if it returns 0, else OFF
 *   PRE     patched for good               post_patch    ON
 *   ON      about to be unpatched          pre_unpatch   PRE
 *   PRE     unpatched for good             post_unpatch  OFF
 */
enum klp_callback_state { KLP_OFF, KLP_PRE, KLP_ON };

/*
 * Called while the core's lock is held, one at a time. They may sleep; they must not enable or
 * disable patches. A missing one counts as one that succeeded.
 */
struct klp_callbacks {
	int (*pre_patch)(struct klp_object *obj);
	void (*post_patch)(struct klp_object *obj);
	void (*pre_unpatch)(struct klp_object *obj);
	void (*post_unpatch)(struct klp_object *obj);

	/* core: */
	enum klp_callback_state state;
};

/*
 * (+) Callbacks with an id. Sets of one object and id are interchangeable, whichever patch brings
 * them: they run when the first patch that has the id comes and when the last one goes, so that any
 * version of a patch may replace any other. Their state lives in the system or in a shadow
 * variable, never in the patch. An id of 0 ends a list.
 */
struct klp_callback_set {
	unsigned long id;
	struct klp_callbacks callbacks;
};

/* The destructor of a shadow variable: the object it hangs on and its data. */
typedef void (*klp_shadow_dtor_t)(void *obj, void *shadow_data);
/* Returns 0, or an error: then nothing is attached. */
typedef int (*klp_shadow_ctor_t)(void *obj, void *shadow_data, void *ctor_data);

/*
 * (+) A kind of shadow variable that the core counts the users of: when no patched object lists the
 * id any more, its variables are freed. Lists end with NULL.
 */
struct klp_shadow_type {
	unsigned long id;
	klp_shadow_dtor_t dtor; /* may be NULL */
};

struct klp_object {
	const char *name; /* NULL: the kernel itself, the program itself */
	struct klp_func *funcs;
	struct klp_callbacks callbacks;
	struct klp_callback_set *sets;         /* (+) may be NULL */
	struct klp_shadow_type **shadow_types; /* (+) may be NULL */

	/* core: */
	struct klp_object *next; /* of the same patch */
	struct klp_func *first;  /* its functions, those added by a replace last */
	struct klp_patch *patch;
	struct klp_shadow_type **counted; /* of its shadow_types, from here on; NULL: none */
	bool dynamic; /* made by a replace: the patch itself does not have this object */
	bool loaded;  /* the object is there and the patch is bound to it */
	bool patched;
	bool part; /* its part of a split patch is there */
};

/*
 * A change that cannot be taken back by callbacks: a patch with a lower version, or without the id,
 * cannot replace one that has it. An id of 0 ends a list.
 */
struct klp_state {
	unsigned long id;
	unsigned int version;
	void *data;
	bool block_disable; /* (+) the patch cannot be disabled unless another one has the id */
};

struct klp_patch {
	struct module *mod;
	struct klp_object *objs;
	struct klp_state *states; /* may be NULL */
	bool replace;
	unsigned int replace_set; /* (+) not 0: replaces the patches of this set, and only those */
	bool split;               /* (+) each object but the main one has a part of its own */
	const char *name;         /* (+) NULL: that of mod */

	/* core: */
	struct sut_core_patch *core; /* not NULL while it is on the list */
	bool enabled;
	bool forced;
};

/*
 * (+) A patch that `suture create` makes has its functions from a source patch, and its struct
 * klp_patch from whoever applies it. What is left for the author to write, if anything, is in a
 * file that defines one of these arrays or both.
 *
 * Each element of suture_objects adds callbacks, sets and shadow types to one object of the patch;
 * funcs stays NULL. The arrays end with an element of zeroes, and not before: main is an element
 * without a name like any other.
 */
extern struct klp_object suture_objects[];
extern struct klp_state suture_states[];

/*
 * What a patch's code may call. Each host provides these; in a target they are the run-time's.
 * An obj of a shadow variable is a key, never followed. All are for any thread.
 */
typedef unsigned int gfp_t;

/* Errors: those of sut_core_enable(). */
int klp_enable_patch(struct klp_patch *patch);

/* The variable's data, or NULL. Lock-free, also in signal handlers. */
void *klp_shadow_get(void *obj, unsigned long id);
/*
 * Zeroed data of `size` bytes, aligned for any type, owned by the store until freed. NULL: the
 * variable exists, no memory, or ctor failed; then nothing changed.
 */
void *klp_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t flags,
		       klp_shadow_ctor_t ctor, void *ctor_data);
/* The existing data (ctor is not called), or as klp_shadow_alloc(). */
void *klp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t flags,
			      klp_shadow_ctor_t ctor, void *ctor_data);
/* dtor may be NULL, and is called once for each variable that is detached. */
void klp_shadow_free(void *obj, unsigned long id, klp_shadow_dtor_t dtor);
void klp_shadow_free_all(unsigned long id, klp_shadow_dtor_t dtor);

/* The patch's own state of that id, or NULL. */
struct klp_state *klp_get_state(struct klp_patch *patch, unsigned long id);
/* That of the newest earlier patch which has the id; NULL outside a transition, too. */
struct klp_state *klp_get_prev_state(unsigned long id);

#endif
