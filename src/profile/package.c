// SPDX-License-Identifier: GPL-2.0-or-later
/* dpkg and apt are asked by their commands: their files are nobody else's business. */
#include "profile/package.h"
#include "profile/profile.h"
#include "units/jobs.h"
#include "units/scratch.h"
#include "base/guard.h"

#include <string.h>

enum { OUTPUT_MAX = 64 << 20 /* bytes of what a tool prints */ };

static const char *const plain_words[] = {"LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", NULL};

/* Runs a tool and reads what it printed. */
static enum sut_rc run(struct sut_arena *arena, const char *scratch, const char *directory,
		       const char *const *argv, const char *const *variables, int *status,
		       const char **text, const char **errors, struct sut_diag *diag)
{
	struct sut_job job = {
		.argv = (const char **)argv,
		.directory = directory,
		.variables = (const char **)variables,
		.output = sut_arena_printf(arena, "%s/output", scratch),
		.errors = sut_arena_printf(arena, "%s/errors", scratch),
	};
	struct sut_bytes bytes;
	enum sut_rc rc = sut_jobs_run(arena, &job, 1, 1, diag);

	if (rc == SUT_OK)
		rc = sut_file_read(arena, job.output, OUTPUT_MAX, &bytes, diag);
	if (rc)
		return rc;
	*status = job.status;
	*text = (const char *)bytes.data;
	*errors = sut_job_errors(arena, &job);
	return SUT_OK;
}

/* "redis-server" of "redis-server:amd64" */
static bool same_package(const char *listed, const char *name)
{
	size_t length = strcspn(listed, ":");

	return strcmp(listed, name) == 0 ||
	       (strncmp(listed, name, length) == 0 && strlen(name) == length);
}

static const char *folder_name(struct sut_arena *arena, const char *source, const char *version)
{
	const char *colon = strchr(version, ':'), *upstream = colon ? colon + 1 : version;
	const char *dash = strrchr(upstream, '-');

	return sut_arena_printf(arena, "%s-%.*s", source,
				(int)(dash ? dash - upstream : (long)strlen(upstream)), upstream);
}

/* One line of dpkg-query, in words. */
struct listed {
	const char *name, *status, *source, *version;
};

static bool next_listed(char **rest, struct listed *listed)
{
	char *line = strsep(rest, "\n");

	if (!line)
		return false;
	listed->name = strsep(&line, "\t");
	listed->status = line ? strsep(&line, "\t") : "";
	listed->source = line ? strsep(&line, "\t") : "";
	listed->version = line ? strsep(&line, "\t") : "";
	return true;
}

static bool is_installed(const struct listed *listed)
{
	/* "triggers-pending" and the like are installed as well; "config-files" is not. */
	return strcmp(listed->status, "installed") == 0 ||
	       strncmp(listed->status, "triggers", strlen("triggers")) == 0;
}

static enum sut_rc list_files(struct sut_arena *arena, const char *scratch, const char *name,
			      struct sut_package *package, struct sut_diag *diag)
{
	const char *argv[] = {"dpkg-query", "--listfiles", name, NULL};
	const char *text, *errors;
	char *rest, *line;
	int status;
	enum sut_rc rc = run(arena, scratch, "/", argv, plain_words, &status, &text, &errors, diag);

	if (rc == SUT_OK && status)
		rc = sut_fail(diag, SUT_SYSTEM, "package", "%s: its files are not known: %s", name,
			      errors);
	if (rc)
		return rc;
	rest = (char *)text;
	while ((line = strsep(&rest, "\n")))
		if (*line == '/')
			SUT_PUSH(arena, package->files, package->file_count,
				 package->file_capacity) = line;
	return SUT_OK;
}

