// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A sample of units, spread over the kernel and its modules, compiled and compared with what was
 * shipped. It shows that tree, commands and compiler are right; create proves what it patches.
 */
#include "profile/kernel-private.h"
#include "profile/prove.h"
#include "kernel/create/match.h"
#include "object/object.h"
#include "units/jobs.h"
#include "base/guard.h"

#include <string.h>
#include <sys/stat.h>

enum { IN_IMAGE = 16, IN_MODULES = 4, SAMPLE = IN_IMAGE + IN_MODULES };

struct sampled {
	const struct sut_kernel_unit *unit;
	struct sut_kernel_command command;
	const char *object, *errors;
};

struct sample {
	struct sut_kernel_making *kernel;
	const char *folder; /* scratch */
	size_t count;
	struct sampled list[SAMPLE];
	struct sut_profile_target *target; /* takes the counts */
};

static bool is_candidate(const struct sut_kernel_unit *unit, bool module)
{
	size_t length = strlen(unit->source);

	/* objtool runs on what becomes the kernel's text, so not on the vDSO's and the boot code.
	 */
	return length > 2 && strcmp(unit->source + length - 2, ".c") == 0 &&
	       strstr(unit->rest, "objtool") && (*unit->modules != '\0') == module &&
	       !strchr(unit->modules, ' ');
}

static enum sut_rc choose(struct sample *sample, size_t wanted, bool module)
{
	const struct sut_kernel_commands *commands = &sample->kernel->commands;
	size_t candidates = 0, seen = 0, taken = 0;
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < commands->count; i++)
		candidates += is_candidate(&commands->units[i], module);
	for (size_t i = 0; i < commands->count && taken < wanted && rc == SUT_OK; i++) {
		const struct sut_kernel_unit *unit = &commands->units[i];
		struct sampled *sampled = &sample->list[sample->count];

		if (!is_candidate(unit, module) || seen++ < taken * candidates / wanted)
			continue;
		rc = sut_kernel_command_read(sample->kernel->making->arena, unit, &sampled->command,
					     sample->kernel->making->diag);
		sampled->unit = unit;
		taken++;
		sample->count++;
	}
	return rc;
}

/* The unit's command with its object elsewhere. */
static struct sut_job compile_job(struct sample *sample, struct sampled *sampled)
{
	struct sut_arena *arena = sample->kernel->making->arena;
	const char **argv = sut_arena_array(arena, sampled->command.argc + 1, sizeof(*argv));

	memcpy(argv, sampled->command.argv, sampled->command.argc * sizeof(*argv));
	for (size_t i = 1; i < sampled->command.argc; i++)
		if (strcmp(argv[i - 1], "-o") == 0)
			argv[i] = sampled->object;
	return (struct sut_job){.argv = argv,
				.directory = sample->kernel->tree,
				.errors = sampled->errors};
}

static struct sut_job objtool_job(struct sample *sample, struct sampled *sampled)
{
	size_t count = 0;
	const char **argv;

	while (sampled->command.objtool[count])
		count++;
	argv = sut_arena_array(sample->kernel->making->arena, count + 2, sizeof(*argv));
	memcpy(argv, sampled->command.objtool, count * sizeof(*argv));
	argv[count] = sampled->object;
	return (struct sut_job){.argv = argv,
				.directory = sample->kernel->tree,
				.errors = sampled->errors};
}

static enum sut_rc run(struct sample *sample,
		       struct sut_job (*make)(struct sample *sample, struct sampled *sampled))
{
	struct sut_making *making = sample->kernel->making;
	struct sut_job jobs[SAMPLE];
	enum sut_rc rc;

	for (size_t i = 0; i < sample->count; i++)
		jobs[i] = make(sample, &sample->list[i]);
	rc = sut_jobs_run(making->arena, jobs, sample->count,
			  (unsigned int)sysconf(_SC_NPROCESSORS_ONLN), making->diag);
	for (size_t i = 0; i < sample->count && rc == SUT_OK; i++) {
		if (!jobs[i].status)
			continue;
		rc = sut_fail(making->diag, SUT_REFUSED, "kernel-profile", "%s: does not compile",
			      sample->list[i].unit->source);
		sut_context(making->diag, rc, "%s", sut_job_errors(making->arena, &jobs[i]));
	}
	return rc;
}

/* ---- compared ---- */

