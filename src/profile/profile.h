/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile: what create needs to know of a target, made once and kept.
 *
 *   tree/         the source tree as it was built, with generated files and objects
 *   kernel/       of a kernel's only: what was shipped
 *   profile.json  the targets, the compile commands with the digest of each source, the verdicts
 *   SHA256SUMS    the digest of every file of the tree
 *   objects/      objects that the build left none of
 *   before/       objects of unpatched units, which create leaves there (see units/kept.h)
 *   build.log     what the build said
 *
 * The commands are kept as they were recorded, with the path that the tree had then (its origin).
 * sut_profile_database() gives them for where the tree is now.
 */
#ifndef SUT_PROFILE_PROFILE_H
#define SUT_PROFILE_PROFILE_H

#include "base/arena.h"
#include "base/diag.h"
#include "units/database.h"
#include "elf/patchfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a target is known to come from the tree; for a developer's own tree only by proof. */
enum sut_profile_verdict {
	SUT_PROFILE_PROVEN,    /* function by function; the counts say how far */
	SUT_PROFILE_BUILD_ID,  /* the linker gave the rebuilt file the same build-id */
	SUT_PROFILE_IDENTICAL, /* the rebuilt file has the same bytes */
};
enum { SUT_PROFILE_VERDICTS = 3 };

/* "proof", "build-id", "identical" */
const char *sut_profile_verdict_name(enum sut_profile_verdict verdict);

struct sut_profile_target {
	const char *path; /* where it is installed */
	size_t build_id_size;
	unsigned char build_id[SUT_PATCH_BUILD_ID_MAX];
	enum sut_profile_verdict verdict;
	const char *image; /* the same build-id with a symbol table, below the profile; or "" */
	size_t units;      /* that are in it */
	size_t equal, different, absent; /* functions of these units */
	size_t functions;                /* that its symbol table has; 0: it has none */
	size_t proven;                   /* of them */
};

/* A unit in a target: how many of its functions were proven to be there. */
struct sut_profile_place {
	size_t target;
	size_t equal, different, absent;
};

struct sut_profile_unit {
	struct sut_entry entry; /* as recorded; its path is the source's, below the origin */
	const char *object;     /* its object, below the profile; "": none was proven */
	bool changed;           /* while it is made: the source is not what was compiled */
	size_t place_count, place_capacity;
	struct sut_profile_place *places;
};

/* A program of the compiler: the driver, what it runs, the assembler. */
struct sut_profile_program {
	const char *path;
	unsigned char sha256[SUT_SHA256_SIZE];
};

struct sut_profile {
	const char *folder;  /* where it is */
	const char *name;    /* of the folder */
	const char *package; /* "" for a tree */
	const char *kernel;  /* release of the kernel that it is of (see kernel.h), or "" */
	const char *source, *version;
	const char *origin;                  /* the tree's path when it was built */
	uint64_t created;                    /* seconds since 1970 */
	const char *suture;                  /* version that made it */
	bool isolated;                       /* built in a mount namespace of its own */
	unsigned char sums[SUT_SHA256_SIZE]; /* of SHA256SUMS */
	size_t target_count, target_capacity;
	struct sut_profile_target *targets;
	size_t unit_count, unit_capacity;
	struct sut_profile_unit *units;
	size_t program_count, program_capacity;
	struct sut_profile_program *programs;
};

struct sut_profile_options {
	const char *package;    /* an installed binary package, or NULL */
	const char *kernel;     /* a release ("": what is running), or NULL */
	const char *packages;   /* a folder with its packages; NULL: fetched from the archive */
	const char *source_dir; /* its unpacked source; NULL: fetched from the archive */
	bool install;           /* missing build dependencies are installed */
	const char *tree;       /* a build tree, or NULL */
	const char *database;   /* how it was compiled; NULL: looked for in the tree */
	char *const *command;   /* that builds it, NULL-terminated; NULL: it is built */
	size_t target_count;
	const char **targets; /* of a tree, beside those that lie in it */
	const char *name;     /* NULL: made from package or tree */
	void (*progress)(void *context, const char *text); /* may be NULL */
	void *progress_context;
};

struct sut_profile_notes {
	size_t count, capacity;
	const char **list; /* sentences for the operator */
};

/*
 * Makes a profile and puts it in the cache in place of an older one of its name. SIGINT, SIGTERM
 * and SIGHUP wait until what was begun is removed. SUT_REFUSED with a rule and a remedy.
 */
enum sut_rc sut_profile_make(struct sut_arena *arena, const struct sut_profile_options *options,
			     struct sut_profile *profile, struct sut_profile_notes *notes,
			     struct sut_diag *diag);

/* The profile of the object with this build-id. SUT_GONE: there is none. */
enum sut_rc sut_profile_find(struct sut_arena *arena, const unsigned char *build_id, size_t size,
			     struct sut_profile *profile, struct sut_diag *diag);

/* The profile of that name. SUT_GONE: there is none. */
enum sut_rc sut_profile_open(struct sut_arena *arena, const char *name, struct sut_profile *profile,
			     struct sut_diag *diag);

/* The names of all profiles, sorted. */
enum sut_rc sut_profile_names(struct sut_arena *arena, const char ***names, size_t *count,
			      struct sut_diag *diag);

/* Keeps a profile from being replaced or removed until the descriptor is closed; -1: it is gone. */
int sut_profile_hold(const struct sut_profile *profile);

/* The targets with these build-ids are `wanted` (indices): the commands that made them, for create.
 * Of a file that was compiled several times only the compiles that are in them. */
enum sut_rc sut_profile_database(struct sut_arena *arena, const struct sut_profile *profile,
				 const size_t *wanted, size_t wanted_count,
				 struct sut_database *database, struct sut_diag *diag);

/* Bytes on the disk. */
uint64_t sut_profile_size(const struct sut_profile *profile);

/* What verification found; all empty: the profile is as it was made. */
struct sut_profile_damage {
	struct sut_profile_notes files;    /* changed, missing or added */
	struct sut_profile_notes programs; /* compilers that changed */
	struct sut_profile_notes targets;  /* installed files that are other builds now */
};

enum sut_rc sut_profile_verify(struct sut_arena *arena, const struct sut_profile *profile,
			       struct sut_profile_damage *damage, struct sut_diag *diag);

/* SUT_RETRY while somebody uses it. */
enum sut_rc sut_profile_remove(struct sut_arena *arena, const char *name, struct sut_diag *diag);

/* The installed package that owns the path, or NULL. */
const char *sut_package_owner(struct sut_arena *arena, const char *path);

#endif
