// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about kernels and their livepatch modules. Sorted by id. */
#include "base/rules-tables.h"

const struct sut_rule sut_rules_kernel[] = {
	{
		.id = "kallsyms",
		.stages = SUT_STAGE_INPUT,
		.title = "The kernel's own list of symbols cannot be read",
		.meaning = "A livepatch names a private symbol by its position among those of its "
			   "name, in the order of the kernel's list (kallsyms). The list is read "
			   "from the image itself, where nothing says where it lies: it is "
			   "believed only when all its tables agree with each other and with the "
			   "image. A wrong list would bind patches to other symbols.",
		.remedy = "Use a kernel with CONFIG_KALLSYMS_ALL, version 6.1 or later.",
	},
	{
		.id = "kernel-files",
		.stages = SUT_STAGE_INPUT,
		.title = "The files of the kernel are not here",
		.meaning = "Private symbols of a kernel are numbered in the order of its own table "
			   "of symbols, and a module's in that of its file. So they can only be "
			   "looked up in the files of that very kernel: its image, and for modules "
			   "the folder of them.",
		.remedy = "Install that kernel, or unpack its package and name the image with "
			  "--image, the folder of its modules with --object-dir and Module.symvers "
			  "(in the package of its headers) with --symvers.",
	},
	{
		.id = "kernel-image",
		.stages = SUT_STAGE_INPUT,
		.title = "An image or module of a kind that is not known",
		.meaning = "Images and modules of x86-64 kernels are read, as they are or packed "
			   "with xz, gzip or zstd.",
		.remedy = "Unpack the file with its own tool (scripts/extract-vmlinux of the "
			  "kernel's source knows all packings of images) and name the result.",
	},
	{
		.id = "kernel-profile",
		.stages = SUT_STAGE_INPUT | SUT_STAGE_FILE,
		.title = "The packages do not give a kernel that can be compiled again",
		.meaning =
			"The profile of a kernel is made of its image, headers, programs of the "
			"build and source, all of the very same version, and of the compiler "
			"that the kernel was built with. What is compiled must come out as it "
			"was shipped, or no patch could be proven to fit. Kernels of which the "
			"build "
			"finishes all units together (IBT, LTO) cannot be compiled unit by unit.",
		.remedy = "Name the packages of one version with --packages, or let them be "
			  "fetched; install the compiler that is named.",
	},
	{
		.id = "klp-ambiguous",
		.stages = SUT_STAGE_INPUT,
		.title = "A name that several symbols of the kernel have",
		.meaning = "Static functions and variables of different files may have the same "
			   "name; in a distribution's kernel more than a thousand names are taken "
			   "twice or more. Which one is meant only the author knows, and a guess "
			   "would patch or read something else.",
		.remedy = "Look at the neighbours that are named with each, choose one, and "
			  "annotate the declaration as is shown with it.",
	},
	{
		.id = "klp-annotation",
		.stages = SUT_STAGE_INPUT,
		.title = "An annotation of a symbol cannot be read",
		.meaning = "An author says what a symbol is by its name in the object file, "
			   ".klp.sym.rela.PATCHED.OBJECT.NAME,POS, or by an element of an array in "
			   "a section .klp.module_relocs.OBJECT that is a pointer to the undefined "
			   "symbol and an unsigned int.",
		.remedy = "Use the macros of the guide for kernel patches, and give a number as "
			  "position: 0 for a name that is unique.",
	},
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
		.id = "klp-clone",
		.stages = SUT_STAGE_INPUT,
		.title = "A livepatch is bound to a copy of a function",
		.meaning = "For some callers the compiler makes copies of a function, with "
			   "parameters left out, passed as values instead of pointers, or only a "
			   "part of the code. Their names end in .constprop, .isra, .part or .cold "
			   "and a number. A declaration as in the source may be wrong for them.",
		.remedy = "Look at the code of the copy and of its callers, or bring the function "
			  "in the patch.",
	},
	{
		.id = "klp-crc",
		.stages = SUT_STAGE_INPUT,
		.title = "A symbol of another version than the kernel's",
		.meaning = "With MODVERSIONS each exported symbol has a checksum of its type. The "
			   "module carries those that it was built with, and the kernel refuses it "
			   "when one differs: types are laid out differently.",
		.remedy = "Build the module with the headers of the very kernel.",
	},
	{
		.id = "klp-early",
		.stages = SUT_STAGE_INPUT,
		.title = "A module's symbol is bound when the livepatch is loaded",
		.meaning = "That works only while the module is there, and nothing takes the "
			   "address out again when it is unloaded: code of the patch would then "
			   "use memory of somebody else.",
		.remedy = "Do this only in a livepatch that goes before the module goes, or where "
			  "the module is never unloaded.",
	},
	{
		.id = "klp-func",
		.stages = SUT_STAGE_INPUT,
		.title = "A function that livepatching cannot redirect",
		.meaning = "The kernel redirects calls by ftrace, at the entry that the compiler "
			   "made for it. Functions marked notrace, written in assembler or "
			   "compiled into their callers have none, and __init functions are gone.",
		.remedy = "Replace the functions that call it instead.",
	},
	{
		.id = "klp-kernel",
		.stages = SUT_STAGE_INPUT,
		.title = "The kernel has no livepatching",
		.meaning = "It was built without CONFIG_LIVEPATCH, so it refuses every module that "
			   "is marked as a livepatch.",
		.remedy = "Use a kernel that has it; Debian's for amd64 have.",
	},
	{
		.id = "klp-key",
		.stages = SUT_STAGE_INPUT,
		.title = "A module cannot be signed with this key",
		.meaning =
			"The private key or its certificate cannot be read, the key asks for a "
			"passphrase, or the two do not belong together. A kernel that takes only "
			"signed modules knows the certificate, and checks with that.",
		.remedy = "Name a private key in PEM without a passphrase and the certificate of "
			  "that key.",
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
		.remedy =
			"Let the object's post_unpatch callback be sut_clear_relocs of "
			"suture/reload.h, "
			"which puts the zeros back; or keep the address in a variable of the patch "
			"and set that to zero there. Or allow it, where the module is never "
			"unloaded.",
	},
	{
		.id = "klp-license",
		.stages = SUT_STAGE_INPUT,
		.title = "The module is not under the GPL",
		.meaning =
			"klp_enable_patch() and much of what livepatches need is only for modules "
			"under a license that the kernel knows as compatible with its own.",
		.remedy = "MODULE_LICENSE(\"GPL\"), if that is so.",
	},
	{
		.id = "klp-modinfo",
		.stages = SUT_STAGE_INPUT,
		.title = "The module is not marked as a livepatch",
		.meaning = "Without livepatch=Y in its .modinfo the kernel neither keeps what "
			   "livepatch relocations need nor lets klp_enable_patch() succeed.",
		.remedy = "Add MODULE_INFO(livepatch, \"Y\") to its source.",
	},
	{
		.id = "klp-never",
		.stages = SUT_STAGE_INPUT,
		.title = "Relocations that nobody would apply",
		.meaning = "The kernel applies the livepatch relocations of a module when it "
			   "patches that module, and only then. This livepatch has no object of "
			   "that name, so the references would stay zero.",
		.remedy = "Add the module to the livepatch's objects, if only with callbacks; or "
			  "bind the symbol at once, where the module is certain to be there.",
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
	{
		.id = "klp-symbol",
		.stages = SUT_STAGE_INPUT,
		.title = "A symbol that the kernel does not have",
		.meaning = "The livepatch refers to a function or variable by a name that is "
			   "neither exported nor in the object's table of symbols. The compiler "
			   "may have inlined it, or renamed it by a suffix (.isra.0, "
			   ".constprop.0), or it belongs to another version or to a module that "
			   "the livepatch does not patch.",
		.remedy = "Look for the name in the kernel's /proc/kallsyms. Annotate symbols of "
			  "modules that are not patched, and those with a suffix.",
	},
	{
		.id = "klp-sympos",
		.stages = SUT_STAGE_INPUT,
		.title = "A position that does not single out a symbol",
		.meaning = "Where several symbols have one name, old_sympos and the number behind "
			   "the comma of .klp.sym say which, counted from 1 in the order of the "
			   "kernel's own table. 0 is right only for a name that is unique.",
		.remedy = "Take the number from `suture convert`, for this very kernel.",
	},
	{
		.id = "klp-twice",
		.stages = SUT_STAGE_INPUT,
		.title = "The livepatch has something twice",
		.meaning = "Each object and each function of it becomes a folder below "
			   "/sys/kernel/livepatch, and the second of the same name is refused.",
		.remedy = "Put all functions of an object into one array, each once.",
	},
	{
		.id = "klp-unknown",
		.stages = SUT_STAGE_INPUT,
		.title = "A module whose file is not here",
		.meaning = "What the livepatch wants of it could not be looked up, so nothing is "
			   "said about that part.",
		.remedy = "Name the folder of the kernel's modules with --object-dir.",
	},
	{
		.id = "klp-unreadable",
		.stages = SUT_STAGE_INPUT,
		.title = "What the livepatch patches cannot be read from its file",
		.meaning = "It fills its struct klp_patch while it is loaded. So neither its "
			   "functions nor their positions are checked.",
		.remedy = "Define the arrays of functions and objects as static data, as the "
			  "kernel's samples do.",
	},
	{
		.id = "klp-vermagic",
		.stages = SUT_STAGE_INPUT,
		.title = "The module was built for another kernel",
		.meaning = "The kernel compares version and build options, and private symbols are "
			   "only known of the very kernel that they were looked up in.",
		.remedy = "Build it with the headers of the kernel that it is for.",
	},
};

const size_t sut_rules_kernel_count = sizeof(sut_rules_kernel) / sizeof(sut_rules_kernel[0]);
