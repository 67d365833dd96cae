// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The macros that taken text uses, found by their names in the text: what is a macro's name there
 * is replaced there, whatever it stands for.
 */
#include "source/closure.h"
#include "source/lex.h"
#include "base/guard.h"

#include <stdlib.h>
#include <string.h>

/* Macros by which a program chooses what system headers declare. */
static const char *const settings[] = {
	"NDEBUG",
	"_ALL_SOURCE",
	"_ATFILE_SOURCE",
	"_BSD_SOURCE",
	"_DEFAULT_SOURCE",
	"_DYNAMIC_STACK_SIZE_SOURCE",
	"_FILE_OFFSET_BITS",
	"_GNU_SOURCE",
	"_ISOC11_SOURCE",
	"_ISOC95_SOURCE",
	"_ISOC99_SOURCE",
	"_LARGEFILE64_SOURCE",
	"_LARGEFILE_SOURCE",
	"_POSIX_C_SOURCE",
	"_POSIX_SOURCE",
	"_REENTRANT",
	"_SVID_SOURCE",
	"_THREAD_SAFE",
	"_TIME_BITS",
	"_XOPEN_SOURCE",
	"_XOPEN_SOURCE_EXTENDED",
	"__STDC_FORMAT_MACROS",
	"__STDC_LIMIT_MACROS",
	"__STDC_WANT_LIB_EXT2__",
	"__STDC_WANT_IEC_60559_BFP_EXT__",
};

static int compare_macros(const void *a, const void *b, void *parsed)
{
	const struct sut_chunk *left = *(struct sut_chunk *const *)a;
	const struct sut_chunk *right = *(struct sut_chunk *const *)b;
	int order = strcmp(left->name, right->name);

	return order ? order : sut_parsed_order(parsed, left, right);
}

void sut_closure_index_macros(struct sut_closure *closure)
{
	struct sut_parsed *parsed = closure->parsed;
	size_t capacity = 0;

	for (size_t i = 0; i < parsed->chunk_count; i++)
		if (parsed->chunks[i].kind == SUT_CHUNK_MACRO ||
		    parsed->chunks[i].kind == SUT_CHUNK_UNDEF)
			SUT_PUSH(closure->arena, closure->macros, closure->macro_count, capacity) =
				&parsed->chunks[i];
	if (closure->macro_count)
		qsort_r(closure->macros, closure->macro_count, sizeof(*closure->macros),
			compare_macros, parsed);
}

static int compare_name(const void *key, const void *element)
{
	return strcmp(key, (*(struct sut_chunk *const *)element)->name);
}

static int compare_foreign(const void *key, const void *element)
{
	return strcmp(key, ((const struct sut_foreign *)element)->name);
}

/* What the name stands for where user is: the last #define or #undef before it. */
static struct sut_chunk *find_macro(struct sut_closure *closure, const char *name,
				    const struct sut_chunk *user)
{
	struct sut_chunk **end = closure->macros + closure->macro_count, *found = NULL;
	struct sut_chunk **macro = bsearch(name, closure->macros, closure->macro_count,
					   sizeof(*closure->macros), compare_name);

	while (macro && macro > closure->macros && !strcmp(macro[-1]->name, name))
		macro--;
	for (; macro && macro < end && !strcmp((*macro)->name, name); macro++) {
		bool inside = user->file == (*macro)->file && (*macro)->start >= user->start &&
			      (*macro)->end <= user->end;

		if (!inside && sut_parsed_order(closure->parsed, *macro, user) < 0)
			found = *macro;
	}
	return found;
}

static void need_macro(struct sut_closure *closure, const char *name, const struct sut_chunk *user);

/* The words of text are looked up; parameters of the macro that it defines are not. */
static void follow_text(struct sut_closure *closure, const struct sut_parsed_file *file,
			size_t start, size_t end, const char *parameters,
			const struct sut_chunk *user)
{
	const char *text = (const char *)file->text.data;
	struct sut_word word;

	for (size_t at = start; (word = sut_word_next(text, at, end)).kind != SUT_WORD_END;
	     at = word.end) {
		const char *name;

		if (sut_parsed_is_skipped(file, (unsigned int)word.start))
			continue;
		if (word.kind == SUT_WORD_DIRECTIVE)
			follow_text(closure, file, word.start + 1, word.end, parameters, user);
		if (word.kind != SUT_WORD_NAME)
			continue;
		name = sut_arena_strndup(closure->arena, text + word.start, word.end - word.start);
		if (!strstr(parameters, sut_arena_printf(closure->arena, " %s ", name)))
			need_macro(closure, name, user);
	}
}

