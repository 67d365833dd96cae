/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a C file, cut into what stands at file scope, and the names that each part makes. */
#ifndef SUT_KERNEL_CREATE_AFFECTED_H
#define SUT_KERNEL_CREATE_AFFECTED_H

#include "base/arena.h"
#include "base/io.h"

#include <stdbool.h>
#include <stddef.h>

struct sut_names {
	struct sut_arena *arena;
	size_t count, capacity;
	const char **list;
};

/* Adds a name, once. Returns whether it is new. */
bool sut_names_add(struct sut_names *names, const char *name, size_t length);

struct sut_span {
	const char *text; /* without comments, blanks joined; zero-terminated */
	bool body;        /* it ends with a function's body */
};

struct sut_spans {
	size_t count, capacity;
	struct sut_span *list;
};

/* Cuts the text of a file, which may be anything. */
void sut_spans_cut(struct sut_arena *arena, struct sut_bytes text, struct sut_spans *spans);

/* What makes a span more than a declaration that has to be named to matter. */
enum sut_span_reach {
	SUT_SPAN_NAMED,     /* it matters to whoever names what it makes */
	SUT_SPAN_INCLUDED,  /* it is code or data by itself: it matters where it is included */
	SUT_SPAN_INCLUDE,   /* it includes another file */
	SUT_SPAN_CONDITION, /* it decides what else there is */
};

enum sut_span_reach sut_span_reach(const struct sut_span *span);

/* The names that the span makes: of a macro, function, type, its enumerators, a variable. */
void sut_span_names(const struct sut_span *span, struct sut_names *names);

/* Whether the text has one of the names as a word. */
bool sut_names_in(const struct sut_names *names, const char *text, size_t size);

/*
 * Where the text puts words together by ##, one of them may be a piece of a name. Adds what is
 * missing then: whoever has the name made for him gives that as an argument.
 */
void sut_names_pasted(const struct sut_names *names, const char *text, size_t size,
		      struct sut_names *rests);

#endif
