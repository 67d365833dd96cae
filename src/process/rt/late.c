// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An object comes or goes (late.h has the states). Nothing of one that comes has run, so its text
 * is changed plainly. Outside a transition its entries lead to the newest code at once; in one
 * that takes part in, they lead to that transition's thunks, before any thread can call them.
 */
#include "process/rt/inside.h"

#include <linux/errno.h>

enum { PROT_RX = 5, PROT_RW = 3 };

#define for_each_patch(p, control)                                                                 \
	for (struct sut_rt_patch *p = (struct sut_rt_patch *)(control)->patches; p;                \
	     p = (struct sut_rt_patch *)p->next)
#define for_each_part(part, late)                                                                  \
	for (struct sut_rt_part *part = (struct sut_rt_part *)(late)->parts; part;                 \
	     part = (struct sut_rt_part *)part->next)

/* Is it of the transition that runs? */
static bool is_moving(const struct sut_rt_control *control, const struct sut_rt_part *part)
{
	const struct sut_rt_transition *t = (const struct sut_rt_transition *)control->transition;

	return t && part->transition == control->transition && part->mark == t->mark_new;
}

static bool is_live(const struct sut_rt_control *control, const struct sut_rt_part *part)
{
	const struct sut_rt_patch *patch = (const struct sut_rt_patch *)part->patch;

	return (patch && patch->klp.core) || is_moving(control, part);
}

/* A planned address, as it is now. */
static uint64_t real(const struct sut_rt_late *late, uint64_t planned)
{
	if (planned - late->arena_planned < SUT_RT_ARENA_SIZE)
		return planned - late->arena_planned + late->arena;
	return planned - late->planned + late->bias;
}

/* The word of text with a jump from the entry in it. */
static uint64_t jump_word(uint64_t entry, uint64_t word, uint64_t to)
{
	unsigned int shift = 8 * (entry % 8);
	uint64_t jump = 0xe9 | (uint64_t)(uint32_t)(to - (entry + 5)) << 8;

	return (word & ~(UINT64_C(0xffffffffff) << shift)) | jump << shift;
}

/* --- memory ----------------------------------------------------------------------------------- */

static int64_t fix(const struct sut_rt_late *late, unsigned char *at, uint32_t kind)
{
	uint64_t object = late->bias - late->planned, arena = late->arena - late->arena_planned;
	int32_t *narrow = (int32_t *)at;
	uint64_t *wide = (uint64_t *)at;
	int64_t sum;

	switch (kind) {
	case SUT_RT_FIX_OBJECT:
		*wide += object;
		return 0;
	case SUT_RT_FIX_ARENA:
		*wide += arena;
		return 0;
	default:
		sum = *narrow + (int64_t)(object - arena);
		*narrow = (int32_t)sum;
		return *narrow == sum ? 0 : -ENOMEM;
	}
}

static int64_t fill(const struct sut_rt_control *control, const struct sut_rt_late *late,
		    struct sut_rt_part *part)
{
	unsigned char *to = (unsigned char *)(late->arena + part->offset);
	const unsigned char *from = (const unsigned char *)part->image;
	const struct sut_rt_fix *fixes = (const struct sut_rt_fix *)part->fixes;
	int64_t rc = sut_rt_mprotect((uint64_t)to, part->text_size + part->data_size, PROT_RW);

	for (uint64_t i = 0; !rc && i < part->image_size; i++)
		to[i] = from[i];
	for (uint64_t i = 0; !rc && i < part->fix_count; i++)
		rc = fix(late, to + fixes[i].offset, fixes[i].kind);
	if (!rc && part->dir && is_moving(control, part))
		*(uint8_t *)real(late, part->dir) =
			(uint8_t)((struct sut_rt_transition *)part->transition)->dir;
	part->here = 1;
	return rc ? rc : sut_rt_mprotect((uint64_t)to, part->text_size, PROT_RX);
}

/* --- records ---------------------------------------------------------------------------------- */

static struct sut_rt_func *funcs_of(const struct sut_rt_patch *p)
{
	return (struct sut_rt_func *)p->funcs;
}

/* The record of the instance that comes, of the one that was planned. */
static void fill_func(const struct sut_rt_late *late, const struct sut_rt_func *plan,
		      struct sut_rt_func *f)
{
	const struct sut_rt_range *pieces = (const struct sut_rt_range *)plan->pieces;
	const struct sut_rt_jump *jumps = (const struct sut_rt_jump *)plan->jumps;
	struct sut_rt_range *to = (struct sut_rt_range *)f->pieces;
	struct sut_rt_jump *jump = (struct sut_rt_jump *)f->jumps;

