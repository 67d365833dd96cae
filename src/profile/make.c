// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a profile is made: in a folder of the cache that nobody looks at, renamed at the end.
 *
 *   a package   its source is built again at the path where the distribution built it
 *   a tree      the developer's own; its command is run there, or its database read
 *
 * and then for both: the tree is put below the profile, the recorded commands are related to it,
 * objects, images and proofs are looked at (prove.h), and all files get their digests. A kernel is
 * not built again; see kernel.h.
 */
#include "profile/profile.h"
#include "profile/build.h"
#include "profile/cache.h"
#include "profile/file.h"
#include "profile/kernel-private.h"
#include "profile/prove.h"
#include "profile/tree.h"
#include "proof/target.h"
#include "base/guard.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Adds a file as a target when it is an image with a build-id; others are none. */
static void add_target(struct sut_making *making, const char *path)
{
	SUT_ARENA struct sut_arena scratch = {0};
	struct sut_profile *profile = making->profile;
	struct sut_profile_target target = {.image = ""};
	SUT_FREE char *real = realpath(path, NULL);
	struct sut_target image;
	struct sut_diag unused;

	if (!real || !sut_is_image(real) || sut_target_load(&scratch, real, &image, &unused))
		return;
	target.path = sut_arena_strdup(making->arena, real);
	target.build_id_size = image.build_id_size;
	memcpy(target.build_id, image.build_id, image.build_id_size);
	for (size_t i = 0; i < profile->target_count; i++)
		if (profile->targets[i].build_id_size == target.build_id_size &&
		    !memcmp(profile->targets[i].build_id, target.build_id, target.build_id_size))
			return;
	SUT_PUSH(making->arena, profile->targets, profile->target_count, profile->target_capacity) =
		target;
}

static enum sut_rc require_targets(struct sut_making *making, const char *where)
{
	if (making->profile->target_count)
		return SUT_OK;
	sut_fail(making->diag, SUT_REFUSED, "profile",
		 "%s: has no x86-64 executable or shared object with a build-id", where);
	sut_remedy(making->diag, "a profile is made of a program and what it was built from");
	return SUT_REFUSED;
}

/* ---- a package ---- */

static enum sut_rc find_targets(struct sut_making *making)
{
	for (size_t i = 0; i < making->package.file_count; i++)
		if (strncmp(making->package.files[i], "/usr/lib/debug/", 15) != 0)
			add_target(making, making->package.files[i]);
	return require_targets(making, making->options->package);
}

static const char *find_origin(struct sut_making *making)
{
	const struct sut_profile *profile = making->profile;
	const char *origin = NULL;

	for (size_t i = 0; i < profile->target_count && !origin; i++) {
		SUT_ARENA struct sut_arena scratch = {0};
		struct sut_target image;
		struct sut_diag unused;

		if (!sut_target_load(&scratch, profile->targets[i].path, &image, &unused))
			origin = sut_package_origin(making->arena, &making->package, image.bytes);
	}
	/* Where Debian's build machines have it. */
	return origin ? origin
		      : sut_arena_printf(making->arena, "/build/reproducible-path/%s",
					 making->package.folder);
}

static enum sut_rc get_source(struct sut_making *making, const char *folder)
{
	const struct sut_profile_options *options = making->options;
	enum sut_rc rc;

	if (options->source_dir) {
		SUT_FREE char *real = realpath(options->source_dir, NULL);

		if (!real)
			return sut_fail_errno(making->diag, "%s", options->source_dir);
		sut_making_progress(making, "copying %s", real);
		rc = sut_package_check_source(making->arena, making->scratch, &making->package,
					      real, making->diag);
		return rc ? rc : sut_tree_copy(making->arena, real, folder, making->diag);
	}
	sut_making_progress(making, "fetching the source of %s %s", making->package.source,
			    making->package.version);
	return sut_package_fetch(making->arena, making->scratch, &making->package, folder,
				 making->diag);
}

