// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about kernels and their livepatch modules. Sorted by id. */
#include "base/rules-tables.h"

const struct sut_rule sut_rules_kernel[] = {
	{
		.id = "klp-binding",
		.stages = SUT_STAGE_INPUT,
		.title = "A symbol cannot be bound the way that was asked for",
		.meaning = "A livepatch module names a private symbol of the kernel in its own "
			   "symbol table, as .klp.sym.OBJECT.NAME,POSITION, and the kernel reads "
			   "that name back with limits: 55 characters without a point for the "
			   "object, 511 without a comma for the symbol. And only a symbol that "
			   "the module leaves undefined can be bound, once.",
		.remedy = "Correct the annotation that is named.",
	},
	{
		.id = "klp-late-section",
		.stages = SUT_STAGE_INPUT,
		.title = "A table that the kernel reads at once refers to a module that may come "
			 "later",
		.meaning = "Jump labels, alternatives, static calls, exception tables and the "
			   "like are worked through while the livepatch is loaded. A reference in "
			   "them that is filled in only when a module arrives is not there yet, "
			   "and the kernel does not look again. The same holds for code and data "
			   "of the livepatch's own init, which is freed by then.",
		.remedy = "Reach the symbol through a pointer in the patch's own data, without "
			  "macros that make such tables; or make a livepatch of its own for that "
			  "module, which is loaded when the module is there.",
	},
	{
		.id = "klp-late-text",
		.stages = SUT_STAGE_INPUT,
		.title = "Code of the livepatch refers directly to a module that may come and go",
		.meaning = "The address is written into the code when the module is loaded. "
			   "Linux 6.1 does not take it out when the module is unloaded, finds "
			   "something other than zero there at the next time, and refuses to load "
			   "the module again until the livepatch is gone.",
		.remedy = "Keep the address in a variable of the patch and set that to zero in "
			  "the object's post_unpatch callback: then the module may come and go. "
			  "Or allow it, where the module is never unloaded.",
	},
	{
		.id = "klp-object",
		.stages = SUT_STAGE_INPUT,
		.title = "A symbol of vmlinux is to be bound when a module arrives",
		.meaning = "vmlinux is always there, so the kernel binds its symbols while the "
			   "livepatch is loaded, and refuses a module's relocation section in "
			   "which one of them is named.",
		.remedy = "Bind the symbol together with vmlinux.",
	},
};

const size_t sut_rules_kernel_count = sizeof(sut_rules_kernel) / sizeof(sut_rules_kernel[0]);
