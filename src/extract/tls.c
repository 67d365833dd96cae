// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thread-local variables in carried code. What the linker did with such references when it made the
 * target is done here once more (ELF Handling For Thread-Local Storage, sections 4.4 and 5):
 *
 *                       in a program                  in a shared object
 *   general dynamic     local exec, or initial exec   the target's pair of slots
 *   local dynamic       local exec                    the target's pair of slots
 *   descriptors         local exec, or initial exec   the target's pair of slots
 *   initial exec        a slot                        the target's slot
 *   local exec          the offset                    -
 *
 * Initial exec is for a variable of another object. The loader fills a shared object's slots with
 * what differs from process to process, so what the target has no slot for cannot be used.
 */
#include "extract/reference.h"

#include <elf.h>
#include <string.h>

enum {
	GENERAL_SIZE =
		16, /* bytes of lea x@tlsgd(%rip), %rdi; call __tls_get_addr, with prefixes */
	GENERAL_FIELD = 4, /* where the field is in it */
	LOCAL_FIELD = 3,
	OFFSET_FIELD = 12, /* ... in what it becomes */
};

/* mov %fs:0, %rax */
static const unsigned char thread_pointer[] = {0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0};

/* The bytes before and behind the field of the reference, in the patch's own copy. NULL: none. */
static unsigned char *edit(struct sut_reference *reference, size_t before, size_t behind)
{
	const struct sut_section *section = reference->section;
	size_t index = (size_t)(section - reference->part->diff->after->sections);
	uint64_t offset = reference->reloc->offset;
	struct sut_patch_section *carried =
		&reference->extract->patch->sections[reference->part->carried[index]];

	if (!section->data || offset < before || section->size - offset < behind)
		return NULL;
	if (carried->data == section->data)
		carried->data =
			sut_arena_memdup(reference->extract->arena, section->data, section->size);
	return (unsigned char *)carried->data + offset - before;
}

static bool refuse_form(struct sut_reference *reference)
{
	return sut_reference_refuse(reference, "tls",
				    "a thread-local variable, by instructions that are not known; "
				    "leave this function as it is");
}

static bool use_offset(struct sut_reference *reference, const struct sut_tls *tls, int64_t addend)
{
	reference->result->type = R_X86_64_TPOFF32;
	return sut_reference_use_target(reference, tls->name, STT_TLS, tls->offset, tls->size,
					addend);
}

/* The field is to reach a slot that the loader fills. */
static bool use_slot(struct sut_reference *reference, const struct sut_tls *tls, uint32_t kind,
		     const char *name)
{
	struct sut_patch_symbol symbol = {
		.name = tls->name,
		.kind = SUT_PATCH_SYMBOL_IMPORT,
		.type = STT_TLS,
		.object = reference->part->object,
		.slot = sut_target_tls_slot(sut_reference_target(reference), kind, name,
					    tls->here ? &tls->offset : NULL),
	};

	if (!symbol.slot)
		return sut_reference_refuse(
			reference, "tls",
			"a thread-local variable for which the target has no slot of this kind, "
			"since it did not use it so; leave this function as it is");
	reference->result->type = R_X86_64_GOTPCREL;
	return sut_reference_use(reference, &symbol, reference->reloc->addend);
}

static bool use_initial_exec(struct sut_reference *reference, const struct sut_tls *tls)
{
	if (!tls->here || !sut_reference_target(reference)->executable)
		return use_slot(reference, tls, R_X86_64_TPOFF64, tls->name);
	reference->result->type = R_X86_64_GOTTPOFF;
	return sut_reference_use_target(reference, tls->name, STT_TLS, tls->offset, tls->size,
					reference->reloc->addend);
}

/* 66 48 8d 3d x@tlsgd 66 66 48 e8 call, or 66 48 ff 15 through a slot */
static bool relax_general(struct sut_reference *reference, const struct sut_tls *tls)
{
	unsigned char *code = edit(reference, GENERAL_FIELD, GENERAL_SIZE - GENERAL_FIELD);

	if (!code || memcmp(code, "\x66\x48\x8d\x3d", 4) != 0)
		return refuse_form(reference);
	memcpy(code, thread_pointer, sizeof(thread_pointer));
	reference->result->offset += OFFSET_FIELD - GENERAL_FIELD;
	if (tls->here) {
		memcpy(code + sizeof(thread_pointer), "\x48\x8d\x80", 3); /* lea x(%rax), %rax */
		return use_offset(reference, tls, 0);
	}
	memcpy(code + sizeof(thread_pointer), "\x48\x03\x05", 3); /* add slot(%rip), %rax */
	return use_initial_exec(reference, tls);
}

