// SPDX-License-Identifier: GPL-2.0-or-later
/* suture profile: makes what create needs to know of a target, and looks after what was made. */
#include "cli/cli.h"
#include "base/guard.h"
#include "base/io.h"
#include "profile/profile.h"

#include <string.h>
#include <time.h>

static const struct sut_option options[] = {
	{"package", "NAME", "make one of an installed package: builds its source again"},
	{"source-dir", "DIR", "with --package: its unpacked source (fetched from the archive)"},
	{"install-build-deps", NULL, "with --package: install what the build needs"},
	{"kernel", NULL, "make one of kernel VERSION (of the running kernel)"},
	{"packages", "DIR", "with --kernel: a folder with its packages (fetched from the archive)"},
	{"build-tree", "DIR", "make one of a build tree, by its database or by COMMAND"},
	{"database", "FILE", "with --build-tree: compile_commands.json (looked for in DIR)"},
	{"target", "BINARY", "with --build-tree: a target outside of it; may be repeated"},
	{"name", "NAME", "the profile's name (made from the package or the tree)"},
};

static void show_progress(void *context, const char *text)
{
	sut_progress(context, "%s", text);
}

static const char *hex_of(struct sut_arena *arena, const struct sut_profile_target *target)
{
	return sut_hex(sut_arena_alloc(arena, 2 * target->build_id_size + 1), target->build_id,
		       target->build_id_size);
}

static const char *day_of(struct sut_arena *arena, uint64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm tm;
	char text[32];

	if (!gmtime_r(&when, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm))
		return "?";
	return sut_arena_strdup(arena, text);
}

static const char *verdict_words(enum sut_profile_verdict verdict)
{
	switch (verdict) {
	case SUT_PROFILE_IDENTICAL:
		return "rebuilt bit for bit";
	case SUT_PROFILE_BUILD_ID:
		return "rebuilt with the same build-id";
	case SUT_PROFILE_PROVEN:
		return "proven by function";
	}
	return "";
}

/* ---- what a profile is ---- */

static void put_kernel(struct sut_out *out, struct sut_arena *arena,
		       const struct sut_profile *profile, uint64_t size)
{
	const struct sut_profile_target *image = profile->targets;

	sut_out_headline(out, SUT_MARK_OK, "%s: kernel %s (%s), %.1f MB, made %s", profile->name,
			 profile->kernel, profile->version, size / 1e6,
			 day_of(arena, profile->created));
	sut_out_headline(
		out, image->different ? SUT_MARK_WARNING : SUT_MARK_NONE,
		"build-id %s; of a sample of %zu units %zu functions are as in the kernel, "
		"%zu different, %zu not found",
		hex_of(arena, image), image->units, image->equal, image->different, image->absent);
}

static void put_headlines(struct sut_out *out, struct sut_arena *arena,
			  const struct sut_profile *profile, uint64_t size)
{
	if (*profile->kernel) {
		put_kernel(out, arena, profile, size);
		return;
	}
	sut_out_headline(out, SUT_MARK_OK, "%s: %zu units, %.1f MB, made %s", profile->name,
			 profile->unit_count, size / 1e6, day_of(arena, profile->created));
	for (size_t i = 0; i < profile->target_count; i++) {
		const struct sut_profile_target *target = &profile->targets[i];
		const char *of = "";

		if (target->functions)
			of = sut_arena_printf(arena, "; proven are %zu of %zu functions",
					      target->proven, target->functions);
		sut_out_headline(
			out, target->different || !target->units ? SUT_MARK_WARNING : SUT_MARK_NONE,
			"%s: %s%s; %zu units: %zu functions equal, %zu different, %zu not found",
			target->path, verdict_words(target->verdict), of, target->units,
			target->equal, target->different, target->absent);
	}
}

static void put_target(struct sut_out *out, struct sut_arena *arena,
		       const struct sut_profile_target *target)
{
	sut_out_object(out, NULL);
	sut_out_string(out, "path", target->path);
	sut_out_string(out, "build_id", hex_of(arena, target));
	sut_out_string(out, "verdict", sut_profile_verdict_name(target->verdict));
	sut_out_bool(out, "symbols", *target->image != '\0');
	sut_out_unsigned(out, "units", target->units);
	sut_out_unsigned(out, "equal", target->equal);
	sut_out_unsigned(out, "different", target->different);
	sut_out_unsigned(out, "absent", target->absent);
	sut_out_unsigned(out, "functions", target->functions);
	sut_out_unsigned(out, "proven", target->proven);
	sut_out_end(out);
}

static void put_profile(struct sut_out *out, struct sut_arena *arena,
			const struct sut_profile *profile, uint64_t size)
{
	sut_out_string(out, "name", profile->name);
	sut_out_string(out, "folder", profile->folder);
	sut_out_string(out, "package", profile->package);
	sut_out_string(out, "kernel", profile->kernel);
	sut_out_string(out, "source", profile->source);
	sut_out_string(out, "version", profile->version);
	sut_out_string(out, "origin", profile->origin);
	sut_out_string(out, "made_by", profile->suture);
	sut_out_unsigned(out, "created", profile->created);
	sut_out_bool(out, "isolated", profile->isolated);
	sut_out_unsigned(out, "bytes", size);
	sut_out_unsigned(out, "units", profile->unit_count);
	sut_out_array(out, "targets");
	for (size_t i = 0; i < profile->target_count; i++)
		put_target(out, arena, &profile->targets[i]);
	sut_out_end(out);
}

