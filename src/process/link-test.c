// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Relocation, one at a time, in a section for this very process. Nothing is written to it: the
 * plan is looked at.
 */
#include "process/link.h"
#include "base/guard.h"
#include "base/tap.h"

#include <elf.h>
#include <string.h>

enum { SIZE = 64, OFFSET = 8, OWN_VALUE = 32, TARGET_VALUE = 0x1234, TLS_VALUE = -24 };
enum { OWN, TARGET, NEAR_SLOT, BY_NAME, UNKNOWN, TLS, SYMBOLS };

struct fixture {
	struct sut_target target;
	struct sut_runtime runtime;
	struct sut_arena arena;
	struct sut_plan plan;
	struct sut_zone *zone;
	struct sut_diag diag;
	const struct sut_object *object;
	struct sut_link link;
	struct sut_patch patch;
	struct sut_patch_object patch_object;
	struct sut_patch_section section;
	struct sut_patch_reloc reloc;
	struct sut_patch_symbol symbols[SYMBOLS];
	unsigned char data[SIZE];
	uint64_t place;
};

static void fill_patch(struct fixture *f, uint32_t type, uint32_t symbol)
{
	static const struct sut_patch_symbol symbols[SYMBOLS] = {
		[OWN] = {.name = "own", .kind = SUT_PATCH_SYMBOL_OWN, .value = OWN_VALUE},
		[TARGET] = {.name = "target",
			    .kind = SUT_PATCH_SYMBOL_TARGET,
			    .value = TARGET_VALUE},
		[NEAR_SLOT] = {.name = "near", .kind = SUT_PATCH_SYMBOL_IMPORT, .slot = 0x2000},
		[BY_NAME] = {.name = "getppid", .kind = SUT_PATCH_SYMBOL_IMPORT},
		[UNKNOWN] = {.name = "no_such_function", .kind = SUT_PATCH_SYMBOL_IMPORT},
		[TLS] = {.name = "tls",
			 .kind = SUT_PATCH_SYMBOL_TARGET,
			 .type = STT_TLS,
			 .value = (uint64_t)TLS_VALUE},
	};

	f->symbols[0] = symbols[symbol];
	f->reloc = (struct sut_patch_reloc){OFFSET, type, 0, -4};
	f->section = (struct sut_patch_section){.name = ".text.f",
						.flags = SHF_ALLOC | SHF_EXECINSTR,
						.align = 16,
						.size = SIZE,
						.data = f->data,
						.reloc_count = 1,
						.relocs = &f->reloc};
	f->patch = (struct sut_patch){.name = "test",
				      .object_count = 1,
				      .objects = &f->patch_object,
				      .section_count = 1,
				      .sections = &f->section,
				      .symbol_count = 1,
				      .symbols = f->symbols};
}

/* What the plan writes at an address. */
static const void *written(const struct fixture *f, uint64_t address)
{
	for (size_t i = 0; i < f->plan.write_count; i++)
		if (address - f->plan.writes[i].address < f->plan.writes[i].size)
			return (const char *)f->plan.writes[i].data +
			       (address - f->plan.writes[i].address);
	return NULL;
}

static enum sut_rc begin(struct fixture *f, uint32_t type, uint32_t symbol)
{
	uint64_t text, data;
	enum sut_rc rc;

	*f = (struct fixture){.runtime = {.target = &f->target}};
	f->plan = (struct sut_plan){.runtime = &f->runtime, .arena = &f->arena};
	CHECK_EQUAL(sut_target_open(getpid(), false, &f->target, &f->diag), SUT_OK);
	for (size_t i = 0; i < f->target.object_count; i++)
		if (f->target.objects[i].executable)
			f->object = &f->target.objects[i];
	fill_patch(f, type, symbol);
	sut_link_size(&f->patch, 0, &text, &data);
	CHECK_EQUAL(sut_plan_zone(&f->plan, f->object->low, f->object->high, text, data, &f->zone,
				  &f->diag),
		    SUT_OK);
	f->link = (struct sut_link){
		.plan = &f->plan, .patch = &f->patch, .objects = &f->object, .zones = &f->zone};
	rc = sut_link(&f->link, &f->diag);
	f->place = f->link.sections[0] + OFFSET;
	CHECK(!f->plan.overflowed);
	return rc;
}

static void end(struct fixture *f)
{
	sut_target_close(&f->target);
	sut_arena_deinit(&f->arena);
}

