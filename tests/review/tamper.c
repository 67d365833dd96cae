// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tamper IN OUT WHAT [ARGUMENT...]: a patch file with one thing changed, and everything else, the
 * digest included, as a reader wants it. What a reviewer's tools must notice.
 */
#include "base/guard.h"
#include "base/io.h"
#include "core/livepatch.h"
#include "elf/patchfile.h"
#include "insn/insn.h"

#include <elf.h>
#include <sodium.h>
#include <string.h>

static struct sut_arena arena;

static void fail(const char *what, const char *name)
{
	fprintf(stderr, "tamper: no %s %s\n", what, name);
	exit(1);
}

static size_t func_index(const struct sut_patch *patch, const char *name)
{
	for (size_t i = 0; i < patch->func_count; i++)
		if (strcmp(patch->funcs[i].name, name) == 0)
			return i;
	fail("function", name);
	return 0;
}

static size_t symbol_index(const struct sut_patch *patch, const char *name)
{
	for (size_t i = 0; i < patch->symbol_count; i++)
		if (strcmp(patch->symbols[i].name, name) == 0)
			return i;
	fail("symbol", name);
	return 0;
}

static struct sut_patch_section *section_of(struct sut_patch *patch, const char *func)
{
	size_t symbol = patch->funcs[func_index(patch, func)].symbol;

	return &patch->sections[patch->symbols[symbol].section];
}

/* Writable bytes of a section, which have been in the file's. */
static unsigned char *bytes_of(struct sut_patch_section *section)
{
	unsigned char *bytes = sut_arena_memdup(&arena, section->data, section->size);

	section->data = bytes;
	return bytes;
}

/* The first conditional jump of the function jumps the other way. */
static void code(struct sut_patch *patch, char **words)
{
	struct sut_patch_section *section = section_of(patch, words[0]);
	unsigned char *bytes = bytes_of(section);
	struct sut_insn insn;

	for (uint64_t i = 0; sut_insn_decode(bytes + i, section->size - i, i, &insn);
	     i += insn.length) {
		if (insn.kind != SUT_INSN_BRANCH)
			continue;
		bytes[bytes[i] == 0x0f ? i + 1 : i] ^= 1;
		return;
	}
	fail("conditional jump in", words[0]);
}

/* What refers to one symbol refers to another. */
static void retarget(struct sut_patch *patch, char **words)
{
	struct sut_patch_section *section = section_of(patch, words[0]);
	size_t from = symbol_index(patch, words[1]), to = symbol_index(patch, words[2]);

	for (size_t i = 0; i < section->reloc_count; i++) {
		if (section->relocs[i].symbol != from)
			continue;
		section->relocs[i].symbol = (uint32_t)to;
		return;
	}
	fail("reference to", words[1]);
}

/* Bytes of data, of the same length. */
static void string(struct sut_patch *patch, char **words)
{
	for (size_t i = 0; i < patch->section_count; i++) {
		struct sut_patch_section *section = &patch->sections[i];
		const unsigned char *at = section->data ? memmem(section->data, section->size,
								 words[0], strlen(words[0]))
							: NULL;

		if (!at)
			continue;
		size_t offset = (size_t)(at - section->data);

		memcpy(bytes_of(section) + offset, words[1], strlen(words[0]));
		return;
	}
	fail("string", words[0]);
}

/* One more function, with the code of another. */
static void add(struct sut_patch *patch, char **words)
{
	const struct sut_patch_func *model = &patch->funcs[func_index(patch, words[0])];
	struct sut_patch_symbol symbol = patch->symbols[model->symbol];
	struct sut_patch_section section = patch->sections[symbol.section];
	struct sut_patch_func func = *model;
	size_t sections = patch->section_count, symbols = patch->symbol_count,
	       funcs = patch->func_count;

	section.name = sut_arena_printf(&arena, ".text.%s", words[1]);
	symbol.name = words[1];
	symbol.section = (uint32_t)sections;
	func.name = words[1];
	func.kind = SUT_PATCH_FUNC_NEW;
	func.symbol = (uint32_t)symbols;
	func.piece_count = func.new_piece_count = 0;
	func.entry = NULL;
	func.old_jumps = func.new_jumps = (struct sut_patch_jumps){0};
	SUT_PUSH(&arena, patch->sections, patch->section_count, sections) = section;
	SUT_PUSH(&arena, patch->symbols, patch->symbol_count, symbols) = symbol;
	SUT_PUSH(&arena, patch->funcs, patch->func_count, funcs) = func;
}

/* Its code stays. */
static void drop(struct sut_patch *patch, char **words)
{
	size_t i = func_index(patch, words[0]);

	memmove(&patch->funcs[i], &patch->funcs[i + 1],
		(patch->func_count - i - 1) * sizeof(*patch->funcs));
	patch->func_count--;
}

static void hash(struct sut_patch *patch, char **words)
{
	patch->funcs[func_index(patch, words[0])].pieces[0].sha256[0] ^= 1;
}

