// SPDX-License-Identifier: GPL-2.0-or-later
/* Symbols from elsewhere: the running kernel's list, and a symbol table with exact sizes. */
#include "kernel/image/symbols.h"
#include "base/guard.h"

#include <string.h>

/* One line of /proc/kallsyms: "ffffffff81000000 T _text", and "\t[loop]" for a module's. */
struct line {
	uint64_t address;
	char type;
	const char *name, *module; /* not terminated */
	size_t name_length, module_length;
};

static bool read_line(const char *text, size_t length, struct line *line)
{
	size_t at = 0;

	*line = (struct line){0};
	for (; at < length && at < 16 && strchr("0123456789abcdef", text[at]); at++)
		line->address = line->address << 4 |
				(uint64_t)(text[at] <= '9' ? text[at] - '0' : text[at] - 'a' + 10);
	if (!at || length - at < 4 || text[at] != ' ' || text[at + 2] != ' ')
		return false;
	line->type = text[at + 1];
	line->name = text + at + 3;
	line->name_length = length - at - 3;
	line->module = memchr(line->name, '\t', line->name_length);
	if (!line->module)
		return true;
	line->module_length = line->name_length - (size_t)(line->module - line->name);
	line->name_length -= line->module_length;
	if (!line->name_length || line->module_length < 4 || line->module[1] != '[' ||
	    line->module[line->module_length - 1] != ']')
		return false;
	line->module += 2;
	line->module_length -= 3;
	return true;
}

static bool is_of(const struct line *line, const char *module)
{
	if (!line->module || !module)
		return !line->module && !module;
	return strlen(module) == line->module_length &&
	       memcmp(line->module, module, line->module_length) == 0;
}

/* Those of vmlinux ascend; of a module, any address of its may be the next. */
static void take_sizes(struct sut_kernel_symbols *symbols)
{
	for (size_t i = symbols->count, next = symbols->count; i-- > 0;) {
		struct sut_kernel_symbol *symbol = &symbols->list[symbols->by_address[i]];

		if (i + 1 < symbols->count &&
		    symbols->list[symbols->by_address[i + 1]].address != symbol->address)
			next = i + 1;
		if (next < symbols->count)
			symbol->size =
				symbols->list[symbols->by_address[next]].address - symbol->address;
	}
}

enum sut_rc sut_kernel_symbols_text(struct sut_arena *arena, struct sut_bytes text,
				    const char *module, struct sut_kernel_symbols *symbols,
				    struct sut_diag *diag)
{
	struct sut_kernel_symbols found = {0};
	size_t capacity = 0, number = 1;
	bool shown = false;

	for (size_t at = 0, length; at < text.size; at += length + 1, number++) {
		const char *from = (const char *)text.data + at;
		const char *end = memchr(from, '\n', text.size - at);
		struct line line;

		length = end ? (size_t)(end - from) : text.size - at;
		if (!read_line(from, length, &line))
			return sut_fail(diag, SUT_INVALID, "kallsyms",
					"line %zu of the kernel's symbols: not \"address type "
					"name\"",
					number);
		shown |= line.address != 0;
		if (!is_of(&line, module))
			continue;
		SUT_PUSH(arena, found.list, found.count, capacity) = (struct sut_kernel_symbol){
			.name = sut_arena_strndup(arena, line.name, line.name_length),
			.address = line.address,
			.type = line.type,
		};
	}
	if (!found.count)
		return sut_fail(diag, SUT_GONE, "kallsyms", "the kernel lists no symbols of %s",
				module ? module : "its own");
	if (!shown) {
		sut_fail(diag, SUT_REFUSED, "kallsyms",
			 "the kernel hides the addresses of its "
			 "symbols");
		sut_remedy(diag, "run this as root; see kptr_restrict in proc_sys_kernel(5)");
		return SUT_REFUSED;
	}
	sut_kernel_symbols_index(arena, &found);
	take_sizes(&found);
	*symbols = found;
	return SUT_OK;
}

/* ---- a symbol table ---- */

static const struct sut_kernel_section *find_table(const struct sut_kernel_elf *elf,
						   const struct sut_kernel_section **names)
{
	for (size_t i = 1; i < elf->section_count; i++) {
		const struct sut_kernel_section *section = &elf->sections[i];

		if (section->type != SHT_SYMTAB || !section->data ||
		    section->link >= elf->section_count)
			continue;
		*names = &elf->sections[section->link];
		if ((*names)->type == SHT_STRTAB && (*names)->data &&
		    !(*names)->data[(*names)->size - 1])
			return section;
	}
	return NULL;
}

enum sut_rc sut_kernel_symbols_exact(struct sut_kernel_symbols *symbols,
				     const struct sut_kernel_elf *elf, struct sut_diag *diag)
{
	const struct sut_kernel_section *names = NULL, *table = find_table(elf, &names);
	size_t matched = 0;

	if (!table)
		return sut_fail(diag, SUT_GONE, "kallsyms", "%s: has no symbol table", elf->path);
	for (size_t i = 0; i < table->size / sizeof(Elf64_Sym); i++) {
		const uint32_t *there;
		size_t count;
		Elf64_Sym symbol;

		memcpy(&symbol, table->data + i * sizeof(symbol), sizeof(symbol));
		if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= names->size)
			continue;
		there = sut_kernel_symbols_at(symbols, 0, symbol.st_value, &count);
		for (size_t k = 0; k < count; k++) {
			struct sut_kernel_symbol *known = &symbols->list[there[k]];

			if (strcmp(known->name, (const char *)names->data + symbol.st_name) != 0)
				continue;
			matched++;
			if (symbol.st_size)
				known->size = symbol.st_size;
		}
	}
	if (matched < symbols->count)
		return sut_fail(diag, SUT_INVALID, "kallsyms",
				"%s: only %zu of %zu symbols of the kernel are in its symbol table",
				elf->path, matched, symbols->count);
	return SUT_OK;
}
