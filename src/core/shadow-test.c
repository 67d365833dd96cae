// SPDX-License-Identifier: GPL-2.0-or-later
/* What the store promises to one thread; runs on every architecture. */
#include "base/tap.h"
#include "core/shadow-sample.h"

#include <stdlib.h>
#include <string.h>

enum { POISON = 0x5a };

static struct sut_shadow_sample sample;
static struct sut_shadow_store *const store = &sample.store;

/* What constructors and destructors saw. */
static struct {
	size_t count;
	void *obj;
	void *data;
	void *ctor_data;
	bool locked, found, zeroed;
} seen;

static void begin(size_t quarantine)
{
	sut_shadow_sample_init(&sample, quarantine);
	memset(&seen, 0, sizeof(seen));
}

static void end(void)
{
	CHECK(!sample.locked);
	sut_shadow_sample_deinit(&sample);
}

/* Objects are keys: most of these addresses are nobody's. */
static void *object(size_t n)
{
	return (void *)(n * 48 + 1);
}

static bool all_bytes_are(const void *data, size_t size, unsigned char value)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

static void *plain(void *obj, unsigned long id, size_t size)
{
	return sut_shadow_alloc(store, obj, id, size, NULL, NULL);
}

static int ctor(void *obj, void *data, void *ctor_data)
{
	seen.count++;
	seen.obj = obj;
	seen.data = data;
	seen.ctor_data = ctor_data;
	seen.locked = sample.locked;
	seen.found = sut_shadow_get(store, obj, 7) != NULL;
	seen.zeroed = all_bytes_are(data, 40, 0);
	return ctor_data == &seen ? 0 : -12;
}

static void dtor(void *obj, void *data)
{
	seen.count++;
	seen.obj = obj;
	seen.data = data;
	seen.locked = sample.locked;
	for (size_t i = 0; i < 100; i++)
		seen.found |= sut_shadow_get(store, object(i), 7) != NULL;
}

static void an_absent_variable_is_null(void)
{
	begin(0);
	CHECK(!sut_shadow_get(store, object(0), 7));
	CHECK(!sut_shadow_get(store, NULL, 0));
	CHECK(plain(object(0), 7, 8));
	CHECK(!sut_shadow_get(store, object(0), 8));
	CHECK(!sut_shadow_get(store, object(1), 7));
	end();
}

static void data_are_zeroed_and_aligned_at_every_size(void)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 63, 64, 100, 1000, 5000, 70000, 1 << 20};
	enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };
	void *data[COUNT];

	begin(0);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT; i++) {
			data[i] = plain(object(i), 7, sizes[i]);
			CHECK(data[i] && sut_shadow_get(store, object(i), 7) == data[i]);
			CHECK((uintptr_t)data[i] % 16 == 0);
			CHECK(all_bytes_are(data[i], sizes[i], 0));
			memset(data[i], (int)i + 1, sizes[i]);
		}
		for (size_t i = 0; i < COUNT; i++)
			CHECK(all_bytes_are(data[i], sizes[i], (unsigned char)(i + 1)));
		sut_shadow_free_all(store, 7, NULL);
		sut_shadow_prove(store, sut_shadow_epoch(store));
	}
	end();
}

static void a_size_that_is_too_large_is_refused(void)
{
	begin(0);
	CHECK(!plain(object(0), 7, (size_t)SUT_SHADOW_SIZE_MAX + 1));
	CHECK(!plain(object(0), 7, SIZE_MAX));
	CHECK_EQUAL(sample.map_count, 0);
	end();
}

static void both_parts_of_the_key_count_in_full(void)
{
	static void *const objects[] = {NULL, (void *)1, (void *)16, (void *)(UINTPTR_MAX / 2 + 1),
					(void *)UINTPTR_MAX};
	static const unsigned long ids[] = {0, 1, 2, 1UL << (8 * sizeof(long) - 1), -1UL};

	begin(0);
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 5; k++) {
			void *data = plain(objects[i], ids[k], 1);

			CHECK(data);
			memset(data, (int)(i * 5 + k), 1);
		}
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 5; k++)
			CHECK_EQUAL(*(char *)sut_shadow_get(store, objects[i], ids[k]), i * 5 + k);
	CHECK_EQUAL(store->count, 25);
	end();
}

