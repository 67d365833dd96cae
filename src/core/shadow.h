/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shadow store: data of a patch hung on objects that have no room for it.
 *
 * A variable is found by its object's address, which is a key and never followed, and an id. The
 * store lives inside the target, next to the core; the klp_shadow_*() of a host are thin wrappers
 * of these functions, and docs/semantics.md says what they do.
 *
 * Threads. sut_shadow_get() takes no lock, writes nothing and never waits: it may be called at any
 * time, in signal handlers, in the child of a fork, against any other call. Everything else takes
 * the host's lock for a moment, so it is not for signal handlers unless lock() keeps them out.
 * No thread of the program ever helps the store with anything: one may stop for ever inside a
 * lookup, or vanish there.
 *
 * What is promised about memory
 *   - However long it takes, a lookup never returns the data of another key, nor data whose ctor
 *     has not returned yet.
 *   - Who frees a variable excludes those who use its data, as in the kernel outside of a read-side
 *     section; most often because it ends the life of obj. For those who cannot: the bytes of a
 *     freed variable stay as its dtor left them until the host has proved that nobody has a pointer
 *     to them (sut_shadow_prove()). A host that cannot always prove bounds what may wait, by
 *     host->quarantine: then they stay until about half as many bytes have been freed after them,
 *     or longer. SIZE_MAX: nothing is used again without a proof.
 *   - Memory is used again, never given back. What the store holds is at most what was in use at
 *     one time, host->quarantine bytes, and what rounding and growth by doubling cost.
 */
#ifndef SUT_CORE_SHADOW_H
#define SUT_CORE_SHADOW_H

#include "core/livepatch.h"

struct sut_shadow_store;

/* What a host does for the store, which is a member of the host's own structure. */
struct sut_shadow_host {
	/* Zeroed memory, aligned for any type, never to be given back; or NULL. Called locked. */
	void *(*map)(struct sut_shadow_store *store, size_t size);
	/* Excludes other threads. */
	void (*lock)(struct sut_shadow_store *store);
	void (*unlock)(struct sut_shadow_store *store);
	/* Optional: a warning, sut_shadow_alloc() found a variable of that key. Called unlocked. */
	void (*exists)(struct sut_shadow_store *store, void *obj, unsigned long id);
	size_t quarantine; /* bytes of freed variables that wait for a proof */
};

/*
 * A variable. Its data follow.
 *
 *   state     where it is                          becomes
 *   free      on store->free[class]                taken by an alloc
 *   taken     nobody else knows of it              linked when the ctor succeeded, else free
 *   linked    in a bucket and in the ring of its   detached by free or free_all
 *             id; lookups find it
 *   detached  with the one who detached it, who    waiting
 *             calls the dtor
 *   waiting   on store->waiting                    free, when proved or too many wait
 *
 * Lookups that were under way may read one that is detached or waiting; shadow.c says why that is
 * harmless.
 */
struct sut_shadow_node {
	void *obj;
	unsigned long id;
	/* Of the same bucket; the table says which of the two. Chains end with &store->nil. */
	struct sut_shadow_node *next[2];
	/* A ring of all that have this id. Else `after` links the list that the node is on. */
	struct sut_shadow_node *after;
	struct sut_shadow_node *before;
	size_t size;         /* of the data */
	unsigned long epoch; /* of a waiting one */
} __attribute__((aligned(16)));

/* Its buckets follow. */
struct sut_shadow_table {
	unsigned int shift; /* a hash has this many bits too many for an index */
	unsigned int link;  /* index into the nodes' `next` */
};

enum {
	SUT_SHADOW_SIZE_MAX = 1 << 30,
	/* Blocks of a class are of one size: four classes for each doubling. */
	SUT_SHADOW_CLASS_COUNT = 104,
};

/* Owned by the host; all members are the store's, the numbers may be read at any time. */
struct sut_shadow_store {
	/* What lookups read, far from what changes often. */
	unsigned long generation;
	struct sut_shadow_table *table;
	struct sut_shadow_table first;
	struct sut_shadow_node *first_buckets[2];
	struct sut_shadow_node nil;
	const struct sut_shadow_host *host;

	/* Growth, a little with each alloc; else NULL. Lookups do not know of it. */
	struct sut_shadow_table *larger;
	size_t moved; /* so many buckets of the table have their nodes in the larger one, too */

	struct sut_shadow_node *free[SUT_SHADOW_CLASS_COUNT];
	struct sut_shadow_node *waiting; /* oldest first */
	struct sut_shadow_node *waiting_last;
	size_t waiting_bytes;
	size_t unproved;      /* bytes that were used again without a proof */
	unsigned long epoch;  /* of the node that was freed last */
	unsigned long proved; /* up to this epoch nobody has pointers to data */
	unsigned char *chunk; /* memory that was never used yet */
	size_t chunk_left;
	size_t mapped; /* bytes got from the host */
	size_t count;  /* variables */
	size_t nodes;  /* the same, and one for each id in use */
};

void sut_shadow_init(struct sut_shadow_store *store, const struct sut_shadow_host *host);

/* The variable's data, or NULL. Lock-free. obj may be anything, NULL too, but the store. */
void *sut_shadow_get(const struct sut_shadow_store *store, const void *obj, unsigned long id);

/*
 * Attaches `size` zeroed bytes, aligned for any type, and returns them. NULL, and nothing has
 * changed: the key has a variable (a warning), there is no memory, size is above
 * SUT_SHADOW_SIZE_MAX, or ctor did not return 0. ctor may be NULL; it runs once, locked, before
 * anybody can find the variable, and must not call the store.
 */
void *sut_shadow_alloc(struct sut_shadow_store *store, void *obj, unsigned long id, size_t size,
		       klp_shadow_ctor_t ctor, void *ctor_data);
/* The data that are there (without a warning, ctor is not called), or as sut_shadow_alloc(). */
void *sut_shadow_get_or_alloc(struct sut_shadow_store *store, void *obj, unsigned long id,
			      size_t size, klp_shadow_ctor_t ctor, void *ctor_data);

/*
 * Detaches the variable, if there is one; or all that have this id, at a cost of their number.
 * Then dtor, which may be NULL, is called once for each, unlocked: it may use the store.
 */
void sut_shadow_free(struct sut_shadow_store *store, void *obj, unsigned long id,
		     klp_shadow_dtor_t dtor);
void sut_shadow_free_all(struct sut_shadow_store *store, unsigned long id, klp_shadow_dtor_t dtor);

/* Calls visit for each variable, in no order, locked. */
void sut_shadow_visit(struct sut_shadow_store *store,
		      void (*visit)(void *arg, void *obj, unsigned long id, void *data,
				    size_t size),
		      void *arg);

/*
 * How a host proves that memory may be used again: it takes the epoch, finds that each thread has
 * since been at a point where it has no pointer to data of a variable freed before (outside of all
 * code of patches, say), and gives the epoch back. Both are one access of a word, lock-free: a host
 * outside of the target may as well read store->epoch and write store->proved itself.
 */
unsigned long sut_shadow_epoch(const struct sut_shadow_store *store);
void sut_shadow_prove(struct sut_shadow_store *store, unsigned long epoch);

/*
 * The holder of the lock is gone: this is the child of a fork, and it was another thread's. Makes
 * good what that left half done; what it had detached is lost. The caller has taken the lock over.
 */
void sut_shadow_repair(struct sut_shadow_store *store);

#endif
