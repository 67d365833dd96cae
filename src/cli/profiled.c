// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/profiled.h"
#include "base/guard.h"
#include "proof/target.h"

#include <string.h>

static enum sut_rc refuse(struct sut_arena *arena, const char *path, struct sut_diag *diag)
{
	const char *owner = sut_package_owner(arena, path);

	sut_fail(diag, SUT_REFUSED, "profile", "%s: no --source is named, and it has no profile",
		 path);
	if (owner)
		sut_remedy(diag, "suture profile --package %s", owner);
	else
		sut_remedy(diag, "suture profile --build-tree DIR -- make, or name the tree with "
				 "--source");
	return SUT_REFUSED;
}

/* The profile of one target, and which of its targets that is. */
static enum sut_rc find_one(struct sut_arena *arena, const char *path, struct sut_profile *profile,
			    size_t *index, struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena scratch = {0};
	struct sut_target target;
	enum sut_rc rc = sut_target_load(&scratch, path, &target, diag);

	if (rc)
		return rc;
	rc = sut_profile_find(arena, target.build_id, target.build_id_size, profile, diag);
	if (rc == SUT_GONE)
		return refuse(arena, path, diag);
	for (*index = 0; rc == SUT_OK; ++*index) {
		const struct sut_profile_target *known = &profile->targets[*index];

		if (known->build_id_size == target.build_id_size &&
		    memcmp(known->build_id, target.build_id, target.build_id_size) == 0)
			break;
	}
	return rc;
}

static enum sut_rc find_all(struct sut_arena *arena, struct sut_create_options *wanted,
			    struct sut_profile *profile, size_t *indices, struct sut_diag *diag)
{
	for (size_t i = 0; i < wanted->target_count; i++) {
		struct sut_profile found;
		enum sut_rc rc = find_one(arena, wanted->targets[i], &found, &indices[i], diag);

		if (rc)
			return rc;
		if (i && strcmp(found.folder, profile->folder) != 0) {
			sut_fail(diag, SUT_REFUSED, "profile",
				 "%s and %s: from two profiles, %s and %s", wanted->targets[0],
				 wanted->targets[i], profile->name, found.name);
			sut_remedy(diag, "a patch is made of one source tree: make one for each");
			return SUT_REFUSED;
		}
		*profile = found;
	}
	return SUT_OK;
}

enum sut_rc sut_profiled_find(struct sut_arena *arena, struct sut_create_options *wanted,
			      struct sut_profiled *profiled, struct sut_diag *diag)
{
	struct sut_profile *profile = &profiled->profile;
	size_t *indices = sut_arena_array(arena, wanted->target_count, sizeof(*indices));
	enum sut_rc rc = find_all(arena, wanted, profile, indices, diag);

	if (rc)
		return rc;
	profiled->held = sut_profile_hold(profile);
	if (profiled->held < 0)
		return sut_fail(diag, SUT_RETRY, "profile", "%s: replaced just now; try again",
				profile->name);
	rc = sut_profile_database(arena, profile, indices, wanted->target_count,
				  &profiled->commands, diag);
	if (rc)
		return rc;
	wanted->source = sut_arena_printf(arena, "%s/tree", profile->folder);
	wanted->commands = &profiled->commands;
	wanted->before = sut_arena_printf(arena, "%s/before", profile->folder);
	wanted->images = sut_arena_array(arena, wanted->target_count, sizeof(*wanted->images));
	for (size_t i = 0; i < wanted->target_count; i++) {
		const char *image = profile->targets[indices[i]].image;

		wanted->images[i] =
			*image ? sut_arena_printf(arena, "%s/%s", profile->folder, image) : NULL;
	}
	return SUT_OK;
}

void sut_profiled_report(struct sut_out *out, const struct sut_profiled *profiled)
{
	if (profiled->held < 0)
		return;
	sut_out_headline(out, SUT_MARK_NONE, "with the profile %s", profiled->profile.name);
	sut_out_string(out, "profile", profiled->profile.name);
}
