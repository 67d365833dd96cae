// SPDX-License-Identifier: GPL-2.0-or-later
/* Linked images: which of those in the tree are the targets, and which programs made them. */
#include "profile/prove.h"
#include "profile/tree.h"
#include "units/jobs.h"
#include "units/path.h"
#include "units/scratch.h"
#include "proof/target.h"
#include "base/guard.h"
#include "base/io.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>

enum { ANSWER_MAX = 1 << 16 /* bytes that a compiler prints about itself */ };

bool sut_is_image(const char *path)
{
	SUT_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	Elf64_Ehdr header;

	return fd >= 0 && sut_pread_all(fd, &header, sizeof(header), 0) &&
	       memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	       header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_machine == EM_X86_64 &&
	       (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

/* Takes what an image of the tree, at path relative to the profile, says of the targets. */
static enum sut_rc take_image(struct sut_proving *proving, unsigned char (*digests)[32],
			      const char *path)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *full = sut_arena_printf(&arena, "%s/%s", proving->folder, path);
	struct sut_target image;
	struct sut_diag unused;
	unsigned char digest[SUT_SHA256_SIZE];

	if (!sut_is_image(full) || sut_target_load(&arena, full, &image, &unused))
		return SUT_OK;
	for (size_t i = 0; i < proving->profile->target_count; i++) {
		struct sut_profile_target *target = &proving->profile->targets[i];
		enum sut_rc rc;

		if (target->build_id_size != image.build_id_size ||
		    memcmp(target->build_id, image.build_id, image.build_id_size) != 0)
			continue;
		if (image.has_symtab && !*target->image)
			target->image = sut_arena_strdup(proving->arena, path);
		if (!proving->rebuilt)
			continue;
		rc = sut_file_digest(full, digest, proving->diag);
		if (rc)
			return rc;
		if (memcmp(digest, digests[i], sizeof(digest)) == 0)
			target->verdict = SUT_PROFILE_IDENTICAL;
		else if (target->verdict == SUT_PROFILE_PROVEN)
			target->verdict = SUT_PROFILE_BUILD_ID;
	}
	return SUT_OK;
}

enum sut_rc sut_profile_images(struct sut_proving *proving)
{
	struct sut_profile *profile = proving->profile;
	unsigned char(*digests)[SUT_SHA256_SIZE] =
		sut_arena_array(proving->arena, profile->target_count, sizeof(*digests));
	struct sut_tree tree;
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < profile->target_count && rc == SUT_OK; i++)
		rc = sut_file_digest(profile->targets[i].path, digests[i], proving->diag);
	if (rc == SUT_OK)
		rc = sut_tree_list(proving->arena,
				   sut_arena_printf(proving->arena, "%s/tree", proving->folder),
				   &tree, proving->diag);
	for (size_t i = 0; rc == SUT_OK && i < tree.count; i++)
		if (!tree.files[i].link)
			rc = take_image(proving, digests,
					sut_arena_printf(proving->arena, "tree/%s",
							 tree.files[i].path));
	return rc;
}

/* ---- programs ---- */

static enum sut_rc add_program(struct sut_proving *proving, const char *name)
{
	struct sut_profile *profile = proving->profile;
	const char *path = sut_path_program(proving->arena, name);
	struct sut_profile_program program;
	enum sut_rc rc;

	if (!path)
		return SUT_OK;
	for (size_t i = 0; i < profile->program_count; i++)
		if (strcmp(profile->programs[i].path, path) == 0)
			return SUT_OK;
	program.path = path;
	rc = sut_file_digest(path, program.sha256, proving->diag);
	if (rc == SUT_OK)
		SUT_PUSH(proving->arena, profile->programs, profile->program_count,
			 profile->program_capacity) = program;
	return rc;
}

/* What a driver runs, by its own word; clang has all in one and says a bare name. */
static enum sut_rc add_part(struct sut_proving *proving, const char *scratch, const char *driver,
			    const char *part)
{
	const char *argv[] = {driver, sut_arena_printf(proving->arena, "-print-prog-name=%s", part),
			      NULL};
	struct sut_job job = {
		.argv = argv,
		.directory = "/",
		.output = sut_arena_printf(proving->arena, "%s/answer", scratch),
	};
	struct sut_bytes answer;
	enum sut_rc rc = sut_jobs_run(proving->arena, &job, 1, 1, proving->diag);

	if (rc == SUT_OK)
		rc = sut_file_read(proving->arena, job.output, ANSWER_MAX, &answer, proving->diag);
	if (rc || job.status)
		return rc;
	return add_program(proving, sut_arena_strndup(proving->arena, (const char *)answer.data,
						      strcspn((const char *)answer.data, "\n")));
}

static bool is_first_use(const struct sut_profile *profile, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(profile->units[i].entry.argv[0], profile->units[index].entry.argv[0]) ==
		    0)
			return false;
	return true;
}

enum sut_rc sut_profile_compiler(struct sut_proving *proving, const char *driver)
{
	static const char *const parts[] = {"cc1", "as"};
	const char *scratch;
	enum sut_rc rc;

	if (!sut_path_program(proving->arena, driver))
		return SUT_OK;
	rc = sut_scratch_make(proving->arena, &scratch, proving->diag);
	if (rc)
		return rc;
	rc = add_program(proving, driver);
	for (size_t i = 0; i < SUT_ARRAY_SIZE(parts) && rc == SUT_OK; i++)
		rc = add_part(proving, scratch, driver, parts[i]);
	sut_scratch_remove(scratch);
	return rc;
}

enum sut_rc sut_profile_programs(struct sut_proving *proving)
{
	const struct sut_profile *profile = proving->profile;
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < profile->unit_count && rc == SUT_OK; i++)
		if (is_first_use(profile, i))
			rc = sut_profile_compiler(proving, profile->units[i].entry.argv[0]);
	return rc;
}
