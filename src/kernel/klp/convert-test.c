// SPDX-License-Identifier: GPL-2.0-or-later
/* The sample livepatch against a kernel of a few symbols. */
#include "base/guard.h"
#include "base/tap.h"
#include "kernel/klp/check.h"
#include "kernel/klp/convert.h"

#include <string.h>

/* In the order of kallsyms. */
static const struct sut_kernel_symbol vmlinux[] = {
	{.name = "_stext", .address = 0x1000, .type = 'T'},
	{.name = "cmdline_proc_show", .address = 0x1100, .size = 0x40, .type = 't'},
	{.name = "m_show", .address = 0x1200, .size = 0x40, .type = 't'},
	{.name = "private_function", .address = 0x1300, .size = 0x40, .type = 't'},
	{.name = "m_show", .address = 0x1400, .size = 0x40, .type = 't'},
	{.name = "klp_enable_patch", .address = 0x1500, .type = 'T'},
	{.name = "private_variable", .address = 0x2000, .size = 8, .type = 'd'},
	{.name = "twice", .address = 0x3000, .type = 't'},
	{.name = "twice", .address = 0x3100, .type = 't'},
	{.name = "annotated", .address = 0x3200, .type = 't'},
	{.name = "annotated", .address = 0x3300, .type = 't'},
	{.name = "__ksymtab_exported", .address = 0x4000, .type = 'r'},
};

static const struct sut_kernel_symbol loop[] = {
	{.name = "loop_show", .address = 0x10, .size = 0x40, .type = 't', .section = 1},
	{.name = "of_loop", .address = 0x20, .size = 4, .type = 'd', .section = 2},
};

struct world {
	struct sut_arena arena;
	struct sut_ko ko;
	struct sut_klp_patch patch;
	struct sut_klp_kernel kernel;
	struct sut_kernel_module loop, brd;
	struct sut_klp_conversion conversion;
	struct sut_verdict verdict;
	struct sut_diag diag;
};

static void fill(struct sut_arena *arena, struct sut_kernel_symbols *symbols,
		 const struct sut_kernel_symbol *list, size_t count)
{
	symbols->list = sut_arena_memdup(arena, list, count * sizeof(*list));
	symbols->count = count;
	sut_kernel_symbols_index(arena, symbols);
}

static void add_module(struct world *w, const char *name, struct sut_kernel_module *module)
{
	struct sut_klp_kernel *kernel = &w->kernel;

	SUT_PUSH(&w->arena, kernel->modules, kernel->module_count, kernel->module_capacity) =
		(struct sut_klp_known_module){name, module};
}

static void set_up(struct world *w)
{
	*w = (struct world){.kernel.image.release = "6.1.0-50-amd64"};
	w->kernel.arena = w->verdict.arena = &w->arena;
	CHECK_EQUAL(sut_ko_load(&w->arena, SAMPLE, &w->ko, &w->diag), SUT_OK);
	CHECK_EQUAL(sut_klp_patch_read(&w->arena, &w->ko, &w->patch, &w->diag), SUT_OK);
	fill(&w->arena, &w->kernel.symbols, vmlinux, SUT_ARRAY_SIZE(vmlinux));
	fill(&w->arena, &w->loop.symbols, loop, SUT_ARRAY_SIZE(loop));
	/* Only where symbols are looked up; whether a function has an entry is not known. */
	w->loop.elf = w->brd.elf = (struct sut_kernel_elf){.path = "loop.ko",
							   .section_count = 3,
							   .sections = w->ko.elf.sections};
	add_module(w, "loop", &w->loop);
	add_module(w, "brd", &w->brd);
}

static void tear_down(struct world *w)
{
	sut_arena_deinit(&w->arena);
}

static enum sut_rc resolve(struct world *w)
{
	return sut_klp_resolve(&w->ko, &w->patch, &w->kernel, NULL, 0, &w->conversion, &w->verdict,
			       &w->diag);
}

static const struct sut_klp_binding *bound(const struct world *w, const char *symbol)
{
	for (size_t i = 0; i < w->conversion.count; i++)
		if (!strcmp(w->conversion.bindings[i].symbol, symbol))
			return &w->conversion.bindings[i];
	return NULL;
}

/* The refusal of a rule whose message has the text. */
static const struct sut_refusal *refused(const struct world *w, const char *rule, const char *text)
{
	for (size_t i = 0; i < w->verdict.refusal_count; i++)
		if (!strcmp(w->verdict.refusals[i].rule, rule) &&
		    strstr(w->verdict.refusals[i].message, text))
			return &w->verdict.refusals[i];
	return NULL;
}

