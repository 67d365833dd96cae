// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/shadow-sample.h"

#include <stdlib.h>
#include <string.h>

static struct sut_shadow_sample *sample_of(struct sut_shadow_store *store)
{
	return (struct sut_shadow_sample *)store;
}

static void *map(struct sut_shadow_store *store, size_t size)
{
	struct sut_shadow_sample *sample = sample_of(store);
	void *block = NULL;

	if (!sample->locked)
		abort();
	if (sample->map_count < sample->map_limit &&
	    (!sample->map_size || size == sample->map_size))
		block = calloc(1, size);
	if (block)
		sample->maps[sample->map_count++] = block;
	return block;
}

static void lock(struct sut_shadow_store *store)
{
	struct sut_shadow_sample *sample = sample_of(store);

	if (sample->on_lock)
		sample->on_lock(sample);
	if (pthread_mutex_lock(&sample->mutex))
		abort();
	sample->locked = true;
}

static void unlock(struct sut_shadow_store *store)
{
	struct sut_shadow_sample *sample = sample_of(store);

	sample->locked = false;
	if (pthread_mutex_unlock(&sample->mutex))
		abort();
}

static void exists(struct sut_shadow_store *store, void *obj, unsigned long id)
{
	struct sut_shadow_sample *sample = sample_of(store);

	if (sample->locked || !sut_shadow_get(store, obj, id))
		abort();
	sample->warnings++;
}

void sut_shadow_sample_init(struct sut_shadow_sample *sample, size_t quarantine)
{
	memset(sample, 0, sizeof(*sample));
	pthread_mutex_init(&sample->mutex, NULL);
	sample->map_limit = SUT_SHADOW_SAMPLE_MAPS;
	sample->host = (struct sut_shadow_host){.map = map,
						.lock = lock,
						.unlock = unlock,
						.exists = exists,
						.quarantine = quarantine};
	sut_shadow_init(&sample->store, &sample->host);
}

void sut_shadow_sample_deinit(struct sut_shadow_sample *sample)
{
	for (size_t i = 0; i < sample->map_count; i++)
		free(sample->maps[i]);
	pthread_mutex_destroy(&sample->mutex);
}
