// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worlds. Each is small in most respects and has room in a few, so that all of it is seen:
 * what matters to the core is the order of things, rarely their number.
 */
#include "sim/explore-core.h"

#include <stdio.h>
#include <string.h>

#define F          (1 << SUT_SMALL_F)
#define G          (1 << SUT_SMALL_G)
#define K          (1 << SUT_SMALL_K)
#define CALL(name) (1 << SUT_SMALL_##name)

enum {
	/* All that f and g can do to each other. */
	PAIR = CALL(CALLS_F) | CALL(CALLS_G) | CALL(F_CALLS_G) | CALL(F_JUMPS_G) | CALL(F_CALLS_H) |
	       CALL(F_JUMPS_H) | CALL(H_CALLS_G),
	CHAIN = CALL(CALLS_F) | CALL(F_CALLS_G),
	OBJECT = CALL(CALLS_K) | CALL(CALLS_F) | CALL(F_CALLS_K),

	LIFE = SUT_SMALL_FORKS | SUT_SMALL_EXITS,
};

static const struct sut_small_world worlds[] = {
	{
		.name = "one patch, three tasks",
		.tasks = 2,
		.task_slots = 3,
		.depth = 2,
		.patches = 1,
		.calls = CHAIN | CALL(F_JUMPS_G),
		.events = LIFE,
		.patch = {{.functions = F | G}},
	},
	{
		.name = "one patch, deep stacks",
		.tasks = 2,
		.task_slots = 2,
		.depth = 3,
		.patches = 1,
		.calls = PAIR,
		.events = SUT_SMALL_EXITS | SUT_SMALL_FORCES,
		.patch = {{.functions = F | G}},
	},
	{
		.name = "one patch, the entry handler",
		.tasks = 2,
		.task_slots = 2,
		.depth = 2,
		.patches = 1,
		.calls = CHAIN | CALL(F_JUMPS_G),
		.events = SUT_SMALL_FORCES | SUT_SMALL_HANDLER | SUT_SMALL_EXITS,
		.patch = {{.functions = F | G}},
	},
	{
		.name = "three patches beside each other",
		.tasks = 1,
		.task_slots = 2,
		.depth = 2,
		.patches = 3,
		.calls = CHAIN,
		.events = SUT_SMALL_FORKS | SUT_SMALL_EXITS,
		.patch = {{.functions = F | G}, {.functions = F}, {.functions = G}},
	},
	{
		.name = "three patches, one of them replaces",
		.tasks = 2,
		.task_slots = 2,
		.depth = 2,
		.patches = 3,
		.calls = CHAIN | CALL(CALLS_G),
		.patch = {{.functions = F | G},
			  {.functions = F, .replace = true},
			  {.functions = G}},
	},
	{
		.name = "three patches on each other, forced",
		.tasks = 1,
		.task_slots = 1,
		.depth = 2,
		.patches = 3,
		.calls = CHAIN,
		.events = SUT_SMALL_FORCES,
		.patch = {{.functions = F | G},
			  {.functions = F | G},
			  {.functions = F | G, .replace = true}},
	},
	{
		.name = "replacing each other, the entry handler",
		.tasks = 2,
		.task_slots = 2,
		.depth = 1,
		.patches = 2,
		.calls = CALL(CALLS_F) | CALL(CALLS_G),
		.events = SUT_SMALL_FORCES | SUT_SMALL_HANDLER,
		.patch = {{.functions = F | G, .replace = true}, {.functions = F, .replace = true}},
	},
	{
		.name = "replace sets",
		.tasks = 1,
		.task_slots = 1,
		.depth = 2,
		.patches = 3,
		.calls = CHAIN | CALL(CALLS_G) | CALL(CALLS_K),
		.events = SUT_SMALL_LOADS,
		.patch = {{.functions = F | K, .replace_set = 1},
			  {.functions = G, .replace_set = 1},
			  {.functions = K}},
	},
	{
		.name = "a late object",
		.tasks = 2,
		.task_slots = 2,
		.depth = 2,
		.patches = 2,
		.calls = OBJECT,
		.events = SUT_SMALL_LOADS,
		.patch = {{.functions = F | K, .plain = 3, .sets = {1, 3}},
			  {.functions = K, .replace = true, .plain = 2, .sets = {2, 1}}},
	},
	{
		.name = "a late object and failures",
		.tasks = 1,
		.task_slots = 1,
		.depth = 1,
		.patches = 3,
		.calls = CALL(CALLS_F) | CALL(CALLS_K),
		.events = SUT_SMALL_LOADS | SUT_SMALL_FAILS,
		.patch = {{.functions = F | K, .plain = 3, .sets = {1, 1}, .types = {1, 1}},
			  {.functions = K, .plain = 2, .sets = {0, 3}, .types = {0, 3}},
			  {.functions = G | K, .replace = true, .sets = {1, 2}, .types = {2, 1}}},
	},
	{
		.name = "a split patch, forced",
		.tasks = 1,
		.task_slots = 1,
		.depth = 2,
		.patches = 2,
		.calls = OBJECT,
		.events = SUT_SMALL_LOADS | SUT_SMALL_FAILS | SUT_SMALL_FORCES,
		.patch = {{.functions = F | K, .split = true},
			  {.functions = F | K, .split = true, .replace = true}},
	},
	{
		.name = "callbacks and types of replaced patches",
		.tasks = 2,
		.task_slots = 2,
		.depth = 1,
		.patches = 3,
		.calls = CALL(CALLS_F) | CALL(CALLS_G),
		.events = SUT_SMALL_FAILS,
		.patch = {{.functions = F, .plain = 1, .sets = {1}, .types = {1}},
			  {.functions = G, .plain = 1, .sets = {3}, .types = {3}},
			  {.functions = F, .replace = true, .plain = 1, .sets = {2}, .types = {2}}},
	},
	{
		.name = "a patch's memory used again",
		.tasks = 1,
		.task_slots = 1,
		.depth = 1,
		.patches = 2,
		.calls = CALL(CALLS_F) | CALL(CALLS_K),
		.events = SUT_SMALL_LOADS | SUT_SMALL_FAILS | SUT_SMALL_KEPT,
		.patch = {{.functions = F | K, .plain = 3, .sets = {1, 1}, .types = {1, 1}},
			  {.functions = G, .replace = true, .sets = {1, 0}, .types = {0, 1}}},
	},
	{
		.name = "states that block",
		.tasks = 1,
		.task_slots = 1,
		.depth = 1,
		.patches = 3,
		.calls = CALL(CALLS_F),
		.patch = {{.functions = F, .version = 1},
			  {.functions = F, .replace = true, .version = 2, .block_disable = true},
			  {.functions = F, .version = 2}},
	},
	{
		.name = "three tasks and deep stacks",
		.tasks = 3,
		.task_slots = 3,
		.depth = 3,
		.patches = 1,
		.calls = PAIR,
		.events = LIFE,
		.patch = {{.functions = F | G}},
	},
	{
		.name = "three tasks in the entry handler, replacing",
		.tasks = 3,
		.task_slots = 3,
		.depth = 1,
		.patches = 2,
		.calls = CALL(CALLS_F) | CALL(CALLS_G),
		.events = SUT_SMALL_FORCES | SUT_SMALL_HANDLER,
		.patch = {{.functions = F | G, .replace = true}, {.functions = F, .replace = true}},
	},
	{
		.name = "stacks through a late object",
		.tasks = 2,
		.task_slots = 2,
		.depth = 3,
		.patches = 2,
		.calls = OBJECT | CALL(K_CALLS_F),
		.events = LIFE | SUT_SMALL_LOADS | SUT_SMALL_FORCES,
		.patch = {{.functions = F | K, .split = true},
			  {.functions = K, .replace = true, .split = true}},
	},
	{
		.name = "three patches, one of them replaces, forced",
		.large = true,
		.tasks = 2,
		.task_slots = 2,
		.depth = 2,
		.patches = 3,
		.calls = CHAIN | CALL(CALLS_G),
		.events = SUT_SMALL_FORCES | SUT_SMALL_EXITS,
		.patch = {{.functions = F | G},
			  {.functions = F, .replace = true},
			  {.functions = G}},
	},
	{
		.name = "three tasks, patches and functions, a late object",
		.large = true,
		.tasks = 2,
		.task_slots = 3,
		.depth = 1,
		.patches = 3,
		.calls = CALL(CALLS_F) | CALL(CALLS_G) | CALL(CALLS_K),
		.events = LIFE | SUT_SMALL_LOADS | SUT_SMALL_FAILS,
		.patch = {{.functions = F | K, .plain = 3, .sets = {1, 1}, .types = {1, 1}},
			  {.functions = K, .plain = 2, .sets = {0, 3}, .types = {0, 3}},
			  {.functions = G | K, .replace = true, .sets = {1, 2}, .types = {2, 1}}},
	},
	{
		.name = "the entry handler and a late object",
		.large = true,
		.tasks = 2,
		.task_slots = 2,
		.depth = 2,
		.patches = 3,
		.calls = OBJECT,
		.events = SUT_SMALL_LOADS | SUT_SMALL_FORCES | SUT_SMALL_HANDLER,
		.patch = {{.functions = F | K, .plain = 2, .types = {1, 1}},
			  {.functions = K, .sets = {0, 1}, .types = {0, 2}},
			  {.functions = F, .replace = true, .types = {1, 0}}},
	},
};

