// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/patched.h"
#include "units/hunks.h"
#include "units/jobs.h"
#include "units/lines.h"
#include "base/guard.h"
#include "base/io.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum {
	SOURCE_MAX = 64 << 20, /* bytes of a source file or a patch */
	STRIP_MAX = 16,
};

struct making {
	struct sut_arena *arena;
	const char *patch; /* as the operator named it */
	const char *folder;
	unsigned int strip;
	struct sut_patched *patched;
	size_t capacity;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
};

static bool in_tree(struct making *making, const char *path)
{
	const char *tree = making->patched->tree;

	return path && access(sut_arena_printf(making->arena, "%s/%s", tree, path), F_OK) == 0;
}

/* The path that a part of the patch is about: the name that the tree has, as patch(1) picks it. */
static const char *path_of(struct making *making, const struct sut_hunks *hunks, unsigned int level)
{
	const char *old = hunks->old_name ? sut_hunks_strip(hunks->old_name, level) : NULL;
	const char *new = hunks->new_name ? sut_hunks_strip(hunks->new_name, level) : NULL;

	if (new &&in_tree(making, new))
		return new;
	if (old && in_tree(making, old))
		return old;
	return hunks->old_name ? NULL : new;
}

static size_t count_present(struct making *making, const struct sut_hunks *files, size_t count,
			    unsigned int level)
{
	size_t present = 0;

	for (size_t i = 0; i < count; i++) {
		const char *path = path_of(making, &files[i], level);

		present += path && in_tree(making, path);
	}
	return present;
}

/* The -p level at which most of the files are in the tree; the lower one where several are. */
static enum sut_rc find_strip(struct making *making, const struct sut_create_options *options,
			      const struct sut_hunks *files, size_t count)
{
	size_t best = 0;

	if (options->strip) {
		char *end;
		unsigned long level = strtoul(options->strip, &end, 10);

		if (*end || end == options->strip || level > STRIP_MAX)
			return sut_fail(making->diag, SUT_INVALID, "patch",
					"%s: no level for --strip, which is 0 to %d",
					options->strip, STRIP_MAX);
		making->strip = (unsigned int)level;
		best = count_present(making, files, count, making->strip);
	} else {
		for (unsigned int level = 0; level <= STRIP_MAX; level++) {
			size_t present = count_present(making, files, count, level);

			if (present > best) {
				best = present;
				making->strip = level;
			}
		}
	}
	if (best)
		return SUT_OK;
	sut_fail(making->diag, SUT_REFUSED, "patch", "%s: none of its %zu files is in %s%s%s",
		 making->patch, count, making->patched->tree,
		 options->strip ? " at --strip " : " at any -p level",
		 options->strip ? options->strip : "");
	sut_remedy(making->diag, "name the folder that the patch is made for with --source");
	return SUT_REFUSED;
}

static bool has_suffix(const char *path, const char *const *suffixes, size_t count)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < count; i++) {
		size_t suffix = strlen(suffixes[i]);

		if (length > suffix && strcmp(path + length - suffix, suffixes[i]) == 0)
			return true;
	}
	return false;
}

/* What a compiler may read. */
static bool is_source(const char *path)
{
	static const char *const suffixes[] = {".c",  ".h",   ".inc", ".inl", ".def", ".tbl",
					       ".hh", ".hpp", ".x",   ".cc",  ".cpp", ".cxx",
					       ".C",  ".S",   ".s",   ".hxx", ".ipp", ".m"};

	return has_suffix(path, suffixes, SUT_ARRAY_SIZE(suffixes));
}

/* What decides how, or from what, a compiler is called. */
static bool is_build_rule(const char *path)
{
	static const char *const suffixes[] = {
		"Makefile", ".mk",         ".am", ".ac", ".cmake", "CMakeLists.txt", "configure",
		".in",      "meson.build", ".y",  ".l",  ".gperf", "Kbuild"};

	return has_suffix(path, suffixes, SUT_ARRAY_SIZE(suffixes));
}

