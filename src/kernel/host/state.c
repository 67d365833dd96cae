// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel says of its patches: /sys/kernel/livepatch, /proc/modules, and its log. */
#include "kernel/host/files.h"
#include "kernel/host/log.h"
#include "kernel/host/tasks.h"
#include "base/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIVEPATCH "/sys/kernel/livepatch"

const struct sut_host_patch *sut_host_patch_find(const struct sut_host_state *state,
						 const char *name)
{
	for (size_t i = 0; i < state->patch_count; i++)
		if (strcmp(state->patches[i].name, name) == 0)
			return &state->patches[i];
	return NULL;
}

static bool has_func(const struct sut_host_patch *patch, const char *object,
		     const struct sut_host_func *func)
{
	for (size_t i = 0; i < patch->object_count; i++)
		for (size_t k = 0; k < patch->objects[i].func_count; k++)
			if (strcmp(patch->objects[i].name, object) == 0 &&
			    strcmp(patch->objects[i].funcs[k].name, func->name) == 0 &&
			    patch->objects[i].funcs[k].sympos == func->sympos)
				return true;
	return false;
}

const struct sut_host_patch *sut_host_patch_over(const struct sut_host_state *state,
						 const struct sut_host_patch *patch)
{
	for (const struct sut_host_patch *p = state->patches; p < patch; p++)
		for (size_t i = 0; i < patch->object_count; i++)
			for (size_t k = 0; k < patch->objects[i].func_count; k++)
				if (has_func(p, patch->objects[i].name,
					     &patch->objects[i].funcs[k]))
					return p;
	return NULL;
}

const char *sut_host_patch_state(const struct sut_host_patch *patch)
{
	if (patch->transition)
		return patch->enabled ? "applying" : "reverting";
	return patch->enabled ? "applied" : "disabled";
}

/* "name,position"; false: the entry is no function. */
static bool read_func(struct sut_arena *arena, const char *entry, struct sut_host_func *func)
{
	const char *comma = strrchr(entry, ',');

	if (!comma)
		return false;
	func->name = sut_arena_strndup(arena, entry, (size_t)(comma - entry));
	func->sympos = strtoull(comma + 1, NULL, 10);
	return true;
}

static void read_object(const struct sut_host *host, struct sut_arena *arena, const char *patch,
			struct sut_host_object *object, const struct sut_log *log)
{
	size_t count;
	const char **entries =
		sut_host_list(host, arena, &count, LIVEPATCH "/%s/%s", patch, object->name);
	bool kernel = strcmp(object->name, "vmlinux") == 0;

	object->loaded = kernel || sut_host_exists(host, "/sys/module/%s/initstate", object->name);
	/* Kernels before 6.1 do not say it; there an object that is loaded is patched. */
	object->patched = sut_host_number(host, object->loaded, LIVEPATCH "/%s/%s/patched", patch,
					  object->name) > 0;
	object->refused =
		!object->loaded &&
		sut_log_last(log, sut_arena_printf(arena,
						   "livepatch: patch '%s' failed for module '%s', "
						   "refusing to load module '%s'",
						   patch, object->name, object->name)) >= 0;
	object->funcs = sut_arena_array(arena, count, sizeof(object->funcs[0]));
	for (size_t i = 0; i < count; i++)
		object->func_count +=
			read_func(arena, entries[i], &object->funcs[object->func_count]);
}

static void read_patch(const struct sut_host *host, struct sut_arena *arena,
		       struct sut_host_patch *patch, const struct sut_log *log, double now_s)
{
	struct sut_bytes note;
	size_t count;
	const char **entries = sut_host_list(host, arena, &count, LIVEPATCH "/%s", patch->name);
	double since = sut_log_last(log, sut_arena_printf(arena, "livepatch: enabling patch '%s'",
							  patch->name));

