/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recorded compiler command: what it compiles, and the same command made to write somewhere else.
 *
 * gcc's and clang's options are understood as far as needed to tell inputs from the arguments of
 * options, and to leave out what writes files (dependencies, temporaries) or only matters to the
 * linker. All else is passed on untouched: it decides what code comes out.
 */
#ifndef SUT_UNITS_COMPILE_H
#define SUT_UNITS_COMPILE_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

/* One input that is compiled. */
struct sut_compile_source {
	size_t index;         /* in argv */
	const char *language; /* "C", or what it is instead: "C++", "assembler", ... */
};

struct sut_compile {
	size_t argc;
	const char **argv; /* response files expanded, ccache and the like taken off */
	size_t source_count;
	struct sut_compile_source *sources;
	bool makes_object; /* not just preprocessing, checking or listing dependencies */
	bool lto;          /* the objects hold no machine code */
};

/* Reads the command that runs in directory. SUT_INVALID when it is no compiler command. */
enum sut_rc sut_compile_read(struct sut_arena *arena, const char *directory, size_t argc,
			     const char *const *argv, struct sut_compile *compile,
			     struct sut_diag *diag);

/* Which of the command's sources is the file at path (absolute, links resolved); false: none. */
bool sut_compile_find(struct sut_arena *arena, const char *directory,
		      const struct sut_compile *compile, const char *path, size_t *source);

enum sut_compile_kind {
	SUT_COMPILE_PREPROCESS, /* to standard output */
	SUT_COMPILE_PLAIN,      /* an object, as recorded */
	SUT_COMPILE_SECTIONS,   /* an object, a section per function and variable, with DWARF */
};

/* Gives the place of an absolute path, or the path itself. */
struct sut_compile_mapping {
	const char *(*map)(void *context, const char *path);
	void *context;
	const char *root; /* what map() puts in front; hidden again from __FILE__ and DWARF */
};

/*
 * The command for one of its sources: same options, output as given. With a mapping, absolute paths
 * of sources and include folders go through it. NULL-terminated.
 */
const char **sut_compile_command(struct sut_arena *arena, const struct sut_compile *compile,
				 size_t source, enum sut_compile_kind kind, const char *output,
				 const struct sut_compile_mapping *mapping);

/*
 * The command for a tree that was at `shown` when it was recorded and is at mapping->root now:
 * paths below go through the mapping, and what the compiler writes still says `shown`.
 */
const char **sut_compile_move(struct sut_arena *arena, const struct sut_compile *compile,
			      const struct sut_compile_mapping *mapping, const char *shown,
			      size_t *argc);

/* Splits a command as a POSIX shell does, without expansions. false: a quote is open. */
bool sut_words_split(struct sut_arena *arena, const char *text, size_t *count, const char ***words);

#endif