enum sut_rc sut_package_find(struct sut_arena *arena, const char *scratch, const char *name,
			     struct sut_package *package, struct sut_diag *diag)
{
	static const char *const argv[] = {
		"dpkg-query", "--show",
		"--showformat=${binary:Package}\t${db:Status-Status}\t${source:Package}\t"
		"${source:Version}\n",
		NULL};
	struct sut_package found = {0};
	const char *text, *errors;
	struct listed listed;
	char *rest;
	int status;
	enum sut_rc rc = run(arena, scratch, "/", argv, plain_words, &status, &text, &errors, diag);

	if (rc)
		return rc;
	for (rest = sut_arena_strdup(arena, text); next_listed(&rest, &listed) && !found.source;)
		if (is_installed(&listed) && same_package(listed.name, name)) {
			found.source = listed.source;
			found.version = listed.version;
		}
	if (!found.source) {
		sut_fail(diag, SUT_REFUSED, "package", "%s: not installed", name);
		sut_remedy(diag,
			   "apt-get install %s; a profile is made of what is installed, for its "
			   "bytes are what is compared",
			   name);
		return SUT_REFUSED;
	}
	found.folder = folder_name(arena, found.source, found.version);
	for (rest = sut_arena_strdup(arena, text); next_listed(&rest, &listed) && rc == SUT_OK;)
		if (is_installed(&listed) && strcmp(listed.source, found.source) == 0 &&
		    strcmp(listed.version, found.version) == 0)
			rc = list_files(arena, scratch, listed.name, &found, diag);
	if (rc == SUT_OK)
		*package = found;
	return rc;
}

enum sut_rc sut_package_check_source(struct sut_arena *arena, const char *scratch,
				     const struct sut_package *package, const char *folder,
				     struct sut_diag *diag)
{
	static const char *const argv[] = {"dpkg-parsechangelog", "--show-field", "Version", NULL};
	const char *text, *errors, *version;
	int status;
	enum sut_rc rc =
		run(arena, scratch, folder, argv, plain_words, &status, &text, &errors, diag);

	if (rc)
		return rc;
	if (status)
		return sut_fail(diag, SUT_REFUSED, "package",
				"%s: not the unpacked source of a package: %s", folder, errors);
	version = sut_arena_strndup(arena, text, strcspn(text, "\n"));
	if (strcmp(version, package->version) == 0)
		return SUT_OK;
	sut_fail(diag, SUT_REFUSED, "package", "%s: the source of version %s, and installed is %s",
		 folder, version, package->version);
	sut_remedy(diag, "name the source of the installed version, or leave --source-dir out");
	return SUT_REFUSED;
}

/* The names in "a (>= 1) | b c [amd64]", the first of each choice. */
static const char *names_of(struct sut_arena *arena, const char *unmet)
{
	const char *names = "", *at = unmet + strspn(unmet, " ");

	while (*at) {
		size_t length = strcspn(at, " ");

		if (*at == '(' || *at == '[' || *at == '<') {
			at = strchr(at, *at == '(' ? ')' : *at == '[' ? ']' : '>');
			at = at ? at + 1 : "";
		} else if (*at == '|') {
			at += 1 + strspn(at + 1, " ");
			at += strcspn(at, " ");
		} else {
			/* "python3:any" is python3 to apt. */
			names = sut_arena_printf(
				arena, "%s%s%.*s", names, *names ? " " : "",
				(int)strcspn(sut_arena_strndup(arena, at, length), ":"), at);
			at += length;
		}
		at += strspn(at, " ");
	}
	return names;
}

static enum sut_rc install_packages(struct sut_arena *arena, const char *scratch, const char *names,
				    struct sut_diag *diag)
{
	const char *argv[] = {"sh", "-c",
			      sut_arena_printf(arena,
					       "exec apt-get install --yes "
					       "--no-install-recommends %s",
					       names),
			      NULL};
	const char *text, *errors;
	int status;
	enum sut_rc rc = run(arena, scratch, "/", argv, plain_words, &status, &text, &errors, diag);