	patch->enabled = sut_host_number(host, 0, LIVEPATCH "/%s/enabled", patch->name) > 0;
	patch->transition = sut_host_number(host, 0, LIVEPATCH "/%s/transition", patch->name) > 0;
	patch->replace = (int)sut_host_number(host, -1, LIVEPATCH "/%s/replace", patch->name);
	note = sut_host_bytes(host, arena, "/sys/module/%s/notes/" SUT_PROVENANCE_SECTION,
			      patch->name);
	patch->ours = sut_provenance_parse(arena, note, &patch->provenance);
	if (patch->replace < 0 && patch->ours)
		patch->replace = patch->provenance.replace;
	patch->age_s = since < 0 ? -1 : now_s - since;
	patch->objects = sut_arena_array(arena, count, sizeof(patch->objects[0]));
	for (size_t i = 0; i < count; i++) {
		struct sut_host_object *object = &patch->objects[patch->object_count];

		/* Objects are the folders, and each has its `patched`, or functions. */
		if (sut_host_list(host, arena, &(size_t){0}, LIVEPATCH "/%s/%s", patch->name,
				  entries[i]) == NULL)
			continue;
		object->name = entries[i];
		read_object(host, arena, patch->name, object, log);
		patch->func_count += object->func_count;
		patch->object_count++;
	}
}

/* /proc/modules has the newest module first, and K among the taints of a livepatch. */
static void read_modules(const struct sut_host *host, struct sut_arena *arena,
			 struct sut_host_state *state)
{
	char *rest = sut_host_text(host, arena, "/proc/modules"), *line;
	size_t capacity = 0, patch_capacity = 0;

	while ((line = strsep(&rest, "\n"))) {
		const char *taints = strrchr(line, '(');
		const char *name = sut_arena_strndup(arena, line, strcspn(line, " "));

		if (!taints || !strchr(taints, 'K'))
			continue;
		if (sut_host_exists(host, LIVEPATCH "/%s", name))
			SUT_PUSH(arena, state->patches, state->patch_count, patch_capacity).name =
				name;
		else
			SUT_PUSH(arena, state->leftovers, state->leftover_count, capacity) = name;
	}
}

/* How long the running transition has been; a reversal begins a new one. */
static double transition_age(struct sut_arena *arena, const struct sut_log *log,
			     const struct sut_host_patch *patch, double now_s)
{
	double since =
		sut_log_last(log, sut_arena_printf(arena, "livepatch: '%s': starting %s transition",
						   patch->name,
						   patch->enabled ? "patching" : "unpatching"));

	return since < 0 ? -1 : now_s - since;
}

/* The log's clock and this one began together at boot; they may drift by some milliseconds. */
static double log_clock(const struct sut_host *host)
{
	return (double)host->calls->now(host->context) / 1e9;
}

enum sut_rc sut_host_state_read(const struct sut_host *host, struct sut_arena *arena,
				struct sut_host_state *state, struct sut_diag *diag)
{
	SUT_CLOSE int fd = sut_log_open(host, false);
	struct sut_log log = {0};
	double now_s = log_clock(host);

	*state = (struct sut_host_state){.transition_s = -1};
	if (!sut_host_exists(host, LIVEPATCH)) {
		sut_fail(diag, SUT_UNSUPPORTED, "kernel-livepatch",
			 "this kernel has no livepatches: there is no %s" LIVEPATCH, host->root);
		sut_remedy(diag, "Take a kernel with CONFIG_LIVEPATCH (Debian's have it).");
		return SUT_UNSUPPORTED;
	}
	sut_log_read(arena, fd, &log);
	state->release = sut_host_text(host, arena, "/proc/sys/kernel/osrelease");
	read_modules(host, arena, state);
	for (size_t i = 0; i < state->patch_count; i++) {
		read_patch(host, arena, &state->patches[i], &log, now_s);
		if (state->patches[i].transition)
			state->moving = &state->patches[i];
	}
	if (!state->moving)
		return SUT_OK;
	state->transition_s = transition_age(arena, &log, state->moving, now_s);
	sut_host_tasks_read(host, arena, !state->moving->enabled, NULL, 0, &state->tasks,
			    &state->pending);
	return SUT_OK;
}
