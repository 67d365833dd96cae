// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Patches of a kernel of a few lines, whose Makefile prints what kbuild's would: vmlinux of one
 * unit and a boot program, a module of two units, a module that shares one of them.
 */
#include "kernel/create/create.h"
#include "base/guard.h"
#include "base/tap.h"
#include "units/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const tree_files[][2] = {
	{"include/config/auto.conf", "CONFIG_CC_VERSION_TEXT=\"gcc (a version) 1\"\n"},
	{"tools/objtool/objtool", "#!/bin/sh\n[ \"$1\" = --orc ] && [ -f \"$2\" ]\n"},
	{"Makefile",
	 "flags = -Iinclude -D__KERNEL__ -O2 -g -fno-pic -fcf-protection=none -pg -mfentry "
	 "-mrecord-mcount\n"
	 "define unit # source, flags, what follows\n"
	 "\tset -e; $(CC) -Wp,-MMD,.d $(flags) $(2) -c -o $(1).o $(1).c $(3); "
	 "scripts/basic/fixdep .d $(1).o '$(CC) -Wp,-MMD,.d $(flags) $(2) -c -o $(1).o $(1).c "
	 "$(3)' > .cmd\n"
	 "endef\n"
	 "define module # name, objects\n"
	 "\tset -e; printf '%s\\n' $(2) | awk '{ print(\"drivers/\"$$0) }' > drivers/$(1).mod; :\n"
	 "endef\n"
	 "objtool = ; ./tools/objtool/objtool --orc\n"
	 ".PHONY: ./\n"
	 "./:\n"
	 "\t$(call unit,core,-DKBUILD_MODFILE='\\''\"core\"'\\'',$(objtool) core.o)\n"
	 "\t$(call unit,boot/setup,-DKBUILD_X)\n"
	 "\t$(call unit,lib/sort,-DKBUILD_X,$(objtool) lib/sort.o)\n"
	 "\t$(call unit,drivers/one,-DMODULE -DKBUILD_X,$(objtool) drivers/one.o)\n"
	 "\t$(call unit,drivers/two,-DMODULE -DKBUILD_X,$(objtool) drivers/two.o)\n"
	 "\t$(call unit,drivers/odd,-DKBUILD_X,; strip drivers/odd.o)\n"
	 "\t$(call module,big-card,one.o two.o)\n"
	 "\t$(call module,small,two.o)\n"},
	{"include/bounds.h",
	 "#ifndef BOUNDS_H\n#define BOUNDS_H\n"
	 "#define SLACK 2\n"
	 "static inline int limit(int x)\n{\n\treturn x > 100 + SLACK ? 100 : x;\n}\n"
	 "static inline int other(int x)\n{\n\treturn x + 1;\n}\n"
	 "#define MAKE(name) int name##_limited(int x) { return name(x); }\n"
	 "struct box { int size; char *text; };\n"
	 "#endif\n"},
	{"core.c",
	 "#include \"bounds.h\"\n"
	 "#define init __attribute__((section(\".init.text\"), used))\n"
	 "int core_count;\n"
	 "static int start(void);\n"
	 "const void *const entry __attribute__((section(\".initcall6.init\"))) = start;\n"
	 "static int init start(void)\n{\n\treturn core_count;\n}\n"
	 "int core(int x)\n{\n\tcore_count += x;\n\treturn other(x) * 7;\n}\n"
	 "int shared(int x)\n{\n\treturn x - core_count;\n}\n"
	 "const void *const export __attribute__((section(\"___ksymtab+shared\"))) = shared;\n"},
	{"boot/setup.c", "int setup(int x)\n{\n\treturn x + 1;\n}\n"},
	{"lib/sort.c", "int sort(int x)\n{\n\treturn x + 1;\n}\n"},
	{"drivers/one.c", "#include \"bounds.h\"\n"
			  "struct box box;\n"
			  "int one(int x)\n{\n\treturn limit(x) + box.size;\n}\n"},
	{"drivers/two.c", "#include \"bounds.h\"\n#include \"part.c\"\n"
			  "int two(int x)\n{\n\treturn part(other(x)) * 5;\n}\n"},
	{"drivers/odd.c", "int odd(int x)\n{\n\treturn x;\n}\n"},
	{"drivers/part.c", "static int part(int x)\n{\n\treturn x + 3;\n}\n"},
	{"drivers/unbuilt.c", "int unbuilt(int x)\n{\n\treturn x;\n}\n"},
};

