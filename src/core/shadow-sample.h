/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store and its host, for tests and benchmarks. */
#ifndef SUT_CORE_SHADOW_SAMPLE_H
#define SUT_CORE_SHADOW_SAMPLE_H

#include "core/shadow.h"

#include <pthread.h>

enum { SUT_SHADOW_SAMPLE_MAPS = 512 };

struct sut_shadow_sample {
	struct sut_shadow_store store; /* first, so that its address is the sample's */
	struct sut_shadow_host host;
	pthread_mutex_t mutex;
	bool locked;
	size_t warnings;
	size_t map_count;
	size_t map_limit; /* further maps fail */
	size_t map_size;  /* if not 0, maps of another size fail */
	void *maps[SUT_SHADOW_SAMPLE_MAPS];
	/* Called in lock(), before it is taken. */
	void (*on_lock)(struct sut_shadow_sample *sample);
};

void sut_shadow_sample_init(struct sut_shadow_sample *sample, size_t quarantine);
void sut_shadow_sample_deinit(struct sut_shadow_sample *sample);

#endif
