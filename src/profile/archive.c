// SPDX-License-Identifier: GPL-2.0-or-later
/* Many machines have no deb-src entries: each entry of the machine is taken for them. */
#include "profile/archive.h"
#include "profile/package.h"
#include "units/jobs.h"
#include "base/guard.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { ENTRIES_MAX = 4 << 20 /* bytes of one file */ };

static bool ends(const char *name, const char *suffix)
{
	size_t length = strlen(name), tail = strlen(suffix);

	return length > tail && strcmp(name + length - tail, suffix) == 0;
}

/* "deb [options] uri suite components", or a field of a paragraph. */
static const char *entry_line(struct sut_archive *archive, const char *line, bool paragraphs)
{
	const char *at = line + strspn(line, " \t");

	if (paragraphs && strncasecmp(line, "Types:", 6) == 0)
		return archive->sources ? "Types: deb-src" : "Types: deb";
	if (paragraphs)
		return line;
	if (strncmp(at, "deb-src", 7) == 0)
		return archive->sources ? line : "";
	if (strncmp(at, "deb", 3) != 0 || (at[3] != ' ' && at[3] != '\t'))
		return "";
	return archive->sources ? sut_arena_printf(archive->arena, "deb-src%s", at + 3) : line;
}

static enum sut_rc take_file(struct sut_archive *archive, const char *path, bool paragraphs)
{
	const char *to = sut_arena_printf(archive->arena, "%s/parts/%zu.%s", archive->folder,
					  archive->entries, paragraphs ? "sources" : "list");
	SUT_FREE char *written = NULL;
	struct sut_bytes text;
	FILE *file;
	size_t size;
	char *rest, *line;
	enum sut_rc rc = sut_file_read(archive->arena, path, ENTRIES_MAX, &text, archive->diag);

	if (rc)
		return rc;
	file = open_memstream(&written, &size);
	if (!file)
		return sut_fail_errno(archive->diag, "open_memstream");
	rest = (char *)text.data;
	while ((line = strsep(&rest, "\n")))
		fprintf(file, "%s\n", entry_line(archive, line, paragraphs));
	fclose(file);
	archive->entries++;
	return sut_file_write(to, written, size, 0644, archive->diag);
}

static enum sut_rc take_entries(struct sut_archive *archive)
{
	SUT_CLOSEDIR DIR *dir = opendir("/etc/apt/sources.list.d");
	struct dirent *entry;
	enum sut_rc rc = SUT_OK;

	if (access("/etc/apt/sources.list", R_OK) == 0)
		rc = take_file(archive, "/etc/apt/sources.list", false);
	while (rc == SUT_OK && dir && (entry = readdir(dir))) {
		const char *path = sut_arena_printf(archive->arena, "/etc/apt/sources.list.d/%s",
						    entry->d_name);

		if ((ends(path, ".list") || ends(path, ".sources")) && access(path, R_OK) == 0)
			rc = take_file(archive, path, ends(path, ".sources"));
	}
	return rc;
}

static enum sut_rc configure(struct sut_archive *archive)
{
	static const char *const folders[] = {"",
					      "/parts",
					      "/lists",
					      "/lists/partial",
					      "/cache",
					      "/cache/archives",
					      "/cache/archives/partial"};
	const char *text = sut_arena_printf(archive->arena,
					    "Dir::Etc::sourcelist \"/dev/null\";\n"
					    "Dir::Etc::sourceparts \"%s/parts\";\n"
					    "Dir::State::lists \"%s/lists\";\n"
					    "Dir::Cache \"%s/cache\";\n"
					    /* The folder is closed to apt's own user. */
					    "APT::Sandbox::User \"root\";\n"
					    "Acquire::Languages \"none\";\n",
					    archive->folder, archive->folder, archive->folder);

	for (size_t i = 0; i < SUT_ARRAY_SIZE(folders); i++) {
		const char *path =
			sut_arena_printf(archive->arena, "%s%s", archive->folder, folders[i]);

		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return sut_fail_errno(archive->diag, "%s: cannot be made", path);
	}
	return sut_file_write(sut_arena_printf(archive->arena, "%s/apt.conf", archive->folder),
			      text, strlen(text), 0644, archive->diag);
}

