// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables about code: where it may fault, what is patched into it at start and when a key changes,
 * how it is unwound. An entry goes where its code goes, and each table has its own length of
 * entries. Tables that have none of their own here are refused when they say something about
 * carried code.
 *
 * 6.1's objtool writes all that is needed for the unit as a whole, so it need not run again: the
 * entries are picked, and ORC's two tables stay parallel because they are picked in pairs.
 */
#include "kernel/create/extract.h"
#include "object/kernel.h"

#include <elf.h>
#include <string.h>

struct table {
	const char *name;
	uint64_t
		sizes[3]; /* of an entry, in bytes, as versions of the kernel have it; 0: no more */
	const char *beside; /* a section with an entry for each of this one's, or NULL */
	uint64_t beside_size;
	bool keys; /* its last field is a key, which may be a module's */
};

/* The first field of each is the address of the code. */
static const struct table tables[] = {
	{.name = "__mcount_loc", .sizes = {8}},
	{.name = "__bug_table", .sizes = {12}},
	{.name = "__ex_table", .sizes = {12}},
	{.name = ".altinstructions", .sizes = {12, 14, 13}},
	{.name = ".parainstructions", .sizes = {16}},
	{.name = ".smp_locks", .sizes = {4}},
	{.name = "__jump_table", .sizes = {16}, .keys = true},
	{.name = ".static_call_sites", .sizes = {8}, .keys = true},
	{.name = ".retpoline_sites", .sizes = {4}},
	{.name = ".return_sites", .sizes = {4}},
	{.name = ".call_sites", .sizes = {4}},
	{.name = ".ibt_endbr_seal", .sizes = {4}},
	{.name = ".orc_unwind_ip", .sizes = {4}, .beside = ".orc_unwind", .beside_size = 6},
	{.name = "_kprobe_blacklist", .sizes = {8}},
};

/* Sections that others lead to, entry by entry. */
static const char *const follow[] = {".orc_unwind", ".altinstr_replacement", ".altinstr_aux"};

static const struct table *find_table(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (!strcmp(tables[i].name, name))
			return &tables[i];
	return NULL;
}

/* Every entry of that length has its fields at the same places. */
static bool repeats(const struct sut_section *section, uint64_t size)
{
	size_t count = 0;

	if (!section->reloc_count || section->size % size)
		return false;
	while (count < section->reloc_count && section->relocs[count].offset < size)
		count++;
	if (!count || section->reloc_count != section->size / size * count)
		return false;
	for (size_t i = 0; i < section->reloc_count; i++)
		if (section->relocs[i].offset !=
		    i / count * size + section->relocs[i % count].offset)
			return false;
	return true;
}

static uint64_t entry_size(const struct table *table, const struct sut_section *section)
{
	for (size_t i = 0; i < sizeof(table->sizes) / sizeof(table->sizes[0]); i++)
		if (table->sizes[i] && repeats(section, table->sizes[i]))
			return table->sizes[i];
	return 0;
}

/* The piece that the entry with that first relocation is about, if it is one from `first` on. */
static const struct sut_carry_piece *find_subject(const struct sut_carry *carry, uint32_t part,
						  const struct sut_section *section,
						  const struct sut_reloc *reloc, size_t first)
{
	const struct sut_object *after = carry->parts[part].part->after;
	struct sut_place place = sut_object_place(after, section, reloc);
	const struct sut_carry_piece *piece;

	if (!place.section || !(after->sections[place.section].flags & SHF_EXECINSTR) ||
	    place.offset < 0)
		return NULL;
	piece = sut_carry_piece_find(carry, part, place.section, place.offset);
	return piece && (size_t)(piece - carry->pieces) >= first ? piece : NULL;
}

static uint32_t find_section(const struct sut_object *object, const char *name)
{
	for (size_t i = 1; i < object->section_count; i++)
		if (!strcmp(object->sections[i].name, name))
			return i;
	return SUT_NO_DEF;
}

static void refuse_table(struct sut_carry *carry, uint32_t part, const struct sut_section *section,
			 const char *why)
{
	const char *source = carry->parts[part].part->unit->source;

	sut_refuse(carry->verdict, "section",
		   sut_arena_printf(carry->arena, "%s: %s", source, section->name),
		   "%s of %s says something about changed code %s; leave the functions that it is "
		   "about as they are",
		   section->name, source, why);
}

/*
 * The instructions that alternatives put in the place of others. Offset and length stand in the
 * entry: the second relocation, and the last byte.
 */
static void carry_replacement(struct sut_carry *carry, uint32_t part,
			      const struct sut_section *section, uint64_t offset, uint64_t size)
{
	const struct sut_object *after = carry->parts[part].part->after;
	const struct sut_reloc *reloc = &section->relocs[sut_section_reloc(section, offset) + 1];
	struct sut_place place = sut_object_place(after, section, reloc);
	uint64_t length = section->data[offset + size - 1];
	uint64_t end = after->sections[place.section].size;

	if (!place.section || place.offset < 0 || (uint64_t)place.offset > end ||
	    length > end - place.offset) {
		refuse_table(carry, part, section, "that is not there");
		return;
	}
	/* An empty one still needs a place. */
	sut_carry_piece_add(carry, part, place.section, place.offset, length, 1);
}

