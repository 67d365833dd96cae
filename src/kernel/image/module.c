// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel will know of a module, by the rules of kernel/module/kallsyms.c: while the module
 * loads, every symbol of its table that is defined; afterwards those in sections that stay.
 */
#include "kernel/image/module.h"
#include "kernel/image/unpack.h"
#include "base/guard.h"

#include <ctype.h>
#include <string.h>

struct reading {
	struct sut_arena *arena;
	struct sut_kernel_module *module;
	const struct sut_kernel_section *table, *names; /* of symbols */
	struct sut_diag *diag;
};

static enum sut_rc invalid(struct reading *reading, const char *what)
{
	return sut_fail(reading->diag, SUT_INVALID, "format", "%s: %s", reading->module->elf.path,
			what);
}

/* ---- .modinfo ---- */

/* The next "key=value" at *at; false: no more. */
static bool next_info(const struct sut_kernel_section *info, size_t *at, const char **text)
{
	while (*at < info->size && !info->data[*at])
		(*at)++;
	if (*at == info->size)
		return false;
	*text = (const char *)info->data + *at;
	*at += strnlen(*text, info->size - *at);
	return *at < info->size; /* with a zero behind it */
}

/* The value of a key, or NULL. */
static const char *info_value(const struct sut_kernel_elf *elf, const char *key)
{
	const struct sut_kernel_section *info = sut_kernel_elf_section(elf, ".modinfo");
	size_t length = strlen(key), at = 0;
	const char *text;

	while (info && info->data && next_info(info, &at, &text))
		if (strncmp(text, key, length) == 0 && text[length] == '=')
			return text + length + 1;
	return NULL;
}

/* ---- symbols ---- */

static enum sut_rc find_table(struct reading *reading)
{
	const struct sut_kernel_elf *elf = &reading->module->elf;

	for (size_t i = 1; i < elf->section_count; i++)
		if (elf->sections[i].type == SHT_SYMTAB)
			reading->table = &elf->sections[i];
	if (!reading->table || reading->table->link >= elf->section_count)
		return invalid(reading, "has no symbol table");
	reading->names = &elf->sections[reading->table->link];
	if (reading->names->type != SHT_STRTAB || !reading->names->data ||
	    reading->names->data[reading->names->size - 1])
		return invalid(reading, "the names of its symbols are damaged");
	return SUT_OK;
}

static size_t symbol_count(const struct reading *reading)
{
	return reading->table->data ? reading->table->size / sizeof(Elf64_Sym) : 0;
}

static Elf64_Sym symbol_at(const struct reading *reading, size_t i)
{
	Elf64_Sym symbol;

	memcpy(&symbol, reading->table->data + i * sizeof(symbol), sizeof(symbol));
	return symbol;
}

static const char *name_of(const struct reading *reading, const Elf64_Sym *symbol)
{
	return (const char *)reading->names->data + symbol->st_name;
}

/* The section of a symbol, or NULL: absolute and the like. */
static const struct sut_kernel_section *section_of(const struct reading *reading,
						   const Elf64_Sym *symbol)
{
	const struct sut_kernel_elf *elf = &reading->module->elf;

	return symbol->st_shndx < elf->section_count ? &elf->sections[symbol->st_shndx] : NULL;
}

static bool is_percpu(const struct sut_kernel_section *section)
{
	return strcmp(section->name, ".data..percpu") == 0;
}

/* is_core_symbol(): what is left when init is gone. A livepatch keeps everything. */
static bool stays(const struct reading *reading, const Elf64_Sym *symbol)
{
	const struct sut_kernel_section *section = section_of(reading, symbol);

	if (reading->module->livepatch)
		return true;
	if (!section || !symbol->st_name)
		return false;
	if (is_percpu(section))
		return true;
	return section->flags & SHF_ALLOC && strncmp(section->name, ".init", 5) != 0 &&
	       strcmp(section->name, ".modinfo") != 0 && strcmp(section->name, "__versions") != 0;
}

/* elf_type() of the kernel: as nm(1), but weak ones first. */
static char type_of(const struct reading *reading, const Elf64_Sym *symbol)
{
	const struct sut_kernel_section *section = section_of(reading, symbol);

	if (ELF64_ST_BIND(symbol->st_info) == STB_WEAK)
		return ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT ? 'v' : 'w';
	if (symbol->st_shndx == SHN_ABS || (section && is_percpu(section)))
		return 'a';
	if (!section)
		return '?';
	if (section->flags & SHF_EXECINSTR)
		return 't';
	if (section->type == SHT_NOBITS)
		return 'b';
	if (section->flags & SHF_ALLOC)
		return section->flags & SHF_WRITE ? 'd' : 'r';
	return strncmp(section->name, ".debug", 6) == 0 ? 'n' : '?';
}

/* Symbols with one table's members; indices are theirs in the ELF file. */
static void list_symbols(struct reading *reading, struct sut_arena *arena, bool early,
			 struct sut_kernel_symbols *symbols, uint32_t **indices)
{
	size_t count = symbol_count(reading), kept = 0;

