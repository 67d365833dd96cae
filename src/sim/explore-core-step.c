// SPDX-License-Identifier: GPL-2.0-or-later
/* What can happen next in a small world, and what makes it happen. */
#include "sim/explore-core.h"

#include <errno.h>
#include <string.h>

enum { BOTTOM = SUT_SMALL_FUNCTIONS };

/* The calls: the last instruction of f, which is what a compiler makes of one that never returns.
 */
static const struct {
	uint8_t from, to;
	bool jump, last;
} calls[SUT_SMALL_CALLS] = {
	[SUT_SMALL_CALLS_F] = {BOTTOM, SUT_SMALL_F, false, false},
	[SUT_SMALL_CALLS_G] = {BOTTOM, SUT_SMALL_G, false, false},
	[SUT_SMALL_CALLS_K] = {BOTTOM, SUT_SMALL_K, false, false},
	[SUT_SMALL_F_CALLS_G] = {SUT_SMALL_F, SUT_SMALL_G, false, false},
	[SUT_SMALL_F_JUMPS_G] = {SUT_SMALL_F, SUT_SMALL_G, true, false},
	[SUT_SMALL_F_CALLS_H] = {SUT_SMALL_F, SUT_SMALL_H, false, true},
	[SUT_SMALL_F_JUMPS_H] = {SUT_SMALL_F, SUT_SMALL_H, true, false},
	[SUT_SMALL_F_CALLS_K] = {SUT_SMALL_F, SUT_SMALL_K, false, false},
	[SUT_SMALL_H_CALLS_G] = {SUT_SMALL_H, SUT_SMALL_G, false, false},
	[SUT_SMALL_K_CALLS_F] = {SUT_SMALL_K, SUT_SMALL_F, false, false},
};

enum sut_small_function sut_small_callee(enum sut_small_call call)
{
	return calls[call].to;
}

/* --- what can happen -------------------------------------------------------------------------- */

static bool may_call(const struct sut_small_stage *stage, const struct sut_small_record *record,
		     unsigned int call)
{
	unsigned int at = record->depth ? record->frame[record->depth - 1].function : BOTTOM;

	return stage->world->calls & 1 << call && calls[call].from == at &&
	       (calls[call].jump || record->depth < stage->world->depth) &&
	       sut_small_is_there(stage, sut_small_object_of(calls[call].to));
}

static int free_slot(const struct sut_small_stage *stage)
{
	for (int i = 0; i < stage->world->task_slots; i++)
		if (!stage->task[i].record.life)
			return i;
	return -1;
}

static size_t running_steps(const struct sut_small_stage *stage, unsigned int task, uint32_t *steps)
{
	const struct sut_small_world *world = stage->world;
	const struct sut_small_record *record = &stage->task[task].record;
	size_t n = 0;

	for (unsigned int call = 0; call < SUT_SMALL_CALLS; call++)
		if (may_call(stage, record, call))
			steps[n++] = sut_small_step(SUT_SMALL_CALL, task, call);
	steps[n++] = sut_small_step(SUT_SMALL_SLEEP, task, 0);
	if (record->depth)
		steps[n++] = sut_small_step(SUT_SMALL_RETURN, task, 0);
	if (stage->task[task].core.pending &&
	    (!record->depth || world->fault == SUT_SMALL_FAULT_SAFE_POINT))
		steps[n++] = sut_small_step(SUT_SMALL_SAFE_POINT, task, 0);
	if (world->events & SUT_SMALL_EXITS)
		steps[n++] = sut_small_step(SUT_SMALL_EXIT, task, 0);
	if (world->events & SUT_SMALL_FORKS && free_slot(stage) >= 0) {
		steps[n++] = sut_small_step(SUT_SMALL_FORK, task, 0);
		steps[n++] = sut_small_step(SUT_SMALL_THREAD, task, 0);
	}
	return n;
}

static size_t task_steps(const struct sut_small_stage *stage, unsigned int task, uint32_t *steps)
{
	const struct sut_small_record *record = &stage->task[task].record;

	if (record->life == SUT_SMALL_GONE)
		return 0;
	if (record->entering)
		steps[0] = sut_small_step(SUT_SMALL_ENTER, task, 0);
	else if (record->life == SUT_SMALL_ASLEEP)
		steps[0] = sut_small_step(SUT_SMALL_WAKE, task, 0);
	else
		return running_steps(stage, task, steps);
	return 1;
}

