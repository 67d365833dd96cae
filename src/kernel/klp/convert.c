// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/klp/convert.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOL_ANNOTATION ".klp.sym.rela."

enum { ANNOTATION_SYMPOS = 8, ANNOTATION_SIZE = 12 };

/* What is known of a symbol before the kernel is asked. */
struct wish {
	const char *object; /* NULL: in vmlinux or in a module that is patched */
	const char *name;
	uint64_t sympos;   /* 0: the only one */
	const char *with;  /* NULL: as its object wants it */
	const char *words; /* for messages, or NULL: nobody said anything */
};

struct resolver {
	struct sut_arena *arena;
	const struct sut_ko *ko;
	const struct sut_klp_patch *patch;
	struct sut_klp_kernel *kernel;
	const char *const *present;
	size_t present_count;
	struct wish *annotated; /* of each symbol; name NULL: it is not annotated */
	size_t capacity;
	struct sut_klp_conversion *conversion;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
};

/* ---- annotations ---- */

static enum sut_rc bad_annotation(const struct resolver *r, const char *name, const char *what)
{
	return sut_fail(r->diag, SUT_INVALID, "klp-annotation", "%s: annotation %s %s",
			r->ko->elf.path, name, what);
}

/* Up to a separator, behind which *rest is then; NULL: it is not there, or nothing before it. */
static const char *word(struct sut_arena *arena, const char **rest, char separator)
{
	const char *end = strchr(*rest, separator), *start = *rest;

	if (!end || end == start)
		return NULL;
	*rest = end + 1;
	return sut_arena_strndup(arena, start, (size_t)(end - start));
}

/* ".klp.sym.rela.PATCHED.OBJECT.NAME,POS". A function's name may have points (.isra.0). */
static enum sut_rc read_symbol_annotation(const struct resolver *r, const char *text,
					  struct wish *wish)
{
	const char *rest = text + strlen(SYMBOL_ANNOTATION);
	char *end;

	wish->with = word(r->arena, &rest, '.');
	wish->object = wish->with ? word(r->arena, &rest, '.') : NULL;
	wish->name = wish->object ? word(r->arena, &rest, ',') : NULL;
	if (!wish->name || *rest < '0' || *rest > '9')
		return bad_annotation(r, text, "is not .klp.sym.rela.PATCHED.OBJECT.NAME,POS");
	wish->sympos = strtoull(rest, &end, 10);
	if (*end)
		return bad_annotation(r, text, "has no number behind its comma");
	wish->words = text;
	return SUT_OK;
}

/* One element of an array in .klp.module_relocs.OBJECT: its pointer is a relocation. */
static enum sut_rc read_element(struct resolver *r, const struct sut_ko_reloc *reloc)
{
	const struct sut_kernel_section *section = &r->ko->elf.sections[reloc->section];
	struct wish *wish = &r->annotated[reloc->symbol];
	uint32_t sympos;

	if (reloc->type != R_X86_64_64 || section->size - reloc->offset < ANNOTATION_SIZE ||
	    r->ko->symbols[reloc->symbol].st_shndx != SHN_UNDEF || reloc->addend)
		return bad_annotation(r, section->name,
				      "has an element that is no pointer to an undefined symbol "
				      "and a position");
	memcpy(&sympos, section->data + reloc->offset + ANNOTATION_SYMPOS, sizeof(sympos));
	if (wish->name)
		return bad_annotation(r, wish->words, "is not the only one of its symbol");
	wish->object = section->name + strlen(SUT_KLP_ANNOTATIONS);
	wish->name = sut_ko_symbol_name(r->ko, reloc->symbol);
	wish->sympos = sympos;
	wish->words = sut_arena_printf(r->arena, "%s: %s,%u", section->name, wish->name, sympos);
	return SUT_OK;
}

static enum sut_rc read_annotations(struct resolver *r)
{
	r->annotated = sut_arena_array(r->arena, r->ko->symbol_count, sizeof(*r->annotated));
	for (size_t i = 0; i < r->ko->reloc_count; i++) {
		const struct sut_ko_reloc *reloc = &r->ko->relocs[i];
		const char *name = r->ko->elf.sections[reloc->section].name;
		enum sut_rc rc = SUT_OK;

		if (!strncmp(name, SUT_KLP_ANNOTATIONS, strlen(SUT_KLP_ANNOTATIONS)))
			rc = read_element(r, reloc);
		if (rc)
			return rc;
	}
	return SUT_OK;
}

/* ---- candidates ---- */

/* A symbol of the kernel that may be meant. */
struct candidate {
	const char *object;
	const struct sut_kernel_symbols *symbols; /* of the object */
	const struct sut_kernel_symbol *symbol;
};

struct candidates {
	size_t count, capacity;
	struct candidate *list;
};

static enum sut_rc add_candidates(struct resolver *r, const struct wish *wish, const char *object,
				  struct candidates *candidates)
{
	const struct sut_kernel_symbols *symbols;
	const uint32_t *found;
	size_t count;
	enum sut_rc rc = sut_klp_kernel_symbols(r->kernel, object, &symbols, r->diag);

	if (rc || !symbols)
		return rc;
	found = sut_kernel_symbols_find(symbols, wish->name, &count);
	for (size_t i = 0; i < count; i++) {
		const struct sut_kernel_symbol *symbol = &symbols->list[found[i]];

		if (!wish->sympos || symbol->position == wish->sympos)
			SUT_PUSH(r->arena, candidates->list, candidates->count,
				 candidates->capacity) =
				(struct candidate){object, symbols, symbol};
	}
	return SUT_OK;
}

