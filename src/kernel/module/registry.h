/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside suture.ko: the patches it knows, and what of them is in force.
 *
 * The kernel calls a patch's callbacks under klp_mutex, and ours takes registry.lock inside it. So
 * nobody who holds registry.lock may do what takes klp_mutex: enable a patch, write to its control
 * files, load or unload a module.
 */
#ifndef SUTURE_REGISTRY_H
#define SUTURE_REGISTRY_H

#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <suture/kernel.h>

struct sut_request;

/*
 * The state of a patch or part here:
 *
 *   phase       what                                           left by
 *   NEW         known; nothing was called yet                  first pre_patch, failure
 *   APPLYING    the transition to it is open                   its end
 *   LIVE        in force                                       disable, replace
 *   DISABLING   the transition from it is open                 its end
 *   UNDOING     the callbacks of its end run                   the last of them
 *   COMPOSED    a part that is inside of another patch         that patch's end, its object's end
 *   GONE        no longer in force; its module is still there  the module's end
 */
enum sut_phase {
	SUT_NEW,
	SUT_APPLYING,
	SUT_LIVE,
	SUT_DISABLING,
	SUT_UNDOING,
	SUT_COMPOSED,
	SUT_GONE,
};

/* How the last load of a late object ended. */
struct sut_late_result {
	bool tried;
	int rc;
	unsigned int ms;
};

/* A patch or a part that suture.ko knows, from its module_init until its module is gone. */
struct sut_entry {
	struct list_head node; /* of registry.entries; those in force in the kernel's order */
	struct kobject kobj;   /* its folder; owns the entry */
	struct sut_patch *patch;
	enum sut_phase phase;

	/*
	 * What the kernel is given: the objects, for each late object that has no part yet an empty
	 * one, and last the marker, which is suture.ko itself. The marker is always there and
	 * patches nothing. So its pre_patch comes when nothing can fail any more, and its `patched`
	 * is true exactly while the patch as a whole is in place.
	 */
	struct klp_patch klp;
	struct klp_object *klp_objs;
	struct klp_state *klp_states;
	struct sut_object **objs; /* klp_objs[i] is that of objs[i]; NULL: its part is gone */
	unsigned int count;
	unsigned int late_count;
	struct sut_object *failed;       /* its pre_patch did, in an enable that is being undone */
	struct sut_late_result *results; /* of patch->late */

	bool is_part;
	struct sut_entry *whole;     /* whose part it is; NULL: that was never enabled */
	struct sut_request *request; /* while it is being enabled */
	struct module *instance;     /* of its object */
	bool holds_instance;         /* with a reference, until the patch is enabled */
	bool disarmed;               /* that instance is gone, the functions are no longer listed */
	bool retire;                 /* to be disabled and unloaded */
	unsigned long retire_until;
};

struct sut_registry {
	struct mutex lock;
	struct list_head entries;
	struct sut_entry *replacing; /* APPLYING, and everything else LIVE goes when it is done */
};
extern struct sut_registry sut_registry;

#define sut_for_each_entry(e) list_for_each_entry(e, &sut_registry.entries, node)
#define sut_for_each_object(obj, e, i)                                                             \
	for (i = 0; i < (e)->count; i++)                                                           \
		if (!((obj) = (e)->objs[i])) {                                                     \
		} else
#define sut_for_each_set(set, obj)   for (set = (obj)->sets; set && set->id; set++)
#define sut_for_each_type(type, obj) for (type = (obj)->shadow_types; type && *type; type++)
#define sut_for_each_state(s, patch) for (s = (patch)->states; s && s->id; s++)
#define sut_for_each_late(l, patch)  for (l = (patch)->late; l && l->object; l++)

static inline const char *sut_entry_name(const struct sut_entry *e)
{
	return e->patch->mod->name;
}

