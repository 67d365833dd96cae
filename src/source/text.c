// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The words of the source are kept as far as they can be: a macro stays a macro. What must be told
 * in other words is that a function or variable is the target's, or a copy, and that takes another
 * storage class and the end of a declaration. Where a macro wrote the declaration, clang prints it.
 */
#include "source/text.h"
#include "source/lex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_conditional(const char *text, const struct sut_word *directive)
{
	static const char *const verbs[] = {"if", "ifdef", "ifndef", "else", "elif", "endif"};
	struct sut_word verb = sut_word_next(text, directive->start + 1, directive->end);

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (sut_word_is(text, &verb, verbs[i]))
			return true;
	return false;
}

/* The chunk with blank lines where it has conditionals and what they leave out. */
static char *taken_text(const struct sut_closure *closure, const struct sut_chunk *chunk)
{
	const struct sut_parsed_file *file = &closure->parsed->files[chunk->file];
	const char *text = (const char *)file->text.data;
	char *taken =
		sut_arena_strndup(closure->arena, text + chunk->start, chunk->end - chunk->start);
	struct sut_word word;

	for (size_t i = 0; i < file->skipped_count; i++)
		for (size_t at = file->skipped[i].start; at < file->skipped[i].end; at++)
			if (at >= chunk->start && at < chunk->end && text[at] != '\n')
				taken[at - chunk->start] = ' ';
	for (size_t at = chunk->start;
	     (word = sut_word_next(text, at, chunk->end)).kind != SUT_WORD_END; at = word.end) {
		if (word.kind != SUT_WORD_DIRECTIVE || !is_conditional(text, &word))
			continue;
		for (size_t i = word.start; i < word.end; i++)
			if (text[i] != '\n')
				taken[i - chunk->start] = ' ';
	}
	return taken;
}

/* Takes blanks from the ends of lines, and blank lines if they are not to be kept. */
static const char *tidy(char *text, bool keep)
{
	char *to = text, *line = text;

	for (const char *from = text;; from++) {
		if (*from && *from != '\n') {
			*to++ = *from;
			continue;
		}
		while (to > line && (to[-1] == ' ' || to[-1] == '\t'))
			to--;
		if (*from && (keep || to > line))
			*to++ = '\n';
		if (!*from)
			break;
		line = to;
	}
	*to = '\0';
	return text;
}

static bool is_storage(const char *text, const struct sut_word *word)
{
	static const char *const classes[] = {"static", "extern", "inline", "__inline",
					      "__inline__"};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (sut_word_is(text, word, classes[i]))
			return true;
	return false;
}

/* Another storage class in front of a declaration. */
static const char *with_storage(const struct sut_closure *closure, const char *text,
				const char *storage)
{
	char *changed = sut_arena_strdup(closure->arena, text);
	size_t length = strlen(text);
	struct sut_word word;
	int depth = 0;

	for (size_t at = 0; (word = sut_word_next(text, at, length)).kind != SUT_WORD_END;
	     at = word.end) {
		if (!depth && (sut_word_is(text, &word, "{") || sut_word_is(text, &word, "=")))
			break;
		depth += sut_word_depth(text, &word);
		if (depth || !is_storage(text, &word))
			continue;
		/* With the blank behind it. */
		for (size_t i = word.start; i < word.end + (text[word.end] == ' '); i++)
			changed[i] = '\1';
	}
	char *to = changed;

	for (const char *from = changed; *from; from++)
		if (*from != '\1')
			*to++ = *from;
	*to = '\0';
	return sut_arena_printf(closure->arena, "%s%s", storage, changed);
}

/*
 * A function's text up to its body; without the parameters if they are declared behind the list,
 * for then they are not part of its type.
 */
