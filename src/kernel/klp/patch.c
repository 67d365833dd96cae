// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/klp/patch.h"
#include "kernel/klp/relink.h"

#include <stdlib.h>
#include <string.h>

const char *const sut_klp_callback_names[SUT_KLP_CALLBACKS] = {"pre_patch", "post_patch",
							       "pre_unpatch", "post_unpatch"};

/* Where the fields that matter begin. */
enum {
	PATCH_OBJS = 8,
	PATCH_STATES = 16,
	PATCH_REPLACE = 24,
	PATCH_LATE = 40, /* suture.ko's */
	OBJECT_NAME = 0,
	OBJECT_FUNCS = 8,
	OBJECT_CALLBACKS = 16,
	OBJECT_POINTERS = 9, /* behind the callbacks, suture.ko's sets and types */
	FUNC_OLD_NAME = 0,
	FUNC_NEW = 8,
	FUNC_SYMPOS = 16,
	FUNC_POINTERS = 2,
	STATE_SIZE = 24,
	STATE_SIZE_SUTURE = 32,
	LATE_SIZE = 16,
	LATE_PART = 8,
	LIST_MAX = 4096,
	ARRAY_MAX = 65536,
};

/* A place in a section of the module. */
struct place {
	uint32_t section;
	uint64_t offset;
};

struct array {
	struct place start;
	uint64_t stride;
	size_t count;
};

struct reader {
	struct sut_arena *arena;
	const struct sut_ko *ko;
	struct sut_klp_patch *patch;
	struct sut_diag *diag;
};

/* ---- pointers and arrays ---- */

static const struct sut_ko_reloc *pointer_at(const struct sut_ko *ko, struct place at)
{
	size_t i = sut_ko_find_reloc(ko, at.section, at.offset);

	if (i == ko->reloc_count || ko->relocs[i].section != at.section ||
	    ko->relocs[i].offset != at.offset || ko->relocs[i].type != R_X86_64_64)
		return NULL;
	return &ko->relocs[i];
}

/* Where a pointer of the module's data leads, if that is in the module. */
static bool follow(const struct sut_ko *ko, struct place at, struct place *to)
{
	const struct sut_ko_reloc *reloc = pointer_at(ko, at);
	const Elf64_Sym *symbol;

	if (!reloc)
		return false;
	symbol = &ko->symbols[reloc->symbol];
	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= ko->elf.section_count)
		return false;
	to->section = symbol->st_shndx;
	to->offset = symbol->st_value + (uint64_t)reloc->addend;
	return to->offset < ko->elf.sections[to->section].size;
}

static const char *string_at(const struct sut_ko *ko, struct place at)
{
	struct place to;

	return follow(ko, at, &to) ? sut_ko_string(ko, to.section, to.offset) : NULL;
}

/* Bytes that are no pointer. False: they are not in the file. */
static bool bytes_at(const struct sut_ko *ko, struct place at, void *value, size_t size)
{
	const struct sut_kernel_section *section = &ko->elf.sections[at.section];

	if (!section->data || at.offset > section->size || section->size - at.offset < size)
		return false;
	memcpy(value, section->data + at.offset, size);
	return true;
}

/* Bytes from a place to the end of the variable that it lies in. */
static uint64_t extent_of(const struct sut_ko *ko, struct place at)
{
	uint64_t extent = ko->elf.sections[at.section].size - at.offset;

	for (size_t i = 1; i < ko->symbol_count; i++) {
		const Elf64_Sym *symbol = &ko->symbols[i];

		if (ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT &&
		    symbol->st_shndx == at.section && symbol->st_value <= at.offset &&
		    at.offset - symbol->st_value < symbol->st_size) {
			uint64_t rest = symbol->st_size - (at.offset - symbol->st_value);

			extent = rest < extent ? rest : extent;
		}
	}
	return extent;
}

/*
 * The pointers in [start, start + stride) as a mask of words; UINT64_MAX when one is where the
 * structure has none.
 */
