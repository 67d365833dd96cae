// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/dwarf-text.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* The object has its debug information within; nothing is looked for elsewhere, least of all in the
 * network. */
static int find_nothing(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **found)
{
	(void)module, (void)data, (void)name, (void)base, (void)file, (void)link, (void)crc;
	*found = NULL;
	return -1;
}

Dwfl *sut_dwarf_open(const char *path, Dwfl_Module **module)
{
	static const Dwfl_Callbacks callbacks = {
		.find_debuginfo = find_nothing,
		.section_address = dwfl_offline_section_address,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);

	*module = dwfl ? dwfl_report_offline(dwfl, path, path, -1) : NULL;
	if (*module && !dwfl_report_end(dwfl, NULL, NULL))
		return dwfl;
	dwfl_end(dwfl);
	return NULL;
}

void sut_dwarf_close(Dwfl **dwfl)
{
	dwfl_end(*dwfl);
}

const char *sut_dwarf_name(struct sut_dwarf *dwarf, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name ? sut_arena_strdup(dwarf->arena, name) : "";
}

const char *sut_dwarf_symbol(struct sut_dwarf *dwarf, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name;

	if (!dwarf_attr_integrate(die, DW_AT_linkage_name, &attr) ||
	    !(name = dwarf_formstring(&attr)))
		return sut_dwarf_name(dwarf, die);
	return sut_arena_strdup(dwarf->arena, name);
}

const char *sut_dwarf_place(struct sut_dwarf *dwarf, Dwarf_Die *die)
{
	const char *file = dwarf_decl_file(die), *slash;
	Dwarf_Die unit;
	int line;

	/* clang says "file 0" for the unit's own source in DWARF 5, which libdw takes for none. */
	if (!file && dwarf_hasattr(die, DW_AT_decl_file))
		file = dwarf_diename(dwarf_diecu(die, &unit, NULL, NULL));
	slash = file ? strrchr(file, '/') : NULL;
	if (!file || dwarf_decl_line(die, &line))
		return "";
	return sut_arena_printf(dwarf->arena, "%s:%d", slash ? slash + 1 : file, line);
}

bool sut_dwarf_number(Dwarf_Die *die, unsigned int attribute, uint64_t *value)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	if (!dwarf_attr_integrate(die, attribute, &attr) || dwarf_formudata(&attr, &word))
		return false;
	*value = word;
	return true;
}

bool sut_dwarf_flag(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute attr;
	bool flag;

	return dwarf_attr_integrate(die, attribute, &attr) && !dwarf_formflag(&attr, &flag) && flag;
}

bool sut_dwarf_type(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, type);
}

static const char *tag_word(int tag)
{
	switch (tag) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type: /* may be called either */
		return "struct";
	case DW_TAG_union_type:
		return "union";
	case DW_TAG_enumeration_type:
		return "enum";
	default:
		return "";
	}
}

