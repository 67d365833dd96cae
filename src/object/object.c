// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/object.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

/* Sums of a few of these stay far from an overflow. */
static const int64_t offset_max = (int64_t)1 << 48;

static void close_elf(Elf **elf)
{
	elf_end(*elf);
}

/* While an object is read: where everything lies. */
struct load {
	struct sut_arena *arena;
	struct sut_object *object;
	struct sut_diag *diag;
	struct sut_bytes bytes;
	Elf *elf;
	Elf_Data *symbols; /* of .symtab */
	Elf_Data *indices; /* of .symtab_shndx, or NULL */
	size_t symbol_strings;
};

static enum sut_rc malformed(struct load *load, const char *what)
{
	return sut_fail(load->diag, SUT_INVALID, "format", "%s: not a valid relocatable object: %s",
			load->object->path, what);
}

static enum sut_rc load_sections(struct load *load)
{
	struct sut_object *object = load->object;
	size_t count, strings;

	if (elf_getshdrnum(load->elf, &count) || elf_getshdrstrndx(load->elf, &strings) || !count)
		return malformed(load, "no section headers");
	object->sections = sut_arena_array(load->arena, count, sizeof(*object->sections));
	object->section_count = count;
	object->sections[0].name = "";
	object->sections[0].align = 1;
	for (size_t i = 1; i < count; i++) {
		struct sut_section *section = &object->sections[i];
		GElf_Shdr header;

		if (!gelf_getshdr(elf_getscn(load->elf, i), &header))
			return malformed(load, "unreadable section header");
		const char *name = elf_strptr(load->elf, strings, header.sh_name);

		section->name = name ? sut_arena_strdup(load->arena, name) : "";
		section->type = header.sh_type;
		section->flags = header.sh_flags;
		section->align = header.sh_addralign ? header.sh_addralign : 1;
		section->entsize = header.sh_entsize;
		section->size = header.sh_size;
		if (section->size > (uint64_t)offset_max || section->align > (uint64_t)offset_max)
			return malformed(load, "an absurd section");
		if (header.sh_type == SHT_NOBITS)
			continue;
		if (header.sh_offset > load->bytes.size ||
		    header.sh_size > load->bytes.size - header.sh_offset)
			return malformed(load, "a section reaches beyond the end of the file");
		section->data = load->bytes.data + header.sh_offset;
		if (!strncmp(section->name, ".gnu.lto_", strlen(".gnu.lto_")))
			object->lto = true;
	}
	return SUT_OK;
}

static enum sut_rc find_symbol_table(struct load *load)
{
	Elf_Scn *table = NULL;

	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(load->elf, scn));) {
		GElf_Shdr header;

		if (!gelf_getshdr(scn, &header))
			return malformed(load, "unreadable section header");
		if (header.sh_type == SHT_SYMTAB) {
			table = scn;
			load->symbol_strings = header.sh_link;
		} else if (header.sh_type == SHT_SYMTAB_SHNDX) {
			load->indices = elf_getdata(scn, NULL);
		}
	}
	if (!table)
		return malformed(load, "no symbol table");
	load->symbols = elf_getdata(table, NULL);
	if (!load->symbols)
		return malformed(load, "unreadable symbol table");
	return SUT_OK;
}

/* A common symbol is a variable that the linker allocates: give it a section of its own. */
static void place_common(struct load *load, struct sut_symbol *symbol)
{
	struct sut_object *object = load->object;
	size_t count = object->section_count;
	struct sut_section *sections =
		sut_arena_array(load->arena, count + 1, sizeof(*object->sections));

	memcpy(sections, object->sections, count * sizeof(*sections));
	sections[count] = (struct sut_section){
		.name = sut_arena_printf(load->arena, ".bss.%s", symbol->name),
		.type = SHT_NOBITS,
		.flags = SHF_ALLOC | SHF_WRITE,
		.align = symbol->value ? symbol->value : 1,
		.size = symbol->size,
	};
	object->sections = sections;
	object->section_count = count + 1;
	symbol->section = count;
	symbol->value = 0;
	symbol->type = STT_OBJECT;
}

