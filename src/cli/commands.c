// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/commands.h"

#include <string.h>

const struct sut_command *const sut_commands[SUT_COMMAND_COUNT] = {
	&sut_command_create,  &sut_command_convert, &sut_command_extract,    &sut_command_record,
	&sut_command_inspect, &sut_command_verify,  &sut_command_plan,       &sut_command_apply,
	&sut_command_confirm, &sut_command_status,  &sut_command_blockers,   &sut_command_replace,
	&sut_command_revert,  &sut_command_force,   &sut_command_gc,         &sut_command_explain,
	&sut_command_profile, &sut_command_symbols, &sut_command_completion, &sut_command_manual,
};

const struct sut_option sut_common_options[SUT_COMMON_COUNT] = {
	{"json", NULL, "print one JSON document instead of text"},
	{"verbose", NULL, "print every field, not only the summary"},
	{"quiet", NULL, "no progress"},
	{"help", NULL, "print this help"},
};

const struct sut_command *sut_command_find(const char *name)
{
	for (size_t i = 0; i < SUT_COMMAND_COUNT; i++)
		if (strcmp(name, sut_commands[i]->name) == 0)
			return sut_commands[i];
	return NULL;
}

const struct sut_option *sut_command_option(const struct sut_command *command, size_t i)
{
	if (i < command->option_count)
		return &command->options[i];
	i -= command->option_count;
	return i < SUT_COMMON_COUNT ? &sut_common_options[i] : NULL;
}

void sut_overview_print(FILE *file)
{
	fputs("usage: suture COMMAND ...\n\n", file);
	for (size_t i = 0; i < SUT_COMMAND_COUNT; i++)
		if (!sut_commands[i]->hidden)
			fprintf(file, "  %-9s %s\n", sut_commands[i]->name,
				sut_commands[i]->summary);
	fputs("\nsuture COMMAND --help explains a command; suture --version names this version.\n"
	      "Exit status: 0 done, 1 usage or bug, 2 nothing to do, 3 blocked (try again),\n"
	      "4 refused, 5 unsupported, 6 reverted.\n",
	      file);
}

void sut_help_print(const struct sut_command *command)
{
	const struct sut_option *option;

	printf("usage: suture %s %s [options]\n\n%s\n\n", command->name, command->operands,
	       command->summary);
	for (size_t i = 0; (option = sut_command_option(command, i)); i++) {
		char name[64];

		snprintf(name, sizeof(name), "--%s%s%s", option->name, option->argument ? " " : "",
			 option->argument ? option->argument : "");
		printf("  %-24s %s\n", name, option->help);
	}
}
