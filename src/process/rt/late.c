// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An object comes or goes (late.h has the states). Nothing of one that comes has run, so its text
 * is changed plainly. Outside a transition its entries lead to the newest code at once; in one
 * that takes part in, they lead to that transition's thunks, before any thread can call them.
 */
#include "process/rt/inside.h"

#include <linux/errno.h>

enum { PROT_RX = 5, PROT_RW = 3, PAGE = 4096, REACH = 0x7fff0000 };

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

static uint64_t planned(const struct sut_rt_late *late, uint64_t real)
{
	if (real - late->arena < SUT_RT_ARENA_SIZE)
		return real - late->arena + late->arena_planned;
	return real - late->bias + late->planned;
}

/* The word of text with a jump from the entry in it. */
static uint64_t jump_word(uint64_t entry, uint64_t word, uint64_t to)
{
	unsigned int shift = 8 * (entry % 8);
	uint64_t jump = 0xe9 | (uint64_t)(uint32_t)(to - (entry + 5)) << 8;

	return (word & ~(UINT64_C(0xffffffffff) << shift)) | jump << shift;
}

/* --- memory ----------------------------------------------------------------------------------- */

static int64_t try_arena(struct sut_rt_late *late, uint64_t at)
{
	uint64_t end = at + SUT_RT_ARENA_SIZE;
	uint64_t low = at < late->low ? at : late->low, high = end > late->high ? end : late->high;
	int64_t got;

	if (high - low > REACH)
		return -ENOMEM;
	got = sut_rt_mmap(at, SUT_RT_ARENA_SIZE, 0, true);
	if (got == (int64_t)at) {
		late->arena = at;
		return 0;
	}
	if (got > 0) /* a kernel without NOREPLACE took it for a hint */
		sut_rt_munmap((uint64_t)got, SUT_RT_ARENA_SIZE);
	return got < 0 ? got : -EEXIST;
}

/* Within reach of the object, at a distance that what grows beside it does not need. */
static int64_t map_arena(struct sut_rt_late *late)
{
	enum { NEAREST = 1 << 20 };
	uint64_t low = late->low & ~UINT64_C(0xfff), high = (late->high + PAGE) & ~UINT64_C(0xfff);
	int64_t rc = -ENOMEM;

	for (uint64_t distance = NEAREST; distance < REACH; distance *= 2) {
		if (low > distance + SUT_RT_ARENA_SIZE)
			rc = try_arena(late, low - distance - SUT_RT_ARENA_SIZE);
		if (rc)
			rc = try_arena(late, high + distance);
		if (!rc)
			return 0;
	}
	return rc;
}

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
		    const struct sut_rt_part *part)
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
	return rc ? rc : sut_rt_mprotect((uint64_t)to, part->text_size, PROT_RX);
}

/* --- records ---------------------------------------------------------------------------------- */

static void move_func(const struct sut_rt_late *late, struct sut_rt_func *f,
		      uint64_t (*to)(const struct sut_rt_late *, uint64_t))
{
	struct sut_rt_range *pieces = (struct sut_rt_range *)f->pieces;
	struct sut_rt_jump *jumps = (struct sut_rt_jump *)f->jumps;

	f->entry = to(late, f->entry);
	f->head = to(late, f->head);
	f->code = to(late, f->code);
	for (uint64_t i = 0; i < f->piece_count; i++) {
		pieces[i].low = to(late, pieces[i].low);
		pieces[i].high = to(late, pieces[i].high);
	}
	for (uint64_t i = 0; i < f->jump_count; i++)
		if (jumps[i].target > SUT_RT_JUMP_ELSEWHERE)
			jumps[i].target = to(late, jumps[i].target);
	f->flags ^= SUT_RT_FUNC_HERE;
}

static struct sut_rt_func *funcs_of(const struct sut_rt_patch *p)
{
	return (struct sut_rt_func *)p->funcs;
}

/* here: those of patches in use; else all that were, and what lay in the object otherwise is gone.
 */