enum { WORLDS = sizeof(worlds) / sizeof(worlds[0]) };

static const char *const fault_names[SUT_SMALL_FAULTS] = {
	[SUT_SMALL_FAULT_NONE] = "",
	[SUT_SMALL_FAULT_OUTER_FRAMES] = "only the innermost frame is given",
	[SUT_SMALL_FAULT_NO_PC] = "the innermost frame is not given",
	[SUT_SMALL_FAULT_RETURN_AS_IS] = "return addresses are given as a pc",
	[SUT_SMALL_FAULT_RUNNING_WALKED] = "a running task's stack is given",
	[SUT_SMALL_FAULT_SAFE_POINT] = "safe points anywhere",
	[SUT_SMALL_FAULT_COMING_LATE] = "the core is told late of an object",
	[SUT_SMALL_FAULT_GOING_UNTOLD] = "the core is not told that an object goes",
	[SUT_SMALL_FAULT_SIZE] = "functions are longer than resolve() says",
	[SUT_SMALL_FAULT_FORK_FRESH] = "a child does not inherit",
	[SUT_SMALL_FAULT_NO_SYNCHRONIZE] = "synchronize() does not wait",
};

static const struct {
	enum sut_small_fault fault;
	const char *world;
	enum sut_small_property expected;
} faults[] = {
	{SUT_SMALL_FAULT_OUTER_FRAMES, "one patch, deep stacks", SUT_SMALL_SWITCHED},
	{SUT_SMALL_FAULT_NO_PC, "one patch, deep stacks", SUT_SMALL_SWITCHED},
	{SUT_SMALL_FAULT_RETURN_AS_IS, "one patch, deep stacks", SUT_SMALL_SWITCHED},
	{SUT_SMALL_FAULT_RUNNING_WALKED, "one patch, the entry handler", SUT_SMALL_SWITCHED},
	{SUT_SMALL_FAULT_SAFE_POINT, "one patch, deep stacks", SUT_SMALL_SWITCHED},
	{SUT_SMALL_FAULT_COMING_LATE, "a late object", SUT_SMALL_VERSION},
	{SUT_SMALL_FAULT_GOING_UNTOLD, "a late object", SUT_SMALL_HOOK},
	{SUT_SMALL_FAULT_SIZE, "one patch, deep stacks", SUT_SMALL_SWITCHED},
	{SUT_SMALL_FAULT_FORK_FRESH, "one patch, three tasks", SUT_SMALL_MIX},
	{SUT_SMALL_FAULT_NO_SYNCHRONIZE, "replacing each other, the entry handler",
	 SUT_SMALL_FREED_MEMORY},
};

enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

static struct sut_small_world world_named(const char *name)
{
	size_t i = 0;

	while (strcmp(worlds[i].name, name) != 0)
		i++;
	return worlds[i];
}

static void fault_case(size_t index, struct sut_small_case *c)
{
	c->kind = SUT_SMALL_CASE_FAULT;
	c->world = world_named(faults[index].world);
	c->world.fault = faults[index].fault;
	c->expected = faults[index].expected;
	snprintf(c->name, sizeof(c->name), "%s", fault_names[c->world.fault]);
}

/* f, of the version that is left, jumps to h, which is never patched and sleeps; then it calls g.
 */
static void limit_case(struct sut_small_case *c)
{
	c->kind = SUT_SMALL_CASE_LIMIT;
	c->world = world_named("one patch, deep stacks");
	c->world.events |= SUT_SMALL_STRICT;
	c->expected = SUT_SMALL_MIX;
	snprintf(c->name, sizeof(c->name), "tail calls through unpatched code");
}

bool sut_small_case(size_t index, struct sut_small_case *found)
{
	*found = (struct sut_small_case){0};
	if (index < WORLDS) {
		found->kind = worlds[index].large ? SUT_SMALL_CASE_LONG : SUT_SMALL_CASE_RULES;
		found->world = worlds[index];
		snprintf(found->name, sizeof(found->name), "%s", worlds[index].name);
	} else if (index < WORLDS + FAULTS) {
		fault_case(index - WORLDS, found);
	} else if (index == WORLDS + FAULTS) {
		limit_case(found);
	} else {
		return false;
	}
	return true;
}

const char *sut_small_case_kind_name(enum sut_small_case_kind kind)
{
	switch (kind) {
	case SUT_SMALL_CASE_RULES:
		return "rules";
	case SUT_SMALL_CASE_FAULT:
		return "fault";
	case SUT_SMALL_CASE_LIMIT:
		return "limit";
	case SUT_SMALL_CASE_LONG:
		return "long";
	}
	return "unknown";
}

bool sut_small_is_expected(const struct sut_small_case *c, const struct sut_explore_result *result)
{
	if (!c->expected)
		return result->verdict == SUT_EXPLORE_HOLDS;
	return result->verdict == SUT_EXPLORE_VIOLATED &&
	       result->property == sut_small_property_text(c->expected);
}
