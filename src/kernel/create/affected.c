// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which units a patched header affects.
 *
 * Nothing was built, so no list of dependencies says who includes it, and thousands may. But what
 * changes in a header matters to those who use it, and to use it they name it. So the names that
 * the changed declarations make are looked for in the text of all headers; a macro, an inline
 * function or a type that uses one is as good as changed, and its names are looked for, too, until
 * there are no more. Units that name any of them are compiled, and the compiler decides: whose
 * tokens are the same on both sides is left out again.
 *
 * Code that is not inline, and data, matters wherever it is included, named or not; there the
 * includes are followed. What changes conditions (#if) could change anything, and is left to
 * people, as are names that are too many.
 *
 * Text is compared without a preprocessor, for all configurations at once, so it finds too much
 * rather than too little. What it cannot find are names that macros put together of arguments only.
 */
#include "kernel/create/affected.h"
#include "kernel/create/units.h"
#include "base/guard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum {
	NAMES_MAX = 96,
	UNITS_MAX = 200,
	DEPTH_MAX = 32,        /* of folders */
	SOURCE_MAX = 64 << 20, /* bytes */
};

struct search {
	struct sut_kernel_making *making;
	struct sut_names names;    /* that are, or may be, changed */
	struct sut_names pasted;   /* arguments by which macros may make such names */
	struct sut_names included; /* paths of files that matter wherever they are included */
	size_t count, capacity;
	const char **files;    /* of the tree that units may include */
	const char *condition; /* a file in which conditions change, or NULL */
	enum sut_rc rc;        /* of the files that were read */
	bool only_code;        /* nothing but bodies of functions changes in the headers */
};

/* ---- files ---- */

struct mapped {
	const char *text;
	size_t size;
};

