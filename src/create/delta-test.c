// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/create.h"
#include "object/testunit.h"
#include "base/tap.h"

#include <elf.h>
#include <string.h>

/* A patch made from a unit and a target that is linked from it. */
struct made {
	struct sut_testunit test;
	struct sut_patch patch;
	enum sut_rc rc;
};

static void deinit(struct made *made)
{
	sut_testunit_deinit(&made->test);
}

#define MADE __attribute__((cleanup(deinit))) struct made

static const char program[] = "int entry(int); int main(int argc, char **argv)\n"
			      "{ (void)argv; return entry(argc); }\n";

static void build(struct made *made, const char *target)
{
	const char *targets[] = {target};
	struct sut_create_options options = {
		.name = "test",
		.version = "1",
		.target_count = 1,
		.targets = targets,
	};

	made->patch = (struct sut_patch){.name = "test", .version = "1"};
	made->rc = sut_delta_build(&made->test.arena, &options, &made->test.unit, 1, &made->patch,
				   &made->test.verdict, &made->test.diag);
	CHECK_EQUAL(made->rc, SUT_OK);
}

/* With the text of both sides of a unit that defines entry(). */
static void make(struct made *made, const char *before, const char *after)
{
	sut_testunit_init(&made->test, "-O2 -fPIE", before, after);
	build(made, sut_testunit_link(&made->test, "-pie", program));
}

/* The text twice, with the numbers in place of %d. */
static void make_changed(struct made *made, const char *format, int before, int after)
{
	make(made, sut_arena_printf(&made->test.arena, format, before),
	     sut_arena_printf(&made->test.arena, format, after));
}

static const struct sut_patch_symbol *symbol(const struct made *made, const char *name)
{
	for (size_t i = 0; i < made->patch.symbol_count; i++) {
		if (!strcmp(made->patch.symbols[i].name, name))
			return &made->patch.symbols[i];
	}
	return NULL;
}

static const struct sut_patch_section *section(const struct made *made, const char *name)
{
	for (size_t i = 0; i < made->patch.section_count; i++) {
		if (!strcmp(made->patch.sections[i].name, name))
			return &made->patch.sections[i];
	}
	return NULL;
}

/* Of a patch that has it. */
static const struct sut_patch_func *func(const struct made *made, const char *name)
{
	static const struct sut_patch_func none = {.name = ""};

	for (size_t i = 0; i < made->patch.func_count; i++) {
		if (!strcmp(made->patch.funcs[i].name, name))
			return &made->patch.funcs[i];
	}
	printf("# no such function: %s\n", name);
	CHECK(false);
	return &none;
}

/* There is a symbol of that name and kind. */
static bool has(const struct made *made, const char *name, enum sut_patch_symbol_kind kind)
{
	for (size_t i = 0; i < made->patch.symbol_count; i++) {
		if (!strcmp(made->patch.symbols[i].name, name) &&
		    made->patch.symbols[i].kind == kind)
			return true;
	}
	printf("# no such symbol: %s\n", name);
	return false;
}

/* "entry helper+": the functions in order, + for a new one. */
static const char *funcs(struct made *made)
{
	const char *list = "";

	for (size_t i = 0; i < made->patch.func_count; i++)
		list = sut_arena_printf(&made->test.arena, "%s%s%s%s", list, *list ? " " : "",
					made->patch.funcs[i].name,
					made->patch.funcs[i].kind == SUT_PATCH_FUNC_NEW ? "+" : "");
	return list;
}

static void the_changed_function_is_carried(void)
{
	MADE m = {0};
	const struct sut_patch_section *text;

	make_changed(&m, "int entry(int x) { return x * 3 + %d; }", 1, 2);
	CHECK(sut_testunit_accepted(&m.test));
	CHECK_STRING(funcs(&m), "entry");
	CHECK_EQUAL(m.patch.object_count, 1);
	CHECK_EQUAL(m.patch.objects[0].build_id_size, 20);
	CHECK_EQUAL(m.patch.funcs[0].piece_count, 1);
	CHECK(m.patch.funcs[0].pieces[0].address != 0);
	text = section(&m, ".text.entry");
	CHECK(text && text->flags == (SHF_ALLOC | SHF_EXECINSTR));
	CHECK_STRING(m.patch.funcs[0].source, "unit.c:1");
}

