// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a target was linked with link-time optimisation. Functions of one unit are then inlined
 * into others, which no compile of one unit shows. Its symbols and its debugging information say
 * so, where it has any.
 */
#include "judge/judge.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <string.h>

/* A private function that the linker's compiler had to give another name. */
static const char *renamed_symbol(const struct sut_target *target)
{
	for (size_t i = 0; i < target->symbol_count; i++)
		if (strstr(target->symbols[i].name, ".lto_priv."))
			return target->symbols[i].name;
	return NULL;
}

static const char *producer_of(Dwarf *dwarf, Dwarf_Off header, size_t header_size)
{
	Dwarf_Attribute attr;
	const char *producer;
	Dwarf_Die unit;

	if (!dwarf_offdie(dwarf, header + header_size, &unit))
		return NULL;
	producer = dwarf_formstring(dwarf_attr(&unit, DW_AT_producer, &attr));
	return producer && strstr(producer, "-flto") ? producer : NULL;
}

static const char *lto_producer(struct sut_arena *arena, const struct sut_target *target)
{
	Elf *elf = elf_memory((char *)target->bytes.data, target->bytes.size);
	Dwarf *dwarf = elf ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;
	const char *producer = NULL;
	Dwarf_Off offset = 0, next;
	size_t header_size;

	while (dwarf && !producer &&
	       !dwarf_nextcu(dwarf, offset, &next, &header_size, NULL, NULL, NULL)) {
		producer = producer_of(dwarf, offset, header_size);
		offset = next;
	}
	if (producer)
		producer = sut_arena_strdup(arena, producer);
	dwarf_end(dwarf);
	elf_end(elf);
	return producer;
}

void sut_lto_judge(const struct sut_target *target, struct sut_verdict *verdict)
{
	const char *evidence = renamed_symbol(target);

	if (!evidence)
		evidence = lto_producer(verdict->arena, target);
	if (evidence)
		sut_refuse(
			verdict, "lto", evidence,
			"%s was linked with link-time optimisation, so functions of one file may "
			"be part of others; build it without -flto",
			target->name);
}
