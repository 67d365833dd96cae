// SPDX-License-Identifier: GPL-2.0-or-later
/* Where functions are in the source: for people, so anything that is missing is left out. */
#include "object/dwarf-text.h"
#include "extract/extract.h"
#include "base/io.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <string.h>

struct finder {
	struct sut_extract *extract;
	const struct sut_part *part;
};

/* The name in the source, without what the compiler appended to a clone's. */
static bool same_name(const char *symbol, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(symbol, name, length) && (!symbol[length] || symbol[length] == '.');
}

/* The unit's own file, however its path is written; a header keeps its path. */
static bool same_file(const char *source, const char *file)
{
	return !strcmp(sut_base_name(source), sut_base_name(file));
}

/* clang says "file 0" for the unit's own source in DWARF 5, which libdw takes for none. */
static const char *source_file(Dwarf_Die *die)
{
	const char *file = dwarf_decl_file(die);
	Dwarf_Die unit;

	if (file || !dwarf_hasattr(die, DW_AT_decl_file))
		return file;
	return dwarf_diename(dwarf_diecu(die, &unit, NULL, NULL));
}

static int visit_function(Dwarf_Die *die, void *context)
{
	const struct finder *finder = context;
	struct sut_patch *patch = finder->extract->patch;
	const char *file = source_file(die), *name;
	struct sut_dwarf dwarf = {.arena = finder->extract->arena};
	int line;

	if (!file || dwarf_decl_line(die, &line))
		return DWARF_CB_OK;
	name = sut_dwarf_symbol(&dwarf, die);
	for (size_t i = 0; i < patch->func_count; i++) {
		struct sut_patch_func *func = &patch->funcs[i];
		const struct sut_patch_symbol *symbol = &patch->symbols[func->symbol];

		if (!*func->source && same_name(func->name, name) &&
		    finder->extract->origins[symbol->section].part == finder->part)
			func->source = sut_arena_printf(finder->extract->arena, "%s:%d",
							same_file(finder->part->unit->source, file)
								? finder->part->unit->source
								: file,
							line);
	}
	return DWARF_CB_OK;
}

static void find_sources(const struct finder *finder)
{
	Dwfl_Module *module;
	__attribute__((cleanup(sut_dwarf_close))) Dwfl *dwfl =
		sut_dwarf_open(finder->part->diff->after->path, &module);
	Dwarf_Addr bias;
	Dwarf_Die *unit = NULL;

	while (dwfl && (unit = dwfl_module_nextcu(module, unit, &bias)))
		dwarf_getfuncs(unit, visit_function, (void *)finder, 0);
}

void sut_extract_sources(struct sut_extract *extract)
{
	for (size_t i = 0; i < extract->part_count; i++) {
		struct finder finder = {extract, &extract->parts[i]};

		find_sources(&finder);
	}
}