static void binds_what_is_there_once(void)
{
	struct world w;
	const struct sut_klp_binding *binding;

	set_up(&w);
	CHECK_EQUAL(resolve(&w), SUT_OK);
	binding = bound(&w, "private_function");
	CHECK(binding && !binding->sympos && !strcmp(binding->object, "vmlinux") &&
	      !strcmp(binding->with, "vmlinux"));
	binding = bound(&w, "of_loop");
	CHECK(binding && !strcmp(binding->object, "loop") && !strcmp(binding->with, "loop"));
	CHECK(!bound(&w, "exported"));
	tear_down(&w);
}

static void binds_modules_that_are_there_at_once(void)
{
	static const char *const present[] = {"loop"};
	struct world w;

	set_up(&w);
	CHECK_EQUAL(sut_klp_resolve(&w.ko, &w.patch, &w.kernel, present, 1, &w.conversion,
				    &w.verdict, &w.diag),
		    SUT_OK);
	CHECK_STRING(bound(&w, "of_loop")->with, "vmlinux");
	tear_down(&w);
}

static void heeds_annotations(void)
{
	const struct sut_klp_binding *binding;
	struct world w;

	set_up(&w);
	CHECK_EQUAL(resolve(&w), SUT_OK);
	binding = bound(&w, "annotated");
	CHECK(binding && binding->sympos == 2 && !strcmp(binding->object, "vmlinux"));
	binding = bound(&w, ".klp.sym.rela.vmlinux.vmlinux.m_show,1");
	CHECK(binding && binding->sympos == 1 && !strcmp(binding->name, "m_show"));
	tear_down(&w);
}

static void wants_one_annotation_of_a_symbol(void)
{
	struct sut_ko_reloc *annotation = NULL;
	struct world w;

	set_up(&w);
	for (size_t i = 0; i < w.ko.reloc_count; i++)
		if (strstr(w.ko.elf.sections[w.ko.relocs[i].section].name, ".klp.module_relocs"))
			annotation = &w.ko.relocs[i];
	CHECK(annotation != NULL);
	/* As if the one behind it were of the same symbol. */
	if (annotation && annotation + 1 < w.ko.relocs + w.ko.reloc_count)
		annotation[1] = annotation[0];
	CHECK_EQUAL(resolve(&w), SUT_INVALID);
	CHECK_STRING(w.diag.rule, "klp-annotation");
	tear_down(&w);
}

static void asks_which_is_meant(void)
{
	struct world w;
	const struct sut_refusal *refusal;

	set_up(&w);
	CHECK_EQUAL(resolve(&w), SUT_OK);
	refusal = refused(&w, "klp-ambiguous", "twice: 2 symbols");
	CHECK(refusal != NULL);
	CHECK(refusal &&
	      strstr(refusal->evidence, "vmlinux: t at 0x3100, after twice and before annotated: "
					"KLP_RELOC_SYMBOL_POS(vmlinux, vmlinux, twice, 2)"));
	CHECK(!bound(&w, "twice"));
	tear_down(&w);
}

static void asks_between_objects(void)
{
	struct sut_kernel_symbol more[] = {loop[0], loop[1], {.name = "private_variable"}};
	struct world w;

	set_up(&w);
	fill(&w.arena, &w.loop.symbols, more, 3);
	CHECK_EQUAL(resolve(&w), SUT_OK);
	CHECK(refused(&w, "klp-ambiguous", "private_variable: 2 symbols") != NULL);
	tear_down(&w);
}

static void says_what_is_not_there(void)
{
	struct world w;

	set_up(&w);
	w.loop.symbols.count = 0;
	CHECK_EQUAL(resolve(&w), SUT_OK);
	CHECK(refused(&w, "klp-symbol", "of_loop: no such symbol") != NULL);
	tear_down(&w);
}

static enum sut_rc check(struct world *w)
{
	return sut_klp_check(&w->ko, &w->patch, &w->kernel, &w->verdict, &w->diag);
}

static void finds_what_nobody_exports(void)
{
	struct world w;

	set_up(&w);
	CHECK_EQUAL(check(&w), SUT_OK);
	CHECK(refused(&w, "klp-symbol", "private_variable") != NULL);
	CHECK(!refused(&w, "klp-symbol", "exported is"));
	CHECK(!refused(&w, "klp-vermagic", ""));
	CHECK(!refused(&w, "klp-func", ""));
	CHECK(!refused(&w, "klp-sympos", ""));
	tear_down(&w);
}

static void finds_positions_that_are_wrong(void)
{
	struct world w;

	set_up(&w);
	w.patch.objects[0].funcs[1].sympos = 3;
	CHECK_EQUAL(check(&w), SUT_OK);
	CHECK(refused(&w, "klp-sympos", "2 symbols called m_show, and number 3") != NULL);
	w.patch.objects[0].funcs[1].sympos = 0;
	CHECK_EQUAL(check(&w), SUT_OK);
	CHECK(refused(&w, "klp-sympos", "2 symbols called m_show; say") != NULL);
	tear_down(&w);
}