static void equal_units_make_an_empty_patch(void)
{
	MADE m = {0};

	make_changed(&m, "int entry(int x) { return x; }\n/* %d */", 1, 2);
	CHECK(sut_testunit_accepted(&m.test));
	CHECK_EQUAL(m.patch.func_count, 0);
	CHECK_EQUAL(m.patch.section_count, 0);
}

static void existing_variables_stay_the_originals(void)
{
	MADE m = {0};

	make_changed(&m,
		     "int shared; static int mine; int set(int x) { return mine = x; }\n"
		     "int entry(int x) { static int count; count += x; mine ^= x;\n"
		     "return count + mine + shared + %d; }",
		     1, 2);
	CHECK(sut_testunit_accepted(&m.test));
	CHECK(has(&m, "count.0", SUT_PATCH_SYMBOL_TARGET));
	CHECK(has(&m, "mine", SUT_PATCH_SYMBOL_TARGET));
	CHECK(has(&m, "shared", SUT_PATCH_SYMBOL_TARGET));
	CHECK(!section(&m, ".bss.count.0"));
}

static void a_static_variable_that_cannot_be_told_from_another_is_refused(void)
{
	MADE m = {0};

	make_changed(&m,
		     "int entry(int x) { if (x) { static int n; return n += x * %d; }\n"
		     "{ static int n; return n -= x - 1; } }",
		     2, 3);
	CHECK(sut_testunit_refused(&m.test, "static", "told apart"));
}

static void a_new_variable_is_carried(void)
{
	MADE m = {0};

	make(&m, "int entry(int x) { return x; }",
	     "static int calls = 4; int entry(int x) { return x + calls++; }");
	CHECK(sut_testunit_accepted(&m.test));
	CHECK(has(&m, "calls", SUT_PATCH_SYMBOL_OWN));
	CHECK(section(&m, ".data.calls") && section(&m, ".data.calls")->flags & SHF_WRITE);
}

static void only_the_strings_that_are_used_are_carried(void)
{
	MADE m = {0};
	const struct sut_patch_section *strings;

	make_changed(&m,
		     "int puts(const char *); int other(void) { return puts(\"a long one that "
		     "stays\"); }\n"
		     "int entry(int x) { if (x) return puts(\"yes\"); return puts(\"no\") + %d; }",
		     1, 2);
	CHECK(sut_testunit_accepted(&m.test));
	strings = section(&m, ".rodata.entry.str1.1");
	if (!strings)
		strings = section(&m, ".rodata.str1.1");
	CHECK(strings && strings->size == sizeof("yes") + sizeof("no"));
	CHECK(strings && strings->flags == SHF_ALLOC);
}

static void what_libraries_define_is_imported_through_its_slot(void)
{
	MADE m = {0};
	const struct sut_patch_symbol *puts_symbol;

	make_changed(&m,
		     "int puts(const char *); int entry(int x) { return puts(\"a\") + x * %d; }", 3,
		     5);
	CHECK(sut_testunit_accepted(&m.test));
	puts_symbol = symbol(&m, "puts");
	CHECK(puts_symbol && puts_symbol->kind == SUT_PATCH_SYMBOL_IMPORT && puts_symbol->slot);
}

static void a_library_function_that_is_new_has_no_slot(void)
{
	MADE m = {0};

	make(&m, "int entry(int x) { return x; }",
	     "int putchar(int); int entry(int x) { return putchar(x) + 1; }");
	CHECK(sut_testunit_accepted(&m.test));
	CHECK(symbol(&m, "putchar") && symbol(&m, "putchar")->kind == SUT_PATCH_SYMBOL_IMPORT);
	CHECK(symbol(&m, "putchar") && !symbol(&m, "putchar")->slot);
}

static void a_name_that_nobody_defines_is_refused(void)
{
	MADE m = {0};

	make(&m, "int entry(int x) { return x; }",
	     "int nowhere(int); int entry(int x) { return nowhere(x) + 1; }");
	CHECK(sut_testunit_refused(&m.test, "symbol", "nowhere"));
}

static void a_new_function_is_carried_with_its_caller(void)
{
	MADE m = {0};

	make(&m, "int entry(int x) { return x; }",
	     "__attribute__((noinline)) static int helper(int x) { return x * x + 7; }\n"
	     "int unused(int x) { return x + 3; }\n"
	     "int entry(int x) { return helper(x + 1) + 1; }");
	CHECK(sut_testunit_accepted(&m.test));
	CHECK_STRING(funcs(&m), "entry helper+");
}

