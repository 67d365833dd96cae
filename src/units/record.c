// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/record.h"
#include "units/database.h"
#include "units/path.h"
#include "units/recordlog.h"
#include "units/scratch.h"
#include "base/guard.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum { LOG_MAX = 1 << 30 /* bytes */ };

/* cc, gcc-12, clang++, x86_64-linux-gnu-gcc, c99 ... */
#define COMPILER_NAMES                                                                             \
	"^([a-z0-9_]+-[a-z0-9_-]*)?(gcc|cc|c89|c99|clang|g\\+\\+|c\\+\\+|clang\\+\\+)"             \
	"(-[0-9.]+)?$"

/*
 * Whether a build does not notice that this program is mounted over the file. A script calls
 * another compiler; clang asks the kernel for its own path and would not find its headers.
 */
static bool is_coverable(const regex_t *compiler, const char *real)
{
	SUT_CLOSE int fd = open(real, O_RDONLY | O_CLOEXEC);
	const char *name = strrchr(real, '/') + 1;
	char magic[4];

	return !strstr(name, "clang") && !regexec(compiler, name, 0, NULL, 0) && fd >= 0 &&
	       sut_pread_all(fd, magic, sizeof(magic), 0) && !memcmp(magic, "\177ELF", 4);
}

static void cover(struct sut_arena *arena, struct sut_recorder *recorder, const char *real)
{
	for (size_t i = 0; i < recorder->covered_count; i++)
		if (strcmp(recorder->covered[i], real) == 0)
			return;
	SUT_PUSH(arena, recorder->covered, recorder->covered_count, recorder->covered_capacity) =
		sut_arena_strdup(arena, real);
}

struct linking {
	struct sut_arena *arena;
	struct sut_recorder *recorder;
	const char *self;
	bool cover;
	regex_t compiler;
	struct sut_diag *diag;
};

static enum sut_rc take_compiler(struct linking *linking, const char *folder, const char *name)
{
	struct sut_recorder *recorder = linking->recorder;
	SUT_FREE char *real =
		realpath(sut_arena_printf(linking->arena, "%s/%s", folder, name), NULL);

	if (linking->cover && real && is_coverable(&linking->compiler, real)) {
		cover(linking->arena, recorder, real);
		return SUT_OK;
	}
	if (symlink(linking->self,
		    sut_arena_printf(linking->arena, "%s/%s", recorder->links, name)) == 0 ||
	    errno == EEXIST)
		return SUT_OK;
	return sut_fail_errno(linking->diag, "%s: cannot make a link", recorder->links);
}

static enum sut_rc take_compilers(struct linking *linking, const char *path)
{
	char *rest = sut_arena_strdup(linking->arena, path), *name;

	while ((name = strsep(&rest, ":"))) {
		SUT_CLOSEDIR DIR *dir = opendir(*name ? name : ".");
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			enum sut_rc rc;

			if (regexec(&linking->compiler, entry->d_name, 0, NULL, 0))
				continue;
			rc = take_compiler(linking, *name ? name : ".", entry->d_name);
			if (rc)
				return rc;
		}
	}
	return SUT_OK;
}

const char *sut_record_path(void)
{
	const char *path = getenv("PATH");

	return path ? path : "/usr/bin:/bin";
}

enum sut_rc sut_record_prepare(struct sut_arena *arena, const char *folder, const char *path,
			       bool cover_some, struct sut_recorder *recorder,
			       struct sut_diag *diag)
{
	SUT_FREE char *self = realpath("/proc/self/exe", NULL);
	struct linking linking = {
		.arena = arena,
		.recorder = recorder,
		.self = self,
		.cover = cover_some,
		.diag = diag,
	};
	enum sut_rc rc;

	*recorder = (struct sut_recorder){
		.log = sut_arena_printf(arena, "%s/log", folder),
		.links = sut_arena_printf(arena, "%s/bin", folder),
		.path = path,
	};
	if (!self || mkdir(recorder->links, 0700) < 0)
		return sut_fail_errno(diag, "%s: cannot prepare the recording", folder);
	rc = sut_file_write(recorder->log, "", 0, 0600, diag);
	if (rc)
		return rc;
	if (regcomp(&linking.compiler, COMPILER_NAMES, REG_EXTENDED | REG_NOSUB))
		return sut_fail(diag, SUT_BUG, "record", "the pattern of compilers is wrong");
	rc = take_compilers(&linking, path);
	regfree(&linking.compiler);
	return rc;
}