struct kernel {
	struct sut_arena arena;
	const char *folder;
	struct sut_kernel_options options;
	struct sut_kernel_parts parts;
	struct sut_verdict verdict;
	struct sut_diag diag;
};

#define KERNEL __attribute__((cleanup(deinit))) struct kernel

static void must(bool done, const char *what)
{
	if (done)
		return;
	printf("Bail out! %s\n", what);
	exit(1);
}

static void run(const char *command)
{
	must(system(command) == 0, command);
}

static const char *in(struct kernel *kernel, const char *path)
{
	return sut_arena_printf(&kernel->arena, "%s/%s", kernel->folder, path);
}

static void init(struct kernel *kernel)
{
	*kernel = (struct kernel){.verdict.arena = &kernel->arena};
	must(sut_scratch_make(&kernel->arena, &kernel->folder, &kernel->diag) == SUT_OK, "scratch");
	for (size_t i = 0; i < SUT_ARRAY_SIZE(tree_files); i++) {
		const char *path =
			in(kernel, sut_arena_printf(&kernel->arena, "tree/%s", tree_files[i][0]));

		run(sut_arena_printf(&kernel->arena, "mkdir -p $(dirname %s)", path));
		must(sut_file_write(path, tree_files[i][1], strlen(tree_files[i][1]), 0755,
				    &kernel->diag) == SUT_OK,
		     path);
	}
	mkdir(in(kernel, "cache"), 0700);
	kernel->options = (struct sut_kernel_options){
		.name = "fix",
		.release = "1.0",
		.tree = in(kernel, "tree"),
		.cache = in(kernel, "cache"),
		.patch = in(kernel, "fix.patch"),
	};
}

static void deinit(struct kernel *kernel)
{
	sut_scratch_remove(kernel->folder);
	sut_arena_deinit(&kernel->arena);
}

/* Makes the source patch: a sed script for a file of the tree. */
static void change(struct kernel *kernel, const char *file, const char *script)
{
	run(sut_arena_printf(
		&kernel->arena,
		"cd %s && sed '%s' tree/%s >changed; "
		"diff -u --label a/%s --label b/%s tree/%s changed >>fix.patch; test -s "
		"fix.patch",
		kernel->folder, script, file, file, file, file));
}

static enum sut_rc make(struct kernel *kernel)
{
	static unsigned int number;
	const char *scratch = in(kernel, sut_arena_printf(&kernel->arena, "work%u", number++));

	must(mkdir(scratch, 0700) == 0, scratch);
	return sut_kernel_parts_make(&kernel->arena, &kernel->options, scratch, &kernel->parts,
				     &kernel->verdict, &kernel->diag);
}

/* "object:function" of everything that differs, sorted by part. */
static const char *changes(struct kernel *kernel)
{
	const char *text = "";

	for (size_t i = 0; i < kernel->parts.count; i++) {
		const struct sut_kernel_part *part = &kernel->parts.list[i];

		for (size_t k = 0; k < part->after->def_count; k++)
			if (sut_def_is_function(&part->after->defs[k]) &&
			    part->diff->change[k] != SUT_CHANGE_NONE)
				text = sut_arena_printf(&kernel->arena, "%s%s%s:%s", text,
							*text ? " " : "", part->object,
							part->after->defs[k].name);
	}
	return text;
}

static bool has(const struct sut_refusal *list, size_t count, const char *rule, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].rule, rule) == 0 && strstr(list[i].message, text))
			return true;
	for (size_t i = 0; i < count; i++)
		printf("# %s: %s\n", list[i].rule, list[i].message);
	return false;
}

static bool refused(const struct kernel *kernel, const char *rule, const char *text)
{
	return has(kernel->verdict.refusals, kernel->verdict.refusal_count, rule, text);
}

static bool warned(const struct kernel *kernel, const char *rule, const char *text)
{
	return has(kernel->verdict.warnings, kernel->verdict.warning_count, rule, text);
}

