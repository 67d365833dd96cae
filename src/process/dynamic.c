// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/dynamic.h"
#include "base/guard.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum {
	DYNAMIC_MAX = 1024,    /* entries */
	SYMBOLS_MAX = 1 << 24, /* entries of any table, bytes of strings */
	LINK_MAP_MAX = 4096,   /* objects */
	CHAIN_MAX = 1 << 20,
	NAME_MAX_LENGTH = 1024,
};

struct tables {
	const struct sut_target *target;
	const struct sut_object *object;
	uint64_t symbols, strings, string_size, versions, gnu_hash;
	uint64_t jump_relocs, jump_size, relocs, reloc_size;
	uint64_t relative_count; /* relocations at the start of relocs that name no symbol */
	uint64_t debug;
};

/* glibc relocates the pointers of the dynamic section in place; other values are link-time ones. */
static uint64_t in_memory(const struct sut_object *object, uint64_t value)
{
	return value >= object->low && value < object->high ? value : value + object->bias;
}

static bool read_tables(const struct sut_target *target, const struct sut_object *object,
			struct tables *t)
{
	Elf64_Dyn entries[DYNAMIC_MAX];
	size_t count = object->dynamic_size / sizeof(Elf64_Dyn);

	*t = (struct tables){.target = target, .object = object};
	if (!object->dynamic || count > DYNAMIC_MAX ||
	    !sut_target_read_kept(target, object->dynamic, entries, count * sizeof(Elf64_Dyn)))
		return false;
	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
		uint64_t value = entries[i].d_un.d_val;

		switch (entries[i].d_tag) {
		case DT_SYMTAB:
			t->symbols = in_memory(object, value);
			break;
		case DT_STRTAB:
			t->strings = in_memory(object, value);
			break;
		case DT_STRSZ:
			t->string_size = value;
			break;
		case DT_VERSYM:
			t->versions = in_memory(object, value);
			break;
		case DT_GNU_HASH:
			t->gnu_hash = in_memory(object, value);
			break;
		case DT_JMPREL:
			t->jump_relocs = in_memory(object, value);
			break;
		case DT_PLTRELSZ:
			t->jump_size = value;
			break;
		case DT_RELA:
			t->relocs = in_memory(object, value);
			break;
		case DT_RELASZ:
			t->reloc_size = value;
			break;
		case DT_RELACOUNT:
			t->relative_count = value;
			break;
		case DT_DEBUG:
			t->debug = value;
			break;
		}
	}
	return t->symbols && t->strings;
}

static bool symbol_name_is(const struct tables *t, const Elf64_Sym *symbol, const char *name)
{
	char found[NAME_MAX_LENGTH];
	size_t size = strlen(name) + 1;

	return size <= sizeof(found) && symbol->st_name < t->string_size &&
	       sut_target_read_kept(t->target, t->strings + symbol->st_name, found, size) &&
	       memcmp(found, name, size) == 0;
}

static bool read_symbol(const struct tables *t, uint64_t index, Elf64_Sym *symbol)
{
	return index < SYMBOLS_MAX &&
	       sut_target_read_kept(t->target, t->symbols + index * sizeof(*symbol), symbol,
				    sizeof(*symbol));
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;

	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		hash = hash * 33 + *p;
	return hash;
}

/* Only the default version of a name binds a reference without one. */
static bool is_default_version(const struct tables *t, uint64_t index)
{
	uint16_t version;

	return !t->versions || (sut_target_read_kept(t->target, t->versions + 2 * index, &version,
						     sizeof(version)) &&
				!(version & 0x8000) && version != 0);
}

