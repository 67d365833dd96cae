// SPDX-License-Identifier: GPL-2.0-or-later
/* The properties, as they are looked at after each step. */
#include "sim/explore-core.h"

#include <string.h>

enum { LOOP = 64 /* longer than any list here */ };

const char *sut_small_property_text(enum sut_small_property property)
{
	static const char *const texts[SUT_SMALL_PROPERTIES] = {
		[SUT_SMALL_FINE] = NULL,
		[SUT_SMALL_MIX] = "mix: a task runs two versions of a patch at once",
		[SUT_SMALL_VERSION] = "version: a call runs what its task should not run",
		[SUT_SMALL_SWITCHED] = "switched: a task is taken over inside code that is left",
		[SUT_SMALL_LEFT_BEHIND] = "left behind: nothing blocks a task that is not switched",
		[SUT_SMALL_BLAME] = "blame: what is told of a task that blocks is not so",
		[SUT_SMALL_OLD_CODE] = "old code: a task is in it after the transition has ended",
		[SUT_SMALL_FREED_CODE] = "freed code: a task can reach it",
		[SUT_SMALL_FREED_MEMORY] = "freed memory: the core or a task can reach it",
		[SUT_SMALL_LEAK] = "leak: something is got and not given back, or given back twice",
		[SUT_SMALL_CALLBACKS] = "callbacks: they are not balanced",
		[SUT_SMALL_SHADOW] =
			"shadow: variables are collected too early, too often or never",
		[SUT_SMALL_HOOK] =
			"hook: it is not there exactly while somebody patches the function",
		[SUT_SMALL_TRACE] = "trace: an operation that failed has changed something",
		[SUT_SMALL_RESULT] = "result: an operation is done, or refused, without a reason",
		[SUT_SMALL_LIST] = "list: the core and the specification differ on what is in use",
	};

	return texts[property];
}

/* --- the transition --------------------------------------------------------------------------- */

static void remove_patch(struct sut_small_book *book, unsigned int patch)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < book->count; i++)
		if (book->order[i] != patch)
			book->order[kept++] = book->order[i];
	book->count = (uint8_t)kept;
	while (kept < SUT_SMALL_PATCHES)
		book->order[kept++] = 0;
}

/* A replaced patch takes its plain callbacks along, which were ON; it may not leave them begun. */
static void drop_plain(struct sut_small_stage *stage, unsigned int patch)
{
	for (unsigned int object = 0; object < SUT_SMALL_OBJECTS; object++) {
		uint8_t *state = &stage->hub.book.plain[patch][object];

		if (*state == KLP_PRE)
			sut_small_break(stage, SUT_SMALL_CALLBACKS);
		*state = KLP_OFF;
	}
}

static void follow_end(struct sut_small_stage *stage)
{
	struct sut_small_book *book = &stage->hub.book;
	uint8_t leaving = 0;

	for (unsigned int n = 0; n < SUT_SMALL_PATCHES; n++)
		if (book->target == SUT_PATCHED && sut_small_is_replaced(stage, n))
			leaving |= 1 << n;
	for (unsigned int n = 0; n < SUT_SMALL_PATCHES; n++)
		if (leaving & 1 << n) {
			drop_plain(stage, n);
			remove_patch(book, n);
		}
	if (book->target == SUT_UNPATCHED)
		remove_patch(book, book->transition - 1);
	book->transition = 0;
	book->target = 0;
}

/* Was it at the other version before the step? A transition that just began set it so. */
static bool was_behind(const struct sut_small_stage *stage, enum sut_small_kind kind,
		       unsigned int task)
{
	return kind == SUT_SMALL_ENABLE || kind == SUT_SMALL_DISABLE ||
	       stage->now.before.task[task].patch_state != stage->hub.book.target;
}

static bool makes_attempt(enum sut_small_kind kind)
{
	return kind == SUT_SMALL_TICK || kind == SUT_SMALL_ENABLE || kind == SUT_SMALL_DISABLE ||
	       kind == SUT_SMALL_FORCE;
}

/* Still behind after an attempt. */
static void check_blocker(struct sut_small_stage *stage, const struct sut_small_task *task,
			  bool inside)
{
	bool running = task->record.life == SUT_SMALL_RUNNING;

	if (!running && !inside)
		sut_small_break(stage, SUT_SMALL_LEFT_BEHIND);
	if (task->core.reason != (running ? SUT_BLOCK_RUNNING : SUT_BLOCK_FRAME) ||
	    !task->core.func != running)
		sut_small_break(stage, SUT_SMALL_BLAME);
}

static void check_task(struct sut_small_stage *stage, enum sut_small_kind kind, unsigned int n,
		       bool ended)
{
	struct sut_small_task *task = &stage->task[n];
	struct sut_small_record *record = &task->record;
	bool inside = sut_small_is_inside(stage, record);
	bool there = ended || task->core.patch_state == stage->hub.book.target;

	if (!there) {
		if (makes_attempt(kind))
			check_blocker(stage, task, inside);
	} else if (was_behind(stage, kind, n)) {
		if (kind == SUT_SMALL_FORCE)
			record->excused |= inside;
		else if (inside)
			sut_small_break(stage, SUT_SMALL_SWITCHED);
	}
}

