// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/write.h"
#include "source/text.h"
#include "base/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	const struct sut_closure *closure;
	FILE *file;
	bool relative; /* files are named from the compiler's folder */
	const char *origin;
	bool tags;     /* are written */
	uint32_t from; /* the file and line that the next chunk would have if it came next */
	unsigned int line;
};

static int compare_order(const void *a, const void *b, void *parsed)
{
	return sut_parsed_order(parsed, *(struct sut_chunk *const *)a,
				*(struct sut_chunk *const *)b);
}

static bool is_within(const struct sut_chunk *inner, const struct sut_chunk *outer)
{
	return outer->kind == SUT_CHUNK_DECL && inner != outer && inner->file == outer->file &&
	       inner->start >= outer->start && inner->end <= outer->end;
}

/* Whether a taken macro of that name may have to be forgotten here. */
static bool ends_macro(const struct sut_closure *closure, const struct sut_chunk *undef)
{
	for (size_t i = 0; i < closure->macro_count; i++)
		if (closure->macros[i]->kind == SUT_CHUNK_MACRO && closure->macros[i]->need &&
		    !strcmp(closure->macros[i]->name, undef->name))
			return true;
	return false;
}

/* The chunks to write, in order. */
static struct sut_chunk **choose(const struct sut_closure *closure, size_t *count)
{
	struct sut_parsed *parsed = closure->parsed;
	struct sut_chunk **chosen =
		sut_arena_array(closure->arena, parsed->chunk_count, sizeof(*chosen));
	size_t kept = 0;

	*count = 0;
	for (size_t i = 0; i < parsed->chunk_count; i++) {
		struct sut_chunk *chunk = &parsed->chunks[i];

		if (chunk->need || (chunk->kind == SUT_CHUNK_UNDEF && ends_macro(closure, chunk)))
			chosen[(*count)++] = chunk;
	}
	if (*count)
		qsort_r(chosen, *count, sizeof(struct sut_chunk *), compare_order, parsed);
	/* A directive within a function comes with the function. */
	for (size_t i = 0; i < *count; i++)
		if (!kept || !is_within(chosen[i], chosen[kept - 1]))
			chosen[kept++] = chosen[i];
	*count = kept;
	return chosen;
}

static void write_tags(struct writer *writer)
{
	const struct sut_closure *closure = writer->closure;

	writer->tags = true;
	for (size_t i = 0; i < closure->tag_count; i++) {
		const struct sut_tag *tag = &closure->tags[i];

		/* A definition that comes before all uses says it. */
		if (tag->definition && tag->definition->need == SUT_NEED_ALL &&
		    sut_parsed_order(closure->parsed, tag->definition, tag->user) < 0)
			continue;
		fprintf(writer->file, "%s%s;\n", i ? "" : "\n", tag->name);
	}
}

/* __FILE__ and __LINE__ are what they are in the unit. */
static void write_line(struct writer *writer, const struct sut_chunk *chunk)
{
	const struct sut_parsed *parsed = writer->closure->parsed;
	const char *name = sut_parsed_string(parsed->arena,
					     clang_getFileName(parsed->files[chunk->file].handle));
	size_t length = strlen(parsed->root);

	if (strncmp(name, parsed->root, length) == 0)
		name += length;
	/* Clang names from the root what gcc names from its folder. */
	length = strlen(parsed->directory);
	if (writer->relative && strncmp(name, parsed->directory, length) == 0 &&
	    name[length] == '/')
		name += length + 1;
	length = strlen(parsed->tree);
	if (writer->origin && strncmp(name, parsed->tree, length) == 0 && name[length] == '/')
		fprintf(writer->file, "#line %u \"%s%s\"\n", chunk->line, writer->origin,
			name + length);
	else
		fprintf(writer->file, "#line %u \"%s\"\n", chunk->line, name);
}

static void write_note(struct writer *writer, const struct sut_entity *entity)
{
	const char *note = sut_facts_note(writer->closure->facts, entity->name), *end;

	fprintf(writer->file, "\n/*\n * %s %s%s\n",
		entity->taking == SUT_TAKING_NEW_VERSION ? "New version of" : "Copy of",
		entity->name, *note ? "; the compiler made of it:" : "");
	for (; *note; note = end + 1) {
		end = strchr(note, '\n');
		fprintf(writer->file, " *   %.*s\n", (int)(end - note), note);
	}
	fputs(" */\n", writer->file);
}

static void write_chunk(struct writer *writer, const struct sut_chunk *chunk)
{
	const struct sut_closure *closure = writer->closure;
	const struct sut_parsed_file *file = &closure->parsed->files[chunk->file];
	const char *text = sut_text(closure, chunk);
	bool line_follows = writer->from == chunk->file && chunk->line <= writer->line;

	if (!*text)
		return;
	if (chunk->kind == SUT_CHUNK_DECL && !writer->tags)
		write_tags(writer);
	writer->from = chunk->file;
	writer->line = chunk->line + 1;
	for (unsigned int at = chunk->start; at < chunk->end; at++)
		writer->line += file->text.data[at] == '\n';
	if (sut_text_is_code(closure, chunk)) {
		write_note(writer, sut_text_entity(closure, chunk));
		write_line(writer, chunk);
	} else if (!line_follows) {
		fprintf(writer->file, "\n/* %s:%u */\n", file->name, chunk->line);
	}
	fprintf(writer->file, "%s\n", text);
	if (sut_text_is_code(closure, chunk))
		writer->from = SUT_NO_FILE;
}

static void write_head(struct writer *writer, const struct sut_written *written)
{
	fprintf(writer->file, "/*\n * %s as a live patch of %s, made by suture extract.\n *\n",
		sut_base_name(written->patch), written->unit);
	fputs(" * New versions of:\n", writer->file);
	for (size_t i = 0; i < written->count; i++)
		fprintf(writer->file, " *   %s\n", written->names[i]);
	fputs(" *\n"
	      " * suture create --from-source compiles this file with the command of the unit. A\n"
	      " * function with external linkage and the name of one of the unit takes its place;\n"
	      " * a static one is for this file alone.\n"
	      " */\n",
	      writer->file);
	fprintf(writer->file, "#define SUTURE_UNIT \"%s\"\n\n", written->unit);
	fputs("/* Of the unit itself: suture binds the name to what the target has. */\n"
	      "#define SUTURE_PRIVATE __attribute__((visibility(\"hidden\")))\n",
	      writer->file);
}

static void write_standard(struct writer *writer)
{
	for (size_t i = 0; i < writer->closure->standard_count; i++)
		fprintf(writer->file, "%s#include <%s>\n", i ? "" : "\n",
			writer->closure->standard[i]);
}

const char *sut_write(const struct sut_closure *closure, const struct sut_written *written)
{
	struct writer writer = {
		.closure = closure,
		.from = SUT_NO_FILE,
		.relative = written->relative,
		.origin = written->origin,
	};
	struct sut_chunk **chunks;
	char *text = NULL;
	const char *kept;
	size_t size = 0, count;

	writer.file = open_memstream(&text, &size);
	chunks = choose(closure, &count);
	write_head(&writer, written);
	write_standard(&writer);
	for (size_t i = 0; i < count; i++)
		write_chunk(&writer, chunks[i]);
	fclose(writer.file);
	kept = sut_arena_strdup(closure->arena, text);
	free(text);
	return kept;
}
