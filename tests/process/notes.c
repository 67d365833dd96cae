// SPDX-License-Identifier: GPL-2.0-or-later
#include "notes.h"

#include <stdio.h>

enum { PRE_PATCH, POST_PATCH };
enum { SET = 0, WITH_CALLBACKS = 1u << FIX_3 | 1u << FIX_5 };

/* docs/semantics.md, A8. */
static bool follow(struct notes *notes, const struct hammer_note *note)
{
	static const int from[] = {NOTES_OFF, NOTES_PRE, NOTES_ON, NOTES_PRE};
	static const int to[] = {NOTES_PRE, NOTES_ON, NOTES_PRE, NOTES_OFF};
	static const char *const names[] = {"pre_patch", "post_patch", "pre_unpatch",
					    "post_unpatch"};

	if (note->owner >= FIX_COUNT || note->which >= 4)
		return false;
	if ((int)notes->states[note->owner] != from[note->which]) {
		printf("# owner %d: %s in state %d\n", note->owner, names[note->which],
		       notes->states[note->owner]);
		return false;
	}
	notes->states[note->owner] = to[note->which];
	if (note->owner != FIX_5)
		return true;
	/* post_patch also ends a revert that was turned round. */
	if (note->which == POST_PATCH && notes->replaces)
		notes->states[FIX_3] = NOTES_OFF;
	notes->replaces = note->which == PRE_PATCH;
	return true;
}

/* For a C library whose programs cannot call any, the fixes are made without. */
static unsigned int with_callbacks(const struct fixes *fixes)
{
	return fixes->list[FIX_3].patch.additions.list ? WITH_CALLBACKS : 0;
}

const char *notes_wrong(struct notes *notes, const struct load *load, unsigned int in_use,
			unsigned int replaced)
{
	const struct hammer_page *page = load->page;
	unsigned int with = with_callbacks(load->fixes);
	uint64_t count = __atomic_load_n(&page->note_count, __ATOMIC_ACQUIRE);

	if (count - notes->read > HAMMER_NOTES)
		return "more notes than there is room for";
	while (notes->read < count)
		if (!follow(notes, &page->notes[notes->read++ % HAMMER_NOTES]))
			return "a callback ran that was not due";
	for (int i = 0; i < FIX_COUNT; i++) {
		bool on = i == SET ? in_use & with : in_use & with & 1u << i;

		if (i != SET && notes->states[i] == NOTES_ON && replaced & ~in_use & 1u << i)
			notes->states[i] = NOTES_OFF;
		if (notes->states[i] != (on ? NOTES_ON : NOTES_OFF)) {
			printf("# owner %d is in state %d\n", i, notes->states[i]);
			return "callbacks ran for what is not in use, or did not for what is";
		}
	}
	return NULL;
}
