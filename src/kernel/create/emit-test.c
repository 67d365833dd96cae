// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/create/emit.h"
#include "kernel/create/extract-sample.h"
#include "base/tap.h"

#include <elf.h>
#include <string.h>

#define UNIT                                                                                       \
	"static int count; __attribute__((noinline)) static int g(int x) { return x * count++; "   \
	"}\n"                                                                                      \
	"int exported(int); const char *text(void);\n"                                             \
	"__attribute__((noinline)) int f(int x) { return g(x) + exported(x) + %d; }\n"             \
	"const char *text(void) { return f(3) ? \"one %d\" : \"two\"; }"

static void carry(struct sut_carry_sample *s, const char *object)
{
	sut_carry_sample_init(s, NULL, sut_arena_printf(&s->test.arena, UNIT, 5, 5),
			      sut_arena_printf(&s->test.arena, UNIT, 6, 6));
	sut_carry_sample_run(s, object);
	CHECK(sut_testunit_accepted(&s->test));
}

static void the_object_says_what_is_carried(void)
{
	SUT_CARRY_SAMPLE s = {0};
	struct sut_object object;

	carry(&s, SUT_KERNEL_VMLINUX);
	CHECK(!sut_object_parse(&s.test.arena, "carried.o",
				sut_emit_object(&s.test.arena, &s.carry), &object, &s.test.diag));
	CHECK(sut_object_def(&object, "f") != SUT_NO_DEF);
	CHECK(sut_object_def(&object, "g") == SUT_NO_DEF);
	for (size_t i = 0; i < s.carry.section_count; i++) {
		const struct sut_carry_section *one = &s.carry.sections[i];
		const struct sut_section *other = &object.sections[i + 1];

		CHECK_STRING(other->name, one->name);
		CHECK_EQUAL(other->size, one->size);
		CHECK_EQUAL(other->reloc_count, one->reloc_count);
		CHECK(!one->data || !memcmp(one->data, other->data, one->size));
	}
}

static void the_same_gives_the_same_bytes(void)
{
	SUT_CARRY_SAMPLE s = {0};

	carry(&s, SUT_KERNEL_VMLINUX);
	struct sut_bytes one = sut_emit_object(&s.test.arena, &s.carry);

	sut_carry_sample_run(&s, SUT_KERNEL_VMLINUX);
	struct sut_bytes other = sut_emit_object(&s.test.arena, &s.carry);

	CHECK_EQUAL(one.size, other.size);
	CHECK(!memcmp(one.data, other.data, one.size));
}

static void private_symbols_become_bindings(void)
{
	SUT_CARRY_SAMPLE s = {0}, module = {0};
	size_t count;
	const struct sut_klp_binding *bindings;

	carry(&s, SUT_KERNEL_VMLINUX);
	bindings = sut_emit_bindings(&s.test.arena, &s.carry, &count);
	CHECK_EQUAL(count, 1);
	CHECK_STRING(bindings[0].name, "g");
	CHECK_STRING(bindings[0].object, "vmlinux");
	CHECK(!bindings[0].with);
	carry(&module, "mod");
	bindings = sut_emit_bindings(&module.test.arena, &module.carry, &count);
	CHECK_STRING(bindings[0].object, "mod");
	CHECK_STRING(bindings[0].with, "mod");
}

static void the_source_names_functions_objects_and_versions(void)
{
	SUT_CARRY_SAMPLE s = {0};
	const char *fixes[] = {"CVE-2026-1 \"quoted\""};
	const struct sut_kernel_options options = {
		.name = "fix",
		.release = "6.1.0-1-test",
		.version = "1.0",
		.fix_count = 1,
		.fixes = fixes,
	};
	const struct sut_emit_patch patch = {"/tmp/x/source.patch", "0123"};
	const char *text;

	carry(&s, "mod");
	text = sut_emit_source(&s.test.arena, &options, &s.carry, &patch);
	CHECK(strstr(text, ".old_name = \"f\", .new_func = (void *)new_0, .old_sympos = 0"));
	CHECK(strstr(text, ".name = \"mod\""));
	CHECK(strstr(text, "clear_relocs"));
	CHECK(strstr(text, "{ 0x22222222, \"exported\" }"));
	CHECK(strstr(text, "MODULE_INFO(fixes, \"CVE-2026-1 \\\"quoted\\\"\")"));
	CHECK(strstr(text, "MODULE_INFO(patch_sha256, \"0123\")"));
	CHECK(strstr(text, ".incbin \\\"/tmp/x/source.patch\\\""));
	CHECK(strstr(text, "UTS_RELEASE \"6.1.0-1-test\""));
}

static const struct sut_tap_test tests[] = {
	{"the object says what is carried", the_object_says_what_is_carried},
	{"the same gives the same bytes", the_same_gives_the_same_bytes},
	{"private symbols become bindings", private_symbols_become_bindings},
	{"the source names functions, objects and versions",
	 the_source_names_functions_objects_and_versions},
};

SUT_TAP_MAIN(tests)
