// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any debugging information may come with an object: its types are read, and the lines of its
 * functions, as libdw gives them to create's messages.
 */
#include "base/guard.h"
#include "object/dwarf-text.h"
#include "object/types.h"
#include "file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text is there to its end. */
static void touch(const char *text)
{
	if (text && strlen(text) > SIZE_MAX / 2)
		abort();
}

static int visit_function(Dwarf_Die *die, void *context)
{
	Dwarf_Addr address;
	Dwfl_Line *line;
	int number;

	touch(dwarf_diename(die));
	touch(dwarf_decl_file(die));
	if (dwarf_lowpc(die, &address))
		return DWARF_CB_OK;
	line = dwfl_module_getsrc(context, address);
	if (line)
		touch(dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL));
	return DWARF_CB_OK;
}

static void read_lines(const char *path)
{
	Dwfl_Module *module;
	__attribute__((cleanup(sut_dwarf_close))) Dwfl *dwfl = sut_dwarf_open(path, &module);
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;

	while (dwfl && (unit = dwfl_module_nextcu(module, unit, &bias)))
		dwarf_getfuncs(unit, visit_function, module, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *path = fuzz_file(data, size);
	struct sut_types types;
	struct sut_diag diag = {0};

	read_lines(path);
	if (sut_types_read(&arena, path, &types, &diag))
		return 0;
	for (size_t i = 1; i < types.count; i++) {
		if (strcmp(types.list[i - 1].name, types.list[i].name) >= 0)
			abort();
	}
	return 0;
}