/* No more operations of the host than these can fail in one step of the controller. */
static unsigned int fallible_max(const struct sut_small_world *world)
{
	unsigned int count = 2;

	if (!(world->events & SUT_SMALL_FAILS))
		return 0;
	for (unsigned int n = 0; n < world->patches; n++) {
		const struct sut_small_patch *patch = &world->patch[n];

		for (unsigned int object = 0; object < SUT_SMALL_OBJECTS; object++)
			if (sut_small_has_object(patch, object))
				count += 2 + (patch->plain >> object & 1) +
					 (unsigned int)__builtin_popcount(patch->sets[object]);
		count += 2 * (unsigned int)__builtin_popcount(patch->functions);
	}
	return count;
}

static bool is_in_object(const struct sut_small_stage *stage)
{
	for (unsigned int i = 0; i < SUT_SMALL_TASKS; i++) {
		struct sut_small_code codes[SUT_SMALL_DEPTH + 1];
		unsigned int count = sut_small_codes(stage, &stage->task[i].record, codes);

		while (count--)
			if (codes[count].function == SUT_SMALL_K)
				return true;
	}
	return false;
}

static size_t object_steps(const struct sut_small_stage *stage, uint32_t *steps)
{
	size_t n = 0;

	if (!(stage->world->events & SUT_SMALL_LOADS))
		return 0;
	if (!stage->hub.book.loaded)
		for (unsigned int k = 0; k <= fallible_max(stage->world); k++)
			steps[n++] = sut_small_step(SUT_SMALL_LOAD, 0, k);
	else if (!is_in_object(stage))
		steps[n++] = sut_small_step(SUT_SMALL_UNLOAD, 0, 0);
	return n;
}

static size_t patch_steps(const struct sut_small_stage *stage, unsigned int patch, uint32_t *steps)
{
	const struct sut_small_book *book = &stage->hub.book;
	unsigned int fallible = book->transition ? 0 : fallible_max(stage->world);
	size_t n = 0;

	if (book->pinned & 1 << patch)
		return 0;
	if (!sut_small_is_listed(stage, patch))
		for (unsigned int k = 0; k <= fallible; k++)
			steps[n++] = sut_small_step(SUT_SMALL_ENABLE, patch, k);
	else if (book->transition != patch + 1)
		steps[n++] = sut_small_step(SUT_SMALL_DISABLE, patch, 0);
	return n;
}

size_t sut_small_steps(const struct sut_small_stage *stage, uint32_t steps[SUT_EXPLORE_STEPS_MAX])
{
	const struct sut_small_world *world = stage->world;
	unsigned int in_transition = stage->hub.book.transition;
	size_t n = 0;

	for (unsigned int i = 0; i < world->task_slots; i++)
		n += task_steps(stage, i, steps + n);
	if (world->events & SUT_SMALL_FORKS && free_slot(stage) >= 0)
		steps[n++] = sut_small_step(SUT_SMALL_ARRIVE, (unsigned int)free_slot(stage), 0);
	for (unsigned int i = 0; i < world->patches; i++)
		n += patch_steps(stage, i, steps + n);
	n += object_steps(stage, steps + n);
	if (in_transition || stage->hub.book.untold)
		steps[n++] = sut_small_step(SUT_SMALL_TICK, 0, 0);
	if (in_transition)
		steps[n++] = sut_small_step(SUT_SMALL_REVERSE, in_transition - 1, 0);
	if (in_transition && world->events & SUT_SMALL_FORCES)
		steps[n++] = sut_small_step(SUT_SMALL_FORCE, in_transition - 1, 0);
	return n;
}

/* --- tasks ------------------------------------------------------------------------------------ */

/* A tail call leaves no frame: whom it mixes with whom can be seen at this moment only. */
static void check_jump(struct sut_small_stage *stage, const struct sut_small_record *record,
		       struct sut_small_code from, struct sut_small_code to)
{
	if (!record->excused &&
	    ((sut_small_is_source(stage, from) && sut_small_is_goal(stage, to)) ||
	     (sut_small_is_goal(stage, from) && sut_small_is_source(stage, to))))
		sut_small_break(stage, SUT_SMALL_MIX);
}

