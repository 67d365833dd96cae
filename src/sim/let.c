// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/let.h"

#include "sim/module.h"
#include "sim/play.h"

#include <errno.h>
#include <string.h>

struct sut_let {
	struct sut_let *next;
	const char *what;
	int code;
	struct sut_words *commands;
	size_t count;
	size_t capacity;
};

/* Which values something may give: a zero is always one. */
enum values { NO_VALUE, ANY_VALUE, ANY_ERROR, ONLY_ENODEV, ONLY_ENOMEM };

struct subject {
	const char *what;
	enum values values;
	bool does; /* may do something when it is called */
};

static struct sut_let *find(const struct sut_world *world, const char *what)
{
	struct sut_let *let = world->lets;

	while (let && strcmp(let->what, what) != 0)
		let = let->next;
	return let;
}

static struct sut_let *find_or_new(struct sut_world *world, const char *what)
{
	struct sut_let *let = find(world, what);

	if (!let) {
		let = sut_arena_alloc(&world->arena, sizeof(*let));
		let->what = what;
		let->next = world->lets;
		world->lets = let;
	}
	return let;
}

int sut_let_code(const struct sut_world *world, const char *what)
{
	const struct sut_let *let = find(world, what);

	return let ? let->code : 0;
}

void sut_let_do(struct sut_world *world, const char *what)
{
	const struct sut_let *let = find(world, what);

	world->transcript.depth++;
	for (size_t i = 0; let && i < let->count; i++) {
		const struct sut_words *words = &let->commands[i];
		const struct sut_command *command = sut_command_find(words);
		const char *line = sut_words_join(&world->arena, words, 0);
		struct sut_args args;

		sut_transcript_line(&world->transcript, "%s", line);
		if (sut_args_parse(world, command, line, words, &args))
			command->run(world, &args);
	}
	world->transcript.depth--;
}

void sut_let_print(struct sut_world *world, const char *line, int code)
{
	char text[SUT_CODE_TEXT_MAX];

	if (code)
		sut_transcript_line(&world->transcript, "%s = %s", line,
				    sut_code_format(code, text));
	else
		sut_transcript_line(&world->transcript, "%s", line);
}

int sut_let_call(struct sut_world *world, const char *what)
{
	int code = sut_let_code(world, what);

	sut_let_print(world, what, code);
	sut_let_do(world, what);
	return code;
}

static bool is_callback(const char *word)
{
	return strcmp(word, "pre_patch") == 0 || strcmp(word, "post_patch") == 0 ||
	       strcmp(word, "pre_unpatch") == 0 || strcmp(word, "post_unpatch") == 0;
}

static bool has_set(const struct sut_sim_patch_object *object, unsigned long id)
{
	for (size_t i = 0; i < object->set_count; i++) {
		if (object->sets[i].id == id)
			return true;
	}
	return false;
}

static const struct sut_sim_patch_object *find_patched(const struct sut_sim_patch *patch,
						       const char *name)
{
	for (size_t i = 0; i < patch->object_count; i++) {
		if (strcmp(sut_declared_name(&patch->objects[i].plain), name) == 0)
			return &patch->objects[i];
	}
	return NULL;
}

/* PATCH.OBJECT[#ID], as it is printed. NULL: bad. */
static const char *owner_parse(struct sut_world *world, const char *text)
{
	char *name = sut_arena_strdup(&world->arena, text);
	char *dot = strchr(name, '.'), *hash = strchr(name, '#');
	const struct sut_sim_patch_object *object;
	const struct sut_sim_patch *patch;
	unsigned long id;

	if (!dot || (hash && !sut_number_parse(hash + 1, &id))) {
		sut_bad(world, "\"%s\" is not PATCH.OBJECT or PATCH.OBJECT#ID", text);
		return NULL;
	}
	*dot = '\0';
	if (hash)
		*hash = '\0';
	patch = sut_world_patch(world, name);
	if (!patch) {
		sut_bad(world, "no patch %s is declared", name);
		return NULL;
	}
	object = find_patched(patch, dot + 1);
	if (!object || (hash && !has_set(object, id))) {
		sut_bad(world, "%s has no %s", name, strchr(text, '.') + 1);
		return NULL;
	}
	if (hash)
		return sut_arena_printf(&world->arena, "%s.%s#%lu", name, dot + 1, id);
	return text;
}

static bool owned_parse(struct sut_world *world, const char *owner, struct subject *subject,
			const char *what)
{
	owner = owner_parse(world, owner);
	if (!owner)
		return false;
	subject->what = sut_arena_printf(&world->arena, "%s %s", owner, what);
	return true;
}

static bool hook_parse(struct sut_world *world, const char *text, struct subject *subject)
{
	struct sut_sim_place place;

	if (!sut_place_parse(world, text, &place))
		return false;
	subject->values = ANY_ERROR;
	subject->what =
		sut_arena_printf(&world->arena, "%s hook", sut_code_name(world, place.code));
	return true;
}

