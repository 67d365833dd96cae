// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kpatch-diff BEFORE AFTER: the functions that differ between two objects of a kernel, one a line:
 * "changed NAME" or "new NAME", pieces of functions apart; "refused RULE: SENTENCE" for what a live
 * patch could not bring about.
 */
#include "base/guard.h"
#include "object/diff.h"

#include <stdio.h>

static enum sut_rc load(struct sut_arena *arena, const char *path, struct sut_object *object,
			struct sut_diag *diag)
{
	struct sut_bytes bytes;
	enum sut_rc rc = sut_file_read(arena, path, SUT_OBJECT_SIZE_MAX, &bytes, diag);

	return rc ? rc : sut_object_parse(arena, path, bytes, object, diag);
}

int main(int argc, char **argv)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_verdict verdict = {.arena = &arena};
	struct sut_object before, after;
	struct sut_diff diff;
	struct sut_diag diag = {0};

	if (argc != 3) {
		fprintf(stderr, "usage: kpatch-diff BEFORE AFTER\n");
		return 1;
	}
	if (load(&arena, argv[1], &before, &diag) || load(&arena, argv[2], &after, &diag)) {
		fprintf(stderr, "%s\n", diag.entry[0]);
		return 1;
	}
	sut_diff_kernel(&arena, &before, &after, &diff);
	sut_diff_judge(&diff, "unit", &verdict);
	for (size_t i = 0; i < after.def_count; i++) {
		if (sut_def_is_function(&after.defs[i]) && diff.change[i] != SUT_CHANGE_NONE)
			printf("%s %s\n", diff.change[i] == SUT_CHANGE_NEW ? "new" : "changed",
			       after.defs[i].name);
	}
	for (size_t i = 0; i < verdict.refusal_count; i++)
		printf("refused %s: %s\n", verdict.refusals[i].rule, verdict.refusals[i].message);
	return 0;
}
