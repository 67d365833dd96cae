// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Warnings and messages of a kernel bring __LINE__ along, and a patch of a file shifts the lines
 * below it. The source road keeps them (lines.c); objects that somebody else compiled show them as
 * constants. Which are lines is known by the function that is called next.
 *
 * A pair of instructions may differ when both load a constant into the register of the argument
 * that is the line, for the next call, which is of a function that is known to take one; or which
 * prints by a format that begins with a file and its line.
 */
#include "object/kernel.h"

#include <elf.h>
#include <endian.h>
#include <string.h>

static const struct line_taker {
	const char *name;
	unsigned int argument; /* the first is 1 */
} line_takers[] = {
	{"warn_slowpath_null", 2},
	{"warn_slowpath_fmt", 2},
	{"warn_slowpath_fmt_taint", 2},
	{"__might_sleep", 2},
	{"___might_sleep", 2},
	{"__might_resched", 2},
	{"__might_fault", 2},
	{"lockdep_rcu_suspicious", 2},
	{"__btrfs_abort_transaction", 3},
	{"__btrfs_handle_fs_error", 3},
	{"__btrfs_panic", 3},
	{"btrfs_assertfail", 3},
	{"assertfail", 3},
};

enum { NEAR = 128 /* bytes between what belongs to one call */ };

/* The format's first conversions are a name and a number: "... %s:%d ...". */
static bool is_place_format(const char *format, size_t size)
{
	const char *name = memmem(format, size, "%", 1), *number;

	if (!name || name + 2 >= format + size || name[1] != 's')
		return false;
	number = memmem(name + 2, format + size - name - 2, "%", 1);
	return number && number + 1 < format + size && number - name <= 5 &&
	       (number[1] == 'd' || number[1] == 'u' || number[1] == 'i');
}

/* What is referred to, past PowerPC's table of contents. */
static struct sut_place find_place(const struct sut_object *object,
				   const struct sut_section *section, const struct sut_reloc *reloc)
{
	struct sut_place place = sut_object_place(object, section, reloc);
	const struct sut_section *table = &object->sections[place.section];
	size_t i;

	if (!place.section || strcmp(table->name, ".toc") != 0 || place.offset < 0)
		return place;
	i = sut_section_reloc(table, place.offset);
	if (i < table->reloc_count && table->relocs[i].offset == (uint64_t)place.offset)
		return sut_object_place(object, table, &table->relocs[i]);
	return place;
}

/* One of the strings that the code in front of the call refers to is such a format. */
static bool prints_place(const struct sut_object *object, const struct sut_section *section,
			 uint64_t call)
{
	size_t i = sut_section_reloc(section, call > NEAR ? call - NEAR : 0);

	for (; i < section->reloc_count && section->relocs[i].offset < call; i++) {
		struct sut_place place = find_place(object, section, &section->relocs[i]);
		const struct sut_section *strings = &object->sections[place.section];

		if (place.section && strings->flags & SHF_STRINGS && place.offset >= 0 &&
		    sut_section_is_merged(strings) &&
		    is_place_format((const char *)strings->data + place.offset,
				    sut_section_element(strings, place.offset)))
			return true;
	}
	return false;
}

/* Which argument of the call at the relocation is a line; 0: none that is known. */
static unsigned int line_argument(const struct sut_object *object,
				  const struct sut_section *section, const struct sut_reloc *reloc)
{
	const char *name = object->symbols[reloc->symbol].name;

	for (size_t i = 0; i < sizeof(line_takers) / sizeof(line_takers[0]); i++) {
		if (!strcmp(name, line_takers[i].name))
			return line_takers[i].argument;
	}
	if (!strcmp(name, "printk") || !strcmp(name, "_printk") || !strcmp(name, "__warn_printk"))
		return prints_place(object, section, reloc->offset) ? 3 : 0;
	return 0;
}

/* A call that comes next passes a line in that argument. */
static bool line_is_passed(const struct sut_kernel_pair *pair, uint64_t at, unsigned int argument)
{
	const struct sut_section *section = pair->old;
	uint64_t offset = pair->old_offset + at, end = pair->old_offset + pair->size;

	for (size_t i = sut_section_reloc(section, offset); i < section->reloc_count; i++) {
		const struct sut_reloc *reloc = &section->relocs[i];
		unsigned int line = line_argument(pair->before, section, reloc);

		if (reloc->offset >= end || reloc->offset - offset > NEAR)
			return false;
		if (line)
			return line == argument;
		if (reloc->insn == SUT_INSN_CALL)
			return false;
	}
	return false;
}

/* How a constant comes into a register, in the first 4 bytes of an instruction, big-endian. */
static const struct constant_load {
	uint16_t machine;
	uint32_t mask, value;      /* of the instruction */
	uint32_t constant;         /* bits of the constant */
	unsigned int shift, width; /* of the register's number */
	unsigned int first;        /* register of the first argument */
} constant_loads[] = {
	/* mov w, #16 bits */
	{EM_AARCH64, 0x7fe00000, 0x52800000, 0x001fffe0, 0, 5, 0},
	/* li r, 16 bits */
	{EM_PPC64, 0xfc1f0000, 0x38000000, 0x0000ffff, 21, 5, 3},
	/* lhi, lghi */
	{EM_S390, 0xff0e0000, 0xa7080000, 0x0000ffff, 20, 4, 2},
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

/* Which argument gets another constant; 0: the instructions differ otherwise. */
static unsigned int loaded_argument(uint16_t machine, uint32_t one, uint32_t other)
{
	for (size_t i = 0; i < sizeof(constant_loads) / sizeof(constant_loads[0]); i++) {
		const struct constant_load *load = &constant_loads[i];
		uint32_t number = one >> load->shift & ((1u << load->width) - 1);

		if (load->machine == machine && (one & load->mask) == load->value &&
		    !((one ^ other) & ~load->constant))
			return number + 1 - load->first;
	}
	return 0;
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
		unsigned int argument =
			size == 4 ? loaded_argument(machine, word_at(machine, old + at),
						    word_at(machine, new + at))
				  : 0;

		if (!argument || !line_is_passed(pair, at, argument))
			return false;
	}
	return true;
}

/* mov $imm32, %esi or %edx: the second and the third argument. */
static unsigned int moved_argument(const unsigned char *code, const struct sut_insn *insn)
{
	if (insn->length != 5)
		return 0;
	return code[0] == 0xbe ? 2 : code[0] == 0xba ? 3 : 0;
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
		unsigned int argument = moved_argument(old + at, &insn);

		if (!argument || old[at] != new[at] || !line_is_passed(pair, at, argument))
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