	symbols->list = sut_arena_array(arena, count, sizeof(*symbols->list));
	*indices = sut_arena_array(arena, count, sizeof(**indices));
	for (size_t i = 1; i < count; i++) {
		Elf64_Sym symbol = symbol_at(reading, i);

		if (symbol.st_shndx == SHN_UNDEF || (!early && !stays(reading, &symbol)))
			continue;
		(*indices)[kept] = (uint32_t)i;
		symbols->list[kept++] = (struct sut_kernel_symbol){
			.name = name_of(reading, &symbol),
			.address = symbol.st_value,
			.size = symbol.st_size,
			.section = symbol.st_shndx,
			.local = ELF64_ST_BIND(symbol.st_info) == STB_LOCAL,
			.type = type_of(reading, &symbol),
		};
	}
	symbols->count = kept;
	sut_kernel_symbols_index(arena, symbols);
}

/* Both lists are in the order of the file, and what stays is in both. */
static void take_symbols(struct reading *reading)
{
	SUT_ARENA struct sut_arena scratch = {0};
	struct sut_kernel_symbols early, *symbols = &reading->module->symbols;
	uint32_t *early_indices, *indices;

	list_symbols(reading, &scratch, true, &early, &early_indices);
	list_symbols(reading, reading->arena, false, symbols, &indices);
	for (size_t i = 0, k = 0; i < symbols->count; i++) {
		while (early_indices[k] != indices[i])
			k++;
		symbols->list[i].early_position = early.list[k].position;
		symbols->list[i].early_namesakes = early.list[k].namesakes;
	}
}

static enum sut_rc check_symbols(struct reading *reading)
{
	for (size_t i = 0; i < symbol_count(reading); i++) {
		Elf64_Sym symbol = symbol_at(reading, i);

		if (symbol.st_name >= reading->names->size)
			return invalid(reading, "the name of a symbol lies outside of it");
		if (symbol.st_shndx >= reading->module->elf.section_count &&
		    symbol.st_shndx < SHN_LORESERVE)
			return invalid(reading, "a symbol is in a section that it has not");
	}
	return SUT_OK;
}

/*
 * An exported symbol has an entry "__ksymtab_NAME", and a capital letter in the kernel's list when
 * that lies in the section of exports to all (is_exported()).
 */
static void mark_exports(struct reading *reading)
{
	static const char prefix[] = "__ksymtab_";
	struct sut_kernel_symbols *symbols = &reading->module->symbols;

	for (size_t i = 1; i < symbol_count(reading); i++) {
		Elf64_Sym symbol = symbol_at(reading, i);
		const struct sut_kernel_section *section = section_of(reading, &symbol);
		const char *name = name_of(reading, &symbol);
		const uint32_t *found;
		size_t count;

		if (!section || strcmp(section->name, "__ksymtab") != 0 ||
		    strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		found = sut_kernel_symbols_find(symbols, name + strlen(prefix), &count);
		for (size_t k = 0; k < count; k++)
			symbols->list[found[k]].type = (char)toupper(symbols->list[found[k]].type);
	}
}

enum sut_rc sut_kernel_module_parse(struct sut_arena *arena, const char *path,
				    struct sut_bytes bytes, struct sut_kernel_module *module,
				    struct sut_diag *diag)
{
	struct sut_kernel_module found = {0};
	struct reading reading = {.arena = arena, .module = &found, .diag = diag};
	const char *name, *livepatch;
	enum sut_rc rc = sut_kernel_elf_parse(arena, path, bytes, &found.elf, diag);

	if (rc)
		return rc;
	name = info_value(&found.elf, "name");
	livepatch = info_value(&found.elf, "livepatch");
	found.name = name;
	found.livepatch = livepatch && strcmp(livepatch, "Y") == 0;
	if (!found.elf.relocatable || !name ||
	    !sut_kernel_elf_section(&found.elf, ".gnu.linkonce.this_module"))
		return invalid(&reading, "not a kernel module");
	rc = find_table(&reading);
	if (rc == SUT_OK)
		rc = check_symbols(&reading);
	if (rc)
		return rc;
	take_symbols(&reading);
	mark_exports(&reading);
	*module = found;
	return SUT_OK;
}

enum sut_rc sut_kernel_module_open(struct sut_arena *arena, const char *path,
				   struct sut_kernel_module *module, struct sut_diag *diag)
{
	struct sut_bytes bytes;
	enum sut_rc rc = sut_file_read(arena, path, SUT_KERNEL_FILE_MAX, &bytes, diag);

	if (rc == SUT_OK && (bytes.size < SELFMAG || memcmp(bytes.data, ELFMAG, SELFMAG) != 0))
		rc = sut_kernel_unpack(arena, path, bytes, &bytes, diag);
	return rc ? rc : sut_kernel_module_parse(arena, path, bytes, module, diag);
}
