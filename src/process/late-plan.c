// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/late.h"
#include "insn/insn.h"

#include <string.h>

enum {
	ZONE_TEXT = 4096,
	ZONE_DATA = 4096,
	JUMP_SIZE = 5,
	WORD_SIZE = 8,
};

/*
 * Shot 1 moves both by more than 32 bits, shot 2 the arena alone. Bit 12 is set, so the second byte
 * of a word that moves differs in any case and the first one never does.
 */
static const uint64_t both_shift = (UINT64_C(1) << 33) + 0x1000, arena_shift = 0x123000;

void sut_late_shift(struct sut_lates *lates, unsigned int shot)
{
	for (size_t i = 0; i < lates->count; i++) {
		struct sut_late *late = lates->list[i];
		uint64_t size = late->object.high - late->object.low;

		late->object.bias = late->is.planned + (shot == 1 ? both_shift : 0);
		late->object.low = late->object.bias;
		late->object.high = late->object.low + size;
		late->arena = late->is.arena_planned + (shot == 1   ? both_shift
							: shot == 2 ? arena_shift
								    : 0);
		late->zone = NULL;
		late->dir = 0;
		late->passage_count = 0;
		late->range_count = 0;
		late->part = NULL;
	}
}

static uint64_t page_up(uint64_t size)
{
	return (size + SUT_PAGE_SIZE - 1) & ~(uint64_t)(SUT_PAGE_SIZE - 1);
}

/* The first that no part has which the next instance will have, too. */
static uint64_t free_offset(const struct sut_late *late, uint64_t size)
{
	uint64_t offset = 0;

	for (size_t i = 0; i < late->taken_count; i++) {
		const struct sut_rt_map *taken = &late->taken[i];

		if (offset + size <= taken->address || offset >= taken->address + taken->size)
			continue;
		offset = taken->address + taken->size;
		i = SIZE_MAX; /* from the first one on again */
	}
	return offset;
}

enum sut_rc sut_late_zone(struct sut_plan *plan, uint64_t low, uint64_t text, uint64_t data,
			  struct sut_zone **zone, struct sut_diag *diag)
{
	struct sut_late *late = sut_late_at(plan->lates, low);
	struct sut_zone *made = sut_arena_alloc(plan->arena, sizeof(*made));
	struct sut_rt_zone *record = &made->record;
	uint64_t offset;

	if (!late)
		return sut_fail(diag, SUT_BUG, NULL, "0x%llx is planned for no object",
				(unsigned long long)low);
	record->text_size = page_up(text + ZONE_TEXT);
	record->data_size = page_up(data + ZONE_DATA);
	offset = free_offset(late, record->text_size + record->data_size);
	if (late->zone || offset > SUT_RT_ARENA_SIZE ||
	    record->text_size + record->data_size > SUT_RT_ARENA_SIZE - offset) {
		sut_fail(diag, SUT_UNSUPPORTED, "room",
			 "process %d (%s): there is no more room for what will be added to %s",
			 plan->runtime->target->pid, plan->runtime->target->name, late->name);
		sut_remedy(diag, "Apply the patch when the program has loaded it.");
		return SUT_UNSUPPORTED;
	}
	record->object = low;
	record->text = late->arena + offset;
	record->data = record->text + record->text_size;
	made->late = late;
	late->zone = made;
	SUT_PUSH(plan->arena, plan->zones, plan->zone_count, plan->zone_capacity) = made;
	*zone = made;
	return SUT_OK;
}

/* The first call that the jump would cover, or JUMP_SIZE: there is none. */
static unsigned int find_call(const unsigned char *code, size_t size, uint64_t from,
			      struct sut_insn *call)
{
	unsigned int at = 0;

	while (at < JUMP_SIZE && at < size &&
	       sut_insn_decode(code + at, size - at, from + at, call)) {
		if (call->kind == SUT_INSN_CALL)
			return at;
		if (call->kind == SUT_INSN_JUMP || call->kind == SUT_INSN_JUMP_INDIRECT ||
		    call->kind == SUT_INSN_RETURN)
			break;
		at += call->length;
	}
	return JUMP_SIZE;
}

static void put_distance(unsigned char *at, uint64_t from, uint64_t to)
{
	int32_t distance = (int32_t)(to - from);

	memcpy(at, &distance, sizeof(distance));
}

