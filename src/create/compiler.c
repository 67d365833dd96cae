// SPDX-License-Identifier: GPL-2.0-or-later
/* The part of recording that runs in place of the compiler. Nothing here may disturb the build: a
 * call that cannot be noted is just not noted. */
#include "create/record.h"
#include "create/recordlog.h"
#include "base/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool sut_record_is_compiler(const char *argv0)
{
	return getenv(SUT_RECORD_LOG) && getenv(SUT_RECORD_FOLDER) &&
	       strcmp(base_name(argv0), "suture") != 0;
}

/* One line per call, by one write to a file opened for appending: calls of a parallel make do not
 * mix. */
static void note(const char *log, char **argv)
{
	SUT_CLOSE int fd = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
	SUT_FREE char *directory = getcwd(NULL, 0);
	json_t *line = json_array();
	char *text = NULL;

	if (fd >= 0 && directory && json_array_append_new(line, json_string(directory)) == 0) {
		bool whole = true;

		for (char **word = argv; *word; word++)
			whole &= json_array_append_new(line, json_string(*word)) == 0;
		text = whole ? json_dumps(line, JSON_COMPACT) : NULL;
	}
	if (text) {
		size_t length = strlen(text);

		text[length] = '\n'; /* in place of the end, which write() does not need */
		if (write(fd, text, length + 1) < 0)
			errno = 0;
	}
	free(text);
	json_decref(line);
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
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

int sut_record_compiler(char **argv)
{
	const char *name = base_name(argv[0]);
	char *real = find_real(name, getenv(SUT_RECORD_FOLDER));

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
