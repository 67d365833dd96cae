// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/words.h"
#include "base/guard.h"

enum {
	SLOTS_MIN = 256, /* 48 KiB */
	SLOTS_MAX = 1 << 20,
	SPARE = 64, /* threads that may come during a transition, besides as many as there are */
};

static bool is_table(uint64_t slots, uint64_t count)
{
	return slots && count && count <= SLOTS_MAX && (count & (count - 1)) == 0;
}

/* How many keys it holds. */
static bool count_keys(const struct sut_target *target, const struct sut_words *words,
		       uint64_t *used)
{
	enum { CHUNK = 64 };
	struct sut_rt_slot slots[CHUNK];

	*used = 0;
	for (uint64_t i = 0; i < words->count; i += CHUNK) {
		uint64_t n = words->count - i < CHUNK ? words->count - i : CHUNK;

		if (!sut_target_read(target, words->slots + i * sizeof(slots[0]), slots,
				     n * sizeof(slots[0])))
			return false;
		for (uint64_t k = 0; k < n; k++)
			*used += slots[k].key != 0;
	}
	return true;
}

enum sut_rc sut_words_choose(const struct sut_runtime *runtime, const struct sut_memory *memory,
			     struct sut_words *words, struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_thread_list threads;
	uint64_t used, wanted;
	enum sut_rc rc;

	*words = (struct sut_words){0};
	if (runtime->layout.home == SUT_RT_HOME_TCB)
		return SUT_OK;
	rc = sut_thread_list(runtime->target, &arena, &threads, diag);
	if (rc != SUT_OK)
		return rc;
	if (is_table(memory->control.slots, memory->control.slot_count))
		*words = (struct sut_words){memory->control.slots, memory->control.slot_count};
	if (!count_keys(runtime->target, words, &used))
		return sut_target_damaged(runtime->target, "the table of threads", diag);
	wanted = 2 * (2 * threads.count + SPARE);
	if (words->count && 2 * used + wanted <= words->count)
		return SUT_OK;
	wanted = wanted > 2 * words->count ? wanted : 2 * words->count;
	*words = (struct sut_words){.count = SLOTS_MIN};
	while (words->count < wanted && words->count < SLOTS_MAX)
		words->count *= 2;
	return SUT_OK;
}

enum sut_rc sut_words_plan(struct sut_plan *plan, const struct sut_words *words,
			   struct sut_rt_transition *record, struct sut_diag *diag)
{
	const struct sut_runtime *runtime = plan->runtime;
	uint64_t size = words->count * sizeof(struct sut_rt_slot);

	record->home = runtime->layout.home;
	record->bounds = runtime->layout.bounds;
	record->slots = words->slots;
	record->slot_count = words->count;
	if (!words->count || words->slots)
		return SUT_OK;
	/* Not in a zone: transitions of other patches will use it, too. */
	record->slots = sut_plan_memory(plan, size);
	plan->used += size;
	return record->slots
		       ? SUT_OK
		       : sut_runtime_no_room(runtime->target,
					     "there is no room for a table of its threads", diag);
}

uint64_t sut_words_find(const struct sut_target *target, const struct sut_rt_transition *t,
			uint64_t tcb)
{
	uint64_t first;

	if (t->home == SUT_RT_HOME_TCB)
		return tcb + SUT_RT_THREAD;
	if (!is_table(t->slots, t->slot_count))
		return 0;
	first = sut_rt_slot(tcb, t->slot_count);
	for (uint64_t i = 0; i < SUT_RT_PROBES && i < t->slot_count; i++) {
		uint64_t at =
			t->slots + ((first + i) & (t->slot_count - 1)) * sizeof(struct sut_rt_slot);
		uint64_t key;

		if (!sut_target_read(target, at, &key, sizeof(key)) || !key)
			return 0;
		if (key == tcb)
			return at + offsetof(struct sut_rt_slot, words);
	}
	return 0;
}
