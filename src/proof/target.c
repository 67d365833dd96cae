// SPDX-License-Identifier: GPL-2.0-or-later
#include "proof/target.h"
#include "base/io.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TARGET_SIZE_MAX = 1 << 30 };

static void close_elf(Elf **elf)
{
	elf_end(*elf);
}

struct load {
	struct sut_arena *arena;
	struct sut_target *target;
	struct sut_diag *diag;
	Elf *elf;
	size_t symbol_capacity, reloc_capacity, needed_capacity;
};

static enum sut_rc malformed(struct load *load, const char *what)
{
	return sut_fail(load->diag, SUT_INVALID, "format",
			"%s: not a valid executable or shared object: %s", load->target->path,
			what);
}

static const char *string_at(struct load *load, size_t table, size_t offset)
{
	const char *s = elf_strptr(load->elf, table, offset);

	return s ? s : "";
}

static enum sut_rc load_header(struct load *load)
{
	GElf_Ehdr header;

	if (elf_kind(load->elf) != ELF_K_ELF || !gelf_getehdr(load->elf, &header))
		return malformed(load, "no ELF file");
	if (gelf_getclass(load->elf) != ELFCLASS64 || header.e_machine != EM_X86_64)
		return malformed(load, "not for x86-64");
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return malformed(load, "not linked");
	load->target->executable = header.e_type == ET_EXEC;
	return SUT_OK;
}

/* A static program at random addresses has no interpreter. */
static bool is_flagged_pie(const struct sut_target *target, const GElf_Phdr *dynamic)
{
	Elf64_Dyn entry;

	if (dynamic->p_offset > target->bytes.size ||
	    dynamic->p_filesz > target->bytes.size - dynamic->p_offset)
		return false;
	for (uint64_t at = 0; at + sizeof(entry) <= dynamic->p_filesz; at += sizeof(entry)) {
		memcpy(&entry, target->bytes.data + dynamic->p_offset + at, sizeof(entry));
		if (entry.d_tag == DT_FLAGS_1)
			return entry.d_un.d_val & DF_1_PIE;
	}
	return false;
}

static enum sut_rc load_segment(struct load *load, const GElf_Phdr *header)
{
	struct sut_target *target = load->target;

	if (header->p_type == PT_INTERP ||
	    (header->p_type == PT_DYNAMIC && is_flagged_pie(target, header)))
		target->executable = true;
	if (header->p_type == PT_TLS) {
		uint64_t align = header->p_align ? header->p_align : 1;

		if (header->p_memsz > UINT32_MAX || align > UINT32_MAX)
			return malformed(load, "absurd TLS segment");
		target->tls_size = (header->p_memsz + align - 1) / align * align;
	}
	if (header->p_type != PT_LOAD)
		return SUT_OK;
	if (header->p_offset > target->bytes.size ||
	    header->p_filesz > target->bytes.size - header->p_offset ||
	    header->p_filesz > header->p_memsz || header->p_memsz > UINT64_MAX - header->p_vaddr)
		return malformed(load, "a segment reaches beyond the end of the file");
	target->segments[target->segment_count++] = (struct sut_target_segment){
		.address = header->p_vaddr,
		.size = header->p_memsz,
		.file_size = header->p_filesz,
		.data = target->bytes.data + header->p_offset,
		.executable = header->p_flags & PF_X,
		.writable = header->p_flags & PF_W,
	};
	return SUT_OK;
}

static enum sut_rc load_segments(struct load *load)
{
	size_t count;

	if (elf_getphdrnum(load->elf, &count))
		return malformed(load, "no program headers");
	load->target->segments =
		sut_arena_array(load->arena, count, sizeof(*load->target->segments));
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr header;
		enum sut_rc rc;

		if (!gelf_getphdr(load->elf, i, &header))
			return malformed(load, "unreadable program header");
		rc = load_segment(load, &header);
		if (rc)
			return rc;
	}
	return SUT_OK;
}

static void load_symbols(struct load *load, Elf_Scn *scn, const GElf_Shdr *header)
{
	struct sut_target *target = load->target;
	Elf_Data *data = elf_getdata(scn, NULL);
	const char *file = "";
	GElf_Sym symbol;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		unsigned char type = GELF_ST_TYPE(symbol.st_info);
		bool local = GELF_ST_BIND(symbol.st_info) == STB_LOCAL;

		if (type == STT_FILE)
			file = sut_arena_strdup(load->arena,
						string_at(load, header->sh_link, symbol.st_name));
		if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS ||
		    type == STT_FILE || type == STT_SECTION)
			continue;
		const char *name = string_at(load, header->sh_link, symbol.st_name);
		const char *version = strchr(name, '@');

		SUT_PUSH(load->arena, target->symbols, target->symbol_count,
			 load->symbol_capacity) = (struct sut_target_symbol){
			.name = sut_arena_strndup(load->arena, name,
						  version ? (size_t)(version - name)
							  : strlen(name)),
			.file = local ? file : "",
			.address = symbol.st_value,
			.size = symbol.st_size,
			.type = type,
			.local = local,
			.dynamic = header->sh_type == SHT_DYNSYM,
			.order = i,
		};
	}
	if (header->sh_type == SHT_SYMTAB)
		target->has_symtab = true;
}

