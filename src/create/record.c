// SPDX-License-Identifier: GPL-2.0-or-later
#include "create/record.h"
#include "create/compile.h"
#include "create/database.h"
#include "create/recordlog.h"
#include "create/scratch.h"
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

static enum sut_rc link_compilers(struct sut_arena *arena, const char *folder,
				  const char *search_path, const char *self, struct sut_diag *diag)
{
	char *path = sut_arena_strdup(arena, search_path), *rest = path, *name;
	regex_t compiler;

	if (regcomp(&compiler, COMPILER_NAMES, REG_EXTENDED | REG_NOSUB))
		return sut_fail(diag, SUT_BUG, "record", "the pattern of compilers is wrong");
	while ((name = strsep(&rest, ":"))) {
		SUT_CLOSEDIR DIR *dir = opendir(*name ? name : ".");
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			if (regexec(&compiler, entry->d_name, 0, NULL, 0))
				continue;
			if (symlink(self, sut_arena_printf(arena, "%s/%s", folder, entry->d_name)) <
				    0 &&
			    errno != EEXIST) {
				regfree(&compiler);
				return sut_fail_errno(diag, "%s: cannot make a link", folder);
			}
		}
	}
	regfree(&compiler);
	return SUT_OK;
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

/* A compilation gives one entry per source that is still there; configure's trials are not. */
static void add_call(struct sut_arena *arena, const char *directory, size_t argc, const char **argv,
		     struct entries *entries)
{
	struct sut_compile compile;
	struct sut_diag unused;

	if (sut_compile_read(arena, directory, argc, argv, &compile, &unused) ||
	    !compile.makes_object)
		return;
	for (size_t i = 0; i < compile.source_count; i++) {
		const char *file = compile.argv[compile.sources[i].index];
		const char *path =
			file[0] == '/' ? file : sut_arena_printf(arena, "%s/%s", directory, file);
		SUT_FREE char *real = realpath(path, NULL);

		if (!real)
			continue;
		SUT_PUSH(arena, entries->list, entries->count, entries->capacity) =
			(struct sut_entry){
				.directory = directory,
				.file = file,
				.path = sut_arena_strdup(arena, real),
				.argc = compile.argc,
				.argv = compile.argv,
			};
	}
}

static enum sut_rc read_log(struct sut_arena *arena, const char *log, struct entries *entries,
			    struct sut_diag *diag)
{
	struct sut_bytes text;
	enum sut_rc rc = sut_file_read(arena, log, LOG_MAX, &text, diag);
	char *rest = rc ? NULL : (char *)text.data, *line;

	while ((line = strsep(&rest, "\n"))) {
		json_t *json = json_loads(line, 0, NULL);
		size_t count = json_array_size(json);
		const char **words = sut_arena_array(arena, count + 1, sizeof(*words));

		for (size_t i = 0; i < count; i++)
			words[i] =
				sut_arena_strdup(arena, json_string_value(json_array_get(json, i)));
		if (count > 1)
			add_call(arena, words[0], count - 1, words + 1, entries);
		json_decref(json);
	}
	return rc;
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
	const char *log = sut_arena_printf(arena, "%s/log", folder);
	const char *links = sut_arena_printf(arena, "%s/bin", folder);
	const char *search_path = getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin";
	SUT_FREE char *self = realpath("/proc/self/exe", NULL);
	struct entries entries = {0};
	enum sut_rc rc;

	if (!self || mkdir(links, 0700) < 0 || sut_file_write(log, "", 0, 0600, diag))
		return sut_fail_errno(diag, "%s: cannot prepare the recording", folder);
	rc = link_compilers(arena, links, search_path, self, diag);
	if (rc)
		return rc;
	setenv("PATH", sut_arena_printf(arena, "%s:%s", links, search_path), 1);
	setenv(SUT_RECORD_LOG, log, 1);
	setenv(SUT_RECORD_FOLDER, links, 1);
	rc = run_command(argv, recording, diag);
	setenv("PATH", search_path, 1);
	unsetenv(SUT_RECORD_LOG);
	unsetenv(SUT_RECORD_FOLDER);
	if (rc == SUT_OK)
		rc = read_log(arena, log, &entries, diag);
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
