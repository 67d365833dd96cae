/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extraction: the changed functions of all units with everything that they need goes into the
 * patch, and each reference out of it is bound to what the target has.
 */
#ifndef SUT_EXTRACT_EXTRACT_H
#define SUT_EXTRACT_EXTRACT_H

#include "base/verdict.h"
#include "elf/patchfile.h"
#include "object/unit.h"
#include "object/diff.h"
#include "proof/proof.h"

/* The elements of a merged section that are carried; the rest of it stays behind. */
struct sut_pool {
	size_t count, capacity;
	struct sut_pool_element {
		uint64_t from, to, size; /* offset in the unit's section, in the patch's */
	} * elements;
};

/* One unit in one target. */
struct sut_part {
	const struct sut_unit *unit;
	struct sut_diff *diff;
	struct sut_proof *proof; /* of diff->before */
	uint32_t object;         /* index of the target in the patch */
	uint32_t *carried;       /* per section of after: its section of the patch, or SUT_NO_DEF */
	struct sut_pool *pools;  /* per section of after */
	struct sut_carried_frames *frames; /* frames.c; NULL: none yet */
	/* Hand-written: the part that it was compiled like, whose private names it may use. */
	struct sut_part *beside;
};

/* A section of the patch and where it comes from. */
struct sut_origin {
	struct sut_part *part;
	uint32_t section; /* of after */
};

struct sut_extract {
	struct sut_arena *arena;
	struct sut_patch *patch;
	struct sut_verdict *verdict;
	size_t part_count;
	struct sut_part *parts;
	struct sut_target **targets; /* per object of the patch */
	struct sut_imports *imports; /* likewise */
	size_t known_count;
	struct sut_target *known; /* all targets */
	size_t section_capacity, symbol_capacity, func_capacity, origin_capacity, origin_count;
	struct sut_origin *origins; /* per section of the patch */
};

/*
 * Carries the changed functions of every part and whatever they reach. Fills sections, symbols and
 * funcs of the patch; what cannot be carried or bound becomes a refusal.
 */
enum sut_rc sut_extract_run(struct sut_extract *extract, struct sut_diag *diag);

/* The patch's copy of a section of after; it is carried from now on. */
uint32_t sut_extract_carry(struct sut_extract *extract, struct sut_part *part, uint32_t section);
/* A symbol of the patch, the same one for the same content. */
uint32_t sut_extract_symbol(struct sut_extract *extract, const struct sut_patch_symbol *symbol);
/* The symbol of a definition that is carried. */
uint32_t sut_extract_own(struct sut_extract *extract, struct sut_part *part, uint32_t def);

/*
 * What a relocation of a carried section becomes. false: nothing, or a refusal was added.
 */
bool sut_extract_resolve(struct sut_extract *extract, const struct sut_origin *origin,
			 const struct sut_reloc *reloc, struct sut_patch_reloc *result);

/* Where a definition of before lies in the part's target, by every means there is. */
bool sut_part_locate(const struct sut_part *part, uint32_t before, uint64_t *address);

/* "file.c:12" for each function of the patch, where the debug information has it. */
void sut_extract_sources(struct sut_extract *extract);

#endif
