// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/types.h"
#include "base/guard.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <string.h>

enum { DEPTH_MAX = 64 /* of types in types; DWARF from a compiler has a few */ };

struct reader {
	struct sut_arena *arena;
	struct sut_types *types;
	size_t pointed_count, pointed_capacity;
	const char **pointed; /* names of types that pointers lead to */
	size_t held_count, held_capacity;
	struct held {
		const char *type, *variable;
	} * held; /* names of types in variables with static storage */
};

/* A copy: the DWARF is closed long before its types are compared. */
static const char *name_of(struct reader *reader, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name ? sut_arena_strdup(reader->arena, name) : "";
}

static bool number(Dwarf_Die *die, unsigned int attribute, uint64_t *value)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	if (!dwarf_attr_integrate(die, attribute, &attr) || dwarf_formudata(&attr, &word))
		return false;
	*value = word;
	return true;
}

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, type);
}

static const char *place_of(struct reader *reader, Dwarf_Die *die)
{
	const char *file = dwarf_decl_file(die), *slash = file ? strrchr(file, '/') : NULL;
	int line;

	if (!file || dwarf_decl_line(die, &line))
		return "";
	return sut_arena_printf(reader->arena, "%s:%d", slash ? slash + 1 : file, line);
}

static const char *tag_word(int tag)
{
	switch (tag) {
	case DW_TAG_structure_type:
		return "struct";
	case DW_TAG_union_type:
		return "union";
	case DW_TAG_enumeration_type:
		return "enum";
	default:
		return "";
	}
}

static bool is_aggregate(int tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

/* Takes typedefs and qualifiers off. *alias is the last typedef's name: the only name that an
 * unnamed structure may have. */
static bool strip(struct reader *reader, Dwarf_Die *type, const char **alias)
{
	*alias = "";
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		switch (dwarf_tag(type)) {
		case DW_TAG_typedef:
			*alias = name_of(reader, type);
			break;
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			break;
		default:
			return true;
		}
		if (!type_of(type, type))
			return false; /* const void and the like */
	}
	return false;
}

/* A structure declared in a function is another type than one outside it with its name. */
static const char *scope_of(struct reader *reader, Dwarf_Die *die)
{
	Dwarf_Die *scopes = NULL;
	int count = dwarf_getscopes_die(die, &scopes);
	const char *scope = "";

	for (int i = 1; i < count && !*scope; i++)
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
			scope = sut_arena_printf(reader->arena,
						 "%s: ", name_of(reader, &scopes[i]));
	free(scopes);
	return scope;
}

/* The name of a stripped structure, union or enumeration; "" when nothing names it. */
static const char *full_name(struct reader *reader, Dwarf_Die *die, const char *alias)
{
	const char *name = name_of(reader, die);

	if (*name)
		return sut_arena_printf(reader->arena, "%s%s %s", scope_of(reader, die),
					tag_word(dwarf_tag(die)), name);
	return *alias ? sut_arena_printf(reader->arena, "%s%s", scope_of(reader, die), alias) : "";
}

static const char *describe(struct reader *reader, Dwarf_Die type, unsigned int depth);

static const char *describe_array(struct reader *reader, Dwarf_Die *type, unsigned int depth)
{
	const char *text = "?";
	Dwarf_Die child, element;

	if (type_of(type, &element))
		text = describe(reader, element, depth + 1);
	if (dwarf_child(type, &child))
		return text;
	do {
		uint64_t bound;

		if (number(&child, DW_AT_count, &bound))
			text = sut_arena_printf(reader->arena, "%s[%llu]", text,
						(unsigned long long)bound);
		else if (number(&child, DW_AT_upper_bound, &bound))
			text = sut_arena_printf(reader->arena, "%s[%llu]", text,
						(unsigned long long)bound + 1);
		else
			text = sut_arena_printf(reader->arena, "%s[]", text);
	} while (dwarf_siblingof(&child, &child) == 0);
	return text;
}

/* What a member is made of, in one line. */
static const char *describe(struct reader *reader, Dwarf_Die type, unsigned int depth)
{
	const char *alias, *name;
	Dwarf_Die target;

	if (depth > DEPTH_MAX)
		return "?";
	if (!strip(reader, &type, &alias))
		return "void";
	switch (dwarf_tag(&type)) {
	case DW_TAG_pointer_type:
		if (!type_of(&type, &target))
			return "void *";
		return sut_arena_printf(reader->arena, "%s *", describe(reader, target, depth + 1));
	case DW_TAG_array_type:
		return describe_array(reader, &type, depth);
	case DW_TAG_subroutine_type:
		return "function";
	case DW_TAG_base_type:
		return name_of(reader, &type);
	default:
		name = full_name(reader, &type, alias);
		return *name ? name : tag_word(dwarf_tag(&type));
	}
}

