/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A translation unit as clang reads it, cut into chunks: the pieces of text at file scope that can
 * be taken into another file or left out. Only what lies in the project's own files is cut; system
 * headers are known by the #include line that leads to them.
 */
#ifndef SUT_SOURCE_PARSE_H
#define SUT_SOURCE_PARSE_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"

#include <clang-c/Index.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SUT_NO_FILE = UINT32_MAX };

/* What #if left out, as offsets. */
struct sut_skipped {
	unsigned int start, end;
};

struct sut_parsed_file {
	CXFile handle;
	const char *name;      /* for people: relative to the tree where it lies in it */
	bool project;          /* to be cut into chunks */
	bool given;            /* read by an option of the command, so there in any compile */
	uint32_t parent;       /* that includes it (the first time), or SUT_NO_FILE */
	unsigned int at;       /* start of the line of the #include in parent */
	unsigned int depth;    /* of #includes */
	struct sut_bytes text; /* of a project file */
	size_t skipped_count;
	struct sut_skipped *skipped; /* ascending */
};

enum sut_chunk_kind {
	SUT_CHUNK_INCLUDE, /* of a system header by a project file */
	SUT_CHUNK_MACRO,   /* #define */
	SUT_CHUNK_UNDEF,
	SUT_CHUNK_PRAGMA,
	SUT_CHUNK_DECL,
};

/* How much of a chunk the extracted file needs; more is a higher number. */
enum sut_need {
	SUT_NEED_NOTHING,
	SUT_NEED_NAME, /* a declaration without members or body */
	SUT_NEED_ALL,
};

struct sut_chunk {
	enum sut_chunk_kind kind;
	uint32_t file;
	unsigned int start, end; /* offsets */
	unsigned int line;       /* as __LINE__ says at its start */
	const char *name;        /* MACRO, UNDEF */
	bool made;               /* DECL: a macro wrote all of it */
	size_t count, capacity;
	CXCursor *cursors; /* DECL: what it declares, in order */
	enum sut_need need;
};

struct sut_parsed {
	struct sut_arena *arena;
	CXIndex index;
	CXTranslationUnit unit;
	size_t file_count, file_capacity;
	struct sut_parsed_file *files;
	uint32_t main;
	bool interposable;                   /* the caller's word: see flags.h */
	const char *root, *tree, *directory; /* of the mirror, of the project, of the compiler */
	size_t chunk_count, chunk_capacity;
	struct sut_chunk *chunks; /* by file and start */
	/* Macros that system headers define: name and file, by name. */
	size_t foreign_count, foreign_capacity;
	struct sut_foreign {
		const char *name;
		uint32_t file;
	} * foreign;
};

/*
 * Parses the source with clang's arguments. root is put in front of absolute paths of the tree, as
 * in a mirror. SUT_UNSUPPORTED (rule "clang") with clang's words when it does not understand the
 * project's own text.
 */
enum sut_rc sut_parse(struct sut_arena *arena, const char *source, const char *const *arguments,
		      size_t count, const char *root, const char *tree, const char *directory,
		      struct sut_parsed *parsed, struct sut_diag *diag);
void sut_parsed_deinit(struct sut_parsed *parsed);

/* Fills chunks and foreign. A step of sut_parse(). */
void sut_parse_chunks(struct sut_parsed *parsed);

/* Where a location is, where macros are used rather than where they are written. SUT_NO_FILE for
 * what the compiler itself declares. */
uint32_t sut_parsed_place(struct sut_parsed *parsed, CXSourceLocation location,
			  unsigned int *offset);

/* The chunk that holds a declaration, or NULL when it is in no project file. */
struct sut_chunk *sut_parsed_chunk(struct sut_parsed *parsed, CXCursor cursor);

/* The #include line that leads to a file that is not the project's; NULL: none is needed. */
struct sut_chunk *sut_parsed_include(struct sut_parsed *parsed, uint32_t file);

/* The order of the translation unit: negative when a comes first. */
int sut_parsed_order(const struct sut_parsed *parsed, const struct sut_chunk *a,
		     const struct sut_chunk *b);

/* A copy of a clang string, which is released. */
const char *sut_parsed_string(struct sut_arena *arena, CXString string);

bool sut_parsed_is_skipped(const struct sut_parsed_file *file, unsigned int offset);

#endif
