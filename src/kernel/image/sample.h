/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small kernels and modules, made in memory for tests and as seeds of the fuzzers. */
#ifndef SUT_KERNEL_IMAGE_SAMPLE_H
#define SUT_KERNEL_IMAGE_SAMPLE_H

#include "base/arena.h"
#include "base/io.h"

#include <elf.h>
#include <stdbool.h>

enum { SUT_SAMPLE_TEXT_SIZE = 0x200 };
#define SUT_SAMPLE_TEXT UINT64_C(0xffffffff81000000) /* address of .text */

/* How the tables of kallsyms are laid out. */
enum sut_sample_layout {
	SUT_SAMPLE_6_1,  /* offsets first, no seqs_of_names */
	SUT_SAMPLE_6_2,  /* offsets first */
	SUT_SAMPLE_6_4,  /* offsets last */
	SUT_SAMPLE_6_15, /* the same, and no absolute symbols */
};

/*
 * vmlinux with a banner, a build-id and these symbols: two of .data..percpu (not in 6.15), _text,
 * then in .text at +0x10 "first", "same", "second", "same" and so on, 16 bytes each, and 300
 * functions of one letter and a number, for the tables need more than 256.
 */
struct sut_bytes sut_sample_vmlinux(struct sut_arena *arena, enum sut_sample_layout layout);

/* What a boot loader loads: a header, and this as its payload. */
struct sut_bytes sut_sample_boot(struct sut_arena *arena, struct sut_bytes payload);

/* A module "sample_module" of two units, one with a function in .init.text that is named like a
 * later one of .text. */
struct sut_bytes sut_sample_module(struct sut_arena *arena);

#endif
