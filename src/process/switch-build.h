/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that plan a transition tell each other: switch-plan, -words, -places.
 */
#ifndef SUT_PROCESS_SWITCH_BUILD_H
#define SUT_PROCESS_SWITCH_BUILD_H

#include "process/late.h"
#include "process/switch-edges.h"

/* What sut_switch_plan() collects. */
struct sut_switch_build {
	struct sut_plan *plan;
	const struct sut_memory *memory;
	struct sut_rt_transition record;
	uint64_t address; /* of the record */
	struct sut_zone *home;
	struct sut_edges edges;
	size_t copy_count, copy_capacity;
	struct dir_copy {
		const struct sut_zone *zone;
		uint64_t address;
	} * copies;
	size_t range_count, range_capacity;
	struct sut_rt_range *ranges;
	uint64_t piece_count; /* read so far */
	struct {
		size_t count, capacity;
		struct sut_rt_word *words;
	} list[SUT_RT_LIST_COUNT];
};

/* The word of text and, for a pun, the slot, as they are now. */
struct sut_site_now {
	uint64_t word;
	uint64_t slot;
};

/* switch-words.c: from the original, or from a patch's code, to code; 0: the original. */
void sut_words_from_original(struct sut_switch_build *b, const struct sut_rt_func *f,
			     const struct sut_site_now *now, uint64_t thunk, uint64_t code);
void sut_words_from_code(struct sut_switch_build *b, const struct sut_rt_func *f,
			 const struct sut_site_now *now, uint64_t thunk, uint64_t code);
/* Those that the plan has besides functions. */
void sut_words_add_planned(struct sut_switch_build *b);
/* A direct jump needs its five bytes in one word. The record comes from the target's memory. */
bool sut_words_sound(const struct sut_change *change, const struct sut_site_now *now);
bool sut_words_read(struct sut_switch_build *b, const struct sut_rt_func *f, uint64_t thunk,
		    struct sut_site_now *now);

/* switch-places.c */
void sut_range_add(struct sut_switch_build *b, uint64_t low, uint64_t high, uint32_t kind,
		   uint32_t func);
/* Thunks, heads, pun pages: wherever a decision may be pending. */
void sut_ranges_add_core(struct sut_switch_build *b, const struct sut_change *changes,
			 size_t count);
/* Sorts them, and stores what belongs to late objects. SUT_REFUSED (rule "overlap"). */
enum sut_rc sut_ranges_finish(struct sut_switch_build *b, struct sut_diag *diag);

#endif