static enum sut_rc load_symbol(struct load *load, size_t i)
{
	struct sut_object *object = load->object;
	struct sut_symbol *symbol = &object->symbols[i];
	GElf_Sym raw;
	Elf32_Word index = 0;

	if (!gelf_getsymshndx(load->symbols, load->indices, i, &raw, &index))
		return malformed(load, "unreadable symbol");
	const char *name = elf_strptr(load->elf, load->symbol_strings, raw.st_name);

	if (raw.st_shndx != SHN_XINDEX)
		index = raw.st_shndx;
	*symbol = (struct sut_symbol){
		.name = name ? sut_arena_strdup(load->arena, name) : "",
		.type = GELF_ST_TYPE(raw.st_info),
		.bind = GELF_ST_BIND(raw.st_info),
		.visibility = GELF_ST_VISIBILITY(raw.st_other),
		.absolute = raw.st_shndx == SHN_ABS,
		.section = index,
		.value = raw.st_value,
		.size = raw.st_size,
		.def = SUT_NO_DEF,
	};
	if (raw.st_shndx == SHN_ABS) {
		symbol->section = 0;
		if (symbol->type == STT_FILE && !*object->file)
			object->file = symbol->name;
	} else if (raw.st_shndx == SHN_COMMON) {
		if (symbol->size > (uint64_t)offset_max || symbol->value > (uint64_t)offset_max)
			return malformed(load, "an absurd common symbol");
		place_common(load, symbol);
	} else if (symbol->section >= object->section_count) {
		return malformed(load, "a symbol in a section that does not exist");
	}
	const struct sut_section *section = &object->sections[symbol->section];

	if (!symbol->section)
		return SUT_OK;
	if (symbol->value > section->size || symbol->size > section->size - symbol->value)
		return malformed(load, "a symbol reaches beyond the end of its section");
	if (symbol->type == STT_SECTION)
		symbol->name = section->name;
	return SUT_OK;
}

static enum sut_rc load_symbols(struct load *load)
{
	struct sut_object *object = load->object;
	size_t count = load->symbols->d_size / sizeof(Elf64_Sym);

	object->symbols = sut_arena_array(load->arena, count, sizeof(*object->symbols));
	object->symbol_count = count;
	for (size_t i = 0; i < count; i++) {
		enum sut_rc rc = load_symbol(load, i);

		if (rc)
			return rc;
	}
	return SUT_OK;
}

static int compare_relocs(const void *a, const void *b)
{
	const struct sut_reloc *left = a, *right = b;

	return (left->offset > right->offset) - (left->offset < right->offset);
}

static enum sut_rc load_relocs(struct load *load)
{
	struct sut_object *object = load->object;

	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(load->elf, scn));) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(scn, &header) || header.sh_type != SHT_RELA)
			continue;
		if (!header.sh_info || header.sh_info >= object->section_count)
			return malformed(load, "relocations of a section that does not exist");
		struct sut_section *section = &object->sections[header.sh_info];

		if (!(section->flags & SHF_ALLOC))
			continue;
		data = elf_getdata(scn, NULL);
		if (!data || section->relocs)
			return malformed(load, "unreadable relocations");
		size_t count = data->d_size / sizeof(Elf64_Rela);

		section->relocs = sut_arena_array(load->arena, count, sizeof(*section->relocs));
		for (size_t i = 0; i < count; i++) {
			GElf_Rela raw;

			if (!gelf_getrela(data, i, &raw) || raw.r_offset >= section->size ||
			    GELF_R_SYM(raw.r_info) >= object->symbol_count ||
			    (object->machine == EM_X86_64 &&
			     sut_reloc_size(GELF_R_TYPE(raw.r_info)) >
				     section->size - raw.r_offset))
				return malformed(load, "a relocation outside its section");
			if (raw.r_addend > offset_max || raw.r_addend < -offset_max)
				return malformed(load, "an absurd addend");
			/* What objtool took back when it made a nop of a jump. */
			if (GELF_R_TYPE(raw.r_info) == R_X86_64_NONE)
				continue;
			section->relocs[section->reloc_count++] = (struct sut_reloc){
				.offset = raw.r_offset,
				.type = GELF_R_TYPE(raw.r_info),
				.symbol = GELF_R_SYM(raw.r_info),
				.addend = raw.r_addend,
			};
		}
		if (section->reloc_count)
			qsort(section->relocs, section->reloc_count, sizeof(*section->relocs),
			      compare_relocs);
	}
	return SUT_OK;
}

