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

static void add_map(struct sut_plan *plan, uint64_t address, uint64_t size, uint64_t prot)
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
	add_map(plan, record->text, record->text_size, PROT_READ | PROT_EXEC);
	add_map(plan, record->data, record->data_size, PROT_READ | PROT_WRITE);
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

static bool plans_page(const struct sut_plan *plan, uint64_t page)
{
	for (size_t i = 0; i < plan->map_count; i++)
		if (page - plan->maps[i].address < plan->maps[i].size)
			return true;
	return false;
}

static uint64_t page_of(uint64_t address)
{
	return address & ~(uint64_t)(SUT_PAGE_SIZE - 1);
}

static bool known_page(const struct sut_plan *plan, uint64_t page)
{
	/* The jump to a slot may begin on the page before. */
	for (size_t i = 0; i < plan->known_count; i++)
		if ((plan->known[i].flags & SUT_RT_FUNC_PUN) &&
		    (page_of(plan->known[i].slot) == page || page_of(plan->known[i].land) == page))
			return true;
	return false;
}

bool sut_hook_taken(const struct sut_target *target, const struct sut_rt_hook *hook)
{
	uint64_t word;

	return hook->entry &&
	       sut_target_read(target, hook->entry & ~UINT64_C(7), &word, sizeof(word)) &&
	       word != hook->original;
}

static bool hook_page(const struct sut_target *target, const struct sut_rt_control *control,
		      uint64_t page)
{
	for (int i = 0; i < SUT_RT_HOOKS; i++) {
		const struct sut_rt_hook *hook = &control->hooks[i];

		if ((page_of(hook->slot) == page || page_of(hook->land) == page) &&
		    sut_hook_taken(target, hook))
			return true;
	}
	return false;
}

void sut_plan_know(struct sut_plan *plan, const struct sut_rt_control *control,
		   const struct sut_rt_func *funcs, size_t count)
{
	plan->known = funcs;
	plan->known_count = count;
	for (uint64_t i = 0; i < control->page_count && i < SUT_RT_PAGES_MAX; i++) {
		uint64_t page = control->pages[i];
		const struct sut_map *map = sut_target_map(plan->runtime->target, page);

		if (map && map->exec && !map->write && !map->shared && !map->inode &&
		    !known_page(plan, page) && !hook_page(plan->runtime->target, control, page))
			plan->abandoned[plan->abandoned_count++] = page;
	}
}

static bool is_abandoned(const struct sut_plan *plan, uint64_t page)
{
	for (size_t i = 0; i < plan->abandoned_count; i++)
		if (plan->abandoned[i] == page)
			return true;
	return false;
}

bool sut_plan_pages(struct sut_plan *plan, uint64_t start, uint64_t end)
{
	uint64_t first = page_of(start);
	size_t map_count = plan->map_count;

	for (size_t i = 0; i < plan->taken_count; i++)
		if (start < plan->taken[i].address + plan->taken[i].size &&
		    plan->taken[i].address < end)
			return false;
	for (uint64_t page = first; page < end; page += SUT_PAGE_SIZE) {
		bool ours = false;

		/* A page of a zone is planned, too, but not for this. */
		for (size_t i = 0; i < plan->taken_count; i++)
			ours |= page_of(plan->taken[i].address) <= page &&
				page < plan->taken[i].address + plan->taken[i].size;
		if (ours || is_abandoned(plan, page))
			continue;
		if (sut_target_map(plan->runtime->target, page) || plans_page(plan, page)) {
			plan->map_count = map_count;
			return false;
		}
		add_map(plan, page, SUT_PAGE_SIZE, PROT_READ | PROT_EXEC);
	}
	SUT_PUSH(plan->arena, plan->taken, plan->taken_count, plan->taken_capacity) =
		(struct sut_rt_map){.address = start, .size = end - start};
	return true;
}

const void *sut_plan_read(const struct sut_plan *plan, uint64_t address, size_t size)
{
	void *data;

	for (size_t i = 0; i < plan->write_count; i++)
		if (plan->writes[i].address == address && plan->writes[i].size == size)
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
	add_map(plan, low, size, PROT_READ | PROT_WRITE);
	return low;
}

enum sut_rc sut_plan_call_stack(struct sut_plan *plan, const struct sut_rt_control *control,
				struct sut_diag *diag)
{
	enum { SIZE = 512 * 1024, GUARD = SUT_PAGE_SIZE };
	struct sut_target *target = plan->runtime->target;
	uint64_t *words = sut_arena_array(plan->arena, 2, sizeof(*words)), low;

