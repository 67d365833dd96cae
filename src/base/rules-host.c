// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about patches of the running kernel. Sorted by id. */
#include "base/rules-tables.h"

const struct sut_rule sut_rules_host[] = {
	{
		.id = "kernel-below",
		.stages = SUT_STAGE_PROCESS,
		.title = "A newer patch lies over this one, so its way out is not turned round",
		.meaning = "Linux 6.1 can disable a patch whose functions a newer one has, too. "
			   "But when that is turned round it takes the end of its list of "
			   "versions for one of them, and the transition may never end.",
		.remedy = "Free the tasks that block (suture blockers kernel), or revert the newer "
			  "patch first.",
	},
	{
		.id = "kernel-count",
		.stages = SUT_STAGE_PROCESS,
		.title = "The patch has so many functions that the kernel is busy for long",
		.meaning = "The kernel registers each function with its tracer by itself: measured "
			   "on 6.1, 0.016 s to apply one, and 0.16 s to take it out, be it by "
			   "revert or by a patch that replaces. Meanwhile no module can be loaded "
			   "and no other patch be touched.",
		.remedy = "Load suture-accel.ko before the patch: with it, it is a thousandth. "
			  "Without "
			  "it, do it when nobody needs modules.",
	},
	{
		.id = "kernel-depends",
		.stages = SUT_STAGE_PROCESS,
		.title = "The livepatch needs a module that is not loaded",
		.meaning = "It uses symbols that the other module exports, so the kernel would "
			   "refuse it with \"Unknown symbol\".",
		.remedy = "Load the module that is named.",
	},
	{
		.id = "kernel-force",
		.stages = SUT_STAGE_PROCESS,
		.title = "Only a transition that runs can be forced",
		.meaning = "Force takes all tasks over at once that have not gone over by "
			   "themselves. Where no transition runs there are none.",
		.remedy = "`suture status kernel` says what is in transition.",
	},
	{
		.id = "kernel-ftrace",
		.stages = SUT_STAGE_PROCESS,
		.title = "The kernel's tracer is switched off",
		.meaning = "Livepatches redirect functions by ftrace. With the sysctl "
			   "kernel.ftrace_enabled at 0 the kernel loads the module, fails to "
			   "redirect and answers \"Device or resource busy\".",
		.remedy = "sysctl kernel.ftrace_enabled=1",
	},
	{
		.id = "kernel-functions",
		.stages = SUT_STAGE_PROCESS,
		.title = "What the livepatch replaces is not to be read from its file",
		.meaning = "Some tools fill the kernel's structures when the module is loaded. "
			   "Symbols, tracers and costs are then not checked before that; the "
			   "kernel's own checks remain.",
		.remedy = "Nothing needs to be done. `suture status kernel` shows it afterwards.",
	},
	{
		.id = "kernel-kprobe",
		.stages = SUT_STAGE_PROCESS,
		.title = "A kprobe inside a function will not be hit any more",
		.meaning = "Calls go to the new function; the probe stays in the old one.",
		.remedy = "Set the probe in the new function, which is in the livepatch's module.",
	},
	{
		.id = "kernel-livepatch",
		.stages = SUT_STAGE_PROCESS,
		.title = "This kernel has no livepatches",
		.meaning = "Its own livepatch code does the patching, and /sys/kernel/livepatch is "
			   "how it is spoken to.",
		.remedy = "Take a kernel with CONFIG_LIVEPATCH, as distributions' x86-64 kernels "
			  "have it.",
	},
	{
		.id = "kernel-load",
		.stages = SUT_STAGE_PROCESS,
		.title = "The kernel did not take the module",
		.meaning = "All that can be known before was checked, and the kernel still said "
			   "no. What it wrote to its log meanwhile is shown, and what that means "
			   "comes first. Nothing of the patch is left.",
		.remedy = "The message names the remedy.",
	},
	{
		.id = "kernel-modules",
		.stages = SUT_STAGE_PROCESS,
		.title = "The kernel takes no modules any more",
		.meaning = "Somebody has set the sysctl kernel.modules_disabled, which lasts until "
			   "the machine is started again.",
		.remedy = "Start with a fixed kernel instead.",
	},
	{
		.id = "kernel-name",
		.stages = SUT_STAGE_PROCESS,
		.title = "The name is taken by another patch or module",
		.meaning = "The kernel knows patches and modules by their names alone. One that is "
			   "there and is not this very file is not taken for it.",
		.remedy = "Revert the other one, or give the patch a name with its version in it.",
	},
	{
		.id = "kernel-no-livepatch",
		.stages = SUT_STAGE_PROCESS,
		.title = "The file is no livepatch",
		.meaning = "A kernel module can be loaded and yet patch nothing. A livepatch is "
			   "marked as one, and enables itself when it is loaded. One that does not "
			   "is unloaded at once.",
		.remedy = "MODULE_INFO(livepatch, \"Y\") in its source.",
	},
	{
		.id = "kernel-object",
		.stages = SUT_STAGE_PROCESS,
		.title = "A module that the patch is about is not loaded",
		.meaning = "Its functions are patched when it is loaded, before anything of it "
			   "runs, so this is mostly fine. But symbols of it that the patch needs "
			   "at once must be there, and what is built into the kernel never comes.",
		.remedy = "Load the module first, where the message says so.",
	},
	{
		.id = "kernel-redirected",
		.stages = SUT_STAGE_PROCESS,
		.title = "Somebody else redirects the function",
		.meaning = "Only one user of ftrace may change where calls of a function go: a "
			   "livepatch, or a kprobe or BPF program that does so.",
		.remedy = "Take the other one away. /sys/kernel/tracing/enabled_functions has an I "
			  "where a function is redirected.",
	},
	{
		.id = "kernel-release",
		.stages = SUT_STAGE_PROCESS,
		.title = "The livepatch was made for another kernel",
		.meaning = "The kernel compares only the checksums of what a module imports, and "
			   "would take a patch for another version when those agree, whatever has "
			   "become of the functions that it replaces.",
		.remedy = "Make the patch for the kernel that runs.",
	},
	{
		.id = "kernel-replace",
		.stages = SUT_STAGE_PROCESS,
		.title = "The patch would not take the place of the one that is named",
		.meaning = "`suture replace` is for one patch instead of another. Where the new "
			   "one does not replace, both would be in use.",
		.remedy = "`suture apply` applies it beside the others. A patch that replaces has "
			  ".replace = true.",
	},
	{
		.id = "kernel-replaces",
		.stages = SUT_STAGE_PROCESS,
		.title = "The patch replaces all others, whoever made them",
		.meaning = "The kernel's atomic replace knows no owners: every other patch is gone "
			   "at the end, without a word of its own. Those that suture did not make "
			   "are named.",
		.remedy = "See to it that the new patch has what the others had.",
	},
	{
		.id = "kernel-signature",
		.stages = SUT_STAGE_PROCESS,
		.title = "The kernel takes only signed modules, and this one is not",
		.meaning = "So it is with Secure Boot (lockdown), and with module.sig_enforce. "
			   "Whether a signature is one of a trusted key only the kernel can say.",
		.remedy = "Sign the module (suture create or convert, --key) with a key that the "
			  "kernel trusts: one that the machine's firmware has, or an enrolled "
			  "owner's "
			  "key (mokutil --import).",
	},
	{
		.id = "kernel-symbol",
		.stages = SUT_STAGE_PROCESS,
		.title = "A function or variable of the patch is not in this kernel, or not the "
			 "only "
			 "one",
		.meaning = "Names are looked up among all symbols of the object. Many occur more "
			   "than once, and then the patch must say which one it means; a guess "
			   "would patch another function.",
		.remedy = "Make the patch for exactly this kernel.",
	},
	{
		.id = "kernel-taint",
		.stages = SUT_STAGE_PROCESS,
		.title = "The kernel is marked by the patch",
		.meaning = "Taints are for those who read a later report of a failure. They stay "
			   "until the machine is started again.",
		.remedy = "Nothing needs to be done.",
	},
	{
		.id = "kernel-tracer",
		.stages = SUT_STAGE_PROCESS,
		.title = "A function of the patch is traced",
		.meaning =
			"A function with more than one user of ftrace is called through the list "
			"of all users, and every patched function of the system is one: 53 "
			"instructions each, measured on 6.1, at every call.",
		.remedy = "End the tracer, perf or bpftrace, or the kprobe, when it is not needed.",
	},
	{
		.id = "kernel-transition",
		.stages = SUT_STAGE_PROCESS,
		.title = "The transition of another patch is under way",
		.meaning = "The kernel does one transition at a time. One that a task blocks stays "
			   "open as long as that does.",
		.remedy = "`suture blockers kernel` says who blocks, and what frees them.",
	},
};

const size_t sut_rules_host_count = sizeof(sut_rules_host) / sizeof(sut_rules_host[0]);