/* The new code jumps wherever it likes. */
static void jumps(struct sut_patch *patch, char **words)
{
	struct sut_patch_jumps *jumps = &patch->funcs[func_index(patch, words[0])].new_jumps;

	jumps->anywhere = !jumps->anywhere;
}

static void range(struct sut_patch *patch, char **words)
{
	patch->funcs[func_index(patch, words[0])].pieces[0].size--;
}

/* post_patch of the first object runs that function. */
static void callback(struct sut_patch *patch, char **words)
{
	const struct sut_patch_symbol *objects = &patch->symbols[patch->additions.objects_symbol];
	struct sut_patch_section *section = &patch->sections[objects->section];
	const uint64_t offset = objects->value + offsetof(struct klp_object, callbacks.post_patch);
	size_t i = 0, count = section->reloc_count;

	SUT_PUSH(&arena, section->relocs, section->reloc_count, count) =
		(struct sut_patch_reloc){0};
	while (i + 1 < section->reloc_count && section->relocs[i].offset < offset)
		i++;
	memmove(&section->relocs[i + 1], &section->relocs[i],
		(section->reloc_count - i - 1) * sizeof(*section->relocs));
	section->relocs[i] =
		(struct sut_patch_reloc){offset, R_X86_64_64,
					 patch->funcs[func_index(patch, words[0])].symbol, 0};
}

static void address(struct sut_patch *patch, char **words)
{
	patch->symbols[symbol_index(patch, words[0])].value += 16;
}

static void allow(struct sut_patch *patch, char **words)
{
	const char **allowed = sut_arena_array(&arena, patch->allowed_count + 1, sizeof(*allowed));

	for (size_t i = 0; i < patch->allowed_count; i++)
		allowed[i] = patch->allowed[i];
	allowed[patch->allowed_count++] = words[0];
	patch->allowed = allowed;
}

/* Another text of the source patch, with its digest. */
static void source(struct sut_patch *patch, char **words)
{
	struct sut_bytes *text = &patch->sources[SUT_PATCH_SOURCE_PATCH];
	unsigned char digest[SUT_SHA256_SIZE],
		*copy = sut_arena_memdup(&arena, text->data, text->size), *at;
	char *hex = sut_arena_alloc(&arena, 2 * sizeof(digest) + 1);

	at = memmem(copy, text->size, words[0], strlen(words[0]));
	if (!at)
		fail("text", words[0]);
	memcpy(at, words[1], strlen(words[0]));
	text->data = copy;
	crypto_hash_sha256(digest, copy, text->size);
	sut_hex(hex, digest, sizeof(digest));
	for (size_t i = 0; i < patch->fact_count; i++)
		if (strcmp(patch->facts[i].key, "source-patch-sha256") == 0)
			patch->facts[i].value = hex;
}

/* Sections of the same meaning in another order: nothing that a comparison may mind. */
static void reorder(struct sut_patch *patch, char **words)
{
	size_t count = patch->section_count;
	struct sut_patch_section *sections = sut_arena_array(&arena, count, sizeof(*sections));

	(void)words;
	for (size_t i = 0; i < count; i++)
		sections[count - 1 - i] = patch->sections[i];
	for (size_t i = 0; i < patch->symbol_count; i++)
		if (patch->symbols[i].kind == SUT_PATCH_SYMBOL_OWN)
			patch->symbols[i].section =
				(uint32_t)(count - 1 - patch->symbols[i].section);
	patch->sections = sections;
}

static const struct {
	const char *name;
	int words;
	void (*change)(struct sut_patch *patch, char **words);
} changes[] = {
	{"code", 1, code},       {"retarget", 3, retarget}, {"string", 2, string},
	{"add", 2, add},         {"drop", 1, drop},         {"hash", 1, hash},
	{"range", 1, range},     {"jumps", 1, jumps},       {"callback", 1, callback},
	{"address", 1, address}, {"allow", 1, allow},       {"source", 2, source},
	{"reorder", 0, reorder},
};

static int write_to(const char *path, const struct sut_patch *patch)
{
	struct sut_diag diag = {0};
	unsigned char *data;
	size_t size;

	if (sut_patch_write(&arena, patch, &data, &size, &diag) == SUT_OK &&
	    sut_file_write(path, data, size, 0644, &diag) == SUT_OK)
		return 0;
	fprintf(stderr, "tamper: %s\n", diag.entry[0]);
	return 1;
}

int main(int argc, char **argv)
{
	struct sut_diag diag = {0};
	struct sut_patch patch;
	int status = 1;

	for (size_t i = 0; argc > 3 && i < SUT_ARRAY_SIZE(changes); i++) {
		if (strcmp(argv[3], changes[i].name) != 0 || argc != 4 + changes[i].words)
			continue;
		if (sut_patch_load(&arena, argv[1], &patch, &diag) != SUT_OK) {
			fprintf(stderr, "tamper: %s\n", diag.entry[0]);
			return 1;
		}
		changes[i].change(&patch, argv + 4);
		status = write_to(argv[2], &patch);
		sut_arena_deinit(&arena);
		return status;
	}
	fputs("usage: tamper IN OUT WHAT [ARGUMENT...]\n", stderr);
	return 1;
}
