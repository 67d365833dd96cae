// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of text, and slots of puns, that a transition changes at its begin and at its ends. */
#include "process/switch-build.h"
#include "process/site.h"

static void add_word(struct sut_switch_build *b, enum sut_rt_list list, uint64_t address,
		     uint64_t expect, uint64_t value)
{
	SUT_PUSH(b->plan->arena, b->list[list].words, b->list[list].count, b->list[list].capacity) =
		(struct sut_rt_word){address, expect, value};
}

/* At the end of a transition that goes where it was to go. */
static void add_end_word(struct sut_switch_build *b, uint64_t address, uint64_t expect,
			 uint64_t value)
{
	add_word(b, SUT_RT_LIST_FORWARD, address, expect, value);
	add_word(b, SUT_RT_LIST_FORCED, address, expect, value);
}

/*
 * A pun becomes a direct jump once nobody is inside the original. Where the end is forced somebody
 * may be between the five bytes, and calls go on through the slot.
 */
static void add_direct_word(struct sut_switch_build *b, const struct sut_rt_func *f, uint64_t word,
			    uint64_t thunk, uint64_t code)
{
	add_word(b, SUT_RT_LIST_FORWARD, sut_site_word_address(f), word,
		 sut_site_jump_word(f, word, code));
	add_word(b, SUT_RT_LIST_FORCED, f->slot, thunk, code);
}

/* From the original to code: see the head of site.h for the two ways. */
void sut_words_from_original(struct sut_switch_build *b, const struct sut_rt_func *f,
			     const struct sut_site_now *now, uint64_t thunk, uint64_t code)
{
	uint64_t at = sut_site_word_address(f);
	uint64_t guarded = f->flags & SUT_RT_FUNC_PUN ? sut_site_pun_word(f, now->word)
						      : sut_site_jump_word(f, now->word, thunk);

	/* The slot of a kept pun page still leads elsewhere; nobody comes by before the entry does.
	 */
	if ((f->flags & SUT_RT_FUNC_PUN) && now->slot != thunk)
		add_word(b, SUT_RT_LIST_COMMIT, f->slot, now->slot, thunk);
	add_word(b, SUT_RT_LIST_COMMIT, at, now->word, guarded);
	add_word(b, SUT_RT_LIST_BACK, at, guarded, now->word);
	if (!(f->flags & SUT_RT_FUNC_PUN))
		add_end_word(b, at, guarded, sut_site_jump_word(f, now->word, code));
	else if (f->flags & SUT_RT_FUNC_DIRECT)
		add_direct_word(b, f, guarded, thunk, code);
	else
		add_end_word(b, f->slot, thunk, code);
}

/* Is the entry taken by its pun, and not by a direct jump? */
static bool is_punned(const struct sut_rt_func *f, const struct sut_site_now *now)
{
	return (f->flags & SUT_RT_FUNC_PUN) && now->word == sut_site_pun_word(f, f->original);
}

/* From code to other code, or (0) to the original. */
void sut_words_from_code(struct sut_switch_build *b, const struct sut_rt_func *f,
			 const struct sut_site_now *now, uint64_t thunk, uint64_t code)
{
	bool punned = is_punned(f, now);
	uint64_t at = sut_site_word_address(f);
	uint64_t guarded = punned ? now->word : sut_site_jump_word(f, now->word, thunk);

	if (punned) {
		add_word(b, SUT_RT_LIST_COMMIT, f->slot, now->slot, thunk);
		add_word(b, SUT_RT_LIST_BACK, f->slot, thunk, now->slot);
	} else {
		add_word(b, SUT_RT_LIST_COMMIT, at, now->word, guarded);
		add_word(b, SUT_RT_LIST_BACK, at, guarded, now->word);
	}
	if (!code)
		add_end_word(b, at, guarded, f->original);
	else if (!punned)
		add_end_word(b, at, guarded, sut_site_jump_word(f, now->word, code));
	else if (f->flags & SUT_RT_FUNC_DIRECT)
		add_direct_word(b, f, guarded, thunk, code);
	else
		add_end_word(b, f->slot, thunk, code);
}

bool sut_words_read(struct sut_switch_build *b, const struct sut_rt_func *f, uint64_t thunk,
		    struct sut_site_now *now)
{
	const struct sut_target *target = b->plan->runtime->target;

	now->slot = thunk;
	if (!sut_target_read(target, sut_site_word_address(f), &now->word, sizeof(now->word)))
		return false;
	if (!(f->flags & SUT_RT_FUNC_PUN))
		return true;
	/* In a pun page of this plan it holds nothing yet. */
	if (!sut_plan_takes(b->plan, f->slot))
		return sut_target_read(target, f->slot, &now->slot, sizeof(now->slot));
	sut_plan_write(b->plan, f->slot,
		       sut_arena_memdup(b->plan->arena, &now->slot, sizeof(now->slot)),
		       sizeof(now->slot));
	return true;
}

bool sut_words_sound(const struct sut_change *change, const struct sut_site_now *now)
{
	const struct sut_rt_func *f = change->site;

	if (sut_site_has_room(f))
		return true;
	return (f->flags & (SUT_RT_FUNC_PUN | SUT_RT_FUNC_DIRECT)) == SUT_RT_FUNC_PUN &&
	       (!change->from || is_punned(f, now));
}

void sut_words_add_planned(struct sut_switch_build *b)
{
	for (size_t i = 0; i < b->plan->word_count; i++)
		add_word(b, SUT_RT_LIST_COMMIT, b->plan->words[i].address, b->plan->words[i].expect,
			 b->plan->words[i].value);
}