#define CALLS(number)                                                                              \
	"__attribute__((noinline)) static int inner(int x) { return x * x + " number "; }\n"       \
	"int (*pointer)(int);\n"                                                                   \
	"int entry(int x) { pointer = inner; return inner(x) + inner(x + " number "); }\n"

static void calls_go_to_the_new_function_and_pointers_to_the_original(void)
{
	MADE m = {0};

	make(&m, CALLS("3"), CALLS("5"));
	CHECK(sut_testunit_accepted(&m.test));
	CHECK(has(&m, "inner", SUT_PATCH_SYMBOL_OWN));
	CHECK(has(&m, "inner", SUT_PATCH_SYMBOL_TARGET));
}

static void a_jump_table_is_carried_and_leads_into_the_new_function(void)
{
	MADE m = {0};
	const struct sut_patch_section *table;

	make_changed(&m,
		     "int puts(const char *);\n"
		     "int entry(int x) { switch (x) { case 0: puts(\"a\"); return 5; case 1: "
		     "return x * 9;\n"
		     "case 2: return puts(\"b\"); case 3: return 77 + puts(\"c\"); case 4: "
		     "puts(\"d\"); break;\n"
		     "case 5: return %d; } return puts(\"e\") + 1; }",
		     11, 12);
	CHECK(sut_testunit_accepted(&m.test));
	table = section(&m, ".rodata.entry");
	CHECK(table && table->reloc_count);
	for (size_t i = 0; table && i < table->reloc_count; i++)
		CHECK_EQUAL(m.patch.symbols[table->relocs[i].symbol].kind, SUT_PATCH_SYMBOL_OWN);
}

static void a_cold_piece_belongs_to_its_function(void)
{
	MADE m = {0};

	make_changed(&m,
		     "void exit(int) __attribute__((cold, noreturn)); int rand(void);\n"
		     "int entry(int x) { for (int i = 0; i < x; i++) if (rand() == 17) exit(%d); "
		     "return x; }",
		     1, 2);
	CHECK(sut_testunit_accepted(&m.test));
	CHECK_STRING(funcs(&m), "entry");
	CHECK_EQUAL(m.patch.funcs[0].piece_count, 2);
	CHECK_EQUAL(m.patch.funcs[0].new_piece_count, 1);
}

static void a_new_thread_local_variable_is_refused(void)
{
	MADE m = {0};

	make(&m, "int entry(int x) { return x; }",
	     "static __thread int mine; int entry(int x) { return mine += x; }");
	CHECK(sut_testunit_refused(&m.test, "tls", "mine"));
}

static void an_existing_thread_local_variable_is_an_offset(void)
{
	MADE m = {0};
	const struct sut_patch_symbol *mine;

	make_changed(&m,
		     "__thread long first; static __thread int mine;\n"
		     "int entry(int x) { mine += x; return mine * %d; }",
		     3, 5);
	CHECK(sut_testunit_accepted(&m.test));
	mine = symbol(&m, "mine");
	CHECK(mine && mine->kind == SUT_PATCH_SYMBOL_TARGET && mine->type == STT_TLS);
	CHECK(mine && (int64_t)mine->value < 0 && (int64_t)mine->value >= -16);
}

#define TAIL(number)                                                                               \
	"__attribute__((noinline)) static int last(int x) { return x * x + " number "; }\n"        \
	"int entry(int x) { return last(x + " number "); }\n"

static bool has_jump(const struct sut_patch_jumps *jumps, uint64_t target)
{
	for (size_t i = 0; i < jumps->count; i++)
		if (jumps->targets[i] == target)
			return true;
	return false;
}

static void a_tail_jump_between_changed_functions_is_noted(void)
{
	MADE m = {0};
	const struct sut_patch_func *entry, *last;

	make(&m, TAIL("3"), TAIL("5"));
	CHECK(sut_testunit_accepted(&m.test));
	entry = func(&m, "entry");
	last = func(&m, "last");
	CHECK(has_jump(&entry->old_jumps, last->pieces[0].address));
	CHECK(has_jump(&entry->new_jumps, last->pieces[0].address));
	CHECK(!entry->old_jumps.anywhere && !entry->new_jumps.anywhere);
	CHECK_EQUAL(last->old_jumps.count + last->new_jumps.count, 0);
}

