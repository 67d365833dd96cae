/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One writer for text and JSON: a command makes the same calls for both, so they cannot differ.
 *
 * A document is a tree of fields plus headlines. JSON prints one object: "schema" first, then the
 * fields, then "headlines" with every sentence. Text prints each headline as a line with a mark,
 * and the fields as an indented list when they are wanted (inspect, --verbose).
 * Strings may hold any bytes: they are escaped, invalid UTF-8 included.
 */
#ifndef SUT_BASE_OUT_H
#define SUT_BASE_OUT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum sut_mark {
	SUT_MARK_OK,      /* as wanted */
	SUT_MARK_ACTIVE,  /* under way */
	SUT_MARK_WARNING, /* done, but look */
	SUT_MARK_FAILED,  /* not done */
	SUT_MARK_NONE,    /* continuation of the line before, indented */
};

enum { SUT_OUT_DEPTH = 16 };

struct sut_out {
	FILE *file;
	bool json;
	bool fields; /* text: print fields, too */
	bool ascii;  /* text: marks without UTF-8 */
	unsigned int depth;
	struct {
		bool array;
		bool dashed; /* text: an object that is an element of an array */
		bool filled;
	} level[SUT_OUT_DEPTH];
	struct sut_arena arena;
	char **headlines; /* kept for the end of a JSON document */
	size_t headline_count;
	size_t headline_capacity;
};

/* Starts a document. schema is "suture.<command>/<version>". file is borrowed. */
void sut_out_init(struct sut_out *out, FILE *file, bool json, bool fields, const char *schema);

/* Ends the document and releases what the writer holds. Returns false when writing failed. */
bool sut_out_deinit(struct sut_out *out);

void sut_out_headline(struct sut_out *out, enum sut_mark mark, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* key is NULL for an element of an array. */
void sut_out_object(struct sut_out *out, const char *key);
void sut_out_array(struct sut_out *out, const char *key);
void sut_out_end(struct sut_out *out);

void sut_out_string(struct sut_out *out, const char *key, const char *value);
void sut_out_format(struct sut_out *out, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void sut_out_unsigned(struct sut_out *out, const char *key, uint64_t value);
void sut_out_bool(struct sut_out *out, const char *key, bool value);
/* Three decimals; for milliseconds and the like. */
void sut_out_decimal(struct sut_out *out, const char *key, double value);
/* An address, as the string "0x1234". */
void sut_out_address(struct sut_out *out, const char *key, uint64_t value);

#endif