static void finds_functions_that_are_none(void)
{
	struct world w;

	set_up(&w);
	w.patch.objects[0].funcs[0].name = "private_variable";
	w.patch.objects[1].funcs[0].name = "gone";
	CHECK_EQUAL(check(&w), SUT_OK);
	CHECK(refused(&w, "klp-func", "private_variable of vmlinux is no function") != NULL);
	CHECK(refused(&w, "klp-symbol", "loop has no symbol gone") != NULL);
	tear_down(&w);
}

static void finds_what_is_there_twice(void)
{
	struct world w;

	set_up(&w);
	w.patch.objects[0].funcs[0] = w.patch.objects[0].funcs[1];
	w.patch.objects[2].name = "loop";
	CHECK_EQUAL(check(&w), SUT_OK);
	CHECK(refused(&w, "klp-twice", "m_show of vmlinux twice") != NULL);
	CHECK(refused(&w, "klp-twice", "two entries for loop") != NULL);
	tear_down(&w);
}

static void finds_another_kernel(void)
{
	struct world w;

	set_up(&w);
	w.kernel.image.release = "6.1.0-51-amd64";
	w.kernel.symbols.count = 0;
	CHECK_EQUAL(check(&w), SUT_OK);
	CHECK(refused(&w, "klp-vermagic", "6.1.0-51-amd64") != NULL);
	tear_down(&w);
}

static void finds_symbols_that_nobody_binds(void)
{
	struct sut_klp_symbol symbols[] = {
		{.object = "loop", .name = "of_loop", .with = "zram"},
		{.object = "vmlinux", .name = "private_variable", .with = "loop"},
	};
	struct world w;

	set_up(&w);
	w.patch.symbols = symbols;
	w.patch.symbol_count = 2;
	CHECK_EQUAL(check(&w), SUT_OK);
	CHECK(refused(&w, "klp-never", "when zram arrives") != NULL);
	CHECK(refused(&w, "klp-object", "private_variable is vmlinux's") != NULL);
	tear_down(&w);
}

static size_t warned(const struct world *w, const char *rule)
{
	size_t count = 0;

	for (size_t i = 0; i < w->verdict.warning_count; i++)
		count += !strcmp(w->verdict.warnings[i].rule, rule);
	return count;
}

static void warns_of_what_keeps_a_module_away(void)
{
	struct sut_klp_symbol symbol = {
		.object = "loop", .name = "of_loop", .with = "loop", .late_texts = 1};
	struct world w;

	set_up(&w);
	w.patch.symbols = &symbol;
	w.patch.symbol_count = 1;
	CHECK_EQUAL(check(&w), SUT_OK);
	CHECK_EQUAL(warned(&w, "klp-late-text"), 1);
	/* A kernel since 6.3. */
	w.kernel.symbols.list[0].name = "clear_relocate_add";
	sut_kernel_symbols_index(&w.arena, &w.kernel.symbols);
	CHECK_EQUAL(check(&w), SUT_OK);
	CHECK_EQUAL(warned(&w, "klp-late-text"), 1);
	tear_down(&w);
}

static void warns_of_copies(void)
{
	struct sut_klp_symbol symbol = {.object = "vmlinux", .name = "find.isra.0", .early = true};
	struct world w;

	set_up(&w);
	w.patch.symbols = &symbol;
	w.patch.symbol_count = 1;
	CHECK_EQUAL(check(&w), SUT_OK);
	CHECK_EQUAL(warned(&w, "klp-clone"), 1);
	tear_down(&w);
}

static const struct sut_tap_test tests[] = {
	{"a name that is there once is bound", binds_what_is_there_once},
	{"a module that is there is bound at once", binds_modules_that_are_there_at_once},
	{"the author's annotations are heeded", heeds_annotations},
	{"a symbol has one annotation", wants_one_annotation_of_a_symbol},
	{"of two of a name the author has to choose", asks_which_is_meant},
	{"two objects with a name are two of that name", asks_between_objects},
	{"a name that is nowhere is refused", says_what_is_not_there},
	{"an unbound symbol would not be found", finds_what_nobody_exports},
	{"a wrong position would be refused", finds_positions_that_are_wrong},
	{"what is no function cannot be replaced", finds_functions_that_are_none},
	{"nothing may be there twice", finds_what_is_there_twice},
	{"another kernel would refuse the module", finds_another_kernel},
	{"symbols that nobody would bind are refused", finds_symbols_that_nobody_binds},
	{"code that keeps a module away is told, where it does", warns_of_what_keeps_a_module_away},
	{"copies that the compiler made are told", warns_of_copies},
};

SUT_TAP_MAIN(tests)
