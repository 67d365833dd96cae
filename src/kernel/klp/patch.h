/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a livepatch module says of itself: which functions of which objects it replaces, what it
 * does beside that, and which symbols it is bound to.
 *
 * The structures lie in the module's data, and what they point to is in the relocations. Their
 * sizes depend on the kernel's configuration, and no debugging information is asked for: the first
 * fields are the same in all kernels since 5.1, and how far the elements of an array are apart is
 * read from where its pointers are. The structures that suture.ko works with begin in the same way.
 */
#ifndef SUT_KERNEL_KLP_PATCH_H
#define SUT_KERNEL_KLP_PATCH_H

#include "kernel/klp/ko.h"

struct sut_klp_func {
	const char *name;     /* of the old function */
	uint64_t sympos;      /* 0: the name must be unique */
	const char *new_name; /* of the new one, or "" */
};

enum { SUT_KLP_CALLBACKS = 4 };
extern const char *const sut_klp_callback_names[SUT_KLP_CALLBACKS]; /* as in klp_callbacks */

struct sut_klp_object {
	const char *name; /* "vmlinux", or a module's */
	size_t func_count;
	struct sut_klp_func *funcs;
	bool callbacks[SUT_KLP_CALLBACKS];
};

struct sut_klp_state {
	uint64_t id;
	uint32_t version;
};

/* A livepatch module of its own for an object, which suture.ko loads with that. */
struct sut_klp_late {
	const char *object, *part;
};

/* A private symbol that the module is bound to: .klp.sym.* */
struct sut_klp_symbol {
	const char *object, *name;
	uint64_t sympos;
	bool early; /* in .klp.rela.vmlinux.*: its object must be there when the livepatch is loaded
		     */
	const char *with;  /* the module in whose .klp.rela.* it is, too, or NULL */
	size_t relocs;     /* that name it */
	size_t late_texts; /* of these: in code, and waiting for a module */
};

struct sut_klp_patch {
	bool livepatch; /* modinfo livepatch=Y */
	bool suture;    /* it is enabled through suture.ko */
	/* False: no struct klp_patch is in its data, or it is filled when the module is loaded.
	 * What follows up to the symbols is then not known. */
	bool readable;
	bool replace;
	size_t object_count;
	struct sut_klp_object *objects;
	size_t state_count;
	struct sut_klp_state *states;
	size_t late_count;
	struct sut_klp_late *late;
	size_t symbol_count;
	struct sut_klp_symbol *symbols;
};

/*
 * Strings are the module's or the arena's. SUT_INVALID (rule "format"): a livepatch symbol or
 * section whose name the kernel could not read.
 */
enum sut_rc sut_klp_patch_read(struct sut_arena *arena, const struct sut_ko *ko,
			       struct sut_klp_patch *patch, struct sut_diag *diag);

#endif
