/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what is carried to the livepatch module: an object for the linker, the C file beside it with
 * what livepatch and the module loader want to be told, and both made into one .ko.
 */
#ifndef SUT_KERNEL_CREATE_EMIT_H
#define SUT_KERNEL_CREATE_EMIT_H

#include "kernel/create/extract.h"
#include "kernel/klp/relink.h"

/* The carried code as a relocatable object. */
struct sut_bytes sut_emit_object(struct sut_arena *arena, const struct sut_carry *carry);

/* What livepatch will bind in it: *count of them, in an array with room for one more. */
struct sut_klp_binding *sut_emit_bindings(struct sut_arena *arena, const struct sut_carry *carry,
					  size_t *count);

/* The source patch that goes along; path NULL: there is none. */
struct sut_emit_patch {
	const char *path;   /* what the assembler reads */
	const char *sha256; /* hex */
};

/*
 * The C file: the patch's objects and functions, its module's init and exit, what modpost would
 * write (vermagic, checksums of the exported symbols), and where it all comes from.
 */
const char *sut_emit_source(struct sut_arena *arena, const struct sut_kernel_options *options,
			    const struct sut_carry *carry, const struct sut_emit_patch *patch);

/*
 * Compiles and links the module in the scratch folder; carry has a part at least.
 */
enum sut_rc sut_emit_module(struct sut_arena *arena, const struct sut_kernel_options *options,
			    const struct sut_carry *carry, const char *scratch,
			    struct sut_bytes *module, struct sut_diag *diag);

#endif
