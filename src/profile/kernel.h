/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profile of a kernel: what create needs to make live patches for it, once per version.
 *
 *   tree/                   the source, prepared: single units compile as they were compiled
 *   kernel/vmlinux          the image, unpacked
 *   kernel/vmlinuz, config  as they were shipped, and so are the next two
 *   kernel/Module.symvers
 *   kernel/modules/         such as drivers/block/loop.ko
 *   before/                 what create caches: the commands of all units, objects
 *
 * Beyond that it is a profile like others (profile.h), whose one target is the image: names, locks,
 * list, verify and remove are the same.
 */
#ifndef SUT_PROFILE_KERNEL_H
#define SUT_PROFILE_KERNEL_H

#include "profile/profile.h"

struct sut_kernel_profile {
	struct sut_profile profile; /* holds: release (kernel), version of the packages */
	/* Paths, absolute: */
	const char *tree;
	const char *vmlinux, *symvers;
	const char *modules; /* a folder */
	const char *before;
};

/* The profile of that release; NULL: of the running kernel. SUT_GONE: there is none (the remedy
 * names the command that makes it). */
enum sut_rc sut_kernel_profile_open(struct sut_arena *arena, const char *release,
				    struct sut_kernel_profile *kernel, struct sut_diag *diag);

#endif
