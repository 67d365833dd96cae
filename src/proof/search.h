/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a proof while it is made: what the ways to find a function share. Only for proof.c
 * (names, references, and what follows from a match), neighbours.c, content.c and fits.c.
 */
#ifndef SUT_PROOF_SEARCH_H
#define SUT_PROOF_SEARCH_H

#include "proof/match.h"
#include "proof/proof.h"

/* A label in a function that was not known yet when something referred to the label. */
struct sut_pending {
	uint32_t from; /* definition */
	struct sut_binding binding;
};

struct sut_search {
	struct sut_arena *arena;
	struct sut_proof *proof;
	const struct sut_proof *hints;
	struct sut_match match;
	struct sut_match_steps *steps; /* per definition that is proven */
	bool *checked;                 /* per section of data: its content was compared */
	size_t pending_count, pending_capacity;
	struct sut_pending *pending;
};

/* The function was neither found nor seen to differ. */
bool sut_search_is_open(const struct sut_search *search, uint32_t index);

/* The function is at the address or nowhere: if it does not match there, it is different. */
void sut_search_certain(struct sut_search *search, uint32_t index, uint64_t address);

/*
 * The function may be at the address. A match counts if it is telling: a function of that size at
 * least, or one whose references agree with what is known. true: it was found.
 */
bool sut_search_guess(struct sut_search *search, uint32_t index, uint64_t address, uint64_t enough);

/* What the target says of itself does not contradict the binding. */
bool sut_search_fits(const struct sut_search *search, const struct sut_binding *binding);

/* Takes what is known further, until nothing new comes out. */
void sut_search_follow(struct sut_search *search);

/* Functions next to known ones. true: one was found. */
bool sut_search_neighbours(struct sut_search *search);

/* Functions by their content, anywhere in the target. */
void sut_search_content(struct sut_search *search);

#endif
