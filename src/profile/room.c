// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Three processes: we wait; the keeper enters the namespaces, for whoever asks for a namespace of
 * processes is not in it itself; its child is process 1 in there, sets the mounts up, starts the
 * command and waits for all that is left to it. Each dies with its parent, and with process 1 dies
 * the room.
 *
 * The new root is a tmpfs with a folder or file for each of the old root's, bound to it with all
 * that is mounted there. So paths that do not exist on this system can appear without being made
 * on it.
 */
#include "profile/room.h"
#include "units/jobs.h"
#include "units/recordlog.h"
#include "base/guard.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	TICK = 250, /* ms */
	STATUS_SETUP = 125,
	MESSAGE = 512,
};

/* What the processes inside know; they only end, by fail(). */
struct inside {
	struct sut_arena arena;
	const struct sut_room *room;
	const char *self; /* this program's path */
	const char **variables;
	int report; /* a pipe: what went wrong before the command ran */
};

static _Noreturn void fail(const struct inside *inside, const char *what)
{
	char text[MESSAGE];
	int length = snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));

	if (length > 0 && write(inside->report, text, strnlen(text, sizeof(text))) < 0)
		errno = 0; /* nobody is left to be told */
	_exit(STATUS_SETUP);
}

static void put_text(const struct inside *inside, const char *path, const char *text)
{
	SUT_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail(inside, path);
}

/* Root in there is we out here. */
static void map_user(struct inside *inside, uid_t uid, gid_t gid)
{
	put_text(inside, "/proc/self/setgroups", "deny");
	put_text(inside, "/proc/self/uid_map", sut_arena_printf(&inside->arena, "0 %u 1", uid));
	put_text(inside, "/proc/self/gid_map", sut_arena_printf(&inside->arena, "0 %u 1", gid));
}

static const char *place(struct inside *inside, const char *path)
{
	return sut_arena_printf(&inside->arena, "%s%s", inside->room->folder, path);
}

static void make_parents(struct inside *inside, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *folder =
			sut_arena_strndup(&inside->arena, path, (size_t)(slash - path));

		if (mkdir(place(inside, folder), 0755) < 0 && errno != EEXIST)
			fail(inside, folder);
	}
}

/* Makes `path` in the room show `from`. */
static void bind(struct inside *inside, const char *from, const char *path)
{
	const char *to = place(inside, path);
	struct stat st;
	int fd;

	if (stat(from, &st) < 0)
		fail(inside, from);
	make_parents(inside, path);
	if (S_ISDIR(st.st_mode)) {
		if (mkdir(to, 0755) < 0 && errno != EEXIST)
			fail(inside, to);
	} else {
		fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			fail(inside, to);
		close(fd);
	}
	if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0)
		fail(inside, to);
}

static bool is_above(const char *folder, const char *path)
{
	size_t length = strlen(folder);

	return path && strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* Shows a folder's entries; those on the way to the path that will be ours one by one, too. */
static void show_folder(struct inside *inside, const char *folder)
{
	SUT_CLOSEDIR DIR *dir = opendir(*folder ? folder : "/");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *path = sut_arena_printf(&inside->arena, "%s/%s", folder, entry->d_name);
		char text[MESSAGE];
		ssize_t length;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    (inside->room->path && strcmp(path, inside->room->path) == 0))
			continue;
		length = readlink(path, text, sizeof(text) - 1);
		if (length >= 0) {
			text[length] = '\0';
			if (symlink(text, place(inside, path)) < 0)
				fail(inside, path);
		} else if (is_above(path, inside->room->path)) {
			if (mkdir(place(inside, path), 0755) < 0)
				fail(inside, path);
			show_folder(inside, path);
		} else {
			bind(inside, path, path);
		}
	}
}

/* The originals of the compilers elsewhere, and this program in their places. */
static void cover_compilers(struct inside *inside)
{
	const struct sut_recorder *recorder = inside->room->recorder;

	bind(inside, recorder->log, SUT_RECORD_ROOM "/log");
	bind(inside, recorder->links, SUT_RECORD_ROOM "/bin");
	for (size_t i = 0; i < recorder->covered_count; i++) {
		const char *path = recorder->covered[i];

		bind(inside, path, sut_arena_printf(&inside->arena, SUT_RECORD_REAL "%s", path));
		if (mount(inside->self, place(inside, path), NULL, MS_BIND, NULL) < 0)
			fail(inside, path);
	}
}

