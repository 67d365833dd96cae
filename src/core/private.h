/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the core tell each other. One file, one subject:
 *
 *   core      enable, disable, reverse, force: what an operator asks for
 *   check     is this a patch, and does it fit those in use
 *   list      patches in use: their objects and functions linked, found, let go
 *   sorted    functions in an order, so that none has to be compared with all others
 *   nops      what a replace adds to a patch
 *   object    binding a patch to an object that is there; objects that come and go
 *   stack     func_stacks: push, pop, choose, and which code a transition leaves
 *   callback  the callbacks' states, sets with ids, shadow types
 *   transition  from its begin to its end
 *   tasks     the kernel's way of switching tasks
 *   control   control files
 */
#ifndef SUT_CORE_PRIVATE_H
#define SUT_CORE_PRIVATE_H

#include "core/core.h"

#include <linux/errno.h>

enum { SUT_OBJECT_NAME_MAX = 56, SUT_FUNC_NAME_MAX = 512 }; /* with the end of the string */

#define sut_for_each_patch(p, core) for (struct sut_core_patch *p = (core)->patches; p; p = p->next)
#define sut_for_each_object(obj, p) for (struct klp_object *obj = (p)->first; obj; obj = obj->next)
#define sut_for_each_func(func, obj)                                                               \
	for (struct klp_func *func = (obj)->first; func; func = func->next)
/* The author's arrays, before the core has linked them or for what no replace adds to. */
#define sut_for_each_listed_object(obj, patch)                                                     \
	for (struct klp_object *obj = (patch)->objs; obj->name || obj->funcs; obj++)
#define sut_for_each_listed_func(func, obj)                                                        \
	for (struct klp_func *func = (obj)->funcs;                                                 \
	     func->old_name || func->new_func || func->old_sympos; func++)
#define sut_for_each_set(set, obj)                                                                 \
	for (struct klp_callback_set *set = (obj)->sets; set && set->id; set++)
#define sut_for_each_type(type, obj)                                                               \
	for (struct klp_shadow_type **type = (obj)->shadow_types; type && *type; type++)
#define sut_for_each_state(state, patch)                                                           \
	for (struct klp_state *state = (patch)->states; state && state->id; state++)

/* string.c; NULL is a name of its own: that of the main object. */
bool sut_same(const char *a, const char *b);
/* < 0: a comes before b. */
int sut_compare(const char *a, const char *b);
size_t sut_length(const char *s);

/* check.c */
int sut_check_shape(const struct sut_core *core, const struct klp_patch *patch);
int sut_check_fit(const struct sut_core *core, const struct klp_patch *patch);
int sut_check_object(const struct klp_object *obj);
/* Is the patch kept from being disabled by a state? */
bool sut_disable_blocked(const struct sut_core *core, const struct klp_patch *patch);

/* list.c */
/* Position 0, "the only one", is 1, "the first one", where it names a function. */
unsigned long sut_position(const struct klp_func *func);
/* Same name, same position: the same function as far as names tell. */
bool sut_same_func(const struct klp_func *a, const struct klp_func *b);
struct klp_object *sut_find_object(const struct sut_core_patch *p, const char *name);
void sut_link_object(struct sut_core_patch *p, struct klp_object *obj);
/* end: the link that ends its list of functions, which moves on. */
void sut_link_func(struct klp_object *obj, struct klp_func ***end, struct klp_func *func);
/* Puts the patch on the list, with everything fresh. -ENOMEM. */
int sut_patch_join(struct sut_core *core, struct klp_patch *patch);
/* Off the list, with its parts, its memory and, unless forced, its module reference. */
void sut_patch_leave(struct sut_core *core, struct sut_core_patch *p);

/*
 * sorted.c. A list of functions in the order of their addresses or of their names and positions, by
 * their next_stack, which is free in all that are not the newest of a func_stack. Any order
 * of asking is right; who asks in the order of the list finds all in one walk.
 */
enum sut_order { SUT_BY_ADDRESS, SUT_BY_NAME };

struct sut_sorted {
	struct klp_func **first;
	struct klp_func **at; /* where the last search ended */
	enum sut_order order;
};

/* < 0: a comes before b. 0: the same address; the same position and name, if any. */
int sut_compare_funcs(enum sut_order order, const struct klp_func *a, const struct klp_func *b);
struct sut_sorted sut_sorted(struct klp_func **first, enum sut_order order);
/* The link to the function that is equal to this one, or to where it would be. */
struct klp_func **sut_sorted_find(struct sut_sorted *list, const struct klp_func *func);
bool sut_sorted_has(struct sut_sorted *list, const struct klp_func *func);
/* false: there is an equal one already. */
bool sut_sorted_add(struct sut_sorted *list, struct klp_func *func);

/* nops.c */
/* Would this patch, on the list or about to be, replace that one? */
bool sut_replaces(const struct klp_patch *patch, const struct klp_patch *old);
/* Is p replaced by the transition that runs, when it is completed? */
bool sut_is_replaced(const struct sut_core *core, const struct sut_core_patch *p);
int sut_nops_add(struct sut_core *core, struct sut_core_patch *p);
void sut_nops_discard(struct sut_core *core, struct sut_core_patch *p);

/* object.c */
/* On an error, too, the caller unbinds it. */
int sut_object_bind(struct sut_core *core, struct klp_object *obj);
void sut_object_unbind(struct sut_core *core, struct klp_object *obj);
/* What resolving found out about a function is void. */
void sut_forget_func(struct klp_func *func);
void sut_put_part(struct sut_core *core, struct klp_object *obj);

/* stack.c */
int sut_push_object(struct sut_core *core, struct klp_object *obj);
/* stacks: the core's, for all functions that are popped together. */
void sut_pop_func(struct sut_core *core, struct sut_sorted *stacks, struct klp_func *func);
void sut_pop_object(struct sut_core *core, struct klp_object *obj);

/*
 * callback.c. A set with an id runs on the way out only when no patch is left that holds it; those
 * which leave together are `leaving`: one patch, or (NULL) all that the transition replaces.
 */
int sut_enter(struct sut_core *core, struct klp_object *obj);
void sut_post_patch(struct sut_core *core, struct klp_object *obj);
void sut_pre_unpatch(struct sut_core *core, struct klp_object *obj,
		     const struct sut_core_patch *leaving);
void sut_post_unpatch(struct sut_core *core, struct klp_object *obj,
		      const struct sut_core_patch *leaving);
/* post_patch for a replaced patch that stays: of several that hold a set, the newest does it. */
void sut_post_patch_again(struct sut_core *core, struct klp_object *obj);
void sut_drop_types(struct sut_core *core, struct klp_object *obj);

/* transition.c */
void sut_transition_begin(struct sut_core *core, struct klp_patch *patch, int target);
/* Gives it up before it started: an enable (the patch is still on the list), or a disable. */
void sut_transition_cancel_enable(struct sut_core *core);
void sut_transition_cancel_disable(struct sut_core *core);

static inline void sut_event(struct sut_core *core, enum sut_core_event event,
			     struct klp_patch *patch)
{
	if (core->host->event)
		core->host->event(core, event, patch);
}

#endif
