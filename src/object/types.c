// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One walk over the DWARF of an object. Who keeps values of a type is noted by the type's name
 * while walking, and put into the types at the end, when all of them are known.
 *
 * An inlined function's variables are those of the function that it was inlined into: only entries
 * of functions with code count, and the entries of what was inlined lie inside them.
 */
#include "object/types.h"
#include "object/dwarf-text.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

enum use_kind { USE_KEEPER, USE_HOLDER, USE_TAKER };

struct use {
	const char *type;
	enum use_kind kind;
	const char *who;
};

struct reader {
	struct sut_arena *arena;
	struct sut_dwarf dwarf;
	struct sut_types *types;
	size_t use_count, use_capacity;
	struct use *uses;
};

/* Where the walk is: in which function, and whether that has code. */
struct scope {
	const char *function; /* NULL: in none */
	bool code;
};

static void add_use(struct reader *reader, const char *type, enum use_kind kind, const char *who)
{
	if (*type)
		SUT_PUSH(reader->arena, reader->uses, reader->use_count, reader->use_capacity) =
			(struct use){type, kind, who};
}

/* "member next of struct list (dict.h:4)" */
static const char *whose(struct reader *reader, const char *what, Dwarf_Die *die, const char *of,
			 const char *owner)
{
	const char *place = sut_dwarf_place(&reader->dwarf, die);

	return sut_arena_printf(reader->arena, "%s %s%s%s%s%s%s", what,
				sut_dwarf_name(&reader->dwarf, die), of, owner, *place ? " (" : "",
				place, *place ? ")" : "");
}

static void add_members(struct reader *reader, struct sut_type *type, Dwarf_Die *aggregate,
			const char *prefix, uint64_t base, unsigned int depth);

static void add_part(struct reader *reader, struct sut_type *type, Dwarf_Die *member,
		     Dwarf_Die *made_of, const char *prefix, uint64_t base, unsigned int depth)
{
	const char *part = sut_dwarf_aggregate(&reader->dwarf, *made_of, false);
	const char *name = sut_dwarf_name(&reader->dwarf, member), *alias;
	const char *pointed = sut_dwarf_aggregate(&reader->dwarf, *made_of, true);
	Dwarf_Die inner = *made_of;

	if (*part)
		SUT_PUSH(reader->arena, type->parts, type->part_count, type->part_capacity) = part;
	else if (*pointed)
		add_use(reader, pointed, USE_KEEPER,
			whose(reader, "member", member, " of ", type->name));
	else if (sut_dwarf_strip(&reader->dwarf, &inner, &alias) && sut_dwarf_is_aggregate(&inner))
		add_members(reader, type, &inner,
			    *name ? sut_arena_printf(reader->arena, "%s%s.", prefix, name) : prefix,
			    base, depth + 1);
}

/* What an object of C++ holds of a class that it is derived from has no name of its own. */
static const char *member_name(struct reader *reader, Dwarf_Die *member)
{
	Dwarf_Die base;

	if (dwarf_tag(member) == DW_TAG_inheritance && sut_dwarf_type(member, &base))
		return sut_arena_printf(reader->arena, "(%s)",
					sut_dwarf_describe(&reader->dwarf, &base));
	return sut_dwarf_name(&reader->dwarf, member);
}

/* A virtual function has a place in its class's table: callers count on that. */
static void add_virtual(struct reader *reader, struct sut_type *type, Dwarf_Die *function)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t count;

	if (!dwarf_attr(function, DW_AT_vtable_elem_location, &attr) ||
	    dwarf_getlocation(&attr, &ops, &count) || !count)
		return;
	SUT_PUSH(reader->arena, type->members, type->member_count, type->member_capacity) =
		(struct sut_type_member){
			.name = sut_arena_printf(reader->arena, "virtual %s",
						 sut_dwarf_symbol(&reader->dwarf, function)),
			.bit = 8 * sizeof(void *) * ops[0].number,
			.size = sizeof(void *),
			.type = sut_dwarf_prototype(&reader->dwarf, function),
			.place = sut_dwarf_place(&reader->dwarf, function),
		};
}