/*
 * The start of the old function, moved. A call in it would leave a return address in the copy,
 * where nobody looks for old code; so the one that is right is pushed, and the call is a jump:
 *	push 5(%rip); jmp function; the address behind the call
 */
static enum sut_rc move_head(const unsigned char *code, size_t size, uint64_t from, uint64_t to,
			     struct sut_insn_head *head, struct sut_diag *diag)
{
	enum { PUSH_SIZE = 6 };
	struct sut_insn call;
	unsigned int at = find_call(code, size, from, &call);
	unsigned char *p = head->code;
	uint64_t back = from + at + call.length;
	enum sut_rc rc = SUT_OK;

	*head = (struct sut_insn_head){0};
	if (at)
		rc = sut_insn_move_head(code, size, from, to, at, head, diag);
	if (rc != SUT_OK || at == JUMP_SIZE)
		return rc;
	if (at) /* without the jump back */
		p += head->size -= JUMP_SIZE;
	to += head->size;
	*p++ = 0xff;
	*p++ = 0x35;
	put_distance(p, to + PUSH_SIZE, to + PUSH_SIZE + JUMP_SIZE);
	p[4] = 0xe9;
	put_distance(p + 5, to + PUSH_SIZE + JUMP_SIZE, call.target);
	memcpy(p + 9, &back, sizeof(back));
	head->size += PUSH_SIZE + JUMP_SIZE + sizeof(back);
	return SUT_OK;
}

enum sut_rc sut_late_site(struct sut_plan *plan, struct sut_zone *zone,
			  const struct sut_patch_func *func, struct sut_rt_func *out,
			  struct sut_diag *diag)
{
	enum { HEAD_SIZE = 96 };
	const struct sut_target *target = plan->runtime->target;
	struct sut_insn_head *head = sut_arena_alloc(plan->arena, sizeof(*head));
	unsigned int at = func->pieces[0].address % WORD_SIZE;
	size_t size = SUT_PATCH_ENTRY_SIZE - at;
	enum sut_rc rc;

	if (!func->entry) {
		sut_fail(diag, SUT_UNSUPPORTED, "entry",
			 "%s: process %d (%s): its entry cannot be taken: there is no room for a "
			 "jump of five bytes in its first word",
			 func->name, target->pid, target->name);
		sut_remedy(diag, "Apply the patch when the program has loaded %s.",
			   zone->late->name);
		return SUT_UNSUPPORTED;
	}
	size = func->pieces[0].size < size ? func->pieces[0].size : size;
	out->entry = zone->late->object.bias + func->pieces[0].address;
	out->size = func->pieces[0].size;
	memcpy(&out->original, func->entry, sizeof(out->original));
	out->head = sut_zone_core(plan, zone, HEAD_SIZE);
	out->flags = SUT_RT_FUNC_DIRECT | SUT_RT_FUNC_PLAIN;
	out->late = zone->late->record ? zone->late->record : 1; /* for a plan that is not used */
	rc = move_head(func->entry + at, size, out->entry, out->head, head, diag);
	if (rc != SUT_OK)
		return sut_context(diag, rc, "%s cannot be redirected", func->name);
	sut_plan_write(plan, out->head, head->code, head->size);
	return SUT_OK;
}

static uint64_t image_size(const struct sut_zone *zone)
{
	return zone->record.text_size + zone->record.data_size;
}

static unsigned char *image_of(const struct sut_plan *plan, const struct sut_zone *zone)
{
	unsigned char *image = sut_arena_alloc(plan->arena, image_size(zone));

	for (size_t i = 0; i < plan->write_count; i++) {
		const struct sut_plan_write *w = &plan->writes[i];

		if (w->address - zone->record.text < image_size(zone))
			memcpy(image + (w->address - zone->record.text), w->data, w->size);
	}
	return image;
}

void sut_late_shoot(const struct sut_plan *plan, struct sut_late_shot *shot)
{
	const struct sut_lates *lates = plan->lates;

	shot->images = sut_arena_array(plan->arena, lates->count, sizeof(shot->images[0]));
	for (size_t i = 0; i < lates->count; i++)
		if (lates->list[i]->zone)
			shot->images[i] = image_of(plan, lates->list[i]->zone);
}

struct fixes {
	size_t count, capacity;
	struct sut_rt_fix *list;
};

