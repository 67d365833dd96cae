/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a source patch to a livepatch module of a stock kernel: the stages and what they hand over.
 *
 *   commands  kbuild's own command line of each touched file         -> struct sut_database
 *   affected  the units that a patched header reaches
 *   units     compiled on both sides and run through objtool, compared, judged
 *                                                                     -> struct sut_kernel_part
 *   match, extract, special, bind, emit
 *             proven against the kernel and extracted                 -> struct sut_kernel_patch
 *
 * The units are those of create/create.h, and so are verdicts: a stage that finds a reason against
 * the patch adds a refusal and goes on, and an error is for what stops the work.
 */
#ifndef SUT_KERNEL_CREATE_CREATE_H
#define SUT_KERNEL_CREATE_CREATE_H

#include "create/create.h"
#include "kernel/klp/kernel.h"
#include "object/diff.h"

/* What stands for the kernel itself where a module could be named, as livepatch has it. */
#define SUT_KERNEL_VMLINUX "vmlinux"

enum { SUT_KERNEL_NAME_MAX = 55 /* of a module; the kernel's structure has room for this */ };

struct sut_kernel_options {
	const char *name; /* of the module: letters, digits and _ */
	const char *version;
	size_t fix_count;
	const char **fixes;
	const char *release;        /* of the kernel, such as 6.1.0-50-amd64 */
	const char *tree;           /* prepared, with a built objtool; absolute, without links */
	struct sut_klp_files files; /* the kernel as it was shipped; all of them */
	const char *cache;  /* folder that commands and objects are kept in, of the profile */
	const char *source; /* the operator's tree, which must agree with it, or NULL */
	const char *patch;  /* the source patch */
	const char *strip;  /* -p level as a number, or NULL: find it */
	size_t unit_count;  /* for patches of headers: the units that they affect, or none */
	const char **units; /* relative to the tree */
	bool identity;      /* no source patch: functions of the units replace themselves */
	size_t function_count;
	const char **functions; /* with identity: which of them; none: all */
	bool replace;           /* the patch takes the place of all others */
	size_t allowed_count;
	const char **allowed;
	void (*progress)(void *context, const char *text); /* may be NULL */
	void *progress_context;
};

/*
 * A unit in one object of the kernel. A source that is linked into two modules gives two, with the
 * same unit, objects and diff.
 */
struct sut_kernel_part {
	const struct sut_unit *unit;
	/* SUT_KERNEL_VMLINUX, or the module by the name that the kernel gives it: "snd_hda_intel".
	 */
	const char *object;
	/* The module's file below lib/modules/RELEASE/kernel: "sound/pci/hda/snd-hda-intel.ko"; ""
	 * for vmlinux. */
	const char *file;
	/* -ffunction-sections -fdata-sections, lines stabilised, after objtool: */
	const struct sut_object *before, *after;
	const struct sut_diff *diff; /* of them, by sut_diff_kernel() */
	const char *const *objtool;  /* what runs on each object, in the tree; NULL: nothing */
};

/* All parts, and the units that they are of. Units without any difference in code are left out. */
struct sut_kernel_parts {
	size_t unit_count;
	struct sut_unit *units;
	size_t count;
	struct sut_kernel_part *list;
};

/*
 * The parts that the patch changes functions of, compiled into `scratch` (an existing empty
 * folder), compared and judged as far as it goes without the kernel's image. No part: the patch
 * changes nothing that this kernel has; the verdict says why, hunk by hunk.
 */
enum sut_rc sut_kernel_parts_make(struct sut_arena *arena, const struct sut_kernel_options *options,
				  const char *scratch, struct sut_kernel_parts *parts,
				  struct sut_verdict *verdict, struct sut_diag *diag);

/*
 * The object of the unpatched source by kbuild's command alone, after objtool, for what the
 * sections compile cannot prove. Compiled at the first call.
 */
enum sut_rc sut_kernel_part_plain(struct sut_arena *arena, const struct sut_kernel_part *part,
				  const char **path, struct sut_verdict *verdict,
				  struct sut_diag *diag);

/* A function of the livepatch, for reports. */
struct sut_kernel_func {
	const char *object;
	const char *name;   /* as kallsyms has it */
	uint32_t sympos;    /* 0: the name is unique */
	bool added;         /* new code, which replaces nothing */
	const char *source; /* "genetlink.c:12", or "" */
};

struct sut_kernel_patch {
	size_t func_count;
	struct sut_kernel_func *funcs;
	size_t symbol_count;     /* that are bound by .klp.rela */
	struct sut_bytes module; /* the .ko */
};

/* Turns refusals of options->allowed into warnings; what is left then is final. */
void sut_kernel_allow(const struct sut_kernel_options *options, struct sut_verdict *verdict);

/*
 * Proves the parts against the kernel's image and modules, extracts what is changed with all that
 * it needs, and makes the module of it. With a refusal that is not allowed, also one of the
 * verdict so far, patch is not filled.
 */
enum sut_rc sut_kernel_patch_make(struct sut_arena *arena, const struct sut_kernel_options *options,
				  const struct sut_kernel_parts *parts, const char *scratch,
				  struct sut_kernel_patch *patch, struct sut_verdict *verdict,
				  struct sut_diag *diag);

/* All of it: scratch folder made and removed, patch filled when *kind is CREATED. */
enum sut_rc sut_kernel_create(struct sut_arena *arena, const struct sut_kernel_options *options,
			      struct sut_kernel_patch *patch, enum sut_verdict_kind *kind,
			      struct sut_verdict *verdict, struct sut_diag *diag);

#endif
