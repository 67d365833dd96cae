// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/out.h"
#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdarg.h>
#include <string.h>

static void put_escaped(FILE *file, const char *value, bool json)
{
	const unsigned char *s = (const unsigned char *)value;

	while (*s) {
		uint32_t code;
		size_t length = sut_utf8_next(s, strnlen((const char *)s, 4), &code);

		if (json && (*s == '"' || *s == '\\'))
			fprintf(file, "\\%c", *s);
		else if (json && *s == '\n')
			fputs("\\n", file);
		else if (json && *s == '\t')
			fputs("\\t", file);
		else if (length > 1 || (*s >= 0x20 && *s < 0x7f))
			fwrite(s, 1, length, file);
		else if (json) /* a byte that is no text: its value as a Latin-1 code point */
			fprintf(file, "\\u%04x", *s);
		else
			fprintf(file, "\\x%02x", *s);
		s += length ? length : 1;
	}
}

static void put_json_string(struct sut_out *out, const char *value)
{
	fputc('"', out->file);
	put_escaped(out->file, value, true);
	fputc('"', out->file);
}

static void indent(struct sut_out *out)
{
	for (unsigned int i = 1; i < out->depth; i++)
		fputs("  ", out->file);
}

/* Everything in front of a value: comma, indentation, key. */
static void begin_value(struct sut_out *out, const char *key)
{
	bool array = out->level[out->depth - 1].array;

	if (out->json) {
		fputs(out->level[out->depth - 1].filled ? ",\n" : "\n", out->file);
		indent(out);
		fputs("  ", out->file);
		if (!array) {
			put_json_string(out, key);
			fputs(": ", out->file);
		}
	} else if (out->fields) {
		/* The first field of an array's object stands behind the dash. */
		if (out->level[out->depth - 1].dashed && !out->level[out->depth - 1].filled)
			fputc(' ', out->file);
		else
			indent(out);
		if (array)
			fputc('-', out->file);
		else
			fprintf(out->file, "%s:", key);
	}
	out->level[out->depth - 1].filled = true;
}

static void begin_level(struct sut_out *out, const char *key, bool array)
{
	bool dashed = out->depth && out->level[out->depth - 1].array && !array;

	assert(out->depth < SUT_OUT_DEPTH);
	if (out->depth)
		begin_value(out, key);
	if (out->json)
		fputc(array ? '[' : '{', out->file);
	else if (out->fields && out->depth && !dashed)
		fputc('\n', out->file);
	out->level[out->depth].array = array;
	out->level[out->depth].dashed = dashed;
	out->level[out->depth].filled = false;
	out->depth++;
}

void sut_out_init(struct sut_out *out, FILE *file, bool json, bool fields, const char *schema)
{
	*out = (struct sut_out){.file = file, .json = json, .fields = fields};
	out->ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	begin_level(out, NULL, false);
	if (json)
		sut_out_string(out, "schema", schema);
}

bool sut_out_deinit(struct sut_out *out)
{
	if (out->json) {
		sut_out_array(out, "headlines");
		for (size_t i = 0; i < out->headline_count; i++)
			sut_out_string(out, NULL, out->headlines[i]);
		sut_out_end(out);
	}
	sut_out_end(out);
	assert(out->depth == 0);
	sut_arena_deinit(&out->arena);
	return fflush(out->file) == 0 && !ferror(out->file);
}

static const char *mark_text(enum sut_mark mark, bool ascii)
{
	switch (mark) {
	case SUT_MARK_OK:
		return ascii ? "[ok] " : "✔ ";
	case SUT_MARK_ACTIVE:
		return ascii ? "[..] " : "◐ ";
	case SUT_MARK_WARNING:
		return ascii ? "[!]  " : "▲ ";
	case SUT_MARK_FAILED:
		return ascii ? "[xx] " : "✖ ";
	case SUT_MARK_NONE:
		return ascii ? "     " : "  ";
	}
	return "";
}

void sut_out_headline(struct sut_out *out, enum sut_mark mark, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (out->json) {
		SUT_PUSH(&out->arena, out->headlines, out->headline_count, out->headline_capacity) =
			sut_arena_strdup(&out->arena, text);
		return;
	}
	fputs(mark_text(mark, out->ascii), out->file);
	put_escaped(out->file, text, false);
	fputc('\n', out->file);
}

void sut_out_object(struct sut_out *out, const char *key)
{
	begin_level(out, key, false);
}

void sut_out_array(struct sut_out *out, const char *key)
{
	begin_level(out, key, true);
}

void sut_out_end(struct sut_out *out)
{
	out->depth--;
	if (!out->json) {
		if (out->fields && out->level[out->depth].dashed && !out->level[out->depth].filled)
			fputc('\n', out->file);
		return;
	}
	if (out->level[out->depth].filled) {
		fputc('\n', out->file);
		indent(out);
		if (out->depth)
			fputs("  ", out->file);
	}
	fputc(out->level[out->depth].array ? ']' : '}', out->file);
	if (!out->depth)
		fputc('\n', out->file);
}

void sut_out_string(struct sut_out *out, const char *key, const char *value)
{
	begin_value(out, key);
	if (out->json) {
		put_json_string(out, value);
	} else if (out->fields) {
		fputc(' ', out->file);
		put_escaped(out->file, value, false);
		fputc('\n', out->file);
	}
}

void sut_out_format(struct sut_out *out, const char *key, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sut_out_string(out, key, text);
}

static void put_bare(struct sut_out *out, const char *key, const char *value)
{
	begin_value(out, key);
	if (out->json)
		fputs(value, out->file);
	else if (out->fields)
		fprintf(out->file, " %s\n", value);
}

void sut_out_unsigned(struct sut_out *out, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_bare(out, key, text);
}

void sut_out_bool(struct sut_out *out, const char *key, bool value)
{
	put_bare(out, key, value ? "true" : "false");
}

void sut_out_decimal(struct sut_out *out, const char *key, double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%.3f", value);
	put_bare(out, key, text);
}

void sut_out_address(struct sut_out *out, const char *key, uint64_t value)
{
	sut_out_format(out, key, "0x%" PRIx64, value);
}
