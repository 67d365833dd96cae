// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A source tree in which single units compile exactly as the distribution compiled them.
 *
 * What `make prepare` would generate is in the headers package already, made by the very build that
 * made the image, and the programs of the build are in the kbuild package: both are laid over the
 * source. So nothing is configured here, and nothing that is installed here can change the
 * configuration. kbuild then is asked for all commands (kernel/create/commands.h), and makes those
 * sources and headers that are generated beside the units that need them.
 */
#include "profile/kernel-private.h"
#include "profile/prove.h"
#include "base/guard.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Of the source, at its top: what no unit of this machine is compiled from. */
static const char *const left_out[] = {
	"*/Documentation", "*/arch/[a-w]*", "*/arch/xtensa",   "*/rust",
	"*/samples",       "*/tools/perf",  "*/tools/testing",
};

/* What a package has in a folder below root by a name that its version is part of, or NULL. */
static const char *find_unpacked(struct sut_kernel_making *kernel, const char *folder,
				 const char *begin, const char *end)
{
	struct sut_arena *arena = kernel->making->arena;
	const char *path = sut_arena_printf(arena, "%s/%s", kernel->root, folder);
	SUT_CLOSEDIR DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);

		if (strncmp(entry->d_name, begin, strlen(begin)) == 0 && length > strlen(end) &&
		    strcmp(entry->d_name + length - strlen(end), end) == 0)
			return sut_arena_printf(arena, "%s/%s", path, entry->d_name);
	}
	return NULL;
}

static enum sut_rc unpack_source(struct sut_kernel_making *kernel)
{
	const char *archive = find_unpacked(kernel, "usr/src", "linux-source-", ".tar.xz");
	const char *argv[9 + SUT_ARRAY_SIZE(left_out)] = {"tar",
							  "--extract",
							  "--xz",
							  "--anchored",
							  "--no-wildcards-match-slash",
							  "--strip-components=1",
							  "--file",
							  archive};

	if (!archive)
		return sut_fail(kernel->making->diag, SUT_REFUSED, "kernel-profile",
				"%s: has no source", kernel->packages.source);
	for (size_t i = 0; i < SUT_ARRAY_SIZE(left_out); i++)
		argv[8 + i] = sut_arena_printf(kernel->making->arena, "--exclude=%s", left_out[i]);
	sut_making_progress(kernel->making, "unpacking the source");
	if (mkdir(kernel->tree, 0755) < 0)
		return sut_fail_errno(kernel->making->diag, "%s", kernel->tree);
	return sut_kernel_tool(kernel, kernel->tree, argv);
}

static enum sut_rc lay_over(struct sut_kernel_making *kernel)
{
	struct sut_arena *arena = kernel->making->arena;
	const char *headers = sut_arena_printf(arena, "%s/usr/src/linux-headers-%s", kernel->root,
					       kernel->release);
	const char *kbuild = find_unpacked(kernel, "usr/lib", "linux-kbuild-", "");
	const char *argv[] = {"cp",
			      "--archive",
			      "--remove-destination",
			      "--target-directory",
			      kernel->tree,
			      sut_arena_printf(arena, "%s/.config", headers),
			      sut_arena_printf(arena, "%s/.kernelvariables", headers),
			      sut_arena_printf(arena, "%s/arch", headers),
			      sut_arena_printf(arena, "%s/include", headers),
			      sut_arena_printf(arena, "%s/certs", kbuild),
			      sut_arena_printf(arena, "%s/scripts", kbuild),
			      sut_arena_printf(arena, "%s/tools", kbuild),
			      NULL};

	if (!kbuild)
		return sut_fail(kernel->making->diag, SUT_REFUSED, "kernel-profile",
				"%s: has no programs of the build", kernel->packages.kbuild);
	return sut_kernel_tool(kernel, "/", argv);
}

/* An empty file, with the folders above it, below the tree. */
static enum sut_rc touch(struct sut_kernel_making *kernel, const char *name)
{
	struct sut_arena *arena = kernel->making->arena;
	char *path = sut_arena_printf(arena, "%s/%s", kernel->tree, name);

	for (char *slash = path + strlen(kernel->tree) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	return sut_file_write(path, "", 0, 0644, kernel->making->diag);
}

/*
 * kbuild configures anew when its own notes are missing or older than the configuration, and wants
 * to see the keys that the distribution signs with. Nothing is signed here.
 */
static enum sut_rc settle(struct sut_kernel_making *kernel)
{
	static const char *const keys[] = {"CONFIG_MODULE_SIG_KEY", "CONFIG_SYSTEM_TRUSTED_KEYS"};
	const struct timespec old[] = {{.tv_sec = 1}, {.tv_sec = 1}};
	const char *config = sut_arena_printf(kernel->making->arena, "%s/.config", kernel->tree);
	enum sut_rc rc = touch(kernel, "include/config/auto.conf.cmd");

	for (size_t i = 0; i < SUT_ARRAY_SIZE(keys) && rc == SUT_OK; i++) {
		const char *value;

		rc = sut_kernel_config_value(kernel, keys[i], &value);
		if (rc == SUT_OK && *value && *value != '/' && !strstr(value, ".."))
			rc = touch(kernel, value);
	}
	if (rc == SUT_OK && utimensat(AT_FDCWD, config, old, 0) < 0)
		rc = sut_fail_errno(kernel->making->diag, "%s", config);
	return rc;
}

/* ---- the compiler ---- */

static enum sut_rc find_compiler(struct sut_kernel_making *kernel)
{
	struct sut_making *making = kernel->making;
	const char *wanted, *text, *found;
	enum sut_rc rc = sut_kernel_config_value(kernel, "CONFIG_CC_VERSION_TEXT", &wanted);

