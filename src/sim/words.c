// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/words.h"

#include "base/guard.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

static const char blanks[] = " \t";

/* The length of the word that text begins with, 0: it is not one. */
static size_t word_length(const char *text)
{
	const char *end;

	if (*text != '"')
		return strcspn(text, blanks);
	end = strchr(text + 1, '"');
	if (!end || (end[1] && !strchr(blanks, end[1])))
		return 0;
	return end + 1 - text;
}

bool sut_words_split(struct sut_arena *arena, const char *text, struct sut_words *words)
{
	*words = (struct sut_words){0};
	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		size_t length = word_length(text);

		if (!length)
			return false;
		SUT_PUSH(arena, words->word, words->count, words->capacity) =
			sut_arena_strndup(arena, text, length);
		text += length;
	}
	return true;
}

char *sut_words_join(struct sut_arena *arena, const struct sut_words *words, size_t from)
{
	char *text = sut_arena_strdup(arena, from < words->count ? words->word[from] : "");

	for (size_t i = from + 1; i < words->count; i++)
		text = sut_arena_printf(arena, "%s %s", text, words->word[i]);
	return text;
}

struct sut_words sut_parts_split(struct sut_arena *arena, const char *text, char separator)
{
	const char separators[] = {separator, '\0'};
	struct sut_words parts = {0};

	for (;;) {
		size_t length = strcspn(text, separators), end = length;
		size_t start = strspn(text, blanks);

		while (end > start && strchr(blanks, text[end - 1]))
			end--;
		SUT_PUSH(arena, parts.word, parts.count, parts.capacity) =
			start < end ? sut_arena_strndup(arena, text + start, end - start)
				    : sut_arena_strdup(arena, "");
		if (!text[length])
			return parts;
		text += length + 1;
	}
}

bool sut_name_valid(const char *name)
{
	static const char *const taken[] = {"orig", "elsewhere", "nothing", "memory",
					    "core", "ctor",      "dtor"};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(taken); i++) {
		if (strcmp(name, taken[i]) == 0)
			return false;
	}
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

bool sut_number_parse(const char *text, unsigned long *number)
{
	unsigned long value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text) || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *text - '0', &value))
			return false;
	}
	*number = value;
	return true;
}

static const struct {
	const char *name;
	int code;
} codes[] = {
	{"EPERM", EPERM},           {"ENOENT", ENOENT}, {"EIO", EIO},       {"ENOEXEC", ENOEXEC},
	{"EAGAIN", EAGAIN},         {"ENOMEM", ENOMEM}, {"EACCES", EACCES}, {"EBUSY", EBUSY},
	{"EEXIST", EEXIST},         {"ENODEV", ENODEV}, {"EINVAL", EINVAL}, {"ENOSPC", ENOSPC},
	{"EOPNOTSUPP", EOPNOTSUPP},
};

bool sut_code_parse(const char *text, int *code)
{
	unsigned long number;

	if (*text == '-') {
		for (size_t i = 0; i < SUT_ARRAY_SIZE(codes); i++) {
			if (strcmp(text + 1, codes[i].name) == 0) {
				*code = -codes[i].code;
				return true;
			}
		}
		return false;
	}
	if (!sut_number_parse(text, &number) || number > INT_MAX)
		return false;
	*code = number;
	return true;
}

char *sut_code_format(int code, char text[SUT_CODE_TEXT_MAX])
{
	snprintf(text, SUT_CODE_TEXT_MAX, "%d", code);
	for (size_t i = 0; i < SUT_ARRAY_SIZE(codes); i++) {
		if (code == -codes[i].code)
			snprintf(text, SUT_CODE_TEXT_MAX, "-%s", codes[i].name);
	}
	return text;
}
