// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cli.h"
#include "create/record.h"

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sut_command *const commands[] = {
	&sut_command_create, &sut_command_record, &sut_command_inspect,
	&sut_command_apply,  &sut_command_status, &sut_command_revert,
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

/* Options of every command; their values lie above any index of a command's own table. */
static const struct sut_option common_options[] = {
	{"json", NULL, "print one JSON document instead of text"},
	{"verbose", NULL, "print every field, not only the summary"},
	{"quiet", NULL, "no progress"},
	{"help", NULL, "print this help"},
};

enum { COMMON_COUNT = sizeof(common_options) / sizeof(common_options[0]) };

static void print_commands(FILE *file)
{
	fputs("usage: suture COMMAND ...\n\n", file);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(file, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\nsuture COMMAND --help explains a command; suture --version names this version.\n"
	      "Exit status: 0 done, 1 usage or bug, 2 nothing to do, 3 blocked (try again),\n"
	      "4 refused, 5 unsupported, 6 reverted.\n",
	      file);
}

static void print_options(FILE *file, const struct sut_option *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char name[64];

		snprintf(name, sizeof(name), "--%s%s%s", options[i].name,
			 options[i].argument ? " " : "",
			 options[i].argument ? options[i].argument : "");
		fprintf(file, "  %-24s %s\n", name, options[i].help);
	}
}

static void print_help(const struct sut_command *command)
{
	printf("usage: suture %s %s [options]\n\n%s\n\n", command->name, command->operands,
	       command->summary);
	print_options(stdout, command->options, command->option_count);
	print_options(stdout, common_options, COMMON_COUNT);
}

static void fill_long_options(const struct sut_command *command, struct option *options)
{
	size_t n = 0;

	for (size_t i = 0; i < command->option_count + COMMON_COUNT; i++) {
		const struct sut_option *from =
			i < command->option_count ? &command->options[i]
						  : &common_options[i - command->option_count];

		options[n++] = (struct option){
			.name = from->name,
			.has_arg = from->argument ? required_argument : no_argument,
			.val = (int)(0x100 + i),
		};
	}
	options[n] = (struct option){0};
}

static bool take_common(struct sut_call *call, size_t i)
{
	const char *name = common_options[i].name;

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
			return (int)(0x100 + i);
	return '?';
}

static int run_command(const struct sut_command *command, int argc, char **argv)
{
	struct option options[SUT_OPTIONS_MAX + COMMON_COUNT + 1];
	struct sut_call call = {.command = command};
	int c;

	fill_long_options(command, options);
	while ((c = getopt_long(argc, argv, command->takes_rest ? "+o:" : "o:", options, NULL)) !=
	       -1) {
		size_t i;

		if (c == 'o')
			c = output_option(command);
		i = (size_t)c - 0x100;
		if (c == '?')
			return sut_usage_error(&call, "unknown or incomplete option");
		if (i >= command->option_count) {
			if (!take_common(&call, i - command->option_count)) {
				print_help(command);
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
	if (argc && sut_record_is_compiler(argv[0]))
		return sut_record_compiler(argv);
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		print_commands(stderr);
		return SUT_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_commands(stdout);
		return SUT_EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("suture " SUT_VERSION);
		return SUT_EXIT_DONE;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return run_command(commands[i], argc - 1, argv + 1);
	fprintf(stderr, "suture: no command \"%s\"; see suture --help\n", argv[1]);
	return SUT_EXIT_USAGE;
}
