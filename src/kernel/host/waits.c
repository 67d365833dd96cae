// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/waits.h"
#include "base/syscalls.h"
#include "kernel/host/files.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Who else has the same pipe open, for they are who can end the wait: ", also open in a (1)". */
static const char *others_of_pipe(const struct sut_host *host, struct sut_arena *arena, pid_t tid,
				  const char *pipe)
{
	size_t pids, fds, count = 0;
	const char **pid = sut_host_list(host, arena, &pids, "/proc"), *list = "";

	for (size_t i = 0; i < pids && count < 3; i++) {
		const char **fd;

		if (!isdigit((unsigned char)*pid[i]) || atol(pid[i]) == tid)
			continue;
		fd = sut_host_list(host, arena, &fds, "/proc/%s/fd", pid[i]);
		for (size_t k = 0; k < fds; k++) {
			const char *link =
				sut_host_link(host, arena, "/proc/%s/fd/%s", pid[i], fd[k]);
			const char *comm;

			if (!link || strcmp(link, pipe) != 0)
				continue;
			comm = sut_host_text(host, arena, "/proc/%s/comm", pid[i]);
			list = sut_arena_printf(arena, "%s%s%s (%s)", list,
						*list ? ", " : ", also open in ",
						comm ? comm : "a task", pid[i]);
			count++;
			break;
		}
	}
	return list;
}

const char *sut_host_waits(const struct sut_host *host, struct sut_arena *arena, pid_t tid,
			   const char *text)
{
	char *end;
	long number = strtol(text, &end, 10), descriptor;
	const char *name, *path;
	bool has_descriptor;

	if (end == text || *end != ' ' || number < 0)
		return "";
	name = sut_syscall_name(number, &has_descriptor);
	if (!name)
		return sut_arena_printf(arena, "system call %ld", number);
	if (!has_descriptor)
		return name;
	descriptor = strtol(end, NULL, 0);
	path = sut_host_link(host, arena, "/proc/%d/fd/%ld", tid, descriptor);
	if (!path)
		path = "unknown";
	return sut_arena_printf(arena, "%s of %ld (%s%s)", name, descriptor, path,
				strncmp(path, "pipe:", 5) == 0
					? others_of_pipe(host, arena, tid, path)
					: "");
}

/*
 * Seconds until the kernel interrupts or wakes all who still block: with every fifteenth of its
 * attempts, which come once a second (SIGNALS_TIMEOUT in kernel/livepatch/transition.c).
 */
static const char *next_signal(struct sut_arena *arena, const struct sut_host_state *state)
{
	enum { SIGNALS_TIMEOUT = 15 };

	if (state->transition_s < 0)
		return sut_arena_printf(arena, "within %d s", SIGNALS_TIMEOUT + 1);
	return sut_arena_printf(arena, "in some %.0f s",
				SIGNALS_TIMEOUT + 1 - fmod(state->transition_s, SIGNALS_TIMEOUT));
}

/* What turns the transition round, whoever blocks it. */
static const char *way_back(struct sut_arena *arena, const struct sut_host_state *state)
{
	const char *name = state->moving->name;

	return state->moving->enabled
		       ? sut_arena_printf(arena, "`suture revert %s kernel` goes back", name)
		       : sut_arena_printf(arena, "a restart gets rid of %s, too", name);
}

static const char *remedy_kthread(struct sut_arena *arena, const struct sut_host_blocker *b,
				  const struct sut_host_state *state)
{
	if (b->reason == SUT_HOST_ASLEEP && b->main)
		return sut_arena_printf(arena,
					"it never leaves this function while it lives, and waking "
					"it does not help: "
					"what started this kernel thread must end it%s%s; or %s",
					*b->module && !*b->version ? ", the module " : "",
					*b->module && !*b->version ? b->module : "",
					way_back(arena, state));
	if (b->reason == SUT_HOST_RUNNING)
		return sut_arena_printf(
			arena,
			"it goes over when the kernel finds it asleep, which it tries once a "
			"second; if it never sleeps, %s",
			way_back(arena, state));
	if (strncmp(b->comm, "kworker/", 8) == 0)
		return "it goes over when this piece of work has ended";
	if (b->state == 'S' || b->state == 'I')
		return sut_arena_printf(arena,
					"the kernel wakes it %s, and it goes over if it then "
					"leaves the function; or %s",
					next_signal(arena, state), way_back(arena, state));
	return sut_arena_printf(arena, "it goes over when what it waits for has happened; or %s",
				way_back(arena, state));
}

static const char *remedy_asleep(struct sut_arena *arena, const struct sut_host_blocker *b,
				 const struct sut_host_state *state)
{
	const char *call = *b->waits ? b->waits : "its system call";

	if (b->state == 'D')
		return sut_arena_printf(arena,
					"signals do not reach it: it goes over when its %s ends; "
					"or %s",
					call, way_back(arena, state));
	return sut_arena_printf(arena,
				"it goes over when its %s ends; the kernel interrupts that %s; at "
				"once: kill -STOP %d; kill -CONT %d",
				call, next_signal(arena, state), b->pid, b->pid);
}

const char *sut_host_remedy(struct sut_arena *arena, const struct sut_host_blocker *b,
			    const struct sut_host_state *state)
{
	if (b->kthread)
		return remedy_kthread(arena, b, state);
	switch (b->state) {
	case 'T':
		return sut_arena_printf(arena, "it is stopped; let it go on: kill -CONT %d",
					b->pid);
	case 't':
		return "a debugger holds it; let it go on there";
	case 'Z':
		return sut_arena_printf(arena,
					"it has ended; its parent must fetch its status, or end, "
					"too (see /proc/%d/status)",
					b->pid);
	case 'R':
		if (b->reason == SUT_HOST_ASLEEP)
			break;
		return sut_arena_printf(
			arena,
			"it goes over at its next return to user space, at the latest with a timer "
			"interrupt; if it loops inside the kernel, %s",
			way_back(arena, state));
	}
	return remedy_asleep(arena, b, state);
}
