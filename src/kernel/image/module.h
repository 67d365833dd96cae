/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel module as a file: .ko, .ko.xz, .ko.gz, .ko.zst. */
#ifndef SUT_KERNEL_IMAGE_MODULE_H
#define SUT_KERNEL_IMAGE_MODULE_H

#include "kernel/image/elf.h"
#include "kernel/image/symbols.h"

struct sut_kernel_module {
	struct sut_kernel_elf elf;
	const char *name;     /* as the kernel has it: "snd_hda_intel", no '-' */
	const char *vermagic; /* "6.1.0-50-amd64 SMP preempt mod_unload modversions ", or "" */
	const char *release;  /* the first word of it */
	const char *license;  /* or "" */
	bool livepatch;       /* modinfo has livepatch=Y */
	bool in_tree;         /* intree=Y */
	size_t depends_count;
	const char **depends; /* names of the modules that it needs */
	struct sut_kernel_symbols
		symbols;     /* what /proc/kallsyms has of it when its init has ended */
	uint32_t *elf_index; /* of each symbol of the list: its index in .symtab */
	size_t export_count;
	const char **exports; /* names, by strcmp */
};

/* SUT_INVALID (rule "format"): no module, or damaged. SUT_UNSUPPORTED: another machine. */
enum sut_rc sut_kernel_module_open(struct sut_arena *arena, const char *path,
				   struct sut_kernel_module *module, struct sut_diag *diag);

/* The same for the content of an ELF file, not compressed, which the caller keeps. */
enum sut_rc sut_kernel_module_parse(struct sut_arena *arena, const char *path,
				    struct sut_bytes bytes, struct sut_kernel_module *module,
				    struct sut_diag *diag);

/* The value of a key of .modinfo ("depends"), or NULL. */
const char *sut_kernel_modinfo(const struct sut_kernel_elf *elf, const char *key);

#endif
