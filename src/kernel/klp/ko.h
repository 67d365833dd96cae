/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What relocations and livepatches need of a kernel module's file: its symbol table as it stands
 * and the relocations of all that is loaded, over the sections that kernel/image reads. Nothing in
 * it is trusted: every index, offset and string below was checked, so that later stages may use
 * them without a second look.
 */
#ifndef SUT_KERNEL_KLP_KO_H
#define SUT_KERNEL_KLP_KO_H

#include "kernel/image/elf.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SUT_KO_FILE_MAX = 256 << 20, /* bytes */
	SUT_KO_SHN_LIVEPATCH = 0xff20,
	SUT_KO_SHF_RELA_LIVEPATCH = 0x00100000,
	SUT_KO_NONE = UINT32_MAX, /* instead of an index */
};

/* A relocation of a section that the kernel loads (SHF_ALLOC). */
struct sut_ko_reloc {
	uint32_t section; /* which is changed */
	uint32_t table;   /* the SHT_RELA section that it stands in */
	uint32_t type;    /* R_X86_64_* */
	uint32_t symbol;  /* index into symbols */
	uint64_t offset;  /* in section */
	int64_t addend;
};

struct sut_ko {
	struct sut_kernel_elf elf;
	uint32_t symtab, strtab, shstrtab; /* sections */
	size_t symbol_count;
	Elf64_Sym *symbols; /* of the file, unchanged; st_shndx is one of elf's or reserved */
	size_t reloc_count;
	struct sut_ko_reloc *relocs; /* by section and offset, of equal ones in the file's order */
};

/*
 * Reads a module from memory; all of *ko lives in the arena or in bytes, which must stay.
 * SUT_INVALID (rule "format") for what is not well-formed, SUT_UNSUPPORTED for another machine.
 */
enum sut_rc sut_ko_read(struct sut_arena *arena, const char *path, struct sut_bytes bytes,
			struct sut_ko *ko, struct sut_diag *diag);

/* Reads the file at path. */
enum sut_rc sut_ko_load(struct sut_arena *arena, const char *path, struct sut_ko *ko,
			struct sut_diag *diag);

const char *sut_ko_symbol_name(const struct sut_ko *ko, size_t symbol);

/* The symbol of this name that is not local, or SUT_KO_NONE. */
uint32_t sut_ko_find_symbol(const struct sut_ko *ko, const char *name);

/* How many relocations a section holds that change what is loaded; 0 for sections of other kinds.
 */
size_t sut_ko_relocs_in(const struct sut_ko *ko, uint32_t section);

/* The first relocation at or behind an offset of a section: an index into relocs, which may be
 * reloc_count, and may be one of another section. */
size_t sut_ko_find_reloc(const struct sut_ko *ko, uint32_t section, uint64_t offset);

/*
 * The next value of a key of .modinfo ("vermagic", "depends", "livepatch"), or NULL. *position
 * starts at 0 and may be NULL when the first one is enough.
 */
const char *sut_ko_info(const struct sut_ko *ko, const char *key, size_t *position);

/*
 * The next entry of __versions: a symbol that modpost has resolved, with the checksum of its type.
 * NULL: no more. *position starts at 0.
 */
const char *sut_ko_version(const struct sut_ko *ko, size_t *position, uint32_t *crc);

/* The characters at an address inside the module, up to their zero byte; NULL: there are none. */
const char *sut_ko_string(const struct sut_ko *ko, uint32_t section, uint64_t offset);

#endif
