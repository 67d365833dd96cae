// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The packages of one kernel: what runs, and what it was built from, all of one version. Debian
 * keeps some of them; which version belongs to a release is asked of the running kernel, of what is
 * installed, or of the archive, in this order.
 */
#include "profile/kernel-private.h"
#include "profile/archive.h"
#include "base/guard.h"

#include <string.h>
#include <sys/stat.h>

enum { VERSION_MAX = 4096 /* bytes of /proc/version */ };

/* A package file that lies in a folder. */
struct found {
	const char *path, *name, *version, *depends;
};

static bool ends(const char *name, const char *suffix)
{
	size_t length = strlen(name), tail = strlen(suffix);

	return length > tail && strcmp(name + length - tail, suffix) == 0;
}

static enum sut_rc read_package(struct sut_kernel_making *kernel, const char *path,
				struct found *found)
{
	const char *argv[] = {"dpkg-deb", "--show",
			      "--showformat=${Package}\t${Version}\t${Depends}\n", path, NULL};
	const char *text;
	char *rest;
	enum sut_rc rc = sut_kernel_ask(kernel, argv, &text);

	if (rc)
		return rc;
	rest = (char *)text;
	rest[strcspn(rest, "\n")] = '\0';
	found->path = path;
	found->name = strsep(&rest, "\t");
	found->version = rest ? strsep(&rest, "\t") : "";
	found->depends = rest ? rest : "";
	return SUT_OK;
}

/* All packages of a folder. */
static enum sut_rc list_folder(struct sut_kernel_making *kernel, const char *folder,
			       struct found **list, size_t *count)
{
	struct sut_making *making = kernel->making;
	SUT_CLOSEDIR DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t capacity = 0;
	enum sut_rc rc = SUT_OK;

	*list = NULL;
	*count = 0;
	if (!dir)
		return sut_fail_errno(making->diag, "%s", folder);
	while (rc == SUT_OK && (entry = readdir(dir)))
		if (ends(entry->d_name, ".deb"))
			rc = read_package(kernel,
					  sut_arena_printf(making->arena, "%s/%s", folder,
							   entry->d_name),
					  &SUT_PUSH(making->arena, *list, *count, capacity));
	return rc;
}

/* The package of that name, and of the version if one is known already. */
static const struct found *find(struct sut_kernel_making *kernel, const struct found *list,
				size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].name, name) == 0 &&
		    (!*kernel->version || strcmp(list[i].version, kernel->version) == 0))
			return &list[i];
	return NULL;
}

/* "linux-kbuild-6.1" of "linux-headers-6.1.0-50-common (= 6.1.176-1), linux-kbuild-6.1 (>= ...)" */
static const char *kbuild_name(struct sut_kernel_making *kernel, const struct found *headers)
{
	const char *at = strstr(headers->depends, "linux-kbuild-");

	return at ? sut_arena_strndup(kernel->making->arena, at, strcspn(at, " ,"))
		  : "linux-kbuild";
}

/* "linux-source-6.1" for version 6.1.176-1 */
static const char *source_name(struct sut_kernel_making *kernel)
{
	size_t major = strcspn(kernel->version, ".");
	size_t minor = kernel->version[major] ? strcspn(kernel->version + major + 1, ".-") : 0;

	return sut_arena_printf(kernel->making->arena, "linux-source-%.*s",
				(int)(major + 1 + minor), kernel->version);
}

static const char *image_name(struct sut_kernel_making *kernel, bool is_signed)
{
	return sut_arena_printf(kernel->making->arena, "linux-image-%s%s", kernel->release,
				is_signed ? "" : "-unsigned");
}

static const char *headers_name(struct sut_kernel_making *kernel)
{
	return sut_arena_printf(kernel->making->arena, "linux-headers-%s", kernel->release);
}

/* ---- a folder ---- */

static enum sut_rc missing(struct sut_kernel_making *kernel, const char *folder, const char *name)
{
	struct sut_diag *diag = kernel->making->diag;

	sut_fail(diag, SUT_REFUSED, "kernel-profile", "%s: has no package %s%s%s", folder, name,
		 *kernel->version ? " of version " : "", kernel->version);
	sut_remedy(diag, "the image (signed or not), headers, kbuild and source packages of one "
			 "version are needed, as apt-get download has them");
	return SUT_REFUSED;
}

static enum sut_rc take_folder(struct sut_kernel_making *kernel, const char *folder)
{
	struct sut_kernel_packages *packages = &kernel->packages;
	const struct found *image, *headers, *kbuild, *source;
	struct found *list;
	size_t count;
	enum sut_rc rc = list_folder(kernel, folder, &list, &count);

	if (rc)
		return rc;
	image = find(kernel, list, count, image_name(kernel, true));
	if (!image)
		image = find(kernel, list, count, image_name(kernel, false));
	if (!image)
		return missing(kernel, folder, image_name(kernel, true));
	kernel->version = image->version;
	headers = find(kernel, list, count, headers_name(kernel));
	if (!headers)
		return missing(kernel, folder, headers_name(kernel));
	kbuild = find(kernel, list, count, kbuild_name(kernel, headers));
	if (!kbuild)
		return missing(kernel, folder, kbuild_name(kernel, headers));
	source = find(kernel, list, count, source_name(kernel));
	if (!source)
		return missing(kernel, folder, source_name(kernel));
	*packages = (struct sut_kernel_packages){image->path, headers->path, kbuild->path,
						 source->path};
	return SUT_OK;
}

