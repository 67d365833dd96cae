// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks kbuild how it would compile the kernel.
 *
 * The flags of a file come from the configuration, the compiler's abilities, its folder's Makefile
 * and those above it, and whether the file becomes part of a module. Only kbuild knows them, and it
 * tells without building anything: `make -n` prints each recipe. A recipe calls fixdep with the
 * object and the whole command as kbuild would save it, objtool included; the recipe of a .mod file
 * lists the objects of a module. One run over all of the kernel costs half a minute and answers
 * every question that comes later, so the answer is kept. To ask for one folder would not be right
 * for the many files that a Makefile above their folder compiles.
 *
 * Flags are never given to make: they would change the question.
 */
#include "kernel/create/commands.h"
#include "base/guard.h"
#include "units/compile.h"
#include "units/jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_MAX = 4 << 20 /* bytes */ };

struct member {
	const char *object, *module;
};

struct listing {
	struct sut_arena *arena;
	size_t count, capacity;
	struct sut_kernel_unit *units;
	size_t member_count, member_capacity;
	struct member *members;
	size_t head_count, head_capacity;
	const char **heads;
	size_t made_count, made_capacity;
	const char **made;
};

static bool ends_with(const char *s, const char *suffix)
{
	size_t length = strlen(s), end = strlen(suffix);

	return length >= end && strcmp(s + length - end, suffix) == 0;
}

/* ---- what make printed ---- */

/* The path without "folder/..". */
static const char *plain_path(struct sut_arena *arena, const char *path)
{
	char *plain = sut_arena_strdup(arena, path), *up;

	while ((up = strstr(plain, "/../"))) {
		char *folder = memrchr(plain, '/', (size_t)(up - plain));

		folder = folder ? folder + 1 : plain;
		memmove(folder, up + 4, strlen(up + 4) + 1);
	}
	return strncmp(plain, "./", 2) == 0 ? plain + 2 : plain;
}

/* "... printf '%s\n' a.o b.o | awk ... > DIR/NAME.mod; ...": the objects lie in DIR. */
static void take_module(struct listing *listing, const char *line)
{
	static const char begin[] = "printf '%s\\n' ";
	const char *objects = strstr(line, begin), *bar, *to;
	const char *module, **words;
	size_t length, count;

	bar = objects ? strstr(objects, " | ") : NULL;
	to = bar ? strstr(bar, " > ") : NULL;
	if (!to)
		return;
	objects += strlen(begin);
	length = strcspn(to + 3, "; \n");
	if (length < 4 || strncmp(to + 3 + length - 4, ".mod", 4) != 0)
		return;
	module = sut_arena_strndup(listing->arena, to + 3, length - 4);
	if (!sut_words_split(listing->arena,
			     sut_arena_strndup(listing->arena, objects, (size_t)(bar - objects)),
			     &count, &words))
		return;
	for (size_t i = 0; i < count; i++) {
		const char *path =
			sut_arena_printf(listing->arena, "%.*s%s",
					 (int)(sut_base_name(module) - module), module, words[i]);

		SUT_PUSH(listing->arena, listing->members, listing->member_count,
			 listing->member_capacity) =
			(struct member){plain_path(listing->arena, path), module};
	}
}

/* Commands differ from here on; what comes before is the same for many. */
static size_t head_length(const char *command)
{
	const char *own = strstr(command, " -DKBUILD_"), *module = strstr(command, " -DMODULE ");

	if (!own || (module && module < own))
		own = module;
	return own ? (size_t)(own - command) : 0;
}

static const char *head_of(struct listing *listing, const char *text, size_t length)
{
	for (size_t i = 0; i < listing->head_count; i++)
		if (strncmp(listing->heads[i], text, length) == 0 && !listing->heads[i][length])
			return listing->heads[i];
	return SUT_PUSH(listing->arena, listing->heads, listing->head_count,
			listing->head_capacity) = sut_arena_strndup(listing->arena, text, length);
}

/* Without the option that makes the compiler list dependencies, which names the object. */
static const char *without_dependencies(struct sut_arena *arena, const char *command)
{
	const char *option = strstr(command, " -Wp,-M");

	if (!option)
		return command;
	return sut_arena_printf(arena, "%.*s%s", (int)(option - command), command,
				option + 1 + strcspn(option + 1, " "));
}

/* The source that a kernel's object is compiled from, or NULL for programs of the build itself. */
static const char *source_of(struct sut_arena *arena, const char *command)
{
	const char **words;
	size_t count, end = 0;
	bool kernel = false;

	if (!sut_words_split(arena, command, &count, &words))
		return NULL;
	for (; end < count && strcmp(words[end], ";") != 0; end++)
		kernel |= strcmp(words[end], "-D__KERNEL__") == 0;
	return kernel && (ends_with(words[end - 1], ".c") || ends_with(words[end - 1], ".S"))
		       ? words[end - 1]
		       : NULL;
}

