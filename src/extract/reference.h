/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reference of carried code on its way to a relocation of the patch. Only for resolve.c, which
 * knows what the patch has, and bind.c, which knows what others have. */
#ifndef SUT_EXTRACT_REFERENCE_H
#define SUT_EXTRACT_REFERENCE_H

#include "extract/extract.h"

struct sut_reference {
	struct sut_extract *extract;
	struct sut_part *part; /* that refers */
	const struct sut_section *section;
	const struct sut_reloc *reloc;
	struct sut_place place;
	const char *name; /* of what is referred to, for people */
	uint32_t user;    /* definition that refers, or SUT_NO_DEF */
	const char *from; /* its name, or the section's */
	struct sut_patch_reloc *result;
};

static inline const struct sut_target *sut_reference_target(const struct sut_reference *reference)
{
	return reference->part->proof->target;
}

/* Why nothing can be said of a name. */
extern const char sut_place_unknown[];

/* Adds a refusal, once for each reason. All of these return whether there is a result. */
bool sut_reference_refuse(struct sut_reference *reference, const char *rule, const char *what);

bool sut_reference_use(struct sut_reference *reference, const struct sut_patch_symbol *symbol,
		       int64_t addend);
/* What is at a link-time address of the target. */
bool sut_reference_use_target(struct sut_reference *reference, const char *name, unsigned char type,
			      uint64_t address, uint64_t size, int64_t addend);
/*
 * A call or a load goes through the slot; a pointer in data gets the address, which the loader
 * looks up by the name.
 */
bool sut_reference_use_import(struct sut_reference *reference, const char *name, unsigned char type,
			      uint64_t slot);
/* A thread-local variable that is referred to. */
struct sut_tls {
	const char *name;
	bool here; /* the target defines it */
	uint64_t
		offset; /* then: from the thread pointer in a program, else in the target's block */
	uint64_t size;
	int64_t addend;
};

/* Rewrites what the linker would have. false also where no relocation is left. */
bool sut_reference_bind_tls(struct sut_reference *reference, const struct sut_tls *tls);
/* The call of a sequence that was rewritten. */
bool sut_reference_is_relaxed(const struct sut_reference *reference);

/* What no unit of the patch defines. */
bool sut_reference_bind(struct sut_reference *reference);

#endif
