// SPDX-License-Identifier: GPL-2.0-or-later
/* References that leave the patch: by address into the target, by name to others. */
#include "extract/reference.h"
#include "core/livepatch.h"

#include <elf.h>
#include <string.h>

const char sut_place_unknown[] = "whose place in the stripped target is not known; install the "
				 "target's debug symbols, or name a target that is not stripped";

bool sut_reference_refuse(struct sut_reference *reference, const char *rule, const char *what)
{
	struct sut_verdict *verdict = reference->extract->verdict;
	const char *evidence =
		sut_arena_printf(verdict->arena, "%s: %s refers to %s",
				 reference->part->unit->source, reference->from, reference->name);

	/* Once is enough, however often the function does it. */
	for (size_t i = 0; i < verdict->refusal_count; i++) {
		if (!strcmp(verdict->refusals[i].evidence, evidence))
			return false;
	}
	sut_refuse(verdict, rule, evidence, "%s refers to %s, %s", reference->from, reference->name,
		   what);
	return false;
}

bool sut_reference_use(struct sut_reference *reference, const struct sut_patch_symbol *symbol,
		       int64_t addend)
{
	reference->result->symbol = sut_extract_symbol(reference->extract, symbol);
	reference->result->addend = addend;
	return true;
}

/* Which of the target's symbols of that name it is; 0 if there is one, or no table to tell. */
static uint32_t symbol_position(const struct sut_target *target, const char *name, uint64_t address)
{
	size_t count;
	const struct sut_target_symbol *symbols = sut_target_find(target, name, &count);

	for (size_t i = 0; count > 1 && i < count; i++) {
		if (symbols[i].address == address)
			return i + 1;
	}
	return 0;
}

bool sut_reference_use_target(struct sut_reference *reference, const char *name, unsigned char type,
			      uint64_t address, uint64_t size, int64_t addend)
{
	const struct sut_target *target = sut_reference_target(reference);
	struct sut_patch_symbol symbol = {
		.name = name,
		.kind = SUT_PATCH_SYMBOL_TARGET,
		.type = type,
		.object = reference->part->object,
		.sympos = type == STT_TLS ? 0 : symbol_position(target, name, address),
		.value = address,
		.size = size,
	};

	return sut_reference_use(reference, &symbol, addend);
}

bool sut_reference_use_import(struct sut_reference *reference, const char *name, unsigned char type,
			      uint64_t slot)
{
	uint32_t kind = reference->reloc->type;
	struct sut_patch_symbol symbol = {
		.name = name,
		.kind = SUT_PATCH_SYMBOL_IMPORT,
		.type = type,
		.object = reference->part->object,
		.slot = slot,
	};

	if (kind == R_X86_64_64 || kind == R_X86_64_PC64)
		symbol.slot = 0;
	else if (kind != R_X86_64_PLT32 && !sut_reloc_is_got(kind))
		return sut_reference_refuse(
			reference, "reloc",
			"of another object, as if it were near, and the target has no copy of it; "
			"use it through a function or a pointer of that object");
	return sut_reference_use(reference, &symbol, reference->reloc->addend);
}

/* A function of the run-time, which nobody but the patch binds. */
static bool use_runtime(struct sut_reference *reference)
{
	uint32_t kind = reference->reloc->type;
	const struct sut_patch_symbol symbol = {
		.name = reference->name,
		.kind = SUT_PATCH_SYMBOL_RUNTIME,
		.type = STT_FUNC,
	};

	if (kind != R_X86_64_64 && kind != R_X86_64_PLT32 && !sut_reloc_is_got(kind))
		return sut_reference_refuse(
			reference, "reloc",
			"of the run-time, as if it were near; build this unit with -fPIE");
	reference->extract->patch->additions.abi = SUT_LIVEPATCH_ABI;
	return sut_reference_use(reference, &symbol, reference->reloc->addend);
}

/* klp_ is the author's vocabulary: what is not there is a mistake and not a symbol to look for. */
static bool refuse_klp(struct sut_reference *reference)
{
	const char *names = "";

	for (size_t i = 0; sut_patch_runtime[i]; i++)
		names = sut_arena_printf(reference->extract->arena, "%s%s%s", names, i ? ", " : "",
					 sut_patch_runtime[i]);
	return sut_reference_refuse(
		reference, "runtime",
		sut_arena_printf(reference->extract->arena,
				 "which the run-time does not have; a patch may call %s", names));
}

