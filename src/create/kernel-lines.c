// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Warnings and messages of a kernel bring __LINE__ along, and a patch of a file shifts the lines
 * below it. The source road keeps them (lines.c); objects that somebody else compiled show them as
 * constants. Which are lines is known by the function that is called next.
 *
 * A pair of instructions may differ when both load a constant into the same register and the next
 * call is of one of those functions.
 */
#include "create/kernel.h"

#include <elf.h>
#include <endian.h>
#include <string.h>

/* They are called with a line, or with a description of the place that has one. */
static bool takes_line(const char *name)
{
	static const char *const names[] = {
		"__warn_printk",
		"__might_sleep",
		"___might_sleep",
		"__might_fault",
		"__might_resched",
		"warn_slowpath_null",
		"warn_slowpath_fmt",
		"warn_slowpath_fmt_taint",
		"printk",
		"_printk",
		"lockdep_rcu_suspicious",
		"rcu_lockdep_assert",
		"__btrfs_abort_transaction",
		"__btrfs_handle_fs_error",
		"__btrfs_panic",
		"btrfs_assertfail",
		"assertfail",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return false;
}

enum { NEAR = 128 /* bytes between a constant and the call */ };

/* The first relocation of another unit's function behind the offset, as a call would have it. */
static bool line_is_passed(const struct sut_object *object, const struct sut_section *section,
			   uint64_t offset, uint64_t end)
{
	for (size_t i = sut_section_reloc(section, offset); i < section->reloc_count; i++) {
		const struct sut_reloc *reloc = &section->relocs[i];
		const struct sut_symbol *symbol = &object->symbols[reloc->symbol];

		if (reloc->offset >= end || reloc->offset - offset > NEAR)
			return false;
		if (takes_line(symbol->name))
			return true;
		if (reloc->insn == SUT_INSN_CALL)
			return false;
	}
	return false;
}

/* How a constant comes into a register, in the first 4 bytes of an instruction, big-endian. */
static const struct constant_load {
	uint16_t machine;
	uint32_t mask, value; /* of the instruction */
	uint32_t constant;    /* bits of the constant */
} constant_loads[] = {
	{EM_AARCH64, 0x7fe00000, 0x52800000, 0x001fffe0}, /* mov w, #16 bits */
	{EM_PPC64, 0xfc1f0000, 0x38000000, 0x0000ffff},   /* li r, 16 bits */
	{EM_S390, 0xff0e0000, 0xa7080000, 0x0000ffff},    /* lhi, lghi */
};

/* The instructions of S/390 have 2, 4 or 6 bytes, the others' 4. */
static unsigned int instruction_size(uint16_t machine, const unsigned char *code)
{
	static const unsigned char sizes[] = {2, 4, 4, 6};

	return machine == EM_S390 ? sizes[code[0] >> 6] : 4;
}

static uint32_t word_at(uint16_t machine, const unsigned char *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return machine == EM_S390 ? be32toh(word) : le32toh(word);
}

static bool is_load_of_other_constant(uint16_t machine, uint32_t one, uint32_t other)
{
	for (size_t i = 0; i < sizeof(constant_loads) / sizeof(constant_loads[0]); i++) {
		const struct constant_load *load = &constant_loads[i];

		if (load->machine == machine && (one & load->mask) == load->value &&
		    !((one ^ other) & ~load->constant))
			return true;
	}
	return false;
}

static bool same_words(const struct sut_kernel_pair *pair)
{
	uint16_t machine = pair->before->machine;
	const unsigned char *old = pair->old->data + pair->old_offset;
	const unsigned char *new = pair->new->data + pair->new_offset;
	unsigned int size;

	for (uint64_t at = 0; at < pair->size; at += size) {
		size = instruction_size(machine, old + at);
		if (size > pair->size - at)
			return !memcmp(old + at, new + at, pair->size - at);
		if (!memcmp(old + at, new + at, size))
			continue;
		if (size != 4 ||
		    !is_load_of_other_constant(machine, word_at(machine, old + at),
					       word_at(machine, new + at)) ||
		    !line_is_passed(pair->before, pair->old, pair->old_offset + at,
				    pair->old_offset + pair->size))
			return false;
	}
	return true;
}

/* mov $imm32, %r32, or lea/movq of a sign-extended one. */
static size_t constant_offset(const unsigned char *code, size_t length)
{
	if (length == 5 && (code[0] & 0xf8) == 0xb8)
		return 1;
	if (length == 6 && code[0] == 0x41 && (code[1] & 0xf8) == 0xb8)
		return 2;
	if (length == 7 && (code[0] & 0xfe) == 0x48 && code[1] == 0xc7 && (code[2] & 0xf8) == 0xc0)
		return 3;
	return 0;
}

static bool same_instructions(const struct sut_kernel_pair *pair)
{
	const unsigned char *old = pair->old->data + pair->old_offset;
	const unsigned char *new = pair->new->data + pair->new_offset;
	struct sut_insn insn;

	for (uint64_t at = 0; at < pair->size; at += insn.length) {
		if (!sut_insn_decode(old + at, pair->size - at, at, &insn))
			return false;
		if (!memcmp(old + at, new + at, insn.length))
			continue;
		size_t constant = constant_offset(old + at, insn.length);

		if (!constant || memcmp(old + at, new + at, constant) != 0 ||
		    !line_is_passed(pair->before, pair->old, pair->old_offset + at,
				    pair->old_offset + pair->size))
			return false;
	}
	return true;
}

bool sut_kernel_same_but_lines(const struct sut_kernel_pair *pair)
{
	if (!(pair->old->flags & SHF_EXECINSTR) || !pair->old->data || !pair->new->data)
		return false;
	return pair->before->machine == EM_X86_64 ? same_instructions(pair) : same_words(pair);
}
