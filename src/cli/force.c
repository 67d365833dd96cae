// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/each.h"
#include "cli/effect.h"
#include "cli/kernel.h"
#include "base/guard.h"

#include <string.h>

static const struct sut_option options[] = {
	{"yes", "WORD", "must be `force`: consistency is given up for the threads that block"},
};

static bool force_in(const struct sut_each *each, struct sut_arena *arena, pid_t pid, bool named,
		     void *context)
{
	struct sut_effect_result *result = context;

	(void)named;
	result->rc = sut_force(arena, pid, each->call->argv[0], each->context, &result->effect,
			       &result->diag);
	return true;
}

static int report(const struct sut_each *each, pid_t pid, const void *context)
{
	const struct sut_effect_result *result = context;

	return sut_effect_report(each->out, pid, each->call->argv[0], result->effect.state, result,
				 false);
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
		.work = force_in,
		.result_size = sizeof(struct sut_effect_result),
		.report = report,
		.kernel = sut_kernel_force,
		.context = &wait,
	};
	const char *word = sut_call_option(call, "yes");
	int status;

	if (call->argc < 2)
		return sut_usage_error(call, "the name of a patch and a target are needed");
	if (!word || strcmp(word, "force") != 0)
		return sut_usage_error(call,
				       "threads that block will run old and new code in one call "
				       "chain; say so by --yes force");
	if (!sut_call_wait(call, &wait))
		return SUT_EXIT_USAGE;
	sut_call_out(call, &out, "suture.force/1", false);
	sut_out_string(&out, "patch", call->argv[0]);
	status = sut_each_target(&each);
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_force = {
	.name = "force",
	.operands = "NAME TARGET...",
	.summary = "end a transition although threads block it (they may mix versions)",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
