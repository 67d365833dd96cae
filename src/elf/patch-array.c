// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/patch-array.h"
#include "base/search.h"

static uint64_t place(const struct sut_patch_array *array, size_t i)
{
	return array->offset + i * array->shape->size;
}

const unsigned char *sut_patch_array_element(const struct sut_patch_array *array, size_t i)
{
	static const unsigned char zeros[SUT_PATCH_ELEMENT_MAX];

	return array->section->data ? array->section->data + place(array, i) : zeros;
}

static bool ends_before(const struct sut_patch_reloc *reloc, uint64_t offset)
{
	return reloc->offset + (uint64_t)sut_patch_reloc_width(reloc->type) <= offset;
}

/* The first relocation that changes a byte at or behind an offset, as an index. */
static size_t first_reloc(const struct sut_patch_section *section, uint64_t offset)
{
	return SUT_LOWER_BOUND(0, section->reloc_count, at,
			       ends_before(&section->relocs[at], offset));
}

bool sut_patch_section_has_reloc(const struct sut_patch_section *section, uint64_t start,
				 uint64_t end)
{
	size_t i = first_reloc(section, start);

	return i < section->reloc_count && section->relocs[i].offset < end;
}

const struct sut_patch_reloc *sut_patch_array_pointer(const struct sut_patch_array *array, size_t i,
						      size_t offset)
{
	uint64_t at = place(array, i) + offset;
	size_t k = first_reloc(array->section, at);

	return k < array->section->reloc_count && array->section->relocs[k].offset == at
		       ? &array->section->relocs[k]
		       : NULL;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool is_end(const struct sut_patch_array *array, size_t i)
{
	return is_zero(sut_patch_array_element(array, i), array->shape->size) &&
	       !sut_patch_section_has_reloc(array->section, place(array, i), place(array, i + 1));
}

static bool may_be_pointer(const struct sut_patch_shape *shape, size_t offset)
{
	for (size_t i = 0; i < shape->pointer_count; i++)
		if (shape->pointers[i] == offset)
			return true;
	return false;
}

enum sut_rc sut_patch_array_check(const struct sut_patch_array *array, size_t i,
				  struct sut_diag *diag)
{
	const struct sut_patch_shape *shape = array->shape;
	const struct sut_patch_section *section = array->section;
	uint64_t start = place(array, i);
	bool good = is_zero(sut_patch_array_element(array, i) + shape->values,
			    shape->size - shape->values);

	for (size_t k = first_reloc(section, start);
	     k < section->reloc_count && section->relocs[k].offset < start + shape->size; k++)
		good &= section->relocs[k].type == R_X86_64_64 &&
			may_be_pointer(shape, section->relocs[k].offset - start);
	if (good)
		return SUT_OK;
	SUT_PATCH_BAD(diag, "%s[%zu]: sets a member of %s that is not its author's", array->name, i,
		      shape->name);
	sut_remedy(diag, "leave funcs and what is the core's as zeros");
	return SUT_INVALID;
}

static enum sut_rc check_all(const struct sut_patch_array *array, struct sut_diag *diag)
{
	for (size_t i = 0; i < array->count; i++) {
		enum sut_rc rc = sut_patch_array_check(array, i, diag);

		if (rc != SUT_OK)
			return rc;
		if (is_end(array, i))
			return SUT_PATCH_BAD(diag, "%s[%zu]: is zeros, as only the last element is",
					     array->name, i);
	}
	if (is_end(array, array->count))
		return SUT_OK;
	SUT_PATCH_BAD(diag, "%s: its last element is not zeros, so it has no end", array->name);
	sut_remedy(diag, "let it end with { }");
	return SUT_INVALID;
}

enum sut_rc sut_patch_array_open(const struct sut_patch *patch, uint32_t index,
				 const struct sut_patch_shape *shape, struct sut_patch_array *array,
				 struct sut_diag *diag)
{
	const struct sut_patch_symbol *symbol = &patch->symbols[index];

	if (symbol->kind != SUT_PATCH_SYMBOL_OWN || !symbol->size || symbol->size % shape->size)
		return SUT_PATCH_BAD(diag, "%s: is no array of %s in the patch", symbol->name,
				     shape->name);
	*array = (struct sut_patch_array){
		.name = symbol->name,
		.shape = shape,
		.section = &patch->sections[symbol->section],
		.offset = symbol->value,
		.count = symbol->size / shape->size - 1,
	};
	if (shape->written && !(array->section->flags & SHF_WRITE))
		return SUT_PATCH_BAD(diag, "%s: is constant, and the core writes to it",
				     symbol->name);
	if (array->count > SUT_PATCH_LIST_MAX)
		return SUT_PATCH_BAD(diag, "%s: has more than %d elements", symbol->name,
				     SUT_PATCH_LIST_MAX);
	return check_all(array, diag);
}
