// SPDX-License-Identifier: GPL-2.0-or-later
/* Profiles that are there: used, verified, removed. */
#include "profile/profile.h"
#include "profile/cache.h"
#include "profile/file.h"
#include "profile/prove.h"
#include "profile/tree.h"
#include "kernel/image/image.h"
#include "proof/target.h"
#include "base/guard.h"

#include <sodium.h>
#include <string.h>

enum { SUMS_MAX = 256 << 20 /* bytes */ };

/* ---- the database for create ---- */

/* A unit's place in one of the wanted targets, or nothing. */
static bool is_in(const struct sut_profile_unit *unit, const size_t *wanted, size_t count)
{
	for (size_t i = 0; i < unit->place_count; i++)
		for (size_t k = 0; k < count; k++)
			if (unit->places[i].target == wanted[k])
				return true;
	return false;
}

/* Another compile of the same file, or of a copy, is in a wanted target, and this one is not: the
 * linker took the other. A file of which none is there stays, for create has to say so. */
static bool is_other_compile(const struct sut_profile *profile, size_t index, const size_t *wanted,
			     size_t count)
{
	const struct sut_profile_unit *unit = &profile->units[index];

	if (is_in(unit, wanted, count))
		return false;
	for (size_t i = 0; i < profile->unit_count; i++) {
		const struct sut_profile_unit *other = &profile->units[i];

		if (i != index && sut_profile_same_file(&unit->entry, &other->entry) &&
		    is_in(other, wanted, count))
			return true;
	}
	return false;
}

enum sut_rc sut_profile_database(struct sut_arena *arena, const struct sut_profile *profile,
				 const size_t *wanted, size_t wanted_count,
				 struct sut_database *database, struct sut_diag *diag)
{
	struct sut_database result = {
		.path = sut_arena_printf(arena, "%s/profile.json", profile->folder),
		.entries = sut_arena_array(arena, profile->unit_count, sizeof(*result.entries)),
	};

	for (size_t i = 0; i < profile->unit_count; i++) {
		enum sut_rc rc;

		if (is_other_compile(profile, i, wanted, wanted_count))
			continue;
		rc = sut_profile_move(arena, profile, profile->folder, &profile->units[i].entry,
				      &result.entries[result.count], diag);
		if (rc)
			return rc;
		result.count++;
	}
	*database = result;
	return SUT_OK;
}

/* ---- verified ---- */

uint64_t sut_profile_size(const struct sut_profile *profile)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_tree tree;
	struct sut_diag unused;
	uint64_t size = 0;

	if (sut_tree_list(&arena, profile->folder, &tree, &unused))
		return 0;
	for (size_t i = 0; i < tree.count; i++)
		size += tree.files[i].space;
	return size;
}

/* One line of SHA256SUMS; path is what is behind the digest. */
struct sum {
	const char *digest, *path;
};

static bool next_sum(char **rest, struct sum *sum)
{
	char *line;

	while ((line = strsep(rest, "\n"))) {
		size_t digest = strcspn(line, " ");

		if (!line[digest] || !line[digest + 1])
			continue;
		line[digest] = '\0';
		*sum = (struct sum){line, line + digest + 2};
		return true;
	}
	*sum = (struct sum){"", NULL};
	return false;
}

/* Both are in the order in which the tree is walked. */
static void compare_sums(struct sut_arena *arena, char *then, char *now,
			 struct sut_profile_notes *notes)
{
	struct sum old, new;

	next_sum(&then, &old);
	next_sum(&now, &new);
	while (old.path || new.path) {
		int order = !old.path ? 1 : !new.path ? -1 : strcmp(old.path, new.path);

		if (order < 0)
			sut_note(arena, notes, "%s: missing", old.path);
		else if (order > 0)
			sut_note(arena, notes, "%s: was not there", new.path);
		else if (strcmp(old.digest, new.digest) != 0)
			sut_note(arena, notes, "%s: changed", old.path);
		if (order <= 0)
			next_sum(&then, &old);
		if (order >= 0)
			next_sum(&now, &new);
	}
}