/* "... scripts/basic/fixdep DEPENDENCIES OBJECT 'COMMAND' > ..." */
static void take_unit(struct listing *listing, const char *fixdep)
{
	SUT_ARENA struct sut_arena scratch = {0};
	struct sut_arena *arena = listing->arena;
	const char **words, *command, *source;
	size_t count, length;

	if (!sut_words_split(&scratch, fixdep, &count, &words) || count < 4 ||
	    !ends_with(words[2], ".o"))
		return;
	command = without_dependencies(&scratch, words[3]);
	source = source_of(&scratch, command);
	if (!source || strpbrk(command, "\t\n"))
		return;
	length = head_length(command);
	SUT_PUSH(arena, listing->units, listing->count, listing->capacity) =
		(struct sut_kernel_unit){
			.source = plain_path(arena, source),
			.object = plain_path(arena, words[2]),
			.head = head_of(listing, command, length),
			.rest = sut_arena_strdup(arena, command + length),
		};
}

/* "... trap 'rm -f lib/crc32table.h; ...": a recipe that makes such a file removes it when it is
 * interrupted. */
static void take_made(struct listing *listing, const char *line)
{
	static const char begin[] = "trap 'rm -f ";
	static const char *const ends[] = {".h", ".c", ".S", ".inc"};
	const char *from = strstr(line, begin), *path;

	if (!from)
		return;
	from += strlen(begin);
	path = sut_arena_strndup(listing->arena, from, strcspn(from, "; '\t\n"));
	for (size_t i = 0; i < SUT_ARRAY_SIZE(ends); i++)
		if (ends_with(path, ends[i]))
			SUT_PUSH(listing->arena, listing->made, listing->made_count,
				 listing->made_capacity) = plain_path(listing->arena, path);
}

static enum sut_rc read_output(struct listing *listing, const char *path, struct sut_diag *diag)
{
	SUT_FCLOSE FILE *file = fopen(path, "re");
	SUT_FREE char *line = NULL;
	size_t capacity = 0;

	if (!file)
		return sut_fail_errno(diag, "%s", path);
	while (getline(&line, &capacity, file) > 0) {
		const char *fixdep = strstr(line, "scripts/basic/fixdep ");

		if (fixdep)
			take_unit(listing, fixdep);
		else if (strstr(line, ".mod"))
			take_module(listing, line);
		if (!fixdep)
			take_made(listing, line);
	}
	return ferror(file) ? sut_fail_errno(diag, "%s", path) : SUT_OK;
}

/* ---- the index ---- */

static int compare_members(const void *a, const void *b)
{
	const struct member *left = a, *right = b;
	int order = strcmp(left->object, right->object);

	return order ? order : strcmp(left->module, right->module);
}

static int compare_units(const void *a, const void *b)
{
	const struct sut_kernel_unit *left = a, *right = b;
	int order = strcmp(left->source, right->source);

	return order ? order : strcmp(left->object, right->object);
}

static int compare_object(const void *key, const void *element)
{
	const struct member *member = element;

	return strcmp(key, member->object);
}

/* The modules that an object is linked into, with blanks between. */
static const char *modules_of(struct listing *listing, const char *object)
{
	const struct member *end = listing->members + listing->member_count;
	const struct member *member =
		listing->member_count ? bsearch(object, listing->members, listing->member_count,
						sizeof(*listing->members), compare_object)
				      : NULL;
	const char *text = "", *last = "";

	while (member && member > listing->members && strcmp(member[-1].object, object) == 0)
		member--;
	/* kbuild may print a recipe twice. */
	for (; member && member < end && strcmp(member->object, object) == 0; member++) {
		if (strcmp(member->module, last) != 0)
			text = sut_arena_printf(listing->arena, "%s%s%s", text, *text ? " " : "",
						member->module);
		last = member->module;
	}
	return text;
}

static size_t number_of(const struct listing *listing, const char *head)
{
	size_t i = 0;

	while (listing->heads[i] != head)
		i++;
	return i;
}

static enum sut_rc write_index(struct listing *listing, const char *path, struct sut_diag *diag)
{
	SUT_FREE char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	const char *previous = "", *making;
	enum sut_rc rc;