/* The file's record; a second part of the patch about the same file goes on with the first's. */
static struct sut_patched_file *file_of(struct making *making, const char *path,
					const char *original, bool fresh)
{
	struct sut_patched *patched = making->patched;
	struct sut_patched_file *file;
	const char *copy;

	for (size_t i = 0; i < patched->count; i++)
		if (strcmp(patched->files[i].original, original) == 0)
			return &patched->files[i];
	copy = sut_arena_printf(making->arena, "%s/%zu.before", making->folder, patched->count);
	file = &SUT_PUSH(making->arena, patched->files, patched->count, making->capacity);
	*file = (struct sut_patched_file){
		.path = path,
		.original = original,
		.before = fresh ? NULL : copy,
		.after = copy,
	};
	return file;
}

static enum sut_rc copy_original(struct making *making, const struct sut_patched_file *file)
{
	struct sut_bytes text = {.data = (const unsigned char *)""};
	enum sut_rc rc = SUT_OK;

	if (file->before)
		rc = sut_file_read(making->arena, file->original, SOURCE_MAX, &text, making->diag);
	return rc ? rc : sut_file_write(file->after, text.data, text.size, 0600, making->diag);
}

static enum sut_rc run_patch(struct making *making, const char *input, const char *diff,
			     const char *output, const char *how, struct sut_job *job)
{
	const char *argv[] = {"patch", "--unified", "--force", "--binary", "-o", output,
			      "-r",    "-",         how,       input,      diff, NULL};
	const char *variables[] = {"LC_ALL=C",
				   sut_arena_printf(making->arena, "TMPDIR=%s", making->folder),
				   NULL};

	*job = (struct sut_job){
		.argv = argv,
		.directory = making->folder,
		.variables = variables,
		.output = sut_arena_printf(making->arena, "%s.log", output),
	};
	return sut_jobs_run(making->arena, job, 1, 1, making->diag);
}

/* The lines of patch's report that hold a word, joined. */
static const char *report_lines(struct making *making, const char *log, const char *word)
{
	const char *found = "";
	struct sut_bytes text;
	char *rest, *line;

	if (sut_file_read(making->arena, log, SOURCE_MAX, &text, making->diag))
		return "";
	rest = (char *)text.data;
	while ((line = strsep(&rest, "\n")))
		if (strstr(line, word))
			found = sut_arena_printf(making->arena, "%s%s%s", found, *found ? "; " : "",
						 line);
	return found;
}

static enum sut_rc refuse_hunks(struct making *making, const char *path, const char *input,
				const char *diff, const char *output, const char *log)
{
	const char *failed = report_lines(making, log, "FAILED");
	struct sut_job job;
	bool reversed, fuzzy;
	enum sut_rc rc = run_patch(making, input, diff, output, "--reverse", &job);

	reversed = rc == SUT_OK && job.status == 0;
	if (rc == SUT_OK && !reversed)
		rc = run_patch(making, input, diff, output, "--fuzz=2", &job);
	fuzzy = rc == SUT_OK && job.status == 0;
	if (rc)
		return rc;
	if (reversed) {
		sut_fail(making->diag, SUT_REFUSED, "patch",
			 "%s: applied already to %s in the tree", making->patch, path);
		sut_remedy(making->diag,
			   "name the tree as it was when the target was built, without the patch");
		return SUT_REFUSED;
	}
	sut_fail(making->diag, SUT_REFUSED, "patch", "%s: %s %s%s", making->patch,
		 fuzzy ? "applies to" : "does not apply to", path,
		 fuzzy ? " only with fuzz: lines around the change are others" : "");
	sut_context(making->diag, SUT_REFUSED, "%s", failed);
	sut_remedy(making->diag, "bring the patch to this version of the source first");
	return SUT_REFUSED;
}

