// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/target.h"
#include "process/trace.h"
#include "base/guard.h"
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>

enum { LOCK_TRIES = 500, LOCK_PAUSE_US = 10 * 1000, LATE_TRIES = 20 };

ssize_t sut_proc_read(int folder, const char *name, char *buf, size_t size)
{
	SUT_CLOSE int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -1;
	buf[n] = '\0';
	return n;
}

/* "PID (NAME) STATE ...", and the name may itself hold spaces and parentheses. 0: gone. */
static char read_stat(int folder, char *name, size_t size)
{
	char buf[1024];
	char *start, *end;

	if (sut_proc_read(folder, "stat", buf, sizeof(buf)) < 0)
		return '\0';
	start = strchr(buf, '(');
	end = strrchr(buf, ')');
	if (!start || !end || end[1] != ' ')
		return '\0';
	*end = '\0';
	snprintf(name, size, "%.*s", (int)strcspn(start + 1, "\n"), start + 1);
	return end[2];
}

static char read_state(int folder)
{
	char name[64];

	return read_stat(folder, name, sizeof(name));
}

long sut_status_number(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line ? strtol(line + strlen(key), NULL, 10) : -1;
}

static bool is_dead(char state)
{
	return state == '\0' || state == 'Z' || state == 'X';
}

/* /proc/PID shows nothing of memory once the leader has exited; a live thread's folder does. */
static int live_task(int tasks)
{
	SUT_CLOSEDIR DIR *dir = fdopendir(openat(tasks, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int folder;

		if (entry->d_name[0] == '.')
			continue;
		folder = openat(tasks, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (folder < 0)
			continue;
		if (!is_dead(read_state(folder)))
			return folder;
		close(folder);
	}
	return -1;
}

static enum sut_rc gone(pid_t pid, struct sut_diag *diag)
{
	sut_fail(diag, SUT_GONE, "gone", "process %d: there is no such process", pid);
	sut_remedy(diag, "Check the process id; the process may have exited meanwhile.");
	return SUT_GONE;
}

/*
 * All openers share a file's inode, and a dead holder releases by itself. The folder would do as
 * well, but anybody on the machine may open that, and hold the lock for ever.
 */
static enum sut_rc lock(struct sut_target *target, struct sut_diag *diag)
{
	target->lock = openat(target->leader, "syscall", O_RDONLY | O_CLOEXEC);
	if (target->lock < 0)
		return errno == EACCES || errno == EPERM ? sut_target_denied(target, diag)
							 : gone(target->pid, diag);
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(target->lock, LOCK_EX | LOCK_NB) == 0)
			return SUT_OK;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return sut_fail_errno(diag, "process %d: cannot be locked", target->pid);
		usleep(LOCK_PAUSE_US);
	}
	sut_fail(diag, SUT_RETRY, "busy", "process %d: another suture is at work on it",
		 target->pid);
	sut_remedy(diag, "Try again when it has finished.");
	return SUT_RETRY;
}

enum sut_rc sut_target_open(pid_t pid, bool with_lock, struct sut_target *target,
			    struct sut_diag *diag)
{
	char path[32], state;
	enum sut_rc rc;

	*target = (struct sut_target){
		.pid = pid, .leader = -1, .lock = -1, .folder = -1, .tasks = -1, .memory = -1};
	target->pace = sut_arena_alloc(&target->arena, sizeof(*target->pace));
	target->pages = sut_arena_alloc(&target->arena, sizeof(*target->pages));
	target->pages->arena = &target->arena;
	target->files = sut_arena_alloc(&target->arena, sizeof(*target->files));
	sut_thread_files_init(target->files);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	target->leader = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target->leader < 0)
		return gone(pid, diag);
	target->tasks = openat(target->leader, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	state = read_stat(target->leader, target->name, sizeof(target->name));
	if (target->tasks < 0 || !state)
		return gone(pid, diag);
	if (with_lock) {
		rc = lock(target, diag);
		if (rc != SUT_OK)
			return rc;
	}
	target->folder = is_dead(state) ? live_task(target->tasks)
					: fcntl(target->leader, F_DUPFD_CLOEXEC, 0);
	if (target->folder < 0)
		return gone(pid, diag);
	target->memory = openat(target->folder, "mem", O_RDWR | O_CLOEXEC);
	if (target->memory < 0)
		return errno == ENOENT || errno == ESRCH ? gone(pid, diag)
							 : sut_target_denied(target, diag);
	return sut_target_refresh(target, diag);
}

void sut_target_close(struct sut_target *target)
{
	/* One that never stops is let go at a later try, or by the kernel when we end. */
	for (int i = 0; i < LATE_TRIES && sut_trace_release_late(target->tasks); i++)
		usleep(LOCK_PAUSE_US);
	if (target->files)
		sut_thread_files_close(target->files);
	target->files = NULL;
	sut_guard_close(&target->memory);
	sut_guard_close(&target->tasks);
	sut_guard_close(&target->folder);
	sut_guard_close(&target->lock);
	sut_guard_close(&target->leader);
	target->memory = target->tasks = target->folder = target->lock = target->leader = -1;
	sut_arena_deinit(&target->arena);
}

bool sut_target_alive(const struct sut_target *target)
{
	char maps[2], byte;

	/*
	 * The folder's descriptor belongs to this very process: a reused pid does not answer. One
	 * that is about to be a zombie has no memory any more. One that has executed another
	 * program has, but ours is of the one before: it ends everywhere.
	 */
	return !is_dead(read_state(target->folder)) &&
	       sut_proc_read(target->folder, "maps", maps, sizeof(maps)) > 0 &&
	       pread(target->memory, &byte, 1, 0) != 0;
}

