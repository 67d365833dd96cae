// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What applying a patch would come to. The application is worked out as always, up to the point
 * where it would touch the target; then the threads are looked at as in the transition that was
 * planned. Threads are never stopped for it, so of one that runs nothing is known.
 */
#include "process/apply.h"
#include "process/sharer.h"
#include "process/stacks.h"
#include "process/switch.h"
#include "base/io.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOOK_INTERVAL_NS = 50 * 1000 * 1000 };

/* The planned transition, as a looker has it. */
static enum sut_rc make_looker(struct sut_application *a, struct sut_looker *looker,
			       struct sut_diag *diag)
{
	const struct sut_rt_transition *t =
		sut_plan_read(&a->plan, a->transition, sizeof(looker->t));

	if (!t)
		return sut_fail(diag, SUT_BUG, NULL, "the planned transition is not in the plan");
	*looker = (struct sut_looker){.runtime = &a->runtime, .t = *t, .arena = a->arena};
	looker->ranges =
		sut_plan_read(&a->plan, t->ranges, t->range_count * sizeof(looker->ranges[0]));
	return looker->ranges
		       ? SUT_OK
		       : sut_fail(diag, SUT_BUG, NULL, "the planned ranges are not in the plan");
}

/* The name of a function of the transition: planned, or of a patch that is in the target. */
static const char *function_name(struct sut_application *a, const struct sut_looker *looker,
				 uint32_t func)
{
	enum { NAME_LENGTH = 1024 };
	const uint64_t *names =
		sut_plan_read(&a->plan, looker->t.names, looker->t.name_count * sizeof(names[0]));
	char name[NAME_LENGTH];
	size_t planned = 0;

	if (!names || func >= looker->t.name_count)
		return "";
	for (size_t i = 0; i < a->laid->func_count; i++) {
		if (a->laid->funcs[i].kind != SUT_PATCH_FUNC_CHANGED)
			continue;
		if (a->funcs[planned++].name == names[func])
			return a->laid->funcs[i].name;
	}
	return sut_target_read_string(&a->target, names[func], name, sizeof(name))
		       ? sut_arena_strdup(a->arena, name)
		       : "";
}

static struct sut_forecast_thread *find_thread(struct sut_forecast *forecast, pid_t tid)
{
	for (size_t i = 0; i < forecast->thread_count; i++)
		if (forecast->list[i].blocker.tid == tid)
			return &forecast->list[i];
	return NULL;
}

static void note_blockers(struct sut_application *a, const struct sut_looker *looker,
			  const struct sut_blockers *blockers, struct sut_forecast *forecast,
			  size_t *capacity)
{
	forecast->running = 0;
	for (size_t i = 0; i < blockers->count; i++) {
		const struct sut_blocker *b = &blockers->list[i];
		struct sut_forecast_thread *thread = find_thread(forecast, b->tid);

		if (b->look == SUT_LOOK_RUNNING) {
			forecast->running++;
			continue;
		}
		if (!thread) {
			SUT_PUSH(a->arena, forecast->list, forecast->thread_count, *capacity) =
				(struct sut_forecast_thread){.seen = 0};
			thread = &forecast->list[forecast->thread_count - 1];
		}
		thread->blocker = *b;
		thread->blocker.function = function_name(a, looker, b->func);
		thread->seen++;
	}
}

static enum sut_rc watch(struct sut_application *a, uint64_t watch_ns,
			 struct sut_forecast *forecast, struct sut_diag *diag)
{
	const struct timespec interval = {.tv_nsec = LOOK_INTERVAL_NS};
	uint64_t start = sut_now_ns();
	struct sut_blockers blockers = {0};
	struct sut_stacks_view view;
	struct sut_looker looker;
	size_t capacity = 0;
	enum sut_rc rc = make_looker(a, &looker, diag);