	if (plan->runtime->layout.home == SUT_RT_HOME_TABLE) {
		sut_fail(diag, SUT_UNSUPPORTED, "callback-thread",
			 "process %d (%s): musl's code has no unwind tables, so no thread is known "
			 "to hold none of its locks",
			 target->pid, target->name);
		sut_remedy(diag, "Use a patch without callbacks, or restart the program instead.");
		return SUT_UNSUPPORTED;
	}
	if (control->call_stack)
		return SUT_OK;
	low = sut_target_hole(target, target->objects[0].low, target->objects[0].high, SIZE);
	if (!low)
		return no_room(target, diag);
	sut_target_reserve(target, low, low + SIZE);
	add_map(plan, low + GUARD, SIZE - GUARD, PROT_READ | PROT_WRITE);
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

/* As many operations as needed; a later one that fails leaves memory that nothing refers to. */
static enum sut_rc map_memory(struct sut_plan *plan, struct sut_diag *diag)
{
	struct sut_target *target = plan->runtime->target;

	for (size_t i = 0; i < plan->map_count; i += SUT_RT_FRAME_MAPS) {
		size_t left = plan->map_count - i;
		struct sut_runtime_op op = {
			.op = SUT_RT_OP_MAP,
			.map_count = left < SUT_RT_FRAME_MAPS ? left : SUT_RT_FRAME_MAPS,
			.maps = plan->maps + i,
		};
		int64_t result;
		enum sut_rc rc = sut_runtime_run(plan->runtime, &op, &result, diag);

		if (rc != SUT_OK)
			return rc;
		if (result == SUT_RT_DONE)
			continue;
		if (result == -EEXIST) {
			sut_fail(diag, SUT_RETRY, "busy",
				 "process %d (%s): it has mapped memory meanwhile where the "
				 "patch's was to be",
				 target->pid, target->name);
			sut_remedy(diag, "Try again.");
			return SUT_RETRY;
		}
		sut_fail(diag, SUT_REFUSED, "memory",
			 "process %d (%s): it cannot map more memory: %s", target->pid,
			 target->name, strerror((int)-result));
		sut_remedy(diag, "Raise its limits (RLIMIT_AS, vm.max_map_count), then try again.");
		return SUT_REFUSED;
	}
	return SUT_OK;
}

/* Links new zones into the control block; each record is complete before it can be found. */
static bool publish_zones(struct sut_plan *plan, struct sut_rt_control *control)
{
	for (size_t i = 0; i < plan->zone_count; i++) {
		struct sut_zone *zone = plan->zones[i];
		bool fresh = false;

		if (zone->late)
			continue;
		for (size_t k = 0; k < plan->map_count; k++)
			fresh |= plan->maps[k].address == zone->record.data;
		if (fresh) {
			zone->record.next = control->zones;
			control->zones = zone->address;
		}
		if (!sut_target_write(plan->runtime->target, zone->address, &zone->record,
				      sizeof(zone->record)))
			return false;
	}
	return sut_target_write(plan->runtime->target,
				plan->runtime->control + offsetof(struct sut_rt_control, zones),
				&control->zones, sizeof(control->zones));
}

static void note_page(const struct sut_plan *plan, uint64_t page, struct sut_rt_control *control)
{
	if (control->page_count < SUT_RT_PAGES_MAX && !is_abandoned(plan, page))
		control->pages[control->page_count++] = page;
}

/* Before they are mapped: if this controller dies, the next one must know whose they are. */
static bool note_pages(const struct sut_plan *plan)
{
	struct sut_rt_control control = {.page_count = plan->abandoned_count};
	struct sut_target *target = plan->runtime->target;
	uint64_t at = plan->runtime->control;

	if (!plan->taken_count)
		return true;
	memcpy(control.pages, plan->abandoned, sizeof(control.pages));
	for (size_t i = 0; i < plan->taken_count; i++) {
		uint64_t first = page_of(plan->taken[i].address);
		uint64_t last = page_of(plan->taken[i].address + plan->taken[i].size - 1);

		note_page(plan, first, &control);
		if (last != first)
			note_page(plan, last, &control);
	}
	/* Pages that are in use now do no harm in the list: sut_plan_know() drops them. */
	return sut_target_write(target, at + offsetof(struct sut_rt_control, pages), control.pages,
				control.page_count * sizeof(control.pages[0])) &&
	       sut_target_write(target, at + offsetof(struct sut_rt_control, page_count),
				&control.page_count, sizeof(control.page_count));
}

enum sut_rc sut_plan_execute(struct sut_plan *plan, struct sut_diag *diag)
{
	struct sut_target *target = plan->runtime->target;
	struct sut_rt_control control;
	enum sut_rc rc;

	if (plan->overflowed)
		return sut_fail(diag, SUT_BUG, NULL,
				"the plan needs more memory than it asked for");
	if (!note_pages(plan))
		return sut_target_lost(target, diag);
	rc = map_memory(plan, diag);
	if (rc == SUT_OK)
		rc = sut_runtime_control(plan->runtime, &control, diag);
	if (rc != SUT_OK)
		return rc;
	if (!publish_zones(plan, &control))
		return sut_target_lost(target, diag);
	for (size_t i = 0; i < plan->write_count; i++)
		if (!sut_late_is_planned(plan->writes[i].address) &&
		    !sut_target_write(target, plan->writes[i].address, plan->writes[i].data,
				      plan->writes[i].size))
			return sut_target_lost(target, diag);
	return SUT_OK;
}