/* A macro's parameters as " a b ", and where its replacement begins. */
static const char *read_parameters(struct sut_closure *closure, const char *text,
				   const struct sut_chunk *macro, size_t *body)
{
	struct sut_word word = sut_word_next(text, macro->start, macro->end);
	const char *list = " ";

	word = sut_word_next(text, word.start + 1, macro->end); /* define */
	word = sut_word_next(text, word.end, macro->end);       /* the name */
	*body = word.end;
	if (*body >= macro->end || text[*body] != '(')
		return list;
	for (word.end++; word.kind != SUT_WORD_END && !sut_word_is(text, &word, ")");
	     *body = word.end) {
		word = sut_word_next(text, word.end, macro->end);
		if (word.kind == SUT_WORD_NAME)
			list = sut_arena_printf(closure->arena, "%s%.*s ", list,
						(int)(word.end - word.start), text + word.start);
	}
	return list;
}

static void need_macro(struct sut_closure *closure, const char *name, const struct sut_chunk *user)
{
	struct sut_parsed *parsed = closure->parsed;
	struct sut_chunk *macro = find_macro(closure, name, user);
	const struct sut_parsed_file *file;
	const char *parameters;
	size_t body;

	if (!macro) {
		const struct sut_foreign *foreign =
			bsearch(name, parsed->foreign, parsed->foreign_count,
				sizeof(*parsed->foreign), compare_foreign);

		if (foreign)
			sut_closure_include(closure, foreign->file);
		return;
	}
	if (macro->kind == SUT_CHUNK_UNDEF || macro->need)
		return;
	macro->need = SUT_NEED_ALL;
	file = &parsed->files[macro->file];
	parameters = read_parameters(closure, (const char *)file->text.data, macro, &body);
	/* What the replacement names is looked up where it is put in. */
	follow_text(closure, file, body, macro->end, parameters, user);
}

void sut_closure_follow_macros(struct sut_closure *closure, struct sut_chunk *chunk)
{
	const struct sut_parsed_file *file = &closure->parsed->files[chunk->file];
	const char *text = (const char *)file->text.data;
	size_t end = chunk->start;
	struct sut_word word;

	if (chunk->need == SUT_NEED_ALL) {
		follow_text(closure, file, chunk->start, chunk->end, " ", chunk);
		return;
	}
	/* Only what is before the body or the value. */
	while ((word = sut_word_next(text, end, chunk->end)).kind != SUT_WORD_END &&
	       !sut_word_is(text, &word, "{") && !sut_word_is(text, &word, "="))
		end = word.end;
	follow_text(closure, file, chunk->start, end, " ", chunk);
}

static bool is_setting(const char *name)
{
	for (size_t i = 0; i < SUT_ARRAY_SIZE(settings); i++)
		if (strcmp(settings[i], name) == 0)
			return true;
	return false;
}

/* Packing and code generation; what is said to the preprocessor or about warnings is not needed. */
static bool pragma_counts(const struct sut_parsed_file *file, const struct sut_chunk *chunk)
{
	const char *text = (const char *)file->text.data;
	struct sut_word word = sut_word_next(text, chunk->start + 1, chunk->end);

	while (word.kind != SUT_WORD_END) {
		static const char *const telling[] = {"pack",         "visibility",   "optimize",
						      "target",       "push_options", "pop_options",
						      "reset_options"};

		for (size_t i = 0; i < SUT_ARRAY_SIZE(telling); i++)
			if (sut_word_is(text, &word, telling[i]))
				return true;
		word = sut_word_next(text, word.end, chunk->end);
	}
	return false;
}

void sut_closure_settings(struct sut_closure *closure)
{
	struct sut_parsed *parsed = closure->parsed;
	bool *used = sut_arena_array(closure->arena, parsed->file_count, sizeof(*used));

	for (size_t i = 0; i < parsed->chunk_count; i++)
		if (parsed->chunks[i].kind == SUT_CHUNK_DECL && parsed->chunks[i].need)
			used[parsed->chunks[i].file] = true;
	for (size_t i = 0; i < parsed->chunk_count; i++) {
		struct sut_chunk *chunk = &parsed->chunks[i];

		if (chunk->kind == SUT_CHUNK_MACRO && is_setting(chunk->name))
			chunk->need = SUT_NEED_ALL;
		if (chunk->kind == SUT_CHUNK_PRAGMA && used[chunk->file] &&
		    pragma_counts(&parsed->files[chunk->file], chunk))
			chunk->need = SUT_NEED_ALL;
	}
}