static void a_jump_through_a_pointer_may_lead_anywhere(void)
{
	MADE m = {0};

	make_changed(&m,
		     "int (*pointer)(int);\n"
		     "int entry(int x) { return pointer(x + %d); }\n",
		     1, 2);
	CHECK(sut_testunit_accepted(&m.test));
	CHECK(func(&m, "entry")->old_jumps.anywhere && func(&m, "entry")->new_jumps.anywhere);
}

static void a_jump_to_another_object_is_noted(void)
{
	MADE m = {0};

	make_changed(&m,
		     "int abs_of(int x); int puts(const char *);\n"
		     "int entry(int x) { return x > %d ? puts(\"a\") : 1; }\n",
		     1, 2);
	CHECK(sut_testunit_accepted(&m.test));
	CHECK(func(&m, "entry")->old_jumps.elsewhere && func(&m, "entry")->new_jumps.elsewhere);
	CHECK(!func(&m, "entry")->old_jumps.anywhere && !func(&m, "entry")->new_jumps.anywhere);
}

/* It has no entry to decide at, so it belongs to the function that jumps to it. */
static void a_new_function_that_is_jumped_to_is_a_piece(void)
{
	MADE m = {0};
	const struct sut_patch_func *entry;

	make(&m, "int entry(int x) { return x * 3; }",
	     "__attribute__((noinline)) static int fresh(int x) { return x * x + 9; }\n"
	     "int entry(int x) { return fresh(x + 5); }");
	CHECK(sut_testunit_accepted(&m.test));
	entry = func(&m, "entry");
	CHECK_EQUAL(entry->new_piece_count, 1);
	CHECK_EQUAL(entry->new_pieces[0], func(&m, "fresh")->symbol);
}

static void a_caller_of_setjmp_is_refused(void)
{
	MADE m = {0};

	make_changed(&m,
		     "#include <setjmp.h>\nstatic jmp_buf state;\n"
		     "int entry(int x) { if (setjmp(state)) return %d; return x; }",
		     3, 5);
	CHECK(sut_testunit_refused(&m.test, "setjmp", "entry calls _setjmp"));
}

static void a_unit_that_is_not_in_the_target_is_refused(void)
{
	MADE m = {0};

	sut_testunit_init(&m.test, "-O2 -fPIE", "int strange(int x) { return x * 3; }",
			  "int strange(int x) { return x * 4; }");
	build(&m, "/bin/true");
	CHECK(sut_testunit_refused(&m.test, "object", "unit.c"));
}

static void a_unit_for_link_time_optimisation_is_refused(void)
{
	MADE m = {0};

	sut_testunit_init(&m.test, "-O2 -fPIE -flto", "int entry(int x) { return x * 3; }",
			  "int entry(int x) { return x * 4; }");
	build(&m, "/bin/true");
	CHECK(sut_testunit_refused(&m.test, "lto", "unit.c"));
}

static void a_shared_object_keeps_its_bindings(void)
{
	MADE m = {0};
	static const char format[] =
		"int total; int helper(int x) { return x * 9 + total; }\n"
		"__attribute__((visibility(\"hidden\"))) int hidden(int x) { return x * 7 - 2; }\n"
		"int entry(int x) { total += x; return helper(x) + hidden(x) + %d; }\n";

	sut_testunit_init(&m.test, "-O2 -fPIC", sut_arena_printf(&m.test.arena, format, 1),
			  sut_arena_printf(&m.test.arena, format, 2));
	build(&m, sut_testunit_link(&m.test, "-shared -Wl,-soname,libtest.so.1", NULL));
	CHECK(sut_testunit_accepted(&m.test));
	CHECK_STRING(funcs(&m), "entry");
	CHECK_STRING(m.patch.objects[0].soname, "libtest.so.1");
	/* Others may interpose the variable, as the program with a copy of it does. */
	CHECK(has(&m, "total", SUT_PATCH_SYMBOL_IMPORT));
	CHECK(symbol(&m, "total") && symbol(&m, "total")->slot);
}

