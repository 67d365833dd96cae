/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of all commands, and what is printed from it. */
#ifndef SUT_CLI_COMMANDS_H
#define SUT_CLI_COMMANDS_H

#include "cli/cli.h"

#include <stdio.h>

enum { SUT_COMMAND_COUNT = 20, SUT_COMMON_COUNT = 4 };

extern const struct sut_command *const sut_commands[SUT_COMMAND_COUNT];

/* Options of every command. */
extern const struct sut_option sut_common_options[SUT_COMMON_COUNT];

/* NULL: there is none of this name. */
const struct sut_command *sut_command_find(const char *name);

/* The option with this index, the command's own first, or NULL behind the last one. */
const struct sut_option *sut_command_option(const struct sut_command *command, size_t i);

void sut_overview_print(FILE *file);
void sut_help_print(const struct sut_command *command);

#endif
