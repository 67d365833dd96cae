// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/symbol.h"
#include "base/guard.h"
#include "base/io.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The function's symbol in one table of the file; a sized one that holds the address. */
static bool find_in(struct sut_arena *arena, Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
		    uint64_t address, struct sut_symbol_name *name)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;

	for (size_t i = 0; i < count; i++) {
		const char *text;
		GElf_Sym symbol;

		if (!gelf_getsym(data, (int)i, &symbol))
			break;
		if (symbol.st_shndx == SHN_UNDEF ||
		    (GELF_ST_TYPE(symbol.st_info) != STT_FUNC &&
		     GELF_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC) ||
		    address - symbol.st_value >= symbol.st_size)
			continue;
		text = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (!text || !*text)
			continue;
		name->function = sut_arena_strdup(arena, text);
		name->offset = address - symbol.st_value;
		return true;
	}
	return false;
}

static bool find_symbol(struct sut_arena *arena, Elf *elf, uint32_t type, uint64_t address,
			struct sut_symbol_name *name)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && header.sh_type == type &&
		    find_in(arena, elf, section, &header, address, name))
			return true;
	}
	return false;
}

/* libdw reads a line table's strings to their ends, and a damaged file's may have none. */
static bool strings_end(Elf *elf)
{
	size_t names;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return false;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		const char *name = gelf_getshdr(section, &header)
					   ? elf_strptr(elf, names, header.sh_name)
					   : NULL;
		const Elf_Data *data;

		if (!name || strstr(name, "_offsets") ||
		    (!strstr(name, "debug_str") && !strstr(name, "debug_line_str")))
			continue;
		data = elf_rawdata(section, NULL);
		if (!data || !data->d_buf || !data->d_size ||
		    ((const char *)data->d_buf)[data->d_size - 1])
			return false;
	}
	return true;
}

static void find_line(struct sut_arena *arena, Elf *elf, uint64_t address,
		      struct sut_symbol_name *name)
{
	Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	Dwarf_Die unit;
	Dwarf_Line *line;
	const char *file;
	int number;

	/* It has expanded compressed sections by now. */
	if (dwarf && strings_end(elf) && dwarf_addrdie(dwarf, address, &unit)) {
		line = dwarf_getsrc_die(&unit, address);
		file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
		if (file && dwarf_lineno(line, &number) == 0)
			name->source =
				sut_arena_printf(arena, "%s:%d", sut_base_name(file), number);
	}
	if (dwarf)
		dwarf_end(dwarf);
}

/* The file of the debugging package; NULL: there is none with this build-id. */
static Elf *open_debug(const struct sut_unwind_object *object, int *fd)
{
	const unsigned char *id;
	const void *bytes, *own;
	ssize_t size = dwelf_elf_gnu_build_id(object->elf, &own);
	char hex[2 * 64 + 1], path[256];
	Elf *elf;

	if (size < 2 || size > 64)
		return NULL;
	id = own;
	sut_hex(hex, id, (size_t)size);
	snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	elf = *fd < 0 ? NULL : elf_begin(*fd, ELF_C_READ, NULL);
	if (elf && (dwelf_elf_gnu_build_id(elf, &bytes) != size ||
		    memcmp(bytes, own, (size_t)size) != 0)) {
		elf_end(elf);
		elf = NULL;
	}
	return elf;
}

struct sut_symbol_name sut_symbol_find(struct sut_arena *arena,
				       const struct sut_unwind_object *object, uint64_t address)
{
	struct sut_symbol_name name = {.function = "", .source = ""};
	SUT_CLOSE int fd = -1;
	Elf *debug;

	if (!object || !object->elf)
		return name;
	address -= object->bias;
	find_line(arena, object->elf, address, &name);
	if (find_symbol(arena, object->elf, SHT_SYMTAB, address, &name) && *name.source)
		return name;
	debug = open_debug(object, &fd);
	if (debug) {
		if (!*name.function)
			find_symbol(arena, debug, SHT_SYMTAB, address, &name);
		if (!*name.source)
			find_line(arena, debug, address, &name);
		elf_end(debug);
	}
	if (!*name.function)
		find_symbol(arena, object->elf, SHT_DYNSYM, address, &name);
	return name;
}