/* The part goes to patch(1) under names of ours: names in a patch can never lead it astray. */
static enum sut_rc apply(struct making *making, struct sut_patched_file *file,
			 const struct sut_hunks *hunks, size_t number)
{
	const char *diff = sut_arena_printf(making->arena, "%s/%zu.diff", making->folder, number);
	const char *output =
		sut_arena_printf(making->arena, "%s/%zu.after", making->folder, number);
	const char *text = sut_arena_printf(making->arena, "--- before\n+++ after\n%.*s",
					    (int)hunks->size, hunks->text);
	const char *moved;
	struct sut_job job;
	enum sut_rc rc = sut_file_write(diff, text, strlen(text), 0600, making->diag);

	if (rc == SUT_OK)
		rc = run_patch(making, file->after, diff, output, "--fuzz=0", &job);
	if (rc)
		return rc;
	if (job.status)
		return refuse_hunks(making, file->path, file->after, diff, output, job.output);
	moved = report_lines(making, job.output, "offset");
	if (*moved)
		sut_warn(making->verdict, "offset", moved,
			 "%s: hunks apply at other lines than the patch says; look whether it is "
			 "the same code",
			 file->path);
	file->after = hunks->new_name ? output : NULL;
	return SUT_OK;
}

static enum sut_rc stabilise(struct making *making, struct sut_patched_file *file)
{
	struct sut_bytes before, after;
	size_t inserted;
	enum sut_rc rc;

	if (!file->before || !file->after)
		return SUT_OK;
	rc = sut_file_read(making->arena, file->before, SOURCE_MAX, &before, making->diag);
	if (rc == SUT_OK)
		rc = sut_file_read(making->arena, file->after, SOURCE_MAX, &after, making->diag);
	if (rc)
		return rc;
	after = sut_lines_stabilise(making->arena, before, after, &inserted);
	file->after = sut_arena_printf(making->arena, "%s.lines", file->after);
	return sut_file_write(file->after, after.data, after.size, 0600, making->diag);
}

/*
 * Where a file of the tree really lies, or will: the links in the folders that exist are followed.
 * Nothing else may be written to, so it must be in the tree.
 */
static enum sut_rc resolve(struct making *making, const char *path, const char **full)
{
	const char *tree = making->patched->tree;
	size_t length = strlen(tree);
	const char *wanted = sut_arena_printf(making->arena, "%s/%s", tree, path), *rest = "";
	char *folder = sut_arena_strdup(making->arena, wanted);
	SUT_FREE char *real = realpath(folder, NULL);

	while (!real && errno == ENOENT) {
		*strrchr(folder, '/') = '\0';
		rest = wanted + strlen(folder);
		real = realpath(folder, NULL);
	}
	if (!real)
		return sut_fail_errno(making->diag, "%s", wanted);
	if (strncmp(real, tree, length) != 0 || (real[length] && real[length] != '/') ||
	    (!real[length] && !*rest))
		return sut_fail(making->diag, SUT_REFUSED, "patch",
				"%s: a link to %s, which is outside the tree", path, real);
	*full = sut_arena_printf(making->arena, "%s%s", real, rest);
	return SUT_OK;
}

/* The record of a file, as the parts of the patch read so far have left it. */
static enum sut_rc open_file(struct making *making, const char *path,
			     struct sut_patched_file **file)
{
	size_t known = making->patched->count;
	const char *full = NULL;
	enum sut_rc rc = resolve(making, path, &full);

	if (rc)
		return rc;
	*file = file_of(making, full + strlen(making->patched->tree) + 1, full,
			access(full, F_OK) < 0);
	if (making->patched->count > known)
		rc = copy_original(making, *file);
	if (rc == SUT_OK && !(*file)->after)
		return sut_fail(making->diag, SUT_REFUSED, "patch",
				"%s: deletes %s and then changes it", making->patch, path);
	return rc;
}