	if (rc)
		return rc;
	kernel->compiler = sut_arena_strndup(making->arena, wanted, strcspn(wanted, " "));
	if (sut_kernel_ask(kernel, (const char *const[]){kernel->compiler, "--version", NULL},
			   &text)) {
		sut_fail(making->diag, SUT_REFUSED, "kernel-profile",
			 "%s: the compiler of this kernel is not installed here", wanted);
		sut_remedy(making->diag, "apt-get install %s", kernel->compiler);
		return SUT_REFUSED;
	}
	found = sut_arena_strndup(making->arena, text, strcspn(text, "\n"));
	if (strcmp(found, wanted) != 0)
		sut_note(making->arena, making->notes,
			 "the kernel was compiled by \"%s\", and installed is \"%s\"", wanted,
			 found);
	return SUT_OK;
}

/* ---- what kbuild makes ---- */

/* Lets kbuild make the files, each by the Makefile of its folder, without what comes before all. */
static enum sut_rc make_files(struct sut_kernel_making *kernel, const char *const *files,
			      size_t count)
{
	struct sut_making *making = kernel->making;
	const char *path = sut_arena_printf(making->arena, "%s/suture.mk", making->scratch);
	const char *search = getenv("PATH");
	const char *argv[] = {
		"env",      "-i",
		"LC_ALL=C", sut_arena_printf(making->arena, "PATH=%s", search ? search : ""),
		"make",     "--no-print-directory",
		"--silent", sut_arena_printf(making->arena, "CC=%s", kernel->compiler),
		"--file",   path,
		"suture",   NULL};
	SUT_FREE char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	enum sut_rc rc;

	if (!file)
		return sut_fail_errno(making->diag, "%s", path);
	fputs("include Makefile\nPHONY += suture\nsuture:\n", file);
	for (size_t i = 0; i < count; i++) {
		const char *goal = files[i], *name = sut_base_name(goal);

		if (access(sut_arena_printf(making->arena, "%s/%s", kernel->tree, goal), F_OK) < 0)
			fprintf(file, "\t-+$(Q)$(MAKE) $(build)=%.*s %s\n", (int)(name - goal - 1),
				goal, goal);
	}
	fclose(file);
	rc = sut_file_write(path, text, size, 0600, making->diag);
	return rc ? rc : sut_kernel_tool(kernel, kernel->tree, argv);
}

/* Programs that rules in other folders take for granted. */
static enum sut_rc make_programs(struct sut_kernel_making *kernel)
{
	static const char *const programs[] = {"scripts/asn1_compiler",
					       "scripts/selinux/genheaders/genheaders"};
	const char *there[SUT_ARRAY_SIZE(programs)];
	size_t count = 0;

	for (size_t i = 0; i < SUT_ARRAY_SIZE(programs); i++)
		if (access(sut_arena_printf(kernel->making->arena, "%s/%s.c", kernel->tree,
					    programs[i]),
			   F_OK) == 0)
			there[count++] = programs[i];
	return make_files(kernel, there, count);
}

/* What the vDSO, the boot code and the programs of the build are made of is no matter of ours. */
static bool is_wanted(const char *file)
{
	static const char *const others[] = {"arch/x86/boot/",
					     "arch/x86/entry/vdso/",
					     "arch/x86/purgatory/",
					     "arch/x86/realmode/",
					     "arch/x86/tools/",
					     "certs/",
					     "scripts/",
					     "tools/",
					     "usr/"};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(others); i++)
		if (strncmp(file, others[i], strlen(others[i])) == 0)
			return false;
	return strchr(file, '/') && sut_base_name(file)[0] != '.';
}

static enum sut_rc make_sources(struct sut_kernel_making *kernel)
{
	struct sut_making *making = kernel->making;
	size_t count = 0, capacity = 0;
	const char **files = NULL;
	enum sut_rc rc;

	for (size_t i = 0; i < kernel->commands.made_count; i++)
		if (is_wanted(kernel->commands.made[i]))
			SUT_PUSH(making->arena, files, count, capacity) = kernel->commands.made[i];
	sut_making_progress(making, "generating %zu sources and headers", count);
	rc = make_files(kernel, files, count);
	for (size_t i = 0; i < count && rc == SUT_OK; i++)
		if (access(sut_arena_printf(making->arena, "%s/%s", kernel->tree, files[i]), F_OK) <
		    0)
			sut_note(making->arena, making->notes,
				 "%s: cannot be generated, so units that need it cannot be patched",
				 files[i]);
	return rc;
}

enum sut_rc sut_kernel_tree_make(struct sut_kernel_making *kernel)
{
	struct sut_making *making = kernel->making;
	const char *cache = sut_arena_printf(making->arena, "%s/before", making->folder);
	enum sut_rc rc = unpack_source(kernel);

	if (rc == SUT_OK)
		rc = lay_over(kernel);
	if (rc == SUT_OK)
		rc = sut_kernel_config_check(kernel);
	if (rc == SUT_OK)
		rc = settle(kernel);
	if (rc == SUT_OK)
		rc = find_compiler(kernel);
	if (rc == SUT_OK)
		rc = make_programs(kernel);
	if (rc == SUT_OK)
		rc = sut_kernel_commands_load(making->arena, kernel->tree, cache, making->scratch,
					      making->options->progress,
					      making->options->progress_context, &kernel->commands,
					      making->diag);
	return rc ? rc : make_sources(kernel);
}