	if (!file)
		return sut_fail_errno(diag, "%s", path);
	fputs(SUT_KERNEL_COMMANDS_TITLE "\n", file);
	for (size_t i = 0; i < listing->head_count; i++)
		fprintf(file, "head\t%s\n", listing->heads[i]);
	for (size_t i = 0; i < listing->made_count; i++)
		fprintf(file, "made\t%s\n", listing->made[i]);
	for (size_t i = 0; i < listing->count; i++) {
		const struct sut_kernel_unit *unit = &listing->units[i];

		if (strcmp(unit->object, previous) != 0)
			fprintf(file, "unit\t%s\t%s\t%s\t%zu\t%s\n", unit->source, unit->object,
				modules_of(listing, unit->object), number_of(listing, unit->head),
				unit->rest);
		previous = unit->object;
	}
	if (fclose(file) != 0)
		return sut_fail_errno(diag, "%s", path);
	making = sut_arena_printf(listing->arena, "%s.%d", path, (int)getpid());
	rc = sut_file_write(making, text, size, 0644, diag);
	if (rc == SUT_OK && rename(making, path) < 0)
		rc = sut_fail_errno(diag, "%s", path);
	if (rc)
		unlink(making);
	return rc;
}

/* ---- the question ---- */

/* The compiler by the name that the tree was configured with: kbuild compares what it says of
 * itself, which begins with that name, and would configure the tree anew for another. */
static enum sut_rc compiler_of(struct sut_arena *arena, const char *tree, const char **compiler,
			       struct sut_diag *diag)
{
	static const char key[] = "CONFIG_CC_VERSION_TEXT=";
	const char *path = sut_arena_printf(arena, "%s/include/config/auto.conf", tree), *at;
	struct sut_bytes text;

	if (sut_file_read(arena, path, CONFIG_MAX, &text, diag) ||
	    !(at = strstr((const char *)text.data, key))) {
		sut_fail(diag, SUT_REFUSED, "kbuild", "%s: not a tree that is configured", tree);
		sut_remedy(diag, "make the kernel's profile with suture profile --kernel");
		return SUT_REFUSED;
	}
	at += strlen(key);
	at += *at == '"'; /* as some versions write it */
	*compiler = sut_arena_strndup(arena, at, strcspn(at, " \""));
	return SUT_OK;
}

static enum sut_rc ask(struct sut_arena *arena, const char *tree, const char *output,
		       struct sut_diag *diag)
{
	const char *compiler, *path = getenv("PATH");
	struct sut_job job = {
		.directory = tree,
		.output = output,
		.errors = sut_arena_printf(arena, "%s.errors", output),
	};
	enum sut_rc rc = compiler_of(arena, tree, &compiler, diag);
	/* Variables of the environment such as KCFLAGS and ARCH mean something to kbuild. */
	const char *argv[] = {"env", "-i", "LC_ALL=C",
			      sut_arena_printf(arena, "PATH=%s", path ? path : ""), "make", "-n",
			      NULL /* CC */,
			      /* Nothing of what comes before the units; with the first option make
			       * does not call itself. */
			      "--no-print-directory", "-o", "prepare", "./", NULL};

	if (rc)
		return rc;
	/* Tests of the compiler write files there for a moment. */
	if (access(tree, W_OK) < 0) {
		sut_fail_errno(diag, "%s: kbuild cannot be asked", tree);
		sut_remedy(diag,
			   "make the first patch for this kernel as the owner of its profile");
		return SUT_SYSTEM;
	}
	argv[6] = sut_arena_printf(arena, "CC=%s", compiler);
	job.argv = argv;
	rc = sut_jobs_run(arena, &job, 1, 1, diag);
	if (rc || job.status == 0)
		return rc;
	sut_fail(diag, SUT_SYSTEM, "kbuild", "%s: kbuild does not say how it compiles the kernel",
		 tree);
	return sut_context(diag, SUT_SYSTEM, "%s", sut_job_errors(arena, &job));
}

enum sut_rc sut_kernel_commands_list(struct sut_arena *arena, const char *tree, const char *scratch,
				     const char *path, struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena own = {0};
	struct listing listing = {.arena = &own};
	const char *output = sut_arena_printf(arena, "%s/make", scratch);
	enum sut_rc rc = ask(arena, tree, output, diag);

	if (rc == SUT_OK)
		rc = read_output(&listing, output, diag);
	unlink(output);
	if (rc)
		return rc;
	if (!listing.count)
		return sut_fail(diag, SUT_UNSUPPORTED, "kbuild",
				"%s: kbuild names no unit of the kernel", tree);
	qsort(listing.units, listing.count, sizeof(*listing.units), compare_units);
	if (listing.member_count)
		qsort(listing.members, listing.member_count, sizeof(*listing.members),
		      compare_members);
	return write_index(&listing, path, diag);
}
