// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/each.h"
#include "cli/effect.h"
#include "base/guard.h"

#include <string.h>

static const struct sut_option options[] = {
	{"wait", "SECONDS", "how long to wait for threads to go over (10)"},
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

static int revert_in(const struct sut_each *each, pid_t pid, bool named)
{
	const char *name = each->call->argv[0];
	struct sut_effect effect = {0};
	struct sut_diag diag = {0};
	enum sut_rc rc;

	if (!named && !carries(each->arena, pid, name))
		return -1;
	rc = sut_revert(each->arena, pid, name, each->context, &effect, &diag);
	sut_progress(each->call, NULL);
	return sut_effect_report(each->out, pid, name, SUT_RT_REVERTED, rc, &effect, &diag);
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
		.run = revert_in,
		.context = &wait,
	};
	int status;

	if (call->argc < 1)
		return sut_usage_error(call, "the name of a patch is needed");
	if (!sut_call_wait(call, &wait))
		return SUT_EXIT_USAGE;
	sut_call_out(call, &out, "suture.revert/1", false);
	sut_out_string(&out, "patch", call->argv[0]);
	status = sut_each_target(&each);
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
