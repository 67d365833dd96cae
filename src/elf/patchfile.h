/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The patch file: one ELF relocatable object per patch, defined in docs/formats/patch.md.
 *
 * This is its content in memory, made by create and written with sut_patch_write(), or read with
 * sut_patch_read() by everybody else. Reading trusts nothing: every index, size, offset and string
 * below is checked, so that later stages may use them without a second look.
 *
 * All addresses are link-time addresses of the object they belong to (the p_vaddr space); the
 * build-id of the object fixes what lies there, so a file needs no symbol table at apply time.
 */
#ifndef SUT_ELF_PATCHFILE_H
#define SUT_ELF_PATCHFILE_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SUT_PATCH_NONE = UINT32_MAX,    /* instead of an index */
	SUT_PATCH_FILE_MAX = 64 << 20,  /* bytes */
	SUT_PATCH_SOURCE_MAX = 8 << 20, /* bytes of a text that the patch was made from */
	SUT_PATCH_NAME_MAX = 56, /* characters of a patch name, without the end: [A-Za-z0-9._+-] */
	SUT_PATCH_BUILD_ID_MAX = 64, /* bytes */
	SUT_PATCH_ENTRY_SIZE = 24,   /* bytes */
	SUT_SHA256_SIZE = 32,
};

/* One contiguous range of the old function: the entry piece first, then .cold and the like. */
struct sut_patch_piece {
	uint64_t address;
	uint64_t size;
	unsigned char sha256[SUT_SHA256_SIZE]; /* of the bytes in the target's file, which memory
						  must equal */
};

enum sut_patch_func_kind {
	SUT_PATCH_FUNC_CHANGED, /* the target has it; its entry is redirected to symbol */
	SUT_PATCH_FUNC_NEW,     /* only called by other new code; no pieces */
};

/* Where one version of a function may go by a jump instead of a call. */
struct sut_patch_jumps {
	size_t count;
	uint64_t *targets; /* link-time addresses in its object, ascending */
	bool anywhere;     /* wherever a pointer says, too */
	bool elsewhere;    /* to other objects, too */
};

struct sut_patch_func {
	const char *name;
	enum sut_patch_func_kind kind;
	uint32_t object;    /* index into objects */
	uint32_t symbol;    /* index into symbols: the new code (SUT_PATCH_SYMBOL_OWN) */
	const char *source; /* "src/util.c:123", or "" */
	size_t piece_count;
	struct sut_patch_piece *pieces; /* of the old version; [0] starts at the entry */
	size_t new_piece_count;
	uint32_t *new_pieces; /* further OWN symbols that are part of the new version (.cold) */
	struct sut_patch_jumps old_jumps, new_jumps;
	/*
	 * The old code from the aligned word on that the entry lies in. NULL: the function is new,
	 * or a jump cannot be put there even before anybody runs it: five bytes that are not within
	 * that word, or not all its own, or that something jumps into.
	 */
	const unsigned char *entry;
};

struct sut_patch_object {
	const char *name; /* "redis-server": the file's base name; for people and for .klp names */
	const char *soname;   /* DT_SONAME, or "" */
	bool executable;      /* a program: what the author's arrays call NULL. At most one is */
	size_t build_id_size; /* never 0 */
	unsigned char build_id[SUT_PATCH_BUILD_ID_MAX];
};

enum sut_patch_symbol_kind {
	SUT_PATCH_SYMBOL_OWN,     /* in a section of the patch: section, value = offset */
	SUT_PATCH_SYMBOL_TARGET,  /* the target's own (.klp.sym): object, value = link-time address;
				     type STT_TLS: value = offset from the thread pointer, negative
				   */
	SUT_PATCH_SYMBOL_IMPORT,  /* bound as the target's link map binds it; object = the referring
				     object, slot = address of that object's GOT slot for it, or 0 */
	SUT_PATCH_SYMBOL_RUNTIME, /* a function of the run-time, by name: sut_patch_runtime[] */
};

struct sut_patch_symbol {
	const char *name;
	enum sut_patch_symbol_kind kind;
	unsigned char type; /* STT_* */
	uint32_t section;   /* OWN: index into sections */
	uint32_t object;    /* TARGET, IMPORT */
	uint32_t sympos; /* TARGET: 0 = the name is unique in its object, n = n-th of that name */
	uint64_t value;
	uint64_t size;
	uint64_t slot; /* IMPORT */
};

struct sut_patch_reloc {
	uint64_t offset; /* in its section */
	uint32_t type;   /* R_X86_64_* */
	uint32_t symbol; /* index into symbols */
	int64_t addend;
};

struct sut_patch_section {
	const char *name; /* ".text.stringmatchlen" */
	uint32_t object;  /* whose image it goes into */
	uint64_t flags;   /* SHF_WRITE, SHF_EXECINSTR, SHF_ALLOC (always), SHF_TLS never */
	uint64_t align;   /* a power of two, at most 4096 */
	uint64_t size;
	const unsigned char *data; /* NULL: zeros (SHT_NOBITS) */
	size_t reloc_count;
	struct sut_patch_reloc *relocs; /* ascending offset */
};

/* A named fact about how the patch was made ("compiler", "source-patch-sha256", "unit"). */
struct sut_patch_fact {
	const char *key;
	const char *value;
};

/*
 * Texts that the patch was made from, carried so that a reviewer has them beside the machine code.
 * For each kind there is a pair of facts in any case: "source-patch", the file's name, and
 * "source-patch-sha256", its digest.
 */
