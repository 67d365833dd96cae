/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reader and the writer of patch files share, and nobody else needs. The format itself is
 * defined in docs/formats/patch.md.
 */
#ifndef SUT_ELF_PATCH_FORMAT_H
#define SUT_ELF_PATCH_FORMAT_H

#include "elf/patchfile.h"

#include <elf.h>
#include <stdbool.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "a patch file is little-endian, and so must be the machine that handles it"
#endif

/* As the kernel's: a symbol and relocations that are resolved when a live patch is loaded. */
enum { SUT_PATCH_SHN_LIVEPATCH = 0xff20, SUT_PATCH_SHF_LIVEPATCH = 0x00100000 };

/* Ours: a symbol of the run-time. */
enum { SUT_PATCH_SHN_RUNTIME = 0xff21 };

enum {
	SUT_PATCH_NOTE_CONTENT = 1, /* the descriptor is JSON */
	SUT_PATCH_NOTE_DIGEST = 2,  /* the descriptor is a SHA-256 */
	SUT_PATCH_NOTE_SOURCE = 3,  /* the descriptor is a text; the section's name says which */
};

/* The digest note directly follows the ELF header, so that it is found without parsing. */
enum { SUT_PATCH_DIGEST_OFFSET = 64 + 20 };

/* More than any patch needs, and little enough that a hostile file cannot exhaust the reader. */
enum {
	SUT_PATCH_FIXES_MAX = 256,
	SUT_PATCH_ALLOWED_MAX = 64,
	SUT_PATCH_FACTS_MAX = 4096,
	SUT_PATCH_OBJECTS_MAX = 1024,
	SUT_PATCH_SECTIONS_MAX = 16384,
	SUT_PATCH_SYMBOLS_MAX = 65536,
	SUT_PATCH_NOTE_MAX = 4 << 20, /* JSON grows fiftyfold in memory */
	SUT_PATCH_ALIGN_MAX = 4096,
	SUT_PATCH_LIST_MAX = 256, /* elements of each array of the author's */
	SUT_PATCH_PIECE_MAX = 16 << 20,
	SUT_PATCH_JUMPS_MAX = 4096,     /* of one version of a function */
	SUT_PATCH_IMAGE_MAX = 64 << 20, /* all sections together, zeros included */
	SUT_PATCH_JUMP_SIZE = 5,        /* what an entry must have room for */
	SUT_PATCH_WORD_MAX = 1024,      /* names */
	SUT_PATCH_TEXT_MAX = 65536,     /* facts */
};

/* The format that is read and written. */
enum { SUT_PATCH_FORMAT = 4 };

#define SUT_PATCH_SCHEMA      "suture.patch/"
#define SUT_PATCH_NOTE_OWNER  "suture"
#define SUT_PATCH_NOTE_NAME   ".note.suture"
#define SUT_PATCH_DIGEST_NAME ".note.suture.digest"

/* The canonical form, for jansson. */
#define SUT_PATCH_JSON_FORM (JSON_SORT_KEYS | JSON_COMPACT)

/* sut_fail() for everything that is wrong with the content of a patch. */
#define SUT_PATCH_BAD(diag, ...) sut_fail(diag, SUT_INVALID, "format", __VA_ARGS__)

/* Which content section or symbol an index of the file names: content index, or -1. */
struct sut_patch_map {
	size_t section_count; /* ELF sections */
	const int32_t *sections;
	size_t symbol_count; /* of the patch; ELF symbol n is symbol n - 1 */
};

/* The names of the sections of sources. */
extern const char *const sut_patch_source_sections[SUT_PATCH_SOURCES];

/* The name of the relocation section for a section; object NULL: the ordinary one. */
char *sut_patch_rela_name(struct sut_arena *arena, const struct sut_patch_section *section,
			  const struct sut_patch_object *object);

/* The name in the symbol table of a TARGET symbol. */
char *sut_patch_target_name(struct sut_arena *arena, const struct sut_patch *patch,
			    const struct sut_patch_symbol *symbol);

/* Everything that must hold for the content, wherever it comes from. */
enum sut_rc sut_patch_check(struct sut_arena *arena, const struct sut_patch *patch,
			    struct sut_diag *diag);

/* The JSON descriptor; first_section is the ELF index of content section 0. */
enum sut_rc sut_patch_note_encode(struct sut_arena *arena, const struct sut_patch *patch,
				  uint32_t first_section, char **text, size_t *size,
				  struct sut_diag *diag);

/*
 * Fills what the descriptor holds; sections and symbols are there already, and get their objects
 * and slots.
 */
enum sut_rc sut_patch_note_decode(struct sut_arena *arena, const char *text, size_t size,
				  const struct sut_patch_map *map, struct sut_patch *patch,
				  struct sut_diag *diag);

/* SHA-256 of the file with the digest's own bytes taken as zeros. size > the digest's end. */
void sut_patch_digest(const unsigned char *data, size_t size,
		      unsigned char digest[SUT_SHA256_SIZE]);

/* sut_patch_read() without the look at the digest: for fuzzing, which cannot guess one. */
enum sut_rc sut_patch_parse(struct sut_arena *arena, const void *data, size_t size,
			    struct sut_patch *patch, struct sut_diag *diag);

#endif
