// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clang stands in for gcc here, so it must read what gcc reads: it says that it is a gcc, and not
 * that it is clang. It says version 10, for the C library's headers use attributes and types of
 * later ones that clang 14 does not know; what a program makes of the difference shows when gcc
 * compiles the extracted file. Warnings are the build's affair.
 */
#include "source/flags.h"
#include "base/io.h"

#include <string.h>

/* Options with an argument, joined or as the next word, that clang has as well. */
static const char *const with_argument[] = {
	"-I",       "-D",       "-U",         "-isystem",  "-iquote",
	"-include", "-imacros", "-idirafter", "-isysroot", "--sysroot",
};

/* Others whose next word is an argument. */
static const char *const dropped_pairs[] = {
	"-o", "-x", "--param", "-MF", "-MT", "-MQ", "-aux-info", "-dumpbase", "-dumpdir", "-specs",
};

static const char *const kept[] = {
	"-ansi",           "-fsigned-char",  "-funsigned-char", "-fshort-enums", "-fshort-wchar",
	"-fgnu89-inline",  "-fPIC",          "-fpic",           "-fPIE",         "-fpie",
	"-fms-extensions", "-ffreestanding", "-fno-builtin",    "-ffast-math",   "-fopenmp",
	"-pthread",        "-nostdinc",      "-trigraphs",      "-m32",          "-m64",
	"-mx32",           "-undef",
};

static const char *const kept_prefix[] = {"-std=", "-O",    "-fvisibility=", "-msse",
					  "-mavx", "-mbmi", "-march=x86-64", "-mpopcnt"};

/* Options that change what the words of the source mean, and that clang does not have. */
static const char *const missing[] = {
	"-fplan9-extensions", "-fpack-struct", "-flax-vector-conversions", "-traditional",
	"-fplugin",           "-mabi=",        "-mlong-double-64",         "-mlong-double-128"};

static const char *const as_gcc[] = {
	"-fgnuc-version=10.2.1",
	"-U__clang__",
	"-U__clang_major__",
	"-U__clang_minor__",
	"-U__clang_patchlevel__",
	"-U__clang_version__",
	"-U__llvm__",
	/* Keywords of gcc that the C library's headers then count on. */
	"-D_Float32=float",
	"-D_Float64=double",
	"-D_Float32x=double",
	"-D_Float64x=long double",
	"-D_Float128=__float128",
	/* Fortified functions are inlines of a kind that clang does not have. */
	"-U_FORTIFY_SOURCE",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void push(struct sut_arena *arena, struct sut_flags *flags, const char *word)
{
	SUT_PUSH(arena, flags->list, flags->count, flags->capacity) = word;
}

static bool is_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

static bool starts_with_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(word, list[i], strlen(list[i])) == 0)
			return true;
	return false;
}

static void note_missing(struct sut_arena *arena, struct sut_flags *flags, const char *word)
{
	if (starts_with_one_of(word, missing, COUNT(missing)) && !strstr(flags->left_out, word))
		flags->left_out = sut_arena_printf(arena, "%s%s%s", flags->left_out,
						   *flags->left_out ? ", " : "", word);
}

static bool is_clang(const char *program)
{
	return strncmp(sut_base_name(program), "clang", 5) == 0;
}

struct sut_flags sut_flags_for_clang(struct sut_arena *arena, const char *const *argv,
				     const char *directory)
{
	struct sut_flags flags = {.left_out = ""};

	push(arena, &flags, "-working-directory");
	push(arena, &flags, directory);
	push(arena, &flags, "-w");
	for (size_t i = 1; argv[i]; i++) {
		const char *word = argv[i];

		if (is_one_of(word, dropped_pairs, COUNT(dropped_pairs))) {
			i += argv[i + 1] != NULL;
		} else if (is_one_of(word, with_argument, COUNT(with_argument))) {
			push(arena, &flags, word);
			if (argv[i + 1])
				push(arena, &flags, argv[++i]);
		} else if (is_one_of(word, kept, COUNT(kept)) ||
			   starts_with_one_of(word, kept_prefix, COUNT(kept_prefix)) ||
			   starts_with_one_of(word, with_argument, COUNT(with_argument))) {
			push(arena, &flags, word);
			if (strncmp(word, "-fP", 3) == 0 || strncmp(word, "-fp", 3) == 0)
				flags.interposable = !strcasecmp(word, "-fpic");
		} else {
			note_missing(arena, &flags, word);
		}
	}
	for (size_t i = 0; i < COUNT(as_gcc) && !is_clang(argv[0]); i++)
		push(arena, &flags, as_gcc[i]);
	return flags;
}
