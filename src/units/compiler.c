// SPDX-License-Identifier: GPL-2.0-or-later
/* The part of recording that runs in place of the compiler. Nothing here may disturb the build: a
 * call that cannot be noted is just not noted. */
#include "units/record.h"
#include "units/compile.h"
#include "units/path.h"
#include "units/recordlog.h"
#include "base/guard.h"
#include "base/io.h"
#include "elf/patchfile.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

enum { SOURCE_MAX = 1 << 30 /* bytes */ };

/* The compiler that this program is mounted over, or NULL. */
static char *find_covered(struct sut_arena *arena)
{
	static const char gone[] = " (deleted)"; /* suture was upgraded meanwhile */
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *tail;

	if (length < 0)
		return NULL;
	path[length] = '\0';
	tail = length > (ssize_t)strlen(gone) ? path + length - strlen(gone) : path;
	if (strcmp(tail, gone) == 0)
		*tail = '\0';
	if (access(sut_arena_printf(arena, "%s%s", SUT_RECORD_REAL, path), X_OK) < 0)
		return NULL;
	return sut_arena_strdup(arena, path);
}

bool sut_record_is_compiler(const char *argv0)
{
	SUT_ARENA struct sut_arena arena = {0};

	if (getenv(SUT_RECORD_LOG) && getenv(SUT_RECORD_FOLDER) &&
	    strcmp(sut_base_name(argv0), "suture") != 0)
		return true;
	return find_covered(&arena) != NULL;
}

static json_t *note_sources(struct sut_arena *arena, const char *directory,
			    const struct sut_compile *compile)
{
	json_t *list = json_array();

	for (size_t i = 0; i < compile->source_count; i++) {
		const char *file = compile->argv[compile->sources[i].index];
		const char *path = sut_path_resolve(arena, directory, file);
		unsigned char digest[SUT_SHA256_SIZE];
		char hex[2 * SUT_SHA256_SIZE + 1];
		struct sut_diag unused;
		struct sut_bytes text;

		if (sut_file_read(arena, path, SOURCE_MAX, &text, &unused))
			continue;
		crypto_hash_sha256(digest, text.data, text.size);
		json_array_append_new(list, json_pack("{s:s, s:s}", "file", file, "sha256",
						      sut_hex(hex, digest, sizeof(digest))));
	}
	return list;
}

/* The line that a call is worth: it compiles something. NULL: nothing, or what JSON cannot hold. */
static char *make_line(struct sut_arena *arena, char **argv)
{
	SUT_FREE char *directory = getcwd(NULL, 0);
	struct sut_compile compile;
	struct sut_diag unused;
	json_t *line, *arguments;
	char *text = NULL;
	size_t argc = 0;
	bool whole;

	while (argv[argc])
		argc++;
	if (!directory ||
	    sut_compile_read(arena, directory, argc, (const char **)argv, &compile, &unused) ||
	    !compile.makes_object || !compile.source_count)
		return NULL;
	arguments = json_array();
	whole = true;
	for (size_t i = 0; i < compile.argc; i++)
		whole &= json_array_append_new(arguments, json_string(compile.argv[i])) == 0;
	line = json_pack("{s:s, s:o, s:o}", "directory", directory, "arguments", arguments,
			 "sources", note_sources(arena, directory, &compile));
	if (line && whole)
		text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	return text;
}

/* By one write to a file opened for appending: calls of a parallel make do not mix. */
static void note(const char *log, char **argv)
{
	SUT_ARENA struct sut_arena arena = {0};
	SUT_FREE char *text = make_line(&arena, argv);
	SUT_CLOSE int fd = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (text && fd >= 0) {
		size_t length = strlen(text);

		text[length] = '\n'; /* in place of the end, which write() does not need */
		if (write(fd, text, length + 1) < 0)
			errno = 0;
	}
}

/* A program, and not this one again: that would never end. */
static bool is_program(const char *path)
{
	struct stat st, self;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0 &&
	       stat("/proc/self/exe", &self) == 0 &&
	       (st.st_dev != self.st_dev || st.st_ino != self.st_ino);
}

/* The next program of that name in PATH after our folder. */
static char *find_real(const char *name, const char *folder)
{
	const char *path = getenv("PATH");

	for (const char *from = path ? path : "/usr/bin:/bin", *end;; from = end + 1) {
		int length = (int)((end = strchrnul(from, ':')) - from);
		char *candidate = NULL;

		if (strncmp(folder, from, (size_t)length) != 0 || folder[length]) {
			if (asprintf(&candidate, "%.*s/%s", length ? length : 1,
				     length ? from : ".", name) < 0)
				return NULL;
			if (is_program(candidate))
				return candidate;
			free(candidate);
		}
		if (!*end)
			return NULL;
	}
}

static int run_covered(struct sut_arena *arena, const char *covered, char **argv)
{
	char *given = argv[0];

	argv[0] = (char *)covered;
	note(SUT_RECORD_ROOM "/log", argv);
	/* A compiler finds its parts by the name that it was called by. */
	argv[0] = given;
	execv(sut_arena_printf(arena, "%s%s", SUT_RECORD_REAL, covered), argv);
	fprintf(stderr, "%s: %s\n", covered, strerror(errno));
	return 126;
}

int sut_record_compiler(char **argv)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *name = sut_base_name(argv[0]), *covered = find_covered(&arena);
	char *real;

	if (covered)
		return run_covered(&arena, covered, argv);
	real = find_real(name, getenv(SUT_RECORD_FOLDER));
	if (!real) {
		fprintf(stderr, "%s: command not found\n", name);
		return 127;
	}
	/* gcc looks for its cc1 beside argv[0]; a bare name there would be found through PATH. */
	argv[0] = real;
	note(getenv(SUT_RECORD_LOG), argv);
	execv(real, argv);
	fprintf(stderr, "%s: %s\n", real, strerror(errno));
	free(real);
	return 126;
}
