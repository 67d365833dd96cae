/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small patch that has one of everything, for tests and as the seed of the fuzzer's corpus. */
#ifndef SUT_ELF_PATCH_SAMPLE_H
#define SUT_ELF_PATCH_SAMPLE_H

#include "elf/patchfile.h"

/* Where the sample's parts are, for tests that change one of them. */
enum {
	SUT_SAMPLE_TEXT,   /* .text.greet */
	SUT_SAMPLE_COLD,   /* .text.unlikely.greet */
	SUT_SAMPLE_HELPER, /* .text.helper */
	SUT_SAMPLE_LIB,    /* .text.scale, of the second object */
	SUT_SAMPLE_RODATA, /* .rodata.str1.1 */
	SUT_SAMPLE_DATA,   /* .data.table */
	SUT_SAMPLE_BSS,    /* .bss.counter */
	/* What the author added: */
	SUT_SAMPLE_OBJECTS, /* .data.rel.suture_objects: the program, the library */
	SUT_SAMPLE_SETS,    /* .data.rel.sets, of the program */
	SUT_SAMPLE_TYPES,   /* .data.rel.types, likewise */
	SUT_SAMPLE_TYPE,    /* .data.rel.ro.type */
	SUT_SAMPLE_STATES,  /* .data.suture_states */
	SUT_SAMPLE_NOTE,    /* .text.take_note, which calls the run-time */
	SUT_SAMPLE_SECTIONS,
};

/* All of it lies in the arena and may be changed. */
struct sut_patch *sut_patch_sample(struct sut_arena *arena);

#endif