static const struct sut_located *find_proven_in(const struct sut_part *part, const char *name)
{
	const struct sut_object *before = part->diff->before;

	for (size_t i = 1; i < before->symbol_count; i++) {
		if (!before->symbols[i].section && !before->symbols[i].absolute &&
		    part->proof->symbols[i].known && !strcmp(before->symbols[i].name, name))
			return &part->proof->symbols[i];
	}
	return NULL;
}

/* What the rest of the unit defines under that name. */
static const struct sut_located *find_rest(const struct sut_reference *reference)
{
	const struct sut_part *part = reference->part;
	uint32_t def = sut_object_def(part->diff->before, reference->name);
	struct sut_located *found = sut_arena_alloc(reference->extract->arena, sizeof(*found));

	if (!part->diff->part || def == SUT_NO_DEF)
		return NULL;
	found->known = sut_part_locate(part, def, &found->address);
	return found->known ? found : NULL;
}

/* What the proof saw the unit use under that name; for what is hand-written, the unit beside. */
static const struct sut_located *find_proven(const struct sut_reference *reference)
{
	const struct sut_part *part = reference->part;
	const struct sut_located *rest = find_rest(reference);

	if (rest)
		return rest;
	return find_proven_in(part->beside ? part->beside : part, reference->name);
}

/* A definition of the target that other units of it can see. */
static const struct sut_target_symbol *find_global(const struct sut_reference *reference)
{
	size_t count;
	const struct sut_target_symbol *symbols =
		sut_target_find(sut_reference_target(reference), reference->name, &count);

	for (size_t i = 0; i < count; i++) {
		/* The linker makes hidden symbols local, of no file. */
		if (!symbols[i].local || !*symbols[i].file)
			return &symbols[i];
	}
	return NULL;
}

static bool bind_tls(struct sut_reference *reference, const struct sut_target_symbol *global,
		     const struct sut_located *proven)
{
	struct sut_tls tls = {
		.name = reference->name,
		.here = global != NULL,
		.addend = reference->reloc->addend,
	};

	if (global) {
		tls.offset =
			sut_target_tls_offset(sut_reference_target(reference), global->address);
		tls.size = global->size;
	} else if (proven) {
		tls.here = true;
		tls.offset = proven->address;
	}
	return sut_reference_bind_tls(reference, &tls);
}

bool sut_reference_bind(struct sut_reference *reference)
{
	const struct sut_target *target = sut_reference_target(reference);
	const struct sut_symbol *symbol =
		&reference->part->diff->after->symbols[reference->place.symbol];
	const struct sut_target_symbol *global = find_global(reference);
	const struct sut_located *proven = find_proven(reference);
	uint64_t slot = sut_target_slot(target, symbol->name);
	unsigned char type = global ? global->type : symbol->type;

	/* A program with functions of these names means its own, but the author ours. */
	if (sut_patch_runtime_has(symbol->name) && (reference->part->beside || (!global && !slot)))
		return use_runtime(reference);
	if (type == STT_TLS)
		return bind_tls(reference, global, proven);
	if (slot && (!target->executable || reference->reloc->type == R_X86_64_PLT32 ||
		     sut_reloc_is_got(reference->reloc->type)))
		return sut_reference_use_import(reference, symbol->name, type, slot);
	/* For a resolver's symbol the proof has the stub, which is right for a call only. */
	if (type == STT_GNU_IFUNC && (!proven || !sut_reloc_is_branch(reference->reloc)))
		return sut_reference_refuse(
			reference, "ifunc",
			"which is chosen when the program starts; call the implementation "
			"instead");
	if (proven)
		return sut_reference_use_target(reference, symbol->name,
						type == STT_GNU_IFUNC ? STT_FUNC : type,
						proven->address, global ? global->size : 0,
						reference->reloc->addend);
	if (global)
		return sut_reference_use_target(reference, symbol->name, type, global->address,
						global->size, reference->reloc->addend);
	if (slot ||
	    sut_imports_have(&reference->extract->imports[reference->part->object], symbol->name))
		return sut_reference_use_import(reference, symbol->name, type, slot);
	if (!strncmp(symbol->name, "klp_", 4))
		return refuse_klp(reference);
	return sut_reference_refuse(
		reference, "symbol",
		target->has_symtab
			? "which neither the target nor an object that it needs defines; add "
			  "the unit that defines it to the patch"
			: sut_place_unknown);
}