static void a_fixed_address_program_is_patched(void)
{
	MADE m = {0};
	static const char format[] =
		"#include <stdio.h>\nstatic int secret = 4; void set(int x) { secret = x; }\n"
		"int (*pointer)(const char *);\n"
		"int entry(int x) { pointer = puts; fputs(\"a\", stderr); return secret + x * %d; "
		"}\n";

	sut_testunit_init(&m.test, "-O2 -fno-pie", sut_arena_printf(&m.test.arena, format, 1),
			  sut_arena_printf(&m.test.arena, format, 2));
	build(&m, sut_testunit_link(&m.test, "-no-pie", program));
	CHECK(sut_testunit_accepted(&m.test));
	CHECK(has(&m, "secret", SUT_PATCH_SYMBOL_TARGET));
	/* The program's copy of the variable, and its stub as the function's address. */
	CHECK(has(&m, "stderr", SUT_PATCH_SYMBOL_TARGET));
	CHECK(has(&m, "puts", SUT_PATCH_SYMBOL_TARGET));
}

static void a_unit_in_two_targets_is_carried_for_each(void)
{
	MADE m = {0};
	static const char format[] = "int entry(int x) { return x * 31 / 7 + %d; }\n";
	const char *targets[2];
	struct sut_create_options options = {.name = "test", .target_count = 2, .targets = targets};

	sut_testunit_init(&m.test, "-O2 -fPIC", sut_arena_printf(&m.test.arena, format, 1),
			  sut_arena_printf(&m.test.arena, format, 2));
	targets[0] = sut_testunit_link(&m.test, "-pie", program);
	targets[1] = sut_testunit_link(&m.test, "-shared", NULL);
	CHECK(!sut_delta_build(&m.test.arena, &options, &m.test.unit, 1, &m.patch, &m.test.verdict,
			       &m.test.diag));
	CHECK(sut_testunit_accepted(&m.test));
	CHECK_EQUAL(m.patch.object_count, 2);
	CHECK_STRING(funcs(&m), "entry entry");
	/* Its code, and how to unwind through that. */
	CHECK_EQUAL(m.patch.section_count, 4);
	CHECK(m.patch.sections[0].object != m.patch.sections[1].object);
	CHECK_STRING(m.patch.sections[2].name, ".eh_frame");
	CHECK_STRING(m.patch.sections[3].name, ".eh_frame");
	CHECK(m.patch.sections[2].object != m.patch.sections[3].object);
}

static void an_imported_address_in_new_data_is_looked_up_by_name(void)
{
	MADE m = {0};

	make(&m, "#include <stdlib.h>\nint entry(int x) { free(NULL); return x; }",
	     "#include <stdlib.h>\nstatic void (*volatile release)(void *) = free;\n"
	     "int entry(int x) { release(NULL); return x; }");
	CHECK(sut_testunit_accepted(&m.test));
	CHECK(symbol(&m, "free") && symbol(&m, "free")->kind == SUT_PATCH_SYMBOL_IMPORT);
	CHECK(symbol(&m, "free") && !symbol(&m, "free")->slot);
}

static void the_dispatch_of_a_switch_is_no_tail_jump(void)
{
	MADE m = {0};
	static const char format[] =
		"int puts(const char *); int target(int x) { return x / 3 + %d; }\n"
		"int (*pointer)(int) = target;\n"
		"int entry(int x) { switch (x) { case 0: puts(\"a\"); return 5; case 1: return x * "
		"9;\n"
		"case 2: return puts(\"b\") + 1; case 3: return 77 + puts(\"c\"); case 4: "
		"puts(\"d\"); break;\n"
		"case 5: return %d; } return puts(\"e\") + 1; }";

	make(&m, sut_arena_printf(&m.test.arena, format, 1, 11),
	     sut_arena_printf(&m.test.arena, format, 2, 12));
	CHECK(sut_testunit_accepted(&m.test));
	CHECK_STRING(funcs(&m), "target entry");
	CHECK(!func(&m, "entry")->old_jumps.anywhere && !func(&m, "entry")->new_jumps.anywhere);
}

static void the_same_input_makes_the_same_patch(void)
{
	MADE a = {0}, b = {0};
	static const char format[] =
		"int puts(const char *); static int n;\n"
		"int entry(int x) { n++; return puts(\"a\") + puts(\"b\") + x * %d; }";

	make_changed(&a, format, 3, 5);
	make_changed(&b, format, 3, 5);
	CHECK_EQUAL(a.patch.symbol_count, b.patch.symbol_count);
	CHECK_EQUAL(a.patch.section_count, b.patch.section_count);
	for (size_t i = 0; i < a.patch.symbol_count && i < b.patch.symbol_count; i++) {
		CHECK_STRING(a.patch.symbols[i].name, b.patch.symbols[i].name);
		CHECK_EQUAL(a.patch.symbols[i].value, b.patch.symbols[i].value);
	}
}

