// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * In any thread, at any time: in a signal handler, in the middle of an exception, beside an
 * operation. So nothing is locked or written here. The list only grows at its head, and what is on
 * it does not change.
 */
#include "process/rt/inside.h"

typedef int find_object_t(uint64_t address, struct sut_rt_found *found);
typedef int iterate_phdr_t(int (*callback)(struct sut_rt_listed *, size_t, void *), void *data);

static const struct sut_rt_patch *first_patch(const struct sut_rt_control *control)
{
	return (const struct sut_rt_patch *)__atomic_load_n(&control->patches, __ATOMIC_ACQUIRE);
}

static const struct sut_rt_table *table_of(const struct sut_rt_control *control, uint64_t address)
{
	if (address - control->own.low < control->own.high - control->own.low)
		return &control->own;
	for (const struct sut_rt_patch *p = first_patch(control); p;
	     p = (const struct sut_rt_patch *)p->next) {
		const struct sut_rt_table *tables = (const struct sut_rt_table *)p->tables;

		for (uint64_t i = 0; i < p->table_count; i++)
			if (address - tables[i].low < tables[i].high - tables[i].low)
				return &tables[i];
	}
	return NULL;
}

int sut_rt_find_object(uint64_t address, struct sut_rt_found *found)
{
	const struct sut_rt_control *control = sut_rt_this_control();
	find_object_t *original = (find_object_t *)control->hooks[SUT_RT_HOOK_FIND].head;
	const struct sut_rt_table *table = table_of(control, address);

	if (!table)
		return original(address, found);
	/* Who asks for more than the table gets that of the object that the code belongs to. */
	if (original(table->near, found) != 0)
		*found = (struct sut_rt_found){0};
	found->start = table->low;
	found->end = table->high;
	found->index = table->index;
	return 0;
}

static int list(const struct sut_rt_table *table,
		int (*callback)(struct sut_rt_listed *, size_t, void *), void *data)
{
	struct sut_rt_listed listed = {
		.name = table->name,
		.segments = (uint64_t)table->segments,
		.segment_count = SUT_RT_SEGMENTS,
	};

	return callback(&listed, sizeof(listed), data);
}

/* Behind all others: many take the first for the program itself. */
int sut_rt_iterate_phdr(int (*callback)(struct sut_rt_listed *, size_t, void *), void *data)
{
	const struct sut_rt_control *control = sut_rt_this_control();
	iterate_phdr_t *original = (iterate_phdr_t *)control->hooks[SUT_RT_HOOK_ITERATE].head;
	int rc = original(callback, data);

	if (!rc)
		rc = list(&control->own, callback, data);
	for (const struct sut_rt_patch *p = first_patch(control); p && !rc;
	     p = (const struct sut_rt_patch *)p->next)
		for (uint64_t i = 0; i < p->table_count && !rc; i++)
			rc = list((const struct sut_rt_table *)p->tables + i, callback, data);
	return rc;
}