void sut_small_check_transition(struct sut_small_stage *stage, enum sut_small_kind kind)
{
	const struct sut_core *core = &stage->hub.core;
	const struct sut_small_book *book = &stage->hub.book;
	bool ended = !core->transition, behind = false;

	if (!book->transition) {
		if (!ended)
			sut_small_break(stage, SUT_SMALL_LIST);
		return;
	}
	if (!ended && (core->transition != &stage->module[book->transition - 1].patch ||
		       core->target != book->target))
		sut_small_break(stage, SUT_SMALL_LIST);
	for (unsigned int i = 0; i < SUT_SMALL_TASKS; i++) {
		if (!stage->task[i].record.life)
			continue;
		check_task(stage, kind, i, ended);
		behind |= stage->task[i].core.patch_state != book->target;
	}
	if (!ended && makes_attempt(kind) && (!behind || kind == SUT_SMALL_FORCE))
		sut_small_break(stage, SUT_SMALL_LEFT_BEHIND);
	if (ended)
		follow_end(stage);
}

/* --- tasks ------------------------------------------------------------------------------------ */

static void check_stack(struct sut_small_stage *stage, const struct sut_small_record *record)
{
	struct sut_small_code codes[SUT_SMALL_DEPTH + 1];
	unsigned int count = sut_small_codes(stage, record, codes);
	bool source = false, goal = false, old = false;

	for (unsigned int i = 0; i < count; i++) {
		if (codes[i].jumper) {
			struct sut_small_code gone = {.function = SUT_SMALL_F,
						      .owner = (codes[i].jumper - 1) & 3};

			source |= sut_small_is_source(stage, gone);
			goal |= sut_small_is_goal(stage, gone);
		}
		old |= codes[i].owner != sut_small_owner(stage, codes[i].function, SUT_PATCHED);
		source |= sut_small_is_source(stage, codes[i]);
		goal |= sut_small_is_goal(stage, codes[i]);
	}
	if (source && goal)
		sut_small_break(stage, SUT_SMALL_MIX);
	if (old && !stage->hub.book.transition)
		sut_small_break(stage, SUT_SMALL_OLD_CODE);
}

/* --- memory ----------------------------------------------------------------------------------- */

/* Is this the core's, or a patch's that is in use? */
static bool is_live(const struct sut_small_stage *stage, const void *pointer)
{
	const struct sut_small_book *book = &stage->hub.book;
	const unsigned char *at = pointer;

	for (unsigned int n = 0; n < SUT_SMALL_PATCHES; n++) {
		const struct sut_small_module *module = &stage->module[n];

		if (at < (const unsigned char *)module || at >= (const unsigned char *)(module + 1))
			continue;
		if (at >= module->nops)
			return at < module->nops + book->nops_size[n];
		return at >= (const unsigned char *)&module->listed ? book->listed & 1 << n
								    : sut_small_is_listed(stage, n);
	}
	return false;
}

static bool are_stacks_live(const struct sut_small_stage *stage)
{
	unsigned int seen = 0;

	for (const struct klp_func *top = stage->hub.core.stacks; top; top = top->next_stack)
		for (const struct klp_func *func = top; func; func = func->below)
			if (!is_live(stage, func) || !func->patched || seen++ == LOOP)
				return false;
	return true;
}

static bool is_patch_live(const struct sut_small_stage *stage, const struct sut_core_patch *p)
{
	unsigned int seen = 0;

	if (!is_live(stage, p) || !is_live(stage, p->patch) ||
	    (p->nops && !is_live(stage, p->nops)))
		return false;
	for (const struct klp_object *obj = p->first; obj; obj = obj->next) {
		if (!is_live(stage, obj) || seen++ == LOOP)
			return false;
		for (const struct klp_func *func = obj->first; func; func = func->next)
			if (!is_live(stage, func) || seen++ == LOOP)
				return false;
	}
	return true;
}

static void check_memory(struct sut_small_stage *stage)
{
	static const struct sut_small_module nothing;
	const struct sut_small_book *book = &stage->hub.book;
	const struct sut_core_patch *p = stage->hub.core.patches;
	bool live = are_stacks_live(stage);
	unsigned int i = 0;

	for (; live && p && i < book->count; p = p->next, i++) {
		live = is_patch_live(stage, p);
		if (live && p->patch != &stage->module[book->order[i]].patch)
			sut_small_break(stage, SUT_SMALL_LIST);
	}
	if (live && (p || i < book->count))
		sut_small_break(stage,
				p && !is_live(stage, p) ? SUT_SMALL_FREED_MEMORY : SUT_SMALL_LIST);
	for (i = 0; i < SUT_SMALL_TASKS; i++) {
		const struct sut_small_record *record = &stage->task[i].record;

		live &= !record->chosen ||
			is_live(stage, (const char *)stage + 8 * (size_t)record->chosen);
	}
	for (i = 0; i < SUT_SMALL_PATCHES; i++)
		if (stage->now.unloaded & 1 << i && !(book->pinned & 1 << i) &&
		    !(stage->world->events & SUT_SMALL_KEPT))
			live &= !memcmp(&stage->module[i], &nothing, sizeof(nothing));
	if (!live)
		sut_small_break(stage, SUT_SMALL_FREED_MEMORY);
}

