// SPDX-License-Identifier: GPL-2.0-or-later
/* A step as a line: who does what, and what came of it. */
#include "sim/explore-core.h"

#include <stdio.h>

static const char *const owners[] = {"orig", "A", "B", "C"};

/* "f@A", of the frame the task is in; "its bottom" */
static const char *where(const struct sut_small_record *record, char text[16])
{
	struct sut_small_code code;

	if (!record->depth)
		return "its bottom";
	code = record->frame[record->depth - 1];
	snprintf(text, 16, "%s@%s", sut_small_function_name(code.function), owners[code.owner]);
	return text;
}

/* " calls f: f@A" */
static void describe_call(const struct sut_small_record *after, enum sut_small_call call,
			  char text[64])
{
	bool jump = call == SUT_SMALL_F_JUMPS_G || call == SUT_SMALL_F_JUMPS_H;
	char to[16];

	snprintf(text, 64, " %s %s%s: %s", jump ? "jumps to" : "calls",
		 sut_small_function_name(sut_small_callee(call)),
		 call == SUT_SMALL_F_CALLS_H ? " as its last instruction" : "",
		 after->entering ? "is in the entry handler" : where(after, to));
}

static void describe_task(const struct sut_small_stage *stage, uint32_t step,
			  char text[SUT_EXPLORE_TEXT_MAX])
{
	static const char *const verbs[] = {
		[SUT_SMALL_CALL] = "in",
		[SUT_SMALL_ENTER] = "leaves the handler for",
		[SUT_SMALL_RETURN] = "returns to",
		[SUT_SMALL_SLEEP] = "sleeps in",
		[SUT_SMALL_WAKE] = "wakes in",
		[SUT_SMALL_SAFE_POINT] = "is at a safe point in",
		[SUT_SMALL_EXIT] = "exits in",
		[SUT_SMALL_FORK] = "forks in",
		[SUT_SMALL_THREAD] = "makes a thread in",
		[SUT_SMALL_ARRIVE] = "comes, at",
	};
	unsigned int who = sut_small_step_who(step);
	const struct sut_small_record *after = &stage->task[who].record;
	enum sut_small_kind kind = sut_small_step_kind(step);
	bool moves = kind == SUT_SMALL_RETURN || kind == SUT_SMALL_ENTER;
	char at[16], callee[64] = "";

	if (kind == SUT_SMALL_CALL)
		describe_call(after, sut_small_step_which(step), callee);
	snprintf(text, SUT_EXPLORE_TEXT_MAX, "task %u %s %s%s", who, verbs[kind],
		 where(moves ? after : &stage->now.before.task[who], at), callee);
}

/* ": task 0 patched, task 1 unpatched", while a transition runs */
static void describe_tasks(const struct sut_small_stage *stage, char *text, size_t size)
{
	int n = 0;

	for (unsigned int i = 0; i < SUT_SMALL_TASKS && stage->hub.core.transition; i++) {
		const struct sut_small_task *task = &stage->task[i];

		if (task->record.life && (size_t)n < size)
			n += snprintf(text + n, size - (size_t)n, "%s task %u %s", n ? "," : ":", i,
				      task->core.patch_state == SUT_PATCHED ? "patched"
									    : "unpatched");
	}
}

void sut_small_describe(struct sut_small_stage *stage, const struct sut_small_state *before,
			uint32_t step, char text[SUT_EXPLORE_TEXT_MAX])
{
	static const char *const verbs[] = {
		[SUT_SMALL_ENABLE] = "enable",
		[SUT_SMALL_DISABLE] = "disable",
		[SUT_SMALL_REVERSE] = "reverse",
		[SUT_SMALL_FORCE] = "force",
		[SUT_SMALL_TICK] = "tick",
		[SUT_SMALL_LOAD] = "load the late object",
		[SUT_SMALL_UNLOAD] = "unload the late object",
	};
	enum sut_small_kind kind = sut_small_step_kind(step);
	const struct sut_small_now *now = &stage->now;
	char tasks[64] = "", result[16] = "";
	bool of_patch = kind >= SUT_SMALL_ENABLE && kind <= SUT_SMALL_FORCE;

	sut_small_stage_load(stage, before);
	sut_small_take(stage, step);
	if (kind < SUT_SMALL_ENABLE) {
		describe_task(stage, step, text);
		return;
	}
	describe_tasks(stage, tasks, sizeof(tasks));
	if (now->rc)
		snprintf(result, sizeof(result), " = %d", now->rc);
	snprintf(text, SUT_EXPLORE_TEXT_MAX, "%s%s%s%s%s%s%s%s", verbs[kind], of_patch ? " " : "",
		 of_patch ? owners[1 + sut_small_step_who(step)] : "", *now->failed ? ", " : "",
		 now->failed, *now->failed ? " fails" : "", result, tasks);
}
