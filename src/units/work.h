/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the steps from a patched tree to compiled units share; internal to them. */
#ifndef SUT_UNITS_WORK_H
#define SUT_UNITS_WORK_H

#include "units/compile.h"
#include "elf/patchfile.h"
#include "units/units.h"
#include "units/database.h"
#include "units/jobs.h"
#include "units/mirror.h"
#include "units/patched.h"

enum {
	SUT_WORK_BATCH = 16, /* units that are preprocessed or compiled together */
};

/* The text of core/livepatch.h, which the units find as <suture/livepatch.h>. */
extern const unsigned char sut_livepatch_header[];
extern const unsigned long sut_livepatch_header_size;

/* A unit that may be affected. */
struct sut_candidate {
	const struct sut_entry *entry;
	struct sut_compile compile;
	size_t source;     /* index into compile.sources */
	bool patched_main; /* its own source file is patched */
	bool reads;        /* ... or another file that is */
	bool affected;
	bool foreign; /* ... as C++, beside an affected compile of the same source as C */
	bool has_key; /* then: what decides its unpatched object, see kept.h */
	unsigned char key[SUT_SHA256_SIZE];
};

struct sut_work {
	struct sut_arena *arena;
	const struct sut_create_options *options;
	const char *scratch;
	sut_units_early_fn *early;
	const char *headers; /* folder below scratch that units look for headers in last */
	struct sut_database database;
	struct sut_patched patched;
	bool *seen; /* per patched file: some unit reads it */
	struct sut_mirror mirrors[SUT_SIDE_COUNT];
	bool whole;     /* the mirrors hold the whole tree */
	bool adds_file; /* the patch makes one, which any unit might find from now on */
	size_t count, capacity;
	struct sut_candidate *candidates;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
};

void sut_work_progress(struct sut_work *work, const char *text);

/* The command that makes output of a unit on one side. */
struct sut_job sut_work_job(struct sut_work *work, const struct sut_candidate *candidate, int side,
			    enum sut_compile_kind kind, const char *output);

/* Reports a job of sut_work_job() that failed: SUT_REFUSED with the compiler's words. */
enum sut_rc sut_work_failed(struct sut_work *work, const struct sut_candidate *candidate, int side,
			    const struct sut_job *job);

/* sut_jobs_run() on the verdict's clock. */
enum sut_rc sut_compilers_run(struct sut_arena *arena, struct sut_job *jobs, size_t count,
			      struct sut_verdict *verdict, struct sut_diag *diag);

/* What a compiler's environment must hold: the same date on both sides, the folder by the name that
 * the mirror gives it, and a place for temporary files: beside `output`, an absolute path. */
const char **sut_compiler_variables(struct sut_arena *arena, const char *directory,
				    const char *output);

/* Whether the affected candidate, in C++, has its source compiled as C, too, and is left to the
 * proof. */
bool sut_work_is_foreign(const struct sut_work *work, const struct sut_candidate *candidate);

/* Gives the foreign candidates to units of their sources, and compiles them without the patch. */
enum sut_rc sut_work_compile_foreign(struct sut_work *work, struct sut_unit *units, size_t count);

/* Adds the copies that the build made of patched files to them. */
void sut_work_patch_copies(struct sut_work *work);

/* Fills candidates: the units that the patched files may affect. */
enum sut_rc sut_work_find_candidates(struct sut_work *work);

/* Makes the mirrors, and finds out which candidates are affected. */
enum sut_rc sut_work_mirror(struct sut_work *work);

#endif
