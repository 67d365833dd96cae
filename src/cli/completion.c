// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * suture completion SHELL: the shell's completion of commands and options, from the tables that
 * parse them. An argument is completed by what its placeholder in the help says it is.
 */
#include "cli/commands.h"

#include <string.h>

enum argument { ARGUMENT_NONE, ARGUMENT_FILE, ARGUMENT_FOLDER, ARGUMENT_OTHER };

static enum argument argument_of(const struct sut_option *option)
{
	if (!option->argument)
		return ARGUMENT_NONE;
	if (strcmp(option->argument, "FILE") == 0 || strcmp(option->argument, "BINARY") == 0)
		return ARGUMENT_FILE;
	return strcmp(option->argument, "DIR") == 0 ? ARGUMENT_FOLDER : ARGUMENT_OTHER;
}

static bool has_targets(const struct sut_command *command)
{
	return strstr(command->operands, "TARGET") != NULL;
}

/* The text with a backslash before each of the characters in special. */
static void put_escaped(const char *s, const char *special)
{
	for (; *s; s++) {
		if (*s == '\'') { /* leaves and enters the quotes that are around it */
			fputs("'\\''", stdout);
			continue;
		}
		if (strchr(special, *s))
			putchar('\\');
		putchar(*s);
	}
}

/* ---- bash ---- */

static void put_bash_arguments(const struct sut_command *command, enum argument argument,
			       const char *action)
{
	const struct sut_option *option;
	bool any = false;

	for (size_t i = 0; (option = sut_command_option(command, i)); i++) {
		if (argument_of(option) != argument)
			continue;
		printf("%s--%s", any ? "|" : "\t\t", option->name);
		if (strcmp(option->name, "output") == 0)
			fputs("|-o", stdout);
		any = true;
	}
	if (any)
		printf(")\n\t\t\t%s\n\t\t\treturn ;;\n", action);
}

static void put_bash_command(const struct sut_command *command)
{
	const struct sut_option *option;

	printf("\t%s)\n\t\tcase $previous in\n", command->name);
	put_bash_arguments(command, ARGUMENT_FILE, "compopt -o default");
	put_bash_arguments(command, ARGUMENT_FOLDER, "compopt -o dirnames");
	put_bash_arguments(command, ARGUMENT_OTHER, ":");
	fputs("\t\tesac\n\t\twords='", stdout);
	for (size_t i = 0; (option = sut_command_option(command, i)); i++)
		printf("%s--%s", i ? " " : "", option->name);
	printf("'\n\t\toperands='%s' ;;\n", has_targets(command) ? "pid: exe: kernel" : "");
}

static void put_bash(void)
{
	fputs("# bash completion of suture, made by: suture completion bash\n"
	      "_suture()\n{\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal words='' operands=''\n\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -W '",
	      stdout);
	for (size_t i = 0; i < SUT_COMMAND_COUNT; i++)
		if (!sut_commands[i]->hidden)
			printf("%s ", sut_commands[i]->name);
	fputs("--help --version' -- \"$current\")\n\t\treturn\n\tfi\n"
	      "\tcase ${COMP_WORDS[1]} in\n",
	      stdout);
	for (size_t i = 0; i < SUT_COMMAND_COUNT; i++)
		if (!sut_commands[i]->hidden)
			put_bash_command(sut_commands[i]);
	fputs("\tesac\n"
	      "\tcase $current in\n"
	      "\t-*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\") ;;\n"
	      "\t*)\n"
	      "\t\tcompopt -o default\n"
	      "\t\t[ -z \"$operands\" ] || [ -z \"$current\" ] ||\n"
	      "\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$operands\" -- \"$current\") ;;\n"
	      "\tesac\n}\n"
	      "complete -F _suture suture\n",
	      stdout);
}

/* ---- zsh ---- */

static const char *zsh_action(enum argument argument)
{
	switch (argument) {
	case ARGUMENT_FILE:
		return "_files";
	case ARGUMENT_FOLDER:
		return "_files -/";
	case ARGUMENT_NONE:
	case ARGUMENT_OTHER:
		return " ";
	}
	return " ";
}

static void put_zsh_option(const struct sut_option *option)
{
	printf(" \\\n\t\t\t'*--%s[", option->name);
	put_escaped(option->help, "[]:\\");
	putchar(']');
	if (option->argument)
		printf(":%s:%s", option->argument, zsh_action(argument_of(option)));
	putchar('\'');
}

static void put_zsh(void)
{
	fputs("#compdef suture\n"
	      "# zsh completion of suture, made by: suture completion zsh\n"
	      "local -a commands\n\ncommands=(\n",
	      stdout);
	for (size_t i = 0; i < SUT_COMMAND_COUNT; i++) {
		if (sut_commands[i]->hidden)
			continue;
		printf("\t'%s:", sut_commands[i]->name);
		put_escaped(sut_commands[i]->summary, ":\\");
		puts("'");
	}
	fputs(")\nif (( CURRENT == 2 )); then\n\t_describe command commands\n"
	      "else\n\tshift words\n\t(( CURRENT-- ))\n\tcase $words[1] in\n",
	      stdout);
	for (size_t i = 0; i < SUT_COMMAND_COUNT; i++) {
		const struct sut_option *option;

		if (sut_commands[i]->hidden)
			continue;
		printf("\t%s)\n\t\t_arguments", sut_commands[i]->name);
		for (size_t k = 0; (option = sut_command_option(sut_commands[i], k)); k++)
			put_zsh_option(option);
		puts(" \\\n\t\t\t'*:operand:_files' ;;");
	}
	fputs("\tesac\nfi\n", stdout);
}

/* ---- fish ---- */

static void put_fish_option(const struct sut_command *command, const struct sut_option *option)
{
	static const char *const forms[] = {
		[ARGUMENT_NONE] = "",
		[ARGUMENT_FILE] = " -r -F",
		[ARGUMENT_FOLDER] = " -x -a '(__fish_complete_directories)'",
		[ARGUMENT_OTHER] = " -x",
	};

	printf("complete -c suture -n '__fish_seen_subcommand_from %s' -l %s%s -d '", command->name,
	       option->name, forms[argument_of(option)]);
	put_escaped(option->help, "\\");
	puts("'");
}

static void put_fish(void)
{
	puts("# fish completion of suture, made by: suture completion fish");
	for (size_t i = 0; i < SUT_COMMAND_COUNT; i++) {
		const struct sut_command *command = sut_commands[i];
		const struct sut_option *option;

		if (command->hidden)
			continue;
		printf("complete -c suture -n __fish_use_subcommand -f -a %s -d '", command->name);
		put_escaped(command->summary, "\\");
		puts("'");
		for (size_t k = 0; (option = sut_command_option(command, k)); k++)
			put_fish_option(command, option);
	}
}

static int run(struct sut_call *call)
{
	const char *shell = call->argc == 1 ? call->argv[0] : "";

	if (strcmp(shell, "bash") == 0)
		put_bash();
	else if (strcmp(shell, "zsh") == 0)
		put_zsh();
	else if (strcmp(shell, "fish") == 0)
		put_fish();
	else
		return sut_usage_error(call, "bash, zsh or fish is needed");
	return fflush(stdout) == 0 ? SUT_EXIT_DONE : SUT_EXIT_USAGE;
}

const struct sut_command sut_command_completion = {
	.name = "completion",
	.operands = "bash|zsh|fish",
	.summary = "print a shell's completion script",
	.hidden = true,
	.run = run,
};
