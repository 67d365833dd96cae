// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/site.h"
#include "insn/insn.h"

#include <string.h>

enum {
	JUMP_SIZE = 5,
	PUN_CODE_SIZE = 6, /* jmp *slot(%rip) */
	JUMP_OPCODE = 0xe9,
};

struct branch_search {
	uint64_t entry;
	bool found; /* a branch leads into entry + 1 .. entry + 4 */
};

static bool look_at_branch(const struct sut_insn *insn, void *context)
{
	struct branch_search *search = context;

	if ((insn->kind == SUT_INSN_JUMP || insn->kind == SUT_INSN_BRANCH ||
	     insn->kind == SUT_INSN_CALL) &&
	    insn->target > search->entry && insn->target < search->entry + JUMP_SIZE)
		search->found = true;
	return !search->found;
}

static bool in_one_word(uint64_t entry)
{
	return entry % 8 + JUMP_SIZE <= 8;
}

/* May all five bytes change once nobody is inside the function? */
static bool can_be_direct(uint64_t entry, const unsigned char *old, size_t size)
{
	struct branch_search search = {.entry = entry};
	struct sut_diag ignored;

	return size >= JUMP_SIZE && in_one_word(entry) &&
	       sut_insn_walk(old, size, entry, look_at_branch, &search, &ignored) == SUT_OK &&
	       !search.found;
}

static enum sut_rc refuse(const struct sut_plan *plan, const char *name, const char *reason,
			  struct sut_diag *diag)
{
	const struct sut_target *target = plan->runtime->target;

	sut_fail(diag, SUT_UNSUPPORTED, "entry",
		 "%s: process %d (%s): its entry cannot be taken: %s", name, target->pid,
		 target->name, reason);
	sut_remedy(diag, "Patch its callers instead, or restart the program.");
	return SUT_UNSUPPORTED;
}

/* Bytes behind a function shorter than a jump must be padding: nobody else changes or enters them.
 */
static bool followed_by_padding(const unsigned char *spelled, size_t size)
{
	unsigned char next = size < JUMP_SIZE ? spelled[size] : 0x90;

	/* nop, int3, or the prefix and first byte of the long forms of nop */
	return next == 0x90 || next == 0xcc || next == 0x66 ||
	       (next == 0x0f && size + 1 < JUMP_SIZE && spelled[size + 1] == 0x1f);
}

/* Maps the page that the function's own bytes 1..4 point to, and the jump through a slot in it. */
static bool plan_pun(struct sut_plan *plan, const unsigned char *spelled, struct sut_rt_func *func)
{
	unsigned char code[PUN_CODE_SIZE] = {0xff, 0x25};
	int32_t displacement;
	uint64_t at;

	memcpy(&displacement, spelled + 1, sizeof(displacement));
	at = func->entry + JUMP_SIZE + (uint64_t)(int64_t)displacement;
	func->slot = (at + PUN_CODE_SIZE + 7) & ~UINT64_C(7);
	if (at < (1 << 20) || at > (UINT64_C(1) << 47) - 2 * SUT_PAGE_SIZE ||
	    !sut_plan_pages(plan, at, func->slot + 8))
		return false;
	displacement = (int32_t)(func->slot - (at + PUN_CODE_SIZE));
	memcpy(code + 2, &displacement, sizeof(displacement));
	sut_plan_write(plan, at, sut_arena_memdup(plan->arena, code, sizeof(code)), sizeof(code));
	func->flags |= SUT_RT_FUNC_PUN;
	return true;
}

enum sut_rc sut_site_plan(struct sut_plan *plan, struct sut_zone *zone, const char *name,
			  uint64_t entry, const unsigned char *old, size_t size,
			  struct sut_rt_func *func, struct sut_diag *diag)
{
	struct sut_insn first;
	struct sut_insn_head *head = sut_arena_alloc(plan->arena, sizeof(*head));
	bool direct = can_be_direct(entry, old, size);
	unsigned char spelled[JUMP_SIZE];
	enum sut_rc rc = SUT_UNSUPPORTED;

	func->entry = entry;
	func->size = size;
	if (!sut_insn_decode(old, size, entry, &first))
		return refuse(plan, name, "its first instruction is unknown", diag);
	if (!sut_target_read(plan->runtime->target, sut_site_word_address(func), &func->original,
			     8))
		return refuse(plan, name, "its memory cannot be read", diag);
	func->head = sut_zone_core(plan, zone, SUT_SITE_HEAD_SIZE);
	if (direct)
		rc = sut_insn_move_head(old, size, entry, func->head, JUMP_SIZE, head, diag);
	if (rc == SUT_OK) {
		func->flags |= SUT_RT_FUNC_DIRECT;
	} else {
		rc = sut_insn_move_head(old, size, entry, func->head, 1, head, diag);
		if (rc != SUT_OK)
			return sut_context(diag, rc, "%s cannot be redirected", name);
	}
	sut_plan_write(plan, func->head, head->code, head->size);
	if ((func->flags & SUT_RT_FUNC_DIRECT) && first.length >= JUMP_SIZE)
		return SUT_OK;
	if (!sut_target_read(plan->runtime->target, entry, spelled, sizeof(spelled)))
		return refuse(plan, name, "it lies at the end of its segment", diag);
	if (followed_by_padding(spelled, size) && plan_pun(plan, spelled, func))
		return SUT_OK;
	return refuse(
		plan, name,
		"its first instruction is shorter than a jump, and the place that its own bytes "
		"lead to is in use",
		diag);
}

uint64_t sut_site_jump_word(const struct sut_rt_func *func, uint64_t word, uint64_t to)
{
	unsigned char bytes[8], *jump = bytes + func->entry % 8;
	int32_t displacement = (int32_t)(to - (func->entry + JUMP_SIZE));

	memcpy(bytes, &word, 8);
	jump[0] = JUMP_OPCODE;
	memcpy(jump + 1, &displacement, sizeof(displacement));
	memcpy(&word, bytes, 8);
	return word;
}

uint64_t sut_site_pun_word(const struct sut_rt_func *func, uint64_t word)
{
	unsigned char bytes[8];

	memcpy(bytes, &word, 8);
	bytes[func->entry % 8] = JUMP_OPCODE;
	memcpy(&word, bytes, 8);
	return word;
}
