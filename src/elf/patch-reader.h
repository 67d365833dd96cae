/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the reader of patch files share: patch-read.c and patch-read-symbols.c. */
#ifndef SUT_ELF_PATCH_READER_H
#define SUT_ELF_PATCH_READER_H

#include "elf/patch-format.h"

/* The longest name is that of a relocation section: two names and a prefix. */
enum { STRING_MAX = 3 * SUT_PATCH_WORD_MAX };

struct sut_patch_reader {
	struct sut_arena *arena;
	const unsigned char *data;
	size_t size;
	uint64_t table; /* where the section table begins, */
	size_t count;   /* and how many sections it has */
	Elf64_Shdr *shdrs;
	const char **names;
	int32_t *content; /* ELF section index -> content section, or -1 */
	size_t symtab, strtab, shstrtab, note;
	size_t sources[SUT_PATCH_SOURCES]; /* 0: it is not there */
	struct sut_patch *patch;
	struct sut_diag *diag;
};

/* The string at offset in a string table; NULL when there is none, or none of a sane length. */
const char *sut_patch_reader_string(const struct sut_patch_reader *r, size_t table,
				    uint64_t offset);

/* In this order, when the sections are known; the names when the note is read, too. */
enum sut_rc sut_patch_reader_symbols(struct sut_patch_reader *r);
enum sut_rc sut_patch_reader_target_names(struct sut_patch_reader *r);
enum sut_rc sut_patch_reader_relocs(struct sut_patch_reader *r);

#endif