	f->entry = real(late, plan->entry);
	f->size = plan->size;
	f->original = plan->original;
	f->head = real(late, plan->head);
	f->code = real(late, plan->code);
	f->code_size = plan->code_size;
	f->slot = f->land = f->pun = f->pun_mask = 0;
	for (uint64_t i = 0; i < plan->piece_count; i++) {
		to[i] = pieces[i];
		to[i].low = real(late, pieces[i].low);
		to[i].high = real(late, pieces[i].high);
	}
	for (uint64_t i = 0; i < plan->jump_count; i++) {
		jump[i] = jumps[i];
		if (jump[i].target > SUT_RT_JUMP_ELSEWHERE)
			jump[i].target = real(late, jumps[i].target);
	}
	f->flags = plan->flags & ~(uint32_t)SUT_RT_FUNC_PLANNED;
}

/* Those of patches in use. */
static void fill_funcs(struct sut_rt_control *control, const struct sut_rt_late *late)
{
	for_each_patch(p, control) for (uint32_t i = 0; p->klp.core && i < p->func_count; i++)
	{
		const struct sut_rt_func *plan = &funcs_of(p)[i];

		if (plan->late == (uint64_t)late && plan->flags & SUT_RT_FUNC_PLANNED)
			fill_func(late, plan, &funcs_of(p)[plan->instance]);
	}
}

/* All that were in there, whoever had them. */
static void forget_funcs(struct sut_rt_control *control, const struct sut_rt_late *late)
{
	for_each_patch(p, control) for (uint32_t i = 0; i < p->func_count; i++)
	{
		struct sut_rt_func *f = &funcs_of(p)[i];

		if (!(f->flags & SUT_RT_FUNC_PLANNED) &&
		    (f->late == (uint64_t)late || f->entry - late->low < late->high - late->low))
			f->flags |= SUT_RT_FUNC_GONE;
	}
}

/* --- entries ---------------------------------------------------------------------------------- */

/* What the entry leads to when the transition that runs, if any, has not begun. */
static const struct sut_rt_func *top(const struct sut_rt_control *control, uint64_t entry)
{
	const struct sut_rt_transition *t = (const struct sut_rt_transition *)control->transition;
	const struct sut_rt_func *found = NULL;

	for (const struct sut_core_patch *node = control->core.patches; node; node = node->next) {
		const struct sut_rt_patch *p =
			(const struct sut_rt_patch *)((const char *)node->patch -
						      offsetof(struct sut_rt_patch, klp));

		if (t && t->enables && t->patch == (uint64_t)p)
			continue;
		for (uint32_t i = 0; i < p->func_count; i++)
			if (funcs_of(p)[i].entry == entry &&
			    !(funcs_of(p)[i].flags & SUT_RT_FUNC_GONE))
				found = &funcs_of(p)[i];
	}
	return found;
}

static int64_t store(uint64_t entry, uint64_t expect, uint64_t value)
{
	return expect == value ? 0 : sut_rt_store_word(entry & ~UINT64_C(7), expect, value);
}

/* All entries as they are at rest; or back. */
static int64_t store_rest(const struct sut_rt_control *control, const struct sut_rt_late *late,
			  bool back)
{
	int64_t rc = 0;

	for_each_patch(p, control)
	{
		for (uint32_t i = 0; i < p->func_count && !rc; i++) {
			const struct sut_rt_func *f = &funcs_of(p)[i];
			uint64_t jump;

			if (f->late != (uint64_t)late ||
			    f->flags & (SUT_RT_FUNC_PLANNED | SUT_RT_FUNC_GONE) ||
			    top(control, f->entry) != f)
				continue;
			jump = jump_word(f->entry, f->original, f->code);
			rc = back ? store(f->entry, jump, f->original)
				  : store(f->entry, f->original, jump);
		}
	}
	return rc;
}

/* What an end of a passage lets the entry hold. */
static uint64_t end_word(const struct sut_rt_late *late, const struct sut_rt_passage *p,
			 uint64_t end)
{
	return end ? jump_word(real(late, p->entry), p->original, real(late, end)) : p->original;
}

static int64_t store_part(const struct sut_rt_late *late, const struct sut_rt_part *part,
			  bool commit, bool back)
{
	const struct sut_rt_passage *p = (const struct sut_rt_passage *)part->passages;

	for (uint64_t i = 0; i < part->passage_count; i++, p++) {
		uint64_t from = end_word(late, p, p->from), thunk = end_word(late, p, p->thunk);
		uint64_t end = back ? from : end_word(late, p, p->to);
		int64_t rc =
			store(real(late, p->entry), commit ? from : thunk, commit ? thunk : end);

		if (rc)
			return rc;
	}
	return 0;
}

/* --- transitions ------------------------------------------------------------------------------ */

/* What the transition that runs has for it, or NULL. */
static struct sut_rt_part *part_of(const struct sut_rt_control *control,
				   const struct sut_rt_late *late)
{
	for_each_part(part, late) if (is_moving(control, part)) return part;
	return NULL;
}