static const char *function_head(const struct sut_closure *closure, const char *text,
				 const char *name)
{
	size_t length = strlen(text), end = 0, list = 0;
	bool named = false;
	struct sut_word word;
	int depth = 0;

	for (size_t at = 0; (word = sut_word_next(text, at, length)).kind != SUT_WORD_END;
	     at = word.end) {
		if (!depth && sut_word_is(text, &word, ";"))
			return sut_arena_printf(closure->arena, "%.*s();", (int)list, text);
		if (!depth && sut_word_is(text, &word, "{"))
			break;
		if (named && !list && sut_word_is(text, &word, "("))
			list = end;
		named |= sut_word_is(text, &word, name);
		depth += sut_word_depth(text, &word);
		end = word.end;
	}
	return sut_arena_printf(closure->arena, "%.*s;", (int)end, text);
}

/* How many elements the variable of that name has, or -1. */
static long long element_count(const struct sut_closure *closure, const struct sut_chunk *chunk,
			       const char *name, size_t length)
{
	for (size_t i = 0; i < chunk->count; i++) {
		const char *other = sut_parsed_string(closure->arena,
						      clang_getCursorSpelling(chunk->cursors[i]));

		if (clang_getCursorKind(chunk->cursors[i]) == CXCursor_VarDecl &&
		    strlen(other) == length && !strncmp(other, name, length))
			return clang_getArraySize(clang_getCursorType(chunk->cursors[i]));
	}
	return -1;
}

/* A variable's text without values, with the number of elements that the values gave. */
static const char *variable_head(const struct sut_closure *closure, const struct sut_chunk *chunk,
				 const char *text)
{
	size_t length = strlen(text), size = 0;
	struct sut_word word, name = {0}, before = {0};
	char *head = NULL;
	bool value = false;
	FILE *file = open_memstream(&head, &size);
	size_t from = 0;
	int depth = 0;

	for (size_t at = 0; (word = sut_word_next(text, at, length)).kind != SUT_WORD_END;
	     at = word.end) {
		bool ends =
			!depth && (sut_word_is(text, &word, ",") || sut_word_is(text, &word, ";"));

		if (!depth && sut_word_is(text, &word, "=")) {
			fprintf(file, "%.*s", (int)(before.end - from), text + from);
			value = true;
		}
		if (value && ends) {
			from = word.start;
			value = false;
		}
		if (!depth && word.kind == SUT_WORD_NAME)
			name = word;
		if (!value && sut_word_is(text, &word, "]") && sut_word_is(text, &before, "[")) {
			long long elements = element_count(closure, chunk, text + name.start,
							   name.end - name.start);

			fprintf(file, "%.*s", (int)(word.start - from), text + from);
			if (elements >= 0)
				fprintf(file, "%lld", elements);
			from = word.start;
		}
		depth += sut_word_depth(text, &word);
		before = word;
	}
	fprintf(file, "%s", text + from);
	fclose(file);
	const char *kept = sut_arena_strdup(closure->arena, head);

	free(head);
	return kept;
}

static const char *print(const struct sut_closure *closure, CXCursor cursor, bool head)
{
	CXPrintingPolicy policy = clang_getCursorPrintingPolicy(cursor);
	const char *text;

	clang_PrintingPolicy_setProperty(policy, CXPrintingPolicy_TerseOutput, head);
	clang_PrintingPolicy_setProperty(policy, CXPrintingPolicy_SuppressInitializers, head);
	clang_PrintingPolicy_setProperty(policy, CXPrintingPolicy_PolishForDeclaration, 0);
	text = sut_parsed_string(closure->arena, clang_getCursorPrettyPrinted(cursor, policy));
	clang_PrintingPolicy_dispose(policy);
	return text;
}

static struct sut_entity *entity_of(const struct sut_closure *closure, CXCursor cursor)
{
	enum CXCursorKind kind = clang_getCursorKind(cursor);

	if (kind != CXCursor_FunctionDecl && kind != CXCursor_VarDecl)
		return NULL;
	return sut_closure_entity(closure, sut_parsed_string(closure->arena,
							     clang_getCursorSpelling(cursor)));
}

struct sut_entity *sut_text_entity(const struct sut_closure *closure, const struct sut_chunk *chunk)
{
	for (size_t i = 0; i < chunk->count; i++) {
		struct sut_entity *entity = entity_of(closure, chunk->cursors[i]);

		if (entity)
			return entity;
	}
	return NULL;
}