static void finds_vmlinux(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "core.c", "s/\\* 7/* 9/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK_STRING(changes(&kernel), "vmlinux:core");
	CHECK_STRING(kernel.parts.list[0].file, "");
	CHECK_STRING(kernel.parts.list[0].objtool[0], "./tools/objtool/objtool");
	CHECK_EQUAL(kernel.verdict.refusal_count, 0);
}

static void finds_modules(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "drivers/two.c", "s/\\* 5/* 6/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK_STRING(changes(&kernel), "big_card:two small:two");
	CHECK_STRING(kernel.parts.list[0].file, "drivers/big-card.ko");
	CHECK(kernel.parts.list[0].unit == kernel.parts.list[1].unit);
}

static void leaves_tree_alone(void)
{
	KERNEL kernel;

	init(&kernel);
	run(sut_arena_printf(&kernel.arena, "cp -a %s/tree %s/copy", kernel.folder, kernel.folder));
	change(&kernel, "core.c", "s/\\* 7/* 9/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK_EQUAL(system(sut_arena_printf(&kernel.arena, "diff -r %s/tree %s/copy", kernel.folder,
					    kernel.folder)),
		    0);
}

static void compiles_plainly(void)
{
	KERNEL kernel;
	const char *path;

	init(&kernel);
	change(&kernel, "core.c", "s/\\* 7/* 9/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK_EQUAL(sut_kernel_part_plain(&kernel.arena, kernel.parts.list, &path, &kernel.verdict,
					  &kernel.diag),
		    SUT_OK);
	CHECK_EQUAL(access(path, F_OK), 0);
}

static void compiles_users_of_inline(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "include/bounds.h", "s/? 100/? 99/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK_STRING(changes(&kernel), "big_card:one");
	CHECK_EQUAL(kernel.parts.unit_count, 1);
}

static void follows_macros(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "include/bounds.h", "s/SLACK 2/SLACK 3/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK_STRING(changes(&kernel), "big_card:one");
}

static void follows_included_sources(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "drivers/part.c", "s/x + 3/x + 4/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK_STRING(changes(&kernel), "big_card:two small:two");
}

static void warns_of_includes(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "include/bounds.h", "s/.*SLACK 2/#include <stddef.h>\\n&/;s/? 100/? 99/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK_STRING(changes(&kernel), "big_card:one");
	CHECK(warned(&kernel, "units", "include/bounds.h"));
}

static void takes_units_by_hand(void)
{
	KERNEL kernel;
	const char *unit = "drivers/two.c";

	init(&kernel);
	kernel.options.unit_count = 1;
	kernel.options.units = &unit;
	change(&kernel, "include/bounds.h", "s/x + 1/x + 2/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK_STRING(changes(&kernel), "big_card:two small:two");
	unit = "drivers/unbuilt.c";
	CHECK_EQUAL(make(&kernel), SUT_INVALID);
	CHECK_STRING(kernel.diag.rule, "units");
}

static void refuses_conditions(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "include/bounds.h", "s/ifndef BOUNDS_H/if !defined(BOUNDS_H)/");
	CHECK_EQUAL(make(&kernel), SUT_REFUSED);
	CHECK_STRING(kernel.diag.rule, "units");
}

static void judges_layout(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "include/bounds.h", "s/int size;/char *name; int size;/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK(refused(&kernel, "layout", "struct box"));
}

static void refuses_start(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "core.c", "s/return core_count;/return core_count + 1;/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK(refused(&kernel, "init", "start"));
	CHECK_EQUAL(kernel.verdict.refusal_count, 1);
}

static void refuses_initcall(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "core.c",
	       "s/^static int start.*/int core(int);&/;/initcall6/s/start/core/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK(refused(&kernel, "initcall", "core"));
}

static void refuses_export(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "core.c", "/___ksymtab/d");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK(refused(&kernel, "export", "shared"));
}

static void refuses_prototype_of_export(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "core.c", "s/^int shared(int x)/long shared(long x)/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK(refused(&kernel, "abi", "shared"));
}

static void refuses_boot(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "boot/setup.c", "s/x + 1/x + 2/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK(refused(&kernel, "boot", "boot/setup.o"));
	CHECK_EQUAL(kernel.parts.count, 0);
}