	while (rc == SUT_OK) {
		rc = sut_look_all(&looker, false, &blockers, diag);
		if (rc != SUT_OK)
			break;
		forecast->looks++;
		forecast->threads = blockers.threads;
		note_blockers(a, &looker, &blockers, forecast, &capacity);
		if (sut_now_ns() - start + LOOK_INTERVAL_NS > watch_ns)
			break;
		nanosleep(&interval, NULL);
	}
	if (rc == SUT_OK && looker.t.per_stack) {
		rc = sut_stacks_predict(&looker, &view, diag);
		forecast->switches_stacks = true;
		forecast->pause_ns = view.predicted_ns;
	}
	return rc;
}

/* Those of the transition, each once: not again for an instance of its object that may come. */
static size_t count_functions(const struct sut_application *a, const struct sut_rt_transition *t)
{
	size_t count = t ? t->name_count : a->func_count;

	for (size_t i = 0; i < a->func_count; i++)
		count -= a->funcs[i].flags & SUT_RT_FUNC_PLANNED &&
			 !(a->funcs[a->funcs[i].instance].flags & SUT_RT_FUNC_GONE);
	return count;
}

static void note_plan(struct sut_application *a, struct sut_forecast *forecast)
{
	const struct sut_rt_patch *record = sut_plan_read(&a->plan, a->record, sizeof(*record));
	const struct sut_rt_transition *t = sut_plan_read(&a->plan, a->transition, sizeof(*t));
	size_t capacity = 0;

	forecast->placed = a->runtime.placed;
	forecast->functions = count_functions(a, t);
	forecast->late = a->late_count;
	if (!a->runtime.placed)
		forecast->mapped = SUT_RT_TEXT_SIZE + SUT_RT_DATA_SIZE;
	for (size_t i = 0; i < a->plan.map_count; i++)
		forecast->mapped += a->plan.maps[i].size;
	for (size_t i = 0; record && i < a->memory.use_count; i++)
		if (sut_change_replaces(record, &a->memory.use[i]->record))
			SUT_PUSH(a->arena, forecast->replaced, forecast->replaced_count, capacity) =
				sut_arena_strdup(a->arena, a->memory.use[i]->record.name);
	for (size_t i = 0; i < a->memory.count; i++)
		forecast->kept |= a->memory.patches[i].address == a->record;
}

static enum sut_rc forecast_open(struct sut_application *a, pid_t pid, uint64_t watch_ns,
				 struct sut_forecast *forecast, struct sut_diag *diag)
{
	const struct sut_memory_patch *moving;
	enum sut_rc rc = sut_application_open(a, pid, false, diag);

	snprintf(forecast->name, sizeof(forecast->name), "%s", a->target.name);
	if (rc == SUT_OK)
		rc = sut_application_check_name(a, diag);
	if (rc != SUT_OK)
		return rc;
	moving = sut_memory_moving(&a->memory);
	if (moving)
		forecast->moving = sut_arena_strdup(a->arena, moving->record.name);
	for (size_t i = 0; i < a->memory.use_count; i++)
		forecast->applied |= !strcmp(a->memory.use[i]->record.name, a->patch->name);
	if (forecast->moving || forecast->applied)
		return SUT_OK;
	rc = sut_application_plan(a, diag);
	forecast->refused = a->refused;
	forecast->refused_count = a->refused_count;
	if (rc != SUT_OK)
		return rc;
	note_plan(a, forecast);
	rc = sut_sharer_check(&a->runtime, a->arena, diag);
	return rc != SUT_OK ? rc : watch(a, watch_ns, forecast, diag);
}

enum sut_rc sut_forecast_apply(struct sut_arena *arena, pid_t pid, const struct sut_patch *patch,
			       const unsigned char digest[SUT_SHA256_SIZE], bool late,
			       uint64_t watch_ns, struct sut_forecast *forecast,
			       struct sut_diag *diag)
{
	struct sut_application a = {.arena = arena, .patch = patch, .digest = digest, .late = late};
	enum sut_rc rc;

	*forecast = (struct sut_forecast){0};
	rc = forecast_open(&a, pid, watch_ns, forecast, diag);
	return sut_target_leave(&a.target, rc, diag);
}
