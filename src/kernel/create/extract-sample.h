/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: a unit that gcc compiles now, in a kernel of two units that is linked from it. */
#ifndef SUT_KERNEL_CREATE_EXTRACT_SAMPLE_H
#define SUT_KERNEL_CREATE_EXTRACT_SAMPLE_H

#include "kernel/create/extract.h"
#include "object/testunit.h"

struct sut_carry_sample {
	struct sut_testunit test;
	struct sut_object before, after;
	struct sut_diff diff;
	struct sut_kernel_image image;
	struct sut_kernel_symbols symbols;
	struct sut_kernel_target target;
	struct sut_klp_kernel kernel; /* without modules */
	struct sut_symvers symvers;   /* vmlinux exports what begins with "exported" */
	struct sut_kernel_part part;
	struct sut_kernel_proven proven;
	struct sut_carry carry;
};

#define SUT_CARRY_SAMPLE __attribute__((cleanup(sut_carry_sample_deinit))) struct sut_carry_sample

/* What a unit of the kernel is compiled with. */
#define SUT_CARRY_FLAGS                                                                            \
	"-O2 -fno-pie -mcmodel=kernel -pg -mfentry -mrecord-mcount "                               \
	"-fno-asynchronous-unwind-tables "                                                         \
	"-fcf-protection=none -fno-stack-protector -fno-jump-tables"

/* Compiles both sides, links the kernel from the first and `other`, and proves it. */
void sut_carry_sample_init(struct sut_carry_sample *sample, const char *other, const char *before,
			   const char *after);
/* Carries what changed. object: whose code the unit is, for a module "mod". */
void sut_carry_sample_run(struct sut_carry_sample *sample, const char *object);
void sut_carry_sample_deinit(struct sut_carry_sample *sample);

/* The sample's symbol of that name and kind, or NULL. */
const struct sut_carry_symbol *sut_carry_sample_symbol(const struct sut_carry_sample *sample,
						       enum sut_carry_source source,
						       const char *name);
/* The sample's section of that name, or NULL. */
const struct sut_carry_section *sut_carry_sample_section(const struct sut_carry_sample *sample,
							 const char *name);

#endif
