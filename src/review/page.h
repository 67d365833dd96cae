/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of a page share: page.c (the functions) and page-tables.c (all else). */
#ifndef SUT_REVIEW_PAGE_H
#define SUT_REVIEW_PAGE_H

#include "review/review.h"

#include <stdio.h>

struct sut_page {
	FILE *file;
	struct sut_arena *arena;
	const struct sut_review *review;
	const struct sut_patch *patch;
};

/* Markup of ours around a text of anybody's. */
void sut_page_put(const struct sut_page *page, const char *before, const char *after,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Markup of ours. */
void sut_page_markup(const struct sut_page *page, const char *text);

/* columns end with NULL; "#bytes" is one of numbers. */
void sut_page_begin(const struct sut_page *page, const char *title, const char *const *columns);
void sut_page_end(const struct sut_page *page);

/* Objects, bindings, data, what the author added, facts. */
void sut_page_objects(const struct sut_page *page);
void sut_page_tables(const struct sut_page *page);

#endif