static enum sut_rc find_candidates(struct resolver *r, const struct wish *wish,
				   struct candidates *candidates)
{
	enum sut_rc rc;

	if (wish->object)
		return add_candidates(r, wish, wish->object, candidates);
	rc = add_candidates(r, wish, SUT_KLP_VMLINUX, candidates);
	for (size_t i = 0; i < r->patch->object_count && rc == SUT_OK; i++)
		if (strcmp(r->patch->objects[i].name, SUT_KLP_VMLINUX))
			rc = add_candidates(r, wish, r->patch->objects[i].name, candidates);
	return rc;
}

static const char *patched_with(const struct resolver *r, const char *object)
{
	for (size_t i = 0; i < r->present_count; i++)
		if (!strcmp(r->present[i], object))
			return SUT_KLP_VMLINUX;
	return object;
}

/* The names before and behind a symbol, by which people know it. */
static const char *describe_neighbours(const struct resolver *r, const struct candidate *candidate)
{
	const struct sut_kernel_symbols *symbols = candidate->symbols;
	uint32_t index = (uint32_t)(candidate->symbol - symbols->list);
	const char *before = "nothing", *after = "nothing";
	size_t at = 0;

	while (at < symbols->count && symbols->by_address[at] != index)
		at++;
	if (at > 0)
		before = symbols->list[symbols->by_address[at - 1]].name;
	if (at + 1 < symbols->count)
		after = symbols->list[symbols->by_address[at + 1]].name;
	return sut_arena_printf(r->arena, "after %s and before %s", before, after);
}

/* One line for each candidate, with the annotation that names it. */
static const char *describe(const struct resolver *r, const struct wish *wish,
			    const struct candidates *candidates)
{
	const char *text = "";

	for (size_t i = 0; i < candidates->count; i++) {
		const struct candidate *candidate = &candidates->list[i];

		text = sut_arena_printf(
			r->arena,
			"%s%s: %c at 0x%" PRIx64 ", %s: KLP_RELOC_SYMBOL_POS(%s, %s, %s, %" PRIu32
			")\n",
			text, candidate->object, candidate->symbol->type,
			candidate->symbol->address, describe_neighbours(r, candidate),
			patched_with(r, candidate->object), candidate->object, wish->name,
			candidate->symbol->namesakes > 1 ? candidate->symbol->position : 0);
	}
	return text;
}

static void refuse(const struct resolver *r, const struct wish *wish,
		   const struct candidates *candidates)
{
	const char *where = wish->object ? wish->object : "vmlinux and the modules that it patches";

	if (!candidates->count)
		sut_refuse(r->verdict, "klp-symbol", wish->words ? wish->words : "",
			   "%s: no such symbol is in %s, and nobody exports it", wish->name, where);
	else if (candidates->count == 1)
		sut_refuse(r->verdict, "klp-ambiguous", describe(r, wish, candidates),
			   "%s: which of that name it is differs while %s is loaded and later",
			   wish->name, candidates->list[0].object);
	else
		sut_refuse(r->verdict, "klp-ambiguous", describe(r, wish, candidates),
			   "%s: %zu symbols of that name are in %s; annotate which is meant",
			   wish->name, candidates->count, where);
}

static enum sut_rc resolve(struct resolver *r, const char *symbol, const struct wish *wish)
{
	struct sut_klp_conversion *conversion = r->conversion;
	struct candidates candidates = {0};
	uint32_t sympos;
	enum sut_rc rc = find_candidates(r, wish, &candidates);

	if (rc)
		return rc;
	if (candidates.count != 1 || !sut_kernel_sympos(candidates.list[0].symbol, &sympos)) {
		refuse(r, wish, &candidates);
		return SUT_OK;
	}
	SUT_PUSH(r->arena, conversion->bindings, conversion->count,
		 r->capacity) = (struct sut_klp_binding){
		.symbol = symbol,
		.object = candidates.list[0].object,
		.name = wish->name,
		.sympos = sympos,
		.with = wish->with ? wish->with : patched_with(r, candidates.list[0].object),
	};
	return SUT_OK;
}

static enum sut_rc resolve_symbol(struct resolver *r, size_t i)
{
	const char *name = sut_ko_symbol_name(r->ko, i);
	struct wish wish = r->annotated[i];
	enum sut_rc rc = SUT_OK;

	if (!strncmp(name, SYMBOL_ANNOTATION, strlen(SYMBOL_ANNOTATION)))
		rc = read_symbol_annotation(r, name, &wish);
	else if (!wish.name && sut_klp_is_ordinary(r->ko, r->kernel, name))
		return SUT_OK;
	else
		wish.name = name;
	return rc ? rc : resolve(r, name, &wish);
}

enum sut_rc sut_klp_resolve(const struct sut_ko *ko, const struct sut_klp_patch *patch,
			    struct sut_klp_kernel *kernel, const char *const *present,
			    size_t present_count, struct sut_klp_conversion *conversion,
			    struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct resolver r = {
		.arena = verdict->arena,
		.ko = ko,
		.patch = patch,
		.kernel = kernel,
		.present = present,
		.present_count = present_count,
		.conversion = conversion,
		.verdict = verdict,
		.diag = diag,
	};
	enum sut_rc rc;

	*conversion = (struct sut_klp_conversion){0};
	rc = read_annotations(&r);
	for (size_t i = 1; i < ko->symbol_count && rc == SUT_OK; i++)
		if (ko->symbols[i].st_shndx == SHN_UNDEF &&
		    ELF64_ST_BIND(ko->symbols[i].st_info) == STB_GLOBAL)
			rc = resolve_symbol(&r, i);
	return rc;
}
