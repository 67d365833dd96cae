// SPDX-License-Identifier: GPL-2.0-or-later
#include "insn/insn.h"

#include <Zydis/Zydis.h>

/* rbx, rbp, r12 to r15 by DWARF's numbers; -1: a call may change it. */
static int kept_register(ZydisRegister reg)
{
	switch (ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg)) {
	case ZYDIS_REGISTER_RBX:
		return 3;
	case ZYDIS_REGISTER_RBP:
		return 6;
	case ZYDIS_REGISTER_R12:
		return 12;
	case ZYDIS_REGISTER_R13:
		return 13;
	case ZYDIS_REGISTER_R14:
		return 14;
	case ZYDIS_REGISTER_R15:
		return 15;
	default:
		return -1;
	}
}

/* By how much the stack pointer, which this instruction writes, goes up. false: nobody knows. */
static bool stack_change(const ZydisDecodedInstruction *raw, const ZydisDecodedOperand *operands,
			 int64_t *by)
{
	const ZydisDecodedOperand *from = &operands[1];

	switch (raw->mnemonic) {
	case ZYDIS_MNEMONIC_PUSH:
	case ZYDIS_MNEMONIC_PUSHFQ:
		*by = -(int64_t)(raw->operand_width / 8);
		return true;
	case ZYDIS_MNEMONIC_POP:
	case ZYDIS_MNEMONIC_POPFQ:
		*by = raw->operand_width / 8;
		return operands[0].type != ZYDIS_OPERAND_TYPE_REGISTER ||
		       operands[0].reg.value != ZYDIS_REGISTER_RSP;
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_SUB:
		*by = raw->mnemonic == ZYDIS_MNEMONIC_ADD ? from->imm.value.s : -from->imm.value.s;
		return raw->operand_width == 64 && from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
	case ZYDIS_MNEMONIC_LEA:
		*by = from->mem.disp.value;
		return raw->operand_width == 64 && from->mem.base == ZYDIS_REGISTER_RSP &&
		       from->mem.index == ZYDIS_REGISTER_NONE;
	case ZYDIS_MNEMONIC_RET:
		*by = 8;
		return raw->operand_count_visible == 0;
	case ZYDIS_MNEMONIC_CALL:
		*by = 0; /* when it has returned */
		return true;
	default:
		return false;
	}
}

bool sut_insn_stack(const unsigned char *code, size_t size, struct sut_insn_stack *stack)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction raw;
	ZydisDecoder decoder;

	*stack = (struct sut_insn_stack){.popped = -1};
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, code, size, &raw, operands)))
		return false;
	for (int i = 0; i < raw.operand_count; i++) {
		const ZydisDecodedOperand *o = &operands[i];
		int kept;

		if (o->type != ZYDIS_OPERAND_TYPE_REGISTER ||
		    !(o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		if (ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, o->reg.value) ==
			    ZYDIS_REGISTER_RSP &&
		    !stack_change(&raw, operands, &stack->by))
			return false;
		kept = kept_register(o->reg.value);
		if (kept < 0)
			continue;
		if (raw.mnemonic == ZYDIS_MNEMONIC_POP)
			stack->popped = kept;
		else
			stack->written |= 1u << kept;
	}
	return true;
}
