// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/guard.h"
#include "base/tap.h"
#include "kernel/klp/patch.h"
#include "kernel/klp/relink.h"

#include <string.h>

static const struct sut_klp_binding early[] = {
	{"private_variable", "vmlinux", "saved_command_line", 0, NULL},
	{"private_function", "vmlinux", NULL, 0, NULL},
	{"twice", "vmlinux", "m_show", 2, "vmlinux"},
};

static void load(struct sut_arena *arena, struct sut_ko *ko)
{
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_ko_load(arena, SAMPLE, ko, &diag), SUT_OK);
}

static enum sut_rc relink(struct sut_arena *arena, const struct sut_klp_binding *bindings,
			  size_t count, bool late_text, struct sut_klp_relinked *relinked,
			  struct sut_diag *diag)
{
	const struct sut_klp_relink options = {bindings, count, late_text};
	struct sut_ko ko;

	load(arena, &ko);
	*diag = (struct sut_diag){0};
	return sut_klp_relink(arena, &ko, &options, relinked, diag);
}

static void refuses(const struct sut_klp_binding *binding, enum sut_rc rc, const char *rule)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_klp_relinked relinked;
	struct sut_diag diag;

	CHECK_EQUAL(relink(&arena, binding, 1, false, &relinked, &diag), rc);
	CHECK_STRING(diag.rule, rule);
}

static uint32_t find_section(const struct sut_ko *ko, const char *name)
{
	for (uint32_t i = 1; i < ko->elf.section_count; i++)
		if (!strcmp(ko->elf.sections[i].name, name))
			return i;
	return SUT_KO_NONE;
}

/* ---- reading ---- */

static void reads_information(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_ko ko;

	load(&arena, &ko);
	CHECK_STRING(sut_ko_info(&ko, "license", NULL), "GPL");
	CHECK_STRING(sut_ko_info(&ko, "livepatch", NULL), "Y");
	CHECK(!sut_ko_info(&ko, "live", NULL));
}

static void reads_what_is_patched(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_klp_patch patch;
	struct sut_diag diag = {0};
	struct sut_ko ko;

	load(&arena, &ko);
	CHECK_EQUAL(sut_klp_patch_read(&arena, &ko, &patch, &diag), SUT_OK);
	CHECK(patch.livepatch && patch.readable && patch.replace);
	CHECK_EQUAL(patch.object_count, 3);
	if (patch.object_count != 3)
		return;
	CHECK_STRING(patch.objects[0].name, "vmlinux");
	CHECK_EQUAL(patch.objects[0].func_count, 2);
	CHECK_STRING(patch.objects[0].funcs[0].name, "cmdline_proc_show");
	CHECK_STRING(patch.objects[0].funcs[0].new_name, "new_show");
	CHECK_STRING(patch.objects[0].funcs[1].name, "m_show");
	CHECK_EQUAL(patch.objects[0].funcs[1].sympos, 2);
	CHECK_STRING(patch.objects[1].name, "loop");
	CHECK_EQUAL(patch.objects[1].func_count, 1);
	CHECK(patch.objects[1].callbacks[3] && !patch.objects[1].callbacks[0]);
	CHECK_STRING(patch.objects[2].name, "brd");
	CHECK_EQUAL(patch.objects[2].func_count, 0);
	CHECK(patch.objects[2].callbacks[0]);
	CHECK_EQUAL(patch.state_count, 2);
	CHECK_EQUAL(patch.states[0].id, 7);
	CHECK_EQUAL(patch.states[0].version, 2);
}

static void reads_what_suture_enables(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_klp_patch patch;
	struct sut_diag diag = {0};
	struct sut_ko ko;

	CHECK_EQUAL(sut_ko_load(&arena, SUTURE_SAMPLE, &ko, &diag), SUT_OK);
	CHECK_EQUAL(sut_klp_patch_read(&arena, &ko, &patch, &diag), SUT_OK);
	CHECK(patch.suture && patch.readable && patch.replace);
	CHECK_EQUAL(patch.object_count, 3);
	CHECK_STRING(patch.objects[1].name, "loop");
	CHECK_EQUAL(patch.objects[1].func_count, 1);
	CHECK_EQUAL(patch.state_count, 2);
	CHECK_EQUAL(patch.states[1].id, 9);
	CHECK_EQUAL(patch.late_count, 1);
	CHECK_STRING(patch.late[0].object, "zram");
	CHECK_STRING(patch.late[0].part, "part_zram");
}