/*
 * A tracepoint of the module. Its key cannot be followed, but what the compiler wrote is the code
 * of a tracepoint that is off, so the new function is right without the entry, and not traced.
 */
static bool is_lost_tracepoint(const struct sut_carry *carry, uint32_t part,
			       const struct sut_section *section, uint64_t offset, uint64_t size)
{
	static const char *const keys[] = {"__tracepoint_", "__SCK__tp_func_"};
	const struct sut_kernel_part *own = carry->parts[part].part;
	size_t last = sut_section_reloc(section, offset + size) - 1;
	struct sut_place place = sut_object_place(own->after, section, &section->relocs[last]);
	const char *name = place.def != SUT_NO_DEF ? own->after->defs[place.def].name
						   : own->after->symbols[place.symbol].name;
	const struct sut_symver *symver = sut_symvers_find(carry->symvers, name);

	if (!strcmp(own->object, SUT_KERNEL_VMLINUX) ||
	    (symver && !strcmp(symver->object, SUT_KERNEL_VMLINUX)))
		return false;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strncmp(name, keys[i], strlen(keys[i])))
			return true;
	return false;
}

static void warn_lost_tracepoint(struct sut_carry *carry, uint32_t part)
{
	const struct sut_kernel_part *own = carry->parts[part].part;

	for (size_t i = 0; i < carry->verdict->warning_count; i++)
		if (!strcmp(carry->verdict->warnings[i].rule, "tracepoint-off") &&
		    !strcmp(carry->verdict->warnings[i].evidence, own->unit->source))
			return;
	sut_warn(carry->verdict, "tracepoint-off", own->unit->source,
		 "%s: tracepoints of %s stay off in its new functions", own->unit->source,
		 own->object);
}

static void carry_entry(struct sut_carry *carry, uint32_t part, uint32_t index,
			const struct table *table, uint64_t offset, uint64_t size)
{
	const struct sut_object *after = carry->parts[part].part->after;
	const struct sut_section *section = &after->sections[index];

	if (table->keys && is_lost_tracepoint(carry, part, section, offset, size)) {
		warn_lost_tracepoint(carry, part);
		return;
	}
	if (!strcmp(table->name, ".altinstructions"))
		carry_replacement(carry, part, section, offset, size);
	sut_carry_piece_add(carry, part, index, offset, size, 1);
	if (table->beside)
		sut_carry_piece_add(carry, part, find_section(after, table->beside),
				    offset / size * table->beside_size, table->beside_size, 1);
}

static bool has_beside(const struct sut_object *object, const struct table *table,
		       const struct sut_section *section, uint64_t size)
{
	uint32_t beside;

	if (!table->beside)
		return true;
	beside = find_section(object, table->beside);
	return beside != SUT_NO_DEF &&
	       object->sections[beside].size / table->beside_size == section->size / size;
}

static void describe(struct sut_carry *carry, uint32_t part, uint32_t index,
		     const struct table *table, size_t first)
{
	const struct sut_object *after = carry->parts[part].part->after;
	const struct sut_section *section = &after->sections[index];
	uint64_t size = entry_size(table, section);

	if (!section->data || !section->reloc_count)
		return;
	if (!size || !has_beside(after, table, section, size)) {
		refuse_table(carry, part, section, "in entries that this version does not know");
		return;
	}
	for (uint64_t at = 0; at < section->size; at += size)
		if (find_subject(carry, part, section,
				 &section->relocs[sut_section_reloc(section, at)], first))
			carry_entry(carry, part, index, table, at, size);
}

/* What is no table of code: its references are pointers, or nobody's business any more. */
static bool is_harmless(const struct sut_section *section)
{
	static const char *const plain[] = {".text", ".data", ".rodata", ".bss"};
	const struct sut_special *special = sut_kernel_special(section->name);

	if (!(section->flags & SHF_ALLOC))
		return true;
	for (size_t i = 0; i < sizeof(follow) / sizeof(follow[0]); i++)
		if (!strcmp(section->name, follow[i]))
			return true;
	if (special)
		return special->policy != SUT_SPECIAL_CODE;
	if (section->flags & SHF_EXECINSTR || section->def_count)
		return true;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (!strncmp(section->name, plain[i], strlen(plain[i])))
			return true;
	return false;
}

static void refuse_unknown(struct sut_carry *carry, uint32_t part,
			   const struct sut_section *section, size_t first)
{
	for (size_t i = 0; i < section->reloc_count; i++) {
		if (!find_subject(carry, part, section, &section->relocs[i], first))
			continue;
		refuse_table(carry, part, section, "in a way that this version does not know");
		return;
	}
}

void sut_carry_specials(struct sut_carry *carry, size_t first_piece)
{
	for (size_t i = 0; i < carry->part_count; i++) {
		const struct sut_object *after = carry->parts[i].part->after;

		for (size_t k = 1; k < after->section_count; k++) {
			const struct sut_section *section = &after->sections[k];
			const struct table *table = find_table(section->name);

			if (table)
				describe(carry, i, k, table, first_piece);
			else if (!is_harmless(section))
				refuse_unknown(carry, i, section, first_piece);
		}
	}
	sut_carry_refuse_late(carry);
}
