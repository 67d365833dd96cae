/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of .eh_frame: by them an unwinder gets from a function to its caller. A CIE has what
 * several functions have in common, an FDE is about one range of code. Only the records' frames are
 * read here, not the instructions in them. Nothing is trusted: what is malformed, or of a form that
 * no compiler for x86-64 writes, ends the walk.
 */
#ifndef SUT_BASE_FRAMES_H
#define SUT_BASE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a pointer is written: a form, what it counts from, and whether it leads to the pointer. */
enum {
	SUT_FRAME_UDATA4 = 0x03,
	SUT_FRAME_SDATA4 = 0x0b,
	SUT_FRAME_PCREL = 0x10,
	SUT_FRAME_DATAREL = 0x30,
	SUT_FRAME_INDIRECT = 0x80,
	SUT_FRAME_OMIT = 0xff,
};

/* All offsets are from the start of the section. */
struct sut_frame {
	size_t at, size; /* of the record, its length included */
	bool is_cie;
	size_t cie;          /* of an FDE: where its CIE is */
	size_t instructions; /* how to unwind, to the end of the record */
	/* What the CIE says: */
	size_t alignment;    /* of the fields between the letters ... */
	size_t augmentation; /* ... and the data that those announce */
	size_t personality;  /* of the field; 0: there is none */
	size_t personality_encoding_at;
	unsigned char personality_encoding;
	unsigned char lsda_encoding; /* OMIT: none */
	/* Of an FDE: fields of 4 bytes, the start relative to its own address. */
	size_t start, range;
	size_t lsda; /* 0: none */
};

struct sut_frames {
	const unsigned char *data;
	size_t size, at;
	bool malformed;
};

/* The next record, or false at the end; then malformed says whether it came too early. */
bool sut_frames_next(struct sut_frames *frames, struct sut_frame *frame);

/* The little-endian word at an offset that a record gave. */
uint32_t sut_frames_word(const struct sut_frames *frames, size_t at);

#endif