/* ---- relinking ---- */

static void binds_symbols(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_klp_relinked relinked;
	struct sut_klp_patch patch;
	struct sut_diag diag;
	struct sut_ko ko;
	uint32_t symbol, section;

	CHECK_EQUAL(relink(&arena, early, 3, false, &relinked, &diag), SUT_OK);
	CHECK_EQUAL(relinked.symbol_count, 3);
	CHECK_EQUAL(relinked.reloc_count, 3);
	CHECK_EQUAL(relinked.section_count, 1);
	CHECK_EQUAL(relinked.late_count, 0);
	CHECK_EQUAL(sut_ko_read(&arena, "new", relinked.bytes, &ko, &diag), SUT_OK);
	symbol = sut_ko_find_symbol(&ko, ".klp.sym.vmlinux.saved_command_line,0");
	CHECK(symbol != SUT_KO_NONE);
	CHECK_EQUAL(ko.symbols[symbol].st_shndx, SUT_KO_SHN_LIVEPATCH);
	CHECK(sut_ko_find_symbol(&ko, ".klp.sym.vmlinux.m_show,2") != SUT_KO_NONE);
	CHECK(sut_ko_find_symbol(&ko, "private_function") == SUT_KO_NONE);
	CHECK_EQUAL(ko.symbols[sut_ko_find_symbol(&ko, "exported")].st_shndx, SHN_UNDEF);
	section = find_section(&ko, ".klp.rela.vmlinux.text");
	CHECK(section != SUT_KO_NONE);
	CHECK_EQUAL(ko.elf.sections[section].flags,
		    SHF_ALLOC | SHF_INFO_LINK | SUT_KO_SHF_RELA_LIVEPATCH);
	CHECK_EQUAL(ko.elf.sections[section].info, find_section(&ko, ".text"));
	CHECK_EQUAL(sut_klp_patch_read(&arena, &ko, &patch, &diag), SUT_OK);
	CHECK(patch.readable);
	CHECK_EQUAL(patch.symbol_count, 3);
	CHECK(patch.symbols[0].early && !patch.symbols[0].with && patch.symbols[0].relocs == 1);
}

static void keeps_the_rest(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_klp_relinked relinked;
	struct sut_diag diag;
	struct sut_ko old, new;

	load(&arena, &old);
	CHECK_EQUAL(relink(&arena, early, 3, false, &relinked, &diag), SUT_OK);
	CHECK_EQUAL(sut_ko_read(&arena, "new", relinked.bytes, &new, &diag), SUT_OK);
	CHECK_EQUAL(new.reloc_count, old.reloc_count - 1); /* the annotation */
	CHECK_EQUAL(new.symbol_count, old.symbol_count);
	CHECK_EQUAL(new.elf.section_count, old.elf.section_count + 1);
	for (uint32_t i = 1; i < old.elf.section_count; i++) {
		const struct sut_kernel_section *a = &old.elf.sections[i];
		const struct sut_kernel_section *b = &new.elf.sections[i];

		CHECK_STRING(b->name, a->name);
		CHECK_EQUAL(b->flags,
			    strncmp(a->name, SUT_KLP_ANNOTATIONS, strlen(SUT_KLP_ANNOTATIONS))
				    ? a->flags
				    : SHF_WRITE);
		if (a->type == SHT_PROGBITS && a->data)
			CHECK(a->size == b->size && !memcmp(a->data, b->data, a->size));
	}
}

static void gives_the_same_bytes(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_klp_relinked one, other;
	struct sut_diag diag;

	CHECK_EQUAL(relink(&arena, early, 3, false, &one, &diag), SUT_OK);
	CHECK_EQUAL(relink(&arena, early, 3, false, &other, &diag), SUT_OK);
	CHECK_EQUAL(one.bytes.size, other.bytes.size);
	CHECK(!memcmp(one.bytes.data, other.bytes.data, one.bytes.size));
}

