// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/tasks.h"
#include "base/guard.h"
#include "kernel/host/files.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const char *name)
{
	return *name && name[strspn(name, "0123456789")] == '\0';
}

/* What a look at all threads collects. */
struct census {
	int wanted;
	struct sut_host_task *list;
	size_t max, tasks, pending;
	bool hidden; /* some may not be looked at */
};

static void count(const struct sut_host *host, const char *pid, const char *tid,
		  struct census *census)
{
	enum { UNREADABLE = -2 };
	long state;

	errno = 0;
	state = sut_host_number(host, UNREADABLE, "/proc/%s/task/%s/patch_state", pid, tid);
	census->hidden |= state == UNREADABLE && (errno == EACCES || errno == EPERM);
	census->tasks += state != UNREADABLE;
	if (state != census->wanted)
		return;
	if (census->pending < census->max)
		census->list[census->pending] = (struct sut_host_task){
			.pid = (pid_t)atol(pid),
			.tid = (pid_t)atol(tid),
		};
	census->pending++;
}

void sut_host_tasks_read(const struct sut_host *host, struct sut_arena *arena, int wanted,
			 struct sut_host_task *list, size_t max, size_t *tasks, size_t *pending)
{
	struct census census = {.wanted = wanted, .list = list, .max = max};
	size_t pids, tids;
	const char **pid = sut_host_list(host, arena, &pids, "/proc");

	for (size_t i = 0; i < pids; i++) {
		const char **tid;

		if (!is_number(pid[i]))
			continue;
		tid = sut_host_list(host, arena, &tids, "/proc/%s/task", pid[i]);
		for (size_t k = 0; k < tids; k++)
			count(host, pid[i], tid[k], &census);
	}
	*tasks = census.hidden ? 0 : census.tasks;
	*pending = census.hidden ? 0 : census.pending;
}

/* The n-th field behind the name, the state being 0; NULL: there are fewer. */
static const char *field(const char *rest, unsigned int n)
{
	while (rest && n--) {
		rest = strchr(rest, ' ');
		if (rest)
			rest++;
	}
	return rest;
}

bool sut_host_stat_parse(const char *text, struct sut_host_stat *stat)
{
	enum { FLAGS = 6, START = 19, CPU = 36 };
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	const char *rest = close && close[1] == ' ' ? close + 2 : NULL, *cpu;

	if (!open || !rest || close < open || !isalpha((unsigned char)*rest))
		return false;
	cpu = field(rest, CPU);
	if (!cpu)
		return false;
	*stat = (struct sut_host_stat){
		.state = *rest,
		.flags = strtoul(field(rest, FLAGS), NULL, 10),
		.start = strtoull(field(rest, START), NULL, 10),
		.cpu = atoi(cpu),
	};
	snprintf(stat->comm, sizeof(stat->comm), "%.*s", (int)(close - open - 1), open + 1);
	return true;
}

bool sut_host_frame_parse(struct sut_arena *arena, const char *line, struct sut_host_frame *frame)
{
	const char *name = strncmp(line, "[<", 2) == 0 ? strchr(line, ' ') : NULL, *end, *module;

	if (!name)
		return false;
	name += strspn(name, " ");
	end = name + strcspn(name, "+ ");
	if (end == name)
		return false;
	module = strstr(end, " [");
	*frame = (struct sut_host_frame){
		.name = sut_arena_strndup(arena, name, (size_t)(end - name)),
		.module = module ? sut_arena_strndup(arena, module + 2, strcspn(module + 2, "] "))
				 : "",
	};
	return true;
}

struct sut_host_frame *sut_host_stack_parse(struct sut_arena *arena, char *text, size_t *count)
{
	struct sut_host_frame *frames = NULL, frame;
	size_t capacity = 0;
	char *rest = text, *line;

	*count = 0;
	while ((line = strsep(&rest, "\n")))
		if (sut_host_frame_parse(arena, line, &frame))
			SUT_PUSH(arena, frames, *count, capacity) = frame;
	return frames;
}
