// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/compile.h"
#include "units/path.h"
#include "base/guard.h"
#include "base/io.h"

#include <string.h>

enum {
	RESPONSE_MAX = 4 << 20, /* bytes of one @file */
	RESPONSE_DEPTH = 4,
};

/* Options whose argument is the next word when nothing is joined to them. */
static const char *const takes_word[] = {
	"-o",
	"-I",
	"-D",
	"-U",
	"-L",
	"-l",
	"-x",
	"-T",
	"-u",
	"-z",
	"-e",
	"-A",
	"-B",
	"-F",
	"-include",
	"-imacros",
	"-isystem",
	"-iquote",
	"-idirafter",
	"-iprefix",
	"-isysroot",
	"-iwithprefix",
	"-iwithprefixbefore",
	"-imultilib",
	"-MF",
	"-MT",
	"-MQ",
	"-MJ",
	"-Xpreprocessor",
	"-Xassembler",
	"-Xlinker",
	"-Xclang",
	"-mllvm",
	"-target",
	"--target",
	"--sysroot",
	"--param",
	"-aux-info",
	"-dumpbase",
	"-dumpbase-ext",
	"-dumpdir",
	"-arch",
	"-wrapper",
	"-specs",
};

/* Options that name a file or folder the preprocessor reads; longest first where one starts with
 * another. */
static const char *const reads_path[] = {
	"-I", "-isystem", "-iquote", "-idirafter", "-include", "-imacros",
};

/* Options that write beside the object or matter to the linker alone, with their argument. */
static const char *const dropped[] = {
	"-o", "-MF", "-MT", "-MQ", "-MJ", "-l", "-L", "-Xlinker", "-T", "-u", "-z", "-e",
};

static const char *const dropped_prefix[] = {"-save-temps", "--save-temps", "-Wl,", "-Wp,-M",
					     "-MD",         "-MMD",         "-MP",  "-MG"};

static const char *const wrappers[] = {"ccache", "sccache", "distcc", "icecc"};

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

/* How many words of the command the option at argv[i] takes. */
static size_t option_words(const struct sut_compile *compile, size_t i)
{
	bool two = is_one_of(compile->argv[i], takes_word, SUT_ARRAY_SIZE(takes_word));

	return two && i + 1 < compile->argc ? 2 : 1;
}

static bool is_input(const char *word)
{
	return word[0] != '-' || !word[1];
}

static bool compiles_cxx(const char *program)
{
	return strstr(sut_base_name(program), "++") != NULL;
}

static const char *language_of(const char *input, const char *forced, const char *program)
{
	static const struct {
		const char *suffix, *language;
	} known[] = {
		{".c", "C"},           {".C", "C++"},       {".cc", "C++"},
		{".cpp", "C++"},       {".cxx", "C++"},     {".c++", "C++"},
		{".s", "assembler"},   {".S", "assembler"}, {".sx", "assembler"},
		{".m", "Objective-C"}, {".f90", "Fortran"}, {".i", "preprocessed C"},
	};
	const char *dot = strrchr(sut_base_name(input), '.');

	if (forced)
		return strcmp(forced, "c") == 0 ? "C" : strcmp(forced, "c++") == 0 ? "C++" : forced;
	for (size_t i = 0; dot && i < SUT_ARRAY_SIZE(known); i++)
		if (strcmp(dot, known[i].suffix) == 0)
			return strcmp(known[i].language, "C") == 0 && compiles_cxx(program)
				       ? "C++"
				       : known[i].language;
	return NULL; /* an object or a library */
}

static enum sut_rc expand(struct sut_arena *arena, const char *directory, const char *word,
			  unsigned int depth, struct sut_compile *compile, size_t *capacity,
			  struct sut_diag *diag)
{
	const char *path, **words;
	struct sut_bytes text;
	enum sut_rc rc;
	size_t count;

	if (word[0] != '@') {
		SUT_PUSH(arena, compile->argv, compile->argc, *capacity) = word;
		return SUT_OK;
	}
	path = word[1] == '/' ? word + 1 : sut_arena_printf(arena, "%s/%s", directory, word + 1);
	if (depth == RESPONSE_DEPTH)
		return sut_fail(diag, SUT_INVALID, "database",
				"%s: response files name each other too deeply", path);
	rc = sut_file_read(arena, path, RESPONSE_MAX, &text, diag);
	if (rc)
		return sut_context(diag, rc, "it is a response file of a recorded command");
	if (!sut_words_split(arena, (const char *)text.data, &count, &words))
		return sut_fail(diag, SUT_INVALID, "database", "%s: a quote is left open", path);
	for (size_t i = 0; i < count && rc == SUT_OK; i++)
		rc = expand(arena, directory, words[i], depth + 1, compile, capacity, diag);
	return rc;
}

