// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes may be the start of a function: moving them must stay in bounds and keep its word. */
#include "insn/insn.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool visit(const struct sut_insn *insn, void *context)
{
	uint64_t *next = context;

	if (insn->address != *next || insn->length == 0 || insn->length > 15)
		abort();
	*next += insn->length;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint64_t from = 0x401000, to = 0x7f0000;
	uint64_t next = from;
	struct sut_insn_head head;
	struct sut_diag diag = {0};
	unsigned int atleast;

	if (size < 1)
		return 0;
	atleast = data[0] % 24 + 1;
	data++, size--;
	if (sut_insn_walk(data, size, from, visit, &next, &diag) == SUT_OK && next != from + size)
		abort();
	if (sut_insn_move_head(data, size, from, to, atleast, &head, &diag) == SUT_OK &&
	    (head.consumed < atleast || head.consumed > size || head.size > SUT_INSN_HEAD_MAX))
		abort();
	return 0;
}