static inline bool sut_same_name(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static inline bool sut_object_is_end(const struct sut_object *obj)
{
	const struct sut_callbacks *c = &obj->callbacks;

	return !obj->name && !obj->funcs && !obj->sets && !obj->shadow_types && !c->pre_patch &&
	       !c->post_patch && !c->pre_unpatch && !c->post_unpatch;
}

/* registry.c; all with the lock held unless they say otherwise. */
bool sut_in_force(const struct sut_entry *e);
bool sut_is_replaced(const struct sut_entry *e);
struct sut_entry *sut_entry_of_module(const struct module *mod);
struct sut_object *sut_find_object(const struct sut_entry *e, const char *name);
/* Its callbacks have run. Its parts go, too. */
void sut_entry_gone(struct sut_entry *e);
/* Lock not held: */
struct sut_entry *sut_entry_add(struct sut_patch *patch);
void sut_entry_remove(struct sut_entry *e);
/* Something changed that somebody may wait for; and that wait, false: not until the deadline. */
void sut_changed(void);
bool sut_wait(bool (*done)(const void *), const void *arg, unsigned long deadline);

/* bind.c: what the kernel is given. Lock held. */
int sut_bind(struct sut_entry *e, struct sut_entry **parts, unsigned int part_count);
void sut_bind_fresh(struct sut_entry *e);
void sut_unbind(struct sut_entry *e);

/* enable.c. Lock not held: */
int sut_entry_enable(struct sut_entry *e);
/* Lock held. What patches that are replaced have up begins to go; it is gone, and so are they. */
void sut_leave_replaced(void);
void sut_take_down_replaced(void);
extern const struct klp_callbacks sut_klp_callbacks;

static inline struct klp_object *sut_marker(const struct sut_entry *e)
{
	return &e->klp_objs[e->count + e->late_count];
}

/*
 * callback.c: of one object; only what its state says is called. `leaving` is the patch that goes,
 * NULL: all that are replaced.
 */
int sut_enter(struct sut_entry *e, struct sut_object *obj);
void sut_post_patch(struct sut_object *obj);
void sut_post_patch_again(struct sut_entry *e, struct sut_object *obj);
void sut_pre_unpatch(struct sut_entry *e, struct sut_object *obj, const struct sut_entry *leaving);
void sut_post_unpatch(struct sut_entry *e, struct sut_object *obj, const struct sut_entry *leaving);
void sut_forget_states(struct sut_object *obj);

/* shadow.c */
unsigned int sut_type_count(unsigned long id);
void sut_drop_types(struct sut_entry *e, struct sut_object *obj);

/* foreign.c. Lock held: patches that somebody else's patch has replaced leave. */
void sut_notice_foreign(void);
/* Lock not held: a module is ready. */
void sut_foreign_live(struct module *mod);
void sut_foreign_stop(void);

/* late.c. Lock not held, each up to late_timeout: */
int sut_late_coming(struct module *object);
void sut_late_going(struct module *object);
/*
 * The parts of objects that are there become objects of e. The objects are kept from going until
 * _done, which is told whether e was enabled.
 */
int sut_late_compose(struct sut_entry *e);
void sut_late_compose_done(struct sut_entry *e, bool enabled);

/*
 * A part is wanted: of `whole`, for this instance of its object. Lives until the part has answered
 * and nobody waits any more.
 */
struct sut_request {
	struct list_head node; /* of sut_requests */
	struct kref kref;
	struct sut_entry *whole;
	const struct sut_late *late;
	struct module *instance;
	bool compose;
	bool answered;
	bool over; /* nobody waits: the instance may be gone */
	int rc;
};
extern struct list_head sut_requests;
void sut_request_put(struct sut_request *request);

/* part.c. Lock held: */
struct sut_entry *sut_find_part(const char *name);
int sut_part_may_enter(const struct sut_entry *e);
/* A part that is composed is no longer in the patch that has it. */
void sut_part_release(struct sut_entry *part);
/* The object of a part is gone, and with it what the part's code refers to. */
void sut_part_object_gone(struct sut_entry *e, struct sut_object *obj, struct klp_object *klp_obj);

/* reap.c. Lock held: */
void sut_retire(struct sut_entry *part);
/* 0 when no part of that name is there any more. */
int sut_wait_reaped(const char *name, unsigned long deadline);
/* Lock not held: */
void sut_reap_stop(void);

/* helper.c. Lock not held: modprobe's exit status, -ETIMEDOUT, or an error. */
int sut_modprobe(const char *option, const char *name, unsigned long deadline);
int sut_helper_start(void);
void sut_helper_stop(void);

/* control.c. Lock not held: as a write to that file of the patch. */
int sut_control(struct sut_entry *e, const char *file, const char *text);

/* view.c */
extern struct kobject *sut_kobj;
extern struct kobj_type sut_entry_type;

#endif