static uint64_t pointers_of(const struct sut_ko *ko, struct place start, uint64_t stride,
			    unsigned int pointers)
{
	uint64_t mask = 0;

	for (size_t i = sut_ko_find_reloc(ko, start.section, start.offset);
	     i < ko->reloc_count && ko->relocs[i].section == start.section &&
	     ko->relocs[i].offset - start.offset < stride;
	     i++) {
		uint64_t at = ko->relocs[i].offset - start.offset;

		if (at % 8 || at / 8 >= pointers)
			return UINT64_MAX;
		mask |= 1ULL << (at / 8);
	}
	return mask;
}

/* Elements this far apart, up to one without any pointer, fill the extent: how many, or 0. */
static size_t count_with(const struct sut_ko *ko, struct place start, uint64_t extent,
			 uint64_t stride, unsigned int pointers, uint64_t needed)
{
	size_t all = extent / stride;

	for (size_t i = 0; i < all; i++) {
		struct place at = {start.section, start.offset + i * stride};
		uint64_t mask = pointers_of(ko, at, stride, pointers);

		if (!mask)
			return i + 1 == all ? i : 0;
		if (mask == UINT64_MAX || (mask & needed) != needed)
			return 0;
	}
	return 0;
}

/* The only way to see the variable as such an array. */
static bool find_array(const struct sut_ko *ko, struct place start, unsigned int pointers,
		       uint64_t needed, struct array *array)
{
	uint64_t extent = extent_of(ko, start);

	for (uint64_t count = 2; count <= ARRAY_MAX && extent / count > pointers * 8; count++) {
		uint64_t stride = extent / count;

		if (extent % count || stride % 8)
			continue;
		array->start = start;
		array->stride = stride;
		array->count = count_with(ko, start, extent, stride, pointers, needed);
		if (array->count)
			return true;
	}
	return false;
}

static struct place field(const struct array *array, size_t i, uint64_t offset)
{
	return (struct place){array->start.section,
			      array->start.offset + i * array->stride + offset};
}

/* ---- the structures ---- */

static const char *code_name(const struct sut_ko *ko, struct place at)
{
	for (uint32_t i = 1; i < ko->symbol_count; i++)
		if (ELF64_ST_TYPE(ko->symbols[i].st_info) == STT_FUNC &&
		    ko->symbols[i].st_shndx == at.section && ko->symbols[i].st_value == at.offset)
			return sut_ko_symbol_name(ko, i);
	return "";
}

static bool read_funcs(struct reader *r, struct place start, struct sut_klp_object *object)
{
	struct array array;

	if (!find_array(r->ko, start, FUNC_POINTERS, 3, &array)) {
		/* Callbacks alone: a table that only has its end. */
		object->func_count = 0;
		return !pointers_of(r->ko, start, extent_of(r->ko, start), 0);
	}
	object->funcs = sut_arena_array(r->arena, array.count, sizeof(*object->funcs));
	object->func_count = array.count;
	for (size_t i = 0; i < array.count; i++) {
		struct sut_klp_func *func = &object->funcs[i];
		struct place code;

		func->name = string_at(r->ko, field(&array, i, FUNC_OLD_NAME));
		if (!func->name || !follow(r->ko, field(&array, i, FUNC_NEW), &code) ||
		    !bytes_at(r->ko, field(&array, i, FUNC_SYMPOS), &func->sympos,
			      sizeof(func->sympos)))
			return false;
		func->new_name = code_name(r->ko, code);
	}
	return true;
}

static bool read_object(struct reader *r, const struct array *array, size_t i,
			struct sut_klp_object *object)
{
	struct place funcs;

	object->name = SUT_KLP_VMLINUX;
	if (pointer_at(r->ko, field(array, i, OBJECT_NAME)))
		object->name = string_at(r->ko, field(array, i, OBJECT_NAME));
	for (unsigned int k = 0; k < SUT_KLP_CALLBACKS; k++)
		object->callbacks[k] =
			pointer_at(r->ko, field(array, i, OBJECT_CALLBACKS + 8 * k)) != NULL;
	if (!object->name)
		return false;
	if (!pointer_at(r->ko, field(array, i, OBJECT_FUNCS)))
		return r->patch->suture;
	return follow(r->ko, field(array, i, OBJECT_FUNCS), &funcs) && read_funcs(r, funcs, object);
}