static void alloc_of_an_existing_one_warns_and_changes_nothing(void)
{
	void *data;

	begin(0);
	data = plain(object(0), 7, 8);
	memset(data, POISON, 8);
	CHECK(!sut_shadow_alloc(store, object(0), 7, 40, ctor, &seen));
	CHECK_EQUAL(sample.warnings, 1);
	CHECK_EQUAL(seen.count, 0);
	CHECK(sut_shadow_get(store, object(0), 7) == data && all_bytes_are(data, 8, POISON));
	CHECK_EQUAL(store->count, 1);
	sample.host.exists = NULL;
	CHECK(!plain(object(0), 7, 8));
	end();
}

static void a_ctor_runs_once_locked_and_unseen(void)
{
	void *data;

	begin(0);
	data = sut_shadow_alloc(store, object(3), 7, 40, ctor, &seen);
	CHECK_EQUAL(seen.count, 1);
	CHECK(seen.obj == object(3) && seen.data == data && seen.ctor_data == &seen);
	CHECK(seen.locked && seen.zeroed && !seen.found);
	CHECK(data && sut_shadow_get(store, object(3), 7) == data);
	end();
}

static void a_ctor_that_fails_leaves_nothing(void)
{
	begin(0);
	CHECK(!sut_shadow_alloc(store, object(0), 7, 40, ctor, NULL));
	CHECK(!sut_shadow_get_or_alloc(store, object(0), 7, 40, ctor, NULL));
	CHECK_EQUAL(seen.count, 2);
	CHECK(!sut_shadow_get(store, object(0), 7));
	CHECK_EQUAL(store->count, 0);
	CHECK_EQUAL(store->nodes, 0);
	CHECK(plain(object(1), 7, 40));
	CHECK(!sut_shadow_alloc(store, object(0), 7, 40, ctor, NULL));
	CHECK_EQUAL(store->count, 1);
	end();
}

static void get_or_alloc_returns_what_is_there(void)
{
	void *data;

	begin(0);
	data = sut_shadow_get_or_alloc(store, object(0), 7, 40, ctor, &seen);
	CHECK(data && seen.count == 1);
	CHECK(sut_shadow_get_or_alloc(store, object(0), 7, 40, ctor, &seen) == data);
	CHECK_EQUAL(seen.count, 1);
	CHECK_EQUAL(sample.warnings, 0);
	end();
}

static void be_faster(struct sut_shadow_sample *s)
{
	s->on_lock = NULL;
	CHECK(plain(object(0), 7, 8));
}

static void get_or_alloc_returns_what_another_thread_made_first(void)
{
	void *data;

	begin(0);
	sample.on_lock = be_faster;
	data = sut_shadow_get_or_alloc(store, object(0), 7, 40, ctor, &seen);
	CHECK(data && data == sut_shadow_get(store, object(0), 7));
	CHECK_EQUAL(seen.count, 0);
	CHECK_EQUAL(sample.warnings, 0);
	end();
}

static void free_detaches_then_calls_the_dtor_once(void)
{
	void *data;

	begin(0);
	data = plain(object(3), 7, 8);
	CHECK(plain(object(3), 8, 8));
	sut_shadow_free(store, object(3), 7, dtor);
	CHECK_EQUAL(seen.count, 1);
	CHECK(seen.obj == object(3) && seen.data == data && !seen.locked && !seen.found);
	CHECK(!sut_shadow_get(store, object(3), 7) && sut_shadow_get(store, object(3), 8));
	sut_shadow_free(store, object(3), 7, dtor);
	CHECK_EQUAL(seen.count, 1);
	sut_shadow_free(store, object(3), 8, NULL);
	CHECK_EQUAL(store->count, 0);
	CHECK_EQUAL(store->nodes, 0);
	end();
}

static void free_all_detaches_all_of_an_id_and_no_other(void)
{
	begin(0);
	for (size_t i = 0; i < 100; i++)
		CHECK(plain(object(i), 7, 8) && plain(object(i), 8, 8));
	sut_shadow_free_all(store, 7, dtor);
	CHECK_EQUAL(seen.count, 100);
	CHECK(!seen.found && !seen.locked);
	sut_shadow_free_all(store, 7, dtor);
	sut_shadow_free_all(store, 9, dtor);
	CHECK_EQUAL(seen.count, 100);
	for (size_t i = 0; i < 100; i++)
		CHECK(!sut_shadow_get(store, object(i), 7) && sut_shadow_get(store, object(i), 8));
	sut_shadow_free_all(store, 8, NULL);
	CHECK_EQUAL(store->count, 0);
	CHECK_EQUAL(store->nodes, 0);
	end();
}

