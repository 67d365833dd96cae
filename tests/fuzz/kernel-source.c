// SPDX-License-Identifier: GPL-2.0-or-later
/* Any text may stand in a kernel's source or in the index of its units. */
#include "base/guard.h"
#include "kernel/create/affected.h"
#include "kernel/create/commands.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const struct sut_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (!*names->list[i])
			abort();
}

static void cut(struct sut_arena *arena, struct sut_bytes text)
{
	struct sut_names names = {.arena = arena}, rests = {.arena = arena};
	struct sut_spans spans;

	sut_spans_cut(arena, text, &spans);
	for (size_t i = 0; i < spans.count; i++) {
		sut_span_reach(&spans.list[i]);
		/* A list of names is searched one by one, and real files are refused long before.
		 */
		if (names.count < 64)
			sut_span_names(&spans.list[i], &names);
	}
	sut_names_pasted(&names, (const char *)text.data, text.size, &rests);
	check_names(&names);
	check_names(&rests);
}

static void read_index(struct sut_arena *arena, struct sut_bytes text)
{
	const char title[] = SUT_KERNEL_COMMANDS_TITLE "\n";
	char *index = sut_arena_printf(arena, "%s%.*s", title, (int)text.size, text.data);
	struct sut_kernel_commands commands = {0};
	struct sut_kernel_command command;
	struct sut_diag diag = {0};
	size_t count;

	if (!sut_kernel_commands_parse(arena, index, &commands))
		return;
	for (size_t i = 0; i < commands.count; i++) {
		if (!sut_kernel_commands_find(&commands, commands.units[i].source, &count) ||
		    !count)
			abort();
		sut_kernel_command_read(arena, &commands.units[i], &command, &diag);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_bytes text = {.data = data, .size = size};

	cut(&arena, text);
	read_index(&arena, text);
	return 0;
}
