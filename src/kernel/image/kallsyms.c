// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables of kallsyms inside a kernel image, which is stripped: nothing names them.
 *
 * scripts/kallsyms.c writes them as one piece of read-only data, each label aligned to 8:
 *
 *   up to 6.3                  since 6.4
 *   offsets      n * u32       num_syms
 *   relative_base    u64       names
 *   num_syms         u32       markers
 *   names                      token_table
 *   markers                    token_index
 *   seqs_of_names n * 3 (6.2)  offsets
 *   token_table                relative_base
 *   token_index                seqs_of_names
 *
 * A name is a length (one byte, or two of seven bits) and as many token numbers; a token is a short
 * text; the first character of the text is the symbol's type. markers has the place of every 256th
 * name. token_index has the place of every token, so the two token tables vouch for each other and
 * are found first, by the digits, which are tokens of one character each. Then n and the names are
 * looked for in front of them: right is what ends, after n names, at markers that say the same. The
 * offsets are where either layout has them, and right when addresses ascend and `_text` is where
 * the section headers have it. Anything else than exactly one answer is none.
 */
#include "kernel/image/image.h"
#include "base/guard.h"

#include <ctype.h>
#include <string.h>

enum {
	TOKENS = 256,
	TOKEN_MAX = 64,      /* characters: the compressor joins two at a time */
	NAME_MAX_SIZE = 512, /* KSYM_NAME_LEN */
	COUNT_MIN = 16,
	COUNT_MAX = 1 << 22,
	PROBED = 16, /* names that are looked at before it is believed that names lie there */
};

struct tables {
	const unsigned char *data; /* the section, and where in it: */
	size_t size;
	size_t token_table, token_index;
	uint16_t tokens[TOKENS]; /* token_index */
	size_t count_at;         /* num_syms, names behind it */
	uint32_t count;
	size_t names_end, markers_end; /* the latter aligned */
	size_t offsets;
	uint64_t base; /* relative_base */
	bool plain;    /* offsets are unsigned, no absolute values among them */
};

static size_t align8(size_t at)
{
	return (at + 7) & ~(size_t)7;
}

static uint16_t u16_at(const struct tables *tables, size_t at)
{
	uint16_t value;

	memcpy(&value, tables->data + at, sizeof(value));
	return value;
}

static uint32_t u32_at(const struct tables *tables, size_t at)
{
	uint32_t value;

	memcpy(&value, tables->data + at, sizeof(value));
	return value;
}

static uint64_t u64_at(const struct tables *tables, size_t at)
{
	uint64_t value;

	memcpy(&value, tables->data + at, sizeof(value));
	return value;
}

/* ---- tokens ---- */

/* The place of the token behind the one at `at`, or 0. */
static size_t next_token(const struct tables *tables, size_t at)
{
	size_t end = at;

	while (end < tables->size && end - at <= TOKEN_MAX && tables->data[end])
		end++;
	return end < tables->size && !tables->data[end] ? end + 1 : 0;
}

/* The table whose token "0" is at `zero`, when the index that must follow it agrees. */
static bool tokens_around(struct tables *tables, size_t zero)
{
	size_t at = zero, index;

	for (unsigned int i = '0'; i < TOKENS; i++) {
		at = next_token(tables, at);
		if (!at)
			return false;
	}
	index = align8(at);
	if (index > tables->size || tables->size - index < TOKENS * sizeof(uint16_t) ||
	    u16_at(tables, index + '0' * sizeof(uint16_t)) > zero)
		return false;
	tables->token_index = index;
	tables->token_table = zero - u16_at(tables, index + '0' * sizeof(uint16_t));
	at = tables->token_table;
	for (unsigned int i = 0; i < TOKENS; i++) {
		tables->tokens[i] = u16_at(tables, index + i * sizeof(uint16_t));
		if (!at || at - tables->token_table != tables->tokens[i])
			return false;
		at = next_token(tables, at);
	}
	return at && align8(at) == index && tables->token_table % 8 == 0;
}

/* ---- names ---- */

