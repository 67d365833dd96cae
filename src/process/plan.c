// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/late.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum {
	ZONE_TEXT = 256 * 1024, /* untouched pages cost nothing */
	ZONE_DATA = 256 * 1024,
	ZONE_PASSING = 64 * 1024, /* text or data of one that serves a transition */
	ZONES_MAX = 4096,         /* a longer list in the target is damaged */
};

static uint64_t page_up(uint64_t size)
{
	return (size + SUT_PAGE_SIZE - 1) & ~(uint64_t)(SUT_PAGE_SIZE - 1);
}

static bool in_reach(const struct sut_rt_zone *zone, uint64_t low, uint64_t high)
{
	uint64_t end = zone->data + zone->data_size;

	return (end > low ? end - low : 0) < INT32_MAX &&
	       (high > zone->text ? high - zone->text : 0) < INT32_MAX;
}

static bool has_room(const struct sut_rt_zone *zone, uint64_t text, uint64_t data)
{
	return zone->text_size - zone->core_used - zone->image_used >= text &&
	       zone->data_size - zone->data_used >= data;
}

/* Counters that contradict each other would send writes anywhere. */
static bool is_sound(const struct sut_rt_zone *zone)
{
	return zone->core_used <= zone->text_size &&
	       zone->image_used <= zone->text_size - zone->core_used &&
	       zone->data_used <= zone->data_size && zone->text_size < (UINT64_C(1) << 32) &&
	       zone->data_size < (UINT64_C(1) << 32);
}

enum sut_rc sut_plan_zones(struct sut_plan *plan, struct sut_diag *diag)
{
	struct sut_rt_control control;
	enum sut_rc rc;

	if (!plan->runtime->placed || plan->zone_count)
		return SUT_OK;
	rc = sut_runtime_control(plan->runtime, &control, diag);
	if (rc != SUT_OK)
		return rc;
	plan->proved = control.proved;
	for (uint64_t at = control.zones; at && plan->zone_count < ZONES_MAX;) {
		struct sut_zone *zone = sut_arena_alloc(plan->arena, sizeof(*zone));

		if (!sut_target_read(plan->runtime->target, at, &zone->record,
				     sizeof(zone->record)) ||
		    !is_sound(&zone->record))
			return sut_target_damaged(plan->runtime->target, "a zone record", diag);
		SUT_PUSH(plan->arena, plan->zones, plan->zone_count, plan->zone_capacity) = zone;
		zone->address = at;
		at = zone->record.next;
	}
	return SUT_OK;
}

void sut_plan_map(struct sut_plan *plan, uint64_t address, uint64_t size, uint64_t prot)
{
	SUT_PUSH(plan->arena, plan->maps, plan->map_count, plan->map_capacity) =
		(struct sut_rt_map){address, size, prot};
}

static enum sut_rc no_room(const struct sut_target *target, struct sut_diag *diag)
{
	sut_fail(diag, SUT_UNSUPPORTED, "room",
		 "process %d (%s): no room within 2 GiB of the object to be patched", target->pid,
		 target->name);
	sut_remedy(diag, "Its address space is unusually full; restart it instead.");
	return SUT_UNSUPPORTED;
}

static void empty(struct sut_rt_zone *zone)
{
	zone->core_used = zone->image_used = 0;
	zone->data_used = (sizeof(*zone) + 15) & ~UINT64_C(15);
}

/* It served a transition, and a later one has proved that nobody is in there. */
static bool is_passed(const struct sut_plan *plan, const struct sut_rt_zone *zone)
{
	/* Marks count on and on, also past their largest. */
	return zone->sequence && plan->proved &&
	       (int32_t)(plan->proved - (uint32_t)zone->sequence) > 0;
}

static uint64_t zone_size(uint64_t wanted, uint64_t usual)
{
	return page_up(wanted > usual / 2 ? 2 * wanted : usual);
}

static enum sut_rc new_zone(struct sut_plan *plan, uint32_t mark, uint64_t low, uint64_t high,
			    uint64_t text, uint64_t data, struct sut_zone **zone,
			    struct sut_diag *diag)
{
	struct sut_target *target = plan->runtime->target;
	struct sut_zone *made = sut_arena_alloc(plan->arena, sizeof(*made));
	struct sut_rt_zone *record = &made->record;

	record->text_size = zone_size(text, mark ? ZONE_PASSING : ZONE_TEXT);
	record->data_size = zone_size(data, mark ? ZONE_PASSING : ZONE_DATA);
	record->text = sut_target_hole(target, low, high, record->text_size + record->data_size);
	if (!record->text)
		return no_room(target, diag);
	sut_target_reserve(target, record->text,
			   record->text + record->text_size + record->data_size);
	record->object = low;
	record->data = record->text + record->text_size;
	record->sequence = mark;
	empty(record);
	made->address = record->data;
	sut_plan_map(plan, record->text, record->text_size, PROT_READ | PROT_EXEC);
	sut_plan_map(plan, record->data, record->data_size, PROT_READ | PROT_WRITE);
	SUT_PUSH(plan->arena, plan->zones, plan->zone_count, plan->zone_capacity) = made;
	*zone = made;
	return SUT_OK;
}

static enum sut_rc get_zone(struct sut_plan *plan, uint32_t mark, uint64_t low, uint64_t high,
			    uint64_t text, uint64_t data, struct sut_zone **zone,
			    struct sut_diag *diag)
{
	enum sut_rc rc = sut_plan_zones(plan, diag);

