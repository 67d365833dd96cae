/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An object of a kernel, vmlinux or a module, as something that units can be proven against.
 *
 * The proof of proof/proof.h wants linked code with symbols. vmlinux is linked, and its kallsyms
 * are its symbols. A module is a relocatable object: its sections are laid out here as a loader
 * might, and what it leaves undefined gets an address of its own for each name, so that a reference
 * to another symbol shows as another address.
 */
#ifndef SUT_KERNEL_CREATE_MATCH_H
#define SUT_KERNEL_CREATE_MATCH_H

#include "proof/proof.h"
#include "proof/target.h"
#include "kernel/image/image.h"
#include "kernel/image/module.h"

struct sut_kernel_target {
	const char *object; /* "vmlinux", or the module's name as the kernel has it */
	struct sut_target target;
	const struct sut_kernel_symbols *symbols;
	/* A module: where each of its sections was laid out, by ELF's index; 0: nowhere. */
	uint64_t *addresses;
	size_t address_count;
};

/* image and symbols must stay. */
void sut_kernel_target_vmlinux(struct sut_arena *arena, const struct sut_kernel_image *image,
			       const struct sut_kernel_symbols *symbols,
			       struct sut_kernel_target *target);

/* module must stay. SUT_INVALID (rule "format"), SUT_UNSUPPORTED (rule "reloc"). */
enum sut_rc sut_kernel_target_module(struct sut_arena *arena,
				     const struct sut_kernel_module *module,
				     struct sut_kernel_target *target, struct sut_diag *diag);

/* What kallsyms has of the object at this address under this name, or NULL. */
const struct sut_kernel_symbol *sut_kernel_target_symbol(const struct sut_kernel_target *target,
							 const char *name, uint64_t address);

/* The only symbol of that name, or NULL: there is none, or several. */
const struct sut_kernel_symbol *sut_kernel_target_unique(const struct sut_kernel_target *target,
							 const char *name);

/*
 * The proof that the target was built from the object. Functions of one name are told apart by
 * their place between others of the unit, for the linker keeps the compiler's order. What may
 * differ in the right kernel (weak functions that another unit's take the place of, code of the
 * start) is absent then.
 */
void sut_kernel_prove(struct sut_arena *arena, const struct sut_object *object,
		      const struct sut_kernel_target *target, struct sut_proof *proof);

#endif