static enum sut_rc take_file(struct making *making, const struct sut_hunks *hunks, size_t number,
			     const char *path)
{
	struct sut_patched_file *file;
	enum sut_rc rc = open_file(making, path, &file);

	return rc ? rc : apply(making, file, hunks, number);
}

/* The new file begins as what the old one is by now. */
static enum sut_rc move_file(struct making *making, const struct sut_hunks *hunks, size_t number,
			     const char *old)
{
	const char *new = sut_hunks_strip(hunks->new_name, making->strip);
	struct sut_patched_file *from, *to;
	const char *content;
	enum sut_rc rc;

	if (!new || in_tree(making, new))
		return sut_fail(making->diag, SUT_REFUSED, "patch",
				"%s: makes %s out of %s, and the tree has it already",
				making->patch, hunks->new_name, old);
	rc = open_file(making, old, &from);
	if (rc)
		return rc;
	content = from->after;
	if (hunks->origin == SUT_HUNKS_RENAMED)
		from->after = NULL;
	rc = open_file(making, new, &to);
	if (rc)
		return rc;
	to->after = content;
	return hunks->count ? apply(making, to, hunks, number) : SUT_OK;
}

static void warn_left_out(struct making *making, const char *others, const char *rules)
{
	if (*rules)
		sut_warn(making->verdict, "build", rules,
			 "%s: changes how the program is built; suture compiles with the commands "
			 "recorded before",
			 making->patch);
	if (*others)
		sut_warn(making->verdict, "left-out", others,
			 "%s: has files that are no C source in the tree; they were left out",
			 making->patch);
}

static enum sut_rc take_files(struct making *making, const struct sut_hunks *files, size_t count)
{
	const char *others = "", *rules = "";

	for (size_t i = 0; i < count; i++) {
		const char *path = path_of(making, &files[i], making->strip);
		const char *name = files[i].new_name ? files[i].new_name : files[i].old_name;
		const char **list;

		if (path && is_source(path)) {
			enum sut_rc rc = files[i].origin ? move_file(making, &files[i], i, path)
							 : take_file(making, &files[i], i, path);

			if (rc)
				return rc;
			continue;
		}
		list = path && is_build_rule(path) ? &rules : &others;
		*list = sut_arena_printf(making->arena, "%s%s%s", *list, **list ? ", " : "",
					 path ? path : name);
	}
	warn_left_out(making, others, rules);
	return SUT_OK;
}

enum sut_rc sut_patched_make(struct sut_arena *arena, const struct sut_create_options *options,
			     const char *scratch, struct sut_patched *patched,
			     struct sut_verdict *verdict, struct sut_diag *diag)
{
	SUT_FREE char *tree = realpath(options->source, NULL);
	struct sut_patched found = {0};
	struct making making = {
		.arena = arena,
		.patch = options->patch,
		.folder = sut_arena_printf(arena, "%s/patched", scratch),
		.patched = &found,
		.verdict = verdict,
		.diag = diag,
	};
	struct sut_hunks *files;
	struct sut_bytes diff;
	enum sut_rc rc;
	size_t count;

	if (!tree)
		return sut_fail_errno(diag, "%s: not a source tree", options->source);
	found.tree = sut_arena_strdup(arena, tree);
	if (mkdir(making.folder, 0700) < 0)
		return sut_fail_errno(diag, "%s", making.folder);
	rc = sut_file_read(arena, options->patch, SOURCE_MAX, &diff, diag);
	if (rc == SUT_OK)
		rc = sut_hunks_find(arena, options->patch, diff, &files, &count, diag);
	if (rc == SUT_OK)
		rc = find_strip(&making, options, files, count);
	if (rc == SUT_OK)
		rc = take_files(&making, files, count);
	for (size_t i = 0; i < found.count && rc == SUT_OK; i++)
		rc = stabilise(&making, &found.files[i]);
	if (rc)
		return rc;
	*patched = found;
	return SUT_OK;
}
