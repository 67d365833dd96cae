/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a source patch to a live patch: the stages and what they hand to each other.
 *
 *   commands  compile_commands.json, or what `suture record` logged    -> struct sut_unit (argv)
 *   units     patch in a scratch overlay, stabilised lines, affected units, compiled before/after
 *   delta     before/after objects compared, proven against the target, extracted -> sut_patch
 *   judge     DWARF of both sides: types, prototypes under unchanged code -> refusals (judge.h)
 *
 * Each stage that finds a reason not to make the patch adds a refusal and goes on where it can, so
 * that the operator sees all reasons at once. An error (enum sut_rc) is for what stops the work:
 * a compiler that fails, a file that cannot be read.
 */
#ifndef SUT_CREATE_CREATE_H
#define SUT_CREATE_CREATE_H

#include "base/arena.h"
#include "base/diag.h"
#include "elf/patchfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One reason not to make the patch. rule is a stable id: match, layout, data, tls, tail, ... */
struct sut_refusal {
	const char *rule;
	const char *message;  /* one sentence that names the thing first and what to do last */
	const char *evidence; /* function, type and member, source line, bytes */
};

/* Something to think about, for a fact that was seen; it says nothing against the patch. */
struct sut_question {
	const char *about; /* a function or variable */
	const char *text;
};

enum sut_verdict_kind { SUT_VERDICT_CREATED, SUT_VERDICT_NOTHING, SUT_VERDICT_REFUSED };

/* What the stages found. All memory is the arena's. */
struct sut_verdict {
	struct sut_arena *arena;
	uint64_t compiler_ns; /* time in which a compiler was running */
	size_t refusal_count, refusal_capacity;
	struct sut_refusal *refusals;
	size_t warning_count, warning_capacity;
	struct sut_refusal *warnings; /* worth a look, no reason to refuse */
	size_t question_count, question_capacity;
	struct sut_question *questions;
};

void sut_refuse(struct sut_verdict *verdict, const char *rule, const char *evidence,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void sut_warn(struct sut_verdict *verdict, const char *rule, const char *evidence, const char *fmt,
	      ...) __attribute__((format(printf, 4, 5)));
void sut_ask(struct sut_verdict *verdict, const char *about, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct sut_database;
struct sut_work;
struct sut_candidate;

/* A compile of a unit's source as C++: no patch is made of it, see languages.c. */
struct sut_foreign_compile {
	const char *source; /* as in the compile command */
	const char *line;   /* the command, for people */
	const char *object; /* without the patch */
};

/* A translation unit that the source patch affects, compiled on both sides. */
struct sut_unit {
	const char *source;    /* as in the compile command, relative to the tree where it can be */
	const char *path;      /* the source's absolute path */
	const char *directory; /* where the compiler runs */
	size_t argc;
	const char **argv;     /* the recorded command */
	const char **recorded; /* the same before the tree was moved, for people */
	const char *before;    /* object, -ffunction-sections -fdata-sections, lines stabilised */
	const char *after;
	const char *plain; /* where sut_unit_plain() puts its object */
	size_t foreign_count, foreign_capacity;
	struct sut_foreign_compile *foreigns;
	/* How it was compiled, for sut_unit_beside(): */
	struct sut_work *work;
	const struct sut_candidate *candidate;
};

struct sut_create_options {
	const char *name;
	const char *version;
	size_t fix_count;
	const char **fixes;
	size_t target_count;
	const char **targets; /* paths of ELF executables and shared objects */
	const char *source;   /* the build tree */
	const char *patch;    /* the source patch */
	const char *database; /* compile_commands.json, or NULL: look in the tree */
	/* From a profile of the targets: */
	const struct sut_database *commands; /* instead of database, or NULL */
	const char **images; /* per target: a file with its build-id and symbols, or NULL */
	const char *before;  /* folder that keeps objects of unpatched units, or NULL */
	const char *strip;   /* -p level as a number, or NULL: find it */
	size_t from_count;   /* no source patch: C files with the new functions, see written.c */
	const char **from;
	const char *with; /* a file of the author's, see core/livepatch.h, or NULL */
	const char
		*beside; /* the unit it is compiled like, by its source; NULL: the first changed */
	bool identity;   /* no source patch: each function is replaced by itself, see identity.h */
	bool no_source;  /* the texts of patch and with stay out of the file */
	bool replace;
	uint32_t replace_set;
	size_t allowed_count;
	const char **allowed;
	void (*progress)(void *context, const char *text); /* may be NULL */
	void *progress_context;
};

/*
 * The units that the patch affects, both sides compiled into `scratch` (an existing empty folder).
 * The tree is not modified. No unit: the patch touches nothing that was compiled.
 */
enum sut_rc sut_units_build(struct sut_arena *arena, const struct sut_create_options *options,
			    const char *scratch, struct sut_unit **units, size_t *count,
			    struct sut_verdict *verdict, struct sut_diag *diag);

/*
 * The object of the unpatched source by the recorded command alone, for the part of the proof that
 * the sections compile cannot give. Compiled at the first call, for most patches never.
 */
enum sut_rc sut_unit_plain(struct sut_arena *arena, const struct sut_unit *unit,
			   const char **object, struct sut_verdict *verdict, struct sut_diag *diag);

/*
 * The object of another file, compiled as the unit is on the patched side, as if it lay beside its
 * source. SUT_REFUSED (rule "compile") with the compiler's words.
 */
enum sut_rc sut_unit_beside(struct sut_arena *arena, const struct sut_unit *unit, const char *file,
			    const char **object, struct sut_diag *diag);

/*
 * Compares, proves and extracts: fills patch->objects, funcs, sections, symbols, additions. No
 * changed function and no refusal: no machine code changed. Units that are in no target are refused
 * (rule "object").
 */
enum sut_rc sut_delta_build(struct sut_arena *arena, const struct sut_create_options *options,
			    const struct sut_unit *units, size_t unit_count,
			    struct sut_patch *patch, struct sut_verdict *verdict,
			    struct sut_diag *diag);

/* All of it: scratch folder made and removed, patch filled and complete when *kind is CREATED. */
enum sut_rc sut_create(struct sut_arena *arena, const struct sut_create_options *options,
		       struct sut_patch *patch, enum sut_verdict_kind *kind,
		       struct sut_verdict *verdict, struct sut_diag *diag);

#endif