static bool pair_parse(struct sut_world *world, const char *owner, const char *what,
		       struct subject *subject)
{
	bool init = strcmp(what, "init") == 0;

	subject->what = sut_arena_printf(&world->arena, "%s %s", owner, what);
	if (is_callback(what)) {
		subject->values = strcmp(what, "pre_patch") == 0 ? ANY_VALUE : NO_VALUE;
		subject->does = true;
		return owned_parse(world, owner, subject, what);
	}
	if (strcmp(what, "part") == 0) {
		subject->values = ANY_ERROR;
		return owned_parse(world, owner, subject, what);
	}
	if (strcmp(what, "hook") == 0)
		return hook_parse(world, owner, subject);
	if (strcmp(what, "module") == 0) {
		subject->values = ONLY_ENODEV;
		return sut_world_patch(world, owner) ||
		       sut_bad(world, "no patch %s is declared", owner);
	}
	if (init || strcmp(what, "exit") == 0) {
		subject->values = init ? ANY_ERROR : NO_VALUE;
		subject->does = true;
		return sut_world_object(world, owner) ||
		       sut_bad(world, "no object %s is declared", owner);
	}
	return sut_bad(world, "\"%s\" is nothing that is called", what);
}

/* words[1] .. words[count] name what is meant. */
static bool subject_parse(struct sut_world *world, const struct sut_words *words, size_t count,
			  struct subject *subject)
{
	char *const *word = words->word + 1;
	unsigned long id;

	*subject = (struct subject){.what = word[0]};
	if (count == 1 && strcmp(word[0], "core") == 0)
		subject->values = ONLY_ENODEV;
	else if (count == 1 && strcmp(word[0], "memory") == 0)
		subject->values = ONLY_ENOMEM;
	else if (count == 1 && strcmp(word[0], "ctor") == 0)
		subject->values = ANY_VALUE;
	else if (count == 2)
		return pair_parse(world, word[0], word[1], subject);
	else if (count == 3 && strcmp(word[1], "dtor") == 0 && sut_number_parse(word[2], &id)) {
		subject->does = true;
		return owned_parse(world, word[0], subject,
				   sut_arena_printf(&world->arena, "dtor %lu", id));
	} else
		return sut_bad(world, "\"%s\" is nothing that is called", word[0]);
	return true;
}

static bool value_fits(enum values values, int code)
{
	switch (values) {
	case NO_VALUE:
		return false;
	case ANY_VALUE:
		return true;
	case ANY_ERROR:
		return code <= 0;
	case ONLY_ENODEV:
		return code == 0 || code == -ENODEV;
	case ONLY_ENOMEM:
		return code == 0 || code == -ENOMEM;
	}
	return false;
}

static bool let_return(struct sut_world *world, const struct subject *subject,
		       const struct sut_words *words, size_t from)
{
	int code;

	if (words->count != from + 1)
		return sut_bad(world, "let ... return takes one value");
	if (!sut_code_parse(words->word[from], &code))
		return sut_bad(world, "\"%s\" is not a value", words->word[from]);
	if (!value_fits(subject->values, code))
		return sut_bad(world, "%s cannot return %s", subject->what, words->word[from]);
	find_or_new(world, subject->what)->code = code;
	return true;
}

static bool let_do(struct sut_world *world, const struct subject *subject,
		   const struct sut_words *words, size_t from)
{
	struct sut_words done = {.word = words->word + from, .count = words->count - from};
	struct sut_let *let = find_or_new(world, subject->what);
	const struct sut_command *command;
	struct sut_args args;

	if (!subject->does)
		return sut_bad(world, "%s cannot do anything", subject->what);
	if (done.count == 1 && strcmp(done.word[0], "nothing") == 0) {
		let->count = 0;
		return true;
	}
	command = sut_command_find(&done);
	if (!command || !command->may_be_done)
		return sut_bad(world, "%s cannot do that", subject->what);
	SUT_PUSH(&world->arena, let->commands, let->count, let->capacity) = done;
	return sut_args_parse(world, command, "", &done, &args);
}

bool sut_let(struct sut_world *world, const struct sut_words *words)
{
	for (size_t i = 2; i < words->count; i++) {
		bool returns = strcmp(words->word[i], "return") == 0;
		struct subject subject;

		if (!returns && strcmp(words->word[i], "do") != 0)
			continue;
		if (!subject_parse(world, words, i - 1, &subject))
			return false;
		return returns ? let_return(world, &subject, words, i + 1)
			       : let_do(world, &subject, words, i + 1);
	}
	return sut_bad(world, "must be: let WHAT return CODE, or let WHAT do COMMAND");
}
