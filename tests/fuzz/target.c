// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes may come as a program or a shared object: a unit is looked for in it. What is called
 * equal lies in code of the target, and a stripped one is searched, too.
 */
#include "base/guard.h"
#include "proof/proof.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct sut_arena unit_arena;
static struct sut_object unit;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct sut_diag diag = {0};

	(void)argc, (void)argv;
	if (sut_object_load(&unit_arena, UNIT, &unit, &diag))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_bytes bytes = {data, size};
	struct sut_verdict verdict = {.arena = &arena};
	struct sut_target target;
	struct sut_proof proof;
	struct sut_diag diag = {0};

	if (!unit.def_count)
		LLVMFuzzerInitialize(NULL, NULL);
	if (sut_target_parse(&arena, "fuzz", bytes, &target, &diag))
		return 0;
	sut_proof_run(&arena, &unit, &target, NULL, &proof);
	sut_proof_judge(&proof, "fuzz.c", &verdict);
	for (size_t i = 0; i < unit.def_count; i++) {
		if (sut_def_is_function(&unit.defs[i]) && proof.defs[i].state == SUT_PROOF_EQUAL &&
		    !sut_target_code(&target, proof.defs[i].address))
			abort();
	}
	return 0;
}
