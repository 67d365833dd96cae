// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The new file has the old sections in their order, with the old indices, so that nothing that
 * names a section or a symbol by its index has to be changed; then the livepatch relocations; then
 * the section headers. Names of symbols are appended to their table, for a linker may have let two
 * of the old ones share their ends.
 */
#include "kernel/klp/binding.h"

#include <inttypes.h>
#include <string.h>

struct blob {
	unsigned char *data;
	size_t size, capacity;
	bool changed; /* of a section: this is its content, and not what the old file has */
};

/* A new .klp.rela section. */
struct klp_rela {
	const char *with;
	uint32_t section; /* that is changed */
	struct blob relas;
};

struct relink {
	struct sut_arena *arena;
	const struct sut_ko *ko;
	const struct sut_klp_relink *options;
	struct sut_klp_relinked *done;
	struct sut_diag *diag;
	const struct sut_klp_binding **bound; /* of each symbol, or NULL */
	struct blob *contents;                /* of each section, if it changes */
	Elf64_Sym *symbols;
	size_t rela_count, rela_capacity;
	struct klp_rela *relas;
	size_t header_count;
	Elf64_Shdr *headers;
	struct blob file;
};

static void put(struct relink *r, struct blob *blob, const void *data, size_t size)
{
	while (blob->capacity - blob->size < size)
		blob->data = sut_arena_grow(r->arena, blob->data, blob->size, &blob->capacity, 1);
	if (size)
		memcpy(blob->data + blob->size, data, size);
	blob->size += size;
}

/* ---- symbols ---- */

static enum sut_rc bind(struct relink *r)
{
	r->bound = sut_arena_array(r->arena, r->ko->symbol_count, sizeof(*r->bound));
	for (size_t i = 0; i < r->options->binding_count; i++) {
		const struct sut_klp_binding *binding = &r->options->bindings[i];
		uint32_t symbol = sut_ko_find_symbol(r->ko, binding->symbol);
		enum sut_rc rc = sut_klp_binding_check(r->ko, binding, r->diag);

		if (rc)
			return rc;
		if (symbol == SUT_KO_NONE || r->ko->symbols[symbol].st_shndx != SHN_UNDEF)
			return sut_klp_binding_refuse(r->ko, binding,
						      "the module does not leave it undefined",
						      r->diag);
		if (r->bound[symbol])
			return sut_klp_binding_refuse(r->ko, binding, "it was bound before",
						      r->diag);
		r->bound[symbol] = binding;
	}
	return SUT_OK;
}

/* Where a section's changed content grows: a copy, made at the first call. */
static struct blob *content_of(struct relink *r, uint32_t section)
{
	const struct sut_kernel_section *old = &r->ko->elf.sections[section];
	struct blob *content = &r->contents[section];

	if (!content->changed)
		put(r, content, old->data, old->size);
	content->changed = true;
	return content;
}

static uint32_t put_name(struct relink *r, uint32_t table, const char *name)
{
	struct blob *content = content_of(r, table);
	size_t at = content->size;

	put(r, content, name, strlen(name) + 1);
	return (uint32_t)at;
}

static void rename_symbols(struct relink *r)
{
	const struct sut_ko *ko = r->ko;

	r->symbols =
		sut_arena_memdup(r->arena, ko->symbols, ko->symbol_count * sizeof(*ko->symbols));
	for (size_t i = 0; i < ko->symbol_count; i++) {
		const struct sut_klp_binding *binding = r->bound[i];

		if (!binding)
			continue;
		r->symbols[i].st_name =
			put_name(r, ko->strtab,
				 sut_arena_printf(r->arena, ".klp.sym.%s.%s,%" PRIu64,
						  binding->object, sut_klp_binding_name(binding),
						  binding->sympos));
		r->symbols[i].st_shndx = SUT_KO_SHN_LIVEPATCH;
		r->symbols[i].st_value = 0;
		r->done->symbol_count++;
	}
	r->contents[ko->symtab] = (struct blob){
		.data = (unsigned char *)r->symbols,
		.size = ko->symbol_count * sizeof(*r->symbols),
		.changed = true,
	};
}

