// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be said of a kernel patch by the names of the files that it touches. */
#include "kernel/create/units.h"
#include "units/hunks.h"
#include "base/guard.h"

#include <fnmatch.h>
#include <string.h>

enum { PATCH_MAX = 64 << 20 /* bytes */ };

/* With FNM_LEADING_DIR: a folder stands for all that is in it. */
struct kind {
	const char *pattern, *rule;
	const char *why; /* behind "FILE: " */
};

static const char built[] = "says how the kernel is built, and the running one is built already; "
			    "leave it out, and look whether the rest is right without it";
static const char used[] = "is code that everything in the kernel uses, ftrace and livepatch among "
			   "it; fix the callers, or say --allow lib when its users are known";
static const char redirects[] = "is part of what redirects functions; a live patch cannot change "
				"it while it runs";
static const char unwinds[] = "reads the stacks of tasks in a transition; a live patch cannot "
			      "change it while it runs";
static const char boots[] = "is part of what starts a kernel; leave it as it is";

/* By the last part of the name. */
static const struct kind names[] = {
	{.pattern = "Makefile", .rule = "kconfig", .why = built},
	{.pattern = "Kbuild", .rule = "kconfig", .why = built},
	{.pattern = "Kconfig*", .rule = "kconfig", .why = built},
	{.pattern = "*.tbl",
	 .rule = "syscall",
	 .why = "is a table of system calls, which is compiled into the kernel; leave it as it is"},
};

/* By the path. */
static const struct kind paths[] = {
	{.pattern = "lib", .rule = "lib", .why = used},
	{.pattern = "arch/*/lib", .rule = "lib", .why = used},
	{.pattern = "kernel/livepatch", .rule = "ground", .why = redirects},
	{.pattern = "kernel/trace/ftrace.c", .rule = "ground", .why = redirects},
	{.pattern = "arch/*/kernel/ftrace*", .rule = "ground", .why = redirects},
	{.pattern = "arch/*/kernel/alternative.c", .rule = "ground", .why = redirects},
	{.pattern = "arch/*/kernel/unwind*", .rule = "ground", .why = unwinds},
	{.pattern = "arch/*/kernel/stacktrace.c", .rule = "ground", .why = unwinds},
	{.pattern = "arch/*/boot", .rule = "boot", .why = boots},
	{.pattern = "arch/*/realmode", .rule = "boot", .why = boots},
	{.pattern = "arch/*/purgatory", .rule = "boot", .why = boots},
};

static void judge(struct sut_kernel_making *making, const char *path, const char *part,
		  const struct kind *kinds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fnmatch(kinds[i].pattern, part, FNM_PATHNAME | FNM_LEADING_DIR) == 0)
			sut_refuse(making->verdict, kinds[i].rule, path, "%s: %s", path,
				   kinds[i].why);
}

enum sut_rc sut_kernel_judge_files(struct sut_kernel_making *making)
{
	const char *patch = making->options->patch;
	struct sut_hunks *files;
	struct sut_bytes text;
	size_t count;
	enum sut_rc rc = sut_file_read(making->arena, patch, PATCH_MAX, &text, making->diag);

	if (rc == SUT_OK)
		rc = sut_hunks_find(making->arena, patch, text, &files, &count, making->diag);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++) {
		const char *name = files[i].new_name ? files[i].new_name : files[i].old_name;

		judge(making, name, sut_base_name(name), names, SUT_ARRAY_SIZE(names));
	}
	for (size_t i = 0; i < making->patched.count; i++) {
		const struct sut_patched_file *file = &making->patched.files[i];

		/* What a header changes shows where it is included. */
		if (fnmatch("*.h", file->path, 0) != 0)
			judge(making, file->path, file->path, paths, SUT_ARRAY_SIZE(paths));
		if (!file->before && fnmatch("*.c", file->path, 0) == 0)
			sut_refuse(making->verdict, "new-source", file->path,
				   "%s: a new source file, and the kernel is built without it; put "
				   "its code into a file that is compiled already",
				   file->path);
	}
	return SUT_OK;
}
