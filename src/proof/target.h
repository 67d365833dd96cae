/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A linked ELF image, an executable or a shared object, as its file shows it: bytes by link-time
 * address, symbols where it has them, dynamic relocations, stubs of the procedure linkage table.
 */
#ifndef SUT_PROOF_TARGET_H
#define SUT_PROOF_TARGET_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/io.h"
#include "elf/patchfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sut_target_segment {
	uint64_t address, size; /* in memory */
	uint64_t file_size;     /* of which the file has this much; zeros follow */
	const unsigned char *data;
	bool executable, writable;
	/* callers.c's: a bit for each byte of the file's, set where a pointer leads; NULL: nobody
	 * has asked. */
	unsigned char *pointed;
};

struct sut_target_symbol {
	const char *name;
	const char *file; /* local: the source it comes from (STT_FILE), or "" */
	uint64_t address; /* STT_TLS: offset in the TLS image */
	uint64_t size;
	unsigned char type;
	bool local;
	bool dynamic;   /* also in .dynsym, or only there */
	uint32_t order; /* in its symbol table */
};

struct sut_target_reloc {
	uint64_t address;
	uint32_t type;
	int64_t addend;
	const char *name; /* of the symbol, or "" */
	bool defined;     /* the symbol is the target's own */
};

struct sut_target {
	const char *path;
	const char *name;   /* base name */
	const char *soname; /* or "" */
	bool executable;    /* a program, not a shared object: an ET_DYN with an interpreter or
			       flagged so, or ET_EXEC */
	bool has_symtab;    /* not stripped, or its debugging package is installed */
	size_t build_id_size;
	unsigned char build_id[SUT_PATCH_BUILD_ID_MAX];
	struct sut_bytes bytes;
	size_t segment_count;
	struct sut_target_segment *segments;
	size_t symbol_count;
	struct sut_target_symbol *symbols; /* defined ones by name, then order */
	size_t reloc_count;
	struct sut_target_reloc *relocs; /* dynamic, ascending address */
	size_t needed_count;
	const char **needed;      /* names of the shared objects it needs */
	const char *runpath;      /* where it looks for them first, as DT_RUNPATH has it, or "" */
	struct sut_bytes comment; /* of its compilers: strings, or nothing */
	uint64_t tls_size;        /* of the TLS block, aligned; 0: none */
};

/*
 * Reads the image at path. SUT_INVALID (rule "format") for what is no x86-64 executable or shared
 * object; SUT_REFUSED (rule "build-id") when it has no build-id, for nothing else could name it.
 */
enum sut_rc sut_target_load(struct sut_arena *arena, const char *path, struct sut_target *target,
			    struct sut_diag *diag);

/* The same for the content of a file, which the caller keeps; path names it in messages. */
enum sut_rc sut_target_parse(struct sut_arena *arena, const char *path, struct sut_bytes bytes,
			     struct sut_target *target, struct sut_diag *diag);

/*
 * A stripped target gets the symbols of another file with the same build-id. Whatever is wrong with
 * that file, the target does without it.
 */
void sut_target_take_symbols(struct sut_arena *arena, struct sut_target *target, const char *path);

/* size bytes at the address as the file has them, or NULL. */
const unsigned char *sut_target_bytes(const struct sut_target *target, uint64_t address,
				      uint64_t size);
/* The executable segment that holds the address, or NULL. */
const struct sut_target_segment *sut_target_code(const struct sut_target *target, uint64_t address);

/* The defined symbols of that name: *count of them from the result on. */
const struct sut_target_symbol *sut_target_find(const struct sut_target *target, const char *name,
						size_t *count);

/* The dynamic relocation at exactly this address, or NULL. */
const struct sut_target_reloc *sut_target_reloc_at(const struct sut_target *target,
						   uint64_t address);

/*
 * The slot of the global offset table that the loader fills for the name, or 0. A slot that is
 * bound when the program starts comes before one that is bound lazily.
 */
uint64_t sut_target_slot(const struct sut_target *target, const char *name);

/* The slot for the function that the resolver at the address chooses when the target starts, or 0.
 */
uint64_t sut_target_chosen_slot(const struct sut_target *target, uint64_t resolver);

/*
 * The slot, or the first of a pair, that the loader fills for a thread-local variable: of that kind
 * (R_X86_64_TPOFF64, DTPMOD64, TLSDESC), for the name or for an offset in the target's own block.
 * Without a name it is the target's own, at *offset; NULL: another object's. 0: there is none.
 */
uint64_t sut_target_tls_slot(const struct sut_target *target, uint32_t kind, const char *name,
			     const uint64_t *offset);

/* Where a TLS symbol of the target lies, as relocations of its code have it: from the thread
 * pointer in a program, in the target's block in a shared object. */
uint64_t sut_target_tls_offset(const struct sut_target *target, uint64_t value);

/* The address is a stub that jumps through a slot: the slot's relocation, else NULL. */
const struct sut_target_reloc *sut_target_stub(const struct sut_target *target, uint64_t address);

/* The pointer that the loader leaves at the address; false where it depends on another object. */
bool sut_target_pointer(const struct sut_target *target, uint64_t address, uint64_t *value);

/* The objects that a target needs, as far as they are installed here. */
struct sut_imports {
	struct sut_arena *arena;
	const struct sut_target *target;
	size_t known_count;
	struct sut_target *known; /* other targets of the patch, which may be among them */
	bool loaded;
	size_t object_count;
	const struct sut_target **objects;
};

/* One of them exports the name. They are read at the first question: most patches ask none. */
bool sut_imports_have(struct sut_imports *imports, const char *name);

#endif