static void load_relocs(struct load *load, Elf_Scn *scn, const GElf_Shdr *header)
{
	struct sut_target *target = load->target;
	Elf_Data *data = elf_getdata(scn, NULL);
	Elf_Scn *table = elf_getscn(load->elf, header->sh_link);
	Elf_Data *symbols = header->sh_link && table ? elf_getdata(table, NULL) : NULL;
	GElf_Shdr table_header;
	GElf_Rela raw;

	if (!table || !gelf_getshdr(table, &table_header))
		table_header.sh_link = 0;
	for (int i = 0; data && gelf_getrela(data, i, &raw); i++) {
		struct sut_target_reloc reloc = {
			.address = raw.r_offset,
			.type = GELF_R_TYPE(raw.r_info),
			.addend = raw.r_addend,
			.name = "",
		};
		GElf_Sym symbol;

		if (symbols && GELF_R_SYM(raw.r_info) &&
		    gelf_getsym(symbols, GELF_R_SYM(raw.r_info), &symbol)) {
			reloc.name =
				sut_arena_strdup(load->arena, string_at(load, table_header.sh_link,
									symbol.st_name));
			reloc.defined = symbol.st_shndx != SHN_UNDEF;
		}
		SUT_PUSH(load->arena, target->relocs, target->reloc_count, load->reloc_capacity) =
			reloc;
	}
}

static void load_dynamic(struct load *load, Elf_Scn *scn, const GElf_Shdr *header)
{
	struct sut_target *target = load->target;
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Dyn entry;

	for (int i = 0; data && gelf_getdyn(data, i, &entry); i++) {
		if (entry.d_tag != DT_SONAME && entry.d_tag != DT_NEEDED &&
		    entry.d_tag != DT_RUNPATH && entry.d_tag != DT_RPATH)
			continue;
		const char *name = sut_arena_strdup(load->arena, string_at(load, header->sh_link,
									   entry.d_un.d_val));

		if (entry.d_tag == DT_SONAME)
			target->soname = name;
		else if (entry.d_tag != DT_NEEDED)
			target->runpath = name;
		else
			SUT_PUSH(load->arena, target->needed, target->needed_count,
				 load->needed_capacity) = name;
	}
}

static void load_note(struct load *load, Elf_Scn *scn)
{
	struct sut_target *target = load->target;
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Nhdr header;
	size_t name, desc;

	for (size_t at = 0; data && (at = gelf_getnote(data, at, &header, &name, &desc)) > 0;) {
		if (header.n_type != NT_GNU_BUILD_ID || header.n_namesz != 4 ||
		    memcmp((char *)data->d_buf + name, "GNU", 4) != 0 ||
		    header.n_descsz > sizeof(target->build_id))
			continue;
		memcpy(target->build_id, (char *)data->d_buf + desc, header.n_descsz);
		target->build_id_size = header.n_descsz;
	}
}

static void load_comment(struct load *load, Elf_Scn *scn, const GElf_Shdr *header, size_t names)
{
	Elf_Data *data = elf_rawdata(scn, NULL);

	if (data && data->d_buf && !strcmp(string_at(load, names, header->sh_name), ".comment"))
		load->target->comment =
			(struct sut_bytes){.data = data->d_buf, .size = data->d_size};
}

static enum sut_rc load_sections(struct load *load)
{
	size_t names;

	if (elf_getshdrstrndx(load->elf, &names))
		return malformed(load, "no section headers");
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(load->elf, scn));) {
		GElf_Shdr header;

		if (!gelf_getshdr(scn, &header))
			return malformed(load, "unreadable section header");
		if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM)
			load_symbols(load, scn, &header);
		else if (header.sh_type == SHT_RELA && header.sh_flags & SHF_ALLOC)
			load_relocs(load, scn, &header);
		else if (header.sh_type == SHT_DYNAMIC)
			load_dynamic(load, scn, &header);
		else if (header.sh_type == SHT_NOTE)
			load_note(load, scn);
		else if (header.sh_type == SHT_PROGBITS && !(header.sh_flags & SHF_ALLOC))
			load_comment(load, scn, &header, names);
	}
	return SUT_OK;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct sut_target_symbol *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	if (order)
		return order;
	if (left->dynamic != right->dynamic)
		return left->dynamic ? 1 : -1;
	return (left->order > right->order) - (left->order < right->order);
}

