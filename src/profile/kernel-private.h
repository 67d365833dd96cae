/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The profile of a kernel that is being made; internal to the kernel's files of the folder. */
#ifndef SUT_PROFILE_KERNEL_PRIVATE_H
#define SUT_PROFILE_KERNEL_PRIVATE_H

#include "profile/build.h"
#include "kernel/create/commands.h"
#include "kernel/image/image.h"

/* Debian's packages of one version of a kernel, as files. */
struct sut_kernel_packages {
	const char *image;   /* linux-image-RELEASE, or the same unsigned: what runs */
	const char *headers; /* linux-headers-RELEASE: configuration, generated headers, symvers */
	const char *kbuild;  /* linux-kbuild-X: programs of the build, objtool */
	const char *source;  /* linux-source-X */
};

struct sut_kernel_making {
	struct sut_making *making;
	const char *release; /* uname -r */
	const char *version; /* of the packages */
	struct sut_kernel_packages packages;
	const char *root;  /* packages are unpacked here */
	const char *files; /* of the profile: image and modules as they were shipped */
	const char *tree;  /* of the profile: the source */
	struct sut_kernel_image image;
	const char *compiler; /* by the name that the kernel was configured with: "gcc-12" */
	struct sut_kernel_commands commands;
};

/* ---- kernel-packages.c ---- */

/* Takes the packages from the folder that was named, or fetches them: version, packages. */
enum sut_rc sut_kernel_packages_get(struct sut_kernel_making *kernel);

/* Unpacks them below root; the source's own archive is root/usr/src/....tar.xz then. */
enum sut_rc sut_kernel_packages_unpack(struct sut_kernel_making *kernel);

/* ---- kernel-files.c ---- */

/* Moves what was shipped to its place, and looks whether it is one kernel: image. */
enum sut_rc sut_kernel_files_take(struct sut_kernel_making *kernel);

/* ---- kernel-config.c ---- */

/* The tree is configured as the image is (what has nothing to do with code may differ), and such
 * that single units can be compiled: else SUT_REFUSED, SUT_UNSUPPORTED (rule "kernel-profile"). */
enum sut_rc sut_kernel_config_check(struct sut_kernel_making *kernel);

/* A value of the tree's configuration, without quotes, or "". */
enum sut_rc sut_kernel_config_value(struct sut_kernel_making *kernel, const char *key,
				    const char **value);

/* ---- kernel-tree.c ---- */

/* Prepares the tree: compiler, commands. */
enum sut_rc sut_kernel_tree_make(struct sut_kernel_making *kernel);

/* ---- kernel-proof.c ---- */

/* Compiles some units of all parts of the kernel and compares them: the target's counts. */
enum sut_rc sut_kernel_sample_prove(struct sut_kernel_making *kernel);

/* ---- kernel-make.c ---- */

/* Runs a tool in a folder; SUT_REFUSED (rule "kernel-profile") with what it says when it fails. */
enum sut_rc sut_kernel_tool(struct sut_kernel_making *kernel, const char *directory,
			    const char *const *argv);

/* The same, and reads what it prints. */
enum sut_rc sut_kernel_ask(struct sut_kernel_making *kernel, const char *const *argv,
			   const char **text);

/* All of it, for profile/make.c. */
enum sut_rc sut_kernel_make(struct sut_making *making);

#endif
