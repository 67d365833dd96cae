// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an object that comes after the patch will need: its functions are redirected in the moment
 * that it is mapped, when nobody is there who could look for its file. So the patch file brings the
 * bytes that the jump will cover, where a jump can be.
 */
#include "judge/judge.h"
#include "insn/insn.h"

#include <string.h>

enum { WORD_SIZE = 8, JUMP_SIZE = 5 };

static bool visit(const struct sut_insn *insn, void *context)
{
	uint64_t *entry = context;
	bool leads = insn->kind == SUT_INSN_JUMP || insn->kind == SUT_INSN_BRANCH ||
		     insn->kind == SUT_INSN_CALL;

	if (!leads || insn->target <= *entry || insn->target >= *entry + JUMP_SIZE)
		return true;
	*entry = 0;
	return false;
}

/* Does nothing in the function lead to the bytes behind its first? */
static bool is_free(const struct sut_target *target, const struct sut_patch_func *func)
{
	uint64_t entry = func->pieces[0].address;
	struct sut_diag ignored;

	for (size_t i = 0; i < func->piece_count; i++) {
		const struct sut_patch_piece *piece = &func->pieces[i];
		const unsigned char *code = sut_target_bytes(target, piece->address, piece->size);

		if (!code || sut_insn_walk(code, piece->size, piece->address, visit, &entry,
					   &ignored) != SUT_OK)
			return false;
	}
	return entry != 0;
}

/* Behind the end of its segment there are zeros, which are no part of the function. */
static const unsigned char *bytes_from(struct sut_arena *arena, const struct sut_target *target,
				       uint64_t address)
{
	unsigned char *bytes = sut_arena_alloc(arena, SUT_PATCH_ENTRY_SIZE);

	for (uint64_t size = SUT_PATCH_ENTRY_SIZE; size >= WORD_SIZE; size--) {
		const unsigned char *found = sut_target_bytes(target, address, size);

		if (found)
			return memcpy(bytes, found, size);
	}
	return NULL;
}

void sut_entries_note(struct sut_extract *extract)
{
	struct sut_patch *patch = extract->patch;

	for (size_t i = 0; i < patch->func_count; i++) {
		struct sut_patch_func *func = &patch->funcs[i];
		const struct sut_target *target = extract->targets[func->object];
		uint64_t entry = func->piece_count ? func->pieces[0].address : 0;

		if (!func->piece_count || func->pieces[0].size < JUMP_SIZE ||
		    entry % WORD_SIZE + JUMP_SIZE > WORD_SIZE || !is_free(target, func))
			continue;
		func->entry = bytes_from(extract->arena, target, entry - entry % WORD_SIZE);
	}
}