/* What an option says about the command as a whole. */
static void note_option(struct sut_compile *compile, const char *word)
{
	static const char *const no_object[] = {"-E", "-S", "-M", "-MM", "-fsyntax-only", "-###"};

	if (is_one_of(word, no_object, SUT_ARRAY_SIZE(no_object)))
		compile->makes_object = false;
	if (strcmp(word, "-fno-lto") == 0)
		compile->lto = false;
	else if (strcmp(word, "-flto") == 0 || starts(word, "-flto="))
		compile->lto = true;
}

enum sut_rc sut_compile_read(struct sut_arena *arena, const char *directory, size_t argc,
			     const char *const *argv, struct sut_compile *compile,
			     struct sut_diag *diag)
{
	struct sut_compile found = {.makes_object = true};
	size_t first = 0, capacity = 0, source_capacity = 0;
	const char *forced = NULL;

	while (first + 1 < argc &&
	       is_one_of(sut_base_name(argv[first]), wrappers, SUT_ARRAY_SIZE(wrappers)))
		first++;
	if (first >= argc)
		return sut_fail(diag, SUT_INVALID, "database", "a recorded command is empty");
	for (size_t i = first; i < argc; i++) {
		enum sut_rc rc = expand(arena, directory, argv[i], 0, &found, &capacity, diag);

		if (rc)
			return rc;
	}
	for (size_t i = 1; i < found.argc; i += option_words(&found, i)) {
		const char *word = found.argv[i], *language;

		if (strcmp(word, "-x") == 0 && i + 1 < found.argc)
			forced = found.argv[i + 1];
		else if (starts(word, "-x"))
			forced = word + 2;
		if (forced && strcmp(forced, "none") == 0)
			forced = NULL;
		note_option(&found, word);
		language = is_input(word) ? language_of(word, forced, found.argv[0]) : NULL;
		if (language)
			SUT_PUSH(arena, found.sources, found.source_count, source_capacity) =
				(struct sut_compile_source){.index = i, .language = language};
	}
	*compile = found;
	return SUT_OK;
}

static bool is_dropped(const char *word)
{
	if (strcmp(word, "-c") == 0 || strcmp(word, "--") == 0)
		return true;
	for (size_t i = 0; i < SUT_ARRAY_SIZE(dropped_prefix); i++)
		if (starts(word, dropped_prefix[i]))
			return true;
	if (is_one_of(word, dropped, SUT_ARRAY_SIZE(dropped)))
		return true;
	/* Joined arguments: -oFILE, -MFfile, -lm, -Lfolder. No other option starts like these. */
	return starts(word, "-o") || starts(word, "-MF") || starts(word, "-MT") ||
	       starts(word, "-MQ") || starts(word, "-l") || starts(word, "-L");
}

/* The value that decides how much DWARF there is: gcc and clang take the last -g. */
static bool has_types(const struct sut_compile *compile)
{
	bool has = false;

	for (size_t i = 1; i < compile->argc; i++) {
		const char *word = compile->argv[i];

		if (strcmp(word, "-g0") == 0 || strcmp(word, "-g1") == 0 ||
		    strcmp(word, "-gline-tables-only") == 0 || strcmp(word, "-gmlt") == 0)
			has = false;
		else if (strcmp(word, "-g") == 0 || strcmp(word, "-g2") == 0 ||
			 strcmp(word, "-g3") == 0 || starts(word, "-ggdb"))
			has = true;
	}
	return has;
}

static const char *mapped(const struct sut_compile_mapping *mapping, const char *path)
{
	return mapping && path[0] == '/' ? mapping->map(mapping->context, path) : path;
}

/* -ffile-prefix-map=OLD=NEW and its kin: OLD is a path as the compiler sees it. */
static const char *map_prefix_map(struct sut_arena *arena, const char *word,
				  const struct sut_compile_mapping *mapping)
{
	static const char *const options[] = {"-ffile-prefix-map=", "-fmacro-prefix-map=",
					      "-fdebug-prefix-map="};

	for (size_t i = 0; mapping && i < SUT_ARRAY_SIZE(options); i++) {
		const char *old = word + strlen(options[i]), *end;

		if (!starts(word, options[i]) || !(end = strchr(old, '=')))
			continue;
		return sut_arena_printf(
			arena, "%s%s%s", options[i],
			mapped(mapping, sut_arena_strndup(arena, old, (size_t)(end - old))), end);
	}
	return word;
}

static const char *map_option(struct sut_arena *arena, const char *word,
			      const struct sut_compile_mapping *mapping)
{
	for (size_t i = 0; mapping && i < SUT_ARRAY_SIZE(reads_path); i++) {
		const char *path = word + strlen(reads_path[i]);

		if (starts(word, reads_path[i]) && path[0] == '/')
			return sut_arena_printf(arena, "%s%s", reads_path[i],
						mapped(mapping, path));
	}
	return map_prefix_map(arena, word, mapping);
}

struct words {
	struct sut_arena *arena;
	size_t count, capacity;
	const char **list;
};

