/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * suture-accel.ko: makes the kernel's own livepatching faster, and changes nothing of what it
 * does. Without it everything works as well.
 *
 *   poke     runs the kernel's own retry of a transition when it can succeed, not a second later
 *   anchors  one ftrace_ops for all patched functions, not one each
 *   names    looks the names of patched functions up by bisection, not one symbol after the other
 *
 * All of them rest on private parts of kernel/livepatch as Linux 6.1 has it. Each looks at load
 * whether this very kernel has those parts, and stays off when not; /sys/module/suture_accel has a
 * file for each, which says "on" or "off: REASON". The parameter off= keeps what it names off.
 */
#ifndef SUTURE_ACCEL_H
#define SUTURE_ACCEL_H

#include <linux/ftrace.h>
#include <linux/types.h>

struct klp_func;
struct klp_object;
struct klp_patch;

/* accel-kernel.c: private parts of the kernel. */

/* A symbol of the kernel by name; called once per symbol, at load. */
struct accel_symbol {
	const char *name;
	void *address; /* of a pointer, which gets the symbol's address */
};

/* A member that the code was compiled with; MEMBER NULL: the size of the whole. */
struct accel_member {
	const char *type, *member;
	size_t offset;
};

#define ACCEL_MEMBER(type, member)                                                                 \
	{                                                                                          \
#type, #member, offsetof(struct type, member)                                      \
	}
#define ACCEL_SIZE(type)                                                                           \
	{                                                                                          \
#type, NULL, sizeof(struct type)                                                   \
	}

struct accel_feature {
	const char *name;
	bool on;
	char reason[96]; /* why not */
};

/* Finds out how private symbols are found. 0 or a negative errno, with a message in the log. */
int accel_kernel_init(void);

/* Each of the following returns false, with f->reason set, when the kernel is another one. */
bool accel_find_symbols(struct accel_feature *f, const struct accel_symbol *symbols, size_t count);
bool accel_check_members(struct accel_feature *f, const struct accel_member *members, size_t count);
/* Says why a feature stays off; always false. */
__printf(2, 3) bool accel_off(struct accel_feature *f, const char *format, ...);

/*
 * accel-hook.c: calls of a function of the kernel go to one of ours instead, which calls the rest
 * of the kernel's when it likes, and accel_hook_done() as the last thing it does. Ours may sleep
 * when the kernel's may. The module cannot be removed while one of ours runs.
 */
struct accel_hook {
	const char *name; /* of the function */
	void *ours;
	void *rest; /* of a pointer to a function, which gets what follows the fentry site */
	unsigned long site;
};

struct accel_hooks {
	struct accel_hook *hooks;
	size_t count;
	struct ftrace_ops ops;
};

bool accel_hooks_set(struct accel_feature *f, struct accel_hooks *h);
void accel_hooks_clear(struct accel_hooks *h);
void accel_hook_done(void);

/* accel-poke.c, accel-anchors.c, accel-names.c: f->on tells whether it is to be stopped. */
void accel_poke_start(struct accel_feature *f);
void accel_poke_stop(void);
void accel_anchors_start(struct accel_feature *f);
void accel_anchors_stop(void);
unsigned int accel_anchors_count(void);
void accel_names_start(struct accel_feature *f);
void accel_names_stop(void);

#endif
