/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What relink asks about one binding; the kernel's rules are in these functions. */
#ifndef SUT_KERNEL_KLP_BINDING_H
#define SUT_KERNEL_KLP_BINDING_H

#include "kernel/klp/relink.h"

/* The module with whose arrival it is bound, or "vmlinux". */
const char *sut_klp_binding_with(const struct sut_klp_binding *binding);

/* What the symbol is called in its object. */
const char *sut_klp_binding_name(const struct sut_klp_binding *binding);

bool sut_klp_binding_is_late(const struct sut_klp_binding *binding);

/* Says why a binding cannot be used; returns SUT_INVALID. */
enum sut_rc sut_klp_binding_refuse(const struct sut_ko *ko, const struct sut_klp_binding *binding,
				   const char *why, struct sut_diag *diag);

/* Whether the kernel could read it, and would bind it then. */
enum sut_rc sut_klp_binding_check(const struct sut_ko *ko, const struct sut_klp_binding *binding,
				  struct sut_diag *diag);

/* Whether a reference to its symbol from a section can wait for it. */
enum sut_rc sut_klp_binding_check_reloc(const struct sut_ko *ko,
					const struct sut_klp_binding *binding,
					const struct sut_kernel_section *section,
					const Elf64_Rela *rela, bool late_text,
					struct sut_diag *diag);

#endif