/*
 * A thread that has been in a decision since the last instance may read it meanwhile: then it is
 * empty. What is in a range begins behind its low, which may be the last byte before the arena.
 */
static void publish_range(const struct sut_rt_late *late, const struct sut_rt_range *from,
			  struct sut_rt_range *to)
{
	__atomic_store_n(&to->high, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&to->kind, from->kind, __ATOMIC_RELEASE);
	__atomic_store_n(&to->func, from->func, __ATOMIC_RELEASE);
	__atomic_store_n(&to->low, real(late, from->low + 1) - 1, __ATOMIC_RELEASE);
	__atomic_store_n(&to->high, real(late, from->high), __ATOMIC_RELEASE);
}

/* The arena may lie on the other side of the object than planned. */
static void publish_ranges(const struct sut_rt_late *late, struct sut_rt_transition *t,
			   struct sut_rt_part *part)
{
	const struct sut_rt_range *from = (const struct sut_rt_range *)part->ranges;
	struct sut_rt_range *to = (struct sut_rt_range *)part->set.ranges;
	uint64_t count = part->range_count, arena = 0;

	__atomic_fetch_add(&part->set.version, 1, __ATOMIC_SEQ_CST);
	while (arena < count && from[arena].low < late->arena_planned + SUT_RT_ARENA_SIZE)
		arena++;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t at = late->arena < late->low ? i : (i + arena) % count;

		publish_range(late, &from[at], &to[i]);
	}
	part->set.count = count;
	part->set.low = count ? to[0].low : 0;
	part->set.high = count ? to[count - 1].high : 0;
	__atomic_fetch_add(&part->set.version, 1, __ATOMIC_SEQ_CST);
	part->set.next = t->late;
	__atomic_store_n(&t->late, (uint64_t)&part->set, __ATOMIC_SEQ_CST);
}

static void withdraw_ranges(struct sut_rt_transition *t, const struct sut_rt_part *part)
{
	for (uint64_t *at = &t->late; *at; at = &((struct sut_rt_range_set *)*at)->next)
		if (*at == (uint64_t)&part->set) {
			__atomic_store_n(at, part->set.next, __ATOMIC_SEQ_CST);
			return;
		}
}

/* Words of text that are no longer there. */
static void forget_words(struct sut_rt_transition *t, struct sut_rt_late *late)
{
	for (int which = 0; which < SUT_RT_LIST_COUNT; which++) {
		struct sut_rt_word *words = (struct sut_rt_word *)t->list[which];

		for (uint64_t i = 0; i < t->list_count[which]; i++)
			if (words[i].address - late->low < late->high - late->low) {
				words[i].address = 0;
				late->torn = t->mark_new;
			}
	}
}

int64_t sut_rt_late_end(const struct sut_rt_control *control, bool back)
{
	for (uint64_t at = control->loader.late; at; at = ((struct sut_rt_late *)at)->next) {
		const struct sut_rt_late *late = (const struct sut_rt_late *)at;
		const struct sut_rt_part *part = part_of(control, late);
		int64_t rc = part && part->here ? store_part(late, part, false, back) : 0;

		if (rc)
			return rc;
	}
	return 0;
}

void sut_rt_late_reverse(const struct sut_rt_control *control)
{
	for (uint64_t at = control->loader.late; at; at = ((struct sut_rt_late *)at)->next) {
		const struct sut_rt_late *late = (const struct sut_rt_late *)at;
		const struct sut_rt_part *part = part_of(control, late);

		if (part && part->dir && part->here)
			__atomic_store_n((uint8_t *)real(late, part->dir), 1, __ATOMIC_SEQ_CST);
	}
}

/*
 * Parts that nobody needs any more leave the list; their memory stays. While the instance is there
 * that has them, threads may be in their thunks.
 */
static void prune(const struct sut_rt_control *control, struct sut_rt_late *late)
{
	uint64_t *at = &late->parts;

	while (*at) {
		struct sut_rt_part *part = (struct sut_rt_part *)*at;

		if (part->here || is_live(control, part))
			at = &part->next;
		else
			*at = part->next;
	}
}

void sut_rt_late_begin(struct sut_rt_control *control, struct sut_rt_transition *t)
{
	while (t->parts) {
		struct sut_rt_part *part = (struct sut_rt_part *)t->parts;
		struct sut_rt_late *late = (struct sut_rt_late *)part->late;

		t->parts = part->next;
		part->next = late->parts;
		late->parts = (uint64_t)part;
		if (late->state == SUT_RT_LATE_ABSENT)
			late->reason = 0;
		prune(control, late);
	}
}

/* --- objects ---------------------------------------------------------------------------------- */

