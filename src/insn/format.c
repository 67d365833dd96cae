// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instructions as text. An object file has zeros where the linker will put addresses, so the
 * formatter is asked to print names there: Zydis calls a hook for each kind of number that can be
 * an address, and the hook asks the caller by the offset of the field.
 */
#include "insn/insn.h"

#include <Zycore/Format.h>
#include <Zydis/Zydis.h>

enum { HOOK_ADDRESS, HOOK_DISPLACEMENT, HOOK_IMMEDIATE, HOOK_COUNT };

static const ZydisFormatterFunction hook_types[HOOK_COUNT] = {
	[HOOK_ADDRESS] = ZYDIS_FORMATTER_FUNC_PRINT_ADDRESS_ABS,
	[HOOK_DISPLACEMENT] = ZYDIS_FORMATTER_FUNC_PRINT_DISP,
	[HOOK_IMMEDIATE] = ZYDIS_FORMATTER_FUNC_PRINT_IMM,
};

struct naming {
	const char *(*name)(void *context, unsigned int field);
	void *context;
	ZydisFormatterFunc original[HOOK_COUNT];
};

static ZyanStatus print(const ZydisFormatter *formatter, ZydisFormatterBuffer *buffer,
			ZydisFormatterContext *context, unsigned int hook)
{
	const struct naming *naming = context->user_data;
	const ZydisDecodedInstruction *raw = context->instruction;
	bool memory = context->operand->type == ZYDIS_OPERAND_TYPE_MEMORY;
	const char *name = naming->name(naming->context,
					memory ? raw->raw.disp.offset : raw->raw.imm[0].offset);
	ZyanString *string;

	if (!name)
		return naming->original[hook](formatter, buffer, context);
	if (ZYAN_FAILED(ZydisFormatterBufferAppend(buffer, ZYDIS_TOKEN_SYMBOL)) ||
	    ZYAN_FAILED(ZydisFormatterBufferGetString(buffer, &string)))
		return ZYAN_STATUS_FAILED;
	return ZyanStringAppendFormat(string, "%s%s%s", hook == HOOK_IMMEDIATE ? "$" : "", name,
				      memory && context->operand->mem.base == ZYDIS_REGISTER_RIP
					      ? "(%rip)"
					      : "");
}

static ZyanStatus print_address(const ZydisFormatter *formatter, ZydisFormatterBuffer *buffer,
				ZydisFormatterContext *context)
{
	return print(formatter, buffer, context, HOOK_ADDRESS);
}

static ZyanStatus print_displacement(const ZydisFormatter *formatter, ZydisFormatterBuffer *buffer,
				     ZydisFormatterContext *context)
{
	return print(formatter, buffer, context, HOOK_DISPLACEMENT);
}

static ZyanStatus print_immediate(const ZydisFormatter *formatter, ZydisFormatterBuffer *buffer,
				  ZydisFormatterContext *context)
{
	return print(formatter, buffer, context, HOOK_IMMEDIATE);
}

static void formatter_init(ZydisFormatter *formatter, struct naming *naming)
{
	static const ZydisFormatterFunc hooks[HOOK_COUNT] = {
		[HOOK_ADDRESS] = print_address,
		[HOOK_DISPLACEMENT] = print_displacement,
		[HOOK_IMMEDIATE] = print_immediate,
	};

	ZydisFormatterInit(formatter, ZYDIS_FORMATTER_STYLE_ATT);
	ZydisFormatterSetProperty(formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
				  ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING,
				  ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING,
				  ZYDIS_PADDING_DISABLED);
	for (unsigned int i = 0; i < HOOK_COUNT; i++) {
		/* SetHook takes a pointer to a function pointer and swaps the old one in. */
		naming->original[i] = hooks[i];
		ZydisFormatterSetHook(formatter, hook_types[i],
				      (const void **)&naming->original[i]);
	}
}

bool sut_insn_format(const unsigned char *code, size_t size, uint64_t address, char *text,
		     size_t text_size, const char *(*name)(void *context, unsigned int field),
		     void *context)
{
	struct naming naming = {.name = name, .context = context};
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction raw;
	ZydisFormatter formatter;
	ZydisDecoder decoder;

	text[0] = '\0';
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, code, size, &raw, operands)))
		return false;
	/* Zydis leaves out a displacement of zero, which is what a relocated field holds. */
	for (unsigned int i = 0; i < raw.operand_count_visible; i++)
		if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    operands[i].mem.disp.has_displacement && name(context, raw.raw.disp.offset))
			operands[i].mem.disp.value = 1;
	formatter_init(&formatter, &naming);
	ZydisFormatterFormatInstruction(&formatter, &raw, operands, raw.operand_count_visible, text,
					text_size, address, &naming);
	return true;
}