static void push(struct words *words, const char *word)
{
	SUT_PUSH(words->arena, words->list, words->count, words->capacity) = word;
}

/* Copies the options that are kept, paths mapped. */
static void push_options(struct words *words, const struct sut_compile *compile,
			 const struct sut_compile_mapping *mapping)
{
	size_t taken;

	for (size_t i = 1; i < compile->argc; i += taken) {
		const char *word = compile->argv[i];

		taken = option_words(compile, i);
		if (is_input(word) || is_dropped(word) || strcmp(word, "-x") == 0)
			continue;
		push(words, map_option(words->arena, word, mapping));
		if (taken == 1)
			continue;
		word = is_one_of(word, reads_path, SUT_ARRAY_SIZE(reads_path))
			       ? mapped(mapping, compile->argv[i + 1])
			       : compile->argv[i + 1];
		push(words, word);
	}
}

const char **sut_compile_command(struct sut_arena *arena, const struct sut_compile *compile,
				 size_t source, enum sut_compile_kind kind, const char *output,
				 const struct sut_compile_mapping *mapping)
{
	struct words words = {.arena = arena};
	const char *input = compile->argv[compile->sources[source].index];
	const char *language = compile->sources[source].language;

	push(&words, compile->argv[0]);
	/* First, so that the recorded maps win: both compilers let the later one decide. */
	if (mapping)
		push(&words, sut_arena_printf(arena, "-ffile-prefix-map=%s=", mapping->root));
	push_options(&words, compile, mapping);
	if (kind == SUT_COMPILE_SECTIONS) {
		push(&words, "-ffunction-sections");
		push(&words, "-fdata-sections");
		if (!has_types(compile))
			push(&words, "-g");
	}
	push(&words, kind == SUT_COMPILE_PREPROCESS ? "-E" : "-c");
	/* Said, because the input may get it from an -x and not from its name. */
	if (strcmp(language, "C") == 0 || strcmp(language, "C++") == 0) {
		push(&words, "-x");
		push(&words, strcmp(language, "C") == 0 ? "c" : "c++");
	}
	push(&words, mapped(mapping, input));
	if (kind != SUT_COMPILE_PREPROCESS) {
		push(&words, "-o");
		push(&words, output);
	}
	push(&words, NULL);
	return words.list;
}

const char **sut_compile_move(struct sut_arena *arena, const struct sut_compile *compile,
			      const struct sut_compile_mapping *mapping, const char *shown,
			      size_t *argc)
{
	struct words words = {.arena = arena};
	size_t taken;

	push(&words, compile->argv[0]);
	push(&words, sut_arena_printf(arena, "-ffile-prefix-map=%s=%s", mapping->root, shown));
	for (size_t i = 1; i < compile->argc; i += taken) {
		const char *word = compile->argv[i];

		taken = option_words(compile, i);
		push(&words,
		     is_input(word) ? mapped(mapping, word) : map_option(arena, word, mapping));
		if (taken == 2)
			push(&words, is_one_of(word, reads_path, SUT_ARRAY_SIZE(reads_path))
					     ? mapped(mapping, compile->argv[i + 1])
					     : compile->argv[i + 1]);
	}
	*argc = words.count;
	push(&words, NULL);
	return words.list;
}

/* Takes one word off *text into *out, which has room for it. false: a quote is open. */
static bool split_word(const char **text, char **out)
{
	const char *p = *text;
	char *to = *out, quote = 0;

	for (; *p; p++) {
		if (!quote && strchr(" \t\r\n", *p))
			break;
		if (*p == '\\' && quote != '\'' && p[1]) {
			/* In double quotes a backslash only quotes these four. */
			if (quote && !strchr("\"\\$`", p[1]))
				*to++ = *p;
			*to++ = *++p;
		} else if (quote ? *p == quote : *p == '"' || *p == '\'') {
			quote = quote ? 0 : *p;
		} else {
			*to++ = *p;
		}
	}
	*to++ = '\0';
	*out = to;
	*text = p;
	return !quote;
}

bool sut_words_split(struct sut_arena *arena, const char *text, size_t *count, const char ***words)
{
	struct words found = {.arena = arena};
	/* A word and its end are never longer than the word in the text and what follows it. */
	char *out = sut_arena_alloc(arena, strlen(text) + 1);

	for (text += strspn(text, " \t\r\n"); *text; text += strspn(text, " \t\r\n")) {
		push(&found, out);
		if (!split_word(&text, &out))
			return false;
	}
	*count = found.count;
	*words = found.list;
	return true;
}

bool sut_compile_find(struct sut_arena *arena, const char *directory,
		      const struct sut_compile *compile, const char *path, size_t *source)
{
	for (size_t i = 0; i < compile->source_count; i++) {
		const char *word = compile->argv[compile->sources[i].index];

		if (strcmp(sut_path_resolve(arena, directory, word), path) == 0) {
			*source = i;
			return true;
		}
	}
	return false;
}
