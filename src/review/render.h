/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A review for a terminal, as a page, and as fields of a document. */
#ifndef SUT_REVIEW_RENDER_H
#define SUT_REVIEW_RENDER_H

#include "base/out.h"
#include "review/review.h"

/* As a unified diff is printed, source first. color: with the sequences of a terminal. */
void sut_review_text(FILE *file, const struct sut_review *review, bool color);

/* One HTML page that needs nothing else: no script, no other file. */
void sut_review_page(FILE *file, const struct sut_review *review);

/* The array "review", one element for each function, and "hunks_elsewhere". */
void sut_review_out(struct sut_out *out, const struct sut_review *review);

#endif
