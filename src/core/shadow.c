// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A hash table with chains, read without a lock.
 *
 * The kernel's readers tell the writers when they are done: RCU. A program's threads tell nothing,
 * and may stop for ever anywhere. So writers never wait for readers; a reader finds out by itself
 * whether memory that it read was used for something else meanwhile, and then reads again.
 *
 *   Memory keeps its kind. What once was a node is a node for ever, and a table stays a table, also
 *   when a larger one has taken its place (all old ones together are smaller than the present one).
 *   So a late reader meets valid pointers everywhere. Its walk ends: a link leads to a node in a
 *   chain, or to one that was detached later than the one it is in.
 *
 *   Right for everybody who begins now. After each single store of a writer the table is right: a
 *   node is complete before a bucket leads to it, and is detached by one store into its
 *   predecessor. A signal handler's lookup between any two of them is right, so is that in the
 *   child of a fork.
 *
 *   A number for the others. A reader is at nodes that it reached some time ago. Two things might
 *   mislead it: a node is used again with another key or in another chain, and a chain is relinked
 *   by growth. Both do nothing to it before the generation has been increased:
 *     - A node that was detached keeps its key and its links until then. Its links lead to what
 *       followed it, and so, perhaps over more detached nodes, to all that still follows.
 *     - Growth links the nodes for the new table by the other one of their two links, a few
 *       buckets at a time, then makes the new table the present one, then increases the generation.
 *       The links that it writes are those of the table before the present one; whoever still reads
 *       that began before the last increase.
 *   A reader takes the generation first and compares it last. Each changed word that could mislead
 *   is stored with release semantics after the increase and read with acquire semantics before the
 *   comparison; so equal numbers mean that no such word was read, and the answer was right at some
 *   moment between. The number changes once for each growth and each batch of freed nodes, not for
 *   each change: a reader begins again only when writers have got much done. That a reader stops
 *   for a multiple of 2^32 such batches exactly, on a 32-bit machine, is taken as impossible.
 *
 * The list of an id. All nodes of an id form a ring. Each ring has one node more, whose key is (the
 * store, id): it is how the ring is found, in the same table. So freeing all of an id costs what
 * the id holds, and a table of ids is not needed.
 */
#include "core/shadow-memory.h"

enum {
	BITS = 8 * sizeof(unsigned long),
	BUCKETS_MIN = 64,
	/* Buckets. So the larger table is ready before this one has a node for each of its own. */
	MOVED_AT_ONCE = 4,
};

_Static_assert(offsetof(struct sut_shadow_store, first_buckets) ==
		       offsetof(struct sut_shadow_store, first) + sizeof(struct sut_shadow_table),
	       "the first table's buckets follow it");

static size_t bucket_count(const struct sut_shadow_table *table)
{
	return (size_t)1 << (BITS - table->shift);
}

/*
 * Both factors spread upwards, and the high bits are used. The bytes are reversed between, for
 * objects differ in their low bits and in the middle ones, and ids in the lowest. The factor,
 * negative, fits into an instruction of a 64-bit machine.
 */
static unsigned long hash(const void *obj, unsigned long id)
{
	const unsigned long factor = (unsigned long)-1640531535L;
	unsigned long mixed = (unsigned long)obj * factor + id;

#if __SIZEOF_LONG__ == 8
	return __builtin_bswap64(mixed) * factor;
#else
	return __builtin_bswap32(mixed) * factor;
#endif
}

/*
 * The members are read plainly, which saves loads, although another thread may write them: words do
 * not tear, and what was read is not used before the generation has been compared.
 */
static bool differs(const struct sut_shadow_node *node, const void *obj, unsigned long id)
{
	return __builtin_expect(node->obj != obj || node->id != id, 0);
}

/* Out of line: a loop around the lookup would cost each one three instructions. */
static __attribute__((noinline, cold)) void *get_again(const struct sut_shadow_store *store,
						       const void *obj, unsigned long id)
{
	return sut_shadow_get(store, obj, id);
}