/* Where the 32-bit offset at the place leads to. */
static uint64_t destination(const struct fixture *f)
{
	int32_t offset = 0;

	if (written(f, f->place))
		memcpy(&offset, written(f, f->place), sizeof(offset));
	return f->place + 4 + (uint64_t)(int64_t)offset;
}

static uint64_t word_at(const struct fixture *f, uint64_t address)
{
	uint64_t word = 0;

	if (written(f, address))
		memcpy(&word, written(f, address), sizeof(word));
	return word;
}

static void test_relative(void)
{
	struct fixture f;

	CHECK_EQUAL(begin(&f, R_X86_64_PC32, OWN), SUT_OK);
	CHECK_EQUAL(destination(&f), f.link.sections[0] + OWN_VALUE);
	end(&f);
	CHECK_EQUAL(begin(&f, R_X86_64_PLT32, TARGET), SUT_OK);
	CHECK_EQUAL(destination(&f), f.object->bias + TARGET_VALUE);
	end(&f);
}

static void test_absolute(void)
{
	struct fixture f;

	CHECK_EQUAL(begin(&f, R_X86_64_64, TARGET), SUT_OK);
	CHECK_EQUAL(word_at(&f, f.place), f.object->bias + TARGET_VALUE - 4);
	end(&f);
}

static void test_thread_local(void)
{
	struct fixture f;

	CHECK_EQUAL(begin(&f, R_X86_64_TPOFF32, TLS), SUT_OK);
	CHECK_EQUAL((int32_t)word_at(&f, f.place), TLS_VALUE - 4);
	end(&f);
}

/* The C library is farther away than a call reaches. */
static void test_far_call(void)
{
	struct fixture f;
	uint64_t veneer;
	int32_t offset;

	CHECK_EQUAL(begin(&f, R_X86_64_PLT32, BY_NAME), SUT_OK);
	veneer = destination(&f);
	CHECK_EQUAL(word_at(&f, veneer) & 0xffff, 0x25ff); /* jmp *offset(%rip) */
	memcpy(&offset, (const char *)written(&f, veneer) + 2, sizeof(offset));
	CHECK_EQUAL(word_at(&f, veneer + 6 + (uint64_t)(int64_t)offset), (uint64_t)getppid);
	end(&f);
}

/* An import of the program is bound as the program has it bound, now or later. */
static void test_own_slot(void)
{
	struct fixture f;
	uint64_t veneer;
	int32_t offset;

	CHECK_EQUAL(begin(&f, R_X86_64_GOTPCREL, NEAR_SLOT), SUT_OK);
	CHECK_EQUAL(destination(&f), f.object->bias + 0x2000);
	end(&f);
	CHECK_EQUAL(begin(&f, R_X86_64_PLT32, NEAR_SLOT), SUT_OK);
	veneer = destination(&f);
	memcpy(&offset, (const char *)written(&f, veneer) + 2, sizeof(offset));
	CHECK_EQUAL(veneer + 6 + (uint64_t)(int64_t)offset, f.object->bias + 0x2000);
	end(&f);
}

static void check_refused(uint32_t type, uint32_t symbol, enum sut_rc rc, const char *rule)
{
	struct fixture f;

	CHECK_EQUAL(begin(&f, type, symbol), rc);
	CHECK_STRING(f.diag.rule, rule);
	end(&f);
}

static void test_refusals(void)
{
	check_refused(R_X86_64_PLT32, UNKNOWN, SUT_REFUSED, "symbol");
	check_refused(R_X86_64_PC32, BY_NAME, SUT_UNSUPPORTED, "reach");
	check_refused(R_X86_64_32S, TARGET, SUT_UNSUPPORTED, "reach");
	check_refused(R_X86_64_64, NEAR_SLOT, SUT_UNSUPPORTED, "reloc");
	check_refused(R_X86_64_TLSGD, TLS, SUT_UNSUPPORTED, "reloc");
}

static const struct sut_tap_test tests[] = {
	{"a relative reference leads to its symbol", test_relative},
	{"an absolute reference holds its symbol's address", test_absolute},
	{"a thread-local variable is at its offset", test_thread_local},
	{"a call that cannot reach goes through a jump of ours", test_far_call},
	{"an import goes through the program's own slot", test_own_slot},
	{"what cannot be bound or reached is refused", test_refusals},
};

SUT_TAP_MAIN(tests)
