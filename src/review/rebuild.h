/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A patch made again, from its source and by what the file records about its making: name, version,
 * what it fixes and replaces, which refusals were overruled, and the hand-written part.
 */
#ifndef SUT_REVIEW_REBUILD_H
#define SUT_REVIEW_REBUILD_H

#include "create/create.h"

/* What is known of a source of the patch. */
enum sut_source_state {
	SUT_SOURCE_NONE,    /* the patch has none, and none was given */
	SUT_SOURCE_OWN,     /* the file's own text was taken */
	SUT_SOURCE_SAME,    /* the given text is that of the file, or has the recorded digest */
	SUT_SOURCE_HEADER,  /* a source patch that differs only outside its hunks */
	SUT_SOURCE_ANOTHER, /* the file names a digest that the given text does not have */
	SUT_SOURCE_LIES,    /* the file shows reviewers another text */
};

struct sut_rebuild {
	/* Where and from what; NULL for patch, with and beside: what the file has. Name, version
	 * and all else that the file records is filled in. */
	struct sut_create_options options;

	struct sut_patch patch; /* without functions if the source changes none */
	enum sut_verdict_kind kind;
	struct sut_verdict verdict;
	bool identical; /* as bytes of a file */
	enum sut_source_state sources[SUT_PATCH_SOURCES];
};

/* Whether that can be done at all, without a source patch of somebody's or with it. SUT_UNSUPPORTED
 * (rule "no-patch"): the file was made of none. */
enum sut_rc sut_rebuild_check(const struct sut_patch *file, const char *source_patch,
			      struct sut_diag *diag);

/*
 * Makes the patch of a file (its bytes, and what they say) again. SUT_INVALID (rule "no-source")
 * when a text is needed that is neither given nor in the file. When kind is REFUSED there is no
 * patch.
 */
enum sut_rc sut_rebuild(struct sut_arena *arena, const struct sut_bytes *bytes,
			const struct sut_patch *file, struct sut_rebuild *rebuild,
			struct sut_diag *diag);

#endif
