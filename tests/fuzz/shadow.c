// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes are operations on a shadow store, four each: what, object, id, size. Beside it is a plain
 * array of what should be there; both must agree at every step.
 */
#include "core/shadow-sample.h"

#include <stdlib.h>
#include <string.h>

enum { OBJECTS = 64, IDS = 8, OPS_MAX = 4096 };

static struct sut_shadow_sample sample;
static struct sut_shadow_store *const store = &sample.store;

/* What should be there; data begin with a number that is never given twice. */
static struct {
	unsigned char *data;
	size_t size;
	uint32_t number;
} model[OBJECTS][IDS];
static size_t model_count, freed;
static uint32_t last_number;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void *object(size_t n)
{
	return (void *)(n * 24);
}

static int ctor(void *obj, void *data, void *ctor_data)
{
	(void)obj;
	memcpy(data, &last_number, sizeof(last_number));
	return ctor_data ? -1 : 0;
}

static void dtor(void *obj, void *data)
{
	size_t n = (uintptr_t)obj / 24, id = 0;

	while (model[n][id].data != data)
		demand(++id < IDS);
	demand(memcmp(data, &model[n][id].number, sizeof(uint32_t)) == 0);
	demand(!sut_shadow_get(store, obj, id));
	memset(data, 0xff, model[n][id].size);
	memset(&model[n][id], 0, sizeof(model[n][id]));
	model_count--;
	freed++;
}

static void alloc(size_t n, size_t id, size_t size, bool get, bool fail)
{
	unsigned char *data;

	last_number++;
	if (get)
		data = sut_shadow_get_or_alloc(store, object(n), id, size, ctor,
					       fail ? &sample : NULL);
	else
		data = sut_shadow_alloc(store, object(n), id, size, ctor, fail ? &sample : NULL);
	if (model[n][id].data) {
		demand(data == (get ? model[n][id].data : NULL));
		return;
	}
	if (!data) {
		demand(fail || sample.map_count >= sample.map_limit);
		return;
	}
	demand(!fail);
	for (size_t i = sizeof(last_number); i < size; i++)
		demand(data[i] == 0);
	memset(data + sizeof(last_number), 0xff, size - sizeof(last_number));
	model[n][id].data = data;
	model[n][id].size = size;
	model[n][id].number = last_number;
	model_count++;
}

static void visit(void *arg, void *obj, unsigned long id, void *data, size_t size)
{
	size_t n = (uintptr_t)obj / 24;

	demand(model[n][id].data == data && model[n][id].size == size);
	demand(memcmp(data, &model[n][id].number, sizeof(uint32_t)) == 0);
	++*(size_t *)arg;
}

static void compare(void)
{
	size_t count = 0;

	sut_shadow_visit(store, visit, &count);
	demand(count == model_count && store->count == count);
	demand(store->nodes >= count && store->nodes <= count + IDS);
}

static void operate(const uint8_t op[4])
{
	size_t n = op[1] % OBJECTS, id = op[2] % IDS;
	size_t size = sizeof(uint32_t) + ((size_t)(op[3] & 31) << (op[3] >> 5) * 2);
	size_t expected = 0;

	switch (op[0] % 32) {
	case 0:
		for (size_t i = 0; i < OBJECTS; i++)
			expected += model[i][id].data != NULL;
		freed = 0;
		sut_shadow_free_all(store, id, dtor);
		demand(freed == expected);
		break;
	case 1 ... 6:
		expected = model[n][id].data != NULL;
		freed = 0;
		sut_shadow_free(store, object(n), id, dtor);
		demand(freed == expected);
		break;
	case 7:
		sut_shadow_prove(store, sut_shadow_epoch(store));
		break;
	case 8:
		if (op[3] & 1)
			sut_shadow_repair(store);
		else /* no memory for a while, or again */
			sample.map_limit = op[3] & 2 ? sample.map_count : SUT_SHADOW_SAMPLE_MAPS;
		break;
	case 9:
		compare();
		break;
	case 10:
		alloc(n, id, size, op[3] & 1, true);
		break;
	default:
		alloc(n, id, size, op[0] & 32, false);
	}
	for (size_t i = 0; i < IDS; i++)
		demand(sut_shadow_get(store, object(n), i) == model[n][i].data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	memset(model, 0, sizeof(model));
	model_count = 0;
	sut_shadow_sample_init(&sample, (size_t)data[0] * 256);
	for (size_t i = 1; i + 4 <= size && i < OPS_MAX * 4; i += 4)
		operate(data + i);
	compare();
	sut_shadow_sample_deinit(&sample);
	return 0;
}
