// SPDX-License-Identifier: LGPL-2.1-or-later
/* What code of patches may call: livepatch.h, for the one core and store of this process. */
#include "process/rt/inside.h"

enum {
	PROT_RW = 3,
	PATIENCE_NS = 50 * 1000 * 1000,
	/* Freed variables wait for that many bytes of others, unless a look proves them unused. */
	QUARANTINE = 256 * 1024,
};

static const uint32_t WAITED = UINT32_C(1) << 31;

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

/*
 * The word is the thread id of who holds it, and WAITED when others sleep for it. In the child of a
 * fork the holder may be a thread that exists only in the parent: whoever has waited for long
 * looks, takes the lock over and repairs what that one left half done.
 */
static void lock(struct sut_shadow_store *store)
{
	uint32_t *word = &control_of(store)->shadow_lock;
	uint32_t self = sut_rt_thread_id(), seen = 0;

	if (__atomic_compare_exchange_n(word, &seen, self, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	for (;;) {
		uint32_t wanted = seen ? seen | WAITED : self | WAITED;

		if (!__atomic_compare_exchange_n(word, &seen, wanted, 0, __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED))
			continue;
		if (!seen)
			return;
		if (!sut_rt_futex_wait(word, wanted, PATIENCE_NS) &&
		    !sut_rt_thread_exists(wanted & ~WAITED)) {
			seen = wanted;
			if (__atomic_compare_exchange_n(word, &seen, self | WAITED, 0,
							__ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
				sut_shadow_repair(store);
				return;
			}
		}
		seen = __atomic_load_n(word, __ATOMIC_RELAXED);
	}
}

static void unlock(struct sut_shadow_store *store)
{
	uint32_t *word = &control_of(store)->shadow_lock;

	if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) & WAITED)
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
