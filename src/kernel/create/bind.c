// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Symbols of the running kernel.
 *
 *   exported by vmlinux    as in any module: by name, with the checksum of its type
 *   everything else        by object, name and position in that object's kallsyms, which the proof
 *                          tells: it knows the address
 *
 * Code for vmlinux is bound while the livepatch loads. Code for a module waits for the module, with
 * all that belongs to modules; what vmlinux has is bound early there, too, as the kernel wants it.
 */
#include "kernel/create/extract.h"

#include <elf.h>
#include <string.h>

static bool is_own_global(const struct sut_carry *carry, const char *name)
{
	for (size_t i = 0; i < carry->symbol_count; i++)
		if (carry->symbols[i].source == SUT_CARRY_OWN && carry->symbols[i].global &&
		    !strcmp(carry->symbols[i].name, name))
			return true;
	return false;
}

/* One symbol for each name. */
static uint32_t add_symbol(struct sut_carry *carry, const struct sut_carry_symbol *symbol)
{
	for (size_t i = 0; i < carry->symbol_count; i++)
		if (carry->symbols[i].source == symbol->source &&
		    !strcmp(carry->symbols[i].name, symbol->name))
			return i;
	SUT_PUSH(carry->arena, carry->symbols, carry->symbol_count, carry->symbol_capacity) =
		*symbol;
	return carry->symbol_count - 1;
}

static uint32_t add_export(struct sut_carry *carry, const char *name)
{
	return add_symbol(carry,
			  &(struct sut_carry_symbol){.name = name, .source = SUT_CARRY_EXPORT});
}

static uint32_t add_private(struct sut_carry *carry, uint32_t part, const char *object,
			    const char *name, uint32_t sympos)
{
	bool early = !strcmp(object, SUT_KERNEL_VMLINUX);
	const char *with = early ? NULL : carry->parts[part].part->object;
	const struct sut_carry_symbol symbol = {
		.name = sut_arena_printf(carry->arena, "klp:%s:%s,%u%s%s", object, name, sympos,
					 with ? ":" : "", with ? with : ""),
		.source = SUT_CARRY_PRIVATE,
		.object = object,
		.real = name,
		.sympos = sympos,
		.with = with,
	};

	return add_symbol(carry, &symbol);
}

/* Namespaces are a promise of the module's author, which livepatch does not need. */
static bool is_exported(const struct sut_carry *carry, const char *name, const char *object)
{
	const struct sut_symver *symver = sut_symvers_find(carry->symvers, name);

	return symver && !*symver->space && !strcmp(symver->object, object) &&
	       !is_own_global(carry, name);
}

/* What kallsyms has of the part's object. */
static bool bind_symbol(struct sut_carry *carry, uint32_t part, const char *from,
			const struct sut_kernel_symbol *symbol, uint32_t *result)
{
	const char *object = carry->parts[part].part->object;
	uint32_t sympos;

	if (!strcmp(object, SUT_KERNEL_VMLINUX) &&
	    is_exported(carry, symbol->name, SUT_KERNEL_VMLINUX)) {
		*result = add_export(carry, symbol->name);
		return true;
	}
	if (!sut_kernel_sympos(symbol, &sympos))
		return sut_carry_refuse(
			carry, part, "position", from, symbol->name,
			"which has another position among symbols of its name while "
			"its module loads; do not use it in the fix");
	*result = add_private(carry, part, object, symbol->name, sympos);
	return true;
}

/* Where the proof saw the unit use the name. */
static const struct sut_kernel_symbol *find_proven(const struct sut_kernel_proven *proven,
						   const char *name)
{
	const struct sut_object *before = proven->part->before;

	for (size_t i = 1; i < before->symbol_count; i++)
		if (!before->symbols[i].section && proven->proof.symbols[i].known &&
		    !strcmp(before->symbols[i].name, name))
			return sut_kernel_target_symbol(proven->target, name,
							proven->proof.symbols[i].address);
	return NULL;
}

/* The only definition of the object that its other units can see. */
static const struct sut_kernel_symbol *find_global(const struct sut_kernel_proven *proven,
						   const char *name)
{
	const struct sut_kernel_symbol *result = NULL;
	size_t count;
	const struct sut_target_symbol *symbols =
		sut_target_find(&proven->target->target, name, &count);

	for (size_t i = 0; i < count; i++) {
		if (symbols[i].local)
			continue;
		if (result)
			return NULL;
		result = sut_kernel_target_symbol(proven->target, name, symbols[i].address);
	}
	return result;
}

