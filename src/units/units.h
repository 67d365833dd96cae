/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a source patch to objects: which units it affects, each compiled without and with it by its
 * own recorded command. The tree is only read.
 */
#ifndef SUT_UNITS_UNITS_H
#define SUT_UNITS_UNITS_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/verdict.h"
#include "object/unit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sut_database;

/* What the operator asked for. */
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

/* Refuses what no patch can come of, when only some of the units are compiled. */
typedef enum sut_rc sut_units_early_fn(const struct sut_unit *units, size_t count,
				       struct sut_verdict *verdict, struct sut_diag *diag);

/*
 * The units that the patch affects, both sides compiled into `scratch` (an existing empty folder).
 * The tree is not modified. No unit: the patch touches nothing that was compiled.
 */
enum sut_rc sut_units_build(struct sut_arena *arena, const struct sut_create_options *options,
			    const char *scratch, sut_units_early_fn *early, struct sut_unit **units,
			    size_t *count, struct sut_verdict *verdict, struct sut_diag *diag);

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

#endif
