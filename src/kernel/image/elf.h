/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections and bytes of a kernel's files: vmlinux (ET_EXEC, every section has a link address) and
 * modules (ET_REL, none has one). 64-bit x86-64 only. All ranges were checked against the file.
 */
#ifndef SUT_KERNEL_IMAGE_ELF_H
#define SUT_KERNEL_IMAGE_ELF_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SUT_KERNEL_BUILD_ID_MAX = 64 /* bytes */ };

struct sut_kernel_section {
	const char *name;
	uint32_t type;  /* SHT_* */
	uint64_t flags; /* SHF_* */
	uint64_t address, size, align, entry_size;
	uint32_t link, info;
	const unsigned char *data; /* size bytes; NULL: SHT_NOBITS, or empty */
};

struct sut_kernel_elf {
	const char *path;       /* for messages */
	struct sut_bytes bytes; /* of the ELF file; the arena's, or the caller's */
	bool relocatable;       /* a module or another object; else linked */
	size_t section_count;   /* [0] is ELF's null section: indices are the file's */
	struct sut_kernel_section *sections;
	size_t build_id_size; /* 0: it has none */
	unsigned char build_id[SUT_KERNEL_BUILD_ID_MAX];
};

/* SUT_INVALID (rule "format") says what is wrong with the file. bytes must stay. */
enum sut_rc sut_kernel_elf_parse(struct sut_arena *arena, const char *path, struct sut_bytes bytes,
				 struct sut_kernel_elf *elf, struct sut_diag *diag);

/* The first section of that name, or NULL. */
const struct sut_kernel_section *sut_kernel_elf_section(const struct sut_kernel_elf *elf,
							const char *name);

/* Linked only: the section that holds all of the bytes at the link address, or NULL. An address
 * below the size of .data..percpu is an offset in it, as in kallsyms. */
const struct sut_kernel_section *sut_kernel_elf_at(const struct sut_kernel_elf *elf,
						   uint64_t address, uint64_t size);

/* Linked only: these bytes, or NULL: not in one section, or zeros that no file has (.bss). */
const unsigned char *sut_kernel_elf_bytes(const struct sut_kernel_elf *elf, uint64_t address,
					  uint64_t size);

#endif
