/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profile of a kernel: what create needs to make live patches for it, once per version.
 *
 *   tree/            the source, prepared: single units compile as the distribution compiled them
 *   kernel/vmlinux   the image, unpacked          kernel/vmlinuz   as it was shipped
 *   kernel/config    as it was shipped            kernel/Module.symvers
 *   kernel/symbols   index of the image's symbols, so that they load quickly
 *   kernel/modules/  the modules as they were shipped, below the paths of their sources
 *   module/          a module of one line with what kbuild did to build it: commands of each step
 *   before/          what create caches; not in the digests
 *
 * Which is in an ordinary profile (profile.h), of which the image is the one target: names, locks,
 * list, verify and remove are the same.
 */
#ifndef SUT_PROFILE_KERNEL_H
#define SUT_PROFILE_KERNEL_H

#include "kernel/image/image.h"
#include "kernel/image/symvers.h"
#include "profile/profile.h"

struct sut_kernel_profile {
	struct sut_profile profile;
	const char *release; /* "6.1.0-50-amd64" */
	const char *version; /* of the packages: "6.1.176-1" */
	const char *banner;  /* /proc/version without its newline */
	/* Paths, absolute. */
	const char *tree; /* run the commands here; never write outside of `before` */
	const char *vmlinux;
	const char *config;
	const char *symvers;
	const char *modules;  /* folder: kernel/drivers/block/loop.ko below it */
	const char *module;   /* folder of the module template, see below */
	const char *before;   /* caches of create: the commands of each unit, objects */
	const char *compiler; /* program that compiles: "/usr/bin/x86_64-linux-gnu-gcc-12" */
};

/* The profile of that release, NULL: of the running kernel. SUT_GONE: there is none (the remedy
 * names the command). */
enum sut_rc sut_kernel_profile_open(struct sut_arena *arena, const char *release,
				    struct sut_kernel_profile *kernel, struct sut_diag *diag);

/* The same by the image's build-id (/sys/kernel/notes). */
enum sut_rc sut_kernel_profile_find(struct sut_arena *arena, const unsigned char *build_id,
				    size_t size, struct sut_kernel_profile *kernel,
				    struct sut_diag *diag);

/* The image's bytes and its symbols. */
enum sut_rc sut_kernel_profile_image(struct sut_arena *arena,
				     const struct sut_kernel_profile *kernel,
				     struct sut_kernel_image *image,
				     struct sut_kernel_symbols *symbols, struct sut_diag *diag);

/* Path of the shipped module of that name ("snd_hda_intel", '-' is '_'), or NULL. */
const char *sut_kernel_profile_module(struct sut_arena *arena,
				      const struct sut_kernel_profile *kernel, const char *name);

/*
 * How kbuild builds a module of one source file, recorded once with the name "sut_template": an
 * argv for each step, run in the tree. The words "@C@" (a source), "@O@" (an object), "@NAME@" and
 * the like stand for what changes; see docs in kernel-template.c.
 */
struct sut_kernel_step {
	size_t argc;
	const char **argv; /* NULL-terminated */
};

struct sut_kernel_template {
	struct sut_kernel_step compile; /* @C@ -> @O@: a module's own source; KBUILD_MODNAME is
					   @NAME@ */
	struct sut_kernel_step mod;     /* @C@ -> @O@: the .mod.c that modpost writes */
	struct sut_kernel_step link;    /* @IN@ (one word, becomes all objects) -> @O@: the .ko */
	const char *mod_source; /* text of the .mod.c: its includes, MODULE_INFO(vermagic) and
				   struct module; without ____versions and depends */
};

enum sut_rc sut_kernel_profile_template(struct sut_arena *arena,
					const struct sut_kernel_profile *kernel,
					struct sut_kernel_template *steps, struct sut_diag *diag);

#endif