/* ---- relocations ---- */

static struct klp_rela *klp_rela_for(struct relink *r, const char *with, uint32_t section)
{
	for (size_t i = 0; i < r->rela_count; i++)
		if (r->relas[i].section == section && !strcmp(r->relas[i].with, with))
			return &r->relas[i];
	SUT_PUSH(r->arena, r->relas, r->rela_count, r->rela_capacity) =
		(struct klp_rela){.with = with, .section = section};
	return &r->relas[r->rela_count - 1];
}

/* Annotations for this step, with which the kernel has nothing to do. */
static bool is_annotation(const struct sut_kernel_section *section)
{
	return !strncmp(section->name, SUT_KLP_ANNOTATIONS, strlen(SUT_KLP_ANNOTATIONS));
}

/* Splits one table of relocations into those that stay and those that wait. */
static enum sut_rc split_table(struct relink *r, uint32_t index)
{
	const struct sut_kernel_section *table = &r->ko->elf.sections[index];
	const struct sut_kernel_section *section = &r->ko->elf.sections[table->info];
	struct blob stay = {.changed = true};

	for (size_t at = 0; at < table->size; at += sizeof(Elf64_Rela)) {
		const struct sut_klp_binding *binding;
		Elf64_Rela rela;
		enum sut_rc rc;

		memcpy(&rela, table->data + at, sizeof(rela));
		binding = r->bound[ELF64_R_SYM(rela.r_info)];
		if (is_annotation(section))
			continue;
		if (!binding) {
			put(r, &stay, &rela, sizeof(rela));
			continue;
		}
		rc = sut_klp_binding_check_reloc(r->ko, binding, section, &rela,
						 r->options->late_text, r->diag);
		if (rc)
			return rc;
		put(r, &klp_rela_for(r, sut_klp_binding_with(binding), table->info)->relas, &rela,
		    sizeof(rela));
		r->done->reloc_count++;
		r->done->late_count += sut_klp_binding_is_late(binding);
	}
	if (stay.size != table->size)
		r->contents[index] = stay;
	return SUT_OK;
}

/* Livepatch relocations that are there already stay as they are. */
static bool is_split(const struct sut_ko *ko, uint32_t index)
{
	return sut_ko_relocs_in(ko, index) &&
	       !(ko->elf.sections[index].flags & SUT_KO_SHF_RELA_LIVEPATCH);
}

static enum sut_rc split_relocs(struct relink *r)
{
	const struct sut_ko *ko = r->ko;

	for (uint32_t i = 1; i < ko->elf.section_count; i++) {
		enum sut_rc rc = SUT_OK;

		if (is_split(ko, i))
			rc = split_table(r, i);
		if (rc)
			return rc;
	}
	r->done->section_count = r->rela_count;
	return SUT_OK;
}

/* ---- the file ---- */

static void align_file(struct relink *r, uint64_t align)
{
	static const unsigned char zero;

	while (align && r->file.size % align)
		put(r, &r->file, &zero, 1);
}

/* The kernel copies sections to where their alignment is kept; the file's is for readers. */
static uint64_t file_align(const struct sut_kernel_section *section)
{
	return section->align < 64 ? section->align : 64;
}

/* Whether the kernel shall load the section. */
static uint64_t flags_of(const struct sut_kernel_section *section)
{
	return is_annotation(section) ? section->flags & ~(uint64_t)SHF_ALLOC : section->flags;
}

static void write_old_section(struct relink *r, uint32_t index)
{
	const struct sut_kernel_section *old = &r->ko->elf.sections[index];
	const struct blob *content = &r->contents[index];
	Elf64_Shdr *header = &r->headers[index];

	header->sh_type = old->type;
	header->sh_flags = flags_of(old);
	header->sh_size = content->changed ? content->size : old->size;
	header->sh_link = old->link;
	header->sh_info = old->info;
	header->sh_addralign = old->align;
	header->sh_entsize = old->entry_size;
	align_file(r, file_align(old));
	header->sh_offset = r->file.size;
	if (content->changed)
		put(r, &r->file, content->data, content->size);
	else if (old->data)
		put(r, &r->file, old->data, old->size);
}