static bool symbol_defines(const struct sut_object *object, const struct sut_symbol *symbol)
{
	const struct sut_section *section = &object->sections[symbol->section];

	if (!symbol->section || !(section->flags & SHF_ALLOC) || !*symbol->name)
		return false;
	if (symbol->type == STT_FUNC || symbol->type == STT_OBJECT || symbol->type == STT_TLS ||
	    symbol->type == STT_GNU_IFUNC)
		return true;
	/* An assembler's label that other units can see. */
	return symbol->type == STT_NOTYPE && symbol->bind != STB_LOCAL;
}

static int compare_defs(const void *a, const void *b)
{
	const struct sut_def *left = a, *right = b;

	if (left->section != right->section)
		return left->section < right->section ? -1 : 1;
	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	if (left->local != right->local)
		return left->local ? 1 : -1;
	return (left->symbol > right->symbol) - (left->symbol < right->symbol);
}

/* All symbols that define something, aliases still apart. */
static struct sut_def *collect_defs(struct load *load, size_t *count)
{
	struct sut_object *object = load->object;
	struct sut_def *defs = sut_arena_array(load->arena, object->symbol_count, sizeof(*defs));

	*count = 0;
	for (size_t i = 0; i < object->symbol_count; i++) {
		const struct sut_symbol *symbol = &object->symbols[i];

		if (!symbol_defines(object, symbol))
			continue;
		const struct sut_section *section = &object->sections[symbol->section];
		unsigned char type = symbol->type;

		if (type == STT_NOTYPE)
			type = section->flags & SHF_EXECINSTR ? STT_FUNC : STT_OBJECT;
		defs[(*count)++] = (struct sut_def){
			.name = symbol->name,
			.symbol = i,
			.section = symbol->section,
			.offset = symbol->value,
			.size = symbol->size,
			.type = type,
			.local = symbol->bind == STB_LOCAL,
			.shared = symbol->bind == STB_WEAK || symbol->bind == STB_GNU_UNIQUE,
		};
	}
	if (*count)
		qsort(defs, *count, sizeof(*defs), compare_defs);
	return defs;
}

/* One definition per place; the symbols of the others point to it, too. */
static void merge_aliases(struct load *load)
{
	struct sut_object *object = load->object;
	size_t count, kept = 0;
	struct sut_def *defs = collect_defs(load, &count);

	for (size_t i = 0; i < count; i++) {
		struct sut_def *last = kept ? &defs[kept - 1] : NULL;

		if (last && last->section == defs[i].section && last->offset == defs[i].offset) {
			if (last->size < defs[i].size)
				last->size = defs[i].size;
			if (defs[i].type == STT_GNU_IFUNC)
				last->type = STT_GNU_IFUNC;
		} else {
			defs[kept++] = defs[i];
		}
		object->symbols[defs[i].symbol].def = kept - 1;
	}
	object->defs = defs;
	object->def_count = kept;
}

static void index_defs(struct load *load)
{
	struct sut_object *object = load->object;
	uint32_t *index = sut_arena_array(load->arena, object->def_count, sizeof(*index));

	for (size_t i = 0; i < object->def_count; i++) {
		struct sut_def *def = &object->defs[i];
		struct sut_section *section = &object->sections[def->section];
		uint64_t end = section->size;

		if (!section->def_count++)
			section->defs = &index[i];
		index[i] = i;
		def->parent = i;
		if (i + 1 < object->def_count && object->defs[i + 1].section == def->section)
			end = object->defs[i + 1].offset;
		if (!def->size) {
			def->unsized = true;
			def->size = end - def->offset;
		}
	}
}

/* foo.cold belongs to foo, foo.part.0.cold.1 to foo.part.0. */
static void link_pieces(struct load *load)
{
	struct sut_object *object = load->object;

	for (size_t i = 0; i < object->def_count; i++) {
		struct sut_def *def = &object->defs[i];
		const char *cold = strstr(def->name, ".cold");

		if (!cold || !sut_def_is_function(def))
			continue;
		uint32_t parent = sut_object_def(object, sut_arena_strndup(load->arena, def->name,
									   cold - def->name));

		if (parent != SUT_NO_DEF && sut_def_is_function(&object->defs[parent]))
			def->parent = parent;
	}
}