/* ---- list, verify, remove ---- */

static int list(struct sut_call *call, struct sut_arena *arena)
{
	struct sut_diag diag = {0};
	int status = SUT_EXIT_DONE;
	const char **names;
	struct sut_out out;
	size_t count;
	enum sut_rc rc = sut_profile_names(arena, &names, &count, &diag);

	if (call->argc != 1)
		return sut_usage_error(call, "list: takes no name");
	sut_call_out(call, &out, "suture.profile-list/1", false);
	if (rc)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	if (!count)
		sut_out_headline(&out, SUT_MARK_NONE, "no profiles");
	sut_out_array(&out, "profiles");
	for (size_t i = 0; i < count; i++) {
		struct sut_profile profile;
		uint64_t size = 0;

		rc = sut_profile_open(arena, names[i], &profile, &diag);
		if (rc == SUT_OK) {
			size = sut_profile_size(&profile);
			put_headlines(&out, arena, &profile, size);
		}
		sut_out_object(&out, NULL);
		if (rc == SUT_OK)
			put_profile(&out, arena, &profile, size);
		else
			status = sut_report_failure(&out, rc, &diag);
		sut_out_end(&out);
	}
	sut_out_end(&out);
	return sut_call_end(&out, status);
}

static size_t put_notes(struct sut_out *out, const char *key, const struct sut_profile_notes *notes)
{
	enum { SHOWN = 10 }; /* in text; JSON has all */

	sut_out_array(out, key);
	for (size_t i = 0; i < notes->count; i++)
		sut_out_string(out, NULL, notes->list[i]);
	sut_out_end(out);
	for (size_t i = 0; i < notes->count && i < SHOWN; i++)
		sut_out_headline(out, SUT_MARK_NONE, "%s", notes->list[i]);
	if (notes->count > SHOWN)
		sut_out_headline(out, SUT_MARK_NONE, "... and %zu more", notes->count - SHOWN);
	return notes->count;
}

static int verify_one(struct sut_out *out, struct sut_arena *arena, const char *name)
{
	struct sut_profile_damage damage;
	struct sut_profile profile;
	struct sut_diag diag = {0};
	enum sut_rc rc = sut_profile_open(arena, name, &profile, &diag);
	SUT_CLOSE int held = rc ? -1 : sut_profile_hold(&profile);
	size_t faults;

	if (rc == SUT_OK && held < 0)
		rc = sut_fail(&diag, SUT_RETRY, "profile", "%s: replaced just now; try again",
			      name);
	if (rc == SUT_OK)
		rc = sut_profile_verify(arena, &profile, &damage, &diag);
	if (rc)
		return sut_report_failure(out, rc, &diag);
	faults = damage.files.count + damage.programs.count + damage.targets.count;
	sut_out_headline(out, faults ? SUT_MARK_FAILED : SUT_MARK_OK, "%s: %s", name,
			 faults ? "not as it was made" : "as it was made");
	sut_out_string(out, "name", name);
	sut_out_bool(out, "valid", !faults);
	put_notes(out, "files", &damage.files);
	put_notes(out, "programs", &damage.programs);
	put_notes(out, "targets", &damage.targets);
	if (faults)
		sut_out_headline(out, SUT_MARK_NONE,
				 "Make it again; create proves what it uses of it in any case.");
	return faults ? SUT_EXIT_REFUSED : SUT_EXIT_DONE;
}

/* The names that are given, or all. */
static enum sut_rc names_of(struct sut_call *call, struct sut_arena *arena, const char ***names,
			    size_t *count, struct sut_diag *diag)
{
	if (call->argc == 1)
		return sut_profile_names(arena, names, count, diag);
	*names = (const char **)call->argv + 1;
	*count = (size_t)call->argc - 1;
	return SUT_OK;
}

static int verify(struct sut_call *call, struct sut_arena *arena)
{
	struct sut_diag diag = {0};
	int status = SUT_EXIT_DONE;
	const char **names;
	struct sut_out out;
	size_t count;
	enum sut_rc rc = names_of(call, arena, &names, &count, &diag);

	sut_call_out(call, &out, "suture.profile-verify/1", false);
	if (rc)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	sut_out_array(&out, "profiles");
	for (size_t i = 0; i < count; i++) {
		int result;

		sut_progress(call, "verifying %s", names[i]);
		sut_out_object(&out, NULL);
		result = verify_one(&out, arena, names[i]);
		sut_out_end(&out);
		status = result ? result : status;
	}
	sut_out_end(&out);
	sut_progress(call, NULL);
	return sut_call_end(&out, status);
}