/* Reads the length of the name at *at, and steps behind it. */
static bool name_length(const struct tables *tables, size_t *at, size_t end, size_t *length)
{
	if (*at >= end)
		return false;
	*length = tables->data[(*at)++];
	if (*length & 0x80) {
		if (*at >= end)
			return false;
		*length = (*length & 0x7f) | (size_t)tables->data[(*at)++] << 7;
	}
	return *length && *length <= end - *at;
}

/* The text of a name, with its type in front; its length, or 0. */
static size_t expand(const struct tables *tables, size_t at, size_t length, char *text, size_t max)
{
	size_t size = 0;

	for (size_t i = 0; i < length; i++) {
		const char *token = (const char *)tables->data + tables->token_table +
				    tables->tokens[tables->data[at + i]];

		for (; *token; token++) {
			if (size + 1 >= max)
				return 0;
			text[size++] = *token;
		}
	}
	text[size] = '\0';
	return size;
}

static bool is_symbol(const char *text, size_t size)
{
	if (size < 2 || !strchr("aAbBcCdDgGiInNpPrRsStTuUvVwW?-", text[0]))
		return false;
	for (size_t i = 1; i < size; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

/* Whether the names behind num_syms at `at` end at markers that agree, in front of the tokens. */
static bool names_at(struct tables *tables, size_t at)
{
	uint32_t count = u32_at(tables, at);
	size_t end = tables->token_table, names = at + 8, place = names, markers;

	if (count < COUNT_MIN || count > COUNT_MAX || u32_at(tables, at + 4) ||
	    (uint64_t)count * 2 > end - names)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		char text[NAME_MAX_SIZE + 1];
		size_t length;

		if (!name_length(tables, &place, end, &length))
			return false;
		if (i < PROBED &&
		    !is_symbol(text, expand(tables, place, length, text, sizeof(text))))
			return false;
		place += length;
	}
	tables->names_end = place;
	markers = align8(place);
	tables->markers_end = align8(markers + ((size_t)count + 255) / 256 * sizeof(uint32_t));
	if (tables->markers_end > end)
		return false;
	place = names;
	for (uint32_t i = 0; i < count; i++) {
		size_t length;

		if (i % 256 == 0 &&
		    u32_at(tables, markers + i / 256 * sizeof(uint32_t)) != place - names)
			return false;
		if (!name_length(tables, &place, end, &length))
			return false;
		place += length;
	}
	tables->count_at = at;
	tables->count = count;
	return tables->markers_end == end || align8(tables->markers_end + (size_t)count * 3) == end;
}

/* ---- addresses ---- */

static uint64_t address_of(const struct tables *tables, uint32_t index)
{
	uint32_t offset = u32_at(tables, tables->offsets + (size_t)index * sizeof(offset));

	if (tables->plain)
		return tables->base + offset;
	/* Absolute, or a negative distance from the base. */
	return (int32_t)offset >= 0 ? offset
				    : tables->base - 1 - (uint64_t)(int64_t)(int32_t)offset;
}

static bool addresses_fit(const struct tables *tables, uint64_t text)
{
	bool found = false;

	for (uint32_t i = 0; i < tables->count; i++) {
		uint64_t address = address_of(tables, i);

		if (i && address < address_of(tables, i - 1))
			return false;
		found |= address == text;
	}
	return found;
}

/* Tries the offsets at a place, with the base at another, in both ways to read them. */
static unsigned int try_offsets(struct tables *tables, size_t offsets, size_t base, uint64_t text)
{
	struct tables trial = *tables;
	unsigned int fits = 0;

	if (base > trial.size || trial.size - base < sizeof(uint64_t) || offsets > trial.size ||
	    trial.size - offsets < (size_t)trial.count * sizeof(uint32_t))
		return 0;
	trial.offsets = offsets;
	trial.base = u64_at(&trial, base);
	for (unsigned int plain = 0; plain < 2; plain++) {
		trial.plain = plain;
		if (!addresses_fit(&trial, text))
			continue;
		*tables = trial;
		fits++;
	}
	return fits;
}

static bool find_offsets(struct tables *tables, uint64_t text)
{
	size_t size = align8((size_t)tables->count * sizeof(uint32_t));
	size_t behind = align8(tables->token_index + TOKENS * sizeof(uint16_t));
	unsigned int fits = 0;

	if (tables->count_at >= size + sizeof(uint64_t))
		fits += try_offsets(tables, tables->count_at - sizeof(uint64_t) - size,
				    tables->count_at - sizeof(uint64_t), text);
	fits += try_offsets(tables, behind, behind + size, text);
	return fits == 1;
}

/* ---- all of it ---- */

static bool find_tables(const struct sut_kernel_section *section, uint64_t text,
			struct tables *tables)
{
	static const char digits[] = "0\0"
				     "1\0"
				     "2\0"
				     "3\0"
				     "4\0"
				     "5\0"
				     "6\0"
				     "7\0"
				     "8\0"
				     "9";
	const unsigned char *at = section->data, *end = at + section->size;
	unsigned int found = 0;

	while ((at = memmem(at, (size_t)(end - at), digits, sizeof(digits)))) {
		struct tables trial = {.data = section->data, .size = section->size};

		if (tokens_around(&trial, (size_t)(at++ - section->data)))
			for (size_t place = 0; place + 8 < trial.token_table; place += 8)
				if (names_at(&trial, place) && find_offsets(&trial, text)) {
					*tables = trial;
					found++;
				}
	}
	return found == 1;
}

/* The sizes are distances, as the kernel itself has them, but not beyond the symbol's section. */
static void take_sizes(const struct sut_kernel_elf *elf, struct sut_kernel_symbols *symbols)
{
	const struct sut_kernel_section *section = NULL;
	uint64_t next = UINT64_MAX;

	for (size_t i = symbols->count; i-- > 0;) {
		struct sut_kernel_symbol *symbol = &symbols->list[i];
		uint64_t end;

		if (i + 1 < symbols->count && symbol[1].address != symbol->address)
			next = symbol[1].address;
		if (!section || symbol->address < section->address ||
		    symbol->address - section->address >= section->size)
			section = sut_kernel_elf_at(elf, symbol->address, 1);
		end = section ? section->address + section->size : symbol->address;
		symbol->size = (next < end ? next : end) - symbol->address;
	}
}

static bool take_names(struct sut_arena *arena, const struct tables *tables,
		       struct sut_kernel_symbols *symbols)
{
	size_t at = tables->count_at + 8;

	symbols->list = sut_arena_array(arena, tables->count, sizeof(*symbols->list));
	for (uint32_t i = 0; i < tables->count; i++) {
		char text[NAME_MAX_SIZE + 1];
		size_t length, size;

		if (!name_length(tables, &at, tables->names_end, &length))
			return false;
		size = expand(tables, at, length, text, sizeof(text));
		if (!is_symbol(text, size))
			return false;
		at += length;
		symbols->list[i].type = text[0];
		symbols->list[i].local = islower((unsigned char)text[0]) && !strchr("wv", text[0]);
		symbols->list[i].name = sut_arena_strndup(arena, text + 1, size - 1);
		symbols->list[i].address = address_of(tables, i);
	}
	symbols->count = tables->count;
	return true;
}

enum sut_rc sut_kernel_image_symbols(struct sut_arena *arena, const struct sut_kernel_image *image,
				     struct sut_kernel_symbols *symbols, struct sut_diag *diag)
{
	const struct sut_kernel_section *text = sut_kernel_elf_section(&image->elf, ".text");
	const struct sut_kernel_section *data = sut_kernel_elf_section(&image->elf, ".rodata");
	struct sut_kernel_symbols found = {0};
	struct tables tables;

	if (!text || !data || !data->data || !find_tables(data, text->address, &tables) ||
	    !take_names(arena, &tables, &found)) {
		sut_fail(diag, SUT_UNSUPPORTED, "kallsyms",
			 "%s: the tables of its symbols are not found, or not of a known form",
			 image->elf.path);
		sut_remedy(diag, "suture reads those of kernels with CONFIG_KALLSYMS_ALL from 6.1 "
				 "on");
		return SUT_UNSUPPORTED;
	}
	take_sizes(&image->elf, &found);
	sut_kernel_symbols_index(arena, &found);
	*symbols = found;
	return SUT_OK;
}
