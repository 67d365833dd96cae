// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moving the start of a function.
 *
 * When a function's entry is overwritten by a jump, the instructions that lay there must still be
 * runnable by those who want the old function: a copy elsewhere, followed by a jump back to the
 * first instruction that was not moved. The copy must have the same effect on registers, flags,
 * memory and control flow, and no frame may ever return into it, for what returns is searched for
 * in the original's range only.
 *
 *   * An instruction without a reference to its own address is copied as it is. endbr64, too: the
 *     copy may be reached by an indirect jump.
 *   * [rip+disp32] gets a new displacement to the same address.
 *   * jmp and jcc are written in their 32-bit forms, so a copy may be longer than the original
 *     (a 2-byte jcc becomes 6 bytes).
 *   * A call is refused: it would leave a return address in the copy. So is a branch to a moved
 *     byte: there is no copy of that label, and the original is overwritten. loop, jrcxz and xbegin
 *     have no form that reaches far. A trap is refused because a handler looks at its address.
 *   * jmp and ret end the walk: what follows them is another function or padding.
 */
#include "insn/insn.h"

#include <inttypes.h>
#include <string.h>

enum { JUMP_SIZE = 5, INSN_MAX = 15 };

struct mover {
	const unsigned char *code;
	uint64_t from;
	uint64_t to;
	struct sut_insn_head head;
	size_t target_count;
	uint64_t target[SUT_INSN_HEAD_MAX]; /* of moved branches */
	struct sut_diag *diag;
};

static enum sut_rc refuse(const struct mover *m, const struct sut_insn *insn, const char *reason)
{
	return sut_fail(m->diag, SUT_UNSUPPORTED, "entry",
			"function at 0x%" PRIx64 ": its start cannot be moved, %s at +%" PRIu64,
			m->from, reason, insn->address - m->from);
}

static bool displacement_to(uint64_t target, uint64_t end, int32_t *displacement)
{
	int64_t distance = (int64_t)(target - end);

	*displacement = (int32_t)distance;
	return *displacement == distance;
}

static enum sut_rc move_plain(struct mover *m, const struct sut_insn *insn)
{
	unsigned char *copy = m->head.code + m->head.size;
	int32_t old, new;

	memcpy(copy, m->code + m->head.consumed, insn->length);
	m->head.size += insn->length;
	if (!insn->rip_relative)
		return SUT_OK;
	memcpy(&old, copy + insn->displacement, sizeof(old));
	if (insn->memory != insn->address + insn->length + (uint64_t)(int64_t)old)
		return refuse(m, insn, "a 32-bit address");
	if (!displacement_to(insn->memory, m->to + m->head.size, &new))
		return refuse(m, insn, "data out of reach of the copy");
	memcpy(copy + insn->displacement, &new, sizeof(new));
	return SUT_OK;
}

/* jmp and jcc: the 32-bit form, to the same target. */
static enum sut_rc move_branch(struct mover *m, const struct sut_insn *insn)
{
	unsigned char *copy = m->head.code + m->head.size;
	unsigned int opcode_size = insn->kind == SUT_INSN_JUMP ? 1 : 2;
	int32_t displacement;

	if (insn->kind == SUT_INSN_BRANCH && insn->condition == SUT_INSN_CONDITION_NONE)
		return refuse(m, insn, "a branch without a 32-bit form");
	m->head.size += opcode_size + sizeof(displacement);
	if (!displacement_to(insn->target, m->to + m->head.size, &displacement))
		return refuse(m, insn, "a branch target out of reach of the copy");
	if (insn->kind == SUT_INSN_JUMP) {
		copy[0] = 0xe9;
	} else {
		copy[0] = 0x0f;
		copy[1] = (unsigned char)(0x80 | insn->condition);
	}
	memcpy(copy + opcode_size, &displacement, sizeof(displacement));
	m->target[m->target_count++] = insn->target;
	return SUT_OK;
}

static enum sut_rc move(struct mover *m, const struct sut_insn *insn)
{
	switch (insn->kind) {
	case SUT_INSN_OTHER:
	case SUT_INSN_SYSCALL:
	case SUT_INSN_JUMP_INDIRECT:
	case SUT_INSN_RETURN:
		return move_plain(m, insn);
	case SUT_INSN_JUMP:
	case SUT_INSN_BRANCH:
		return move_branch(m, insn);
	case SUT_INSN_CALL:
	case SUT_INSN_CALL_INDIRECT:
		return refuse(m, insn, "a call");
	case SUT_INSN_TRAP:
		return refuse(m, insn, "a trap instruction");
	}
	return refuse(m, insn, "an unknown instruction");
}

static bool ends_function(enum sut_insn_kind kind)
{
	return kind == SUT_INSN_JUMP || kind == SUT_INSN_JUMP_INDIRECT || kind == SUT_INSN_RETURN;
}

/* Moves until atleast bytes are consumed; *open: control can run off the end of the copy. */
static enum sut_rc move_all(struct mover *m, size_t size, unsigned int atleast, bool *open)
{
	struct sut_insn insn = {.address = m->from};

	*open = true;
	while (m->head.consumed < atleast) {
		uint64_t address = m->from + m->head.consumed;
		enum sut_rc rc;

		if (!*open || m->head.consumed == size)
			return refuse(m, &insn, "it ends too early");
		if (!sut_insn_decode(m->code + m->head.consumed, size - m->head.consumed, address,
				     &insn)) {
			insn.address = address;
			return refuse(m, &insn, "an undecodable instruction");
		}
		if (m->head.size + INSN_MAX + JUMP_SIZE > SUT_INSN_HEAD_MAX)
			return refuse(m, &insn, "too long a copy");
		rc = move(m, &insn);
		if (rc != SUT_OK)
			return rc;
		m->head.consumed += insn.length;
		*open = !ends_function(insn.kind);
	}
	return SUT_OK;
}

enum sut_rc sut_insn_move_head(const unsigned char *code, size_t size, uint64_t from, uint64_t to,
			       unsigned int atleast, struct sut_insn_head *head,
			       struct sut_diag *diag)
{
	struct mover m = {.code = code, .from = from, .to = to, .diag = diag};
	struct sut_insn end;
	bool open;
	enum sut_rc rc = move_all(&m, size, atleast, &open);

	if (rc != SUT_OK)
		return rc;
	end.address = from + m.head.consumed;
	for (size_t i = 0; i < m.target_count; i++)
		if (m.target[i] - from < m.head.consumed)
			return refuse(&m, &end, "a branch back into the moved bytes, which end");
	if (open) {
		if (m.head.consumed == size)
			return refuse(&m, &end, "it runs off its end");
		if (!sut_insn_jump(m.head.code + m.head.size, to + m.head.size, end.address))
			return refuse(&m, &end, "the way back is out of reach");
		m.head.size += JUMP_SIZE;
	}
	*head = m.head;
	return SUT_OK;
}