static void move_funcs(struct sut_rt_control *control, const struct sut_rt_late *late, bool here)
{
	for_each_patch(p, control)
	{
		for (uint32_t i = 0; i < p->func_count; i++) {
			struct sut_rt_func *f = &funcs_of(p)[i];
			bool is_here = f->flags & SUT_RT_FUNC_HERE;

			if (f->late == (uint64_t)late && here != is_here && (!here || p->klp.core))
				move_func(late, f, here ? real : planned);
			else if (!here && !f->late && f->entry - late->low < late->high - late->low)
				f->flags |= SUT_RT_FUNC_GONE;
		}
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
			if (funcs_of(p)[i].entry == entry)
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

			if (f->late != (uint64_t)late || !(f->flags & SUT_RT_FUNC_HERE) ||
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
 * The arena may lie on the other side of the object than planned. What is in a range begins behind
 * its low, which itself may be the last byte before the arena.
 */
static void publish_ranges(const struct sut_rt_late *late, struct sut_rt_transition *t,
			   struct sut_rt_part *part)
{
	const struct sut_rt_range *from = (const struct sut_rt_range *)part->ranges;
	struct sut_rt_range *to = (struct sut_rt_range *)part->set.ranges;
	uint64_t n = 0, count = part->range_count, arena = 0;

	while (arena < count && from[arena].low < late->arena_planned + SUT_RT_ARENA_SIZE)
		arena++;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t at = late->arena < late->low ? i : (i + arena) % count;

		to[n] = from[at];
		to[n].low = real(late, from[at].low + 1) - 1;
		to[n++].high = real(late, from[at].high);
	}
	part->set.count = n;
	part->set.low = n ? to[0].low : 0;
	part->set.high = n ? to[n - 1].high : 0;
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
		int64_t rc = part && late->state == SUT_RT_LATE_HERE
				     ? store_part(late, part, false, back)
				     : 0;

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

		if (part && part->dir && late->state == SUT_RT_LATE_HERE)
			__atomic_store_n((uint8_t *)real(late, part->dir), 1, __ATOMIC_SEQ_CST);
	}
}

/* Parts that nobody needs any more leave the list; their memory stays. */
static void prune(const struct sut_rt_control *control, struct sut_rt_late *late)
{
	uint64_t *at = &late->parts;

	while (*at) {
		struct sut_rt_part *part = (struct sut_rt_part *)*at;

		if (is_live(control, part))
			at = &part->next;
		else
			*at = part->next;
	}
	if (!late->parts && late->state == SUT_RT_LATE_ABSENT)
		late->arena_used = 0;
}

void sut_rt_late_begin(struct sut_rt_control *control, struct sut_rt_transition *t)
{
	while (t->parts) {
		struct sut_rt_part *part = (struct sut_rt_part *)t->parts;
		struct sut_rt_late *late = (struct sut_rt_late *)part->late;

		t->parts = part->next;
		part->next = late->parts;
		late->parts = (uint64_t)part;
		late->arena_used = part->offset + part->text_size + part->data_size;
		prune(control, late);
	}
}

/* --- objects ---------------------------------------------------------------------------------- */

static void leave(struct sut_rt_late *late, enum sut_rt_late_reason reason, int64_t error)
{
	if (late->arena)
		sut_rt_munmap(late->arena, SUT_RT_ARENA_SIZE);
	late->arena = 0;
	late->reason = reason;
	late->error = error;
	late->state = SUT_RT_LATE_LEFT;
}

static int64_t fill_parts(const struct sut_rt_control *control, struct sut_rt_late *late)
{
	int64_t rc = map_arena(late);

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
	move_funcs(control, late, true);
	late->state = SUT_RT_LATE_HERE;
	rc = store_entries(control, late, moving);
	if (!rc) {
		rc = sut_core_coming(&control->core, (const char *)late->name);
		late->reason = SUT_RT_LATE_MODEL;
	} else {
		late->reason = SUT_RT_LATE_TEXT;
	}
	if (rc) {
		/* Words that were not written are not as this expects, and stay. */
		if (moving)
			store_part(late, moving, false, true);
		store_rest(control, late, true);
		move_funcs(control, late, false);
		leave(late, late->reason, rc);
		return;
	}
	if (moving)
		publish_ranges(late, t, moving);
	late->reason = 0;
	late->came++;
}

static uint64_t transition_mark(const struct sut_rt_control *control)
{
	return ((const struct sut_rt_transition *)control->transition)->mark_new;
}

void sut_rt_late_come(struct sut_rt_control *control, struct sut_rt_late *late,
		      const struct sut_rt_image *image, bool fresh)
{
	late->bias = image->bias;
	late->dynamic = image->dynamic;
	late->low = image->low;
	late->high = image->high;
	control->generation++;
	prune(control, late);
	if (!fresh)
		leave(late, SUT_RT_LATE_BEFORE, 0);
	else if (control->transition && late->torn == transition_mark(control))
		leave(late, SUT_RT_LATE_MOVING, 0);
	else if (late->parts)
		come(control, late);
	else
		leave(late, SUT_RT_LATE_AGAIN, 0);
}

void sut_rt_late_go(struct sut_rt_control *control, struct sut_rt_late *late)
{
	struct sut_rt_transition *t = (struct sut_rt_transition *)control->transition;
	const struct sut_rt_part *moving = part_of(control, late);

	control->generation++;
	sut_core_going(&control->core, (const char *)late->name);
	if (t) {
		forget_words(t, late);
		if (moving)
			withdraw_ranges(t, moving);
	}
	move_funcs(control, late, false);
	if (late->arena)
		sut_rt_munmap(late->arena, SUT_RT_ARENA_SIZE);
	late->arena = 0;
	late->state = SUT_RT_LATE_ABSENT;
	prune(control, late);
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
