// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cli.h"
#include "cli/commands.h"
#include "units/record.h"

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Options are known to getopt by their index, above all characters. */
enum { OPTION_BASE = 0x100 };

static void fill_long_options(const struct sut_command *command, struct option *options)
{
	const struct sut_option *from;
	size_t i;

	for (i = 0; (from = sut_command_option(command, i)); i++)
		options[i] = (struct option){
			.name = from->name,
			.has_arg = from->argument ? required_argument : no_argument,
			.val = (int)(OPTION_BASE + i),
		};
	options[i] = (struct option){0};
}

static bool take_common(struct sut_call *call, size_t i)
{
	const char *name = sut_common_options[i].name;

	if (strcmp(name, "json") == 0)
		call->json = true;
	else if (strcmp(name, "verbose") == 0)
		call->verbose = true;
	else if (strcmp(name, "quiet") == 0)
		call->quiet = true;
	else
		return false;
	return true;
}

/* -o is --output in every command that has it: the one short option. */
static int output_option(const struct sut_command *command)
{
	for (size_t i = 0; i < command->option_count; i++)
		if (strcmp(command->options[i].name, "output") == 0)
			return (int)(OPTION_BASE + i);
	return '?';
}

static int run_command(const struct sut_command *command, int argc, char **argv)
{
	struct option options[SUT_OPTIONS_MAX + SUT_COMMON_COUNT + 1];
	struct sut_call call = {.command = command};
	int c;

	fill_long_options(command, options);
	while ((c = getopt_long(argc, argv, command->takes_rest ? "+o:" : "o:", options, NULL)) !=
	       -1) {
		size_t i;

		if (c == 'o')
			c = output_option(command);
		i = (size_t)c - OPTION_BASE;
		if (c == '?')
			return sut_usage_error(&call, "unknown or incomplete option");
		if (i >= command->option_count) {
			if (!take_common(&call, i - command->option_count)) {
				sut_help_print(command);
				return SUT_EXIT_DONE;
			}
			continue;
		}
		if (call.value_count == SUT_OPTION_VALUES)
			return sut_usage_error(&call, "more than %d options", SUT_OPTION_VALUES);
		call.value[call.value_count].option = (unsigned int)i;
		call.value[call.value_count++].value = optarg ? optarg : "";
	}
	call.argc = argc - optind;
	call.argv = argv + optind;
	return command->run(&call);
}

int main(int argc, char **argv)
{
	const struct sut_command *command;

	if (argc && sut_record_is_compiler(argv[0]))
		return sut_record_compiler(argv);
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		sut_overview_print(stderr);
		return SUT_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		sut_overview_print(stdout);
		return SUT_EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("suture " SUT_VERSION);
		return SUT_EXIT_DONE;
	}
	command = sut_command_find(argv[1]);
	if (command)
		return run_command(command, argc - 1, argv + 1);
	fprintf(stderr, "suture: no command \"%s\"; see suture --help\n", argv[1]);
	return SUT_EXIT_USAGE;
}
