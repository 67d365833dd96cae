// SPDX-License-Identifier: GPL-2.0-or-later
/* How the profile of a kernel is made; what is done with it afterwards is profile/make.c's. */
#include "profile/kernel-private.h"
#include "profile/prove.h"
#include "units/jobs.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

enum { ANSWER_MAX = 1 << 20 /* bytes */ };

static enum sut_rc run(struct sut_kernel_making *kernel, const char *directory,
		       const char *const *argv, const char *output)
{
	struct sut_making *making = kernel->making;
	static const char *const variables[] = {"LC_ALL=C.UTF-8", NULL};
	struct sut_job job = {
		.argv = sut_job_bound(making->arena, argv),
		.directory = directory,
		.variables = (const char **)variables,
		.output = output,
		.errors = sut_arena_printf(making->arena, "%s/errors", making->scratch),
	};
	enum sut_rc rc = sut_jobs_run(making->arena, &job, 1, 1, making->diag);

	if (rc || !job.status)
		return rc;
	rc = sut_fail(making->diag, SUT_REFUSED, "kernel-profile", "%s: failed",
		      sut_job_line(making->arena, argv));
	return sut_context(making->diag, rc, "%s", sut_job_errors(making->arena, &job));
}

enum sut_rc sut_kernel_tool(struct sut_kernel_making *kernel, const char *directory,
			    const char *const *argv)
{
	return run(kernel, directory, argv, NULL);
}

enum sut_rc sut_kernel_ask(struct sut_kernel_making *kernel, const char *const *argv,
			   const char **text)
{
	struct sut_making *making = kernel->making;
	const char *output = sut_arena_printf(making->arena, "%s/answer", making->scratch);
	struct sut_bytes bytes;
	enum sut_rc rc = run(kernel, "/", argv, output);

	if (rc == SUT_OK)
		rc = sut_file_read(making->arena, output, ANSWER_MAX, &bytes, making->diag);
	if (rc == SUT_OK)
		*text = (const char *)bytes.data;
	return rc;
}

static const char *running_release(struct sut_arena *arena)
{
	struct utsname name;

	return uname(&name) == 0 ? sut_arena_strdup(arena, name.release) : "";
}

/* A release is part of names and paths. */
static enum sut_rc check_release(struct sut_kernel_making *kernel)
{
	if (sut_cache_name_valid(kernel->release) && !strstr(kernel->release, ".."))
		return SUT_OK;
	return sut_fail(kernel->making->diag, SUT_INVALID, "name", "%s: no release of a kernel",
			kernel->release);
}

/* The image is the one target; where the distribution installs it. */
static void add_target(struct sut_kernel_making *kernel)
{
	struct sut_making *making = kernel->making;
	struct sut_profile *profile = making->profile;
	struct sut_profile_target target = {
		.path = sut_arena_printf(making->arena, "/boot/vmlinuz-%s", kernel->release),
		.build_id_size = kernel->image.elf.build_id_size,
		.verdict = SUT_PROFILE_PROVEN,
		.image = "kernel/vmlinux",
	};

	memcpy(target.build_id, kernel->image.elf.build_id, target.build_id_size);
	SUT_PUSH(making->arena, profile->targets, profile->target_count, profile->target_capacity) =
		target;
}

static void fill_profile(struct sut_kernel_making *kernel)
{
	struct sut_profile *profile = kernel->making->profile;

	profile->kernel = kernel->release;
	profile->package =
		sut_arena_printf(kernel->making->arena, "linux-image-%s", kernel->release);
	profile->source = "linux";
	profile->version = kernel->version;
	/* Commands are relative to the tree, wherever it is. */
	profile->origin = "/";
	if (!profile->name)
		profile->name =
			sut_arena_printf(kernel->making->arena, "linux-%s", kernel->release);
}

enum sut_rc sut_kernel_make(struct sut_making *making)
{
	struct sut_kernel_making kernel = {
		.making = making,
		.release = making->options->kernel,
		.root = sut_arena_printf(making->arena, "%s/root", making->scratch),
		.files = sut_arena_printf(making->arena, "%s/kernel", making->folder),
		.tree = sut_arena_printf(making->arena, "%s/tree", making->folder),
	};
	struct sut_proving proving = {
		.arena = making->arena,
		.profile = making->profile,
		.diag = making->diag,
	};
	enum sut_rc rc;

	if (!*kernel.release)
		kernel.release = running_release(making->arena);
	rc = check_release(&kernel);
	if (rc == SUT_OK && mkdir(kernel.root, 0700) < 0)
		rc = sut_fail_errno(making->diag, "%s", kernel.root);
	if (rc == SUT_OK)
		rc = sut_kernel_packages_get(&kernel);
	if (rc == SUT_OK)
		rc = sut_kernel_packages_unpack(&kernel);
	if (rc)
		return rc;
	fill_profile(&kernel);
	rc = sut_kernel_files_take(&kernel);
	if (rc == SUT_OK)
		rc = sut_kernel_tree_make(&kernel);
	if (rc)
		return rc;
	add_target(&kernel);
	rc = sut_kernel_sample_prove(&kernel);
	return rc ? rc : sut_profile_compiler(&proving, kernel.compiler);
}