const char **sut_record_variables(struct sut_arena *arena, const struct sut_recorder *recorder,
				  const char *log, const char *links)
{
	const char **list = sut_arena_array(arena, 4, sizeof(*list));

	list[0] = sut_arena_printf(arena, "PATH=%s:%s", links, recorder->path);
	list[1] = sut_arena_printf(arena, "%s=%s", SUT_RECORD_LOG, log);
	list[2] = sut_arena_printf(arena, "%s=%s", SUT_RECORD_FOLDER, links);
	return list;
}

/* Passes on signals that were sent to us alone; the terminal's reach the command by themselves. */
static void pass_on(int signals, pid_t pid)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) == sizeof(info) && info.ssi_code != SI_KERNEL)
		kill(pid, (int)info.ssi_signo);
}

static enum sut_rc wait_command(pid_t pid, int signals, struct sut_recording *recording,
				struct sut_diag *diag)
{
	SUT_CLOSE int pidfd = pidfd_open(pid, 0);
	struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	int status;

	if (pidfd < 0)
		return sut_fail_errno(diag, "pidfd_open");
	while (!fds[0].revents) {
		if (poll(fds, SUT_ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return sut_fail_errno(diag, "poll");
		if (fds[1].revents)
			pass_on(signals, pid);
	}
	if (waitpid(pid, &status, 0) < 0)
		return sut_fail_errno(diag, "waitpid");
	recording->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	recording->status = recording->signal ? 128 + recording->signal : WEXITSTATUS(status);
	return SUT_OK;
}

static enum sut_rc run_command(char *const *argv, struct sut_recording *recording,
			       struct sut_diag *diag)
{
	posix_spawnattr_t attributes;
	sigset_t passed, before;
	int signals, error;
	enum sut_rc rc;
	pid_t pid;

	sigemptyset(&passed);
	sigaddset(&passed, SIGINT);
	sigaddset(&passed, SIGQUIT);
	sigaddset(&passed, SIGTERM);
	sigaddset(&passed, SIGHUP);
	sigprocmask(SIG_BLOCK, &passed, &before);
	signals = signalfd(-1, &passed, SFD_CLOEXEC | SFD_NONBLOCK);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &before);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	error = posix_spawnp(&pid, argv[0], NULL, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	if (error) {
		rc = sut_fail(diag, SUT_SYSTEM, "record", "%s: cannot be run: %s", argv[0],
			      strerror(error));
	} else {
		rc = wait_command(pid, signals, recording, diag);
	}
	close(signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

struct entries {
	size_t count, capacity;
	struct sut_entry *list;
};

static void add_sources(struct sut_arena *arena, json_t *sources, const struct sut_entry *call,
			struct entries *entries)
{
	for (size_t i = 0; i < json_array_size(sources); i++) {
		json_t *source = json_array_get(sources, i);
		const char *file = json_string_value(json_object_get(source, "file"));
		const char *digest = json_string_value(json_object_get(source, "sha256"));
		struct sut_entry entry = *call;

		if (!file || !digest)
			continue;
		entry.file = sut_arena_strdup(arena, file);
		entry.path = sut_path_resolve(arena, call->directory, entry.file);
		entry.digest = sut_arena_strdup(arena, digest);
		SUT_PUSH(arena, entries->list, entries->count, entries->capacity) = entry;
	}
}

/* A line that is not whole is a call that was not noted: the build's disk may have been full. */
static void add_line(struct sut_arena *arena, const char *line, struct entries *entries)
{
	json_t *json = json_loads(line, 0, NULL);
	json_t *arguments = json_object_get(json, "arguments");
	const char *directory = json_string_value(json_object_get(json, "directory"));
	struct sut_entry call = {.argc = json_array_size(arguments)};

	if (directory && call.argc) {
		call.directory = sut_arena_strdup(arena, directory);
		call.argv = sut_arena_array(arena, call.argc + 1, sizeof(*call.argv));
		for (size_t i = 0; i < call.argc; i++) {
			const char *word = json_string_value(json_array_get(arguments, i));

			call.argv[i] = sut_arena_strdup(arena, word ? word : "");
		}
		add_sources(arena, json_object_get(json, "sources"), &call, entries);
	}
	json_decref(json);
}

static enum sut_rc read_log(struct sut_arena *arena, const char *log, struct entries *entries,
			    struct sut_diag *diag)
{
	struct sut_bytes text;
	enum sut_rc rc = sut_file_read(arena, log, LOG_MAX, &text, diag);
	char *rest = rc ? NULL : (char *)text.data, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			add_line(arena, line, entries);
	return rc;
}

enum sut_rc sut_record_read(struct sut_arena *arena, const char *log, struct sut_entry **entries,
			    size_t *count, struct sut_diag *diag)
{
	struct entries found = {0};
	enum sut_rc rc = read_log(arena, log, &found, diag);

	*entries = found.list;
	*count = found.count;
	return rc;
}

/* A configure step's trials are not there any more. */
static void drop_gone(struct entries *entries)
{
	size_t kept = 0;

	for (size_t i = 0; i < entries->count; i++)
		if (access(entries->list[i].path, F_OK) == 0)
			entries->list[kept++] = entries->list[i];
	entries->count = kept;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct sut_entry *)a)->path, ((const struct sut_entry *)b)->path);
}

/* Keeps what an older database says of files that this build did not compile. */
static enum sut_rc merge_old(struct sut_arena *arena, const char *path, struct entries *entries,
			     struct sut_diag *diag)
{
	struct sut_database old;
	size_t fresh = entries->count;
	enum sut_rc rc;