bool sut_dwarf_is_aggregate(Dwarf_Die *type)
{
	int tag = dwarf_tag(type);

	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

static bool is_pointer(int tag)
{
	return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type ||
	       tag == DW_TAG_rvalue_reference_type;
}

bool sut_dwarf_strip(struct sut_dwarf *dwarf, Dwarf_Die *type, const char **alias)
{
	*alias = "";
	for (int depth = 0; depth < SUT_DWARF_DEPTH; depth++) {
		switch (dwarf_tag(type)) {
		case DW_TAG_typedef:
			*alias = sut_dwarf_name(dwarf, type);
			break;
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			break;
		default:
			return true;
		}
		if (!sut_dwarf_type(type, type))
			return false;
	}
	return false;
}

static void note(struct sut_dwarf *dwarf, Dwarf_Die *parent, const char *scope, unsigned int depth);

/* Its name is in scope, and what is in it in a further one. */
static void note_one(struct sut_dwarf *dwarf, Dwarf_Die *die, const char *scope, unsigned int depth)
{
	const char *name = sut_dwarf_name(dwarf, die);
	int tag = dwarf_tag(die);

	if (*scope && *tag_word(tag))
		SUT_PUSH(dwarf->arena, dwarf->scoped, dwarf->scoped_count, dwarf->scoped_capacity) =
			(struct sut_dwarf_scoped){dwarf_dieoffset(die), scope};
	if (tag == DW_TAG_subprogram)
		scope = sut_arena_printf(dwarf->arena, "%s: ", name);
	else if (tag == DW_TAG_namespace || sut_dwarf_is_aggregate(die))
		scope = sut_arena_printf(dwarf->arena, "%s%s::", scope, name);
	else if (tag != DW_TAG_lexical_block)
		return;
	note(dwarf, die, scope, depth + 1);
}

static void note(struct sut_dwarf *dwarf, Dwarf_Die *parent, const char *scope, unsigned int depth)
{
	Dwarf_Die child;

	if (depth > SUT_DWARF_DEPTH || dwarf_child(parent, &child))
		return;
	do
		note_one(dwarf, &child, scope, depth);
	while (dwarf_siblingof(&child, &child) == 0);
}

void sut_dwarf_note_scopes(struct sut_dwarf *dwarf, Dwarf_Die *unit)
{
	note(dwarf, unit, "", 0);
}

static int compare_scoped(const void *a, const void *b)
{
	Dwarf_Off left = ((const struct sut_dwarf_scoped *)a)->offset;
	Dwarf_Off right = ((const struct sut_dwarf_scoped *)b)->offset;

	return (left > right) - (left < right);
}

/* A structure declared in a function, or in a namespace, is another type than one outside it with
 * its name. */
const char *sut_dwarf_scope(struct sut_dwarf *dwarf, Dwarf_Die *die)
{
	struct sut_dwarf_scoped key = {.offset = dwarf_dieoffset(die)}, *found;

	if (!dwarf->scoped_count)
		return "";
	found = bsearch(&key, dwarf->scoped, dwarf->scoped_count, sizeof(key), compare_scoped);
	return found ? found->scope : "";
}

const char *sut_dwarf_full_name(struct sut_dwarf *dwarf, Dwarf_Die *type, const char *alias)
{
	const char *name = sut_dwarf_name(dwarf, type);

	if (*name)
		return sut_arena_printf(dwarf->arena, "%s%s %s", sut_dwarf_scope(dwarf, type),
					tag_word(dwarf_tag(type)), name);
	return *alias ? sut_arena_printf(dwarf->arena, "%s%s", sut_dwarf_scope(dwarf, type), alias)
		      : "";
}

static const char *describe(struct sut_dwarf *dwarf, Dwarf_Die type, unsigned int depth);

static const char *describe_array(struct sut_dwarf *dwarf, Dwarf_Die *type, unsigned int depth)
{
	const char *text = "?";
	Dwarf_Die child, element;

	if (sut_dwarf_type(type, &element))
		text = describe(dwarf, element, depth + 1);
	if (dwarf_child(type, &child))
		return text;
	do {
		uint64_t bound;

		if (sut_dwarf_number(&child, DW_AT_count, &bound))
			text = sut_arena_printf(dwarf->arena, "%s[%llu]", text,
						(unsigned long long)bound);
		else if (sut_dwarf_number(&child, DW_AT_upper_bound, &bound))
			text = sut_arena_printf(dwarf->arena, "%s[%llu]", text,
						(unsigned long long)bound + 1);
		else
			text = sut_arena_printf(dwarf->arena, "%s[]", text);
	} while (dwarf_siblingof(&child, &child) == 0);
	return text;
}

static const char *describe_function(struct sut_dwarf *dwarf, Dwarf_Die *function,
				     unsigned int depth)
{
	const char *text = "void (", *comma = "";
	Dwarf_Die child, type;

	if (sut_dwarf_type(function, &type))
		text = sut_arena_printf(dwarf->arena, "%s (", describe(dwarf, type, depth + 1));
	if (dwarf_child(function, &child) == 0) {
		do {
			const char *parameter;

			if (dwarf_tag(&child) == DW_TAG_unspecified_parameters)
				parameter = "...";
			else if (dwarf_tag(&child) == DW_TAG_formal_parameter)
				parameter = sut_dwarf_type(&child, &type)
						    ? describe(dwarf, type, depth + 1)
						    : "?";
			else
				continue;
			text = sut_arena_printf(dwarf->arena, "%s%s%s", text, comma, parameter);
			comma = ", ";
		} while (dwarf_siblingof(&child, &child) == 0);
	}
	return sut_arena_printf(dwarf->arena, "%s)", text);
}

/* An unnamed structure is its members; of an unnamed enumeration only the size matters. */
static const char *describe_unnamed(struct sut_dwarf *dwarf, Dwarf_Die *type, unsigned int depth)
{
	const char *text = sut_arena_printf(dwarf->arena, "%s {", tag_word(dwarf_tag(type)));
	Dwarf_Die child, member;

	if (!sut_dwarf_is_aggregate(type) || dwarf_child(type, &child))
		return tag_word(dwarf_tag(type));
	do {
		uint64_t at = 0, bits = 0;

		if (dwarf_tag(&child) != DW_TAG_member || !sut_dwarf_type(&child, &member))
			continue;
		sut_dwarf_number(&child, DW_AT_data_member_location, &at);
		sut_dwarf_number(&child, DW_AT_data_bit_offset, &bits);
		text = sut_arena_printf(dwarf->arena, "%s %s %s@%llu", text,
					describe(dwarf, member, depth + 1),
					sut_dwarf_name(dwarf, &child),
					(unsigned long long)(at + bits / 8));
		text = bits % 8 ? sut_arena_printf(dwarf->arena, "%s:%u;", text,
						   (unsigned int)(bits % 8))
				: sut_arena_printf(dwarf->arena, "%s;", text);
	} while (dwarf_siblingof(&child, &child) == 0);
	return sut_arena_printf(dwarf->arena, "%s }", text);
}

static const char *describe_pointer(struct sut_dwarf *dwarf, Dwarf_Die *pointer, unsigned int depth)
{
	const char *text;
	Dwarf_Die target;

	if (!sut_dwarf_type(pointer, &target))
		return "void *";
	text = describe(dwarf, target, depth + 1);
	/* What a pointer leads to may be read with the other sign: char * and unsigned char *. */
	if (strncmp(text, "unsigned ", 9) == 0)
		text += 9;
	else if (strncmp(text, "signed ", 7) == 0)
		text += 7;
	return sut_arena_printf(dwarf->arena, "%s *", text);
}

static const char *describe(struct sut_dwarf *dwarf, Dwarf_Die type, unsigned int depth)
{
	const char *alias, *name;

	if (depth > SUT_DWARF_DEPTH)
		return "?";
	if (!sut_dwarf_strip(dwarf, &type, &alias))
		return "void";
	switch (dwarf_tag(&type)) {
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		return describe_pointer(dwarf, &type, depth);
	case DW_TAG_array_type:
		return describe_array(dwarf, &type, depth);
	case DW_TAG_subroutine_type:
		return describe_function(dwarf, &type, depth);
	case DW_TAG_base_type:
		return sut_dwarf_name(dwarf, &type);
	default:
		name = sut_dwarf_full_name(dwarf, &type, alias);
		return *name ? name : describe_unnamed(dwarf, &type, depth);
	}
}

const char *sut_dwarf_describe(struct sut_dwarf *dwarf, Dwarf_Die *type)
{
	return describe(dwarf, *type, 0);
}

const char *sut_dwarf_prototype(struct sut_dwarf *dwarf, Dwarf_Die *function)
{
	return describe_function(dwarf, function, 0);
}

/* How a value is passed: pointers are all alike, and so are integers of one size and no sign.
 * Small ones are not, for some compilers rely on how they are extended. */
static const char *pass(struct sut_dwarf *dwarf, Dwarf_Die *type)
{
	uint64_t encoding = DW_ATE_void;
	const char *alias, *kind = "";
	Dwarf_Word size = 0;

	if (!sut_dwarf_strip(dwarf, type, &alias))
		return "void";
	dwarf_aggregate_size(type, &size);
	switch (dwarf_tag(type)) {
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		return "p";
	case DW_TAG_enumeration_type:
		kind = "i";
		break;
	case DW_TAG_base_type:
		sut_dwarf_number(type, DW_AT_encoding, &encoding);
		if (encoding != DW_ATE_signed && encoding != DW_ATE_unsigned)
			kind = sut_dwarf_name(dwarf, type);
		else
			kind = size >= 4 ? "i" : encoding == DW_ATE_signed ? "s" : "u";
		break;
	default:
		kind = describe(dwarf, *type, 0);
		break;
	}
	return sut_arena_printf(dwarf->arena, "%s%llu", kind, (unsigned long long)size);
}

const char *sut_dwarf_calling(struct sut_dwarf *dwarf, Dwarf_Die *function)
{
	const char *text = "(";
	Dwarf_Die child, type;

	if (dwarf_child(function, &child) == 0) {
		do {
			if (dwarf_tag(&child) == DW_TAG_unspecified_parameters)
				text = sut_arena_printf(dwarf->arena, "%s ...", text);
			else if (dwarf_tag(&child) == DW_TAG_formal_parameter &&
				 sut_dwarf_type(&child, &type))
				text = sut_arena_printf(dwarf->arena, "%s %s", text,
							pass(dwarf, &type));
		} while (dwarf_siblingof(&child, &child) == 0);
	}
	return sut_arena_printf(dwarf->arena, "%s ) %s", text,
				sut_dwarf_type(function, &type) ? pass(dwarf, &type) : "void");
}

const char *sut_dwarf_aggregate(struct sut_dwarf *dwarf, Dwarf_Die type, bool pointers)
{
	const char *alias;

	for (int depth = 0; depth < SUT_DWARF_DEPTH; depth++) {
		int tag;

		if (!sut_dwarf_strip(dwarf, &type, &alias))
			return "";
		tag = dwarf_tag(&type);
		if (sut_dwarf_is_aggregate(&type))
			return sut_dwarf_full_name(dwarf, &type, alias);
		if (tag != DW_TAG_array_type && !(pointers && is_pointer(tag)))
			return "";
		if (!sut_dwarf_type(&type, &type))
			return "";
	}
	return "";
}
