// SPDX-License-Identifier: GPL-2.0-or-later
/* Mappings and holes, with made-up maps; then the maps of this process. */
#include "process/target.h"
#include "base/guard.h"
#include "base/tap.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static struct sut_target with_maps(struct sut_map *maps, size_t count)
{
	return (struct sut_target){.maps = maps, .map_count = count};
}

static void test_lookup(void)
{
	struct sut_map maps[] = {{.start = 0x1000, .end = 0x3000},
				 {.start = 0x3000, .end = 0x4000},
				 {.start = 0x8000, .end = 0x9000}};
	const struct sut_target target = with_maps(maps, 3);

	CHECK(!sut_target_map(&target, 0xfff));
	CHECK(sut_target_map(&target, 0x1000) == &maps[0]);
	CHECK(sut_target_map(&target, 0x2fff) == &maps[0]);
	CHECK(sut_target_map(&target, 0x3000) == &maps[1]);
	CHECK(!sut_target_map(&target, 0x4000));
	CHECK(!sut_target_map(&target, 0x7fff));
	CHECK(sut_target_map(&target, 0x8fff) == &maps[2]);
	CHECK(!sut_target_map(&target, 0x9000));
}

/* Does [at, at + size) touch no map, page-aligned, with all of [low, high) in reach? */
static bool fits(const struct sut_target *target, uint64_t at, uint64_t size, uint64_t low,
		 uint64_t high)
{
	for (size_t i = 0; i < target->map_count; i++)
		if (at < target->maps[i].end && target->maps[i].start < at + size)
			return false;
	return at && at % SUT_PAGE_SIZE == 0 && (high < at || high - at < 2 * GIB) &&
	       (at + size < low || at + size - low < 2 * GIB);
}

static void test_hole_below(void)
{
	struct sut_map maps[] = {{.start = 100 * GIB, .end = 100 * GIB + MIB},
				 {.start = 101 * GIB, .end = 101 * GIB + MIB}};
	const struct sut_target target = with_maps(maps, 2);
	uint64_t at = sut_target_hole(&target, maps[1].start, maps[1].end, MIB);

	CHECK(fits(&target, at, MIB, maps[1].start, maps[1].end));
	CHECK(at < maps[1].start);
}

/* Nothing below is near enough. */
static void test_hole_above(void)
{
	struct sut_map maps[] = {{.start = 100 * GIB, .end = 103 * GIB},
				 {.start = 103 * GIB, .end = 103 * GIB + MIB},
				 {.start = 104 * GIB, .end = 104 * GIB + MIB}};
	const struct sut_target target = with_maps(maps, 3);
	uint64_t at = sut_target_hole(&target, maps[1].start, maps[1].end, MIB);

	CHECK(fits(&target, at, MIB, maps[1].start, maps[1].end));
	CHECK(at > maps[1].end);
}

static void test_no_hole(void)
{
	struct sut_map maps[] = {{.start = 100 * GIB, .end = 103 * GIB},
				 {.start = 103 * GIB, .end = 103 * GIB + MIB},
				 {.start = 103 * GIB + 2 * MIB, .end = 110 * GIB}};
	const struct sut_target target = with_maps(maps, 3);

	CHECK_EQUAL(sut_target_hole(&target, maps[1].start, maps[1].end, MIB), 0);
}

static void test_reserve(void)
{
	struct sut_map maps[] = {{.start = 100 * GIB, .end = 100 * GIB + MIB},
				 {.start = 101 * GIB, .end = 101 * GIB + MIB}};
	uint64_t low = maps[1].start, high = maps[1].end;
	struct sut_target target = with_maps(maps, 2);
	uint64_t at = 0;

	for (int i = 0; i < 4; i++) {
		at = sut_target_hole(&target, low, high, MIB);
		CHECK(fits(&target, at, MIB, low, high));
		sut_target_reserve(&target, at, at + MIB);
		CHECK(sut_target_map(&target, at));
	}
	CHECK_EQUAL(target.map_count, 6);
	for (size_t i = 1; i < target.map_count; i++)
		CHECK(target.maps[i - 1].end <= target.maps[i].start);
	sut_arena_deinit(&target.arena);
}

/* The dynamic linker's own list has the program first, then the libraries. */
static int count_objects(struct dl_phdr_info *info, size_t size, void *context)
{
	const struct sut_target *target = context;
	const struct sut_object *found = NULL;

	(void)size;
	for (size_t i = 0; i < target->object_count; i++)
		if (target->objects[i].bias == info->dlpi_addr)
			found = &target->objects[i];
	if (strstr(info->dlpi_name, "vdso"))
		return 0;
	printf("# %s\n", info->dlpi_name[0] ? info->dlpi_name : "the program");
	CHECK(found && found->build_id_size > 0);
	for (int k = 0; found && k < info->dlpi_phnum; k++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[k];
		uint64_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type == PT_LOAD)
			CHECK(start >= found->low && start + p->p_memsz <= found->high);
		if (p->p_type == PT_LOAD && (p->p_flags & PF_X))
			CHECK_EQUAL(found->text_end, start + p->p_memsz);
		if (p->p_type == PT_DYNAMIC)
			CHECK_EQUAL(found->dynamic, start);
	}
	return 0;
}

static void test_objects(void)
{
	SUT_TARGET struct sut_target target;
	struct sut_diag diag = {0};
	size_t programs = 0;

	CHECK_EQUAL(sut_target_open(getpid(), false, &target, &diag), SUT_OK);
	dl_iterate_phdr(count_objects, &target);
	for (size_t i = 0; i < target.object_count; i++) {
		const struct sut_object *o = &target.objects[i];

		CHECK(sut_target_object(&target, o->build_id, o->build_id_size) == o);
		programs += o->executable;
		if (o->executable)
			CHECK((uint64_t)(uintptr_t)test_objects - o->low < o->high - o->low);
	}
	CHECK_EQUAL(programs, 1);
}

static const struct sut_tap_test tests[] = {
	{"an address is found in its mapping", test_lookup},
	{"a hole below the object is preferred", test_hole_below},
	{"a hole above the object is taken when there is none below", test_hole_above},
	{"without a hole in reach there is none", test_no_hole},
	{"a reserved hole is not given again", test_reserve},
	{"objects in memory are those of the dynamic linker", test_objects},
};

SUT_TAP_MAIN(tests)
