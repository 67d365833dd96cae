// SPDX-License-Identifier: GPL-2.0-or-later
/* suture manual COMMAND: the option part of its manual page, in scdoc's language. */
#include "cli/commands.h"

/* What scdoc would take for markup. */
static void put_escaped(const char *s)
{
	for (; *s; s++) {
		if (*s == '_' || *s == '*' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
}

static void put_option(const struct sut_option *option)
{
	printf("*--%s*", option->name);
	if (option->argument)
		printf(" _%s_", option->argument);
	fputs("\n\t", stdout);
	put_escaped(option->help);
	fputs("\n\n", stdout);
}

static int run(struct sut_call *call)
{
	const struct sut_command *command =
		call->argc == 1 ? sut_command_find(call->argv[0]) : NULL;
	const struct sut_option *option;

	if (!command)
		return sut_usage_error(call, "the name of a command is needed");
	for (size_t i = 0; (option = sut_command_option(command, i)); i++)
		put_option(option);
	return fflush(stdout) == 0 ? SUT_EXIT_DONE : SUT_EXIT_USAGE;
}

const struct sut_command sut_command_manual = {
	.name = "manual",
	.operands = "COMMAND",
	.summary = "print the option part of a command's manual page",
	.hidden = true,
	.run = run,
};
