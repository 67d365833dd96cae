// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cutting a unit into chunks. Where a declaration begins clang says; where its text ends is looked
 * for in the text, because clang's end leaves out attributes, initialisers' semicolons and what a
 * macro adds. Declarations that share text ("struct a { ... } x, y;") are one chunk.
 */
#include "source/lex.h"
#include "source/parse.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const struct sut_parsed *parsed, uint32_t file)
{
	return (const char *)parsed->files[file].text.data;
}

static size_t line_start(const char *text, size_t offset)
{
	while (offset && text[offset - 1] != '\n')
		offset--;
	return offset;
}

static struct sut_chunk *add_chunk(struct sut_parsed *parsed, enum sut_chunk_kind kind,
				   uint32_t file, size_t start, size_t end)
{
	struct sut_chunk *chunk = &SUT_PUSH(parsed->arena, parsed->chunks, parsed->chunk_count,
					    parsed->chunk_capacity);
	CXSourceLocation location =
		clang_getLocationForOffset(parsed->unit, parsed->files[file].handle,
					   (unsigned int)start);

	*chunk = (struct sut_chunk){
		.kind = kind,
		.file = file,
		.start = (unsigned int)start,
		.end = (unsigned int)end,
	};
	clang_getPresumedLocation(location, NULL, &chunk->line, NULL);
	return chunk;
}

/* The end of a name, or of a name with (...) behind it. */
static size_t invocation_end(const char *text, size_t start, size_t size)
{
	struct sut_word word = sut_word_next(text, start, size);
	size_t end = word.end;
	int depth = 0;

	word = sut_word_next(text, end, size);
	if (!sut_word_is(text, &word, "("))
		return end;
	do {
		depth += sut_word_depth(text, &word);
		end = word.end;
		word = sut_word_next(text, end, size);
	} while (depth > 0 && word.kind != SUT_WORD_END);
	return end;
}

/* From the end that clang gives to the end of the declaration. */
static size_t declaration_end(const char *text, size_t start, size_t end, size_t size, bool body,
			      bool made)
{
	struct sut_word word = sut_word_next(text, start, size);
	size_t found = end;
	int depth = 0;

	/* Whole words, and what is open at clang's end. */
	while (word.kind != SUT_WORD_END && (word.start < end || depth > 0)) {
		depth += sut_word_depth(text, &word);
		found = word.end;
		word = sut_word_next(text, found, size);
	}
	if (sut_word_is(text, &word, ";"))
		return body ? found : word.end;
	while (!body && !made && word.kind != SUT_WORD_END) {
		depth += sut_word_depth(text, &word);
		found = word.end;
		if (!depth && sut_word_is(text, &word, ";"))
			break;
		word = sut_word_next(text, found, size);
	}
	return found;
}

static bool is_definition_of_function(CXCursor cursor)
{
	return clang_getCursorKind(cursor) == CXCursor_FunctionDecl &&
	       clang_isCursorDefinition(cursor);
}

static void add_declaration(struct sut_parsed *parsed, CXCursor cursor, uint32_t file,
			    unsigned int start)
{
	const struct sut_parsed_file *in = &parsed->files[file];
	const char *text = text_of(parsed, file);
	CXSourceRange range = clang_getCursorExtent(cursor);
	CXSourceLocation plain = clang_getLocationForOffset(parsed->unit, in->handle, start);
	struct sut_chunk *chunk;
	unsigned int clang_end;
	size_t end;
	bool made;

	sut_parsed_place(parsed, clang_getRangeEnd(range), &clang_end);
	end = clang_end > start ? clang_end : start + 1;
	made = !clang_equalLocations(plain, clang_getRangeStart(range)) &&
	       end <= invocation_end(text, start, in->text.size);
	if (made)
		end = invocation_end(text, start, in->text.size);
	end = declaration_end(text, start, end, in->text.size,
			      is_definition_of_function(cursor) && !made, made);
	chunk = add_chunk(parsed, SUT_CHUNK_DECL, file, start, end);
	chunk->made = made;
	SUT_PUSH(parsed->arena, chunk->cursors, chunk->count, chunk->capacity) = cursor;
}

static void add_macro(struct sut_parsed *parsed, CXCursor cursor, uint32_t file,
		      unsigned int offset)
{
	const char *name = sut_parsed_string(parsed->arena, clang_getCursorSpelling(cursor));
	const char *text = text_of(parsed, file);
	struct sut_chunk *chunk;
	struct sut_word word;
	size_t start;

	if (!parsed->files[file].project || parsed->files[file].given) {
		SUT_PUSH(parsed->arena, parsed->foreign, parsed->foreign_count,
			 parsed->foreign_capacity) = (struct sut_foreign){name, file};
		return;
	}
	start = line_start(text, offset);
	word = sut_word_next(text, start, parsed->files[file].text.size);
	chunk = add_chunk(parsed, SUT_CHUNK_MACRO, file, start, word.end);
	chunk->name = name;
}

static void add_include(struct sut_parsed *parsed, CXCursor cursor, uint32_t file,
			unsigned int offset)
{
	CXFile included = clang_getIncludedFile(cursor);
	const char *text = text_of(parsed, file);
	size_t start;

	for (size_t i = 0; included && i < parsed->file_count; i++)
		if (parsed->files[i].project &&
		    clang_File_isEqual(parsed->files[i].handle, included))
			return;
	start = line_start(text, offset);
	add_chunk(parsed, SUT_CHUNK_INCLUDE, file, start,
		  sut_word_next(text, start, parsed->files[file].text.size).end);
}