static const char *package_name(struct sut_making *making)
{
	const char *version = making->package.version, *colon = strchr(version, ':');

	return sut_arena_printf(making->arena, "%s_%s", making->package.source,
				colon ? colon + 1 : version);
}

static enum sut_rc make_package(struct sut_making *making)
{
	const struct sut_profile_options *options = making->options;
	struct sut_profile *profile = making->profile;
	const char *parent = sut_arena_printf(making->arena, "%s/build", making->work.folder);
	const char *folder;
	enum sut_rc rc = sut_package_find(making->arena, making->scratch, options->package,
					  &making->package, making->diag);

	if (rc == SUT_OK)
		rc = find_targets(making);
	if (rc)
		return rc;
	folder = sut_arena_printf(making->arena, "%s/%s", parent, making->package.folder);
	profile->package = options->package;
	profile->source = making->package.source;
	profile->version = making->package.version;
	if (!profile->name)
		profile->name = package_name(making);
	if (mkdir(parent, 0755) < 0)
		return sut_fail_errno(making->diag, "%s: cannot be made", parent);
	rc = get_source(making, folder);
	if (rc == SUT_OK)
		rc = sut_package_prepare(making->arena, making->scratch, &making->package, folder,
					 options->install, making->diag);
	if (rc == SUT_OK)
		rc = sut_build_package(making, parent, find_origin(making));
	if (rc == SUT_OK &&
	    rename(folder, sut_arena_printf(making->arena, "%s/tree", making->folder)) < 0)
		rc = sut_fail_errno(making->diag, "%s: cannot be moved", folder);
	return rc;
}

/* ---- a tree ---- */

static const char *tree_name(struct sut_making *making)
{
	const char *origin = making->profile->origin;
	unsigned char digest[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(digest) + 1];
	char *name;

	crypto_hash_sha256(digest, (const unsigned char *)origin, strlen(origin));
	name = sut_arena_printf(making->arena, "%s-%.8s", strrchr(origin, '/') + 1,
				sut_hex(hex, digest, sizeof(digest)));
	for (char *c = name; *c; c++)
		if (!sut_cache_name_valid((char[]){'a', *c, 0}))
			*c = '_';
	return sut_cache_name_valid(name) ? name : sut_arena_printf(making->arena, "t%s", name);
}

static enum sut_rc digest_entries(struct sut_making *making)
{
	for (size_t i = 0; i < making->entry_count; i++) {
		unsigned char digest[SUT_SHA256_SIZE];
		char *hex = sut_arena_alloc(making->arena, 2 * sizeof(digest) + 1);
		struct sut_diag unused;

		/* A file that is gone is told of later, with all others. */
		if (sut_file_digest(making->entries[i].path, digest, &unused) == SUT_OK)
			making->entries[i].digest = sut_hex(hex, digest, sizeof(digest));
		else
			making->entries[i].digest = "";
	}
	return SUT_OK;
}

static enum sut_rc read_database(struct sut_making *making)
{
	const char *path = making->options->database;
	struct sut_database database;
	enum sut_rc rc = SUT_OK;

	if (!path)
		rc = sut_database_find(making->arena, making->profile->origin, &path, making->diag);
	if (rc == SUT_OK)
		rc = sut_database_load(making->arena, path, &database, making->diag);
	if (rc)
		return rc;
	making->entries = database.entries;
	making->entry_count = database.count;
	return digest_entries(making);
}

static enum sut_rc tree_targets(struct sut_making *making)
{
	const struct sut_profile_options *options = making->options;
	const char *origin = making->profile->origin;
	struct sut_tree tree;
	enum sut_rc rc = sut_tree_list(making->arena, origin, &tree, making->diag);