	if (rc == SUT_OK && status)
		return sut_fail(diag, SUT_REFUSED, "package", "apt-get install %s: failed: %s",
				names, errors);
	return rc;
}

/* What is missing for the build, as dpkg-checkbuilddeps says it; "" when nothing is. */
static enum sut_rc find_missing(struct sut_arena *arena, const char *scratch, const char *folder,
				const char **missing, struct sut_diag *diag)
{
	static const char mark[] = "Unmet build dependencies: ";
	static const char *const argv[] = {"dpkg-checkbuilddeps", "-B", "-Pnocheck", NULL};
	const char *text, *errors, *found;
	int status;
	enum sut_rc rc =
		run(arena, scratch, folder, argv, plain_words, &status, &text, &errors, diag);

	*missing = "";
	if (rc || !status)
		return rc;
	found = strstr(errors, mark);
	if (!found)
		return sut_fail(diag, SUT_REFUSED, "package", "%s: cannot be built here: %s",
				folder, errors);
	found += strlen(mark);
	*missing = sut_arena_strndup(arena, found, strcspn(found, "\n"));
	return SUT_OK;
}

enum sut_rc sut_package_prepare(struct sut_arena *arena, const char *scratch,
				const struct sut_package *package, const char *folder, bool install,
				struct sut_diag *diag)
{
	const char *missing;
	enum sut_rc rc = find_missing(arena, scratch, folder, &missing, diag);

	if (rc == SUT_OK && *missing && install) {
		rc = install_packages(arena, scratch, names_of(arena, missing), diag);
		if (rc == SUT_OK)
			rc = find_missing(arena, scratch, folder, &missing, diag);
	}
	if (rc || !*missing)
		return rc;
	sut_fail(diag, SUT_REFUSED, "package", "%s %s: to build it, these are missing: %s",
		 package->source, package->version, missing);
	sut_remedy(diag, "apt-get install --no-install-recommends %s", names_of(arena, missing));
	return SUT_REFUSED;
}

static bool is_path_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("/._+~-", c));
}

const char *sut_package_origin(struct sut_arena *arena, const struct sut_package *package,
			       struct sut_bytes binary)
{
	const char *text = (const char *)binary.data, *end = text + binary.size, *at = text;
	const char *name = sut_arena_printf(arena, "/%s", package->folder);
	size_t length = strlen(name);

	while ((at = memmem(at, (size_t)(end - at), name, length))) {
		const char *from = at, *behind = at + length;

		while (from > text && is_path_character(from[-1]))
			from--;
		while (from < at && *from != '/')
			from++;
		/* Documentation lies there, and no build. */
		if (from < at && strncmp(from, "/usr/", 5) != 0 &&
		    (behind == end || !is_path_character(*behind) || *behind == '/'))
			return sut_arena_strndup(arena, from, (size_t)(behind - from));
		at = behind;
	}
	return NULL;
}

const char *sut_package_owner(struct sut_arena *arena, const char *path)
{
	SUT_FREE char *real = realpath(path, NULL);
	const char *argv[] = {"dpkg-query", "--search", NULL, NULL};
	struct sut_diag unused;
	const char *folder;

	if (!real || sut_scratch_make(arena, &folder, &unused))
		return NULL;
	const char *owner = NULL;

	/* dpkg knows /lib/x by that name, and the link makes it /usr/lib/x. */
	for (int skip = 0; skip < 2 && !owner; skip++) {
		const char *text, *errors;
		int status;

		argv[2] = skip ? real + strlen("/usr") : real;
		if (skip && strncmp(real, "/usr/", 5) != 0)
			break;
		if (run(arena, folder, "/", argv, plain_words, &status, &text, &errors, &unused) ==
			    SUT_OK &&
		    status == 0)
			owner = sut_arena_strndup(arena, text, strcspn(text, ":, \n"));
	}
	sut_scratch_remove(folder);
	return owner;
}