struct annotate {
	struct sut_section *section;
	size_t next; /* relocation */
};

static bool annotate_insn(const struct sut_insn *insn, void *context)
{
	struct annotate *annotate = context;
	struct sut_section *section = annotate->section;
	uint64_t end = insn->address + insn->length;

	while (annotate->next < section->reloc_count &&
	       section->relocs[annotate->next].offset < end) {
		struct sut_reloc *reloc = &section->relocs[annotate->next++];
		uint64_t field = reloc->offset + sut_reloc_size(reloc->type);

		reloc->insn = insn->kind;
		reloc->trail = field < end ? end - field : 0;
	}
	return true;
}

/*
 * A pc-relative field counts from the end of its instruction, and whether a reference is a jump
 * decides where it may lead: so each relocation learns about its instruction. Where the bytes are
 * no code, the relocations keep their defaults; carried functions are decoded once more and
 * refused there.
 */
static void annotate_relocs(struct load *load)
{
	struct sut_object *object = load->object;

	for (size_t i = 0; i < object->def_count; i++) {
		const struct sut_def *def = &object->defs[i];
		struct sut_section *section = &object->sections[def->section];
		struct sut_diag ignored;

		if (!sut_def_is_function(def) || !section->data)
			continue;
		struct annotate annotate = {section, sut_section_reloc(section, def->offset)};

		sut_insn_walk(section->data + def->offset, def->size, def->offset, annotate_insn,
			      &annotate, &ignored);
	}
}

static enum sut_rc check_header(struct load *load)
{
	GElf_Ehdr header;

	if (elf_kind(load->elf) != ELF_K_ELF || !gelf_getehdr(load->elf, &header))
		return malformed(load, elf_errmsg(-1));
	if (header.e_type != ET_REL || gelf_getclass(load->elf) != ELFCLASS64)
		return malformed(load, "not for a machine that is known");
	load->object->machine = header.e_machine;
	switch (header.e_machine) {
	case EM_X86_64:
	case EM_AARCH64:
	case EM_LOONGARCH:
	case EM_PPC64:
	case EM_S390:
		return SUT_OK;
	default:
		return malformed(load, "not for a machine that is known");
	}
}

enum sut_rc sut_object_load(struct sut_arena *arena, const char *path, struct sut_object *object,
			    struct sut_diag *diag)
{
	struct sut_bytes bytes;
	enum sut_rc rc = sut_file_read(arena, path, SUT_OBJECT_SIZE_MAX, &bytes, diag);

	if (!rc)
		rc = sut_object_parse(arena, path, bytes, object, diag);
	if (!rc && object->machine != EM_X86_64)
		rc = sut_fail(diag, SUT_INVALID, "format",
			      "%s: not a valid relocatable object: not for x86-64", path);
	return rc;
}

enum sut_rc sut_object_parse(struct sut_arena *arena, const char *path, struct sut_bytes bytes,
			     struct sut_object *object, struct sut_diag *diag)
{
	struct sut_object result = {.path = path, .file = ""};
	struct load load = {.arena = arena, .object = &result, .diag = diag, .bytes = bytes};
	enum sut_rc rc;

	elf_version(EV_CURRENT);
	__attribute__((cleanup(close_elf))) Elf *elf =
		elf_memory((char *)load.bytes.data, load.bytes.size);

	load.elf = elf;
	if (!elf)
		return malformed(&load, elf_errmsg(-1));
	rc = check_header(&load);
	if (!rc)
		rc = load_sections(&load);
	if (!rc)
		rc = find_symbol_table(&load);
	if (!rc)
		rc = load_symbols(&load);
	if (!rc)
		rc = load_relocs(&load);
	if (rc)
		return rc;
	merge_aliases(&load);
	index_defs(&load);
	link_pieces(&load);
	if (result.machine == EM_X86_64)
		annotate_relocs(&load);
	sut_object_find_starts(arena, &result);
	*object = result;
	return SUT_OK;
}
