// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/create/extract-sample.h"
#include "base/tap.h"

#include <string.h>

/* g stays and f changes; both have an instruction that the table says something about. */
#define UNIT(table)                                                                                \
	"extern long key, exported_key, __tracepoint_read; long key, __tracepoint_read;\n"         \
	"__attribute__((noinline)) int g(int x)\n"                                                 \
	"{ asm volatile(\"1: nop\\n" table("g") "\"); return x + 3; }\n"                           \
						"__attribute__((noinline)) int f(int x)\n"         \
						"{ asm volatile(\"1: nop\\n" table(                \
							"f") "\"); return x + %d; }"

#define TABLE(name, entry)                                                                         \
	".pushsection " name ", \\\"a\\\"\\n .long 1b - .\\n " entry "\\n .popsection\\n"

static void carry(struct sut_carry_sample *s, const char *format, const char *object)
{
	sut_carry_sample_init(s, NULL, sut_arena_printf(&s->test.arena, format, 5),
			      sut_arena_printf(&s->test.arena, format, 6));
	sut_carry_sample_run(s, object);
}

static uint64_t size_of(const struct sut_carry_sample *s, const char *section)
{
	const struct sut_carry_section *found = sut_carry_sample_section(s, section);

	return found ? found->size : 0;
}

#define FAULT(name) TABLE("__ex_table", ".long 1b - .\\n .long 3")

static void entries_go_where_their_code_goes(void)
{
	SUT_CARRY_SAMPLE s = {0};

	carry(&s, UNIT(FAULT), SUT_KERNEL_VMLINUX);
	CHECK(sut_testunit_accepted(&s.test));
	CHECK_EQUAL(size_of(&s, "__ex_table"), 12);
	const struct sut_carry_section *table = sut_carry_sample_section(&s, "__ex_table");

	CHECK_EQUAL(table->reloc_count, 2);
	for (size_t i = 0; i < table->reloc_count; i++)
		CHECK_STRING(s.carry.symbols[table->relocs[i].symbol].name, "f");
	CHECK_EQUAL(size_of(&s, "__mcount_loc"), 8);
}

#define UNWIND(name)                                                                               \
	TABLE(".orc_unwind_ip", "")                                                                \
	".pushsection .orc_unwind, \\\"a\\\"\\n .ascii \\\"" name "12345\\\"\\n .popsection\\n"

static void tables_for_unwinding_stay_parallel(void)
{
	SUT_CARRY_SAMPLE s = {0};

	carry(&s, UNIT(UNWIND), SUT_KERNEL_VMLINUX);
	CHECK(sut_testunit_accepted(&s.test));
	CHECK_EQUAL(size_of(&s, ".orc_unwind_ip"), 4);
	CHECK_EQUAL(size_of(&s, ".orc_unwind"), 6);
	CHECK(!memcmp(sut_carry_sample_section(&s, ".orc_unwind")->data, "f12345", 6));
}

#define ALTERNATIVE(name)                                                                          \
	TABLE(".altinstructions", ".long 2f - .\\n .word 1\\n .byte 1, 2")                         \
	".pushsection .altinstr_replacement, \\\"ax\\\"\\n 2: .byte 0x66, 0x90\\n .popsection\\n"

static void alternatives_bring_their_replacement(void)
{
	SUT_CARRY_SAMPLE s = {0};

	carry(&s, UNIT(ALTERNATIVE), SUT_KERNEL_VMLINUX);
	CHECK(sut_testunit_accepted(&s.test));
	CHECK_EQUAL(size_of(&s, ".altinstructions"), 12);
	CHECK_EQUAL(size_of(&s, ".altinstr_replacement"), 2);
	const struct sut_carry_section *table = sut_carry_sample_section(&s, ".altinstructions");

	CHECK_EQUAL(table->relocs[1].addend, 0);
	CHECK_STRING(s.carry.sections[s.carry.symbols[table->relocs[1].symbol].section].name,
		     ".altinstr_replacement");
}