static enum CXChildVisitResult visit_top(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct sut_parsed *parsed = data;
	unsigned int offset;
	uint32_t file = sut_parsed_place(parsed, clang_getRangeStart(clang_getCursorExtent(cursor)),
					 &offset);

	(void)parent;
	if (file == SUT_NO_FILE)
		return CXChildVisit_Continue;
	if (clang_getCursorKind(cursor) == CXCursor_MacroDefinition)
		add_macro(parsed, cursor, file, offset);
	else if (!parsed->files[file].project || parsed->files[file].given)
		return CXChildVisit_Continue;
	else if (clang_getCursorKind(cursor) == CXCursor_InclusionDirective)
		add_include(parsed, cursor, file, offset);
	else if (clang_isDeclaration(clang_getCursorKind(cursor)))
		add_declaration(parsed, cursor, file, offset);
	return CXChildVisit_Continue;
}

/* #undef and #pragma, of which clang keeps no record. */
static void scan_directives(struct sut_parsed *parsed, uint32_t index)
{
	const struct sut_parsed_file *file = &parsed->files[index];
	const char *text = text_of(parsed, index);
	struct sut_word word = sut_word_next(text, 0, file->text.size);

	for (; word.kind != SUT_WORD_END; word = sut_word_next(text, word.end, file->text.size)) {
		struct sut_word verb, name;

		if (word.kind != SUT_WORD_DIRECTIVE ||
		    sut_parsed_is_skipped(file, (unsigned int)word.start))
			continue;
		verb = sut_word_next(text, word.start + 1, word.end);
		name = sut_word_next(text, verb.end, word.end);
		if (sut_word_is(text, &verb, "undef"))
			add_chunk(parsed, SUT_CHUNK_UNDEF, index, word.start, word.end)->name =
				sut_arena_strndup(parsed->arena, text + name.start,
						  name.end - name.start);
		else if (sut_word_is(text, &verb, "pragma") && !sut_word_is(text, &name, "once"))
			add_chunk(parsed, SUT_CHUNK_PRAGMA, index, word.start, word.end);
	}
}

static int compare_chunks(const void *a, const void *b)
{
	const struct sut_chunk *left = a, *right = b;

	if (left->file != right->file)
		return left->file < right->file ? -1 : 1;
	if ((left->kind == SUT_CHUNK_DECL) != (right->kind == SUT_CHUNK_DECL))
		return left->kind == SUT_CHUNK_DECL ? 1 : -1;
	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return (left->end < right->end) - (left->end > right->end);
}

static int compare_foreign(const void *a, const void *b)
{
	const struct sut_foreign *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* Joins declarations that share text. Directives come before declarations in each file. */
static void join_chunks(struct sut_parsed *parsed)
{
	size_t kept = 0;

	for (size_t i = 0; i < parsed->chunk_count; i++) {
		const struct sut_chunk *chunk = &parsed->chunks[i];
		struct sut_chunk *last = kept ? &parsed->chunks[kept - 1] : NULL;

		if (!last || last->kind != SUT_CHUNK_DECL || chunk->kind != SUT_CHUNK_DECL ||
		    last->file != chunk->file || chunk->start >= last->end) {
			parsed->chunks[kept++] = *chunk;
			continue;
		}
		if (chunk->end > last->end)
			last->end = chunk->end;
		for (size_t k = 0; k < chunk->count; k++)
			SUT_PUSH(parsed->arena, last->cursors, last->count, last->capacity) =
				chunk->cursors[k];
	}
	parsed->chunk_count = kept;
}

void sut_parse_chunks(struct sut_parsed *parsed)
{
	clang_visitChildren(clang_getTranslationUnitCursor(parsed->unit), visit_top, parsed);
	for (size_t i = 0; i < parsed->file_count; i++)
		if (parsed->files[i].project && !parsed->files[i].given)
			scan_directives(parsed, (uint32_t)i);
	if (parsed->chunk_count)
		qsort(parsed->chunks, parsed->chunk_count, sizeof(*parsed->chunks), compare_chunks);
	if (parsed->foreign_count)
		qsort(parsed->foreign, parsed->foreign_count, sizeof(*parsed->foreign),
		      compare_foreign);
	join_chunks(parsed);
}

/* The last declaration of the file that begins at or before the offset. */
static struct sut_chunk *find_at(struct sut_parsed *parsed, uint32_t file, unsigned int offset)
{
	size_t low = 0, high = parsed->chunk_count;
	struct sut_chunk *found = NULL;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct sut_chunk *chunk = &parsed->chunks[middle];

		if (chunk->file < file || (chunk->file == file && (chunk->kind != SUT_CHUNK_DECL ||
								   chunk->start <= offset))) {
			found = chunk;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return found;
}

struct sut_chunk *sut_parsed_chunk(struct sut_parsed *parsed, CXCursor cursor)
{
	unsigned int offset;
	uint32_t file = sut_parsed_place(parsed, clang_getRangeStart(clang_getCursorExtent(cursor)),
					 &offset);
	struct sut_chunk *chunk = file == SUT_NO_FILE ? NULL : find_at(parsed, file, offset);

	if (!chunk || chunk->file != file || chunk->kind != SUT_CHUNK_DECL || offset >= chunk->end)
		return NULL;
	return chunk;
}

struct sut_chunk *sut_parsed_include(struct sut_parsed *parsed, uint32_t file)
{
	while (file != SUT_NO_FILE && !parsed->files[file].given) {
		uint32_t parent = parsed->files[file].parent;
		unsigned int at = parsed->files[file].at;

		if (parent == SUT_NO_FILE || !parsed->files[parent].project) {
			file = parent;
			continue;
		}
		for (size_t i = 0; i < parsed->chunk_count; i++)
			if (parsed->chunks[i].kind == SUT_CHUNK_INCLUDE &&
			    parsed->chunks[i].file == parent && parsed->chunks[i].start == at)
				return &parsed->chunks[i];
		return NULL;
	}
	return NULL;
}