/* Sources that are generated may not be there, and say nothing of headers. */
static struct mapped map_file(struct search *search, const char *path)
{
	const char *full = sut_arena_printf(search->making->arena, "%s/%s",
					    search->making->options->tree, path);
	SUT_CLOSE int fd = open(full, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *text;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return (struct mapped){0};
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return text == MAP_FAILED ? (struct mapped){0} : (struct mapped){text, (size_t)st.st_size};
}

static void unmap(struct mapped *mapped)
{
	if (mapped->size)
		munmap((void *)mapped->text, mapped->size);
}

#define MAPPED __attribute__((cleanup(unmap)))

static bool ends_with(const char *s, const char *suffix)
{
	size_t length = strlen(s), end = strlen(suffix);

	return length >= end && strcmp(s + length - end, suffix) == 0;
}

/* Folders without anything that a unit of this kernel includes. */
static bool is_elsewhere(const struct search *search, const char *path)
{
	static const char *const others[] = {
		"tools", "scripts", "Documentation", "samples",
		/* Four fifths of all headers by size, and nothing but numbers of registers. */
		"drivers/gpu/drm/amd/include/asic_reg"};
	const struct sut_kernel_commands *commands = &search->making->commands;

	for (size_t i = 0; i < SUT_ARRAY_SIZE(others); i++)
		if (strcmp(path, others[i]) == 0)
			return true;
	/* Another machine's: no command has it on its search path. */
	return strncmp(path, "arch/", 5) == 0 && !strchr(path + 5, '/') && commands->count &&
	       !strstr(commands->units[0].head,
		       sut_arena_printf(search->making->arena, "./%s/", path));
}

/* A folder itself, not a link to one. */
static bool is_folder(DIR *dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

static void list_folder(struct search *search, const char *path, unsigned int depth)
{
	struct sut_arena *arena = search->making->arena;
	SUT_CLOSEDIR DIR *dir =
		opendir(sut_arena_printf(arena, "%s/%s", search->making->options->tree, path));
	struct dirent *entry;

	while (dir && depth < DEPTH_MAX && (entry = readdir(dir))) {
		const char *name =
			sut_arena_printf(arena, "%s%s%s", path, *path ? "/" : "", entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		if (!is_folder(dir, entry)) {
			if (ends_with(name, ".h") || ends_with(name, ".inc"))
				SUT_PUSH(arena, search->files, search->count, search->capacity) =
					name;
		} else if (!is_elsewhere(search, name)) {
			list_folder(search, name, depth + 1);
		}
	}
}

/* ---- includes ---- */

/* The next #include of the text from *at on: its path without "./" and "../"; NULL: no more. */
static const char *next_include(const struct mapped *file, const char **at, size_t *length)
{
	static const char word[] = "include";
	const char *end = file->text + file->size, *found;

	while ((found = memmem(*at, (size_t)(end - *at), word, strlen(word)))) {
		const char *hash = found, *path = found + strlen(word);

		*at = path;
		while (hash > file->text && (hash[-1] == ' ' || hash[-1] == '\t'))
			hash--;
		while (path < end && (*path == ' ' || *path == '\t'))
			path++;
		if (hash == file->text || hash[-1] != '#' || path == end ||
		    (*path != '"' && *path != '<'))
			continue;
		path++;
		while (end - path > 3 && path[0] == '.')
			path += strncmp(path, "../", 3) == 0  ? 3
				: strncmp(path, "./", 2) == 0 ? 2
							      : 1;
		for (*length = 0; path + *length < end && !strchr("\">\n", path[*length]);)
			++*length;
		return path;
	}
	return NULL;
}

/* An include of that text may mean the file. */
static bool may_mean(const char *file, const char *text, size_t length)
{
	size_t size = strlen(file);

	return size >= length && memcmp(file + size - length, text, length) == 0 &&
	       (size == length || file[size - length - 1] == '/');
}

static bool includes_one(const struct search *search, const struct mapped *file)
{
	const char *at = file->text, *text;
	size_t length;

	while (search->included.count && (text = next_include(file, &at, &length)))
		for (size_t i = 0; i < search->included.count; i++)
			if (may_mean(search->included.list[i], text, length))
				return true;
	return false;
}

/* Units include a few files that are named like units and are none. */
static void list_included_sources(struct search *search)
{
	struct sut_kernel_making *making = search->making;

	for (size_t i = 0; i < making->commands.count; i++) {
		const char *source = making->commands.units[i].source;
		MAPPED struct mapped file = map_file(search, source);
		const char *at = file.text, *text;
		size_t length;

		while (file.size && memmem(at, file.size - (size_t)(at - file.text), ".c\"", 3) &&
		       (text = next_include(&file, &at, &length)))
			if (length > 2 && memcmp(text + length - 2, ".c", 2) == 0)
				SUT_PUSH(making->arena, search->files, search->count,
					 search->capacity) =
					sut_arena_printf(making->arena, "%.*s%.*s",
							 (int)(sut_base_name(source) - source),
							 source, (int)length, text);
	}
}

/* ---- what changes ---- */

static bool has_span(const struct sut_spans *spans, const char *text)
{
	for (size_t i = 0; i < spans->count; i++)
		if (strcmp(spans->list[i].text, text) == 0)
			return true;
	return false;
}

/* A span that is not the same on both sides, or uses what is not. */
static void take_span(struct search *search, const char *path, const struct sut_span *span)
{
	switch (sut_span_reach(span)) {
	case SUT_SPAN_INCLUDED:
		sut_names_add(&search->included, path, strlen(path));
		sut_span_names(span, &search->names);
		break;
	case SUT_SPAN_NAMED:
		sut_span_names(span, &search->names);
		break;
	case SUT_SPAN_INCLUDE:
		break;
	case SUT_SPAN_CONDITION:
		if (ends_with(path, ".c"))
			sut_names_add(&search->included, path, strlen(path));
		else
			search->condition = path;
		break;
	}
}

static enum sut_rc read_spans(struct search *search, const char *path, struct sut_spans *spans)
{
	struct sut_bytes text = {.data = (const unsigned char *)""};
	enum sut_rc rc = path ? sut_file_read(search->making->arena, path, SOURCE_MAX, &text,
					      search->making->diag)
			      : SUT_OK;

	if (rc == SUT_OK)
		sut_spans_cut(search->making->arena, text, spans);
	return rc;
}

static enum sut_rc take_file(struct search *search, const struct sut_patched_file *file)
{
	struct sut_spans sides[2];
	enum sut_rc rc = read_spans(search, file->before, &sides[0]);

	if (rc == SUT_OK)
		rc = read_spans(search, file->after, &sides[1]);
	for (int side = 0; side < 2 && rc == SUT_OK; side++)
		for (size_t i = 0; i < sides[side].count; i++) {
			const struct sut_span *span = &sides[side].list[i];

			/* Line numbers are ours. */
			if (strncmp(span->text, "#line", 5) == 0 ||
			    has_span(&sides[1 - side], span->text))
				continue;
			if (sut_span_reach(span) == SUT_SPAN_INCLUDE) {
				sut_warn(search->making->verdict, "units", span->text,
					 "%s: includes other files than before; units that use "
					 "nothing else of what changes are taken to be the same",
					 file->path);
				continue;
			}
			search->only_code &= span->body;
			take_span(search, file->path, span);
		}
	return rc;
}

/* ---- who uses it ---- */

/*
 * Whether a span that names something changed is as good as changed. A prototype does not change
 * with the types that it passes. And where only code changes, types and conditions stay what they
 * are, for no constant can depend on what a function does; what is left are macros, functions, and
 * data that may hold a function's address.
 */
static bool depends(const struct search *search, const struct sut_span *span)
{
	bool data = strchr(span->text, '=') && strncmp(span->text, "enum", 4) != 0;

	if (*span->text != '#' && !strchr(span->text, '{') && !data &&
	    strncmp(span->text, "typedef", strlen("typedef")) != 0 && strchr(span->text, '('))
		return false;
	if (search->only_code && *span->text == '#')
		return sut_span_reach(span) == SUT_SPAN_NAMED;
	return !search->only_code || span->body || data;
}

/* Copies of names, for the list of them grows while it is used. */
static struct sut_names names_from(struct search *search, size_t first)
{
	struct sut_names fresh = {.count = search->names.count - first};

	fresh.list = sut_arena_memdup(search->making->arena, search->names.list + first,
				      fresh.count * sizeof(*fresh.list));
	return fresh;
}

/* Names from the given one on, in all files that may be included. */
static void search_files(struct search *search, size_t first)
{
	const struct sut_names fresh = names_from(search, first);

	for (size_t i = 0; i < search->count && search->names.count <= NAMES_MAX; i++) {
		SUT_ARENA struct sut_arena arena = {0};
		const char *path = search->files[i];
		MAPPED struct mapped file = map_file(search, path);
		struct sut_spans spans;

		if (includes_one(search, &file) && !ends_with(path, ".h"))
			sut_names_add(&search->included, path, strlen(path));
		sut_names_pasted(&fresh, file.text, file.size, &search->pasted);
		if (!file.size || !sut_names_in(&fresh, file.text, file.size))
			continue;
		sut_spans_cut(&arena,
			      (struct sut_bytes){(const unsigned char *)file.text, file.size},
			      &spans);
		for (size_t k = 0; k < spans.count; k++) {
			const struct sut_span *span = &spans.list[k];

			if (depends(search, span) &&
			    sut_names_in(&fresh, span->text, strlen(span->text)))
				take_span(search, path, span);
		}
	}
}

static bool uses(const struct search *search, const struct mapped *file)
{
	struct sut_names own = {.arena = search->making->arena};

	if (sut_names_in(&search->names, file->text, file->size) ||
	    sut_names_in(&search->pasted, file->text, file->size) || includes_one(search, file))
		return true;
	/* A macro of its own may make one. */
	sut_names_pasted(&search->names, file->text, file->size, &own);
	return own.count && sut_names_in(&own, file->text, file->size);
}

static void add_units(struct search *search)
{
	struct sut_kernel_making *making = search->making;

	for (size_t i = 0; i < making->commands.count; i++) {
		const struct sut_kernel_unit *unit = &making->commands.units[i];
		MAPPED struct mapped file = {0};

		if (!ends_with(unit->source, ".c") || !sut_kernel_unit_is_kernel(unit))
			continue;
		file = map_file(search, unit->source);
		if (file.size && uses(search, &file))
			sut_kernel_making_add(making, unit);
	}
}

static enum sut_rc refuse(const struct search *search, const char *why)
{
	struct sut_diag *diag = search->making->diag;
	const char *names = "";

	for (size_t i = 0; i < search->names.count && i < 6; i++)
		names = sut_arena_printf(search->making->arena, "%s%s%s", names, *names ? ", " : "",
					 search->names.list[i]);
	sut_fail(diag, SUT_REFUSED, "units", "the patch changes a header, and %s", why);
	if (*names)
		sut_context(diag, SUT_REFUSED, "what changes: %s%s", names,
			    search->names.count > 6 ? ", ..." : "");
	sut_remedy(diag, "name the units that need the change, each with --unit; the others keep "
			 "the old code");
	return SUT_REFUSED;
}

static enum sut_rc follow(struct search *search)
{
	struct sut_kernel_making *making = search->making;
	size_t searched = 0, included = 0;

	list_folder(search, "", 0);
	list_included_sources(search);
	while (searched < search->names.count || included < search->included.count) {
		size_t first = searched;

		searched = search->names.count;
		included = search->included.count;
		search_files(search, first);
		if (search->rc)
			return search->rc;
		if (search->condition)
			return refuse(search,
				      sut_arena_printf(making->arena,
						       "conditions of %s depend on it, so that "
						       "any unit may be another one",
						       search->condition));
		if (search->names.count > NAMES_MAX)
			return refuse(search, "too much of other headers depends on it");
	}
	add_units(search);
	if (search->rc)
		return search->rc;
	if (making->count > UNITS_MAX)
		return refuse(search, sut_arena_printf(making->arena,
						       "%zu units may be affected, more than %d",
						       making->count, UNITS_MAX));
	return SUT_OK;
}

enum sut_rc sut_kernel_affected_add(struct sut_kernel_making *making)
{
	struct search search = {
		.making = making,
		.only_code = true,
		.names.arena = making->arena,
		.pasted.arena = making->arena,
		.included.arena = making->arena,
	};

	for (size_t i = 0; i < making->patched.count; i++) {
		const struct sut_patched_file *file = &making->patched.files[i];
		enum sut_rc rc;
		size_t count;

		if (sut_kernel_commands_find(&making->commands, file->path, &count))
			continue;
		/* A source that is no unit is compiled as a part of one, or not at all. */
		if (ends_with(file->path, ".c")) {
			sut_names_add(&search.included, file->path, strlen(file->path));
			continue;
		}
		rc = take_file(&search, file);
		if (rc)
			return rc;
	}
	if (search.condition)
		return refuse(&search, sut_arena_printf(making->arena,
							"conditions in %s change, so that any unit "
							"may be another one",
							search.condition));
	if (!search.names.count && !search.included.count)
		return SUT_OK;
	if (making->options->progress)
		making->options->progress(making->options->progress_context,
					  "looking for units that the header affects");
	return follow(&search);
}