static bool is_current(const struct sut_shadow_store *store, unsigned long generation)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __builtin_expect(sut_shadow_read(&store->generation) == generation, 1);
}

/*
 * Most often the first node is it: 19 instructions on x86-64, the call included. The second one
 * costs six more. nil is nobody's, so a chain has a first node always.
 */
void *sut_shadow_get(const struct sut_shadow_store *store, const void *obj, unsigned long id)
{
	unsigned long generation = sut_shadow_read(&store->generation);
	const struct sut_shadow_table *table = sut_shadow_read(&store->table);
	struct sut_shadow_node *node =
		sut_shadow_read(sut_shadow_buckets(table) + (hash(obj, id) >> table->shift));

	while (differs(node, obj, id)) {
		node = sut_shadow_read(node->next + table->link);
		if (!node)
			return is_current(store, generation) ? NULL : get_again(store, obj, id);
	}
	return is_current(store, generation) ? node + 1 : get_again(store, obj, id);
}

static size_t bucket_of(const struct sut_shadow_table *table, const void *obj, unsigned long id)
{
	return hash(obj, id) >> table->shift;
}

/* The link that leads to the node of this key, or to nil. Called locked. */
static struct sut_shadow_node **find_in(struct sut_shadow_store *store,
					struct sut_shadow_table *table, const void *obj,
					unsigned long id)
{
	struct sut_shadow_node **at = sut_shadow_buckets(table) + bucket_of(table, obj, id);

	while (*at != &store->nil && differs(*at, obj, id))
		at = &(*at)->next[table->link];
	return at;
}

static struct sut_shadow_node *find(struct sut_shadow_store *store, const void *obj,
				    unsigned long id)
{
	return *find_in(store, store->table, obj, id);
}

/* Does the larger table, if there is one, hold what this bucket holds? */
static bool is_moved(const struct sut_shadow_store *store, const void *obj, unsigned long id)
{
	return store->larger && bucket_of(store->table, obj, id) < store->moved;
}

static void link_in(struct sut_shadow_table *table, struct sut_shadow_node *node)
{
	struct sut_shadow_node **bucket =
		sut_shadow_buckets(table) + bucket_of(table, node->obj, node->id);

	sut_shadow_write(&node->next[table->link], *bucket);
	sut_shadow_write(bucket, node);
}

static void unlink_in(struct sut_shadow_store *store, struct sut_shadow_table *table,
		      struct sut_shadow_node *node)
{
	sut_shadow_write(find_in(store, table, node->obj, node->id), node->next[table->link]);
}

/* Lookups find the node from here on. */
static void link_node(struct sut_shadow_store *store, struct sut_shadow_node *node, void *obj,
		      unsigned long id)
{
	sut_shadow_write(&node->obj, obj);
	sut_shadow_write(&node->id, id);
	link_in(store->table, node);
	if (is_moved(store, obj, id))
		link_in(store->larger, node);
	store->nodes++;
}

static void unlink_node(struct sut_shadow_store *store, struct sut_shadow_node *node)
{
	unlink_in(store, store->table, node);
	if (is_moved(store, node->obj, node->id))
		unlink_in(store, store->larger, node);
	store->nodes--;
}

/* Twice as many buckets. Without memory for them chains become longer, no more. */
static void grow_begin(struct sut_shadow_store *store)
{
	size_t count = 2 * bucket_count(store->table);
	struct sut_shadow_table *table;

	if (count < BUCKETS_MIN)
		count = BUCKETS_MIN;
	table = sut_shadow_carve(store, sizeof(*table) + count * sizeof(struct sut_shadow_node *));
	if (!table)
		return;
	table->link = !store->table->link;
	for (table->shift = BITS; bucket_count(table) < count;)
		table->shift--;
	store->moved = 0;
	store->larger = table;
}