static int remove_profiles(struct sut_call *call, struct sut_arena *arena)
{
	int status = SUT_EXIT_DONE;
	struct sut_out out;

	if (call->argc < 2)
		return sut_usage_error(call, "remove: the name of a profile is needed");
	sut_call_out(call, &out, "suture.profile-remove/1", false);
	sut_out_array(&out, "profiles");
	for (int i = 1; i < call->argc; i++) {
		struct sut_diag diag = {0};
		enum sut_rc rc = sut_profile_remove(arena, call->argv[i], &diag);

		sut_out_object(&out, NULL);
		sut_out_string(&out, "name", call->argv[i]);
		if (rc == SUT_OK)
			sut_out_headline(&out, SUT_MARK_OK, "%s: removed", call->argv[i]);
		else
			status = sut_report_failure(&out, rc, &diag);
		sut_out_end(&out);
	}
	sut_out_end(&out);
	return sut_call_end(&out, status);
}

/* ---- made ---- */

static int make(struct sut_call *call, struct sut_arena *arena)
{
	struct sut_profile_options wanted = {
		.package = sut_call_option(call, "package"),
		.source_dir = sut_call_option(call, "source-dir"),
		.install = sut_call_option(call, "install-build-deps") != NULL,
		.packages = sut_call_option(call, "packages"),
		.tree = sut_call_option(call, "build-tree"),
		.database = sut_call_option(call, "database"),
		.command = call->argc ? call->argv : NULL,
		.name = sut_call_option(call, "name"),
		.progress = show_progress,
		.progress_context = call,
	};
	struct sut_profile_notes notes = {0};
	uint64_t start = sut_now_ns(), size;
	struct sut_profile profile;
	struct sut_diag diag = {0};
	size_t position = 0, capacity = 0;
	struct sut_out out;
	const char *target;
	enum sut_rc rc;

	while ((target = sut_call_next(call, "target", &position)))
		SUT_PUSH(arena, wanted.targets, wanted.target_count, capacity) = target;
	if (sut_call_option(call, "kernel")) {
		if (wanted.package || wanted.tree || wanted.target_count || wanted.database ||
		    wanted.source_dir || wanted.install)
			return sut_usage_error(call, "--kernel goes with --packages and --name");
		if (call->argc > 1)
			return sut_usage_error(call, "--kernel: one VERSION, as uname -r has it");
		wanted.kernel = call->argc ? call->argv[0] : "";
		wanted.command = NULL;
	} else if (wanted.packages) {
		return sut_usage_error(call, "--packages: is for --kernel");
	}
	if (wanted.package && wanted.tree)
		return sut_usage_error(call, "--package and --build-tree make two profiles");
	if (wanted.package && (call->argc || wanted.database || wanted.target_count))
		return sut_usage_error(call, "COMMAND, --database, --target: are for --build-tree");
	if (wanted.tree && (wanted.source_dir || wanted.install))
		return sut_usage_error(call,
				       "--source-dir, --install-build-deps: are for --package");
	if (wanted.database && wanted.command)
		return sut_usage_error(call, "--database: a COMMAND makes one");
	rc = sut_profile_make(arena, &wanted, &profile, &notes, &diag);
	sut_progress(call, NULL);
	sut_call_out(call, &out, "suture.profile/1", false);
	if (rc)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	size = sut_profile_size(&profile);
	put_headlines(&out, arena, &profile, size);
	for (size_t i = 0; i < notes.count; i++)
		sut_out_headline(&out, SUT_MARK_WARNING, "%s", notes.list[i]);
	sut_out_headline(&out, SUT_MARK_NONE, "%.1f s", (sut_now_ns() - start) / 1e9);
	put_profile(&out, arena, &profile, size);
	sut_out_array(&out, "notes");
	for (size_t i = 0; i < notes.count; i++)
		sut_out_string(&out, NULL, notes.list[i]);
	sut_out_end(&out);
	sut_out_decimal(&out, "seconds", (sut_now_ns() - start) / 1e9);
	return sut_call_end(&out, SUT_EXIT_DONE);
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *verb = call->argc ? call->argv[0] : "";

	if (sut_call_option(call, "package") || sut_call_option(call, "build-tree") ||
	    sut_call_option(call, "kernel"))
		return make(call, &arena);
	if (call->value_count)
		return sut_usage_error(call, "--package, --kernel or --build-tree is missing");
	if (strcmp(verb, "list") == 0)
		return list(call, &arena);
	if (strcmp(verb, "verify") == 0)
		return verify(call, &arena);
	if (strcmp(verb, "remove") == 0)
		return remove_profiles(call, &arena);
	return sut_usage_error(call, "--package, --kernel, --build-tree, list, verify or remove is "
				     "needed");
}

const struct sut_command sut_command_profile = {
	.name = "profile",
	.operands = "--package NAME | --kernel [VERSION] | --build-tree DIR [-- COMMAND...] | list "
		    "| verify [NAME...] | "
		    "remove NAME...",
	.summary = "make what create needs to know of a target, once",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