/* The instruction is a load of a variable of the module. */
#define REPLACED(name)                                                                             \
	"2: mov key(%%rip), %%eax\\n"                                                              \
	".pushsection .altinstructions, \\\"a\\\"\\n .long 2b - .\\n .long 3f - .\\n .word 1\\n"   \
	".byte 6, 1\\n .popsection\\n"                                                             \
	".pushsection .altinstr_replacement, \\\"ax\\\"\\n 3: nop\\n .popsection\\n"

static void an_alternative_of_what_comes_later_is_refused(void)
{
	SUT_CARRY_SAMPLE s = {0}, module = {0};

	carry(&s, UNIT(REPLACED), SUT_KERNEL_VMLINUX);
	CHECK(sut_testunit_accepted(&s.test));
	carry(&module, UNIT(REPLACED), "mod");
	CHECK(sut_testunit_refused(&module.test, "klp-late-section", "f refers to key"));
}

#define STRANGE(name) TABLE("strange_table", "")
#define SHORT(name)   TABLE("__bug_table", ".byte 1, 2, 3")

static void tables_that_are_not_known_are_refused(void)
{
	SUT_CARRY_SAMPLE s = {0}, other = {0};

	carry(&s, UNIT(STRANGE), SUT_KERNEL_VMLINUX);
	CHECK(sut_testunit_refused(&s.test, "section", "strange_table"));
	carry(&other, UNIT(SHORT), SUT_KERNEL_VMLINUX);
	CHECK(sut_testunit_refused(&other.test, "section", "__bug_table"));
}

#define KEY(key)           TABLE("__jump_table", ".long 1b - .\\n .quad " key " - .")
#define OWN_KEY(name)      KEY("key")
#define EXPORTED_KEY(name) KEY("exported_key")
#define TRACE_KEY(name)    KEY("__tracepoint_read + 8")

static void keys_of_vmlinux_are_followed(void)
{
	SUT_CARRY_SAMPLE s = {0}, module = {0};

	carry(&s, UNIT(OWN_KEY), SUT_KERNEL_VMLINUX);
	CHECK(sut_testunit_accepted(&s.test));
	CHECK_EQUAL(size_of(&s, "__jump_table"), 16);
	CHECK(sut_carry_sample_symbol(&s, SUT_CARRY_PRIVATE, "key") != NULL);
	carry(&module, UNIT(EXPORTED_KEY), "mod");
	CHECK(sut_testunit_accepted(&module.test));
	CHECK_EQUAL(size_of(&module, "__jump_table"), 16);
}

static void a_key_of_a_module_is_refused(void)
{
	SUT_CARRY_SAMPLE s = {0};

	carry(&s, UNIT(OWN_KEY), "mod");
	CHECK(sut_testunit_refused(&s.test, "klp-late-section", "f refers to key"));
}

static void tracepoints_of_a_module_stay_off(void)
{
	SUT_CARRY_SAMPLE s = {0};

	carry(&s, UNIT(TRACE_KEY), "mod");
	CHECK(sut_testunit_accepted(&s.test));
	CHECK(sut_testunit_warned(&s.test, "tracepoint-off", "mod"));
	CHECK_EQUAL(size_of(&s, "__jump_table"), 0);
}

static const struct sut_tap_test tests[] = {
	{"entries go where their code goes", entries_go_where_their_code_goes},
	{"tables for unwinding stay parallel", tables_for_unwinding_stay_parallel},
	{"alternatives bring their replacement", alternatives_bring_their_replacement},
	{"an alternative of what comes later is refused",
	 an_alternative_of_what_comes_later_is_refused},
	{"tables that are not known are refused", tables_that_are_not_known_are_refused},
	{"keys of vmlinux are followed", keys_of_vmlinux_are_followed},
	{"a key of a module is refused", a_key_of_a_module_is_refused},
	{"tracepoints of a module stay off", tracepoints_of_a_module_stay_off},
};

SUT_TAP_MAIN(tests)