void sut_small_enter(struct sut_small_stage *stage, struct sut_small_task *task)
{
	struct sut_small_record *record = &task->record;
	struct sut_small_code codes[SUT_SMALL_DEPTH + 1], from = {0}, to;
	unsigned int call = record->entering - 1u;

	to = codes[sut_small_codes(stage, record, codes) - 1];
	record->entering = 0;
	record->chosen = 0;
	if (record->depth)
		from = record->frame[record->depth - 1];
	if (calls[call].jump) {
		check_jump(stage, record, from, to);
		if (to.function == SUT_SMALL_H && stage->world->events & SUT_SMALL_STRICT)
			to.jumper = (from.owner + 1u) & 7;
		record->depth--;
	} else if (record->depth) {
		record->frame[record->depth - 1].last = calls[call].last;
	}
	record->frame[record->depth++] = to;
	if (to.owner)
		stage->hub.book.variables |=
			stage->world->patch[to.owner - 1].types[sut_small_object_of(to.function)];
}

static void call(struct sut_small_stage *stage, struct sut_small_task *task, unsigned int call)
{
	enum sut_small_function function = calls[call].to;
	const struct klp_func *func;
	unsigned int owner;

	func = sut_core_select(&stage->hub.core, sut_small_address(stage, 0, function),
			       task->core.patch_state);
	owner = func ? sut_small_code_at(stage, func->new_func).owner : 0;
	if (owner != sut_small_owner(stage, function, task->core.patch_state))
		sut_small_break(stage, SUT_SMALL_VERSION);
	task->record.entering = (uint8_t)(1 + call);
	task->record.chosen = func ? (uint16_t)(((const char *)func - (const char *)stage) / 8) : 0;
	if (!(stage->world->events & SUT_SMALL_HANDLER))
		sut_small_enter(stage, task);
}

static void leave_frame(struct sut_small_record *record)
{
	record->frame[--record->depth] = (struct sut_small_code){0};
	if (record->depth)
		record->frame[record->depth - 1].last = false;
}

static void spawn(struct sut_small_stage *stage, const struct sut_small_task *parent,
		  enum sut_small_kind kind)
{
	struct sut_small_task *child = &stage->task[free_slot(stage)];
	bool fresh = kind == SUT_SMALL_ARRIVE || stage->world->fault == SUT_SMALL_FAULT_FORK_FRESH;

	memset(child, 0, sizeof(*child));
	if (kind == SUT_SMALL_FORK)
		child->record = parent->record;
	child->record.life = SUT_SMALL_RUNNING;
	sut_core_task_new(&stage->hub.core, &child->core, fresh ? NULL : &parent->core);
}

static void take_task(struct sut_small_stage *stage, struct sut_small_task *task, uint32_t step)
{
	switch (sut_small_step_kind(step)) {
	case SUT_SMALL_CALL:
		call(stage, task, sut_small_step_which(step));
		break;
	case SUT_SMALL_ENTER:
		sut_small_enter(stage, task);
		break;
	case SUT_SMALL_RETURN:
		leave_frame(&task->record);
		break;
	case SUT_SMALL_SLEEP:
		task->record.life = SUT_SMALL_ASLEEP;
		break;
	case SUT_SMALL_WAKE:
		task->record.life = SUT_SMALL_RUNNING;
		break;
	case SUT_SMALL_SAFE_POINT:
		sut_core_task_safe_point(&stage->hub.core, &task->core);
		sut_small_check_transition(stage, SUT_SMALL_SAFE_POINT);
		break;
	case SUT_SMALL_EXIT:
		sut_core_task_exit(&stage->hub.core, &task->core);
		memset(task, 0, sizeof(*task));
		break;
	default:
		spawn(stage, task, sut_small_step_kind(step));
		break;
	}
}

/* --- the controller, and objects -------------------------------------------------------------- */

/* Conflicts of states and sets are refused; which ones, the scenarios say. */
static bool may_conflict(const struct sut_small_world *world)
{
	for (unsigned int n = 0; n < world->patches; n++)
		if (world->patch[n].version || world->patch[n].replace_set)
			return true;
	return false;
}

static void enable(struct sut_small_stage *stage, unsigned int patch)
{
	struct sut_small_book *book = &stage->hub.book;
	struct sut_small_now *now = &stage->now;
	bool busy = book->transition;

	now->module = (uint8_t)patch;
	now->rc = sut_core_enable(&stage->hub.core, &stage->module[patch].patch);
	if (now->rc ? !busy && !*now->failed && !(now->rc == -EINVAL && may_conflict(stage->world))
		    : busy || *now->failed)
		sut_small_break(stage, SUT_SMALL_RESULT);
	if (now->rc) {
		sut_small_module_unload(stage, patch);
		return;
	}
	book->order[book->count++] = (uint8_t)patch;
	book->transition = (uint8_t)(patch + 1);
	book->target = SUT_PATCHED;
	sut_small_check_transition(stage, SUT_SMALL_ENABLE);
}

