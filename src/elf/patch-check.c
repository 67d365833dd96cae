// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for the content of a patch. The reader asks after parsing and the writer before
 * writing, so a rule stands in one place, and what passes here may be used without a second look.
 */
#include "elf/patch-format.h"

#include "base/io.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static bool is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Letters, digits and some of the rest, beginning with a letter or digit. */
static bool is_word(const char *s, size_t max, const char *rest)
{
	size_t length = strnlen(s, max + 1);

	if (!length || length > max || !is_word_char(s[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_word_char(s[i]) && !strchr(rest, s[i]))
			return false;
	return true;
}

bool sut_patch_name_valid(const char *name)
{
	return is_word(name, SUT_PATCH_NAME_MAX, "._+-");
}

bool sut_patch_version_valid(const char *version)
{
	return is_word(version, SUT_PATCH_NAME_MAX, "._+:~-");
}

static bool is_text(const char *s, size_t max)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t left = strnlen(s, max + 1);

	if (left > max)
		return false;
	while (left) {
		uint32_t code;
		size_t length = sut_utf8_next(p, left, &code);

		if (!length || sut_utf8_deceives(code))
			return false;
		p += length;
		left -= length;
	}
	return true;
}

/* Names become part of section names, paths and lines of output. */
static bool is_name(const char *s)
{
	return *s && is_text(s, SUT_PATCH_WORD_MAX) && !strchr(s, '/') && strcmp(s, ".") != 0 &&
	       strcmp(s, "..") != 0;
}

static bool is_symbol_name(const char *s)
{
	return is_name(s) && !strchr(s, ' ');
}

static enum sut_rc check_texts(const struct sut_patch *patch, struct sut_diag *diag)
{
	if (!sut_patch_name_valid(patch->name))
		return SUT_PATCH_BAD(diag, "name \"%s\": not a patch name", patch->name);
	if (!sut_patch_version_valid(patch->version))
		return SUT_PATCH_BAD(diag, "version \"%s\": not a version", patch->version);
	if (patch->replace && patch->replace_set)
		return SUT_PATCH_BAD(diag, "replace_set %" PRIu32 ": the patch replaces all others",
				     patch->replace_set);
	if (patch->fix_count > SUT_PATCH_FIXES_MAX ||
	    patch->allowed_count > SUT_PATCH_ALLOWED_MAX || patch->fact_count > SUT_PATCH_FACTS_MAX)
		return SUT_PATCH_BAD(diag, "texts: more than %d fixes, %d rules or %d facts",
				     SUT_PATCH_FIXES_MAX, SUT_PATCH_ALLOWED_MAX,
				     SUT_PATCH_FACTS_MAX);
	for (size_t i = 0; i < patch->fix_count; i++)
		if (!*patch->fixes[i] || !is_text(patch->fixes[i], SUT_PATCH_WORD_MAX))
			return SUT_PATCH_BAD(diag, "fix %zu: not a line of text", i);
	for (size_t i = 0; i < patch->allowed_count; i++)
		if (!is_word(patch->allowed[i], SUT_DIAG_RULE, "-"))
			return SUT_PATCH_BAD(diag, "allowed rule %zu: not the name of a rule", i);
	for (size_t i = 0; i < patch->fact_count; i++) {
		if (!is_word(patch->facts[i].key, SUT_PATCH_WORD_MAX, "._-"))
			return SUT_PATCH_BAD(diag, "fact %zu: its key is not a word", i);
		if (!is_text(patch->facts[i].value, SUT_PATCH_TEXT_MAX))
			return SUT_PATCH_BAD(diag, "fact \"%s\": not a line of text",
					     patch->facts[i].key);
	}
	return SUT_OK;
}

/* The text is the one whose digest the facts name: they are what is signed off without it. */
static enum sut_rc check_sources(struct sut_arena *arena, const struct sut_patch *patch,
				 struct sut_diag *diag)
{
	for (size_t i = 0; i < SUT_PATCH_SOURCES; i++) {
		const struct sut_bytes *source = &patch->sources[i];
		const char *key = sut_arena_printf(arena, "%s-sha256", sut_patch_source_keys[i]);
		const char *fact = sut_patch_fact(patch, key);
		unsigned char digest[SUT_SHA256_SIZE], recorded[SUT_SHA256_SIZE];

		if (!source->data)
			continue;
		if (source->size > SUT_PATCH_SOURCE_MAX)
			return SUT_PATCH_BAD(diag, "%s: longer than %d bytes",
					     sut_patch_source_sections[i], SUT_PATCH_SOURCE_MAX);
		crypto_hash_sha256(digest, source->data, source->size);
		if (!fact || !sut_unhex(fact, recorded, sizeof(recorded)) ||
		    memcmp(digest, recorded, sizeof(digest)) != 0)
			return SUT_PATCH_BAD(diag, "%s: is not the text that fact \"%s\" names",
					     sut_patch_source_sections[i], key);
	}
	return SUT_OK;
}

static bool same_build_id(const struct sut_patch_object *a, const struct sut_patch_object *b)
{
	return a->build_id_size == b->build_id_size &&
	       memcmp(a->build_id, b->build_id, a->build_id_size) == 0;
}

static enum sut_rc check_objects(const struct sut_patch *patch, struct sut_diag *diag)
{
	if (!patch->object_count || patch->object_count > SUT_PATCH_OBJECTS_MAX)
		return SUT_PATCH_BAD(diag, "objects: %zu of them, not 1 to %d", patch->object_count,
				     SUT_PATCH_OBJECTS_MAX);
	for (size_t i = 0; i < patch->object_count; i++) {
		const struct sut_patch_object *object = &patch->objects[i];

		if (!is_name(object->name) || (*object->soname && !is_name(object->soname)))
			return SUT_PATCH_BAD(diag, "object %zu: its name is not a file name", i);
		if (!object->build_id_size || object->build_id_size > SUT_PATCH_BUILD_ID_MAX)
			return SUT_PATCH_BAD(diag, "object %s: a build-id of %zu bytes",
					     object->name, object->build_id_size);
		for (size_t j = 0; j < i; j++) {
			const struct sut_patch_object *other = &patch->objects[j];

			if (same_build_id(object, other))
				return SUT_PATCH_BAD(diag, "object %s: has the build-id of %s",
						     object->name, other->name);
			if (object->executable && other->executable)
				return SUT_PATCH_BAD(diag, "object %s: a second program beside %s",
						     object->name, other->name);
		}
	}
	return SUT_OK;
}

int sut_patch_reloc_width(uint32_t type)
{
	switch (type) {
	case R_X86_64_64:
	case R_X86_64_PC64:
		return 8;
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
	case R_X86_64_GOTTPOFF:
	case R_X86_64_TPOFF32:
		return 4;
	default:
		return -1;
	}
}

static enum sut_rc check_relocs(const struct sut_patch *patch, size_t section,
				struct sut_diag *diag)
{
	const struct sut_patch_section *s = &patch->sections[section];
	uint64_t end = 0;

	if (s->reloc_count && !s->data)
		return SUT_PATCH_BAD(diag, "section %s: zeros with relocations", s->name);
	for (size_t i = 0; i < s->reloc_count; i++) {
		const struct sut_patch_reloc *r = &s->relocs[i];
		int width = sut_patch_reloc_width(r->type);

		if (width < 0)
			return SUT_PATCH_BAD(diag,
					     "section %s: relocation type %" PRIu32
					     " at 0x%" PRIx64,
					     s->name, r->type, r->offset);
		if (r->offset > s->size || (uint64_t)width > s->size - r->offset)
			return SUT_PATCH_BAD(diag,
					     "section %s: relocation at 0x%" PRIx64
					     " is beyond its end",
					     s->name, r->offset);
		if (r->offset < end)
			return SUT_PATCH_BAD(diag,
					     "section %s: relocations out of order or "
					     "overlapping at 0x%" PRIx64,
					     s->name, r->offset);
		if (r->symbol >= patch->symbol_count)
			return SUT_PATCH_BAD(diag,
					     "section %s: relocation at 0x%" PRIx64
					     " names no symbol",
					     s->name, r->offset);
		end = r->offset + (uint64_t)width;
	}
	return SUT_OK;
}

static enum sut_rc check_section(const struct sut_patch *patch, size_t i, struct sut_diag *diag)
{
	const struct sut_patch_section *s = &patch->sections[i];
	const uint64_t known = SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR;

	if (!is_symbol_name(s->name) || s->name[0] != '.')
		return SUT_PATCH_BAD(diag, "section %zu: \"%s\" is not a section name", i, s->name);
	if (!(s->flags & SHF_ALLOC) || (s->flags & ~known))
		return SUT_PATCH_BAD(diag, "section %s: flags 0x%" PRIx64, s->name, s->flags);
	if ((s->flags & SHF_WRITE) && (s->flags & SHF_EXECINSTR))
		return SUT_PATCH_BAD(diag, "section %s: writable and executable", s->name);
	if (!s->align || (s->align & (s->align - 1)) || s->align > SUT_PATCH_ALIGN_MAX)
		return SUT_PATCH_BAD(diag, "section %s: alignment %" PRIu64, s->name, s->align);
	if (s->object >= patch->object_count)
		return SUT_PATCH_BAD(diag, "section %s: belongs to no object", s->name);
	return check_relocs(patch, i, diag);
}

static enum sut_rc check_sections(const struct sut_patch *patch, struct sut_diag *diag)
{
	uint64_t sum = 0;

	if (patch->section_count > SUT_PATCH_SECTIONS_MAX)
		return SUT_PATCH_BAD(diag, "sections: more than %d", SUT_PATCH_SECTIONS_MAX);
	for (size_t i = 0; i < patch->section_count; i++) {
		enum sut_rc rc = check_section(patch, i, diag);

		if (rc != SUT_OK)
			return rc;
		if (patch->sections[i].size > SUT_PATCH_IMAGE_MAX - sum)
			return SUT_PATCH_BAD(diag, "section %s: more than %d bytes in all",
					     patch->sections[i].name, SUT_PATCH_IMAGE_MAX);
		sum += patch->sections[i].size;
	}
	return SUT_OK;
}

static enum sut_rc check_own(const struct sut_patch *patch, size_t i, struct sut_diag *diag)
{
	const struct sut_patch_symbol *symbol = &patch->symbols[i];
	const struct sut_patch_section *s;

	if (symbol->section >= patch->section_count)
		return SUT_PATCH_BAD(diag, "symbol %zu: in no section", i);
	s = &patch->sections[symbol->section];
	if (symbol->value > s->size || symbol->size > s->size - symbol->value)
		return SUT_PATCH_BAD(diag, "symbol %zu: not within section %s", i, s->name);
	return SUT_OK;
}

static bool is_symbol_type(enum sut_patch_symbol_kind kind, unsigned char type)
{
	if (kind == SUT_PATCH_SYMBOL_RUNTIME)
		return type == STT_FUNC;
	switch (type) {
	case STT_NOTYPE:
	case STT_OBJECT:
	case STT_FUNC:
		return true;
	case STT_SECTION:
		return kind == SUT_PATCH_SYMBOL_OWN || kind == SUT_PATCH_SYMBOL_TARGET;
	case STT_TLS:
	case STT_GNU_IFUNC:
		return kind != SUT_PATCH_SYMBOL_OWN;
	default:
		return false;
	}
}

static enum sut_rc check_runtime(const struct sut_patch *patch, size_t i, struct sut_diag *diag)
{
	const struct sut_patch_symbol *symbol = &patch->symbols[i];

	if (!sut_patch_runtime_has(symbol->name) || symbol->value || symbol->size)
		return SUT_PATCH_BAD(diag, "symbol %zu: %s is none of the run-time", i,
				     symbol->name);
	if (!patch->additions.abi)
		return SUT_PATCH_BAD(diag, "symbol %zu: %s is of the run-time, and there is no abi",
				     i, symbol->name);
	return SUT_OK;
}

static enum sut_rc check_symbol(const struct sut_patch *patch, size_t i, struct sut_diag *diag)
{
	const struct sut_patch_symbol *symbol = &patch->symbols[i];
	bool nameless = symbol->kind == SUT_PATCH_SYMBOL_OWN && symbol->type == STT_SECTION;

	if (!is_symbol_name(symbol->name) && !(nameless && !*symbol->name))
		return SUT_PATCH_BAD(diag, "symbol %zu: \"%s\" is not a symbol name", i,
				     symbol->name);
	if (!is_symbol_type(symbol->kind, symbol->type))
		return SUT_PATCH_BAD(diag, "symbol %zu: %s has type %d", i, symbol->name,
				     symbol->type);
	if (symbol->kind == SUT_PATCH_SYMBOL_OWN)
		return check_own(patch, i, diag);
	if (symbol->kind == SUT_PATCH_SYMBOL_RUNTIME)
		return check_runtime(patch, i, diag);
	if (symbol->object >= patch->object_count)
		return SUT_PATCH_BAD(diag, "symbol %zu: %s is of no object", i, symbol->name);
	if (symbol->kind == SUT_PATCH_SYMBOL_IMPORT && symbol->value)
		return SUT_PATCH_BAD(diag, "symbol %zu: %s is imported and has a value", i,
				     symbol->name);
	return SUT_OK;
}

static enum sut_rc check_symbols(const struct sut_patch *patch, struct sut_diag *diag)
{
	if (patch->symbol_count > SUT_PATCH_SYMBOLS_MAX)
		return SUT_PATCH_BAD(diag, "symbols: more than %d", SUT_PATCH_SYMBOLS_MAX);
	for (size_t i = 0; i < patch->symbol_count; i++) {
		enum sut_rc rc = check_symbol(patch, i, diag);

		if (rc != SUT_OK)
			return rc;
	}
	return SUT_OK;
}

/* New code of a function: an own symbol in code that goes into the function's object. */
static enum sut_rc check_code(const struct sut_patch *patch, const struct sut_patch_func *func,
			      uint32_t index, struct sut_diag *diag)
{
	const struct sut_patch_symbol *symbol;
	const struct sut_patch_section *section;

	if (index >= patch->symbol_count)
		return SUT_PATCH_BAD(diag, "function %s: its code has no symbol", func->name);
	symbol = &patch->symbols[index];
	if (symbol->kind != SUT_PATCH_SYMBOL_OWN)
		return SUT_PATCH_BAD(diag, "function %s: its code is not in the patch", func->name);
	section = &patch->sections[symbol->section];
	if (!(section->flags & SHF_EXECINSTR) || section->object != func->object)
		return SUT_PATCH_BAD(diag, "function %s: section %s is not code of its object",
				     func->name, section->name);
	if (!section->data || symbol->value == section->size)
		return SUT_PATCH_BAD(diag, "function %s: its code is empty", func->name);
	return SUT_OK;
}

static bool has_jumps(const struct sut_patch_jumps *jumps)
{
	return jumps->count || jumps->anywhere || jumps->elsewhere;
}

static enum sut_rc check_jumps(const struct sut_patch_func *func,
			       const struct sut_patch_jumps *jumps, struct sut_diag *diag)
{
	if (jumps->count > SUT_PATCH_JUMPS_MAX)
		return SUT_PATCH_BAD(diag, "function %s: %zu jumps", func->name, jumps->count);
	for (size_t i = 0; i < jumps->count; i++) {
		if (jumps->targets[i] <= (i ? jumps->targets[i - 1] : 0))
			return SUT_PATCH_BAD(diag, "function %s: its jumps do not ascend",
					     func->name);
	}
	return SUT_OK;
}

static enum sut_rc check_func(const struct sut_patch *patch, const struct sut_patch_func *func,
			      struct sut_diag *diag)
{
	enum sut_rc rc = SUT_OK;

	if (!is_symbol_name(func->name))
		return SUT_PATCH_BAD(diag, "function \"%s\": not a function name", func->name);
	if (!is_text(func->source, SUT_PATCH_TEXT_MAX))
		return SUT_PATCH_BAD(diag, "function %s: its source is not a line of text",
				     func->name);
	if (func->object >= patch->object_count)
		return SUT_PATCH_BAD(diag, "function %s: of no object", func->name);
	if ((func->kind == SUT_PATCH_FUNC_CHANGED) != (func->piece_count > 0))
		return SUT_PATCH_BAD(diag, "function %s: %zu old pieces do not fit its kind",
				     func->name, func->piece_count);
	if (func->kind == SUT_PATCH_FUNC_NEW &&
	    (has_jumps(&func->old_jumps) || has_jumps(&func->new_jumps)))
		return SUT_PATCH_BAD(diag, "function %s: jumps of a function that has no entry",
				     func->name);
	rc = check_jumps(func, &func->old_jumps, diag);
	if (rc == SUT_OK)
		rc = check_jumps(func, &func->new_jumps, diag);
	if (rc != SUT_OK)
		return rc;
	for (size_t i = 0; i < func->piece_count; i++) {
		const struct sut_patch_piece *piece = &func->pieces[i];

		if (!piece->size || piece->size > SUT_PATCH_PIECE_MAX ||
		    piece->address > UINT64_MAX - piece->size)
			return SUT_PATCH_BAD(diag,
					     "function %s: a piece of %" PRIu64
					     " bytes at 0x%" PRIx64,
					     func->name, piece->size, piece->address);
	}
	if (func->entry && (!func->piece_count || func->pieces[0].size < SUT_PATCH_JUMP_SIZE ||
			    func->pieces[0].address % 8 + SUT_PATCH_JUMP_SIZE > 8))
		return SUT_PATCH_BAD(diag, "function %s: its entry has no room for a jump",
				     func->name);
	rc = check_code(patch, func, func->symbol, diag);
	for (size_t i = 0; i < func->new_piece_count && rc == SUT_OK; i++)
		rc = check_code(patch, func, func->new_pieces[i], diag);
	return rc;
}

struct range {
	uint32_t object;
	uint64_t address, size;
	const char *name;
};

static int compare_ranges(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

/* Two hooks in one place, or one in the middle of another function, is never meant. */
static enum sut_rc check_overlaps(struct sut_arena *arena, const struct sut_patch *patch,
				  struct sut_diag *diag)
{
	struct range *ranges;
	size_t count = 0;

	for (size_t i = 0; i < patch->func_count; i++)
		count += patch->funcs[i].piece_count;
	ranges = sut_arena_array(arena, count, sizeof(*ranges));
	count = 0;
	for (size_t i = 0; i < patch->func_count; i++) {
		const struct sut_patch_func *func = &patch->funcs[i];

		for (size_t j = 0; j < func->piece_count; j++)
			ranges[count++] = (struct range){func->object, func->pieces[j].address,
							 func->pieces[j].size, func->name};
	}
	qsort(ranges, count, sizeof(*ranges), compare_ranges);
	for (size_t i = 1; i < count; i++)
		if (ranges[i].object == ranges[i - 1].object &&
		    ranges[i].address - ranges[i - 1].address < ranges[i - 1].size)
			return SUT_PATCH_BAD(diag, "function %s: its old code overlaps that of %s",
					     ranges[i].name, ranges[i - 1].name);
	return SUT_OK;
}

enum sut_rc sut_patch_check(struct sut_arena *arena, const struct sut_patch *patch,
			    struct sut_diag *diag)
{
	enum sut_rc rc = check_texts(patch, diag);

	if (rc == SUT_OK)
		rc = check_sources(arena, patch, diag);
	if (rc == SUT_OK)
		rc = check_objects(patch, diag);
	if (rc == SUT_OK)
		rc = check_sections(patch, diag);
	if (rc == SUT_OK)
		rc = check_symbols(patch, diag);
	for (size_t i = 0; i < patch->func_count && rc == SUT_OK; i++)
		rc = check_func(patch, &patch->funcs[i], diag);
	return rc == SUT_OK ? check_overlaps(arena, patch, diag) : rc;
}
