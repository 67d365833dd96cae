/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the undefined symbols of a hand-written livepatch are, in the kernel that it is for.
 *
 * A symbol that modpost has resolved, or that the kernel exports, is an ordinary one. Every other
 * is looked for in vmlinux and in the modules that the livepatch patches, and bound when there is
 * exactly one of that name. What its author has to say is said in the source, in either form that
 * has been proposed upstream:
 *
 *   extern T name KLP_RELOC_SYMBOL_POS(PATCHED, OBJECT, NAME, POS);
 *       the symbol is called ".klp.sym.rela.PATCHED.OBJECT.NAME,POS" in the object file; it is
 *       bound when PATCHED arrives, which may be vmlinux: at once
 *
 *   static KLP_MODULE_RELOC(OBJECT) relocs[] = { KLP_SYMPOS(name, POS), ... };
 *       an array of { pointer, unsigned int } in a section ".klp.module_relocs.OBJECT"
 */
#ifndef SUT_KERNEL_KLP_CONVERT_H
#define SUT_KERNEL_KLP_CONVERT_H

#include "base/verdict.h"
#include "kernel/klp/kernel.h"
#include "kernel/klp/patch.h"
#include "kernel/klp/relink.h"

struct sut_klp_conversion {
	size_t count;
	struct sut_klp_binding *bindings; /* in the order of the symbol table */
};

/*
 * Modules in `present` are certain to be there when the livepatch is loaded, and to stay as long as
 * it: their symbols are bound at once. A symbol that is not certain is a refusal ("klp-symbol",
 * "klp-ambiguous") with what it may be as evidence. SUT_INVALID (rule "klp-annotation"): an
 * annotation cannot be read.
 */
enum sut_rc sut_klp_resolve(const struct sut_ko *ko, const struct sut_klp_patch *patch,
			    struct sut_klp_kernel *kernel, const char *const *present,
			    size_t present_count, struct sut_klp_conversion *conversion,
			    struct sut_verdict *verdict, struct sut_diag *diag);

#endif