static void disable(struct sut_small_stage *stage, unsigned int patch)
{
	struct sut_small_book *book = &stage->hub.book;
	struct sut_small_now *now = &stage->now;
	bool busy = book->transition, may_refuse = stage->world->patch[patch].block_disable;

	now->rc = sut_core_set_enabled(&stage->hub.core, &stage->module[patch].patch, false);
	if (now->rc ? !busy && !(now->rc == -EPERM && may_refuse) : busy)
		sut_small_break(stage, SUT_SMALL_RESULT);
	if (now->rc)
		return;
	book->transition = (uint8_t)(patch + 1);
	book->target = SUT_UNPATCHED;
	sut_small_check_transition(stage, SUT_SMALL_DISABLE);
}

static void reverse(struct sut_small_stage *stage, unsigned int patch)
{
	struct sut_small_book *book = &stage->hub.book;
	struct klp_patch *klp = &stage->module[patch].patch;

	if (sut_core_set_enabled(&stage->hub.core, klp, !klp->enabled))
		sut_small_break(stage, SUT_SMALL_RESULT);
	book->target = book->target == SUT_PATCHED ? SUT_UNPATCHED : SUT_PATCHED;
	sut_small_check_transition(stage, SUT_SMALL_REVERSE);
}

static void force(struct sut_small_stage *stage, unsigned int patch)
{
	stage->now.forced = true;
	if (sut_core_force(&stage->hub.core, &stage->module[patch].patch))
		sut_small_break(stage, SUT_SMALL_RESULT);
	sut_small_check_transition(stage, SUT_SMALL_FORCE);
}

static void load(struct sut_small_stage *stage)
{
	struct sut_small_now *now = &stage->now;
	struct sut_small_book *book = &stage->hub.book;

	if (stage->world->fault == SUT_SMALL_FAULT_COMING_LATE && !book->untold) {
		book->loaded = book->untold = true;
		return;
	}
	book->untold = false;
	now->rc = sut_core_coming(&stage->hub.core, "late");
	book->loaded = !now->rc;
	if (!now->rc != !*now->failed)
		sut_small_break(stage, SUT_SMALL_RESULT);
}

static void tick(struct sut_small_stage *stage)
{
	if (stage->hub.book.untold)
		load(stage);
	sut_core_attempt(&stage->hub.core);
	sut_small_check_transition(stage, SUT_SMALL_TICK);
}

/* Who left may be loaded again, unless it stays for ever; then nobody reads what it holds. */
static void reload(struct sut_small_stage *stage)
{
	const struct sut_small_book *book = &stage->hub.book;

	for (unsigned int n = 0; n < SUT_SMALL_PATCHES; n++) {
		if (!(stage->now.unloaded & 1 << n) || stage->world->events & SUT_SMALL_KEPT)
			continue;
		sut_small_module_init(stage, n);
		stage->module[n].mod.refs = book->pinned >> n & 1;
	}
}

void sut_small_take(struct sut_small_stage *stage, uint32_t step)
{
	unsigned int who = sut_small_step_who(step);

	stage->now.users = sut_small_type_users(stage);
	switch (sut_small_step_kind(step)) {
	case SUT_SMALL_ENABLE:
		stage->now.fails = sut_small_step_which(step);
		enable(stage, who);
		break;
	case SUT_SMALL_DISABLE:
		disable(stage, who);
		break;
	case SUT_SMALL_REVERSE:
		reverse(stage, who);
		break;
	case SUT_SMALL_FORCE:
		force(stage, who);
		break;
	case SUT_SMALL_TICK:
		tick(stage);
		break;
	case SUT_SMALL_LOAD:
		stage->now.fails = sut_small_step_which(step);
		load(stage);
		break;
	case SUT_SMALL_UNLOAD:
		if (stage->world->fault != SUT_SMALL_FAULT_GOING_UNTOLD)
			sut_core_going(&stage->hub.core, "late");
		stage->hub.book.loaded = false;
		break;
	default:
		take_task(stage, &stage->task[who], step);
		break;
	}
	sut_small_check_state(stage);
	reload(stage);
}