static uint64_t word_at(const unsigned char *image, size_t at, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, image + at, size);
	return word;
}

/* The word that begins one byte before the first difference. false: it is none that can move. */
static bool add_fix(struct sut_arena *arena, unsigned char *const image[SUT_LATE_SHOTS], size_t at,
		    struct fixes *fixes, size_t *width)
{
	uint64_t both = word_at(image[1], at, 8) - word_at(image[0], at, 8);
	uint64_t arena_alone = word_at(image[2], at, 8) - word_at(image[0], at, 8);
	uint32_t narrow = (uint32_t)word_at(image[2], at, 4) - (uint32_t)word_at(image[0], at, 4);
	enum sut_rt_fix_kind kind;

	*width = 8;
	if (both == both_shift && !arena_alone)
		kind = SUT_RT_FIX_OBJECT;
	else if (both == both_shift && arena_alone == arena_shift)
		kind = SUT_RT_FIX_ARENA;
	else if (narrow == (uint32_t)-arena_shift && memcmp(image[0] + at, image[1] + at, 4) == 0)
		kind = SUT_RT_FIX_DISTANCE;
	else
		return false;
	if (kind == SUT_RT_FIX_DISTANCE)
		*width = 4;
	SUT_PUSH(arena, fixes->list, fixes->count, fixes->capacity) =
		(struct sut_rt_fix){(uint32_t)at, kind};
	return true;
}

static bool find_fixes(struct sut_arena *arena, unsigned char *const image[SUT_LATE_SHOTS],
		       size_t size, struct fixes *fixes)
{
	for (size_t i = 0; i < size; i++) {
		size_t width;

		if (image[0][i] == image[1][i] && image[0][i] == image[2][i])
			continue;
		if (!i || i + 8 > size || !add_fix(arena, image, i - 1, fixes, &width))
			return false;
		i += width - 2;
	}
	return true;
}

static enum sut_rc finish(struct sut_plan *plan, struct sut_late *late,
			  unsigned char *const shots[SUT_LATE_SHOTS], struct sut_diag *diag)
{
	const struct sut_object *near = &plan->runtime->target->objects[0];
	const struct sut_rt_zone *record = &late->zone->record;
	size_t used = record->text_size + record->data_used;
	unsigned char *image = image_of(plan, late->zone);
	struct fixes fixes = {0};
	struct sut_zone *home;
	enum sut_rc rc;

	if (shots[0] && !find_fixes(plan->arena, shots, image_size(late->zone), &fixes))
		return sut_fail(diag, SUT_UNSUPPORTED, "late",
				"%s: the patch refers to it in a way that cannot be put right when "
				"it is loaded",
				late->name);
	rc = sut_plan_zone(plan, near->low, near->high, 0,
			   used + fixes.count * sizeof(fixes.list[0]) + 64, &home, diag);
	if (rc != SUT_OK)
		return rc;
	*late->part = (struct sut_rt_part){
		.late = late->record,
		.patch = late->part->patch,
		.transition = late->part->transition,
		.mark = late->part->mark,
		.next = late->part->next,
		.offset = record->text - late->arena,
		.text_size = record->text_size,
		.data_size = record->data_size,
		.core_size = record->core_used,
		.image = sut_plan_store(plan, home, image, used),
		.image_size = used,
		.fixes =
			sut_plan_store(plan, home, fixes.list, fixes.count * sizeof(fixes.list[0])),
		.fix_count = fixes.count,
		.dir = late->dir,
		.passages = late->part->passages,
		.passage_count = late->part->passage_count,
		.ranges = late->part->ranges,
		.range_count = late->part->range_count,
		.set.ranges = late->part->set.ranges,
	};
	return SUT_OK;
}

enum sut_rc sut_late_finish(struct sut_plan *plan, const struct sut_late_shot *shots,
			    struct sut_diag *diag)
{
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; plan->lates && i < plan->lates->count && rc == SUT_OK; i++) {
		unsigned char *images[SUT_LATE_SHOTS] = {0};

		if (!plan->lates->list[i]->part)
			continue;
		for (size_t k = 0; shots && k < SUT_LATE_SHOTS; k++)
			images[k] = shots[k].images[i];
		rc = finish(plan, plan->lates->list[i], images, diag);
	}
	return rc;
}