enum sut_rc sut_archive_run(struct sut_archive *archive, const char *const *argv, int *status,
			    const char **errors)
{
	const char *variables[] = {
		"LC_ALL=C.UTF-8",
		sut_arena_printf(archive->arena, "APT_CONFIG=%s/apt.conf", archive->folder), NULL};
	struct sut_job job = {
		.argv = sut_job_bound(archive->arena, argv),
		.directory = archive->folder,
		.variables = variables,
		.errors = sut_arena_printf(archive->arena, "%s/errors", archive->folder),
	};
	enum sut_rc rc = sut_jobs_run(archive->arena, &job, 1, 1, archive->diag);

	*status = job.status;
	*errors = rc ? "" : sut_job_errors(archive->arena, &job);
	return rc;
}

enum sut_rc sut_archive_open(struct sut_arena *arena, const char *scratch, bool sources,
			     struct sut_archive *archive, struct sut_diag *diag)
{
	static const char *const update[] = {"apt-get", "update", "--quiet", NULL};
	struct sut_archive opened = {
		.arena = arena,
		.folder = sut_arena_printf(arena, "%s/apt", scratch),
		.sources = sources,
		.diag = diag,
	};
	int status;
	enum sut_rc rc = configure(&opened);

	if (rc == SUT_OK)
		rc = take_entries(&opened);
	if (rc == SUT_OK)
		rc = sut_archive_run(&opened, update, &status, &opened.failed);
	if (rc == SUT_OK)
		*archive = opened;
	return rc;
}

void sut_archive_explain(struct sut_archive *archive, const char *errors)
{
	while (*errors) {
		size_t length = strcspn(errors, "\n");

		sut_context(archive->diag, SUT_REFUSED, "%.*s", (int)length, errors);
		errors += length + (errors[length] != '\0');
	}
}

/* ---- the source of a package ---- */

static const char *find_dsc(struct sut_archive *archive)
{
	SUT_CLOSEDIR DIR *dir = opendir(archive->folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (ends(entry->d_name, ".dsc"))
			return sut_arena_strdup(archive->arena, entry->d_name);
	return NULL;
}

static enum sut_rc refuse(struct sut_archive *archive, const struct sut_package *package,
			  const char *errors)
{
	sut_fail(archive->diag, SUT_REFUSED, "package",
		 "%s %s: its source cannot be had from the archives that apt knows here",
		 package->source, package->version);
	sut_archive_explain(archive, errors);
	sut_remedy(archive->diag,
		   "upgrade the package to the version that is there, or name the unpacked source "
		   "with --source-dir");
	return SUT_REFUSED;
}

enum sut_rc sut_package_fetch(struct sut_arena *arena, const char *scratch,
			      const struct sut_package *package, const char *folder,
			      struct sut_diag *diag)
{
	const char *download[] = {"apt-get",
				  "source",
				  "--quiet",
				  "--only-source",
				  "--download-only",
				  sut_arena_printf(arena, "%s=%s", package->source,
						   package->version),
				  NULL};
	const char *unpack[] = {"dpkg-source", "--no-check", "-x", NULL, folder, NULL};
	struct sut_archive archive;
	const char *errors;
	int status;
	enum sut_rc rc = sut_archive_open(arena, scratch, true, &archive, diag);

	if (rc == SUT_OK)
		rc = sut_archive_run(&archive, download, &status, &errors);
	if (rc)
		return rc;
	unpack[3] = find_dsc(&archive);
	if (status || !unpack[3])
		return refuse(&archive, package, *errors ? errors : archive.failed);
	rc = sut_archive_run(&archive, unpack, &status, &errors);
	if (rc == SUT_OK && status)
		rc = sut_fail(diag, SUT_REFUSED, "package", "%s: cannot be unpacked: %s", unpack[3],
			      errors);
	return rc;
}
