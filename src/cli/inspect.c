// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cli.h"

static int run(struct sut_call *call)
{
	return sut_usage_error(call, "not built yet");
}

const struct sut_command sut_command_inspect = {
	.name = "inspect",
	.operands = "",
	.summary = "",
	.run = run,
};