static void add_member(struct reader *reader, struct sut_type *type, Dwarf_Die *member,
		       const char *prefix, uint64_t base, unsigned int depth)
{
	const char *name = member_name(reader, member);
	uint64_t bytes = 0, bits = 0, bit_size = 0;
	Dwarf_Word size = 0;
	Dwarf_Die made_of;

	if (!sut_dwarf_type(member, &made_of))
		return;
	sut_dwarf_number(member, DW_AT_data_member_location, &bytes);
	if (!sut_dwarf_number(member, DW_AT_data_bit_offset, &bits))
		sut_dwarf_number(member, DW_AT_bit_offset, &bits);
	sut_dwarf_number(member, DW_AT_bit_size, &bit_size);
	add_part(reader, type, member, &made_of, prefix, base + 8 * bytes, depth);
	if (!*name)
		return;
	dwarf_aggregate_size(&made_of, &size);
	SUT_PUSH(reader->arena, type->members, type->member_count, type->member_capacity) =
		(struct sut_type_member){
			.name = sut_arena_printf(reader->arena, "%s%s", prefix, name),
			.bit = base + 8 * bytes + bits,
			.bit_size = bit_size,
			.size = size,
			.type = sut_dwarf_describe(&reader->dwarf, &made_of),
			.place = sut_dwarf_place(&reader->dwarf, member),
		};
}

static void add_members(struct reader *reader, struct sut_type *type, Dwarf_Die *aggregate,
			const char *prefix, uint64_t base, unsigned int depth)
{
	Dwarf_Die child;

	if (depth > SUT_DWARF_DEPTH || dwarf_child(aggregate, &child))
		return;
	do {
		int tag = dwarf_tag(&child);

		if (tag == DW_TAG_subprogram)
			add_virtual(reader, type, &child);
		/* A static one is a variable. */
		if (tag == DW_TAG_inheritance ||
		    (tag == DW_TAG_member && !dwarf_hasattr(&child, DW_AT_declaration)))
			add_member(reader, type, &child, prefix, base, depth);
	} while (dwarf_siblingof(&child, &child) == 0);
}

static void add_type(struct reader *reader, Dwarf_Die *die, const char *alias)
{
	struct sut_type type = {
		.name = sut_dwarf_full_name(&reader->dwarf, die, alias),
		.is_union = dwarf_tag(die) == DW_TAG_union_type,
	};

	if (!*type.name || dwarf_hasattr(die, DW_AT_declaration) ||
	    !sut_dwarf_number(die, DW_AT_byte_size, &type.size))
		return;
	type.place = sut_dwarf_place(&reader->dwarf, die);
	add_members(reader, &type, die, "", 0, 0);
	SUT_PUSH(reader->arena, reader->types->list, reader->types->count,
		 reader->types->capacity) = type;
}

static void add_constants(struct reader *reader, Dwarf_Die *enumeration)
{
	struct sut_types *types = reader->types;
	const char *scope = sut_dwarf_scope(&reader->dwarf, enumeration);
	size_t first = types->constant_count;
	int64_t greatest = INT64_MIN;
	Dwarf_Die child;

	if (dwarf_child(enumeration, &child))
		return;
	if (sut_dwarf_flag(enumeration, DW_AT_enum_class))
		scope = sut_arena_printf(reader->arena, "%s%s::", scope,
					 sut_dwarf_name(&reader->dwarf, enumeration));
	do {
		Dwarf_Attribute attr;
		Dwarf_Sword value;

		if (dwarf_tag(&child) != DW_TAG_enumerator ||
		    !dwarf_attr(&child, DW_AT_const_value, &attr) || dwarf_formsdata(&attr, &value))
			continue;
		greatest = value > greatest ? value : greatest;
		SUT_PUSH(reader->arena, types->constants, types->constant_count,
			 types->constant_capacity) = (struct sut_type_constant){
			.name = sut_arena_printf(reader->arena, "%s%s", scope,
						 sut_dwarf_name(&reader->dwarf, &child)),
			.value = value,
			.place = sut_dwarf_place(&reader->dwarf, enumeration),
		};
	} while (dwarf_siblingof(&child, &child) == 0);
	for (size_t i = first; i < types->constant_count; i++)
		types->constants[i].last = types->constants[i].value == greatest;
}

/* An address that does not depend on the frame. */
static bool is_fixed(const Dwarf_Op *op)
{
	return op->atom == DW_OP_addr || op->atom == DW_OP_addrx ||
	       op->atom == DW_OP_GNU_addr_index || op->atom == DW_OP_form_tls_address ||
	       op->atom == DW_OP_GNU_push_tls_address;
}

