// SPDX-License-Identifier: LGPL-2.1-or-later
/* What code of patches may call: livepatch.h, for the one core and store of this process. */
#include "process/rt/inside.h"

enum {
	PROT_RW = 3,
	UNLOCKED = 0,
	LOCKED = 1,
	CONTENDED = 2,
	/* Freed variables wait for that many bytes of others, unless a look proves them unused. */
	QUARANTINE = 256 * 1024,
};

static struct sut_rt_control *control_of(struct sut_shadow_store *store)
{
	return (struct sut_rt_control *)((char *)store - offsetof(struct sut_rt_control, shadow));
}

static void *map(struct sut_shadow_store *store, size_t size)
{
	int64_t at = sut_rt_mmap(0, size, PROT_RW, false);

	(void)store;
	return at < 0 ? NULL : (void *)at;
}

static void lock(struct sut_shadow_store *store)
{
	uint32_t *word = &control_of(store)->shadow_lock;
	uint32_t seen = UNLOCKED;

	if (__atomic_compare_exchange_n(word, &seen, LOCKED, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(word, CONTENDED, __ATOMIC_ACQUIRE) != UNLOCKED)
		sut_rt_futex_wait(word, CONTENDED);
}

static void unlock(struct sut_shadow_store *store)
{
	uint32_t *word = &control_of(store)->shadow_lock;

	if (__atomic_exchange_n(word, UNLOCKED, __ATOMIC_RELEASE) == CONTENDED)
		sut_rt_futex_wake(word);
}

void sut_rt_shadow_init(struct sut_rt_control *control)
{
	struct sut_shadow_host *h = &control->shadow_host;

	h->map = map;
	h->lock = lock;
	h->unlock = unlock;
	h->quarantine = QUARANTINE;
	if (!control->core.ready)
		sut_shadow_init(&control->shadow, h);
}

void *klp_shadow_get(void *obj, unsigned long id)
{
	return sut_shadow_get(&sut_rt_this_control()->shadow, obj, id);
}

void *klp_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t flags,
		       klp_shadow_ctor_t ctor, void *ctor_data)
{
	(void)flags;
	return sut_shadow_alloc(&sut_rt_this_control()->shadow, obj, id, size, ctor, ctor_data);
}

void *klp_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t flags,
			      klp_shadow_ctor_t ctor, void *ctor_data)
{
	(void)flags;
	return sut_shadow_get_or_alloc(&sut_rt_this_control()->shadow, obj, id, size, ctor,
				       ctor_data);
}

void klp_shadow_free(void *obj, unsigned long id, klp_shadow_dtor_t dtor)
{
	sut_shadow_free(&sut_rt_this_control()->shadow, obj, id, dtor);
}

void klp_shadow_free_all(unsigned long id, klp_shadow_dtor_t dtor)
{
	sut_shadow_free_all(&sut_rt_this_control()->shadow, id, dtor);
}

struct klp_state *klp_get_state(struct klp_patch *patch, unsigned long id)
{
	return sut_core_get_state(patch, id);
}

struct klp_state *klp_get_prev_state(unsigned long id)
{
	return sut_core_get_prev_state(&sut_rt_this_control()->core, id);
}