static void move_bucket(struct sut_shadow_store *store)
{
	struct sut_shadow_table *table = store->table, *larger = store->larger;
	size_t parts = bucket_count(larger) / bucket_count(table);

	for (size_t i = 0; i < parts; i++)
		sut_shadow_buckets(larger)[store->moved * parts + i] = &store->nil;
	for (struct sut_shadow_node *node = sut_shadow_buckets(table)[store->moved];
	     node != &store->nil; node = node->next[table->link])
		link_in(larger, node);
	store->moved++;
}

static void grow(struct sut_shadow_store *store)
{
	if (!store->larger && store->nodes > bucket_count(store->table) / 2)
		grow_begin(store);
	if (!store->larger)
		return;
	for (int i = 0; i < MOVED_AT_ONCE && store->moved < bucket_count(store->table); i++)
		move_bucket(store);
	if (store->moved < bucket_count(store->table))
		return;
	sut_shadow_write(&store->table, store->larger);
	sut_shadow_next_generation(store);
	store->larger = NULL;
}

/* The ring of the id, made when there is none. */
static struct sut_shadow_node *ring_get(struct sut_shadow_store *store, unsigned long id)
{
	struct sut_shadow_node *ring = find(store, store, id);

	if (ring != &store->nil)
		return ring;
	ring = sut_shadow_take(store, 0);
	if (!ring)
		return NULL;
	ring->after = ring->before = ring;
	link_node(store, ring, store, id);
	return ring;
}

static void ring_drop_empty(struct sut_shadow_store *store, struct sut_shadow_node *ring)
{
	if (ring->after != ring)
		return;
	unlink_node(store, ring);
	sut_shadow_retire(store, ring);
}

static void ring_add(struct sut_shadow_node *ring, struct sut_shadow_node *node)
{
	node->after = ring->after;
	node->before = ring;
	ring->after->before = node;
	ring->after = node;
}

/* Called locked; the variable does not exist. */
static void *attach(struct sut_shadow_store *store, void *obj, unsigned long id, size_t size,
		    klp_shadow_ctor_t ctor, void *ctor_data)
{
	struct sut_shadow_node *node, *ring;

	node = sut_shadow_take(store, size);
	if (!node)
		return NULL;
	ring = ring_get(store, id);
	if (!ring || (ctor && ctor(obj, node + 1, ctor_data))) {
		sut_shadow_put(store, node);
		if (ring)
			ring_drop_empty(store, ring);
		return NULL;
	}
	link_node(store, node, obj, id);
	ring_add(ring, node);
	store->count++;
	grow(store);
	return node + 1;
}

void *sut_shadow_alloc(struct sut_shadow_store *store, void *obj, unsigned long id, size_t size,
		       klp_shadow_ctor_t ctor, void *ctor_data)
{
	void *data = NULL;
	bool exists;

	store->host->lock(store);
	exists = find(store, obj, id) != &store->nil;
	if (!exists)
		data = attach(store, obj, id, size, ctor, ctor_data);
	store->host->unlock(store);
	if (exists && store->host->exists)
		store->host->exists(store, obj, id);
	return data;
}

void *sut_shadow_get_or_alloc(struct sut_shadow_store *store, void *obj, unsigned long id,
			      size_t size, klp_shadow_ctor_t ctor, void *ctor_data)
{
	void *data = sut_shadow_get(store, obj, id);
	struct sut_shadow_node *node;

	if (data)
		return data;
	store->host->lock(store);
	node = find(store, obj, id);
	data = node != &store->nil ? node + 1 : attach(store, obj, id, size, ctor, ctor_data);
	store->host->unlock(store);
	return data;
}

/* The end of detached nodes, a list linked by `after`. */
static void dispose(struct sut_shadow_store *store, struct sut_shadow_node *list,
		    klp_shadow_dtor_t dtor)
{
	struct sut_shadow_node *after;

	for (struct sut_shadow_node *node = list; dtor && node; node = node->after)
		dtor(node->obj, node + 1);
	store->host->lock(store);
	for (struct sut_shadow_node *node = list; node; node = after) {
		after = node->after;
		sut_shadow_retire(store, node);
	}
	store->host->unlock(store);
}