static void refuses_lib_unless_allowed(void)
{
	KERNEL kernel;
	const char *rule = "lib";

	init(&kernel);
	change(&kernel, "lib/sort.c", "s/x + 1/x + 2/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK(refused(&kernel, "lib", "lib/sort.c"));
	CHECK_STRING(changes(&kernel), "vmlinux:sort");
	kernel.options.allowed_count = 1;
	kernel.options.allowed = &rule;
	sut_kernel_allow(&kernel.options, &kernel.verdict);
	CHECK_EQUAL(kernel.verdict.refusal_count, 0);
}

static void refuses_build_rules(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "Makefile", "s/-O2/-O1/");
	change(&kernel, "core.c", "s/\\* 7/* 9/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK(refused(&kernel, "kconfig", "Makefile"));
}

static void refuses_unknown_steps(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "drivers/odd.c", "s/return x/return x + 1/");
	make(&kernel);
	CHECK(refused(&kernel, "boot", "drivers/odd.o"));
	CHECK_EQUAL(kernel.parts.count, 0);
}

static void refuses_another_source(void)
{
	KERNEL kernel;

	init(&kernel);
	run(sut_arena_printf(&kernel.arena, "cp -a %s/tree %s/copy && echo >>%s/copy/core.c",
			     kernel.folder, kernel.folder, kernel.folder));
	change(&kernel, "core.c", "s/\\* 7/* 9/");
	kernel.options.source = in(&kernel, "copy");
	CHECK_EQUAL(make(&kernel), SUT_REFUSED);
	CHECK_STRING(kernel.diag.rule, "tree");
	CHECK(strstr(kernel.diag.entry[0], "core.c"));
}

static void says_what_is_not_built(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "drivers/unbuilt.c", "1i #if 1\ns/return x/return x + 1/\n$a #endif");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK_EQUAL(kernel.parts.count, 0);
	CHECK(warned(&kernel, "uncompiled", "drivers/unbuilt.c"));
}

static void keeps_the_commands(void)
{
	KERNEL kernel;

	init(&kernel);
	change(&kernel, "core.c", "s/\\* 7/* 9/");
	CHECK_EQUAL(make(&kernel), SUT_OK);
	run(sut_arena_printf(&kernel.arena, "rm %s/tree/Makefile", kernel.folder));
	CHECK_EQUAL(make(&kernel), SUT_OK);
	CHECK_STRING(changes(&kernel), "vmlinux:core");
	run(sut_arena_printf(&kernel.arena, "echo nonsense >>%s/cache/units", kernel.folder));
	CHECK_EQUAL(make(&kernel), SUT_INVALID);
	CHECK_STRING(kernel.diag.rule, "kbuild");
}

static const struct sut_tap_test tests[] = {
	{"a unit of the kernel itself belongs to vmlinux", finds_vmlinux},
	{"a unit of two modules belongs to both, by the kernel's names", finds_modules},
	{"the tree is left as it is", leaves_tree_alone},
	{"the plain compile goes through objtool, too", compiles_plainly},
	{"of a header's inline function only the users are compiled", compiles_users_of_inline},
	{"a macro is followed through the functions that use it", follows_macros},
	{"a source that another one includes is a part of that", follows_included_sources},
	{"another include in a header is told", warns_of_includes},
	{"units may be named by hand", takes_units_by_hand},
	{"conditions of a header are left to people", refuses_conditions},
	{"a changed layout is refused", judges_layout},
	{"what ran at the start is refused", refuses_start},
	{"another initcall is refused", refuses_initcall},
	{"an export that goes is refused", refuses_export},
	{"another prototype of an exported function is refused", refuses_prototype_of_export},
	{"what boots the kernel is refused", refuses_boot},
	{"the library is refused unless it is allowed", refuses_lib_unless_allowed},
	{"build rules are refused", refuses_build_rules},
	{"an object that kbuild treats in a way of its own is refused", refuses_unknown_steps},
	{"another source than the kernel's is refused", refuses_another_source},
	{"a file that is not built is no reason for a patch", says_what_is_not_built},
	{"kbuild is asked once", keeps_the_commands},
};

SUT_TAP_MAIN(tests)