	if (rc != SUT_OK)
		return rc;
	/* For what is not there all is in one, whatever it is for. */
	if (sut_late_is_planned(low))
		mark = 0;
	for (size_t i = 0; i < plan->zone_count; i++) {
		struct sut_rt_zone *record = &plan->zones[i]->record;

		if (!in_reach(record, low, high))
			continue;
		if (mark && is_passed(plan, record)) {
			record->sequence = mark;
			empty(record);
		}
		if (record->sequence != mark || !has_room(record, text, data))
			continue;
		*zone = plan->zones[i];
		return SUT_OK;
	}
	if (sut_late_is_planned(low))
		return sut_late_zone(plan, low, text, data, zone, diag);
	return new_zone(plan, mark, low, high, text, data, zone, diag);
}

enum sut_rc sut_plan_zone(struct sut_plan *plan, uint64_t low, uint64_t high, uint64_t text,
			  uint64_t data, struct sut_zone **zone, struct sut_diag *diag)
{
	return get_zone(plan, 0, low, high, text, data, zone, diag);
}

enum sut_rc sut_plan_passing_zone(struct sut_plan *plan, uint32_t mark, uint64_t low, uint64_t high,
				  uint64_t text, uint64_t data, struct sut_zone **zone,
				  struct sut_diag *diag)
{
	return get_zone(plan, mark, low, high, text, data, zone, diag);
}

static void note_use(struct sut_plan *plan, const struct sut_zone *zone, uint64_t size)
{
	if (!zone->record.sequence)
		plan->used += size;
	plan->overflowed |= !is_sound(&zone->record);
}

uint64_t sut_zone_core(struct sut_plan *plan, struct sut_zone *zone, uint64_t size)
{
	uint64_t address = zone->record.text + zone->record.core_used;

	size = (size + 15) & ~UINT64_C(15);
	zone->record.core_used += size;
	note_use(plan, zone, size);
	return address;
}

uint64_t sut_zone_image(struct sut_plan *plan, struct sut_zone *zone, uint64_t size, uint64_t align)
{
	uint64_t end = zone->record.text + zone->record.text_size;
	uint64_t address;

	/* A gap behind each piece keeps the ranges of neighbours, ends included, apart. */
	address = (end - zone->record.image_used - size - 16) & ~((align < 16 ? 16 : align) - 1);
	size = end - zone->record.image_used - address;
	zone->record.image_used = end - address;
	note_use(plan, zone, size);
	return address;
}

uint64_t sut_zone_data(struct sut_plan *plan, struct sut_zone *zone, uint64_t size, uint64_t align)
{
	uint64_t mask = (align < 16 ? 16 : align) - 1;
	uint64_t offset = (zone->record.data_used + mask) & ~mask;

	uint64_t taken = offset + size - zone->record.data_used;

	zone->record.data_used = offset + size;
	note_use(plan, zone, taken);
	return zone->record.data + offset;
}

const void *sut_plan_read(const struct sut_plan *plan, uint64_t address, size_t size)
{
	size_t probe = 0, i;
	void *data;

	while ((i = sut_index_next(&plan->written, address, &probe)) != SUT_INDEX_END)
		if (plan->writes[i].size == size)
			return plan->writes[i].data;
	data = sut_arena_alloc(plan->arena, size);
	return sut_target_read(plan->runtime->target, address, data, size) ? data : NULL;
}

uint64_t sut_plan_memory(struct sut_plan *plan, uint64_t size)
{
	struct sut_target *target = plan->runtime->target;
	uint64_t low =
		sut_target_hole(target, target->objects[0].low, target->objects[0].high, size);

	if (!low)
		return 0;
	sut_target_reserve(target, low, low + size);
	sut_plan_map(plan, low, size, PROT_READ | PROT_WRITE);
	return low;
}

enum sut_rc sut_plan_call_stack(struct sut_plan *plan, const struct sut_rt_control *control,
				struct sut_diag *diag)
{
	enum { SIZE = 512 * 1024, GUARD = SUT_PAGE_SIZE };
	struct sut_target *target = plan->runtime->target;
	uint64_t *words = sut_arena_array(plan->arena, 2, sizeof(*words)), low;

	if (control->call_stack)
		return SUT_OK;
	low = sut_target_hole(target, target->objects[0].low, target->objects[0].high, SIZE);
	if (!low)
		return no_room(target, diag);
	sut_target_reserve(target, low, low + SIZE);
	sut_plan_map(plan, low + GUARD, SIZE - GUARD, PROT_READ | PROT_WRITE);
	words[0] = low + SIZE;
	words[1] = SIZE - GUARD;
	sut_plan_write(plan, plan->runtime->control + offsetof(struct sut_rt_control, call_stack),
		       words, 2 * sizeof(*words));
	return SUT_OK;
}

void sut_plan_write(struct sut_plan *plan, uint64_t address, const void *data, size_t size)
{
	SUT_PUSH(plan->arena, plan->writes, plan->write_count, plan->write_capacity) =
		(struct sut_plan_write){address, data, size};
	sut_index_add(&plan->written, plan->arena, address);
}

uint64_t sut_plan_store(struct sut_plan *plan, struct sut_zone *zone, const void *data, size_t size)
{
	uint64_t address = sut_zone_data(plan, zone, size, 16);

	sut_plan_write(plan, address, sut_arena_memdup(plan->arena, data, size), size);
	return address;
}

uint64_t sut_plan_string(struct sut_plan *plan, struct sut_zone *zone, const char *s)
{
	return sut_plan_store(plan, zone, s, strlen(s) + 1);
}
