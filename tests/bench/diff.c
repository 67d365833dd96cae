// SPDX-License-Identifier: GPL-2.0-or-later
/* bench-diff BEFORE.o AFTER.o: create's reader and differ alone, for ./create; prints what differs.
 */
#include "object/diff.h"
#include "base/guard.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_object before, after;
	struct sut_diag diag = {0};
	struct sut_diff diff;

	if (argc != 3)
		return 2;
	if (sut_object_load(&arena, argv[1], &before, &diag) ||
	    sut_object_load(&arena, argv[2], &after, &diag)) {
		fprintf(stderr, "%s\n", diag.entry[0]);
		return 1;
	}
	sut_diff_run(&arena, &before, &after, &diff);
	for (size_t i = 0; i < after.def_count; i++)
		if (after.defs[i].parent == i && diff.change[i] != SUT_CHANGE_NONE)
			printf("%s %s\n", diff.change[i] == SUT_CHANGE_NEW ? "new" : "changed",
			       after.defs[i].name);
	return 0;
}
