// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Carrying out a plan. What goes into a zone that the plan maps is put together here, where it is
 * as it will be there, and written with one system call for each part of the zone: a first apply
 * writes some forty pieces.
 */
#include "process/late.h"

#include <errno.h>
#include <string.h>

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

/* Parts of zones that were zeroed a moment ago, and what will be in them. */
struct spans {
	size_t count, capacity;
	struct span {
		uint64_t address;
		size_t size;
		unsigned char *bytes;
	} * list;
};

static void add_span(struct sut_plan *plan, struct spans *spans, uint64_t address, uint64_t size)
{
	if (size)
		SUT_PUSH(plan->arena, spans->list, spans->count, spans->capacity) =
			(struct span){address, size, sut_arena_alloc(plan->arena, size)};
}

static bool is_fresh(const struct sut_plan *plan, const struct sut_zone *zone)
{
	for (size_t i = 0; i < plan->map_count; i++)
		if (plan->maps[i].address == zone->record.data)
			return true;
	return false;
}

/* true: it will be written with the part that it is in. */
static bool gather(const struct spans *spans, uint64_t address, const void *data, size_t size)
{
	for (size_t i = 0; i < spans->count; i++) {
		const struct span *s = &spans->list[i];

		if (address < s->address || address - s->address > s->size ||
		    size > s->size - (address - s->address))
			continue;
		memcpy(s->bytes + (address - s->address), data, size);
		return true;
	}
	return false;
}

/* Records of zones, those of new ones in a list that begins at *first. */
static bool write_records(struct sut_plan *plan, struct spans *spans, uint64_t *first)
{
	for (size_t i = 0; i < plan->zone_count; i++) {
		struct sut_zone *zone = plan->zones[i];
		struct sut_rt_zone *record = &zone->record;

		if (zone->late)
			continue;
		if (is_fresh(plan, zone)) {
			record->next = *first;
			*first = zone->address;
			add_span(plan, spans, record->text, record->core_used);
			add_span(plan, spans, record->text + record->text_size - record->image_used,
				 record->image_used);
			add_span(plan, spans, record->data, record->data_used);
		}
		if (!gather(spans, zone->address, record, sizeof(*record)) &&
		    !sut_target_write(plan->runtime->target, zone->address, record,
				      sizeof(*record)))
			return false;
	}
	return true;
}

static bool write_spans(const struct sut_target *target, const struct spans *spans)
{
	for (size_t i = 0; i < spans->count; i++)
		if (!sut_target_write(target, spans->list[i].address, spans->list[i].bytes,
				      spans->list[i].size))
			return false;
	return true;
}

static bool write_list(const struct sut_target *target, const struct sut_plan_write *list,
		       size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!sut_target_write(target, list[i].address, list[i].data, list[i].size))
			return false;
	return true;
}

/* New zones are complete before they can be found. */
static bool write_all(struct sut_plan *plan, const struct sut_rt_control *control)
{
	const struct sut_target *target = plan->runtime->target;
	const uint64_t at = plan->runtime->control + offsetof(struct sut_rt_control, zones);
	uint64_t first = control->zones;
	struct sut_plan_write *rest =
		sut_arena_array(plan->arena, plan->write_count, sizeof(*rest));
	size_t rest_count = 0;
	struct spans spans = {0};

	if (!write_records(plan, &spans, &first))
		return false;
	for (size_t i = 0; i < plan->write_count; i++) {
		const struct sut_plan_write *w = &plan->writes[i];

		if (!sut_late_is_planned(w->address) &&
		    !gather(&spans, w->address, w->data, w->size))
			rest[rest_count++] = *w;
	}
	return write_spans(target, &spans) && sut_target_write(target, at, &first, sizeof(first)) &&
	       write_list(target, rest, rest_count);
}

enum sut_rc sut_plan_execute(struct sut_plan *plan, struct sut_diag *diag)
{
	struct sut_target *target = plan->runtime->target;
	struct sut_rt_control control;
	enum sut_rc rc;

	if (plan->overflowed)
		return sut_fail(diag, SUT_BUG, NULL,
				"the plan needs more memory than it asked for");
	if (!sut_plan_note_pages(plan))
		return sut_target_lost(target, diag);
	rc = map_memory(plan, diag);
	if (rc == SUT_OK)
		rc = sut_runtime_control(plan->runtime, &control, diag);
	if (rc != SUT_OK)
		return rc;
	return write_all(plan, &control) ? SUT_OK : sut_target_lost(target, diag);
}