static bool lookup(const struct tables *t, const char *name, Elf64_Sym *symbol)
{
	uint32_t head[4], hash = gnu_hash(name), index, value;
	uint64_t buckets, chains;

	if (!t->gnu_hash || !sut_target_read_kept(t->target, t->gnu_hash, head, sizeof(head)) ||
	    !head[0])
		return false;
	buckets = t->gnu_hash + sizeof(head) + 8 * (uint64_t)head[2];
	chains = buckets + 4 * (uint64_t)head[0];
	if (!sut_target_read_kept(t->target, buckets + 4 * (uint64_t)(hash % head[0]), &index,
				  sizeof(index)) ||
	    index < head[1])
		return false;
	for (unsigned int i = 0; i < CHAIN_MAX; i++, index++) {
		if (!sut_target_read_kept(t->target, chains + 4 * (uint64_t)(index - head[1]),
					  &value, sizeof(value)))
			return false;
		if ((value | 1) == (hash | 1) && read_symbol(t, index, symbol) &&
		    symbol->st_shndx != SHN_UNDEF && symbol_name_is(t, symbol, name) &&
		    is_default_version(t, index))
			return true;
		if (value & 1)
			return false;
	}
	return false;
}

struct link_map_head {
	uint64_t bias, name, dynamic, next, previous;
};

/* The program's DT_DEBUG leads to it. */
uint64_t sut_dynamic_debug(const struct sut_target *target)
{
	for (size_t i = 0; i < target->object_count; i++) {
		struct tables t;

		if (target->objects[i].executable && read_tables(target, &target->objects[i], &t) &&
		    t.debug)
			return t.debug;
	}
	return 0;
}

/* r_debug.r_map */
static uint64_t first_link_map(const struct sut_target *target)
{
	uint64_t at = sut_dynamic_debug(target), debug[2];

	return at && sut_target_read_kept(target, at, debug, sizeof(debug)) ? debug[1] : 0;
}

bool sut_dynamic_came_later(const struct sut_target *target, uint64_t dynamic)
{
	enum { MAP = 1, LOADER_BASE = 4, WORDS };
	uint64_t at = sut_dynamic_debug(target), debug[WORDS];
	bool loader = false;

	if (!at || !sut_target_read_kept(target, at, debug, sizeof(debug)))
		return false;
	at = debug[MAP];
	for (unsigned int i = 0; at && i < LINK_MAP_MAX; i++) {
		struct link_map_head head;

		if (!sut_target_read_kept(target, at, &head, sizeof(head)))
			return false;
		if (head.dynamic == dynamic)
			return loader;
		loader |= head.bias == debug[LOADER_BASE];
		at = head.next;
	}
	return true;
}

static const struct sut_object *object_of_dynamic(const struct sut_target *target, uint64_t dynamic)
{
	for (size_t i = 0; i < target->object_count; i++)
		if (target->objects[i].dynamic == dynamic)
			return &target->objects[i];
	return NULL;
}

/* Reads `count` items of `size` bytes at once; NULL when there are none, too many, or unreadable.
 */
static void *read_array(const struct sut_target *target, uint64_t address, uint64_t count,
			size_t size)
{
	void *data;

	if (!address || !count || count > SYMBOLS_MAX)
		return NULL;
	data = calloc(count + 1, size);
	if (data && sut_target_read_kept(target, address, data, count * size))
		return data;
	free(data);
	return NULL;
}

/* The slot of a list of relocations that the loader filled with the resolver's choice, or 0. */
static uint64_t chosen_slot(const struct tables *t, uint64_t relocs, uint64_t size,
			    uint64_t resolver)
{
	uint64_t count = size / sizeof(Elf64_Rela);
	SUT_FREE Elf64_Rela *list = read_array(t->target, relocs, count, sizeof(*list));

	for (size_t i = 0; list && i < count; i++)
		if (ELF64_R_TYPE(list[i].r_info) == R_X86_64_IRELATIVE &&
		    (uint64_t)list[i].r_addend == resolver)
			return t->object->bias + list[i].r_offset;
	return 0;
}

/*
 * A library that calls such a function itself has a slot for it, which the loader fills at once,
 * not when it is first used.
 */
static bool read_chosen(const struct tables *t, uint64_t resolver, uint64_t *address)
{
	uint64_t slot = chosen_slot(t, t->jump_relocs, t->jump_size, resolver);

	if (!slot)
		slot = chosen_slot(t, t->relocs, t->reloc_size, resolver);
	return slot && sut_target_read_kept(t->target, slot, address, sizeof(*address)) &&
	       *address >= t->object->low && *address < t->object->high;
}