enum sut_patch_source {
	SUT_PATCH_SOURCE_PATCH,     /* the unified diff */
	SUT_PATCH_SOURCE_ADDITIONS, /* what the author wrote by hand, a C file */
	SUT_PATCH_SOURCES,
};
extern const char *const sut_patch_source_keys[SUT_PATCH_SOURCES]; /* of its first fact */

enum { SUT_PATCH_CALLBACKS = 4 }; /* of struct klp_callbacks, in its order */
extern const char *const sut_patch_callback_names[SUT_PATCH_CALLBACKS];

struct sut_patch_callbacks {
	uint32_t symbols[SUT_PATCH_CALLBACKS]; /* functions: SUT_PATCH_SYMBOL_OWN; or NONE */
};

struct sut_patch_callback_set {
	uint64_t id;
	struct sut_patch_callbacks callbacks;
};

struct sut_patch_shadow_type {
	uint64_t id;
	uint32_t dtor; /* as the symbol of a callback */
};

/* One element of suture_objects. */
struct sut_patch_addition {
	uint32_t object; /* index into objects, and of no other element */
	struct sut_patch_callbacks callbacks;
	size_t set_count;
	struct sut_patch_callback_set *sets;
	size_t type_count;
	struct sut_patch_shadow_type *types;
};

/* One element of suture_states. */
struct sut_patch_state {
	uint64_t id;
	uint32_t version;
	bool block_disable;
};

/*
 * What the author wrote by hand, see core/livepatch.h. The arrays lie in the patch's own sections,
 * in the layout of struct klp_object and struct klp_state; to where a patch is loaded they are
 * ordinary data. What they hold is read from their bytes and relocations, so that there is one
 * truth; it is here for whoever shows or checks it.
 */
struct sut_patch_additions {
	/* SUT_LIVEPATCH_ABI of the patch. 0: it has no arrays, and no symbol of the run-time. */
	uint32_t abi;
	uint32_t objects_symbol; /* suture_objects, suture_states: indices into symbols, */
	uint32_t states_symbol;  /* or SUT_PATCH_NONE; without meaning when abi is 0 */
	/* By sut_patch_additions_read(): */
	size_t count;
	struct sut_patch_addition *list; /* [i] is element i of suture_objects */
	size_t state_count;
	struct sut_patch_state *states;
};

struct sut_patch {
	unsigned int format; /* read: that of the file; what is written has the newest */
	const char *name;
	const char *version;  /* "1" unless given */
	bool replace;         /* takes the place of all patches in use, */
	uint32_t replace_set; /* or, when not 0, of those with the same number */
	size_t fix_count;
	const char **fixes; /* "CVE-2024-31228" */
	size_t object_count;
	struct sut_patch_object *objects;
	size_t func_count;
	struct sut_patch_func *funcs;
	size_t section_count;
	struct sut_patch_section *sections;
	size_t symbol_count;
	struct sut_patch_symbol *symbols;
	size_t allowed_count;
	const char **allowed; /* rules that were overridden by --allow */
	size_t fact_count;
	struct sut_patch_fact *facts;                /* provenance, in order */
	struct sut_bytes sources[SUT_PATCH_SOURCES]; /* any bytes; data NULL: it is not there */
	struct sut_patch_additions additions;
};

/* The names that SUT_PATCH_SYMBOL_RUNTIME may have: what core/livepatch.h offers to a patch. */
extern const char *const sut_patch_runtime[]; /* ends with NULL */
bool sut_patch_runtime_has(const char *name);

/* It is of an object, which the note names: the target's, and what is imported. */
bool sut_patch_symbol_has_object(const struct sut_patch_symbol *symbol);

/* Bytes that a relocation of this type changes, or -1 for a type that the format does not have. */
int sut_patch_reloc_width(uint32_t type);

/* The value of the first fact with that key, or NULL. */
const char *sut_patch_fact(const struct sut_patch *patch, const char *key);

/* What a patch may be called, and its version: letters, digits, "._+-" (and ":~"), no path. */
bool sut_patch_name_valid(const char *name);
bool sut_patch_version_valid(const char *version);

/*
 * Reads a patch file from memory. Everything in *patch lives in the arena or in data, which must
 * stay. Fails with SUT_INVALID (rule "format") that names the offending part, or SUT_UNSUPPORTED
 * for another machine or a newer format.
 */
enum sut_rc sut_patch_read(struct sut_arena *arena, const void *data, size_t size,
			   struct sut_patch *patch, struct sut_diag *diag);

/*
 * Fills what patch->additions gets from the arrays; sut_patch_read() has done it. All else of the
 * patch is there and right. SUT_INVALID (rule "format") for arrays that are not as
 * docs/formats/patch.md wants them: nothing of theirs may be left to the core to find. A remedy for
 * their author is set where the message is none. SUT_UNSUPPORTED for another SUT_LIVEPATCH_ABI.
 */
enum sut_rc sut_patch_additions_read(struct sut_arena *arena, struct sut_patch *patch,
				     struct sut_diag *diag);

/* Reads the file at path; messages start with the path. */
enum sut_rc sut_patch_load(struct sut_arena *arena, const char *path, struct sut_patch *patch,
			   struct sut_diag *diag);

/*
 * Makes the file's bytes, the same for the same content. The result has passed sut_patch_read():
 * content that it would refuse is SUT_BUG.
 */
enum sut_rc sut_patch_write(struct sut_arena *arena, const struct sut_patch *patch,
			    unsigned char **data, size_t *size, struct sut_diag *diag);

/* Writes them to a file, as sut_file_write() does. */
enum sut_rc sut_patch_save(struct sut_arena *arena, const struct sut_patch *patch, const char *path,
			   struct sut_diag *diag);

#endif