/* What is held for a patch, while it is in use and no longer. */
static void check_leaks(struct sut_small_stage *stage)
{
	const struct sut_small_book *book = &stage->hub.book;

	for (unsigned int n = 0; n < SUT_SMALL_PATCHES; n++) {
		const struct sut_small_patch *declared = &stage->world->patch[n];
		bool listed = sut_small_is_listed(stage, n);
		bool late = listed && book->loaded && !book->untold &&
			    sut_small_has_object(declared, SUT_SMALL_LATE);
		uint8_t relocated =
			book->relocated[SUT_SMALL_MAIN] | book->relocated[SUT_SMALL_LATE];

		if (!(book->listed & 1 << n) != !listed ||
		    (book->nops_size[n] && n + 1 != book->transition))
			sut_small_break(stage, SUT_SMALL_LEAK);
		if (book->pinned & 1 << n) /* all that it has stays, too */
			continue;
		/* With a nop's object there are relocations, too, but never a part. */
		if (!(book->parts & 1 << n) != !(late && declared->split) ||
		    (!listed && relocated & 1 << n) ||
		    (stage->module[n].mod.refs != listed && !(stage->now.unloaded & 1 << n)))
			sut_small_break(stage, SUT_SMALL_LEAK);
	}
}

/* --- hooks, callbacks, types ------------------------------------------------------------------ */

static void check_hooks(struct sut_small_stage *stage)
{
	const struct sut_small_book *book = &stage->hub.book;
	uint8_t patched = 0;

	for (unsigned int i = 0; i < book->count; i++)
		patched |= stage->world->patch[book->order[i]].functions;
	if (!book->loaded || book->untold)
		patched &= ~(1 << SUT_SMALL_K);
	if (patched != book->hooked)
		sut_small_break(stage, SUT_SMALL_HOOK);
}

/* Between the ends of a transition who is held has begun; at rest it is ON. */
static void check_key(struct sut_small_stage *stage, uint8_t state, bool held)
{
	bool fine = !held                        ? state == KLP_OFF
		    : stage->hub.book.transition ? state != KLP_OFF
						 : state == KLP_ON;

	if (!fine)
		sut_small_break(stage, SUT_SMALL_CALLBACKS);
}

static void check_callbacks(struct sut_small_stage *stage)
{
	const struct sut_small_book *book = &stage->hub.book;

	for (unsigned int object = 0; object < SUT_SMALL_OBJECTS; object++) {
		bool there = sut_small_is_there(stage, object) &&
			     (object == SUT_SMALL_MAIN || !book->untold);
		uint8_t held = 0;

		for (unsigned int n = 0; n < SUT_SMALL_PATCHES; n++) {
			const struct sut_small_patch *declared = &stage->world->patch[n];
			bool in_use = there && sut_small_is_listed(stage, n);

			held |= in_use ? declared->sets[object] : 0;
			check_key(stage, book->plain[n][object],
				  in_use && declared->plain & 1 << object);
		}
		for (unsigned int i = 0; i < SUT_SMALL_IDS; i++)
			check_key(stage, book->sets[object][i], held & 1 << i);
	}
}

static void check_types(struct sut_small_stage *stage)
{
	const struct sut_small_now *now = &stage->now;
	uint8_t users = sut_small_type_users(stage);

	for (unsigned int i = 0; i < SUT_SMALL_IDS; i++) {
		bool used = users & 1 << i, was_used = now->users & 1 << i;
		unsigned int collected = now->collected[i];

		if (used ? collected : collected > 1 || (was_used && !collected))
			sut_small_break(stage, SUT_SMALL_SHADOW);
		if (!used && stage->hub.book.variables & 1 << i)
			sut_small_break(stage, SUT_SMALL_SHADOW);
	}
}

void sut_small_check_state(struct sut_small_stage *stage)
{
	check_memory(stage);
	check_leaks(stage);
	for (unsigned int i = 0; i < SUT_SMALL_TASKS; i++) {
		struct sut_small_record *record = &stage->task[i].record;

		if (!record->depth && !record->entering)
			record->excused = false;
		if (!record->excused)
			check_stack(stage, record);
	}
	check_hooks(stage);
	check_callbacks(stage);
	check_types(stage);
}

/*
 * Memory that a patch keeps for its next life may tell of this one. What tasks did while the
 * controller waited for them is no trace.
 */
void sut_small_check_trace(const struct sut_small_stage *stage, struct sut_small_state *after)
{
	const struct sut_small_now *now = &stage->now;
	struct sut_small_state before = now->before;

	if (!now->rc || after->property || now->progress)
		return;
	for (unsigned int n = 0; n < SUT_SMALL_PATCHES; n++)
		if (stage->world->events & SUT_SMALL_KEPT && now->unloaded & 1 << n)
			before.image[1 + n] = after->image[1 + n];
	if (memcmp(&before, after, sizeof(before)))
		after->property = SUT_SMALL_TRACE;
}
