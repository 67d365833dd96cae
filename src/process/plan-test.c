// SPDX-License-Identifier: GPL-2.0-or-later
/* What a plan hands out. The target is this process; nothing of the plans is carried out. */
#include "process/plan.h"
#include "base/guard.h"
#include "base/tap.h"

#include <sys/mman.h>

struct fixture {
	struct sut_target target;
	struct sut_runtime runtime;
	struct sut_arena arena;
	struct sut_plan plan;
	struct sut_zone *zone;
	struct sut_diag diag;
};

static uint64_t here(void)
{
	return (uint64_t)(uintptr_t)here;
}

static void begin(struct fixture *f, uint64_t text, uint64_t data)
{
	*f = (struct fixture){.runtime = {.target = &f->target}};
	f->plan = (struct sut_plan){.runtime = &f->runtime, .arena = &f->arena};
	CHECK_EQUAL(sut_target_open(getpid(), false, &f->target, &f->diag), SUT_OK);
	CHECK_EQUAL(sut_plan_zone(&f->plan, here(), here() + 1, text, data, &f->zone, &f->diag),
		    SUT_OK);
}

static void end(struct fixture *f)
{
	sut_target_close(&f->target);
	sut_arena_deinit(&f->arena);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void test_zone(void)
{
	struct fixture f;
	const struct sut_rt_zone *zone;

	begin(&f, 1 << 20, 4096);
	zone = &f.zone->record;
	CHECK(distance(zone->text, here()) < INT32_MAX);
	CHECK(distance(zone->data + zone->data_size, here()) < INT32_MAX);
	CHECK(zone->text_size >= 1 << 20 && zone->data_size >= 4096);
	CHECK_EQUAL(zone->text % SUT_PAGE_SIZE, 0);
	CHECK_EQUAL(zone->data, zone->text + zone->text_size);
	for (uint64_t at = zone->text; at < zone->data + zone->data_size; at += SUT_PAGE_SIZE)
		CHECK(mincore((void *)at, SUT_PAGE_SIZE, (unsigned char[1]){0}) < 0);
	CHECK_EQUAL(f.plan.map_count, 2);
	end(&f);
}

static void test_zone_shared(void)
{
	struct sut_zone *second;
	struct fixture f;

	begin(&f, 4096, 4096);
	CHECK_EQUAL(sut_plan_zone(&f.plan, here(), here() + 1, 4096, 4096, &second, &f.diag),
		    SUT_OK);
	CHECK(second == f.zone);
	CHECK_EQUAL(sut_plan_zone(&f.plan, here(), here() + 1, 16 << 20, 4096, &second, &f.diag),
		    SUT_OK);
	CHECK(second != f.zone);
	CHECK(second->record.text >= f.zone->record.data + f.zone->record.data_size ||
	      second->record.data + second->record.data_size <= f.zone->record.text);
	end(&f);
}

/* Core grows up, images grow down, and there is a gap between any two images. */
static void test_pieces(void)
{
	struct fixture f;
	uint64_t core[2], image[2], data[2];

	begin(&f, 4096, 4096);
	for (int i = 0; i < 2; i++) {
		core[i] = sut_zone_core(&f.plan, f.zone, 33);
		image[i] = sut_zone_image(&f.plan, f.zone, 100, 64);
		data[i] = sut_zone_data(&f.plan, f.zone, 20, 64);
	}
	CHECK_EQUAL(core[0], f.zone->record.text);
	CHECK(core[1] >= core[0] + 33 && core[1] % 16 == 0);
	CHECK(image[0] % 64 == 0 && image[1] % 64 == 0);
	CHECK(image[0] + 100 < f.zone->record.text + f.zone->record.text_size);
	CHECK(image[1] + 100 < image[0]);
	CHECK(data[0] % 64 == 0 && data[1] >= data[0] + 20);
	CHECK(data[0] >= f.zone->record.data + sizeof(f.zone->record));
	CHECK(!f.plan.overflowed);
	end(&f);
}

static void test_overflow(void)
{
	struct fixture f;

	begin(&f, 4096, 4096);
	sut_zone_image(&f.plan, f.zone, f.zone->record.text_size, 16);
	CHECK(f.plan.overflowed);
	end(&f);
	begin(&f, 4096, 4096);
	sut_zone_data(&f.plan, f.zone, f.zone->record.data_size, 16);
	CHECK(f.plan.overflowed);
	CHECK_EQUAL(sut_plan_execute(&f.plan, &f.diag), SUT_BUG);
	end(&f);
}

/* Where nothing is mapped, far from anything. */
static uint64_t free_page(const struct fixture *f)
{
	return sut_target_hole(&f->target, here(), here() + 1, 1 << 20) + (512 << 10);
}

static void test_pages(void)
{
	struct fixture f;
	uint64_t page;

	begin(&f, 4096, 4096);
	page = free_page(&f);
	CHECK(sut_plan_pages(&f.plan, page + 4090, page + 4106)); /* two pages */
	CHECK_EQUAL(f.plan.map_count, 4);
	CHECK(!sut_plan_pages(&f.plan, page + 4100, page + 4110));
	CHECK(sut_plan_pages(&f.plan, page + 4106, page + 4120));
	CHECK_EQUAL(f.plan.map_count, 4);
	CHECK(!sut_plan_pages(&f.plan, here(), here() + 8));
	CHECK(!sut_plan_pages(&f.plan, f.zone->record.text + 64, f.zone->record.text + 72));
	CHECK_EQUAL(f.plan.map_count, 4);
	end(&f);
}

/* Pages that a dead controller mapped, and pages that a patch uses. */
static void test_abandoned(void)
{
	unsigned char *page = mmap(NULL, 3 * SUT_PAGE_SIZE, PROT_READ | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t at = (uint64_t)page;
	const struct sut_rt_func used = {.slot = at + SUT_PAGE_SIZE + 64, .flags = SUT_RT_FUNC_PUN};
	struct sut_rt_control control = {
		.page_count = 3, .pages = {at, at + SUT_PAGE_SIZE, here() & ~UINT64_C(0xfff)}};
	struct fixture f;
	size_t maps;

	begin(&f, 4096, 4096);
	maps = f.plan.map_count;
	CHECK(!sut_plan_pages(&f.plan, at + 16, at + 32));
	sut_plan_know(&f.plan, &control, &used, 1);
	CHECK(sut_plan_pages(&f.plan, at + 16, at + 32));
	CHECK_EQUAL(f.plan.map_count, maps);
	CHECK(!sut_plan_pages(&f.plan, at + SUT_PAGE_SIZE + 16, at + SUT_PAGE_SIZE + 32));
	CHECK(!sut_plan_pages(&f.plan, at + 2 * SUT_PAGE_SIZE, at + 2 * SUT_PAGE_SIZE + 8));
	CHECK(!sut_plan_pages(&f.plan, control.pages[2], control.pages[2] + 8));
	end(&f);
	munmap(page, 3 * SUT_PAGE_SIZE);
}

static const struct sut_tap_test tests[] = {
	{"a zone lies in reach, in free memory", test_zone},
	{"a zone is shared while it has room", test_zone_shared},
	{"what is taken from a zone does not touch", test_pieces},
	{"a plan that needs more than it asked for is not carried out", test_overflow},
	{"a page is mapped once and its bytes are taken once", test_pages},
	{"only pages that nobody uses are taken over from a dead controller", test_abandoned},
};

SUT_TAP_MAIN(tests)