/* Makes the variable anew, hangs another one on the object, frees a third. */
static void busy_dtor(void *obj, void *data)
{
	seen.count++;
	memset(data, POISON, 8);
	CHECK(plain(obj, 7, 8) && plain(obj, 8, 8));
	sut_shadow_free(store, obj, 9, NULL);
}

static void a_dtor_may_use_the_store(void)
{
	begin(0);
	for (size_t i = 0; i < 100; i++)
		CHECK(plain(object(i), 7, 8) && plain(object(i), 9, 8));
	sut_shadow_free_all(store, 7, busy_dtor);
	CHECK_EQUAL(seen.count, 100);
	CHECK_EQUAL(store->count, 200);
	for (size_t i = 0; i < 100; i++)
		CHECK(all_bytes_are(sut_shadow_get(store, object(i), 7), 8, 0) &&
		      sut_shadow_get(store, object(i), 8) && !sut_shadow_get(store, object(i), 9));
	end();
}

static void freed_bytes_stay_until_there_is_a_proof(void)
{
	unsigned char *data;
	size_t mapped;

	begin(SIZE_MAX);
	data = plain(object(0), 7, 8);
	memset(data, POISON, 8);
	sut_shadow_free(store, object(0), 7, NULL);
	for (size_t i = 0; i < 10000; i++) {
		CHECK(plain(object(i), 7, 8) != data);
		sut_shadow_free(store, object(i), 7, NULL);
	}
	CHECK(all_bytes_are(data, 8, POISON));
	CHECK_EQUAL(store->unproved, 0);
	mapped = store->mapped;
	for (size_t i = 0; i < 100000; i++) {
		sut_shadow_prove(store, sut_shadow_epoch(store));
		CHECK(plain(object(i), 7, 8));
		sut_shadow_free(store, object(i), 7, NULL);
	}
	CHECK_EQUAL(store->mapped, mapped);
	end();
}

static void a_proof_holds_for_what_was_freed_before_it_began(void)
{
	void *before, *after;
	unsigned long epoch;
	bool used = false;

	begin(SIZE_MAX);
	before = plain(object(0), 7, 8);
	after = plain(object(1), 7, 8);
	CHECK(plain(object(2), 7, 8));
	sut_shadow_free(store, object(0), 7, NULL);
	epoch = sut_shadow_epoch(store);
	sut_shadow_free(store, object(1), 7, NULL);
	sut_shadow_prove(store, epoch);
	for (size_t i = 10; i < 5000; i++) {
		void *data = plain(object(i), 7, 8);

		used |= data == before;
		CHECK(data != after);
	}
	CHECK(used);
	end();
}

static void what_waits_without_a_proof_is_bounded(void)
{
	enum { LIMIT = 256 * 1024 };
	unsigned char *data;
	size_t waited = 0;

	begin(LIMIT);
	data = plain(object(0), 7, 200);
	sut_shadow_free(store, object(0), 7, NULL);
	for (size_t i = 1; i < 20000; i++) {
		if (plain(object(i), 7, 200) == data && !waited)
			waited = i * 200;
		sut_shadow_free(store, object(i), 7, NULL);
		CHECK(store->waiting_bytes <= LIMIT + 512);
	}
	CHECK(waited > LIMIT / 2 && waited < LIMIT);
	CHECK(store->mapped <= LIMIT + 3 * 64 * 1024);
	CHECK(store->unproved > 0);
	end();
}

static void every_variable_is_found_while_the_table_grows(void)
{
	enum { COUNT = 20000 };
	static void *data[COUNT];

	begin(0);
	for (size_t i = 0; i < COUNT; i++) {
		data[i] = plain(object(i / 4), i % 4, 8);
		if (i % 64 == 0)
			for (size_t k = 0; k <= i; k++)
				CHECK(sut_shadow_get(store, object(k / 4), k % 4) == data[k]);
	}
	CHECK_EQUAL(store->count, COUNT);
	for (unsigned long id = 0; id < 4; id++)
		sut_shadow_free_all(store, id, dtor);
	CHECK_EQUAL(seen.count, COUNT);
	CHECK_EQUAL(store->nodes, 0);
	end();
}

static void without_memory_for_a_larger_table_all_goes_on(void)
{
	enum { COUNT = 5000 };

	begin(0);
	sample.map_size = 64 * 1024; /* chunks, for now; it takes a larger table to hold all well */
	for (size_t i = 0; i < COUNT; i++)
		CHECK(plain(object(i), 7, 8));
	CHECK(COUNT > (size_t)1 << (8 * sizeof(long) - 1 - store->table->shift));
	for (size_t i = 0; i < COUNT; i++)
		CHECK(sut_shadow_get(store, object(i), 7));
	end();
}

