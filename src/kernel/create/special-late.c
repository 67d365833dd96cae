// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What cannot wait for a module. The kernel works through tables while the livepatch is loaded, and
 * does not look again when a module comes and the relocations that waited for it are applied. And
 * what alternatives have replaced by then is no longer what a relocation was made for.
 */
#include "kernel/create/extract.h"

#include <string.h>

static const struct table {
	const char *name;
	const char *why;
} tables[] = {
	{"__jump_table",
	 "a static key of a module, which jump labels would read before the module is there; use "
	 "static_key_enabled() in the fix"},
	{".static_call_sites",
	 "the key of a module's static call, which would be read before the module is there; call "
	 "through static_call_query() in the fix"},
};

static const char replaced[] = "in an instruction that is replaced while the livepatch is loaded, "
			       "when the module may not be there; leave this function as it is";

/* The copy that the place in the module's section belongs to. */
static const struct sut_carry_piece *piece_at(const struct sut_carry *carry, uint32_t section,
					      uint64_t offset)
{
	for (size_t i = 0; i < carry->piece_count; i++) {
		const struct sut_carry_piece *piece = &carry->pieces[i];

		if (piece->to == section && offset - piece->at < piece->size)
			return piece;
	}
	return NULL;
}

/* The function that an entry of a table is about, by its first relocation. */
static const char *subject_of(const struct sut_carry *carry, const struct sut_carry_piece *entry)
{
	const struct sut_carry_section *section = &carry->sections[entry->to];

	for (size_t i = 0; i < section->reloc_count; i++)
		if (section->relocs[i].offset == entry->at)
			return carry->symbols[section->relocs[i].symbol].name;
	return section->name;
}

static void refuse_in(struct sut_carry *carry, uint32_t section, const char *why)
{
	const struct sut_carry_section *table = &carry->sections[section];

	for (size_t i = 0; i < table->reloc_count; i++) {
		const struct sut_carry_symbol *symbol = &carry->symbols[table->relocs[i].symbol];
		const struct sut_carry_piece *entry =
			piece_at(carry, section, table->relocs[i].offset);

		if (symbol->with && entry)
			sut_carry_refuse(carry, entry->part, "klp-late-section",
					 subject_of(carry, entry), symbol->real, why);
	}
}

/* An alternative's first field is where it replaces, its last but one how many bytes. */
static void refuse_replaced(struct sut_carry *carry, const struct sut_carry_piece *entry)
{
	const struct sut_carry_section *table = &carry->sections[entry->to];
	uint64_t size = table->data[entry->at + entry->size - 2];

	for (size_t i = 0; i < table->reloc_count; i++) {
		const struct sut_carry_reloc *subject = &table->relocs[i];
		const struct sut_carry_symbol *function = &carry->symbols[subject->symbol];
		const struct sut_carry_section *code = &carry->sections[function->section];
		uint64_t from = function->value + (uint64_t)subject->addend;

		if (subject->offset != entry->at)
			continue;
		for (size_t k = 0; k < code->reloc_count; k++) {
			const struct sut_carry_symbol *symbol =
				&carry->symbols[code->relocs[k].symbol];

			if (symbol->with && code->relocs[k].offset - from < size)
				sut_carry_refuse(carry, entry->part, "klp-late-section",
						 function->name, symbol->real, replaced);
		}
	}
}

void sut_carry_refuse_late(struct sut_carry *carry)
{
	for (size_t i = 0; i < carry->section_count; i++) {
		const char *name = carry->sections[i].name;

		for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++)
			if (!strcmp(name, tables[k].name))
				refuse_in(carry, i, tables[k].why);
		if (!strcmp(name, ".altinstr_replacement"))
			refuse_in(carry, i, replaced);
	}
	for (size_t i = 0; i < carry->piece_count; i++)
		if (!strcmp(carry->sections[carry->pieces[i].to].name, ".altinstructions"))
			refuse_replaced(carry, &carry->pieces[i]);
}
