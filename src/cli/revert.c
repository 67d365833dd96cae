// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/each.h"
#include "cli/effect.h"
#include "cli/kernel.h"
#include "base/guard.h"
#include "base/io.h"

#include <string.h>

static const struct sut_option options[] = {
	{"wait", "SECONDS", "how long to wait for threads to go over (10; the kernel: 60)"},
	{"keep", NULL, "kernel: leave a transition open that takes longer than that"},
	SUT_OPTION_MAX_PAUSE,
	SUT_OPTION_KEEP_TIMEOUTS,
	{"jobs", "N", "how many processes at a time (two for each processor)"},
};

/* Without a target: every process that has a patch of that name in it. */
static bool carries(struct sut_arena *arena, pid_t pid, const char *name)
{
	struct sut_state state;
	struct sut_diag ignored = {0};

	if (sut_state_read(arena, pid, &state, &ignored) != SUT_OK)
		return false;
	for (size_t i = 0; i < state.patch_count; i++)
		if (strcmp(state.patches[i].name, name) == 0)
			return state.patches[i].state != SUT_RT_REVERTED;
	return false;
}

static bool revert_in(const struct sut_each *each, struct sut_arena *arena, pid_t pid, bool named,
		      void *context)
{
	struct sut_effect_options wait = *(const struct sut_effect_options *)each->context;
	const char *name = each->call->argv[0];
	struct sut_effect_result *result = context;

	if (!named && !carries(arena, pid, name))
		return false;
	if (each->brief)
		wait.progress = NULL;
	result->rc = sut_revert(arena, pid, name, &wait, &result->effect, &result->diag);
	return each->exact || result->rc != SUT_GONE;
}

static int report(const struct sut_each *each, pid_t pid, const void *result)
{
	sut_progress(each->call, NULL);
	return sut_effect_report(each->out, pid, each->call->argv[0], SUT_RT_REVERTED, result,
				 each->brief);
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_effect_options wait;
	struct sut_out out;
	struct sut_each each = {
		.call = call,
		.out = &out,
		.arena = &arena,
		.first = 1,
		.work = revert_in,
		.result_size = sizeof(struct sut_effect_result),
		.report = report,
		.kernel = sut_kernel_revert,
		.again = true,
		.context = &wait,
	};
	uint64_t start = sut_now_ns();
	int status;

	if (call->argc < 1)
		return sut_usage_error(call, "the name of a patch is needed");
	if (!sut_call_wait(call, &wait) || !sut_call_jobs(call, &each.jobs))
		return SUT_EXIT_USAGE;
	sut_call_out(call, &out, "suture.revert/1", false);
	sut_out_string(&out, "patch", call->argv[0]);
	status = sut_each_target(&each);
	sut_effect_summary(&each, call->argv[0], SUT_RT_REVERTED, sut_now_ns() - start);
	if (!each.found)
		sut_out_headline(&out, SUT_MARK_WARNING, "%s: no running process has it applied",
				 call->argv[0]);
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_revert = {
	.name = "revert",
	.operands = "NAME [TARGET...]",
	.summary = "go back to the original code (none: in all processes that have the patch)",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
