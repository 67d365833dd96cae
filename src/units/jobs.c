// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/jobs.h"
#include "base/guard.h"
#include "base/io.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum {
	PARALLEL_MAX = 16,
	ERRORS_MAX = 1 << 20, /* bytes of standard error that are looked at */
	ERROR_LINES = 6,
};

struct running {
	struct sut_job *job;
	pid_t pid;
	int pidfd;
};

const char **sut_environment(struct sut_arena *arena, const char **variables)
{
	size_t count = 0, added = 0, kept = 0;
	const char **list;

	while (environ[count])
		count++;
	while (variables && variables[added])
		added++;
	list = sut_arena_array(arena, count + added + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		bool replaced = false;

		for (size_t k = 0; k < added; k++) {
			size_t name = (size_t)(strchrnul(variables[k], '=') - variables[k]) + 1;

			replaced |= strncmp(environ[i], variables[k], name) == 0;
		}
		if (!replaced)
			list[kept++] = environ[i];
	}
	for (size_t k = 0; k < added; k++)
		list[kept++] = variables[k];
	return list;
}

const char **sut_job_bound(struct sut_arena *arena, const char *const *argv)
{
	static const char *const before[] = {"setpriv", "--pdeathsig", "KILL"};
	size_t count = 0;
	const char **words;

	while (argv[count])
		count++;
	words = sut_arena_array(arena, SUT_ARRAY_SIZE(before) + count + 1, sizeof(*words));
	memcpy(words, before, sizeof(before));
	memcpy(words + SUT_ARRAY_SIZE(before), argv, count * sizeof(*words));
	return words;
}

static int start(struct sut_arena *arena, struct sut_job *job, pid_t *pid)
{
	enum { NEW_FILE = O_WRONLY | O_CREAT | O_TRUNC };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	/* The child must be endable: it starts with no signal blocked, whatever we block. */
	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	/* A group of its own, because a compiler is a driver with children. */
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO,
					 job->output ? job->output : "/dev/null", NEW_FILE, 0600);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO,
					 job->errors ? job->errors : "/dev/null", NEW_FILE, 0600);
	posix_spawn_file_actions_addchdir_np(&actions, job->directory);
	error = posix_spawnp(pid, job->argv[0], &actions, &attributes, (char **)job->argv,
			     (char **)sut_environment(arena, job->variables));
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

static void reap(struct running *running)
{
	siginfo_t info = {0};

	while (waitid(P_PIDFD, (id_t)running->pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	close(running->pidfd);
	running->job->status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static enum sut_rc begin(struct sut_arena *arena, struct sut_job *job, struct running *running,
			 struct sut_diag *diag)
{
	int error = start(arena, job, &running->pid);

	if (error == ENOENT) {
		sut_fail(diag, SUT_SYSTEM, "tool", "%s: no such program, or no folder %s",
			 job->argv[0], job->directory);
		sut_remedy(diag, "install the package that has %s", job->argv[0]);
		return SUT_SYSTEM;
	}
	if (error)
		return sut_fail(diag, SUT_SYSTEM, "tool", "%s: cannot be started in %s: %s",
				job->argv[0], job->directory, strerror(error));
	running->job = job;
	running->pidfd = pidfd_open(running->pid, 0);
	if (running->pidfd >= 0)
		return SUT_OK;
	sut_fail_errno(diag, "%s: cannot be watched", job->argv[0]);
	kill(running->pid, SIGKILL);
	waitpid(running->pid, NULL, 0);
	return SUT_SYSTEM;
}

/* Waits until a child ends or a blocked signal is pending. The signal stays pending: whoever
 * blocked it cleans up and lets it through. */
static enum sut_rc wait_any(struct running *running, size_t count, int signals, size_t *ended,
			    struct sut_diag *diag)
{
	struct pollfd fds[PARALLEL_MAX + 1];

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = running[i].pidfd, .events = POLLIN};
	fds[count] = (struct pollfd){.fd = signals, .events = POLLIN};
	while (poll(fds, count + 1, -1) < 0)
		if (errno != EINTR)
			return sut_fail_errno(diag, "poll");
	if (fds[count].revents)
		return sut_fail(diag, SUT_SYSTEM, "interrupted", "interrupted by a signal");
	for (*ended = 0; *ended + 1 < count && !fds[*ended].revents;)
		(*ended)++;
	return SUT_OK;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

enum sut_rc sut_jobs_run(struct sut_arena *arena, struct sut_job *jobs, size_t count,
			 unsigned int parallel, struct sut_diag *diag)
{
	SUT_CLOSE int signals = open_signals();
	struct running running[PARALLEL_MAX];
	size_t active = 0, next = 0;
	enum sut_rc rc = SUT_OK;

	if (signals < 0)
		return sut_fail_errno(diag, "signalfd");
	while (rc == SUT_OK && (next < count || active)) {
		size_t ended = 0;

		if (next < count && active < parallel && active < PARALLEL_MAX) {
			rc = begin(arena, &jobs[next++], &running[active], diag);
			active += rc == SUT_OK;
			continue;
		}
		rc = wait_any(running, active, signals, &ended, diag);
		if (rc == SUT_OK) {
			reap(&running[ended]);
			running[ended] = running[--active];
		}
	}
	for (size_t i = 0; i < active; i++) {
		kill(-running[i].pid, SIGTERM);
		reap(&running[i]);
	}
	return rc;
}

const char *sut_job_errors(struct sut_arena *arena, const struct sut_job *job)
{
	struct sut_bytes bytes;
	struct sut_diag unused;
	char *end;

	if (!job->errors || sut_file_read(arena, job->errors, ERRORS_MAX, &bytes, &unused))
		return "";
	end = (char *)bytes.data;
	for (int i = 0; i < ERROR_LINES && *end; i++)
		end = strchrnul(end, '\n') + (*strchrnul(end, '\n') != '\0');
	while (end > (char *)bytes.data && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return (const char *)bytes.data;
}

static bool is_plain(const char *word)
{
	if (!*word)
		return false;
	for (; *word; word++)
		if (!isalnum((unsigned char)*word) && !strchr("_-./=+,:@%", *word))
			return false;
	return true;
}

const char *sut_job_line(struct sut_arena *arena, const char *const *argv)
{
	SUT_FREE char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return argv[0];
	for (size_t i = 0; argv[i]; i++) {
		bool plain = is_plain(argv[i]);

		if (i)
			putc(' ', file);
		if (!plain)
			putc('\'', file);
		for (const char *p = argv[i]; *p; p++)
			fputs(*p == '\'' ? "'\\''" : (char[]){*p, 0}, file);
		if (!plain)
			putc('\'', file);
	}
	fclose(file);
	return sut_arena_strdup(arena, text);
}