	for (size_t i = 0; i < options->target_count && rc == SUT_OK; i++) {
		size_t known = making->profile->target_count;

		add_target(making, options->targets[i]);
		if (making->profile->target_count == known)
			rc = sut_fail(making->diag, SUT_REFUSED, "profile",
				      "%s: no x86-64 executable or shared object with a build-id "
				      "of its own",
				      options->targets[i]);
	}
	for (size_t i = 0; rc == SUT_OK && i < tree.count; i++)
		if (!tree.files[i].link)
			add_target(making, sut_arena_printf(making->arena, "%s/%s", origin,
							    tree.files[i].path));
	return rc ? rc : require_targets(making, origin);
}

static enum sut_rc make_tree(struct sut_making *making)
{
	const struct sut_profile_options *options = making->options;
	struct sut_profile *profile = making->profile;
	SUT_FREE char *real = realpath(options->tree, NULL);
	enum sut_rc rc;

	if (!real)
		return sut_fail_errno(making->diag, "%s: not a build tree", options->tree);
	profile->origin = sut_arena_strdup(making->arena, real);
	if (strcmp(profile->origin, "/") == 0)
		return sut_fail(making->diag, SUT_INVALID, "profile", "/: not a build tree");
	if (!profile->name)
		profile->name = tree_name(making);
	rc = options->command ? sut_build_tree(making) : read_database(making);
	if (rc == SUT_OK)
		rc = tree_targets(making);
	if (rc)
		return rc;
	sut_making_progress(making, "copying %s", profile->origin);
	return sut_tree_copy(making->arena, profile->origin,
			     sut_arena_printf(making->arena, "%s/tree", making->folder),
			     making->diag);
}

/* ---- both ---- */

/* A configure step's trials are gone with their objects. Where the object is still there, a patch
 * of a header would lack this unit. */
static void note_gone(struct sut_making *making, const struct sut_entry *entry)
{
	const char *output = sut_profile_output(making->arena, entry);

	if (output &&
	    access(sut_profile_path(making->arena, making->profile, making->folder, output),
		   F_OK) == 0)
		sut_note(making->arena, making->notes,
			 "%s: the build removed it after it was compiled, so patches of headers "
			 "will not reach it",
			 entry->file);
}

/*
 * Units are what was compiled and is still there. One whose source the build changed afterwards is
 * not proven, but stays: create shall refuse a patch of it and not overlook it.
 */
static void take_entries(struct sut_making *making)
{
	struct sut_profile *profile = making->profile;

	for (size_t i = 0; i < making->entry_count; i++) {
		const struct sut_entry *entry = &making->entries[i];
		const char *path =
			sut_profile_path(making->arena, profile, making->folder, entry->path);
		unsigned char now[SUT_SHA256_SIZE], then[SUT_SHA256_SIZE];
		struct sut_profile_unit unit = {.entry = *entry};
		struct sut_diag unused;

		if (sut_file_digest(path, now, &unused)) {
			note_gone(making, entry);
			continue;
		}
		unit.changed = !sut_unhex(entry->digest, then, sizeof(then)) ||
			       memcmp(now, then, sizeof(now)) != 0;
		if (unit.changed)
			sut_note(making->arena, making->notes,
				 "%s: the build changed it after it was compiled", entry->file);
		SUT_PUSH(making->arena, profile->units, profile->unit_count,
			 profile->unit_capacity) = unit;
	}
}

static enum sut_rc require_units(struct sut_making *making)
{
	if (making->profile->unit_count)
		return SUT_OK;
	sut_fail(making->diag, SUT_REFUSED, "profile",
		 "%s: no compilation was seen whose source is still there",
		 making->profile->origin);
	sut_remedy(making->diag, "let the command build from clean, such as after `make clean`");
	return SUT_REFUSED;
}

static enum sut_rc write_sums(struct sut_making *making)
{
	const char *path = sut_arena_printf(making->arena, "%s/SHA256SUMS", making->folder);
	char *text;
	enum sut_rc rc = sut_tree_sums(making->arena, making->folder, &text, making->diag);

