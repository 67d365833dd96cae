// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be said of a kernel patch by the names of the files that it touches. */
#include "kernel/create/units.h"
#include "units/hunks.h"
#include "base/guard.h"

#include <fnmatch.h>
#include <string.h>

enum { PATCH_MAX = 64 << 20 /* bytes */ };

struct kind {
	const char *pattern; /* of fnmatch(), for the end of a path */
	const char *rule;
	const char *why; /* behind "FILE: " */
};

static const struct kind kinds[] = {
	{"*.tbl", "syscall",
	 "is a table of system calls, which the kernel has compiled in; leave it as it is"},
	{"Makefile", "kconfig",
	 "says how the kernel is built, and the running one is built already; leave it out, and "
	 "look whether the rest of the patch is right without it"},
	{"Kbuild", "kconfig",
	 "says how the kernel is built, and the running one is built already; leave it out, and "
	 "look whether the rest of the patch is right without it"},
	{"Kconfig*", "kconfig",
	 "changes the choices of the configuration, and the running kernel has its own; leave it "
	 "out, and look whether the rest of the patch is right without it"},
};

/* Code that livepatch itself stands on: ftrace runs it before the new function is reached, or it
 * runs while a transition goes on. */
static const struct kind grounds[] = {
	{"lib/*", "lib",
	 "is code that everything in the kernel uses, ftrace and livepatch among it, also before "
	 "they could redirect it; fix the callers, or say --allow lib when its users are known"},
	{"arch/*/lib/*", "lib",
	 "is code that everything in the kernel uses, ftrace and livepatch among it, also before "
	 "they could redirect it; fix the callers, or say --allow lib when its users are known"},
	{"kernel/livepatch/*", "ground",
	 "is part of what applies the patch; a live patch cannot change it while it runs"},
	{"kernel/trace/ftrace.c", "ground",
	 "is part of what redirects functions; a live patch cannot change it while it runs"},
	{"arch/*/kernel/ftrace*", "ground",
	 "is part of what redirects functions; a live patch cannot change it while it runs"},
	{"arch/*/kernel/unwind*", "ground",
	 "reads the stacks of tasks in a transition; a live patch cannot change it while it runs"},
	{"arch/*/kernel/stacktrace.c", "ground",
	 "reads the stacks of tasks in a transition; a live patch cannot change it while it runs"},
	{"arch/*/kernel/alternative.c", "ground",
	 "writes the kernel's code; a live patch cannot change it while it runs"},
	{"arch/*/boot/*", "boot", "boots the kernel, which is over; leave it as it is"},
	{"arch/*/realmode/*", "boot", "boots the kernel, which is over; leave it as it is"},
	{"arch/*/purgatory/*", "boot",
	 "is part of kexec's image, which no live patch reaches; leave it as it is"},
	{"arch/*/entry/vdso/*", "boot",
	 "is mapped into programs, which no live patch reaches; leave it as it is"},
};

static void judge_name(struct sut_kernel_making *making, const char *name)
{
	for (size_t i = 0; i < SUT_ARRAY_SIZE(kinds); i++)
		if (fnmatch(kinds[i].pattern, sut_base_name(name), 0) == 0)
			sut_refuse(making->verdict, kinds[i].rule, name, "%s: %s", name,
				   kinds[i].why);
}

static void judge_path(struct sut_kernel_making *making, const char *path)
{
	bool header = fnmatch("*.h", path, 0) == 0;

	for (size_t i = 0; i < SUT_ARRAY_SIZE(grounds) && !header; i++)
		if (fnmatch(grounds[i].pattern, path, 0) == 0)
			sut_refuse(making->verdict, grounds[i].rule, path, "%s: %s", path,
				   grounds[i].why);
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
	for (size_t i = 0; i < count; i++)
		judge_name(making, files[i].new_name ? files[i].new_name : files[i].old_name);
	for (size_t i = 0; i < making->patched.count; i++) {
		const struct sut_patched_file *file = &making->patched.files[i];

		judge_path(making, file->path);
		if (!file->before && fnmatch("*.c", file->path, 0) == 0)
			sut_refuse(making->verdict, "new-source", file->path,
				   "%s: a new source file, and the kernel is built without it; put "
				   "its code into a file that is compiled already",
				   file->path);
	}
	return SUT_OK;
}