/* Outside functions every variable is static; in one, a static variable has a fixed address. */
static bool is_static(Dwarf_Die *variable, const struct scope *scope)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t count;

	if (!scope->function)
		return true;
	if (!dwarf_attr_integrate(variable, DW_AT_location, &attr) ||
	    dwarf_getlocation(&attr, &ops, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		if (is_fixed(&ops[i]))
			return true;
	return false;
}

static void add_static(struct reader *reader, Dwarf_Die *variable, Dwarf_Die *type,
		       const struct scope *scope)
{
	struct sut_types *types = reader->types;
	const char *name = sut_dwarf_symbol(&reader->dwarf, variable);
	Dwarf_Word size = 0;

	add_use(reader, sut_dwarf_aggregate(&reader->dwarf, *type, true), USE_KEEPER,
		whose(reader, "variable", variable, "", ""));
	if (!*name || dwarf_hasattr(variable, DW_AT_declaration))
		return;
	dwarf_aggregate_size(type, &size);
	SUT_PUSH(reader->arena, types->variables, types->variable_count,
		 types->variable_capacity) = (struct sut_type_variable){
		.name = scope->function
				? sut_arena_printf(reader->arena, "%s: %s", scope->function, name)
				: name,
		.type = sut_dwarf_describe(&reader->dwarf, type),
		.size = size,
		.place = sut_dwarf_place(&reader->dwarf, variable),
	};
}

/* An automatic variable or parameter. A pointer that is one may lead to the heap. */
static void add_automatic(struct reader *reader, Dwarf_Die *variable, Dwarf_Die *type,
			  const struct scope *scope)
{
	const char *held = sut_dwarf_aggregate(&reader->dwarf, *type, false);
	const char *pointed = sut_dwarf_aggregate(&reader->dwarf, *type, true);

	if (dwarf_tag(variable) == DW_TAG_formal_parameter)
		add_use(reader, pointed, USE_TAKER, scope->function);
	if (*held && scope->code)
		add_use(reader, held, USE_HOLDER, scope->function);
	else if (!*held && dwarf_tag(variable) == DW_TAG_variable)
		add_use(reader, pointed, USE_KEEPER,
			whose(reader, "pointer", variable, " in ", scope->function));
}

static void add_variable(struct reader *reader, Dwarf_Die *variable, const struct scope *scope)
{
	Dwarf_Die type;

	if (!sut_dwarf_type(variable, &type))
		return;
	if (dwarf_tag(variable) == DW_TAG_variable && is_static(variable, scope))
		add_static(reader, variable, &type, scope);
	else if (scope->function)
		add_automatic(reader, variable, &type, scope);
}

static struct scope enter_function(struct reader *reader, Dwarf_Die *function)
{
	bool declared = dwarf_hasattr(function, DW_AT_declaration);
	/* What is made of another entry has its name, but a constructor has several. */
	bool made = dwarf_hasattr(function, DW_AT_abstract_origin) &&
		    !dwarf_hasattr(function, DW_AT_linkage_name);
	struct scope scope = {
		.function = sut_dwarf_symbol(&reader->dwarf, function),
		.code = dwarf_hasattr(function, DW_AT_low_pc) ||
			dwarf_hasattr(function, DW_AT_ranges),
	};
	Dwarf_Die type;

	if (sut_dwarf_type(function, &type)) {
		const char *given = sut_dwarf_aggregate(&reader->dwarf, type, false);

		if (!*given)
			add_use(reader, sut_dwarf_aggregate(&reader->dwarf, type, true), USE_KEEPER,
				sut_arena_printf(reader->arena, "%s returns its address",
						 scope.function));
	}
	if (!declared && *scope.function && !made)
		SUT_PUSH(reader->arena, reader->types->functions, reader->types->function_count,
			 reader->types->function_capacity) = (struct sut_type_function){
			.name = scope.function,
			.prototype = sut_dwarf_prototype(&reader->dwarf, function),
			.calling = sut_dwarf_calling(&reader->dwarf, function),
			.place = sut_dwarf_place(&reader->dwarf, function),
			.noreturn = sut_dwarf_flag(function, DW_AT_noreturn),
		};
	return scope;
}

static void read_die(struct reader *reader, Dwarf_Die *die, struct scope *scope)
{
	const char *alias;
	Dwarf_Die target;

	switch (dwarf_tag(die)) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		add_type(reader, die, "");
		break;
	case DW_TAG_typedef:
		target = *die;
		if (sut_dwarf_strip(&reader->dwarf, &target, &alias) &&
		    sut_dwarf_is_aggregate(&target) && !*sut_dwarf_name(&reader->dwarf, &target))
			add_type(reader, &target, alias);
		break;
	case DW_TAG_enumeration_type:
		add_constants(reader, die);
		break;
	case DW_TAG_variable:
	case DW_TAG_formal_parameter:
		add_variable(reader, die, scope);
		break;
	case DW_TAG_subprogram:
		*scope = enter_function(reader, die);
		break;
	default:
		break;
	}
}