/* What another module exports, or vmlinux in a namespace. */
static bool bind_foreign(struct sut_carry *carry, uint32_t part, const char *from,
			 const struct sut_symver *symver, uint32_t *result)
{
	const struct sut_kernel_symbols *symbols = NULL;
	struct sut_diag ignored;
	uint32_t sympos;
	size_t count = 0;
	const uint32_t *found = NULL;

	if (!sut_klp_kernel_symbols(carry->kernel, symver->object, &symbols, &ignored) && symbols)
		found = sut_kernel_symbols_find(symbols, symver->name, &count);
	for (size_t i = 0; i < count; i++) {
		const struct sut_kernel_symbol *symbol = &symbols->list[found[i]];

		if (symbol->local || !sut_kernel_sympos(symbol, &sympos))
			continue;
		*result = add_private(carry, part, symver->object, symver->name, sympos);
		return true;
	}
	return sut_carry_refuse(carry, part, "position", from, symver->name,
				sut_arena_printf(carry->arena,
						 "which %s exports, and of which its kallsyms do "
						 "not tell the place; do not use it in the fix",
						 symver->object));
}

bool sut_carry_bind_name(struct sut_carry *carry, uint32_t part, const char *from, const char *name,
			 uint32_t *symbol)
{
	const struct sut_kernel_proven *proven = &carry->parts[part];
	const struct sut_symver *symver = sut_symvers_find(carry->symvers, name);
	const struct sut_kernel_symbol *found;

	if (is_exported(carry, name, SUT_KERNEL_VMLINUX)) {
		*symbol = add_export(carry, name);
		return true;
	}
	found = find_proven(proven, name);
	if (!found)
		found = find_global(proven, name);
	if (found)
		return bind_symbol(carry, part, from, found, symbol);
	if (!symver || !strcmp(proven->part->object, SUT_KERNEL_VMLINUX))
		return sut_carry_refuse(carry, part, "symbol", from, name,
					"which this kernel does not have, or does not show to this "
					"object; the fix needs something newer");
	return bind_foreign(carry, part, from, symver, symbol);
}

/* Any of the definition's names at the address. */
static const struct sut_kernel_symbol *find_at(const struct sut_kernel_proven *proven, uint32_t def,
					       uint64_t address)
{
	const struct sut_object *before = proven->part->before;
	const struct sut_kernel_symbol *found =
		sut_kernel_target_symbol(proven->target, before->defs[def].name, address);

	for (size_t i = 1; i < before->symbol_count && !found; i++)
		if (before->symbols[i].def == def)
			found = sut_kernel_target_symbol(proven->target, before->symbols[i].name,
							 address);
	return found;
}

static const struct sut_kernel_symbol *find_original(const struct sut_kernel_proven *proven,
						     uint32_t twin)
{
	const struct sut_def *def = &proven->part->before->defs[twin];
	const struct sut_proof_def *function = &proven->proof.defs[twin];
	const struct sut_located *section = &proven->proof.sections[def->section];

	if (sut_def_is_function(def))
		return function->state == SUT_PROOF_EQUAL ? find_at(proven, twin, function->address)
							  : NULL;
	if (section->known)
		return find_at(proven, twin, section->address + def->offset);
	return sut_kernel_target_unique(proven->target, def->name);
}

bool sut_carry_bind_original(struct sut_carry *carry, uint32_t part, const char *from, uint32_t def,
			     uint32_t *symbol)
{
	const struct sut_kernel_proven *proven = &carry->parts[part];
	const struct sut_diff *diff = proven->part->diff;
	const char *name = diff->after->defs[def].name;
	const struct sut_kernel_symbol *found = find_original(proven, diff->twins.before[def]);

	if (found)
		return bind_symbol(carry, part, from, found, symbol);
	/* Another unit's strong definition takes the place of a weak one. */
	if (!diff->after->defs[def].local)
		return sut_carry_bind_name(carry, part, from, name, symbol);
	return sut_carry_refuse(
		carry, part, "symbol", from, name,
		"whose place in the kernel is not known: kallsyms have no such symbol "
		"there; do not use it in the fix");
}