static void note(void *arg, void *obj, unsigned long id, void *data, size_t size)
{
	uintptr_t *sum = arg;

	sum[0]++;
	sum[1] += (uintptr_t)obj * 31 + id * 7 + size;
	CHECK(sut_shadow_get(store, obj, id) == data);
}

/* Number and digest of all variables. */
static void digest(uintptr_t sum[2])
{
	sum[0] = sum[1] = 0;
	sut_shadow_visit(store, note, sum);
}

static void a_visit_sees_each_variable_once(void)
{
	uintptr_t sum[2], expected = 0;

	begin(0);
	digest(sum);
	CHECK_EQUAL(sum[0], 0);
	for (size_t i = 0; i < 1000; i++) {
		CHECK(plain(object(i), i % 3, i));
		expected += (uintptr_t)object(i) * 31 + i % 3 * 7 + i;
	}
	digest(sum);
	CHECK_EQUAL(sum[0], 1000);
	CHECK_EQUAL(sum[1], expected);
	end();
}

/* Which of a series of allocations needs memory from the host; each one is refused once. */
static void where_memory_is_refused_nothing_changes(void)
{
	size_t refused = 0;

	for (int first_large = 0; first_large < 2; first_large++) {
		begin(0);
		for (size_t i = 0; i < 6000; i++) {
			size_t size = (i + (size_t)first_large) % 100 ? 50 : 40000;
			size_t maps = sample.map_count;
			uintptr_t before[2], after[2];
			void *data;

			sample.map_limit = maps;
			digest(before);
			data = sut_shadow_alloc(store, object(i), i % 50, size, ctor, &seen);
			digest(after);
			sample.map_limit = SUT_SHADOW_SAMPLE_MAPS;
			if (data)
				continue;
			refused++;
			CHECK(before[0] == after[0] && before[1] == after[1]);
			CHECK(!sut_shadow_get(store, object(i), i % 50));
			CHECK_EQUAL(store->count, i);
			/* The node was there, the one of the ring was not. */
			if (sample.map_count == maps)
				sample.map_limit = maps + 1;
			data = sut_shadow_alloc(store, object(i), i % 50, size, ctor, &seen);
			sample.map_limit = SUT_SHADOW_SAMPLE_MAPS;
			CHECK(data ||
			      sut_shadow_alloc(store, object(i), i % 50, size, ctor, &seen));
		}
		CHECK_EQUAL(seen.count, 6000);
		end();
	}
	CHECK(refused >= 20);
}

static const struct sut_tap_test tests[] = {
	{"an absent variable is NULL", an_absent_variable_is_null},
	{"data are zeroed and aligned at every size", data_are_zeroed_and_aligned_at_every_size},
	{"a size that is too large is refused", a_size_that_is_too_large_is_refused},
	{"both parts of the key count in full", both_parts_of_the_key_count_in_full},
	{"alloc of an existing variable warns and changes nothing",
	 alloc_of_an_existing_one_warns_and_changes_nothing},
	{"a ctor runs once, locked, before anybody can see the variable",
	 a_ctor_runs_once_locked_and_unseen},
	{"a ctor that fails leaves nothing", a_ctor_that_fails_leaves_nothing},
	{"get_or_alloc returns what is there", get_or_alloc_returns_what_is_there},
	{"get_or_alloc returns what another thread made first",
	 get_or_alloc_returns_what_another_thread_made_first},
	{"free detaches, then calls the dtor once", free_detaches_then_calls_the_dtor_once},
	{"free_all detaches all of an id, and no other",
	 free_all_detaches_all_of_an_id_and_no_other},
	{"a dtor may use the store", a_dtor_may_use_the_store},
	{"freed bytes stay until there is a proof", freed_bytes_stay_until_there_is_a_proof},
	{"a proof holds for what was freed before it began",
	 a_proof_holds_for_what_was_freed_before_it_began},
	{"what waits without a proof is bounded", what_waits_without_a_proof_is_bounded},
	{"every variable is found while the table grows",
	 every_variable_is_found_while_the_table_grows},
	{"without memory for a larger table all goes on",
	 without_memory_for_a_larger_table_all_goes_on},
	{"a visit sees each variable once", a_visit_sees_each_variable_once},
	{"where memory is refused nothing changes", where_memory_is_refused_nothing_changes},
};

SUT_TAP_MAIN(tests)
