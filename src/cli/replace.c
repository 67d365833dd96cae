// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/kernel.h"
#include "base/guard.h"

#include <string.h>

static const struct sut_option options[] = {
	{"wait", "SECONDS", "how long to wait for tasks to go over (60)"},
	{"keep", NULL, "leave a transition open that takes longer, instead of going back"},
};

static int run(struct sut_call *call)
{
	if (call->argc < 2)
		return sut_usage_error(call, "a livepatch module and the name of a patch are "
					     "needed");
	if (call->argc > 3 || (call->argc == 3 && strcmp(call->argv[2], SUT_TARGET_KERNEL) != 0))
		return sut_usage_error(call, "only the kernel is a target of it; patches of "
					     "processes replace others by themselves");
	return sut_kernel_apply(call, "suture.replace/1", call->argv[1]);
}

const struct sut_command sut_command_replace = {
	.name = "replace",
	.operands = "FILE NAME [kernel]",
	.summary = "apply a livepatch to the kernel in place of the one that is named",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