/* The structure or union that values of a type hold, arrays of it included. */
static bool held_aggregate(struct reader *reader, Dwarf_Die *type, const char **alias)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		if (!strip(reader, type, alias))
			return false;
		if (dwarf_tag(type) != DW_TAG_array_type)
			return is_aggregate(dwarf_tag(type));
		if (!type_of(type, type))
			return false;
	}
	return false;
}

static void add_members(struct reader *reader, struct sut_type *type, Dwarf_Die *aggregate,
			const char *prefix, uint64_t base, unsigned int depth);

static void add_member(struct reader *reader, struct sut_type *type, Dwarf_Die *member,
		       const char *prefix, uint64_t base, unsigned int depth)
{
	const char *name = name_of(reader, member), *alias, *part;
	uint64_t bytes = 0, bits = 0, bit_size = 0;
	Dwarf_Die made_of, inner;

	if (!type_of(member, &made_of))
		return;
	number(member, DW_AT_data_member_location, &bytes);
	if (!number(member, DW_AT_data_bit_offset, &bits))
		number(member, DW_AT_bit_offset, &bits);
	number(member, DW_AT_bit_size, &bit_size);
	inner = made_of;
	if (held_aggregate(reader, &inner, &alias)) {
		part = full_name(reader, &inner, alias);
		if (*part)
			SUT_PUSH(reader->arena, type->parts, type->part_count,
				 type->part_capacity) = part;
		else
			add_members(reader, type, &inner,
				    *name ? sut_arena_printf(reader->arena, "%s%s.", prefix, name)
					  : prefix,
				    base + 8 * bytes, depth + 1);
	}
	if (!*name)
		return;
	SUT_PUSH(reader->arena, type->members, type->member_count, type->member_capacity) =
		(struct sut_type_member){
			.name = sut_arena_printf(reader->arena, "%s%s", prefix, name),
			.bit = base + 8 * bytes + bits,
			.bit_size = bit_size,
			.type = describe(reader, made_of, 0),
			.place = place_of(reader, member),
		};
}

static void add_members(struct reader *reader, struct sut_type *type, Dwarf_Die *aggregate,
			const char *prefix, uint64_t base, unsigned int depth)
{
	Dwarf_Die child;

	if (depth > DEPTH_MAX || dwarf_child(aggregate, &child))
		return;
	do {
		if (dwarf_tag(&child) == DW_TAG_member)
			add_member(reader, type, &child, prefix, base, depth);
	} while (dwarf_siblingof(&child, &child) == 0);
}

static void add_type(struct reader *reader, Dwarf_Die *die, const char *alias)
{
	struct sut_type type = {.name = full_name(reader, die, alias)};

	if (!*type.name || dwarf_hasattr(die, DW_AT_declaration) ||
	    !number(die, DW_AT_byte_size, &type.size))
		return;
	type.place = place_of(reader, die);
	add_members(reader, &type, die, "", 0, 0);
	SUT_PUSH(reader->arena, reader->types->list, reader->types->count,
		 reader->types->capacity) = type;
}

static void add_constants(struct reader *reader, Dwarf_Die *enumeration)
{
	struct sut_types *types = reader->types;
	Dwarf_Die child;

	if (dwarf_child(enumeration, &child))
		return;
	do {
		Dwarf_Attribute attr;
		Dwarf_Sword value;

		if (dwarf_tag(&child) == DW_TAG_enumerator &&
		    dwarf_attr(&child, DW_AT_const_value, &attr) &&
		    dwarf_formsdata(&attr, &value) == 0)
			SUT_PUSH(reader->arena, types->constants, types->constant_count,
				 types->constant_capacity) = (struct sut_type_constant){
				.name = name_of(reader, &child),
				.value = value,
				.place = place_of(reader, enumeration),
			};
	} while (dwarf_siblingof(&child, &child) == 0);
}

static void add_pointer(struct reader *reader, Dwarf_Die *pointer)
{
	const char *alias, *name;
	Dwarf_Die target;

	if (!type_of(pointer, &target) || !held_aggregate(reader, &target, &alias))
		return;
	name = full_name(reader, &target, alias);
	if (*name)
		SUT_PUSH(reader->arena, reader->pointed, reader->pointed_count,
			 reader->pointed_capacity) = name;
}

/* Outside functions every variable is static; in one, a static variable has a fixed address. */
static bool is_static(Dwarf_Die *variable, bool in_function)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t count;

	if (!in_function)
		return true;
	return dwarf_attr_integrate(variable, DW_AT_location, &attr) &&
	       dwarf_getlocation(&attr, &ops, &count) == 0 && count > 0 &&
	       ops[0].atom == DW_OP_addr;
}

