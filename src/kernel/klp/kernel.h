/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel that a livepatch module is for, as files: its image, its modules, what it exports. */
#ifndef SUT_KERNEL_KLP_KERNEL_H
#define SUT_KERNEL_KLP_KERNEL_H

#include "kernel/image/image.h"
#include "kernel/image/module.h"
#include "kernel/image/symvers.h"
#include "kernel/klp/ko.h"

struct sut_klp_files {
	const char *image;   /* vmlinux or vmlinuz */
	const char *modules; /* a folder with .ko files somewhere below it, or NULL */
	const char *symvers; /* Module.symvers, or NULL */
};

struct sut_klp_kernel {
	struct sut_arena *arena;
	struct sut_klp_files files;
	struct sut_kernel_image image;
	struct sut_kernel_symbols symbols; /* of vmlinux */
	struct sut_symvers symvers;        /* empty without the file */
	/* Modules that were asked for; module NULL: there is none of that name. */
	size_t module_count, module_capacity;
	struct sut_klp_known_module {
		const char *name;
		struct sut_kernel_module *module;
	} * modules;
};

/* Reads image and Module.symvers. The kernel lives in the arena. */
enum sut_rc sut_klp_kernel_open(struct sut_arena *arena, const struct sut_klp_files *files,
				struct sut_klp_kernel *kernel, struct sut_diag *diag);

/* One more module, whatever folder it is in; it comes before those of the folder. */
enum sut_rc sut_klp_kernel_add(struct sut_klp_kernel *kernel, const char *path,
			       struct sut_diag *diag);

/*
 * A module by the name that the kernel has for it; NULL: there is no such file, or no folder was
 * named. The second call for a name is quick.
 */
enum sut_rc sut_klp_kernel_module(struct sut_klp_kernel *kernel, const char *name,
				  const struct sut_kernel_module **module, struct sut_diag *diag);

/* The symbols of an object: of vmlinux, or of a module; NULL: there is no such module. */
enum sut_rc sut_klp_kernel_symbols(struct sut_klp_kernel *kernel, const char *object,
				   const struct sut_kernel_symbols **symbols,
				   struct sut_diag *diag);

/*
 * Whether a module may refer to the symbol in the ordinary way: modpost has noted a version for it,
 * as it does for each symbol that somebody exports, or the kernel exports it.
 */
bool sut_klp_is_ordinary(const struct sut_ko *ko, const struct sut_klp_kernel *kernel,
			 const char *name);

/*
 * Whether ftrace can redirect a function: vmlinux's or a module's list of entries (__mcount_loc)
 * has one in it. Neither functions marked notrace nor those of .init have one. *known is false
 * where there is no list to look into.
 */
bool sut_klp_kernel_traced(const struct sut_klp_kernel *kernel,
			   const struct sut_kernel_module *module,
			   const struct sut_kernel_symbol *symbol, bool *known);

/*
 * Whether references of code to a module are cleared when the module goes, so that it may come
 * back: by the kernel itself since 6.3, before that by the livepatch (suture/reload.h), which then
 * refers to the kernel's text_poke_set().
 */
bool sut_klp_clears(const struct sut_ko *ko, const struct sut_klp_kernel *kernel);

#endif