	if (access(path, F_OK) < 0)
		return SUT_OK;
	rc = sut_database_load(arena, path, &old, diag);
	if (rc) {
		sut_remedy(diag, "move it away; what was compiled just now is not recorded");
		return rc;
	}
	qsort(entries->list, fresh, sizeof(*entries->list), compare_paths);
	for (size_t i = 0; i < old.count; i++)
		if (!bsearch(&old.entries[i], entries->list, fresh, sizeof(*entries->list),
			     compare_paths))
			SUT_PUSH(arena, entries->list, entries->count, entries->capacity) =
				old.entries[i];
	return SUT_OK;
}

static enum sut_rc record_in(struct sut_arena *arena, const char *folder, const char *path,
			     char *const *argv, struct sut_recording *recording,
			     struct sut_diag *diag)
{
	struct entries entries = {0};
	struct sut_recorder recorder;
	const char *before;
	enum sut_rc rc =
		sut_record_prepare(arena, folder, sut_record_path(), false, &recorder, diag);

	if (rc)
		return rc;
	/* Set here and not only for the child, for the command itself is looked for in PATH. */
	before = sut_arena_strdup(arena, recorder.path);
	setenv("PATH", sut_arena_printf(arena, "%s:%s", recorder.links, before), 1);
	setenv(SUT_RECORD_LOG, recorder.log, 1);
	setenv(SUT_RECORD_FOLDER, recorder.links, 1);
	rc = run_command(argv, recording, diag);
	setenv("PATH", before, 1);
	unsetenv(SUT_RECORD_LOG);
	unsetenv(SUT_RECORD_FOLDER);
	if (rc == SUT_OK)
		rc = read_log(arena, recorder.log, &entries, diag);
	drop_gone(&entries);
	recording->recorded = entries.count;
	if (rc == SUT_OK && entries.count)
		rc = merge_old(arena, path, &entries, diag);
	recording->total = entries.count;
	if (rc == SUT_OK && entries.count)
		rc = sut_database_save(path, entries.list, entries.count, diag);
	return rc;
}

enum sut_rc sut_record_run(struct sut_arena *arena, const char *path, char *const *argv,
			   struct sut_recording *recording, struct sut_diag *diag)
{
	const char *folder;
	enum sut_rc rc = sut_scratch_make(arena, &folder, diag);

	if (rc)
		return rc;
	rc = record_in(arena, folder, path, argv, recording, diag);
	sut_scratch_remove(folder);
	return rc;
}
