// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/change.h"

#include "base/guard.h"
#include "base/io.h"
#include "review/render.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* false: the usage error is printed. */
static bool read_targets(struct sut_call *call, struct sut_arena *arena, struct sut_find *find)
{
	const char **values;
	size_t count = sut_call_all(call, arena, "target", &values), kept = 0;

	for (size_t i = 0; i < count; i++) {
		char *end;
		long pid;

		if (strncmp(values[i], "pid:", 4) != 0) {
			values[kept++] = values[i];
			continue;
		}
		pid = strtol(values[i] + 4, &end, 10);
		if (*end || pid < 1 || pid > INT32_MAX) {
			sut_usage_error(call, "--target %s: not a file and not pid:N", values[i]);
			return false;
		}
		find->pid = (pid_t)pid;
	}
	find->paths = values;
	find->path_count = kept;
	return true;
}

bool sut_change_read(struct sut_call *call, struct sut_arena *arena,
		     struct sut_change_options *wanted)
{
	const char *color = sut_call_option(call, "color");
	const char *off = getenv("NO_COLOR");

	wanted->html = sut_call_option(call, "html");
	wanted->diff = sut_call_option(call, "diff") != NULL;
	if (!color || strcmp(color, "auto") == 0)
		wanted->color = isatty(STDOUT_FILENO) && !(off && *off);
	else if (strcmp(color, "always") == 0)
		wanted->color = true;
	else if (strcmp(color, "never") != 0)
		return sut_usage_error(call, "--color %s: always, never or auto", color), false;
	return read_targets(call, arena, &wanted->find);
}

static enum sut_rc write_page(const char *path, const struct sut_review *review,
			      struct sut_diag *diag)
{
	SUT_FREE char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return sut_fail_errno(diag, "%s", path);
	sut_review_page(file, review);
	if (fclose(file))
		return sut_fail_errno(diag, "%s", path);
	return sut_file_write(path, text, size, 0644, diag);
}

enum sut_rc sut_change_make(struct sut_arena *arena, const struct sut_change_options *wanted,
			    const struct sut_patch *patch, struct sut_review *review,
			    struct sut_diag *diag)
{
	enum sut_rc rc = sut_review_make(arena, patch, &wanted->find, review, diag);

	return rc == SUT_OK && wanted->html ? write_page(wanted->html, review, diag) : rc;
}
