// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/klp/kernel.h"
#include "kernel/klp/relink.h"
#include "base/guard.h"

#include <fts.h>
#include <string.h>

enum sut_rc sut_klp_kernel_open(struct sut_arena *arena, const struct sut_klp_files *files,
				struct sut_klp_kernel *kernel, struct sut_diag *diag)
{
	enum sut_rc rc;

	*kernel = (struct sut_klp_kernel){.arena = arena, .files = *files};
	rc = sut_kernel_image_open(arena, files->image, &kernel->image, diag);
	if (rc == SUT_OK)
		rc = sut_kernel_image_symbols(arena, &kernel->image, &kernel->symbols, diag);
	if (rc == SUT_OK && files->symvers)
		rc = sut_symvers_load(arena, files->symvers, &kernel->symvers, diag);
	return rc;
}

/* ---- modules ---- */

/* "snd-hda-intel.ko.xz" is snd_hda_intel. */
static bool is_file_of(const char *file, const char *name)
{
	for (; *name; name++, file++)
		if (*file != *name && !(*file == '-' && *name == '_'))
			return false;
	return !strncmp(file, ".ko", 3) && (!file[3] || file[3] == '.');
}

static void close_fts(FTS **tree)
{
	if (*tree)
		fts_close(*tree);
}

static const char *find_file(const struct sut_klp_kernel *kernel, const char *name)
{
	char *const folders[] = {(char *)kernel->files.modules, NULL};
	__attribute__((cleanup(close_fts))) FTS *tree = NULL;
	FTSENT *entry;

	if (!kernel->files.modules)
		return NULL;
	tree = fts_open(folders, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	while (tree && (entry = fts_read(tree)))
		if (entry->fts_info == FTS_F && is_file_of(entry->fts_name, name))
			return sut_arena_strdup(kernel->arena, entry->fts_path);
	return NULL;
}

static void remember(struct sut_klp_kernel *kernel, const char *name,
		     struct sut_kernel_module *module)
{
	SUT_PUSH(kernel->arena, kernel->modules, kernel->module_count, kernel->module_capacity) =
		(struct sut_klp_known_module){sut_arena_strdup(kernel->arena, name), module};
}

static enum sut_rc open_module(struct sut_klp_kernel *kernel, const char *path,
			       struct sut_kernel_module **module, struct sut_diag *diag)
{
	*module = sut_arena_alloc(kernel->arena, sizeof(**module));
	return sut_kernel_module_open(kernel->arena, path, *module, diag);
}

enum sut_rc sut_klp_kernel_add(struct sut_klp_kernel *kernel, const char *path,
			       struct sut_diag *diag)
{
	struct sut_kernel_module *module;
	enum sut_rc rc = open_module(kernel, path, &module, diag);

	if (rc == SUT_OK)
		remember(kernel, module->name, module);
	return rc;
}

enum sut_rc sut_klp_kernel_module(struct sut_klp_kernel *kernel, const char *name,
				  const struct sut_kernel_module **module, struct sut_diag *diag)
{
	struct sut_kernel_module *found = NULL;
	enum sut_rc rc = SUT_OK;
	const char *path;

	for (size_t i = 0; i < kernel->module_count; i++)
		if (!strcmp(kernel->modules[i].name, name)) {
			*module = kernel->modules[i].module;
			return SUT_OK;
		}
	path = find_file(kernel, name);
	if (path)
		rc = open_module(kernel, path, &found, diag);
	if (rc)
		return rc;
	remember(kernel, name, found);
	*module = found;
	return SUT_OK;
}

enum sut_rc sut_klp_kernel_symbols(struct sut_klp_kernel *kernel, const char *object,
				   const struct sut_kernel_symbols **symbols, struct sut_diag *diag)
{
	const struct sut_kernel_module *module;
	enum sut_rc rc;

	if (!strcmp(object, SUT_KLP_VMLINUX)) {
		*symbols = &kernel->symbols;
		return SUT_OK;
	}
	rc = sut_klp_kernel_module(kernel, object, &module, diag);
	if (rc == SUT_OK)
		*symbols = module ? &module->symbols : NULL;
	return rc;
}

/* ---- exports ---- */

static bool has_version(const struct sut_ko *ko, const char *name)
{
	const char *entry;
	size_t position = 0;
	uint32_t crc;

	while ((entry = sut_ko_version(ko, &position, &crc)))
		if (!strcmp(entry, name))
			return true;
	return false;
}

/* By Module.symvers, or by vmlinux's own table of exports. */
static bool is_exported(const struct sut_klp_kernel *kernel, const char *name)
{
	SUT_ARENA struct sut_arena scratch = {0};
	size_t count;

	if (sut_symvers_find(&kernel->symvers, name))
		return true;
	sut_kernel_symbols_find(&kernel->symbols, sut_arena_printf(&scratch, "__ksymtab_%s", name),
				&count);
	return count != 0;
}

bool sut_klp_is_ordinary(const struct sut_ko *ko, const struct sut_klp_kernel *kernel,
			 const char *name)
{
	return !strcmp(name, "_GLOBAL_OFFSET_TABLE_") || has_version(ko, name) ||
	       is_exported(kernel, name);
}

/* ---- what can be traced ---- */

static const struct sut_kernel_symbol *only(const struct sut_kernel_symbols *symbols,
					    const char *name)
{
	size_t count;
	const uint32_t *found = sut_kernel_symbols_find(symbols, name, &count);

	return count == 1 ? &symbols->list[*found] : NULL;
}

/* vmlinux has a list of addresses between two symbols. */
static bool traced_in_vmlinux(const struct sut_klp_kernel *kernel,
			      const struct sut_kernel_symbol *symbol, bool *known)
{
	const struct sut_kernel_symbol *start = only(&kernel->symbols, "__start_mcount_loc");
	const struct sut_kernel_symbol *stop = only(&kernel->symbols, "__stop_mcount_loc");
	const unsigned char *list = NULL;

	if (start && stop && start->address < stop->address)
		list = sut_kernel_elf_bytes(&kernel->image.elf, start->address,
					    stop->address - start->address);
	*known = list != NULL;
	for (uint64_t at = 0; list && at < stop->address - start->address; at += 8) {
		uint64_t address;

		memcpy(&address, list + at, sizeof(address));
		if (address - symbol->address < symbol->size)
			return true;
	}
	return false;
}

/* A module's list is made of relocations. */
static bool traced_in_module(const struct sut_kernel_module *module,
			     const struct sut_kernel_symbol *symbol, bool *known)
{
	SUT_ARENA struct sut_arena scratch = {0};
	struct sut_diag diag = {0};
	struct sut_ko ko;

	*known = !sut_ko_read(&scratch, module->elf.path, module->elf.bytes, &ko, &diag);
	if (!*known)
		return false;
	for (size_t i = 0; i < ko.reloc_count; i++) {
		const struct sut_ko_reloc *reloc = &ko.relocs[i];
		const Elf64_Sym *base = &ko.symbols[reloc->symbol];
		uint64_t address = base->st_value + (uint64_t)reloc->addend;

		if (!strcmp(ko.elf.sections[reloc->section].name, "__mcount_loc") &&
		    base->st_shndx == symbol->section && address - symbol->address < symbol->size)
			return true;
	}
	return false;
}

bool sut_klp_kernel_traced(const struct sut_klp_kernel *kernel,
			   const struct sut_kernel_module *module,
			   const struct sut_kernel_symbol *symbol, bool *known)
{
	if (module)
		return traced_in_module(module, symbol, known);
	return traced_in_vmlinux(kernel, symbol, known);
}

bool sut_klp_clears(const struct sut_ko *ko, const struct sut_klp_kernel *kernel)
{
	size_t count;

	sut_kernel_symbols_find(&kernel->symbols, "clear_relocate_add", &count);
	return count || sut_ko_find_symbol(ko, "text_poke_set") != SUT_KO_NONE ||
	       sut_ko_find_symbol(ko, ".klp.sym.vmlinux.text_poke_set,0") != SUT_KO_NONE;
}
