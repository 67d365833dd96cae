// SPDX-License-Identifier: GPL-2.0-or-later
/* What must not be on a stack when a transition ends, or where a decision may be pending. */
#include "process/switch-build.h"
#include "process/switch-ranges.h"

/* Those of what is not there are kept apart: they count only when it has come. */
void sut_range_add(struct sut_switch_build *b, uint64_t low, uint64_t high, uint32_t kind,
		   uint32_t func)
{
	struct sut_late *late = sut_late_at(b->plan->lates, high);
	struct sut_rt_range range = {low, high, kind, func};

	if (late)
		SUT_PUSH(b->plan->arena, late->ranges, late->range_count, late->range_capacity) =
			range;
	else
		SUT_PUSH(b->plan->arena, b->ranges, b->range_count, b->range_capacity) = range;
}

/* The jumps in pun pages, which lie in the few bytes before their slots. */
static void add_pun(struct sut_switch_build *b, const struct sut_rt_func *f)
{
	if ((f->flags & (SUT_RT_FUNC_PUN | SUT_RT_FUNC_GONE)) == SUT_RT_FUNC_PUN)
		sut_range_add(b, f->land - 1, f->slot, SUT_RT_RANGE_CORE, UINT32_MAX);
}

/* The run-time, thunks and heads of every zone, pun pages. */
void sut_ranges_add_core(struct sut_switch_build *b, const struct sut_change *changes, size_t count)
{
	const struct sut_runtime *runtime = b->plan->runtime;

	sut_range_add(b, runtime->text - 1, runtime->text + runtime->header.size, SUT_RT_RANGE_CORE,
		      UINT32_MAX);
	for (size_t i = 0; i < b->plan->zone_count; i++) {
		const struct sut_rt_zone *zone = &b->plan->zones[i]->record;

		sut_range_add(b, zone->text - 1, zone->text + zone->core_used, SUT_RT_RANGE_CORE,
			      UINT32_MAX);
	}
	for (size_t i = 0; i < b->memory->count; i++)
		for (uint32_t k = 0; k < b->memory->patches[i].record.func_count; k++)
			add_pun(b, &b->memory->patches[i].funcs[k]);
	for (size_t i = 0; i < count; i++)
		add_pun(b, changes[i].site);
	for (size_t i = 0; i < b->plan->lates->count; i++) {
		const struct sut_late *late = b->plan->lates->list[i];

		for (size_t k = 0; k < late->core_count; k++)
			sut_range_add(b, late->cores[k].low, late->cores[k].high, SUT_RT_RANGE_CORE,
				      UINT32_MAX);
	}
}

/* Sorts; the same range may have come twice (a pun page of an older patch). */
static enum sut_rc sort(const struct sut_switch_build *b, struct sut_rt_range *ranges,
			size_t *count, struct sut_diag *diag)
{
	const struct sut_rt_range *overlap;

	*count = sut_ranges_sort(ranges, *count, &overlap);
	if (!overlap)
		return SUT_OK;
	return sut_fail(diag, SUT_REFUSED, "overlap",
			"process %d (%s): functions of the patch overlap at 0x%llx",
			b->plan->runtime->target->pid, b->plan->runtime->target->name,
			(unsigned long long)overlap->low);
}

/* What the run-time needs of an object that is not there; its image comes when all is planned. */
static enum sut_rc store_part(struct sut_switch_build *b, struct sut_late *late,
			      struct sut_diag *diag)
{
	enum sut_rc rc = sort(b, late->ranges, &late->range_count, diag);
	size_t size = late->range_count * sizeof(late->ranges[0]);
	const struct sut_object *near = &b->plan->runtime->target->objects[0];
	size_t passages = late->passage_count * sizeof(late->passages[0]);
	struct sut_zone *zone;
	uint64_t address;

	/* Not with the transition's own: that memory is used again when it is over. */
	if (rc == SUT_OK)
		rc = sut_plan_zone(b->plan, near->low, near->high, 0,
				   sizeof(*late->part) + passages + 2 * size + 128, &zone, diag);
	if (rc != SUT_OK)
		return rc;
	late->part = sut_arena_alloc(b->plan->arena, sizeof(*late->part));
	*late->part = (struct sut_rt_part){
		.next = b->record.parts,
		.patch = b->record.enables ? b->record.patch : 0,
		.transition = b->address,
		.mark = b->record.mark_new,
		.passages = sut_plan_store(b->plan, zone, late->passages, passages),
		.passage_count = late->passage_count,
		.ranges = sut_plan_store(b->plan, zone, late->ranges, size),
		.range_count = late->range_count,
		.set.ranges = sut_plan_store(b->plan, zone, late->ranges, size),
	};
	address = sut_zone_data(b->plan, zone, sizeof(*late->part), 16);
	sut_plan_write(b->plan, address, late->part, sizeof(*late->part));
	b->record.parts = address;
	return SUT_OK;
}

enum sut_rc sut_ranges_finish(struct sut_switch_build *b, struct sut_diag *diag)
{
	enum sut_rc rc = sort(b, b->ranges, &b->range_count, diag);

	b->record.low = b->ranges[0].low;
	b->record.high = b->ranges[b->range_count - 1].high;
	for (size_t i = 0; i < b->plan->lates->count && rc == SUT_OK; i++)
		if (b->plan->lates->list[i]->passage_count)
			rc = store_part(b, b->plan->lates->list[i], diag);
	return rc;
}