static enum sut_rc verify_files(struct sut_arena *arena, const struct sut_profile *profile,
				struct sut_profile_notes *notes, struct sut_diag *diag)
{
	unsigned char digest[SUT_SHA256_SIZE];
	struct sut_bytes then;
	char *now;
	enum sut_rc rc =
		sut_file_read(arena, sut_arena_printf(arena, "%s/SHA256SUMS", profile->folder),
			      SUMS_MAX, &then, diag);

	if (rc == SUT_OK)
		rc = sut_tree_sums(arena, profile->folder, &now, diag);
	if (rc)
		return rc;
	crypto_hash_sha256(digest, then.data, then.size);
	if (memcmp(digest, profile->sums, sizeof(digest)) != 0)
		sut_note(arena, notes, "SHA256SUMS: changed");
	compare_sums(arena, (char *)then.data, now, notes);
	return SUT_OK;
}

static void verify_programs(struct sut_arena *arena, const struct sut_profile *profile,
			    struct sut_profile_notes *notes)
{
	for (size_t i = 0; i < profile->program_count; i++) {
		const struct sut_profile_program *program = &profile->programs[i];
		unsigned char digest[SUT_SHA256_SIZE];
		struct sut_diag reason;

		if (sut_file_digest(program->path, digest, &reason))
			sut_note(arena, notes, "%s", reason.entry[0]);
		else if (memcmp(digest, program->sha256, sizeof(digest)) != 0)
			sut_note(arena, notes, "%s: another version than the profile's",
				 program->path);
	}
}

/* The kernel need not be installed here: a profile is made from packages. */
static void verify_kernel(struct sut_arena *arena, const struct sut_profile_target *target,
			  struct sut_profile_notes *notes)
{
	SUT_ARENA struct sut_arena scratch = {0};
	struct sut_kernel_image image;
	struct sut_diag reason;

	if (access(target->path, R_OK) < 0)
		return;
	if (sut_kernel_image_open(&scratch, target->path, &image, &reason))
		sut_note(arena, notes, "%s", reason.entry[0]);
	else if (image.elf.build_id_size != target->build_id_size ||
		 memcmp(image.elf.build_id, target->build_id, target->build_id_size) != 0)
		sut_note(arena, notes, "%s: another build than the profile's", target->path);
}

static void verify_targets(struct sut_arena *arena, const struct sut_profile *profile,
			   struct sut_profile_notes *notes)
{
	for (size_t i = 0; i < profile->target_count; i++) {
		const struct sut_profile_target *target = &profile->targets[i];
		SUT_ARENA struct sut_arena scratch = {0};
		struct sut_diag reason;
		struct sut_target image;

		if (*profile->kernel)
			verify_kernel(arena, target, notes);
		else if (sut_target_load(&scratch, target->path, &image, &reason))
			sut_note(arena, notes, "%s", reason.entry[0]);
		else if (image.build_id_size != target->build_id_size ||
			 memcmp(image.build_id, target->build_id, image.build_id_size) != 0)
			sut_note(arena, notes, "%s: another build than the profile's",
				 target->path);
	}
}

enum sut_rc sut_profile_verify(struct sut_arena *arena, const struct sut_profile *profile,
			       struct sut_profile_damage *damage, struct sut_diag *diag)
{
	enum sut_rc rc;

	*damage = (struct sut_profile_damage){0};
	rc = verify_files(arena, profile, &damage->files, diag);
	verify_programs(arena, profile, &damage->programs);
	verify_targets(arena, profile, &damage->targets);
	return rc;
}

enum sut_rc sut_profile_remove(struct sut_arena *arena, const char *name, struct sut_diag *diag)
{
	struct sut_cache_work work;
	enum sut_rc rc = sut_cache_begin(arena, &work, diag);

	if (rc)
		return rc;
	rc = sut_cache_take(arena, &work, name, diag);
	sut_cache_end(&work);
	return rc;
}
