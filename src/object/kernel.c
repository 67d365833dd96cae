// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/kernel.h"

#include <string.h>

/* By the names in the kernel's include/asm-generic/vmlinux.lds.h and the linker scripts of its
 * architectures. */
static const struct sut_special specials[] = {
	{"__bug_table", SUT_SPECIAL_CODE, SUT_SPECIAL_LINES},
	{"__ex_table", SUT_SPECIAL_CODE, SUT_SPECIAL_REFERENCES},
	{".fixup", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{".altinstr", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{"__jump_table", SUT_SPECIAL_CODE, SUT_SPECIAL_REFERENCES},
	{".static_call_sites", SUT_SPECIAL_CODE, SUT_SPECIAL_REFERENCES},
	{".smp_locks", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{".parainstructions", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{".retpoline_sites", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{".return_sites", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{".call_sites", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{".ibt_endbr_seal", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{".orc_unwind", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{".orc_header", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{"__mcount_loc", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{"__patchable_function_entries", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{".kprobes.text", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{"_kprobe_blacklist", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{"__ftr_", SUT_SPECIAL_CODE,
	 SUT_SPECIAL_UNREAD}, /* powerpc: alternatives by CPU and firmware */
	{"__lwsync_fixup", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{"__barrier_nospec_fixup", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{"__btb_flush_fixup", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{"__rfi_flush_fixup", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{".toc", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD}, /* powerpc: addresses that code refers to */
	{".s390_", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD}, /* s390: thunks of indirect branches */
	{".nospec_", SUT_SPECIAL_CODE, SUT_SPECIAL_UNREAD},
	{"__dyndbg", SUT_SPECIAL_MESSAGE, SUT_SPECIAL_UNREAD},
	{"__verbose", SUT_SPECIAL_MESSAGE, SUT_SPECIAL_UNREAD}, /* the former name of __dyndbg */
	{".printk_index", SUT_SPECIAL_MESSAGE, SUT_SPECIAL_UNREAD},
	{"__trace_printk_fmt", SUT_SPECIAL_MESSAGE, SUT_SPECIAL_UNREAD},
	{".data..Lubsan", SUT_SPECIAL_MESSAGE, SUT_SPECIAL_UNREAD},
	{".data.rel.local..Lubsan", SUT_SPECIAL_MESSAGE, SUT_SPECIAL_UNREAD},
	{".data.once", SUT_SPECIAL_MESSAGE, SUT_SPECIAL_UNREAD},
	{".data..once", SUT_SPECIAL_MESSAGE, SUT_SPECIAL_UNREAD},
	{"___ksymtab", SUT_SPECIAL_EXPORT, SUT_SPECIAL_UNREAD},
	{"__ksymtab", SUT_SPECIAL_EXPORT, SUT_SPECIAL_UNREAD},
	{"___kcrctab", SUT_SPECIAL_EXPORT, SUT_SPECIAL_UNREAD},
	{"__kcrctab", SUT_SPECIAL_EXPORT, SUT_SPECIAL_UNREAD},
	{".export_symbol", SUT_SPECIAL_EXPORT, SUT_SPECIAL_UNREAD},
	{"__tracepoint", SUT_SPECIAL_EXPORT, SUT_SPECIAL_UNREAD},
	{"_ftrace", SUT_SPECIAL_EXPORT, SUT_SPECIAL_UNREAD},
	{"__syscalls_metadata", SUT_SPECIAL_EXPORT, SUT_SPECIAL_UNREAD},
	{".modinfo", SUT_SPECIAL_EXPORT, SUT_SPECIAL_UNREAD},
	{"__versions", SUT_SPECIAL_EXPORT, SUT_SPECIAL_UNREAD},
	{".init", SUT_SPECIAL_START_UP, SUT_SPECIAL_UNREAD},
	{".exit", SUT_SPECIAL_START_UP, SUT_SPECIAL_UNREAD},
	{".meminit", SUT_SPECIAL_START_UP, SUT_SPECIAL_UNREAD},
	{"__param", SUT_SPECIAL_START_UP, SUT_SPECIAL_UNREAD},
	{".discard", SUT_SPECIAL_START_UP, SUT_SPECIAL_UNREAD},
	{".con_initcall", SUT_SPECIAL_START_UP, SUT_SPECIAL_UNREAD},
};

const struct sut_special *sut_kernel_special(const char *section)
{
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
		if (!strncmp(section, specials[i].name, strlen(specials[i].name)))
			return &specials[i];
	}
	return NULL;
}

/* The relocations of the section repeat after `count` of them. */
static bool repeats(const struct sut_section *section, size_t count, uint64_t size)
{
	for (size_t i = 0; i + count < section->reloc_count; i++) {
		const struct sut_reloc *one = &section->relocs[i], *next = one + count;

		if (next->offset != one->offset + size || next->type != one->type)
			return false;
	}
	return size && section->reloc_count % count == 0 &&
	       section->reloc_count / count * size == section->size;
}

uint64_t sut_kernel_entry_size(const struct sut_section *section)
{
	for (size_t count = 1; count <= section->reloc_count; count++) {
		uint64_t size = count < section->reloc_count
					? section->relocs[count].offset - section->relocs[0].offset
					: section->size;

		if (repeats(section, count, size))
			return size;
	}
	return 0;
}

const char *sut_kernel_static(const char *name)
{
	static const char *const stems[] = {"__warned",
					    "__already_done",
					    "__print_once",
					    "__key",
					    "_rs",
					    "descriptor",
					    "_entry_ptr",
					    "_entry",
					    "__UNIQUE_ID_ddebug",
					    "__msg",
					    "__func__",
					    "__FUNCTION__",
					    "__PRETTY_FUNCTION__",
					    "CSWTCH"};

	for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++) {
		const char *rest = name + strlen(stems[i]);

		if (!strncmp(name, stems[i], strlen(stems[i])) &&
		    !rest[strspn(rest, ".0123456789")])
			return stems[i];
	}
	return NULL;
}