static void read_states(struct reader *r, struct place at)
{
	struct sut_klp_patch *patch = r->patch;
	size_t capacity = 0;

	for (; patch->state_count < LIST_MAX;
	     at.offset += patch->suture ? STATE_SIZE_SUTURE : STATE_SIZE) {
		struct sut_klp_state state;

		if (!bytes_at(r->ko, at, &state.id, sizeof(state.id)) || !state.id ||
		    !bytes_at(r->ko, (struct place){at.section, at.offset + sizeof(state.id)},
			      &state.version, sizeof(state.version)))
			return;
		SUT_PUSH(r->arena, patch->states, patch->state_count, capacity) = state;
	}
}

static void read_late(struct reader *r, struct place at)
{
	struct sut_klp_patch *patch = r->patch;
	size_t capacity = 0;

	for (; patch->late_count < LIST_MAX; at.offset += LATE_SIZE) {
		struct sut_klp_late late = {
			string_at(r->ko, at),
			string_at(r->ko, (struct place){at.section, at.offset + LATE_PART}),
		};

		if (!late.object || !late.part)
			return;
		SUT_PUSH(r->arena, patch->late, patch->late_count, capacity) = late;
	}
}

/* at: where struct klp_patch seems to begin. False: it does not. */
static bool read_patch(struct reader *r, struct place at)
{
	struct sut_klp_patch *patch = r->patch;
	struct place objs, states, late;
	struct array array;
	unsigned char replace;

	if (!follow(r->ko, (struct place){at.section, at.offset + PATCH_OBJS}, &objs) ||
	    !(r->ko->elf.sections[objs.section].flags & SHF_WRITE) ||
	    !find_array(r->ko, objs, OBJECT_POINTERS,
			r->patch->suture ? 0 : 1 << (OBJECT_FUNCS / 8), &array) ||
	    !bytes_at(r->ko, (struct place){at.section, at.offset + PATCH_REPLACE}, &replace, 1) ||
	    replace > 1)
		return false;
	patch->objects = sut_arena_array(r->arena, array.count, sizeof(*patch->objects));
	for (size_t i = 0; i < array.count; i++)
		if (!read_object(r, &array, i, &patch->objects[i]))
			return false;
	patch->object_count = array.count;
	patch->replace = replace;
	if (follow(r->ko, (struct place){at.section, at.offset + PATCH_STATES}, &states))
		read_states(r, states);
	if (patch->suture &&
	    follow(r->ko, (struct place){at.section, at.offset + PATCH_LATE}, &late))
		read_late(r, late);
	return true;
}

/* It begins with a pointer to the module. */
static bool find_patch(struct reader *r)
{
	uint32_t module = sut_ko_find_symbol(r->ko, "__this_module");

	for (size_t i = 0; i < r->ko->reloc_count && module != SUT_KO_NONE; i++) {
		const struct sut_ko_reloc *reloc = &r->ko->relocs[i];

		if (reloc->symbol == module && reloc->type == R_X86_64_64 && !reloc->addend &&
		    read_patch(r, (struct place){reloc->section, reloc->offset}))
			return true;
	}
	return false;
}

/* That pointer is set when the module is loaded: a variable that looks like a patch otherwise. */
static bool find_suture_patch(struct reader *r)
{
	const struct sut_ko *ko = r->ko;

	for (size_t i = 1; i < ko->symbol_count; i++) {
		const Elf64_Sym *symbol = &ko->symbols[i];

		if (ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT &&
		    symbol->st_shndx < ko->elf.section_count && symbol->st_size > PATCH_REPLACE &&
		    ko->elf.sections[symbol->st_shndx].flags & SHF_WRITE &&
		    read_patch(r, (struct place){symbol->st_shndx, symbol->st_value}))
			return true;
	}
	return false;
}

/* ---- symbols ---- */

static enum sut_rc malformed(const struct reader *r, const char *what, const char *name)
{
	return sut_fail(r->diag, SUT_INVALID, "format", "%s: not a valid livepatch module: %s %s",
			r->ko->elf.path, what, name);
}

