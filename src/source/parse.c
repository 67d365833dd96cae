// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/parse.h"
#include "base/guard.h"
#include "units/path.h"

#include <fcntl.h>
#include <string.h>

enum { SOURCE_MAX = 64 << 20 /* bytes of a source file */ };

const char *sut_parsed_string(struct sut_arena *arena, CXString string)
{
	const char *text = clang_getCString(string);
	const char *copy = sut_arena_strdup(arena, text ? text : "");

	clang_disposeString(string);
	return copy;
}

void sut_parsed_deinit(struct sut_parsed *parsed)
{
	if (parsed->unit)
		clang_disposeTranslationUnit(parsed->unit);
	if (parsed->index)
		clang_disposeIndex(parsed->index);
	parsed->unit = NULL;
	parsed->index = NULL;
}

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* The path in the real tree of a file that clang read in the mirror. */
static const char *real_path(struct sut_parsed *parsed, const char *name)
{
	const char *path = sut_path_resolve(
		parsed->arena,
		sut_arena_printf(parsed->arena, "%s%s", parsed->root, parsed->directory), name);

	return is_below(path, parsed->root) ? path + strlen(parsed->root) : path;
}

static uint32_t add_file(struct sut_parsed *parsed, CXFile handle)
{
	struct sut_parsed_file *file;
	const char *path;

	for (size_t i = 0; i < parsed->file_count; i++)
		if (clang_File_isEqual(parsed->files[i].handle, handle))
			return (uint32_t)i;
	path = real_path(parsed, sut_parsed_string(parsed->arena, clang_getFileName(handle)));
	file = &SUT_PUSH(parsed->arena, parsed->files, parsed->file_count, parsed->file_capacity);
	*file = (struct sut_parsed_file){
		.handle = handle,
		.parent = SUT_NO_FILE,
		.project = is_below(path, parsed->tree) || is_below(path, parsed->directory),
		.name = is_below(path, parsed->tree) ? path + strlen(parsed->tree) + 1 : path,
	};
	if (file->project)
		file->text.data = (const unsigned char *)clang_getFileContents(parsed->unit, handle,
									       &file->text.size);
	return (uint32_t)parsed->file_count - 1;
}

uint32_t sut_parsed_place(struct sut_parsed *parsed, CXSourceLocation location,
			  unsigned int *offset)
{
	CXFile file;

	clang_getExpansionLocation(location, &file, NULL, NULL, offset);
	return file ? add_file(parsed, file) : SUT_NO_FILE;
}

static unsigned int line_start(const struct sut_parsed_file *file, unsigned int offset)
{
	while (offset && offset <= file->text.size && file->text.data[offset - 1] != '\n')
		offset--;
	return offset;
}

static void note_inclusion(CXFile handle, CXSourceLocation *stack, unsigned int depth,
			   CXClientData data)
{
	struct sut_parsed *parsed = data;
	uint32_t file = add_file(parsed, handle), parent;
	unsigned int offset;

	if (!depth || parsed->files[file].depth)
		return;
	parent = sut_parsed_place(parsed, stack[0], &offset);
	parsed->files[file].depth = depth;
	parsed->files[file].parent = parent;
	if (parent == SUT_NO_FILE)
		parsed->files[file].given = true;
	else
		parsed->files[file].at = line_start(&parsed->files[parent], offset);
}

/* What an option includes is included by it in every compile, with all that it includes itself. */
static void mark_given(struct sut_parsed *parsed)
{
	for (size_t i = 0; i < parsed->file_count; i++)
		for (uint32_t up = (uint32_t)i; up != SUT_NO_FILE; up = parsed->files[up].parent)
			parsed->files[i].given |= parsed->files[up].given;
}

static void read_skipped(struct sut_parsed *parsed, struct sut_parsed_file *file)
{
	CXSourceRangeList *list = clang_getSkippedRanges(parsed->unit, file->handle);

	file->skipped = sut_arena_array(parsed->arena, list->count, sizeof(*file->skipped));
	for (unsigned int i = 0; i < list->count; i++) {
		struct sut_skipped *skipped = &file->skipped[file->skipped_count++];

		clang_getFileLocation(clang_getRangeStart(list->ranges[i]), NULL, NULL, NULL,
				      &skipped->start);
		clang_getFileLocation(clang_getRangeEnd(list->ranges[i]), NULL, NULL, NULL,
				      &skipped->end);
	}
	clang_disposeSourceRangeList(list);
}

