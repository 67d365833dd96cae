/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What suture.ko gives to live patches of the kernel: callbacks with ids, counted shadow types, and
 * parts for modules that come later, above the kernel's own livepatch, which does the patching.
 *
 * The structures are those of <linux/livepatch.h> with more members, so a patch is written like any
 * livepatch. docs/semantics.md says what happens when. Authors include <suture/livepatch.h>, which
 * gives these structures the kernel's names, so that one source builds for processes and kernels.
 *
 * Everything a patch lists must be static and unused before, as in a module that was just loaded.
 * Members behind "suture.ko:" are suture.ko's.
 */
#ifndef SUTURE_KERNEL_H
#define SUTURE_KERNEL_H

#include <linux/livepatch.h>

struct sut_object;
struct sut_patch;

/*
 * The states of one set of callbacks; nothing else ever runs.
 *
 *   state   event                          call          becomes
 *   OFF     object is about to be patched  pre_patch     PRE if it returns 0, else OFF
 *   PRE     patched for good               post_patch    ON
 *   ON      about to be unpatched          pre_unpatch   PRE
 *   PRE     unpatched for good             post_unpatch  OFF
 */
enum sut_callback_state { SUT_OFF, SUT_PRE, SUT_ON };

/*
 * Called one at a time, in process context, mostly under the kernel's klp_mutex. They may sleep;
 * they must not enable or disable patches, nor load or unload modules. A missing one counts as one
 * that succeeded.
 */
struct sut_callbacks {
	int (*pre_patch)(struct sut_object *obj);
	void (*post_patch)(struct sut_object *obj);
	void (*pre_unpatch)(struct sut_object *obj);
	void (*post_unpatch)(struct sut_object *obj);

	/* suture.ko: */
	enum sut_callback_state state;
};

/*
 * Callbacks with an id. Sets of one object and id are interchangeable, whichever patch brings them:
 * they run when the first patch that has the id comes and when the last one goes, so that any
 * version of a patch may replace any other. What they know is in the system or in a shadow
 * variable, never in the patch. An id of 0 ends a list.
 */
struct sut_callback_set {
	unsigned long id;
	struct sut_callbacks callbacks;
};

/*
 * A kind of shadow variable whose users are counted: when no patched object lists the id any more,
 * its variables are freed, unless the last user went by force. dtor may be NULL; in the kernel it
 * is called with the store locked: it must neither sleep nor use shadow variables. Lists end with
 * NULL.
 */
struct sut_shadow_type {
	unsigned long id;
	klp_shadow_dtor_t dtor;
};

/* All of it zero ends an array. */
struct sut_object {
	const char *name;       /* NULL: the kernel itself; else a module, with '_' for '-' */
	struct klp_func *funcs; /* may be NULL */
	struct sut_callbacks callbacks;
	struct sut_callback_set *sets;
	struct sut_shadow_type **shadow_types;

	/* suture.ko: */
	struct sut_patch *patch; /* for callbacks: whose object it is */
	struct module *mod;      /* for callbacks: the module, NULL for the kernel itself */
	struct sut_shadow_type **counted; /* of its shadow_types, from here on; NULL: none */
	bool loaded;                      /* there, and patched or about to be */
};

/*
 * As struct klp_state: a patch with a lower version, or without the id, cannot replace one that has
 * it. block_disable is kept by `suture revert`; nothing can refuse a write to the kernel's file.
 */
struct sut_state {
	unsigned long id;
	unsigned int version;
	void *data;
	bool block_disable;
};

/*
 * A module whose functions are in a livepatch module of their own, a part: it is loaded with the
 * object, before anything of the object runs, and goes with it. The object cannot be loaded without
 * it. What the patch does to that object is in the part alone, and each version of a patch has
 * parts of its own names. An object of NULL ends a list.
 */
struct sut_late {
	const char *object;
	const char *part;
};

struct sut_patch {
	struct module *mod; /* THIS_MODULE */
	struct sut_object *objs;
	struct sut_state *states; /* may be NULL */
	bool replace;
	/* More of objects, in a file of its own: callbacks, sets, types. May be NULL. */
	struct sut_object *additions;
	const struct sut_late *late; /* may be NULL */
};

/*
 * For the patch's module_init, as the last thing that can fail there; as klp_enable_patch(). There
 * is nothing to call in module_exit: suture.ko sees the module go. May wait for parts of modules
 * that are loaded, up to suture.ko's parameter late_timeout.
 *
 * Errors: those of klp_enable_patch(). -EINVAL also for an id twice in one object, -EAGAIN when
 * a module with a part was loaded at the same time, -ENOPKG when its part did not load.
 */
int sut_enable_patch(struct sut_patch *patch);

/*
 * For the module_init of a part: a patch with exactly one object, without states. Its references to
 * the object are resolved when it is loaded (.klp.rela.vmlinux.*), and it must not depend on the
 * object as modules do, for the object is still being loaded. -EPERM unless suture.ko asked for it.
 */
int sut_enable_part(struct sut_patch *part);

/* The patch's own state of that id, or NULL. */
struct sut_state *sut_get_state(struct sut_patch *patch, unsigned long id);
/*
 * That of the newest earlier patch which has the id, for callbacks during a transition. Of a patch
 * that suture.ko does not know it is a copy, good until the next call.
 */
struct sut_state *sut_get_prev_state(unsigned long id);

/* Everything around a patch: a file needs nothing else to become a livepatch module. */
#define module_livepatch(patch)      SUT_LIVEPATCH_MODULE(patch, sut_enable_patch)
#define module_livepatch_part(patch) SUT_LIVEPATCH_MODULE(patch, sut_enable_part)

#define SUT_LIVEPATCH_MODULE(patch, enable)                                                        \
	static int __init patch##_module_init(void)                                                \
	{                                                                                          \
		(patch).mod = THIS_MODULE;                                                         \
		return enable(&(patch));                                                           \
	}                                                                                          \
	static void __exit patch##_module_exit(void)                                               \
	{                                                                                          \
	}                                                                                          \
	module_init(patch##_module_init);                                                          \
	module_exit(patch##_module_exit);                                                          \
	MODULE_INFO(livepatch, "Y");                                                               \
	MODULE_LICENSE("GPL")

#endif