/* 48 8d 3d x@tlsld e8 call, or ff 15 through a slot. No relocation is left of it. */
static bool relax_local(struct sut_reference *reference)
{
	unsigned char *code = edit(reference, LOCAL_FIELD, OFFSET_FIELD + 1 - LOCAL_FIELD);
	size_t prefixes;

	if (!code || memcmp(code, "\x48\x8d\x3d", 3) != 0)
		return refuse_form(reference);
	prefixes = code[7] == 0xe8 ? 3 : 4;
	memset(code, 0x66, prefixes);
	memcpy(code + prefixes, thread_pointer, sizeof(thread_pointer));
	return false;
}

/* 48 8d 05 x@tlsdesc */
static bool relax_descriptor(struct sut_reference *reference, const struct sut_tls *tls)
{
	unsigned char *code = edit(reference, 3, 4);

	if (!code || memcmp(code, "\x48\x8d\x05", 3) != 0)
		return refuse_form(reference);
	if (tls->here) {
		memcpy(code, "\x48\xc7\xc0", 3); /* mov $x, %rax */
		return use_offset(reference, tls, 0);
	}
	code[1] = 0x8b; /* mov slot(%rip), %rax */
	return use_initial_exec(reference, tls);
}

/* ff 10 becomes a nop of two bytes. No relocation is left of it. */
static bool relax_descriptor_call(struct sut_reference *reference)
{
	unsigned char *code = edit(reference, 0, 2);

	if (!code || memcmp(code, "\xff\x10", 2) != 0)
		return refuse_form(reference);
	memcpy(code, "\x66\x90", 2);
	return false;
}

static bool bind_in_program(struct sut_reference *reference, const struct sut_tls *tls)
{
	switch (reference->reloc->type) {
	case R_X86_64_TPOFF32:
	case R_X86_64_DTPOFF32:
		return tls->here ? use_offset(reference, tls, tls->addend) : refuse_form(reference);
	case R_X86_64_GOTTPOFF:
		return use_initial_exec(reference, tls);
	case R_X86_64_TLSGD:
		return relax_general(reference, tls);
	case R_X86_64_TLSLD:
		return relax_local(reference);
	case R_X86_64_GOTPC32_TLSDESC:
		return relax_descriptor(reference, tls);
	case R_X86_64_TLSDESC_CALL:
		return relax_descriptor_call(reference);
	default:
		return refuse_form(reference);
	}
}

static bool bind_in_library(struct sut_reference *reference, const struct sut_tls *tls)
{
	const struct sut_tls module = {.name = tls->name, .here = true};

	switch (reference->reloc->type) {
	case R_X86_64_DTPOFF32:
		return tls->here ? use_offset(reference, tls, tls->addend) : refuse_form(reference);
	case R_X86_64_GOTTPOFF:
		return use_initial_exec(reference, tls);
	case R_X86_64_TLSGD:
		return use_slot(reference, tls, R_X86_64_DTPMOD64, tls->name);
	case R_X86_64_TLSLD:
		return use_slot(reference, &module, R_X86_64_DTPMOD64, "");
	case R_X86_64_GOTPC32_TLSDESC:
		return use_slot(reference, tls, R_X86_64_TLSDESC, tls->name);
	case R_X86_64_TLSDESC_CALL:
		return false; /* it only marks the call */
	default:
		return refuse_form(reference);
	}
}

bool sut_reference_bind_tls(struct sut_reference *reference, const struct sut_tls *tls)
{
	return sut_reference_target(reference)->executable ? bind_in_program(reference, tls)
							   : bind_in_library(reference, tls);
}

bool sut_reference_is_relaxed(const struct sut_reference *reference)
{
	const struct sut_section *section = reference->section;
	const struct sut_reloc *last = reference->reloc - 1;

	return sut_reference_target(reference)->executable && reference->reloc > section->relocs &&
	       strcmp(reference->name, "__tls_get_addr") == 0 &&
	       (last->type == R_X86_64_TLSGD || last->type == R_X86_64_TLSLD) &&
	       reference->reloc->offset - last->offset <= GENERAL_SIZE;
}