	if (rc)
		return rc;
	crypto_hash_sha256(making->profile->sums, (const unsigned char *)text, strlen(text));
	return sut_file_write(path, text, strlen(text), 0644, making->diag);
}

static enum sut_rc prove(struct sut_making *making)
{
	struct sut_profile *profile = making->profile;
	const char *tree = sut_arena_printf(making->arena, "%s/tree", making->folder);
	struct sut_proving proving = {
		.arena = making->arena,
		.folder = making->folder,
		.profile = profile,
		.rebuilt = making->options->package != NULL,
		.fresh = making->options->tree && !making->options->command,
		.progress = making->options->progress,
		.context = making->options->progress_context,
		.notes = making->notes,
		.diag = making->diag,
	};
	enum sut_rc rc = sut_tree_relink(making->arena, tree, profile->origin, making->diag);

	if (rc == SUT_OK) {
		take_entries(making);
		rc = require_units(making);
	}
	if (rc == SUT_OK)
		rc = sut_profile_objects(&proving);
	if (rc == SUT_OK)
		rc = sut_profile_images(&proving);
	if (rc == SUT_OK)
		rc = sut_profile_prove(&proving);
	if (rc == SUT_OK)
		rc = sut_profile_programs(&proving);
	return rc;
}

static enum sut_rc finish(struct sut_making *making)
{
	enum sut_rc rc;

	sut_making_progress(making, "noting the digests of all files");
	rc = write_sums(making);
	return rc ? rc : sut_profile_write(making->profile, making->folder, making->diag);
}

static enum sut_rc make(struct sut_making *making)
{
	struct sut_profile *profile = making->profile;
	const char *before;
	enum sut_rc rc;

	making->folder = sut_arena_printf(making->arena, "%s/profile", making->work.folder);
	making->scratch = sut_arena_printf(making->arena, "%s/scratch", making->work.folder);
	before = sut_arena_printf(making->arena, "%s/before", making->folder);
	if (mkdir(making->folder, 0755) < 0 || mkdir(making->scratch, 0700) < 0 ||
	    mkdir(before, 0755) < 0)
		return sut_fail_errno(making->diag, "%s: cannot be written", making->work.folder);
	if (profile->name && !sut_cache_name_valid(profile->name))
		return sut_fail(making->diag, SUT_INVALID, "name", "%s: no name for a profile",
				profile->name);
	if (making->options->kernel) {
		rc = sut_kernel_make(making);
	} else {
		rc = making->options->package ? make_package(making) : make_tree(making);
		if (rc == SUT_OK)
			rc = prove(making);
	}
	if (rc == SUT_OK)
		rc = finish(making);
	if (rc == SUT_OK)
		rc = sut_cache_put(making->arena, &making->work, making->folder, profile->name,
				   making->diag);
	profile->folder =
		sut_arena_printf(making->arena, "%s/profiles/%s", making->work.root, profile->name);
	return rc;
}

enum sut_rc sut_profile_make(struct sut_arena *arena, const struct sut_profile_options *options,
			     struct sut_profile *profile, struct sut_profile_notes *notes,
			     struct sut_diag *diag)
{
	struct sut_making making = {
		.arena = arena,
		.options = options,
		.profile = profile,
		.notes = notes,
		.diag = diag,
	};
	sigset_t endings, before;
	enum sut_rc rc;

	*profile = (struct sut_profile){
		.name = options->name,
		.package = "",
		.kernel = "",
		.source = "",
		.version = "",
		.created = (uint64_t)time(NULL),
		.suture = SUT_VERSION,
	};
	sigemptyset(&endings);
	sigaddset(&endings, SIGINT);
	sigaddset(&endings, SIGTERM);
	sigaddset(&endings, SIGHUP);
	sigprocmask(SIG_BLOCK, &endings, &before);
	rc = sut_cache_begin(arena, &making.work, diag);
	if (rc == SUT_OK) {
		rc = make(&making);
		sut_cache_end(&making.work);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}
