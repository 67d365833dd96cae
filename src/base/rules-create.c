// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules by which create judges changes of a kernel. Sorted by id. */
#include "base/rules-tables.h"

const struct sut_rule sut_rules_create[] = {
	{
		.id = "boot",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "Code that is not part of the running kernel's text",
		.meaning = "The kernel's tree has programs beside the kernel: what unpacks and "
			   "starts it, what another kernel is started by (kexec), the real mode "
			   "code for waking processors, the vDSO that is mapped into programs. "
			   "They have run already, or are data of the kernel that is copied.",
		.remedy = "Leave these files out of the patch. Install the fixed kernel and start "
			  "it when that is possible.",
	},
	{
		.id = "export",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "A symbol becomes exported, or no longer is",
		.meaning = "The table of symbols that modules may use is part of the running "
			   "kernel or module. A livepatch could only export something under its "
			   "own name, and a module that used it could not be told from one that "
			   "uses the kernel's.",
		.remedy = "Leave EXPORT_SYMBOL as it is. If another module needs the function, "
			  "patch both in one live patch: it reaches private symbols.",
	},
	{
		.id = "ground",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "Code that livepatching itself stands on",
		.meaning = "ftrace redirects functions, livepatch decides which version a task "
			   "gets, the unwinder tells whether a task is in an old function, and "
			   "alternatives write code. Each runs while the patch goes in; changed "
			   "in the middle of that, none of them could be trusted.",
		.remedy = "Install the fixed kernel and start it.",
	},
	{
		.id = "initcall",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "A function that is called at the start comes, goes or changes places",
		.meaning = "Initcalls and the init functions of modules ran when the kernel or "
			   "the module started. A new one would never run, and what one that is "
			   "gone has done stays.",
		.remedy = "Do its work in a callback of the patch.",
	},
	{
		.id = "kbuild",
		.stages = SUT_STAGE_INPUT,
		.title = "How the kernel is compiled could not be found out",
		.meaning = "The commands of all units come from the kernel's own build system, "
			   "which is asked once for each kernel (make -n). It did not answer, or "
			   "it does something with an object that this version of suture does not "
			   "know; then an object made here would not be what the kernel has.",
		.remedy = "Make the kernel's profile anew (suture profile --kernel). What make "
			  "says is in the message.",
	},
	{
		.id = "kconfig",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_YES,
		.title = "The change is about how the kernel is configured or built",
		.meaning = "Makefiles and Kconfig files say which files are compiled, and how. "
			   "The running kernel is compiled already, so that part of the change "
			   "has no effect, and the rest may count on it.",
		.remedy = "Read that part of the patch. If the rest is right without it, leave it "
			  "out or say --allow kconfig.",
	},
	{
		.id = "lib",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_YES,
		.title = "A function of the kernel's library",
		.meaning = "Code in lib/ is used by everything, also by ftrace, by livepatch and "
			   "in places where nothing may be traced: there a redirected function "
			   "could call itself without end. Nothing in the code shows who is "
			   "calling.",
		.remedy = "Fix the callers that matter. If it is known who uses the function, and "
			  "none of them is part of tracing, of entries into the kernel or of "
			  "interrupts that cannot be masked, --allow lib.",
	},
	{
		.id = "notrace",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "A function that ftrace cannot redirect",
		.meaning =
			"The compiler leaves a call at the start of each function, and livepatch "
			"makes it lead to the new version. Functions marked notrace or noinstr "
			"have none, nor has code in assembler: they run where tracing would "
			"not be safe.",
		.remedy = "Make the change in the functions that call it.",
	},
	{
		.id = "objtool",
		.stages = SUT_STAGE_INPUT,
		.title = "objtool does not take an object",
		.meaning =
			"The kernel's build runs objtool on each object: it makes the tables for "
			"unwinding and rewrites some instructions. It found the code not to "
			"be what it must be, so the kernel could not unwind or run it.",
		.remedy = "Correct the patch by what objtool says.",
	},
	{
		.id = "param",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "A parameter of the kernel or a module comes, goes or changes",
		.meaning = "Parameters are read from the command line, and get their files in "
			   "sysfs, when the kernel or the module is loaded. A livepatch cannot "
			   "add one to an object that is there.",
		.remedy = "Use a constant, or a variable of the patch that a callback sets.",
	},
	{
		.id = "percpu",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "A new variable that each CPU has its own of",
		.meaning = "Room for such variables lies together for all CPUs and is set out when "
			   "the kernel or a module is loaded. What a module has of it is little, "
			   "and a livepatch's relocations to it were never meant to be.",
		.remedy = "Use a pointer to memory of alloc_percpu() that a callback asks for.",
	},
	{
		.id = "position",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "A symbol that livepatch cannot name",
		.meaning = "Livepatch finds private symbols by object, name and position among "
			   "those of one name in kallsyms. Some have no entry there, and in a "
			   "module some positions change when the module's init code has gone.",
		.remedy = "Leave what is named out of the fix, or change its callers instead.",
	},
	{
		.id = "syscall",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "A system call comes or goes",
		.meaning = "The table of system calls is compiled into the kernel and cannot be "
			   "written to. The functions that are in it can be patched like others.",
		.remedy = "Leave the table as it is.",
	},
	{
		.id = "tracepoint",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "A tracepoint or trace event comes or goes",
		.meaning = "The kernel collected them when it or the module started. A new one "
			   "would be known to nobody, and the files of one that is gone would "
			   "lead nowhere.",
		.remedy = "Leave the definitions of trace events as they are; for the patch's own "
			  "use pr_debug() will do.",
	},
	{
		.id = "tracepoint-off",
		.stages = SUT_STAGE_VERDICT,
		.title = "Tracepoints of a module do not fire in its new functions",
		.meaning = "A tracepoint is a jump that is written into the code when somebody "
			   "traces. Which code, the kernel reads from a table while the livepatch "
			   "is loaded, when the module with the tracepoint may not be there. So "
			   "the new functions have the code of one that is off. They do what they "
			   "shall otherwise.",
		.remedy = "None is needed. Trace the function itself where it matters.",
	},
	{
		.id = "tree",
		.stages = SUT_STAGE_INPUT,
		.title = "The source tree is not that of the kernel",
		.meaning = "The patch is applied to the source in the kernel's profile, which is "
			   "proven to be what the kernel was made from. The tree that was named "
			   "has other versions of the files that the patch touches.",
		.remedy = "Name the source of that very version, or leave out --source.",
	},
	{
		.id = "units",
		.stages = SUT_STAGE_INPUT,
		.title =
			"Which units a patched header affects is not certain, or they are too many",
		.meaning = "Thousands of files may include a header. Those that use what the patch "
			   "changes in it are looked for by text, preprocessed with and without "
			   "the patch and compared. Where hundreds are left, or names are made up "
			   "by macros, that is no longer a live patch for a few functions.",
		.remedy = "If it is known which files need the change, name each with --unit; the "
			  "others keep the old code. Or change the functions of those files "
			  "instead of the header.",
	},
};

const size_t sut_rules_create_count = sizeof(sut_rules_create) / sizeof(sut_rules_create[0]);