void sut_shadow_free(struct sut_shadow_store *store, void *obj, unsigned long id,
		     klp_shadow_dtor_t dtor)
{
	struct sut_shadow_node *node;

	store->host->lock(store);
	node = find(store, obj, id);
	if (node == &store->nil) {
		store->host->unlock(store);
		return;
	}
	unlink_node(store, node);
	store->count--;
	node->before->after = node->after;
	node->after->before = node->before;
	/* If it was the last one, what was before it is the ring's own node. */
	ring_drop_empty(store, node->before);
	store->host->unlock(store);
	node->after = NULL;
	dispose(store, node, dtor);
}

void sut_shadow_free_all(struct sut_shadow_store *store, unsigned long id, klp_shadow_dtor_t dtor)
{
	struct sut_shadow_node *ring, *list;

	store->host->lock(store);
	ring = find(store, store, id);
	if (ring == &store->nil) {
		store->host->unlock(store);
		return;
	}
	ring->before->after = NULL;
	list = ring->after;
	for (struct sut_shadow_node *node = list; node; node = node->after) {
		unlink_node(store, node);
		store->count--;
	}
	ring->after = ring;
	ring_drop_empty(store, ring);
	store->host->unlock(store);
	dispose(store, list, dtor);
}

/* All nodes, in no order; NULL begins and ends. Called locked. */
static struct sut_shadow_node *next_node(struct sut_shadow_store *store,
					 struct sut_shadow_node *node, size_t *buckets)
{
	const struct sut_shadow_table *table = store->table;

	node = node ? node->next[table->link] : &store->nil;
	while (node == &store->nil && *buckets < bucket_count(table))
		node = sut_shadow_buckets(table)[(*buckets)++];
	return node != &store->nil ? node : NULL;
}

void sut_shadow_visit(struct sut_shadow_store *store,
		      void (*visit)(void *arg, void *obj, unsigned long id, void *data,
				    size_t size),
		      void *arg)
{
	struct sut_shadow_node *node = NULL;
	size_t buckets = 0;

	store->host->lock(store);
	while ((node = next_node(store, node, &buckets)))
		if (node->obj != store)
			visit(arg, node->obj, node->id, node + 1, node->size);
	store->host->unlock(store);
}

unsigned long sut_shadow_epoch(const struct sut_shadow_store *store)
{
	return sut_shadow_read(&store->epoch);
}

void sut_shadow_prove(struct sut_shadow_store *store, unsigned long epoch)
{
	sut_shadow_write(&store->proved, epoch);
}

/* The chains are always right. All else is made anew, and what memory it knew of is lost. */
void sut_shadow_repair(struct sut_shadow_store *store)
{
	struct sut_shadow_node *node = NULL;
	size_t buckets = 0;

	sut_shadow_next_generation(store);
	sut_shadow_clear(store->free, sizeof(store->free));
	store->waiting = NULL;
	store->waiting_bytes = 0;
	store->chunk_left = 0;
	store->larger = NULL;
	store->count = store->nodes = 0;
	while ((node = next_node(store, node, &buckets))) {
		node->after = node->before = node;
		store->nodes++;
	}
	buckets = 0;
	while ((node = next_node(store, node, &buckets))) {
		if (node->obj == store)
			continue;
		ring_add(find(store, store, node->id), node);
		store->count++;
	}
}

void sut_shadow_init(struct sut_shadow_store *store, const struct sut_shadow_host *host)
{
	sut_shadow_clear(store, sizeof(*store));
	store->host = host;
	store->nil.obj = store;
	store->first.shift = BITS - 1;
	store->first_buckets[0] = store->first_buckets[1] = &store->nil;
	store->table = &store->first;
}
