// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/play.h"

#include "base/guard.h"
#include "sim/commands.h"
#include "sim/module.h"

#include <string.h>

static const struct sut_command commands[] = {
	{"task", "*", sut_declare_tasks, false},
	{"object", "*", sut_declare_object, false},
	{"function", "ww*", sut_declare_function, false},
	{"patch", "*", sut_declare_patch, false},
	{"let", "*", sut_do_let, false},

	{"enable", "wb", sut_do_enable, false},
	{"unload", "w", sut_do_unload, false},
	{"write", "wwb", sut_do_write, false},
	{"load", "O", sut_do_load, false},
	{"tick", "?n", sut_do_tick, false},
	{"hold", "T", sut_do_hold, false},
	{"free", "T", sut_do_free, false},
	{"unreliable", "T", sut_do_unreliable, false},
	{"reliable", "T", sut_do_reliable, false},
	{"enter", "TF", sut_do_enter, false},
	{"leave", "T", sut_do_leave, false},
	{"stack", "T*", sut_do_stack, false},
	{"safepoint", "T", sut_do_safepoint, false},
	{"fork", "Tw", sut_do_fork, false},
	{"thread", "Tw", sut_do_thread, false},
	{"exit", "T", sut_do_exit, false},
	{"shadow alloc", "wn*", sut_do_shadow_alloc, true},
	{"shadow get_or_alloc", "wn*", sut_do_shadow_get_or_alloc, true},
	{"shadow get", "wn", sut_do_shadow_get, true},
	{"shadow free", "wn?w", sut_do_shadow_free, true},
	{"shadow free_all", "n?w", sut_do_shadow_free_all, true},
	{"shadow read", "wn", sut_do_shadow_read, true},
	{"shadow fill", "wnw", sut_do_shadow_fill, true},

	{"calls", "F", sut_ask_calls, true},
	{"patches", "", sut_ask_patches, true},
	{"tasks", "", sut_ask_tasks, true},
	{"stacks", "", sut_ask_stacks, true},
	{"types", "", sut_ask_types, true},
	{"shadows", "", sut_ask_shadows, true},
	{"status", "", sut_ask_status, false},
	{"module", "P", sut_ask_module, true},
	{"ls", "P", sut_ask_ls, false},
	{"read", "w", sut_ask_read, false},
	{"state", "Pn", sut_ask_state, true},
	{"prev_state", "n", sut_ask_prev_state, true},
};

static const char *second_word(const char *name)
{
	const char *blank = strchr(name, ' ');

	return blank ? blank + 1 : NULL;
}

const struct sut_command *sut_command_find(const struct sut_words *words)
{
	for (size_t i = 0; words->count && i < SUT_ARRAY_SIZE(commands); i++) {
		const char *name = commands[i].name, *second = second_word(name);
		size_t length = strcspn(name, " ");

		if (strncmp(words->word[0], name, length) == 0 && !words->word[0][length] &&
		    (!second || (words->count > 1 && strcmp(words->word[1], second) == 0)))
			return &commands[i];
	}
	return NULL;
}

static bool arg_parse(struct sut_world *world, char kind, const char *text, struct sut_arg *arg)
{
	*arg = (struct sut_arg){.text = text};
	switch (kind) {
	case 'T':
		arg->task = sut_world_task(world, text);
		return arg->task || sut_bad(world, "there is no task %s", text);
	case 'P':
		arg->patch = sut_world_patch(world, text);
		return arg->patch || sut_bad(world, "no patch %s is declared", text);
	case 'O':
		arg->object = sut_world_object(world, text);
		return arg->object || sut_bad(world, "no object %s is declared", text);
	case 'F':
		return sut_place_parse(world, text, &arg->place);
	case 'n':
		return sut_number_parse(text, &arg->number) ||
		       sut_bad(world, "\"%s\" is not a number", text);
	default:
		return true;
	}
}

/* `by TASK` at the end, if it is there; `words` becomes what is left. */
static bool by_parse(struct sut_world *world, struct sut_words *words, struct sut_args *args)
{
	struct sut_arg arg;

	if (words->count < 3 || strcmp(words->word[words->count - 2], "by") != 0)
		return true;
	if (!arg_parse(world, 'T', words->word[words->count - 1], &arg))
		return false;
	args->by = arg.task;
	words->count -= 2;
	return true;
}

bool sut_args_parse(struct sut_world *world, const struct sut_command *command, const char *line,
		    const struct sut_words *words, struct sut_args *args)
{
	struct sut_words left = *words;
	size_t at = second_word(command->name) ? 2 : 1;
	bool optional = false;

	*args = (struct sut_args){.line = line, .words = words};
	if (strchr(command->args, 'b') && !by_parse(world, &left, args))
		return false;
	for (const char *kind = command->args; *kind && *kind != '*' && *kind != 'b'; kind++) {
		if (*kind == '?') {
			optional = true;
			continue;
		}
		if (at == left.count) {
			if (optional)
				break;
			return sut_bad(world, "%s: words are missing", command->name);
		}
		if (!arg_parse(world, *kind, left.word[at++], &args->arg[args->count++]))
			return false;
	}
	if (at < left.count && !strchr(command->args, '*'))
		return sut_bad(world, "%s: \"%s\" is too much", command->name, left.word[at]);
	args->rest = (struct sut_words){.word = left.word + at, .count = left.count - at};
	return true;
}

static bool run(struct sut_world *world, const char *line)
{
	const struct sut_command *command;
	struct sut_words words;
	struct sut_args args;

	if (!sut_words_split(&world->arena, line, &words))
		return sut_bad(world, "a quoted text does not end, or does not end its word");
	command = sut_command_find(&words);
	if (!command)
		return sut_bad(world, "\"%s\" is not a command", words.word[0]);
	return sut_args_parse(world, command, line, &words, &args) && command->run(world, &args) &&
	       !world->reason[0];
}

static bool play_line(struct sut_world *world, const struct sut_line *line)
{
	struct sut_sim_patch *open_patch = world->open_patch;

	world->open_patch = NULL;
	if (open_patch && line->kind != SUT_LINE_INDENTED)
		sut_module_load(open_patch);
	if (line->kind != SUT_LINE_TRANSCRIPT)
		sut_transcript_copy(&world->transcript, line->text);
	switch (line->kind) {
	case SUT_LINE_EMPTY:
	case SUT_LINE_TRANSCRIPT:
		return true;
	case SUT_LINE_BINARY:
		return sut_bad(world, "not ASCII text");
	case SUT_LINE_COMMAND:
		return run(world, line->text);
	case SUT_LINE_INDENTED:
		world->open_patch = open_patch;
		return open_patch ? sut_declare_patch_line(world, line->text)
				  : sut_bad(world, "this line belongs to no patch");
	}
	return false;
}

bool sut_play(struct sut_world *world, const struct sut_script *script, size_t *line)
{
	for (size_t i = 0; i < script->count; i++) {
		if (!play_line(world, &script->lines[i])) {
			*line = i + 1;
			return false;
		}
	}
	return true;
}
