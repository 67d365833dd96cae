// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/compile.h"
#include "units/jobs.h"
#include "base/guard.h"
#include "base/tap.h"

#include <string.h>

static bool read_line(struct sut_arena *arena, const char *line, struct sut_compile *compile)
{
	struct sut_diag diag = {0};
	const char **words;
	size_t count;

	return sut_words_split(arena, line, &count, &words) &&
	       sut_compile_read(arena, "/tree", count, words, compile, &diag) == SUT_OK;
}

static const char *make_command(struct sut_arena *arena, const char *line,
				enum sut_compile_kind kind,
				const struct sut_compile_mapping *mapping)
{
	struct sut_compile compile;

	if (!read_line(arena, line, &compile) || !compile.source_count)
		return NULL;
	return sut_job_line(arena,
			    sut_compile_command(arena, &compile, 0, kind, "/s/out.o", mapping));
}

static void words_are_split_as_a_shell_does(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char **words;
	size_t count;

	CHECK(sut_words_split(&arena, " a  'b c' \"d \\\"e\\x\" f\\ g ''\n", &count, &words));
	CHECK_EQUAL(count, 5);
	CHECK_STRING(words[0], "a");
	CHECK_STRING(words[1], "b c");
	CHECK_STRING(words[2], "d \"e\\x");
	CHECK_STRING(words[3], "f g");
	CHECK_STRING(words[4], "");
	CHECK(!sut_words_split(&arena, "a 'b", &count, &words));
}

static void an_option_keeps_its_argument(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(make_command(&arena, "gcc -I inc -include x.c -D A -O2 -c f.c -o f.o",
				  SUT_COMPILE_PLAIN, NULL),
		     "gcc -I inc -include x.c -D A -O2 -c -x c f.c -o /s/out.o");
}

static void what_writes_files_is_left_out(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(make_command(&arena,
				  "gcc -MD -MF f.d -MMD -MP -MT f.o -MQf.o -Wp,-MD,f.d "
				  "-save-temps=obj -c -of.o f.c",
				  SUT_COMPILE_PLAIN, NULL),
		     "gcc -c -x c f.c -o /s/out.o");
}

static void cxx_stays_cxx(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(make_command(&arena, "gcc -x c++ -O2 -c f.c", SUT_COMPILE_PLAIN, NULL),
		     "gcc -O2 -c -x c++ f.c -o /s/out.o");
	CHECK_STRING(make_command(&arena, "g++ -c f.c", SUT_COMPILE_PLAIN, NULL),
		     "g++ -c -x c++ f.c -o /s/out.o");
}

static void other_inputs_and_libraries_are_left_out(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(make_command(&arena, "cc f.c g.c h.o libx.a -lm -Lx -Wl,-z,now -o prog",
				  SUT_COMPILE_PLAIN, NULL),
		     "cc -c -x c f.c -o /s/out.o");
}

static void sections_and_types_are_asked_for_once(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(make_command(&arena, "cc -O2 -c f.c", SUT_COMPILE_SECTIONS, NULL),
		     "cc -O2 -ffunction-sections -fdata-sections -g -c -x c f.c -o /s/out.o");
	CHECK_STRING(make_command(&arena, "cc -g3 -c f.c", SUT_COMPILE_SECTIONS, NULL),
		     "cc -g3 -ffunction-sections -fdata-sections -c -x c f.c -o /s/out.o");
	CHECK_STRING(make_command(&arena, "cc -g -g0 -c f.c", SUT_COMPILE_SECTIONS, NULL),
		     "cc -g -g0 -ffunction-sections -fdata-sections -g -c -x c f.c -o /s/out.o");
}

static const char *below_tree(void *context, const char *path)
{
	return strncmp(path, "/tree", 5) == 0 ? sut_arena_printf(context, "/s%s", path) : path;
}

static void absolute_paths_go_through_the_mapping(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_compile_mapping mapping = {.map = below_tree, .context = &arena, .root = "/s"};

	CHECK_STRING(make_command(&arena,
				  "cc -I/tree/inc -I /usr/x -isystem /tree/sys -DP=/tree "
				  "-ffile-prefix-map=/tree=. -c /tree/f.c",
				  SUT_COMPILE_PLAIN, &mapping),
		     "cc -ffile-prefix-map=/s= -I/s/tree/inc -I /usr/x -isystem /s/tree/sys "
		     "-DP=/tree -ffile-prefix-map=/s/tree=. -c -x c /s/tree/f.c -o /s/out.o");
}

static void languages_are_told_apart(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_compile compile;

	CHECK(read_line(&arena, "gcc -c a.cc b.S -x c d.txt -x none e.c", &compile));
	CHECK_EQUAL(compile.source_count, 4);
	CHECK_STRING(compile.sources[0].language, "C++");
	CHECK_STRING(compile.sources[1].language, "assembler");
	CHECK_STRING(compile.sources[2].language, "C");
	CHECK_STRING(compile.sources[3].language, "C");
	CHECK(read_line(&arena, "g++ -c a.c", &compile));
	CHECK_STRING(compile.sources[0].language, "C++");
}

static void the_last_lto_option_decides(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_compile compile;

	CHECK(read_line(&arena, "gcc -flto=auto -c a.c", &compile) && compile.lto);
	CHECK(read_line(&arena, "gcc -flto -fno-lto -c a.c", &compile) && !compile.lto);
}

static void listing_dependencies_makes_no_object(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_compile compile;

	CHECK(read_line(&arena, "gcc -MM a.c", &compile) && !compile.makes_object);
	CHECK(read_line(&arena, "gcc -E a.c", &compile) && !compile.makes_object);
	CHECK(read_line(&arena, "gcc -MMD -c a.c", &compile) && compile.makes_object);
	CHECK(read_line(&arena, "gcc a.c -o a", &compile) && compile.makes_object);
}

static void a_compiler_cache_is_taken_off(void)
{
	SUT_ARENA struct sut_arena arena = {0};

	CHECK_STRING(make_command(&arena, "ccache gcc -c a.c", SUT_COMPILE_PREPROCESS, NULL),
		     "gcc -E -x c a.c");
}

static void a_missing_response_file_is_an_error(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *argv[] = {"gcc", "@nowhere.rsp", "-c", "a.c"};
	struct sut_compile compile;
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_compile_read(&arena, "/tree", 4, argv, &compile, &diag), SUT_GONE);
}

static const struct sut_tap_test tests[] = {
	{"words are split as a shell does", words_are_split_as_a_shell_does},
	{"an option keeps its argument", an_option_keeps_its_argument},
	{"what writes files is left out", what_writes_files_is_left_out},
	{"other inputs and libraries are left out", other_inputs_and_libraries_are_left_out},
	{"C++ stays C++", cxx_stays_cxx},
	{"sections and types are asked for once", sections_and_types_are_asked_for_once},
	{"absolute paths go through the mapping", absolute_paths_go_through_the_mapping},
	{"languages are told apart", languages_are_told_apart},
	{"the last LTO option decides", the_last_lto_option_decides},
	{"listing dependencies makes no object", listing_dependencies_makes_no_object},
	{"a compiler cache is taken off", a_compiler_cache_is_taken_off},
	{"a missing response file is an error", a_missing_response_file_is_an_error},
};

SUT_TAP_MAIN(tests)