static void splits_by_object(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_klp_binding bindings[] = {early[0],
						   {"of_loop", "loop", "max_loop", 0, "loop"}};
	struct sut_klp_relinked relinked;
	struct sut_klp_patch patch;
	struct sut_diag diag;
	struct sut_ko ko;

	CHECK_EQUAL(relink(&arena, bindings, 2, true, &relinked, &diag), SUT_OK);
	/* Of .text there are two now, and one of .data. */
	CHECK_EQUAL(relinked.section_count, 3);
	CHECK_EQUAL(relinked.late_count, 2);
	CHECK_EQUAL(sut_ko_read(&arena, "new", relinked.bytes, &ko, &diag), SUT_OK);
	CHECK(find_section(&ko, ".klp.rela.vmlinux.text") != SUT_KO_NONE);
	CHECK(find_section(&ko, ".klp.rela.loop.text") != SUT_KO_NONE);
	CHECK(find_section(&ko, ".klp.rela.loop.data") != SUT_KO_NONE);
	CHECK_EQUAL(sut_klp_patch_read(&arena, &ko, &patch, &diag), SUT_OK);
	CHECK_EQUAL(patch.symbol_count, 2);
	for (size_t i = 0; i < patch.symbol_count; i++)
		if (!strcmp(patch.symbols[i].object, "loop")) {
			CHECK_STRING(patch.symbols[i].with, "loop");
			CHECK_EQUAL(patch.symbols[i].late_texts, 1);
		}
}

static void binds_a_module_that_is_there(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_klp_binding binding = {"of_loop", "loop", "max_loop", 0, NULL};
	struct sut_klp_relinked relinked;
	struct sut_diag diag;
	struct sut_ko ko;

	CHECK_EQUAL(relink(&arena, &binding, 1, false, &relinked, &diag), SUT_OK);
	CHECK_EQUAL(sut_ko_read(&arena, "new", relinked.bytes, &ko, &diag), SUT_OK);
	CHECK(find_section(&ko, ".klp.rela.vmlinux.data") != SUT_KO_NONE);
	CHECK(sut_ko_find_symbol(&ko, ".klp.sym.loop.max_loop,0") != SUT_KO_NONE);
}

static void refuses_late_code(void)
{
	refuses(&(struct sut_klp_binding){"of_loop", "loop", "max_loop", 0, "loop"}, SUT_REFUSED,
		"klp-late-text");
}

static void refuses_late_symbols_of_vmlinux(void)
{
	refuses(&(struct sut_klp_binding){"twice", "vmlinux", NULL, 0, "loop"}, SUT_REFUSED,
		"klp-object");
}

static void refuses_names_that_the_kernel_cannot_read(void)
{
	static const char long_name[] = "a12345678901234567890123456789012345678901234567890123456";

	refuses(&(struct sut_klp_binding){"twice", "a.b", NULL, 0, NULL}, SUT_INVALID,
		"klp-binding");
	refuses(&(struct sut_klp_binding){"twice", "snd-hda", NULL, 0, NULL}, SUT_INVALID,
		"klp-binding");
	refuses(&(struct sut_klp_binding){"twice", long_name, NULL, 0, NULL}, SUT_INVALID,
		"klp-binding");
	refuses(&(struct sut_klp_binding){"twice", "vmlinux", "a,b", 0, NULL}, SUT_INVALID,
		"klp-binding");
}

static void refuses_symbols_that_are_defined(void)
{
	refuses(&(struct sut_klp_binding){"new_show", "vmlinux", NULL, 0, NULL}, SUT_INVALID,
		"klp-binding");
	refuses(&(struct sut_klp_binding){"not_there", "vmlinux", NULL, 0, NULL}, SUT_INVALID,
		"klp-binding");
}

static const struct sut_tap_test tests[] = {
	{"what a module says of itself is read", reads_information},
	{"what a livepatch patches is read from its data", reads_what_is_patched},
	{"what a livepatch asks suture.ko for is read, too", reads_what_suture_enables},
	{"symbols of vmlinux become livepatch symbols", binds_symbols},
	{"all else of the module stays as it is", keeps_the_rest},
	{"the same input gives the same bytes", gives_the_same_bytes},
	{"a section has a table of relocations for each object", splits_by_object},
	{"a module that is there is bound at once", binds_a_module_that_is_there},
	{"code that waits for a module is refused", refuses_late_code},
	{"vmlinux is never late", refuses_late_symbols_of_vmlinux},
	{"names that the kernel cannot read are refused",
	 refuses_names_that_the_kernel_cannot_read},
	{"only undefined symbols are bound", refuses_symbols_that_are_defined},
};

SUT_TAP_MAIN(tests)