static void write_klp_rela(struct relink *r, size_t i)
{
	const struct klp_rela *rela = &r->relas[i];
	Elf64_Shdr *header = &r->headers[r->ko->elf.section_count + i];

	align_file(r, 8);
	header->sh_type = SHT_RELA;
	header->sh_flags = SHF_ALLOC | SHF_INFO_LINK | SUT_KO_SHF_RELA_LIVEPATCH;
	header->sh_offset = r->file.size;
	header->sh_size = rela->relas.size;
	header->sh_link = r->ko->symtab;
	header->sh_info = rela->section;
	header->sh_addralign = 8;
	header->sh_entsize = sizeof(Elf64_Rela);
	put(r, &r->file, rela->relas.data, rela->relas.size);
}

/*
 * ".klp.rela.vmlinux.text": the section's own point separates its name, or one of ours does. The
 * table of section names is made anew, unless symbols have theirs in it, too.
 */
static void name_sections(struct relink *r)
{
	const struct sut_ko *ko = r->ko;

	if (ko->shstrtab != ko->strtab) {
		r->contents[ko->shstrtab] = (struct blob){.changed = true};
		put_name(r, ko->shstrtab, "");
	}
	for (uint32_t i = 1; i < ko->elf.section_count; i++)
		r->headers[i].sh_name = put_name(r, ko->shstrtab, ko->elf.sections[i].name);
	for (size_t i = 0; i < r->rela_count; i++) {
		const char *name = ko->elf.sections[r->relas[i].section].name;

		name = sut_arena_printf(r->arena, ".klp.rela.%s%s%s", r->relas[i].with,
					*name == '.' ? "" : ".", name);
		r->headers[ko->elf.section_count + i].sh_name = put_name(r, ko->shstrtab, name);
	}
}

static void write_file(struct relink *r)
{
	const struct sut_ko *ko = r->ko;
	Elf64_Ehdr header;

	memcpy(&header, ko->elf.bytes.data, sizeof(header));
	r->header_count = ko->elf.section_count + r->rela_count;
	r->headers = sut_arena_array(r->arena, r->header_count, sizeof(*r->headers));
	put(r, &r->file, &header, sizeof(header));
	name_sections(r);
	for (uint32_t i = 1; i < ko->elf.section_count; i++)
		write_old_section(r, i);
	for (size_t i = 0; i < r->rela_count; i++)
		write_klp_rela(r, i);
	align_file(r, 8);
	header.e_shoff = r->file.size;
	header.e_shnum = (uint16_t)r->header_count;
	put(r, &r->file, r->headers, r->header_count * sizeof(*r->headers));
	memcpy(r->file.data, &header, sizeof(header));
}

enum sut_rc sut_klp_relink(struct sut_arena *arena, const struct sut_ko *ko,
			   const struct sut_klp_relink *options, struct sut_klp_relinked *relinked,
			   struct sut_diag *diag)
{
	struct sut_klp_relinked done = {0};
	struct relink r = {
		.arena = arena, .ko = ko, .options = options, .done = &done, .diag = diag};
	struct sut_ko back;
	enum sut_rc rc;

	r.contents = sut_arena_array(arena, ko->elf.section_count, sizeof(*r.contents));
	rc = bind(&r);
	if (rc)
		return rc;
	rename_symbols(&r);
	rc = split_relocs(&r);
	if (rc)
		return rc;
	if (ko->elf.section_count + r.rela_count >= SHN_LORESERVE)
		return sut_fail(diag, SUT_UNSUPPORTED, "large",
				"%s: %zu sections, with %zu of livepatch relocations, are more "
				"than a module holds",
				ko->elf.path, ko->elf.section_count, r.rela_count);
	write_file(&r);
	done.bytes = (struct sut_bytes){r.file.data, r.file.size};
	rc = sut_ko_read(arena, ko->elf.path, done.bytes, &back, diag);
	if (rc)
		return sut_context(diag, SUT_BUG, "the module that was made is not well-formed");
	*relinked = done;
	return SUT_OK;
}
