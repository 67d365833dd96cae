// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/kernel.h"

#include <string.h>

/* By the names in the kernel's include/asm-generic/vmlinux.lds.h and the linker scripts of its
 * architectures. */
static const struct sut_special specials[] = {
	{"__bug_table", SUT_SPECIAL_CODE},
	{"__ex_table", SUT_SPECIAL_CODE},
	{".fixup", SUT_SPECIAL_CODE},
	{".altinstr", SUT_SPECIAL_CODE},
	{"__jump_table", SUT_SPECIAL_CODE},
	{".static_call_sites", SUT_SPECIAL_CODE},
	{".smp_locks", SUT_SPECIAL_CODE},
	{".parainstructions", SUT_SPECIAL_CODE},
	{".retpoline_sites", SUT_SPECIAL_CODE},
	{".return_sites", SUT_SPECIAL_CODE},
	{".call_sites", SUT_SPECIAL_CODE},
	{".ibt_endbr_seal", SUT_SPECIAL_CODE},
	{".orc_unwind", SUT_SPECIAL_CODE},
	{".orc_header", SUT_SPECIAL_CODE},
	{"__mcount_loc", SUT_SPECIAL_CODE},
	{"__patchable_function_entries", SUT_SPECIAL_CODE},
	{".kprobes.text", SUT_SPECIAL_CODE},
	{"_kprobe_blacklist", SUT_SPECIAL_CODE},
	{"__ftr_", SUT_SPECIAL_CODE}, /* powerpc: alternatives by CPU and firmware */
	{"__lwsync_fixup", SUT_SPECIAL_CODE},
	{"__barrier_nospec_fixup", SUT_SPECIAL_CODE},
	{"__btb_flush_fixup", SUT_SPECIAL_CODE},
	{"__rfi_flush_fixup", SUT_SPECIAL_CODE},
	{".toc", SUT_SPECIAL_CODE},   /* powerpc: addresses that code refers to */
	{".s390_", SUT_SPECIAL_CODE}, /* s390: thunks of indirect branches */
	{".nospec_", SUT_SPECIAL_CODE},
	{"__dyndbg", SUT_SPECIAL_MESSAGE},
	{"__verbose", SUT_SPECIAL_MESSAGE}, /* the former name of __dyndbg */
	{".printk_index", SUT_SPECIAL_MESSAGE},
	{"__trace_printk_fmt", SUT_SPECIAL_MESSAGE},
	{".data..Lubsan", SUT_SPECIAL_MESSAGE},
	{".data.rel.local..Lubsan", SUT_SPECIAL_MESSAGE},
	{".data.once", SUT_SPECIAL_MESSAGE},
	{".data..once", SUT_SPECIAL_MESSAGE},
	{"___ksymtab", SUT_SPECIAL_EXPORT},
	{"__ksymtab", SUT_SPECIAL_EXPORT},
	{"___kcrctab", SUT_SPECIAL_EXPORT},
	{"__kcrctab", SUT_SPECIAL_EXPORT},
	{".export_symbol", SUT_SPECIAL_EXPORT},
	{"__tracepoint", SUT_SPECIAL_EXPORT},
	{"_ftrace", SUT_SPECIAL_EXPORT},
	{"__syscalls_metadata", SUT_SPECIAL_EXPORT},
	{".modinfo", SUT_SPECIAL_EXPORT},
	{"__versions", SUT_SPECIAL_EXPORT},
	{".init", SUT_SPECIAL_START_UP},
	{".exit", SUT_SPECIAL_START_UP},
	{".meminit", SUT_SPECIAL_START_UP},
	{"__param", SUT_SPECIAL_START_UP},
	{".discard", SUT_SPECIAL_START_UP},
	{".con_initcall", SUT_SPECIAL_START_UP},
};

const struct sut_special *sut_kernel_special(const char *section)
{
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
		if (!strncmp(section, specials[i].name, strlen(specials[i].name)))
			return &specials[i];
	}
	return NULL;
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