/* What the kernel's sscanf(".klp.sym.%55[^.].%511[^,],%lu") makes of a name. */
static bool parse_symbol(struct sut_arena *arena, const char *name, struct sut_klp_symbol *symbol)
{
	const char *prefix = ".klp.sym.", *point, *comma;
	char *end;

	if (strncmp(name, prefix, strlen(prefix)))
		return false;
	name += strlen(prefix);
	point = strchr(name, '.');
	comma = point ? strchr(point, ',') : NULL;
	if (!comma || point == name || point - name > SUT_KLP_OBJECT_MAX || comma == point + 1 ||
	    comma - point - 1 > SUT_KLP_SYMBOL_MAX || comma[1] < '0' || comma[1] > '9')
		return false;
	symbol->object = sut_arena_strndup(arena, name, (size_t)(point - name));
	symbol->name = sut_arena_strndup(arena, point + 1, (size_t)(comma - point - 1));
	symbol->sympos = strtoull(comma + 1, &end, 10);
	return !*end;
}

/* ".klp.rela.OBJECT" and more. */
static const char *parse_section(struct sut_arena *arena, const char *name)
{
	const char *prefix = ".klp.rela.";
	size_t length;

	if (strncmp(name, prefix, strlen(prefix)))
		return NULL;
	length = strcspn(name + strlen(prefix), ".");
	if (!length || length > SUT_KLP_OBJECT_MAX)
		return NULL;
	return sut_arena_strndup(arena, name + strlen(prefix), length);
}

static void count_reloc(struct reader *r, const struct sut_ko_reloc *reloc, const char *with,
			struct sut_klp_symbol *symbol)
{
	const struct sut_kernel_section *changed = &r->ko->elf.sections[reloc->section];

	symbol->relocs++;
	if (!strcmp(with, SUT_KLP_VMLINUX)) {
		symbol->early = true;
		return;
	}
	symbol->with = with;
	symbol->late_texts += (changed->flags & SHF_EXECINSTR) != 0;
}

static enum sut_rc read_symbols(struct reader *r)
{
	const struct sut_ko *ko = r->ko;
	struct sut_klp_symbol **of = sut_arena_array(r->arena, ko->symbol_count, sizeof(*of));
	const char **with = sut_arena_array(r->arena, ko->elf.section_count, sizeof(*with));
	struct sut_klp_patch *patch = r->patch;

	patch->symbols = sut_arena_array(r->arena, ko->symbol_count, sizeof(*patch->symbols));
	for (size_t i = 1; i < ko->symbol_count; i++) {
		if (ko->symbols[i].st_shndx != SUT_KO_SHN_LIVEPATCH)
			continue;
		of[i] = &patch->symbols[patch->symbol_count++];
		if (!parse_symbol(r->arena, sut_ko_symbol_name(ko, i), of[i]))
			return malformed(r, "symbol", sut_ko_symbol_name(ko, i));
	}
	for (size_t i = 0; i < ko->reloc_count; i++) {
		const struct sut_ko_reloc *reloc = &ko->relocs[i];
		const struct sut_kernel_section *table = &ko->elf.sections[reloc->table];

		if (!(table->flags & SUT_KO_SHF_RELA_LIVEPATCH))
			continue;
		if (!with[reloc->table])
			with[reloc->table] = parse_section(r->arena, table->name);
		if (!with[reloc->table] || !of[reloc->symbol])
			return malformed(r, "section", table->name);
		count_reloc(r, reloc, with[reloc->table], of[reloc->symbol]);
	}
	return SUT_OK;
}

enum sut_rc sut_klp_patch_read(struct sut_arena *arena, const struct sut_ko *ko,
			       struct sut_klp_patch *patch, struct sut_diag *diag)
{
	struct reader r = {.arena = arena, .ko = ko, .patch = patch, .diag = diag};

	*patch = (struct sut_klp_patch){
		.livepatch = sut_ko_info(ko, "livepatch", NULL) != NULL,
		.suture = sut_ko_find_symbol(ko, "sut_enable_patch") != SUT_KO_NONE ||
			  sut_ko_find_symbol(ko, "sut_enable_part") != SUT_KO_NONE,
	};
	patch->readable = find_patch(&r) || (patch->suture && find_suture_patch(&r));
	return read_symbols(&r);
}
