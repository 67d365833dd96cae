/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof that a unit, compiled here, is what the target was linked from: every function of it is
 * found in the target, instruction by instruction, and every address that the linker put there
 * agrees with every other. It proves compiler, flags, headers and source at once.
 *
 * What it finds on the way is the map of the unit: where each of its sections and each symbol of
 * other units lies in the target, private and stripped ones included.
 */
#ifndef SUT_PROOF_PROOF_H
#define SUT_PROOF_PROOF_H

#include "base/verdict.h"
#include "object/object.h"
#include "proof/target.h"

struct sut_located {
	bool known;
	uint64_t address; /* link-time; in TLS: the offset from the thread pointer, negative */
};

enum sut_proof_state {
	SUT_PROOF_ABSENT, /* not found; the linker may have dropped it */
	SUT_PROOF_EQUAL,
	SUT_PROOF_DIFFERENT, /* it is there, and it is other code */
};

struct sut_proof_def {
	enum sut_proof_state state;
	uint64_t address;
	uint64_t size;      /* in the target */
	uint64_t offset;    /* DIFFERENT: of the first difference, in the object's definition */
	const char *reason; /* DIFFERENT */
};

struct sut_proof {
	const struct sut_object *object;
	const struct sut_target *target;
	struct sut_located *sections; /* per section: of its first byte */
	struct sut_located *symbols;  /* per undefined symbol that the target defines */
	struct sut_proof_def *defs; /* functions; for variables ABSENT unless the content differs */
	size_t equal, different, absent; /* functions */
};

/*
 * Looks for every function of the object in the target. hints, or NULL, is a proof of another
 * compile of the same unit: its functions tell where to look.
 */
void sut_proof_run(struct sut_arena *arena, const struct sut_object *object,
		   const struct sut_target *target, const struct sut_proof *hints,
		   struct sut_proof *proof);

/* Refuses (rule "match") what is there but different. source names the unit. */
void sut_proof_judge(const struct sut_proof *proof, const char *source,
		     struct sut_verdict *verdict);

/* Warns (rule "compiler") when another compiler made the object than any that the target names. */
void sut_compilers_judge(const struct sut_object *object, const struct sut_target *target,
			 const char *source, struct sut_verdict *verdict);

#endif