static void count(struct sample *sample, const struct sampled *sampled,
		  const struct sut_object *object, const struct sut_proof *proof)
{
	struct sut_making *making = sample->kernel->making;

	sample->target->units++;
	sample->target->equal += proof->equal;
	sample->target->different += proof->different;
	sample->target->absent += proof->absent;
	for (size_t i = 0; i < object->def_count; i++)
		if (sut_def_is_function(&object->defs[i]) &&
		    proof->defs[i].state == SUT_PROOF_DIFFERENT)
			sut_note(making->arena, making->notes, "%s: %s is different: %s",
				 sampled->unit->source, object->defs[i].name,
				 proof->defs[i].reason);
}

/* The shipped file of "fs/ext4/ext4", or NULL. */
static const char *module_path(struct sample *sample, struct sut_arena *arena, const char *module)
{
	static const char *const endings[] = {"ko", "ko.xz", "ko.zst", "ko.gz"};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(endings); i++) {
		const char *path = sut_arena_printf(arena, "%s/modules/%s.%s",
						    sample->kernel->files, module, endings[i]);

		if (access(path, R_OK) == 0)
			return path;
	}
	return NULL;
}

static enum sut_rc prove(struct sample *sample, const struct sampled *sampled,
			 const struct sut_kernel_target *image)
{
	struct sut_kernel_making *kernel = sample->kernel;
	struct sut_diag *diag = kernel->making->diag;
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_kernel_target of_module;
	struct sut_kernel_module module;
	struct sut_object object;
	struct sut_proof proof;
	enum sut_rc rc = sut_object_load(&arena, sampled->object, &object, diag);

	if (rc == SUT_OK && *sampled->unit->modules) {
		const char *path = module_path(sample, &arena, sampled->unit->modules);

		rc = path ? sut_kernel_module_open(&arena, path, &module, diag)
			  : sut_fail(diag, SUT_REFUSED, "kernel-profile",
				     "%s: not among the modules of %s", sampled->unit->modules,
				     kernel->packages.image);
		if (rc == SUT_OK)
			rc = sut_kernel_target_module(&arena, &module, &of_module, diag);
		image = &of_module;
	}
	if (rc)
		return rc;
	sut_kernel_prove(&arena, &object, image, &proof);
	count(sample, sampled, &object, &proof);
	return SUT_OK;
}

static enum sut_rc judge(const struct sample *sample)
{
	const struct sut_profile_target *target = sample->target;
	struct sut_diag *diag = sample->kernel->making->diag;

	if (target->equal > target->different)
		return SUT_OK;
	sut_fail(diag, SUT_REFUSED, "kernel-profile",
		 "of a sample of %zu units %zu functions are as in the kernel, %zu are different",
		 target->units, target->equal, target->different);
	sut_remedy(diag, "install the compiler and the binutils that the kernel was built with: %s",
		   sample->kernel->image.compiler);
	return SUT_REFUSED;
}

enum sut_rc sut_kernel_sample_prove(struct sut_kernel_making *kernel)
{
	struct sut_making *making = kernel->making;
	struct sample sample = {
		.kernel = kernel,
		.folder = sut_arena_printf(making->arena, "%s/sample", making->scratch),
		.target = &making->profile->targets[0],
	};
	struct sut_kernel_symbols symbols;
	struct sut_kernel_target image;
	enum sut_rc rc = choose(&sample, IN_IMAGE, false);

	if (rc == SUT_OK)
		rc = choose(&sample, IN_MODULES, true);
	if (rc == SUT_OK && mkdir(sample.folder, 0700) < 0)
		rc = sut_fail_errno(making->diag, "%s", sample.folder);
	for (size_t i = 0; i < sample.count; i++) {
		sample.list[i].object =
			sut_arena_printf(making->arena, "%s/%zu.o", sample.folder, i);
		sample.list[i].errors =
			sut_arena_printf(making->arena, "%s/%zu.errors", sample.folder, i);
	}
	sut_making_progress(making, "compiling %zu units to compare them with the kernel",
			    sample.count);
	if (rc == SUT_OK)
		rc = run(&sample, compile_job);
	if (rc == SUT_OK)
		rc = run(&sample, objtool_job);
	if (rc == SUT_OK)
		rc = sut_kernel_image_symbols(making->arena, &kernel->image, &symbols,
					      making->diag);
	if (rc)
		return rc;
	sut_kernel_target_vmlinux(making->arena, &kernel->image, &symbols, &image);
	for (size_t i = 0; i < sample.count && rc == SUT_OK; i++)
		rc = prove(&sample, &sample.list[i], &image);
	return rc ? rc : judge(&sample);
}
