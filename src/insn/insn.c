// SPDX-License-Identifier: GPL-2.0-or-later
#include "insn/insn.h"

#include <Zydis/Zydis.h>
#include <inttypes.h>
#include <string.h>

/* [rip+disp32]: ModRM with mod 0 and rm 5, in every encoding; mov to cr/dr ignores its mod. */
static bool is_rip_relative(const ZydisDecodedInstruction *raw)
{
	return (raw->attributes & ZYDIS_ATTRIB_HAS_MODRM) && raw->raw.modrm.mod == 0 &&
	       raw->raw.modrm.rm == 5 && raw->raw.disp.size == 32;
}

static bool is_16_bit_branch(const ZydisDecodedInstruction *raw)
{
	return raw->raw.imm[0].is_relative && (raw->attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE) &&
	       !raw->raw.rex.W;
}

static int condition_of(const ZydisDecodedInstruction *raw)
{
	bool near = raw->opcode_map == ZYDIS_OPCODE_MAP_0F && (raw->opcode & 0xf0) == 0x80;
	bool brief = raw->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && (raw->opcode & 0xf0) == 0x70;

	return near || brief ? raw->opcode & 0x0f : SUT_INSN_CONDITION_NONE;
}

static enum sut_insn_kind kind_of(const ZydisDecodedInstruction *raw)
{
	bool direct = raw->raw.imm[0].is_relative;

	switch (raw->mnemonic) {
	case ZYDIS_MNEMONIC_JMP:
		return direct ? SUT_INSN_JUMP : SUT_INSN_JUMP_INDIRECT;
	case ZYDIS_MNEMONIC_CALL:
		return direct ? SUT_INSN_CALL : SUT_INSN_CALL_INDIRECT;
	case ZYDIS_MNEMONIC_RET:
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ:
		return SUT_INSN_RETURN;
	case ZYDIS_MNEMONIC_SYSCALL:
	case ZYDIS_MNEMONIC_SYSENTER:
	case ZYDIS_MNEMONIC_INT:
		return SUT_INSN_SYSCALL;
	case ZYDIS_MNEMONIC_INT3:
	case ZYDIS_MNEMONIC_INT1:
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT:
		return SUT_INSN_TRAP;
	default:
		/* jcc, jrcxz, loop and xbegin: all that is left with a relative immediate. */
		return direct ? SUT_INSN_BRANCH : SUT_INSN_OTHER;
	}
}

static uint64_t memory_of(const ZydisDecodedInstruction *raw, uint64_t address)
{
	uint64_t memory = address + raw->length + (uint64_t)raw->raw.disp.value;

	return raw->address_width == 32 ? (uint32_t)memory : memory;
}

static void translate(const ZydisDecodedInstruction *raw, uint64_t address, struct sut_insn *insn)
{
	*insn = (struct sut_insn){
		.kind = kind_of(raw),
		.length = raw->length,
		.condition = condition_of(raw),
		.address = address,
	};
	if (is_rip_relative(raw)) {
		insn->rip_relative = true;
		insn->displacement = raw->raw.disp.offset;
		insn->memory = memory_of(raw, address);
	}
	if (raw->raw.imm[0].is_relative)
		insn->target = address + raw->length + (uint64_t)raw->raw.imm[0].value.s;
	else if (insn->kind == SUT_INSN_JUMP_INDIRECT || insn->kind == SUT_INSN_CALL_INDIRECT)
		insn->target = insn->memory;
}

static bool decode(const ZydisDecoder *decoder, const unsigned char *code, size_t size,
		   uint64_t address, struct sut_insn *insn)
{
	ZydisDecodedInstruction raw;

	if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(decoder, NULL, code, size, &raw)) ||
	    is_16_bit_branch(&raw))
		return false;
	translate(&raw, address, insn);
	return true;
}

static void decoder_init(ZydisDecoder *decoder)
{
	ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

bool sut_insn_decode(const unsigned char *code, size_t size, uint64_t address,
		     struct sut_insn *insn)
{
	ZydisDecoder decoder;

	decoder_init(&decoder);
	return decode(&decoder, code, size, address, insn);
}

enum sut_rc sut_insn_walk(const unsigned char *code, size_t size, uint64_t address,
			  bool (*visit)(const struct sut_insn *insn, void *context), void *context,
			  struct sut_diag *diag)
{
	ZydisDecoder decoder;

	decoder_init(&decoder);
	for (size_t at = 0; at < size;) {
		struct sut_insn insn;

		if (!decode(&decoder, code + at, size - at, address + at, &insn))
			return sut_fail(diag, SUT_UNSUPPORTED, "decode",
					"code at 0x%" PRIx64 ": not an instruction", address + at);
		if (!visit(&insn, context))
			return SUT_OK;
		at += insn.length;
	}
	return SUT_OK;
}

bool sut_insn_jump(unsigned char code[5], uint64_t at, uint64_t to)
{
	int64_t distance = (int64_t)(to - (at + 5));
	int32_t displacement = (int32_t)distance;

	if (displacement != distance)
		return false;
	code[0] = 0xe9;
	memcpy(code + 1, &displacement, sizeof(displacement));
	return true;
}