static void a_stripped_target_gives_the_same_addresses(void)
{
	MADE whole = {0}, stripped = {0};
	static const char format[] =
		"static int secret = 9; void set(int x) { secret = x; }\n"
		"__attribute__((noinline)) static int hidden(int x) { return x * secret + x / 7 - "
		"(x ^ 99); }\n"
		"int entry(int x) { return hidden(x) + hidden(x + 1) * %d + secret; }";
	const char *before = sut_arena_printf(&whole.test.arena, format, 3);
	const char *after = sut_arena_printf(&whole.test.arena, format, 5);

	make(&whole, before, after);
	sut_testunit_init(&stripped.test, "-O2 -fPIE", before, after);
	build(&stripped, sut_testunit_strip(&stripped.test,
					    sut_testunit_link(&stripped.test, "-pie", program)));
	CHECK(sut_testunit_accepted(&stripped.test));
	CHECK(symbol(&whole, "secret") && symbol(&stripped, "secret"));
	CHECK_EQUAL(symbol(&stripped, "secret")->value, symbol(&whole, "secret")->value);
	CHECK_EQUAL(symbol(&stripped, "hidden")->value, symbol(&whole, "hidden")->value);
	CHECK_EQUAL(stripped.patch.funcs[0].pieces[0].address,
		    whole.patch.funcs[0].pieces[0].address);
}

static const struct sut_tap_test tests[] = {
	{"the changed function is carried", the_changed_function_is_carried},
	{"equal units make an empty patch", equal_units_make_an_empty_patch},
	{"existing variables stay the originals", existing_variables_stay_the_originals},
	{"a static variable that cannot be told from another is refused",
	 a_static_variable_that_cannot_be_told_from_another_is_refused},
	{"a new variable is carried", a_new_variable_is_carried},
	{"only the strings that are used are carried", only_the_strings_that_are_used_are_carried},
	{"what libraries define is imported through its slot",
	 what_libraries_define_is_imported_through_its_slot},
	{"a library function that is new has no slot", a_library_function_that_is_new_has_no_slot},
	{"a name that nobody defines is refused", a_name_that_nobody_defines_is_refused},
	{"a new function is carried with its caller", a_new_function_is_carried_with_its_caller},
	{"calls go to the new function and pointers to the original",
	 calls_go_to_the_new_function_and_pointers_to_the_original},
	{"a jump table is carried and leads into the new function",
	 a_jump_table_is_carried_and_leads_into_the_new_function},
	{"a cold piece belongs to its function", a_cold_piece_belongs_to_its_function},
	{"a new thread-local variable is refused", a_new_thread_local_variable_is_refused},
	{"an existing thread-local variable is an offset",
	 an_existing_thread_local_variable_is_an_offset},
	{"a tail jump between changed functions is noted",
	 a_tail_jump_between_changed_functions_is_noted},
	{"a jump to another object is noted", a_jump_to_another_object_is_noted},
	{"a new function that is jumped to is a piece of the one that jumps",
	 a_new_function_that_is_jumped_to_is_a_piece},
	{"a jump through a pointer may lead anywhere", a_jump_through_a_pointer_may_lead_anywhere},
	{"a caller of setjmp is refused", a_caller_of_setjmp_is_refused},
	{"a unit that is not in the target is refused",
	 a_unit_that_is_not_in_the_target_is_refused},
	{"a unit for link-time optimisation is refused",
	 a_unit_for_link_time_optimisation_is_refused},
	{"a shared object keeps its bindings", a_shared_object_keeps_its_bindings},
	{"a fixed-address program is patched", a_fixed_address_program_is_patched},
	{"a unit in two targets is carried for each", a_unit_in_two_targets_is_carried_for_each},
	{"an imported address in new data is looked up by name",
	 an_imported_address_in_new_data_is_looked_up_by_name},
	{"the dispatch of a switch is no tail jump", the_dispatch_of_a_switch_is_no_tail_jump},
	{"the same input makes the same patch", the_same_input_makes_the_same_patch},
	{"a stripped target gives the same addresses", a_stripped_target_gives_the_same_addresses},
};

SUT_TAP_MAIN(tests)