bool sut_parsed_is_skipped(const struct sut_parsed_file *file, unsigned int offset)
{
	for (size_t i = 0; i < file->skipped_count; i++)
		if (offset >= file->skipped[i].start && offset < file->skipped[i].end)
			return true;
	return false;
}

/*
 * An error in the project's own text is one that gcc does not see, for it has compiled the unit:
 * the tree of declarations would lack something. What clang thinks of system headers is of no
 * interest, for nothing of them is taken.
 */
static enum sut_rc check_errors(struct sut_parsed *parsed, const char *source,
				struct sut_diag *diag)
{
	enum sut_rc rc = SUT_OK;

	for (unsigned int i = 0; i < clang_getNumDiagnostics(parsed->unit); i++) {
		CXDiagnostic found = clang_getDiagnostic(parsed->unit, i);
		unsigned int offset;
		uint32_t file =
			sut_parsed_place(parsed, clang_getDiagnosticLocation(found), &offset);
		bool counts = clang_getDiagnosticSeverity(found) >= CXDiagnostic_Error &&
			      (clang_getDiagnosticSeverity(found) == CXDiagnostic_Fatal ||
			       file == SUT_NO_FILE || parsed->files[file].project);

		if (counts && rc == SUT_OK) {
			rc = sut_fail(diag, SUT_UNSUPPORTED, "clang",
				      "%s: clang 14 does not understand it", source);
			sut_remedy(diag, "write this patch by hand as a C file, or leave the "
					 "source road and use create --patch");
		}
		if (counts)
			sut_context(diag, rc, "%s",
				    sut_parsed_string(parsed->arena,
						      clang_formatDiagnostic(
							      found,
							      CXDiagnostic_DisplaySourceLocation)));
		clang_disposeDiagnostic(found);
	}
	return rc;
}

enum sut_rc sut_parse(struct sut_arena *arena, const char *source, const char *const *arguments,
		      size_t count, const char *root, const char *tree, const char *directory,
		      struct sut_parsed *parsed, struct sut_diag *diag)
{
	unsigned int options = CXTranslationUnit_DetailedPreprocessingRecord;
	SUT_CLOSE int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum CXErrorCode error;
	enum sut_rc rc;

	*parsed = (struct sut_parsed){
		.arena = arena,
		.root = root,
		.tree = tree,
		.directory = directory,
		.index = clang_createIndex(0, 0),
	};
	error = clang_parseTranslationUnit2(parsed->index, source, arguments, (int)count, NULL, 0,
					    options, &parsed->unit);
	/* -working-directory is the whole process's. */
	if (here < 0 || fchdir(here) < 0)
		return sut_fail_errno(diag, "the working folder");
	if (error != CXError_Success)
		return sut_fail(diag, SUT_UNSUPPORTED, "clang",
				"%s: clang 14 cannot read it with the recorded options (error %d)",
				source, (int)error);
	parsed->main = add_file(parsed, clang_getFile(parsed->unit, source));
	rc = check_errors(parsed, source, diag);
	if (rc)
		return rc;
	clang_getInclusions(parsed->unit, note_inclusion, parsed);
	mark_given(parsed);
	for (size_t i = 0; i < parsed->file_count; i++)
		if (parsed->files[i].project)
			read_skipped(parsed, &parsed->files[i]);
	sut_parse_chunks(parsed);
	return SUT_OK;
}

/* A place, and how often it was taken to the #include line that leads to it. */
struct spot {
	uint32_t file;
	unsigned int offset;
	bool inner;
};

static void lift(const struct sut_parsed *parsed, struct spot *spot)
{
	spot->offset = parsed->files[spot->file].at;
	spot->file = parsed->files[spot->file].parent;
	spot->inner = true;
}

int sut_parsed_order(const struct sut_parsed *parsed, const struct sut_chunk *a,
		     const struct sut_chunk *b)
{
	struct spot left = {a->file, a->start, false}, right = {b->file, b->start, false};

	while (left.file != right.file) {
		unsigned int depth_left = parsed->files[left.file].depth;
		unsigned int depth_right = parsed->files[right.file].depth;

		if (depth_left >= depth_right)
			lift(parsed, &left);
		if (depth_right >= depth_left)
			lift(parsed, &right);
		if (left.file == SUT_NO_FILE || right.file == SUT_NO_FILE)
			return left.file == right.file ? 0 : left.file == SUT_NO_FILE ? -1 : 1;
	}
	if (left.offset != right.offset)
		return left.offset < right.offset ? -1 : 1;
	return left.inner - right.inner;
}