/* The first definition in the order of the link map. */
static bool find_definition(const struct sut_target *target, const char *name, struct tables *t,
			    Elf64_Sym *symbol)
{
	uint64_t at = first_link_map(target);

	for (unsigned int i = 0; at && i < LINK_MAP_MAX; i++) {
		const struct sut_object *object;
		struct link_map_head head;

		if (!sut_target_read_kept(target, at, &head, sizeof(head)))
			return false;
		at = head.next;
		object = object_of_dynamic(target, head.dynamic);
		if (object && read_tables(target, object, t) && lookup(t, name, symbol))
			return true;
	}
	return false;
}

bool sut_dynamic_function(const struct sut_target *target, const char *name, uint64_t *address,
			  uint64_t *size)
{
	struct tables t;
	Elf64_Sym symbol;

	if (!find_definition(target, name, &t, &symbol) ||
	    ELF64_ST_TYPE(symbol.st_info) != STT_FUNC)
		return false;
	*address = t.object->bias + symbol.st_value;
	*size = symbol.st_size;
	return true;
}

enum sut_rc sut_dynamic_resolve(const struct sut_target *target, const char *name,
				uint64_t *address, struct sut_diag *diag)
{
	struct tables t;
	Elf64_Sym symbol;

	if (!find_definition(target, name, &t, &symbol)) {
		sut_fail(diag, SUT_REFUSED, "symbol",
			 "%s: no library that process %d (%s) has loaded defines it", name,
			 target->pid, target->name);
		sut_remedy(diag, "The fix needs a library that the program does not use; restart "
				 "it instead.");
		return SUT_REFUSED;
	}
	if (ELF64_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC &&
	    read_chosen(&t, symbol.st_value, address))
		return SUT_OK;
	if (ELF64_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC ||
	    ELF64_ST_TYPE(symbol.st_info) == STT_TLS) {
		sut_fail(diag, SUT_UNSUPPORTED, "ifunc",
			 "%s: process %d (%s) does not import it, and its address in %s is only "
			 "known to that library's own code",
			 name, target->pid, target->name, t.object->path);
		sut_remedy(diag, "Write the fix without calling it.");
		return SUT_UNSUPPORTED;
	}
	*address = t.object->bias + symbol.st_value;
	return SUT_OK;
}

static const char *import_in(const struct tables *t, uint64_t relocs, uint64_t count,
			     const char *const *names)
{
	SUT_FREE Elf64_Rela *list = read_array(t->target, relocs, count, sizeof(*list));
	SUT_FREE char *strings = read_array(t->target, t->strings, t->string_size, 1);
	SUT_FREE Elf64_Sym *symbols = NULL;
	uint64_t highest = 0;

	if (!list || !strings)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (ELF64_R_SYM(list[i].r_info) > highest)
			highest = ELF64_R_SYM(list[i].r_info);
	symbols = read_array(t->target, t->symbols, highest + 1, sizeof(*symbols));
	for (size_t i = 0; symbols && i < count; i++) {
		uint32_t name = symbols[ELF64_R_SYM(list[i].r_info)].st_name;

		for (const char *const *wanted = names; name < t->string_size && *wanted; wanted++)
			if (strcmp(strings + name, *wanted) == 0)
				return *wanted;
	}
	return NULL;
}

const char *sut_dynamic_imports(const struct sut_target *target, const struct sut_object *object,
				const char *const *names)
{
	struct tables t;
	const char *name;
	uint64_t count;

	if (!read_tables(target, object, &t))
		return NULL;
	name = import_in(&t, t.jump_relocs, t.jump_size / sizeof(Elf64_Rela), names);
	if (name)
		return name;
	count = t.reloc_size / sizeof(Elf64_Rela);
	if (t.relative_count > count)
		return NULL;
	return import_in(&t, t.relocs + t.relative_count * sizeof(Elf64_Rela),
			 count - t.relative_count, names);
}