static void add_variable(struct reader *reader, Dwarf_Die *variable, bool in_function)
{
	const char *alias, *name;
	Dwarf_Die type;

	if (!is_static(variable, in_function) || !type_of(variable, &type) ||
	    !held_aggregate(reader, &type, &alias))
		return;
	name = full_name(reader, &type, alias);
	if (*name)
		SUT_PUSH(reader->arena, reader->held, reader->held_count, reader->held_capacity) =
			(struct held){.type = name, .variable = name_of(reader, variable)};
}

static void read_die(struct reader *reader, Dwarf_Die *die, bool in_function)
{
	const char *alias;
	Dwarf_Die target;

	switch (dwarf_tag(die)) {
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		add_type(reader, die, "");
		break;
	case DW_TAG_typedef:
		target = *die;
		if (strip(reader, &target, &alias) && is_aggregate(dwarf_tag(&target)) &&
		    !*name_of(reader, &target))
			add_type(reader, &target, alias);
		break;
	case DW_TAG_enumeration_type:
		add_constants(reader, die);
		break;
	case DW_TAG_pointer_type:
		add_pointer(reader, die);
		break;
	case DW_TAG_variable:
		add_variable(reader, die, in_function);
		break;
	default:
		break;
	}
}

static void read_tree(struct reader *reader, Dwarf_Die *parent, bool in_function,
		      unsigned int depth)
{
	Dwarf_Die child;

	if (depth > DEPTH_MAX || dwarf_child(parent, &child))
		return;
	do {
		read_die(reader, &child, in_function);
		read_tree(reader, &child, in_function || dwarf_tag(&child) == DW_TAG_subprogram,
			  depth + 1);
	} while (dwarf_siblingof(&child, &child) == 0);
}

static int compare_types(const void *a, const void *b)
{
	return strcmp(((const struct sut_type *)a)->name, ((const struct sut_type *)b)->name);
}

static int compare_constants(const void *a, const void *b)
{
	return strcmp(((const struct sut_type_constant *)a)->name,
		      ((const struct sut_type_constant *)b)->name);
}

struct sut_type *sut_types_find(const struct sut_types *types, const char *name)
{
	struct sut_type key = {.name = name};

	return bsearch(&key, types->list, types->count, sizeof(key), compare_types);
}

const struct sut_type_constant *sut_types_constant(const struct sut_types *types, const char *name)
{
	struct sut_type_constant key = {.name = name};

	return bsearch(&key, types->constants, types->constant_count, sizeof(key),
		       compare_constants);
}

/* Sorts both lists; of equal names one is kept, for a unit has one meaning for each. */
static void sort(struct sut_types *types)
{
	size_t kept = 0;

	if (types->count)
		qsort(types->list, types->count, sizeof(*types->list), compare_types);
	for (size_t i = 0; i < types->count; i++)
		if (!kept || compare_types(&types->list[kept - 1], &types->list[i]))
			types->list[kept++] = types->list[i];
	types->count = kept;
	if (types->constant_count)
		qsort(types->constants, types->constant_count, sizeof(*types->constants),
		      compare_constants);
}

static void finish(struct reader *reader)
{
	struct sut_types *types = reader->types;
	struct sut_type *type;

	sort(types);
	for (size_t i = 0; i < reader->pointed_count; i++) {
		type = sut_types_find(types, reader->pointed[i]);
		if (type)
			type->pointed = true;
	}
	for (size_t i = 0; i < reader->held_count; i++) {
		type = sut_types_find(types, reader->held[i].type);
		if (type && !type->variable)
			type->variable = reader->held[i].variable;
	}
}

static void dwfl_guard(Dwfl **dwfl)
{
	dwfl_end(*dwfl);
}

enum sut_rc sut_types_read(struct sut_arena *arena, const char *path, struct sut_types *types,
			   struct sut_diag *diag)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	/* libdwfl, because the DWARF of an object file is full of relocations. */
	__attribute__((cleanup(dwfl_guard))) Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwfl_Module *module = dwfl ? dwfl_report_offline(dwfl, path, path, -1) : NULL;
	struct sut_types found = {0};
	struct reader reader = {.arena = arena, .types = &found};
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;

	if (!module || dwfl_report_end(dwfl, NULL, NULL))
		return sut_fail(diag, SUT_SYSTEM, "layout", "%s: %s", path, dwfl_errmsg(-1));
	if (!dwfl_module_getdwarf(module, &bias))
		return sut_fail(diag, SUT_SYSTEM, "layout", "%s: no debugging information: %s",
				path, dwfl_errmsg(-1));
	while ((unit = dwfl_module_nextcu(module, unit, &bias)))
		read_tree(&reader, unit, false, 0);
	finish(&reader);
	*types = found;
	return SUT_OK;
}