/* ---- the archive ---- */

/* "6.1.176-1" of "... SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)" when that kernel runs. */
static const char *running_version(struct sut_kernel_making *kernel)
{
	static const char mark[] = " Debian ";
	struct sut_arena *arena = kernel->making->arena;
	const char *prefix = sut_arena_printf(arena, "Linux version %s ", kernel->release);
	SUT_FCLOSE FILE *file = fopen("/proc/version", "re");
	char *text = sut_arena_alloc(arena, VERSION_MAX), *at = NULL, *next;

	if (!file || !fgets(text, VERSION_MAX, file) || strncmp(text, prefix, strlen(prefix)) != 0)
		return "";
	/* The last one, for the compiler's version is in brackets before it. */
	for (next = text; (next = strstr(next, mark)); next++)
		at = next;
	return at ? sut_arena_strndup(arena, at + strlen(mark), strcspn(at + strlen(mark), " \n"))
		  : "";
}

static const char *installed_version(struct sut_kernel_making *kernel)
{
	const char *argv[] = {"dpkg-query", "--show", "--showformat=${Version}",
			      image_name(kernel, true), NULL};
	struct sut_diag kept = *kernel->making->diag;
	const char *text;

	if (sut_kernel_ask(kernel, argv, &text) == SUT_OK)
		return text;
	*kernel->making->diag = kept;
	return "";
}

static enum sut_rc download(struct sut_kernel_making *kernel, struct sut_archive *archive,
			    const char *name)
{
	struct sut_arena *arena = kernel->making->arena;
	const char *which =
		*kernel->version ? sut_arena_printf(arena, "%s=%s", name, kernel->version) : name;
	const char *argv[] = {"apt-get", "download", "--quiet", which, NULL};
	const char *errors;
	int status;
	enum sut_rc rc;

	sut_making_progress(kernel->making, "fetching %s", which);
	rc = sut_archive_run(archive, argv, &status, &errors);
	if (rc || !status)
		return rc;
	sut_fail(kernel->making->diag, SUT_REFUSED, "kernel-profile",
		 "%s: cannot be had from the archives that apt knows here", which);
	sut_archive_explain(archive, *errors ? errors : archive->failed);
	sut_remedy(kernel->making->diag,
		   "upgrade to a kernel that the archive still has, or name a folder with the "
		   "packages with --packages");
	return SUT_REFUSED;
}

static enum sut_rc fetch(struct sut_kernel_making *kernel)
{
	struct sut_archive archive;
	const struct found *known;
	struct found *list;
	size_t count;
	enum sut_rc rc;

	kernel->version = running_version(kernel);
	if (!*kernel->version)
		kernel->version = installed_version(kernel);
	sut_making_progress(kernel->making, "asking the archives for %s", kernel->release);
	rc = sut_archive_open(kernel->making->arena, kernel->making->scratch, false, &archive,
			      kernel->making->diag);
	if (rc == SUT_OK)
		rc = download(kernel, &archive, image_name(kernel, true));
	if (rc == SUT_REFUSED)
		rc = download(kernel, &archive, image_name(kernel, false));
	if (rc == SUT_OK && !*kernel->version) {
		rc = list_folder(kernel, archive.folder, &list, &count);
		if (rc == SUT_OK && count)
			kernel->version = list[0].version;
	}
	if (rc == SUT_OK)
		rc = download(kernel, &archive, headers_name(kernel));
	if (rc == SUT_OK)
		rc = list_folder(kernel, archive.folder, &list, &count);
	if (rc)
		return rc;
	known = find(kernel, list, count, headers_name(kernel));
	if (!known)
		return missing(kernel, archive.folder, headers_name(kernel));
	rc = download(kernel, &archive, kbuild_name(kernel, known));
	if (rc == SUT_OK)
		rc = download(kernel, &archive, source_name(kernel));
	return rc ? rc : take_folder(kernel, archive.folder);
}

enum sut_rc sut_kernel_packages_get(struct sut_kernel_making *kernel)
{
	const char *folder = kernel->making->options->packages;
	SUT_FREE char *real = folder ? realpath(folder, NULL) : NULL;

	kernel->version = "";
	if (folder && !real)
		return sut_fail_errno(kernel->making->diag, "%s", folder);
	return real ? take_folder(kernel, real) : fetch(kernel);
}

enum sut_rc sut_kernel_packages_unpack(struct sut_kernel_making *kernel)
{
	const char *const packages[] = {kernel->packages.image, kernel->packages.headers,
					kernel->packages.kbuild, kernel->packages.source};
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < SUT_ARRAY_SIZE(packages) && rc == SUT_OK; i++) {
		const char *argv[] = {"dpkg-deb", "--extract", packages[i], kernel->root, NULL};

		sut_making_progress(kernel->making, "unpacking %s", sut_base_name(packages[i]));
		rc = sut_kernel_tool(kernel, "/", argv);
	}
	return rc;
}