static void read_tree(struct reader *reader, Dwarf_Die *parent, const struct scope *scope,
		      unsigned int depth)
{
	Dwarf_Die child;

	if (depth > SUT_DWARF_DEPTH || dwarf_child(parent, &child))
		return;
	do {
		struct scope inner = *scope;

		/* Parameters of a type of functions are no variables. */
		if (dwarf_tag(&child) == DW_TAG_subroutine_type)
			continue;
		read_die(reader, &child, &inner);
		read_tree(reader, &child, &inner, depth + 1);
	} while (dwarf_siblingof(&child, &child) == 0);
}

/* Every element of the lists begins with its name. */
static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts, and keeps one of equal names: a unit has one meaning for each. Gives their number. */
static size_t sort(void *list, size_t count, size_t size)
{
	char *elements = list;
	size_t kept = 0;

	if (count)
		qsort(list, count, size, compare_names);
	for (size_t i = 0; i < count; i++)
		if (!kept || compare_names(elements + (kept - 1) * size, elements + i * size))
			memmove(elements + kept++ * size, elements + i * size, size);
	return kept;
}

static void *find(const void *list, size_t count, size_t size, const char *name)
{
	return count ? bsearch(&name, list, count, size, compare_names) : NULL;
}

struct sut_type *sut_types_find(const struct sut_types *types, const char *name)
{
	return find(types->list, types->count, sizeof(*types->list), name);
}

const struct sut_type_constant *sut_types_constant(const struct sut_types *types, const char *name)
{
	return find(types->constants, types->constant_count, sizeof(*types->constants), name);
}

const struct sut_type_variable *sut_types_variable(const struct sut_types *types, const char *name)
{
	return find(types->variables, types->variable_count, sizeof(*types->variables), name);
}

const struct sut_type_function *sut_types_function(const struct sut_types *types, const char *name)
{
	return find(types->functions, types->function_count, sizeof(*types->functions), name);
}

static void apply_use(struct reader *reader, const struct use *use)
{
	struct sut_type *type = sut_types_find(reader->types, use->type);

	if (!type)
		return;
	switch (use->kind) {
	case USE_KEEPER:
		if (!type->keeper)
			type->keeper = use->who;
		break;
	case USE_HOLDER:
		SUT_PUSH(reader->arena, type->holders, type->holder_count, type->holder_capacity) =
			use->who;
		break;
	case USE_TAKER:
		SUT_PUSH(reader->arena, type->takers, type->taker_count, type->taker_capacity) =
			use->who;
		break;
	}
}

static void finish(struct reader *reader)
{
	struct sut_types *types = reader->types;

	types->count = sort(types->list, types->count, sizeof(*types->list));
	types->constant_count =
		sort(types->constants, types->constant_count, sizeof(*types->constants));
	types->variable_count =
		sort(types->variables, types->variable_count, sizeof(*types->variables));
	types->function_count =
		sort(types->functions, types->function_count, sizeof(*types->functions));
	for (size_t i = 0; i < reader->use_count; i++)
		apply_use(reader, &reader->uses[i]);
}

enum sut_rc sut_types_read(struct sut_arena *arena, const char *path, struct sut_types *types,
			   struct sut_diag *diag)
{
	Dwfl_Module *module;
	__attribute__((cleanup(sut_dwarf_close))) Dwfl *dwfl = sut_dwarf_open(path, &module);
	static const struct scope outside = {NULL, false};
	struct sut_types found = {0};
	struct reader reader = {.arena = arena, .dwarf = {.arena = arena}, .types = &found};
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;

	if (!dwfl)
		return sut_fail(diag, SUT_SYSTEM, "layout", "%s: %s", path, dwfl_errmsg(-1));
	if (!dwfl_module_getdwarf(module, &bias))
		return sut_fail(diag, SUT_SYSTEM, "layout", "%s: no debugging information: %s",
				path, dwfl_errmsg(-1));
	while ((unit = dwfl_module_nextcu(module, unit, &bias))) {
		sut_dwarf_note_scopes(&reader.dwarf, unit);
		read_tree(&reader, unit, &outside, 0);
	}
	finish(&reader);
	*types = found;
	return SUT_OK;
}
