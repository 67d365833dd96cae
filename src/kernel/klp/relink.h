/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last step of a kernel livepatch: symbols that the module leaves undefined become livepatch
 * symbols, and what refers to them becomes livepatch relocations.
 *
 *   undefined NAME        ->  .klp.sym.OBJECT.NAME,SYMPOS   (section index SHN_LIVEPATCH)
 *   its relocations       ->  .klp.rela.WITH.SECTION        (SHF_RELA_LIVEPATCH)
 *
 * A linker cannot do it: it knows one table of relocations for each section, and here there is one
 * more for each object whose arrival the relocations wait for. So a finished module is written
 * again. The kernel's rules for the result are checked here, for it would find some of them only
 * when the module is loaded, and others never (Documentation/livepatch/module-elf-format.rst,
 * kernel/livepatch/core.c).
 */
#ifndef SUT_KERNEL_KLP_RELINK_H
#define SUT_KERNEL_KLP_RELINK_H

#include "kernel/klp/ko.h"

/* What sscanf() in the kernel leaves room for, without the end. */
enum { SUT_KLP_OBJECT_MAX = 55, SUT_KLP_SYMBOL_MAX = 511 };

#define SUT_KLP_VMLINUX "vmlinux"

/* Sections in which authors annotate what a symbol is; the object's name follows. */
#define SUT_KLP_ANNOTATIONS ".klp.module_relocs."

/* What one undefined symbol of the module is. */
struct sut_klp_binding {
	const char *symbol; /* as the module names it */
	const char *object; /* where it is: "vmlinux", or a module's name as the kernel has it */
	const char *name;   /* what it is called there; NULL: the same */
	uint64_t sympos;    /* 0: the name is unique there; n: the n-th of that name in kallsyms */
	/*
	 * When its relocations are written. "vmlinux" or NULL: while the livepatch itself is
	 * loaded, so that its object must be there already. A module: whenever that arrives, or at
	 * once if it is there. Only its own symbols and those of other modules may be late, never
	 * vmlinux's.
	 */
	const char *with;
};

struct sut_klp_relink {
	const struct sut_klp_binding *bindings;
	size_t binding_count;
	/*
	 * Late relocations in code are refused ("klp-late-text"): Linux 6.1 does not clear them
	 * when the object leaves, and refuses to load it again as long as the livepatch is there.
	 */
	bool late_text;
};

/* What was done, for people. */
struct sut_klp_relinked {
	struct sut_bytes bytes; /* the new module, in the arena */
	size_t symbol_count;    /* that became livepatch symbols */
	size_t reloc_count;     /* that became livepatch relocations */
	size_t section_count;   /* new ones: .klp.rela.* */
	size_t late_count;      /* of reloc_count: those that wait for a module */
};

/*
 * The same module and bindings give the same bytes. An appended signature is not carried over, for
 * it would be wrong. Sections .klp.module_relocs.* are no longer loaded: they have done their work.
 *
 * SUT_INVALID ("klp-binding") for a binding whose symbol the module does not leave undefined, or
 * that is not well-formed; SUT_REFUSED ("klp-object", "klp-late-section", "klp-late-text") for what
 * the kernel refuses, or would get wrong without a word.
 */
enum sut_rc sut_klp_relink(struct sut_arena *arena, const struct sut_ko *ko,
			   const struct sut_klp_relink *options, struct sut_klp_relinked *relinked,
			   struct sut_diag *diag);

#endif