static void make_room(struct inside *inside)
{
	const struct sut_room *room = inside->room;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("suture", room->folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
		fail(inside, "mount");
	show_folder(inside, "");
	if (room->inner)
		bind(inside, room->inner, room->path);
	cover_compilers(inside);
	/* Of the room's own processes, where it is allowed; the outer one serves as well. */
	mount("proc", place(inside, "/proc"), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (chroot(room->folder) < 0)
		fail(inside, "chroot");
}

/* Process 1 inherits whoever loses its parent; the room ends with the command. */
static _Noreturn void wait_for_all(const struct inside *inside, pid_t command)
{
	int status;

	close(inside->report);
	for (;;) {
		pid_t pid = waitpid(-1, &status, 0);

		if (pid == command)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		if (pid < 0 && errno != EINTR)
			_exit(STATUS_SETUP);
	}
}

static _Noreturn void run_command(struct inside *inside)
{
	const struct sut_room *room = inside->room;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir(room->directory) < 0)
		fail(inside, room->directory);
	environ = (char **)inside->variables;
	execvp(room->argv[0], room->argv);
	fail(inside, room->argv[0]);
}

static pid_t fork_or_fail(struct inside *inside)
{
	pid_t pid = fork();

	if (pid < 0)
		fail(inside, "fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* SIGTERM, which we are the only one to send, ends the room: its process 1 is gone when all others
 * in it are. */
static _Noreturn void keep(pid_t pid)
{
	sigset_t set;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		if (sigwaitinfo(&set, NULL) == SIGTERM)
			kill(pid, SIGKILL);
		if (waitpid(pid, &status, WNOHANG) == pid)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
}

static _Noreturn void enter_room(struct inside *inside)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int user = uid ? CLONE_NEWUSER : 0;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (unshare(user | CLONE_NEWNS | CLONE_NEWPID) < 0)
		fail(inside, "unshare");
	if (user)
		map_user(inside, uid, gid);
	pid = fork_or_fail(inside);
	if (pid) {
		close(inside->report);
		keep(pid);
	}
	make_room(inside);
	pid = fork_or_fail(inside);
	if (!pid)
		run_command(inside);
	wait_for_all(inside, pid);
}

static void redirect(struct inside *inside)
{
	int in = open("/dev/null", O_RDONLY), out;

	out = open(inside->room->output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		fail(inside, inside->room->output);
	close(in);
	close(out);
	if (inside->room->fresh)
		umask(022);
}

/* Waits, and ends all of it when a signal that ends us is there. */
static enum sut_rc wait_for(const struct sut_room *room, bool plain, pid_t pid, int *status,
			    struct sut_diag *diag)
{
	SUT_CLOSE int pidfd = pidfd_open(pid, 0);
	SUT_CLOSE int signals = -1;
	enum sut_rc rc = SUT_OK;
	sigset_t set;
	int ended;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	for (;;) {
		struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN},
				       {.fd = signals, .events = POLLIN}};

		if (poll(fds, SUT_ARRAY_SIZE(fds), TICK) < 0 && errno != EINTR)
			rc = sut_fail_errno(diag, "poll");
		else if (fds[1].revents)
			rc = sut_fail(diag, SUT_SYSTEM, "interrupted", "interrupted by a signal");
		if (rc)
			kill(plain ? -pid : pid, plain ? SIGKILL : SIGTERM);
		if (rc || fds[0].revents)
			break;
		if (room->tick)
			room->tick(room->context);
	}
	while (waitpid(pid, &ended, 0) < 0 && errno == EINTR)
		;
	*status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
	return rc;
}

/* What a process inside had to say before it gave up. */
static enum sut_rc read_report(int report, bool plain, struct sut_diag *diag)
{
	char text[MESSAGE + 1];
	ssize_t length = read(report, text, MESSAGE);

	if (length <= 0)
		return SUT_OK;
	text[length] = '\0';
	if (plain)
		return sut_fail(diag, SUT_SYSTEM, "profile", "the build cannot be started: %s",
				text);
	return sut_fail(diag, SUT_UNSUPPORTED, "profile", "no private namespace for the build: %s",
			text);
}

static const char **join(struct sut_arena *arena, const char **some, const char **more)
{
	size_t count = 0, capacity = 0;
	const char **list = NULL;

	for (; some && *some; some++)
		SUT_PUSH(arena, list, count, capacity) = *some;
	for (; *more; more++)
		SUT_PUSH(arena, list, count, capacity) = *more;
	SUT_PUSH(arena, list, count, capacity) = NULL;
	return list;
}

enum sut_rc sut_room_run(struct sut_arena *arena, const struct sut_room *room, bool plain,
			 int *status, struct sut_diag *diag)
{
	SUT_FREE char *self = realpath("/proc/self/exe", NULL);
	struct inside inside = {.room = room, .self = self};
	const struct sut_recorder *recorder = room->recorder;
	const char *log = plain ? recorder->log : SUT_RECORD_ROOM "/log";
	const char *links = plain ? recorder->links : SUT_RECORD_ROOM "/bin";
	const char **recording = sut_record_variables(arena, recorder, log, links);
	enum sut_rc rc;
	int report[2];
	pid_t pid;

	inside.variables = join(arena, room->variables, recording);
	if (!room->fresh)
		inside.variables = sut_environment(arena, inside.variables);
	if (pipe2(report, O_CLOEXEC) < 0)
		return sut_fail_errno(diag, "pipe");
	inside.report = report[1];
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(report[0]);
		redirect(&inside);
		if (plain)
			run_command(&inside);
		enter_room(&inside);
	}
	close(report[1]);
	if (pid < 0) {
		close(report[0]);
		return sut_fail_errno(diag, "fork");
	}
	setpgid(pid, pid);
	rc = wait_for(room, plain, pid, status, diag);
	if (rc == SUT_OK)
		rc = read_report(report[0], plain, diag);
	close(report[0]);
	return rc;
}