static int compare_relocs(const void *a, const void *b)
{
	const struct sut_target_reloc *left = a, *right = b;

	return (left->address > right->address) - (left->address < right->address);
}

/* Symbols of both tables: one entry each, and whether it is in .dynsym. */
static void sort_symbols(struct sut_target *target)
{
	struct sut_target_symbol *symbols = target->symbols;
	size_t kept = 0;

	if (target->symbol_count)
		qsort(symbols, target->symbol_count, sizeof(*symbols), compare_symbols);
	for (size_t i = 0; i < target->symbol_count; i++) {
		bool twice = false;

		for (size_t j = kept; symbols[i].dynamic && j-- > 0;) {
			if (strcmp(symbols[j].name, symbols[i].name) != 0)
				break;
			if (symbols[j].local || symbols[j].address != symbols[i].address)
				continue;
			symbols[j].dynamic = true;
			twice = true;
		}
		if (!twice)
			symbols[kept++] = symbols[i];
	}
	target->symbol_count = kept;
}

void sut_target_take_symbols(struct sut_arena *arena, struct sut_target *target, const char *path)
{
	struct sut_target debug = {.path = path};
	struct sut_target result = *target;
	size_t capacity = 0;
	struct sut_diag ignored;

	if (target->has_symtab || access(path, R_OK) ||
	    sut_file_read(arena, path, TARGET_SIZE_MAX, &debug.bytes, &ignored))
		return;
	__attribute__((cleanup(close_elf))) Elf *elf =
		elf_memory((char *)debug.bytes.data, debug.bytes.size);
	struct load load = {.arena = arena, .target = &debug, .diag = &ignored, .elf = elf};

	if (!elf || load_header(&load) || load_sections(&load) || !debug.has_symtab ||
	    debug.build_id_size != target->build_id_size ||
	    memcmp(debug.build_id, target->build_id, debug.build_id_size) != 0)
		return;
	result.symbols = NULL;
	result.symbol_count = 0;
	for (size_t i = 0; i < target->symbol_count; i++)
		SUT_PUSH(arena, result.symbols, result.symbol_count, capacity) = target->symbols[i];
	for (size_t i = 0; i < debug.symbol_count; i++)
		if (!debug.symbols[i].dynamic)
			SUT_PUSH(arena, result.symbols, result.symbol_count, capacity) =
				debug.symbols[i];
	result.has_symtab = true;
	sort_symbols(&result);
	*target = result;
}

/* The symbols of a stripped target lie where its debugging package put them. */
static void take_debug_symbols(struct sut_arena *arena, struct sut_target *target)
{
	char hex[2 * SUT_PATCH_BUILD_ID_MAX + 1];

	if (target->has_symtab || target->build_id_size < 2)
		return;
	sut_hex(hex, target->build_id, target->build_id_size);
	sut_target_take_symbols(arena, target,
				sut_arena_printf(arena, "/usr/lib/debug/.build-id/%.2s/%s.debug",
						 hex, hex + 2));
}

enum sut_rc sut_target_load(struct sut_arena *arena, const char *path, struct sut_target *target,
			    struct sut_diag *diag)
{
	struct sut_bytes bytes;
	enum sut_rc rc = sut_file_read(arena, path, TARGET_SIZE_MAX, &bytes, diag);

	return rc ? rc : sut_target_parse(arena, path, bytes, target, diag);
}

enum sut_rc sut_target_parse(struct sut_arena *arena, const char *path, struct sut_bytes bytes,
			     struct sut_target *target, struct sut_diag *diag)
{
	struct sut_target result = {.path = path,
				    .name = sut_base_name(path),
				    .soname = "",
				    .runpath = "",
				    .bytes = bytes};
	struct load load = {.arena = arena, .target = &result, .diag = diag};
	enum sut_rc rc;

	elf_version(EV_CURRENT);
	__attribute__((cleanup(close_elf))) Elf *elf =
		elf_memory((char *)result.bytes.data, result.bytes.size);

	load.elf = elf;
	if (!elf)
		return malformed(&load, elf_errmsg(-1));
	rc = load_header(&load);
	if (!rc)
		rc = load_segments(&load);
	if (!rc)
		rc = load_sections(&load);
	if (rc)
		return rc;
	if (!result.build_id_size) {
		rc = sut_fail(diag, SUT_REFUSED, "build-id",
			      "%s has no build-id, so no process could be recognised as running it",
			      path);
		sut_remedy(diag, "Link it with -Wl,--build-id.");
		return rc;
	}
	sort_symbols(&result);
	take_debug_symbols(arena, &result);
	if (result.reloc_count)
		qsort(result.relocs, result.reloc_count, sizeof(*result.relocs), compare_relocs);
	*target = result;
	return SUT_OK;
}