static void leave(struct sut_rt_late *late, enum sut_rt_late_reason reason, int64_t error)
{
	if (late->arena)
		sut_rt_munmap(late->arena, SUT_RT_ARENA_SIZE);
	for_each_part(part, late) part->here = 0;
	late->arena = 0;
	late->reason = reason;
	late->error = error;
	late->state = SUT_RT_LATE_LEFT;
}

static int64_t fill_parts(const struct sut_rt_control *control, struct sut_rt_late *late)
{
	int64_t rc = sut_rt_arena_map(late);

	for_each_part(part, late) if (!rc) rc = fill(control, late, part);
	return rc;
}

static int64_t store_entries(const struct sut_rt_control *control, const struct sut_rt_late *late,
			     const struct sut_rt_part *moving)
{
	int64_t rc = store_rest(control, late, false);

	return rc || !moving ? rc : store_part(late, moving, true, false);
}

/* Memory, records, text, model: in this order each can be taken back when the next one fails. */
static void come(struct sut_rt_control *control, struct sut_rt_late *late)
{
	struct sut_rt_transition *t = (struct sut_rt_transition *)control->transition;
	struct sut_rt_part *moving = part_of(control, late);
	int64_t rc = fill_parts(control, late);

	if (rc) {
		leave(late, SUT_RT_LATE_ROOM, rc);
		return;
	}
	fill_funcs(control, late);
	late->state = SUT_RT_LATE_HERE;
	rc = store_entries(control, late, moving);
	if (!rc) {
		uint64_t refusal = control->loader.refusal;

		rc = sut_core_coming(&control->core, (const char *)late->name);
		late->reason = control->loader.refusal != refusal ? SUT_RT_LATE_REFUSED
								  : SUT_RT_LATE_MODEL;
	} else {
		late->reason = SUT_RT_LATE_TEXT;
	}
	if (rc) {
		/* Words that were not written are not as this expects, and stay. */
		if (moving)
			store_part(late, moving, false, true);
		store_rest(control, late, true);
		forget_funcs(control, late);
		leave(late, late->reason, rc);
		return;
	}
	if (moving)
		publish_ranges(late, t, moving);
	late->reason = 0;
	late->came++;
}

static bool has_calls(const struct sut_rt_late *late)
{
	for_each_part(part,
		      late) if (part->patch &&
				((const struct sut_rt_patch *)part->patch)->calls) return true;
	return false;
}

static void place(struct sut_rt_late *late, const struct sut_rt_image *image)
{
	late->bias = image->bias;
	late->dynamic = image->dynamic;
	late->low = image->low;
	late->high = image->high;
}

void sut_rt_late_first(struct sut_rt_late *late, const struct sut_rt_image *image)
{
	place(late, image);
	late->state = SUT_RT_LATE_FIRST;
}

void sut_rt_late_come(struct sut_rt_control *control, struct sut_rt_late *late,
		      const struct sut_rt_image *image, bool fresh)
{
	const struct sut_rt_transition *t = (const struct sut_rt_transition *)control->transition;

	place(late, image);
	prune(control, late);
	if (!fresh)
		leave(late, SUT_RT_LATE_BEFORE, 0);
	else if (t && late->torn == t->mark_new && !part_of(control, late))
		leave(late, SUT_RT_LATE_MOVING, 0);
	else if (image->elsewhere && has_calls(late))
		leave(late, SUT_RT_LATE_NAMESPACE, 0);
	else if (late->parts)
		come(control, late);
	else
		leave(late, SUT_RT_LATE_AGAIN, 0);
	sut_rt_changed(control);
}

void sut_rt_late_go(struct sut_rt_control *control, struct sut_rt_late *late)
{
	struct sut_rt_transition *t = (struct sut_rt_transition *)control->transition;
	const struct sut_rt_part *moving = part_of(control, late);

	sut_core_going(&control->core, (const char *)late->name);
	if (t) {
		forget_words(t, late);
		if (moving)
			withdraw_ranges(t, moving);
	}
	for_each_part(part, late) part->here = 0;
	forget_funcs(control, late);
	if (late->arena)
		sut_rt_munmap(late->arena, SUT_RT_ARENA_SIZE);
	late->arena = 0;
	late->state = SUT_RT_LATE_ABSENT;
	prune(control, late);
	late->reason = late->parts ? late->reason : SUT_RT_LATE_AGAIN;
	sut_rt_changed(control);
}

bool sut_rt_late_wanted(const struct sut_rt_control *control)
{
	for (uint64_t at = control->loader.late; at; at = ((struct sut_rt_late *)at)->next)
		if (((const struct sut_rt_late *)at)->arena)
			return true;
	for_each_patch(p, control) for (uint32_t i = 0; p->klp.core && i < p->func_count;
					i++) if (funcs_of(p)[i].late) return true;
	return false;
}