/* Then the memory that was opened belongs to nobody any more, which reads as its end. */
bool sut_target_executed(const struct sut_target *target)
{
	char byte;

	return target->memory >= 0 && pread(target->memory, &byte, 1, SUT_PAGE_SIZE) == 0;
}

static enum sut_rc executed(const struct sut_target *target, struct sut_diag *diag)
{
	sut_fail(diag, SUT_RETRY, "exec",
		 "process %d (%s): it has executed another program meanwhile", target->pid,
		 target->name);
	sut_remedy(diag, "Run the same command again if the new program is meant, too.");
	return SUT_RETRY;
}

enum sut_rc sut_target_lost(const struct sut_target *target, struct sut_diag *diag)
{
	bool alive = sut_target_alive(target);

	if (alive && sut_target_executed(target))
		return executed(target, diag);
	if (alive)
		return sut_fail_errno(diag, "process %d (%s): its memory cannot be accessed",
				      target->pid, target->name);
	sut_fail(diag, SUT_GONE, "gone",
		 "process %d (%s): it has exited, or executed another program", target->pid,
		 target->name);
	return SUT_GONE;
}

enum sut_rc sut_target_leave(struct sut_target *target, enum sut_rc rc, struct sut_diag *diag)
{
	if (rc != SUT_OK && rc != SUT_GONE && target->memory >= 0 &&
	    (!sut_target_alive(target) || sut_target_executed(target)))
		rc = sut_target_lost(target, diag);
	sut_target_close(target);
	return rc;
}

enum sut_rc sut_target_damaged(const struct sut_target *target, const char *what,
			       struct sut_diag *diag)
{
	if (!sut_target_alive(target))
		return sut_target_lost(target, diag);
	sut_fail(diag, SUT_REFUSED, "damaged", "process %d (%s): %s in its memory is damaged",
		 target->pid, target->name, what);
	sut_remedy(diag, "The program may have overwritten it; restart the program.");
	return SUT_REFUSED;
}

static enum sut_rc refuse(const struct sut_target *target, enum sut_rc rc, const char *rule,
			  struct sut_diag *diag, const char *reason, const char *remedy)
{
	sut_fail(diag, rc, rule, "process %d (%s): %s", target->pid, target->name, reason);
	sut_remedy(diag, "%s", remedy);
	return rc;
}

static enum sut_rc traced(const struct sut_target *target, long tracer, struct sut_diag *diag)
{
	char path[32], name[64], reason[128];

	snprintf(path, sizeof(path), "/proc/%ld/comm", tracer);
	if (sut_proc_read(AT_FDCWD, path, name, sizeof(name)) < 0)
		strcpy(name, "?");
	snprintf(reason, sizeof(reason), "it is being traced by process %ld (%.*s)", tracer,
		 (int)strcspn(name, "\n"), name);
	return refuse(target, SUT_RETRY, "traced", diag, reason,
		      "Detach the debugger or tracer, then try again.");
}

enum sut_rc sut_target_is_go(const struct sut_target *target, struct sut_diag *diag)
{
	return refuse(target, SUT_UNSUPPORTED, "go", diag, "it is a program of Go, without C",
		      "Restart it with a fixed program; C code that Go programs call through cgo "
		      "can be patched.");
}

enum sut_rc sut_target_check(const struct sut_target *target, struct sut_diag *diag)
{
	static const char key[] = "\nState:\t";
	char status[8192], state;
	const char *line;
	long tracer;

	if (sut_proc_read(target->folder, "status", status, sizeof(status)) < 0 ||
	    !(line = strstr(status, key)))
		return gone(target->pid, diag);
	state = line[strlen(key)];
	tracer = sut_status_number(status, "\nTracerPid:");
	if (tracer > 0)
		return traced(target, tracer, diag);
	if (state == 'T' || state == 't')
		return refuse(target, SUT_RETRY, "stopped", diag, "it is stopped",
			      "Continue it (kill -CONT), then try again.");
	if (sut_status_number(status, "\nThreads:") < 1)
		return gone(target->pid, diag);
	if (!target->object_count && target->go)
		return sut_target_is_go(target, diag);
	if (!target->object_count)
		return refuse(target, SUT_UNSUPPORTED, "elf", diag,
			      "no x86-64 ELF program with a build-id was found in its memory",
			      "Only 64-bit x86 programs can be patched.");
	return SUT_OK;
}

bool sut_target_read(const struct sut_target *target, uint64_t address, void *data, size_t size)
{
	return address <= INT64_MAX && sut_pread_all(target->memory, data, size, address);
}

bool sut_target_read_kept(const struct sut_target *target, uint64_t address, void *data,
			  size_t size)
{
	return address <= INT64_MAX &&
	       sut_pages_read(target->pages, target->memory, address, data, size);
}

bool sut_target_read_string(const struct sut_target *target, uint64_t address, char *data,
			    size_t size)
{
	size_t used = 0;

	/* Page by page: the string may end just before unmapped memory. */
	while (used < size) {
		size_t chunk = SUT_PAGE_SIZE - (address + used) % SUT_PAGE_SIZE;

		if (chunk > size - used)
			chunk = size - used;
		if (!sut_target_read(target, address + used, data + used, chunk))
			return false;
		if (memchr(data + used, '\0', chunk))
			return true;
		used += chunk;
	}
	return false;
}

bool sut_target_write(const struct sut_target *target, uint64_t address, const void *data,
		      size_t size)
{
	const unsigned char *p = data;

	sut_pages_forget(target->pages);
	/* Not process_vm_writev: that would reach a new image after exec; this descriptor does not.
	 */
	while (size) {
		ssize_t n = pwrite(target->memory, p, size, (off_t)address);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		address += (uint64_t)n;
		size -= (size_t)n;
	}
	return true;
}