bool sut_text_is_code(const struct sut_closure *closure, const struct sut_chunk *chunk)
{
	const struct sut_entity *entity = sut_text_entity(closure, chunk);

	return entity && entity->function && entity->definition == chunk &&
	       entity->taking >= SUT_TAKING_COPY;
}

/* The storage class that the entity has in the extracted file; NULL: the one it has. */
static const char *storage_of(const struct sut_entity *entity, bool defined)
{
	switch (entity->taking) {
	case SUT_TAKING_NOT:
		break;
	case SUT_TAKING_DECLARED:
		/* The address of a function is taken from a table unless it is known to be near. */
		if (entity->function)
			return entity->private || entity->near ? "SUTURE_PRIVATE " : NULL;
		if (entity->private)
			return "SUTURE_PRIVATE extern ";
		return defined ? "extern " : NULL;
	case SUT_TAKING_COPY:
		return entity->function && !entity->internal ? "static " : NULL;
	case SUT_TAKING_NEW_VERSION:
		return entity->private ? "SUTURE_PRIVATE " : NULL;
	}
	return NULL;
}

static bool is_head(const struct sut_entity *entity, const struct sut_chunk *chunk)
{
	return entity->taking == SUT_TAKING_DECLARED &&
	       (entity->definition == chunk || !entity->function);
}

/* What a macro wrote, when its call cannot stay as it is. */
static const char *expanded(const struct sut_closure *closure, const struct sut_chunk *chunk)
{
	const char *all = "";

	for (size_t i = 0; i < chunk->count; i++) {
		const struct sut_entity *entity = entity_of(closure, chunk->cursors[i]);
		const char *text, *storage;
		bool head;

		if (entity && !entity->taking)
			continue;
		head = entity && is_head(entity, chunk);
		text = print(closure, chunk->cursors[i], head);
		storage = entity ? storage_of(entity, entity->definition == chunk) : NULL;
		if (storage)
			text = with_storage(closure, text, storage);
		all = sut_arena_printf(closure->arena, "%s%s%s%s", all, *all ? "\n" : "", text,
				       entity && entity->function && !head ? "" : ";");
	}
	return all;
}

static bool keeps_words(const struct sut_closure *closure, const struct sut_chunk *chunk)
{
	for (size_t i = 0; i < chunk->count; i++) {
		const struct sut_entity *entity = entity_of(closure, chunk->cursors[i]);

		if (entity && (!entity->taking || is_head(entity, chunk) ||
			       storage_of(entity, entity->definition == chunk)))
			return false;
	}
	return true;
}

static const char *typedef_names(const struct sut_closure *closure, const struct sut_chunk *chunk)
{
	const char *all = "";

	for (size_t i = 0; i < chunk->count; i++)
		if (clang_getCursorKind(chunk->cursors[i]) == CXCursor_TypedefDecl)
			all = sut_arena_printf(closure->arena, "%s%s%s;", all, *all ? "\n" : "",
					       print(closure, chunk->cursors[i], true));
	return all;
}

const char *sut_text(const struct sut_closure *closure, const struct sut_chunk *chunk)
{
	const struct sut_entity *entity = sut_text_entity(closure, chunk);
	bool code = sut_text_is_code(closure, chunk);
	const char *text, *storage;

	if (chunk->kind == SUT_CHUNK_DECL && chunk->need == SUT_NEED_NAME && !entity)
		return typedef_names(closure, chunk);
	if (chunk->made && !keeps_words(closure, chunk))
		return expanded(closure, chunk);
	text = tidy(taken_text(closure, chunk), code || chunk->kind != SUT_CHUNK_DECL);
	if (!entity)
		return text;
	if (is_head(entity, chunk))
		text = entity->function ? function_head(closure, text, entity->name)
					: variable_head(closure, chunk, text);
	storage = storage_of(entity, entity->definition == chunk);
	return storage ? with_storage(closure, text, storage) : text;
}
