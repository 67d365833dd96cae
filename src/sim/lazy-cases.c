// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worlds are small on purpose. Threads of a process meet only in what the controller sees of
 * them and in the count, and more threads only make it harder to close; so one thread with a rich
 * life finds what there is to find, and two are there to check just that.
 */
#include "sim/lazy-cases.h"

#include <string.h>

#define OFF(rule) (UINT64_C(1) << SUT_LAZY_RULE_##rule)

/* f tail-jumps to g in the old version, g to f in the new one. */
#define EDGES                                                                                      \
	{                                                                                          \
		1, 2, 0                                                                            \
	}

/* What is not said: one thread, one function, one transition, depth 3 (see complete()). */
static const struct sut_lazy_world worlds[] = {
	{.name = "calls", .functions = 2, .leaf = true},
	{.name = "reversal", .leaf = true, .reverses = true},
	{.name = "handlers", .handlers = 1, .depth = 4, .reverses = true},
	{.name = "handlers twice", .handlers = 2, .depth = 5},
	{.name = "alternate stack",
	 .handlers = 1,
	 .depth = 4,
	 .alternate = SUT_LAZY_ALTERNATE_BELOW},
	{.name = "alternate stack above",
	 .handlers = 1,
	 .depth = 4,
	 .alternate = SUT_LAZY_ALTERNATE_ABOVE},
	{.name = "stops", .handlers = 1, .reverses = true, .stops = true},
	{.name = "births", .handlers = 1, .depth = 4, .exits = true, .jumps = true},
	{.name = "births on unmapped stacks", .exits = true, .unmaps = true},
	{.name = "births and lists with gaps",
	 .threads = 2,
	 .depth = 1,
	 .exits = true,
	 .gaps = true,
	 .no_certificates = true},
	{.name = "close overlooked", .reverses = true, .overlooks = true},
	{.name = "forks", .functions = 2, .forks = true, .reverses = true},
	{.name = "last calls", .handlers = 1, .last_calls = true},
	{.name = "there and back", .transitions = 2, .leaf = true},
	{.name = "onward", .transitions = 2, .onward = true},
	{.name = "failing commit", .functions = 2, .fails = true},
	{.name = "late object", .functions = 2, .late = true},
	{.name = "never asleep", .handlers = 1, .depth = 4, .no_sleep = true, .jumps = true},
	{.name = "two threads", .threads = 2, .depth = 1, .no_certificates = true},
	{.name = "tails", .functions = 2, .edges = EDGES, .reverses = true},
	{.name = "tails and handlers",
	 .functions = 2,
	 .edges = EDGES,
	 .handlers = 1,
	 .no_certificates = true},
	{.name = "deep tails", .functions = 2, .edges = EDGES, .depth = 4, .no_certificates = true},
	{.name = "tails on another stack",
	 .functions = 2,
	 .edges = {1, 0, 0},
	 .handlers = 1,
	 .alternate = SUT_LAZY_ALTERNATE_BELOW,
	 .no_certificates = true},
	{.name = "coroutine", .depth = 2, .reverses = true, .switches = SUT_LAZY_SWITCHES},
	{.name = "loop with tails",
	 .functions = 2,
	 .edges = EDGES,
	 .no_sleep = true,
	 .loops = true},
};

static const struct sut_lazy_world long_worlds[] = {
	{.name = "long: two transitions, handlers, reversals",
	 .transitions = 2,
	 .handlers = 1,
	 .depth = 4,
	 .reverses = true},
	{.name = "long: handlers twice, reversal, stops",
	 .handlers = 2,
	 .depth = 5,
	 .reverses = true,
	 .stops = true},
	{.name = "long: alternate stack, two functions",
	 .functions = 2,
	 .handlers = 2,
	 .depth = 4,
	 .leaf = true,
	 .alternate = SUT_LAZY_ALTERNATE_BELOW},
	{.name = "long: births, reversals, stops",
	 .handlers = 1,
	 .depth = 4,
	 .reverses = true,
	 .exits = true,
	 .jumps = true,
	 .stops = true},
	{.name = "long: two threads, handlers", .threads = 2, .depth = 2, .handlers = 1},
	{.name = "long: two threads, births, lists with gaps",
	 .threads = 2,
	 .depth = 2,
	 .exits = true,
	 .gaps = true},
	{.name = "long: three threads, births, lists with gaps",
	 .threads = 3,
	 .depth = 1,
	 .exits = true,
	 .gaps = true,
	 .no_certificates = true},
	{.name = "long: two threads, reversal",
	 .threads = 2,
	 .depth = 1,
	 .reverses = true,
	 .no_certificates = true},
	{.name = "long: three threads", .threads = 3, .depth = 1, .no_certificates = true},
	{.name = "long: alternate stack, reversal",
	 .handlers = 1,
	 .depth = 4,
	 .leaf = true,
	 .reverses = true,
	 .alternate = SUT_LAZY_ALTERNATE_BELOW},
	{.name = "long: alternate stack above, reversal",
	 .handlers = 1,
	 .depth = 4,
	 .leaf = true,
	 .reverses = true,
	 .alternate = SUT_LAZY_ALTERNATE_ABOVE},
	{.name = "long: alternate stack above, two handlers, reversal",
	 .handlers = 2,
	 .depth = 5,
	 .reverses = true,
	 .alternate = SUT_LAZY_ALTERNATE_ABOVE},
	{.name = "long: births on unmapped stacks, two transitions",
	 .transitions = 2,
	 .handlers = 1,
	 .depth = 4,
	 .reverses = true,
	 .exits = true,
	 .unmaps = true},
	{.name = "long: close overlooked, handlers",
	 .functions = 2,
	 .handlers = 1,
	 .reverses = true,
	 .overlooks = true},
	{.name = "long: forks, handlers, reversal",
	 .functions = 2,
	 .handlers = 1,
	 .reverses = true,
	 .forks = true},
	{.name = "long: two transitions, births",
	 .transitions = 2,
	 .handlers = 1,
	 .exits = true,
	 .unmaps = true,
	 .jumps = true},
	{.name = "long: a coroutine of two threads",
	 .threads = 2,
	 .depth = 1,
	 .reverses = true,
	 .switches = SUT_LAZY_SWITCHES,
	 .no_certificates = true},
	{.name = "long: coroutine, handlers",
	 .handlers = 1,
	 .depth = 2,
	 .switches = SUT_LAZY_SWITCHES,
	 .no_certificates = true},
	{.name = "long: coroutine, tails, two functions",
	 .functions = 2,
	 .edges = EDGES,
	 .depth = 2,
	 .switches = SUT_LAZY_SWITCHES,
	 .no_certificates = true},
	{.name = "long: tails, handlers, reversal",
	 .functions = 2,
	 .edges = EDGES,
	 .handlers = 1,
	 .depth = 4,
	 .reverses = true,
	 .no_certificates = true},
};

#define HARM(rule, world)                                                                          \
	{                                                                                          \
		SUT_LAZY_RULE_##rule, world, SUT_EXPLORE_VIOLATED, SUT_LAZY_PROJECT                \
	}
#define STUCK(rule, world)                                                                         \
	{                                                                                          \
		SUT_LAZY_RULE_##rule, world, SUT_EXPLORE_STUCK, SUT_LAZY_PROJECT                   \
	}
#define SPARE(rule, world, base)                                                                   \
	{                                                                                          \
		SUT_LAZY_RULE_##rule, world, SUT_EXPLORE_HOLDS, base                               \
	}

/* Which rule is off in which world, and what comes of it. */
static const struct mutation {
	enum sut_lazy_rule rule;
	const char *world;
	enum sut_explore_verdict expected;
	enum sut_lazy_base base;
} mutations[] = {
	HARM(ARM_LAST, "calls"),
	HARM(ARMED, "calls"),
	HARM(SERIALIZE, "calls"),
	HARM(SLEEP_FRESH, "calls"),
	HARM(CORE, "handlers"),
	HARM(BUSY, "handlers"),
	STUCK(BUSY_LEFT_OVER, "never asleep"),
	HARM(MARK_AFTER_BUSY, "handlers"),
	HARM(DIR_ONCE, "reversal"),
	HARM(DIR_FAST, "reversal"),
	HARM(NO_SLOT, "tails and handlers"),
	HARM(FOREIGN, "alternate stack"),
	HARM(FOREIGN_FIRST, "alternate stack above"),
	HARM(COUNT, "calls"),
	HARM(COUNT_NESTED, "handlers"),
	HARM(COUNT_FOREIGN, "alternate stack"),
	HARM(COUNT_CLOSED, "calls"),
	HARM(CLOSE_COMPARES, "calls"),
	HARM(LIST_AFTER, "births"),
	HARM(LIST_AGAIN, "births and lists with gaps"),
	HARM(LOOK_AGAIN, "calls"),
	HARM(LOOK_STACK, "calls"),
	HARM(LOOK_PC, "stops"),
	HARM(LOOK_CORE, "handlers"),
	HARM(LOOK_FOREIGN, "alternate stack"),
	HARM(LOOK_ATOMIC, "calls"),
	HARM(MARK_DIR, "reversal"),
	HARM(CERTIFICATE_DIR, "reversal"),
	HARM(CERTIFICATE_ANSWERS, "calls"),
	HARM(ANSWER_NUMBER, "births on unmapped stacks"),
	HARM(COUNT_GOES_ON, "there and back"),
	HARM(ONE_REVERSAL, "reversal"),
	HARM(REVERSE_OPEN, "forks"),
	HARM(REVERSE_COUNTS, "close overlooked"),
	HARM(COPIES_AGAIN, "forks"),
	HARM(COMMIT_AGAIN, "forks"),
	HARM(SETTLE, "reversal"),
	STUCK(SETTLE_ORPHAN, "forks"),
	HARM(MARKS_ONCE, "there and back"),
	HARM(END, "last calls"),
	HARM(START, "handlers"),
	HARM(LATE_OBJECT, "late object"),
	HARM(ENTRY, "tails and handlers"),
	HARM(TAIL, "tails"),
	HARM(KNOWN, "tails"),
	HARM(KNOWN_REVERSAL, "tails"),
	STUCK(KNOWN_STAYS, "loop with tails"),
	HARM(RECORDS, "tails"),
	HARM(OVERFLOW, "tails and handlers"),
	HARM(PER_STACK, "coroutine"),
	HARM(SEARCH, "coroutine"),
	HARM(SEARCH_STOP, "coroutine"),
	/* Nothing comes of these. */
	SPARE(SLEEP_FRESH, "calls", SUT_LAZY_FIRST),
	SPARE(COUNT_NESTED_TARGET, "births", SUT_LAZY_FIRST),
	SPARE(CLOSED_FIRST, "births", SUT_LAZY_PROJECT),
	SPARE(ANSWERS_UNARMED, "calls", SUT_LAZY_FIRST),
	SPARE(ANSWERS_NESTED, "births", SUT_LAZY_PROJECT),
	SPARE(ANSWERS_FOREIGN, "alternate stack above", SUT_LAZY_PROJECT),
	SPARE(KNOWN_FOREIGN, "tails on another stack", SUT_LAZY_FIRST),
	SPARE(RECORD_RETURN, "tails", SUT_LAZY_PROJECT),
};

/* What the rules do not cover, each with a cure where there is one. */
static const struct sut_lazy_world limits[] = {
	{.name = "alternate stack inside the own",
	 .handlers = 1,
	 .leaf = true,
	 .alternate = SUT_LAZY_ALTERNATE_INSIDE},
	{.name = "coroutine on a stack inside the own",
	 .switches = SUT_LAZY_SWITCHES_CARVED,
	 .off = OFF(BOTTOM)},
	{.name = "stopped and marked", .handlers = 1, .stop_marks = true, .off = OFF(STOP_CORE)},
};

static const struct sut_lazy_world cures[] = {
	/* It never closes as long as that stack is there. */
	{.name = "coroutine inside the own stack, held",
	 .switches = SUT_LAZY_SWITCHES_CARVED,
	 .properties = SUT_LAZY_SAFE},
	{.name = "stopped and marked, nothing pending", .handlers = 1, .stop_marks = true},
};

static const char *const first_rules[] = {"calls",          "reversal",
					  "handlers",       "alternate stack",
					  "tails",          "deep tails",
					  "there and back", "tails and handlers",
					  "forks"};

enum {
	WORLDS = sizeof(worlds) / sizeof(worlds[0]),
	LONG_WORLDS = sizeof(long_worlds) / sizeof(long_worlds[0]),
	MUTATIONS = sizeof(mutations) / sizeof(mutations[0]),
	LIMITS = sizeof(limits) / sizeof(limits[0]),
	CURES = sizeof(cures) / sizeof(cures[0]),
	FIRST_RULES = sizeof(first_rules) / sizeof(first_rules[0]),
};

static const struct sut_lazy_world *find_world(const char *name)
{
	size_t i = 0;

	while (strcmp(worlds[i].name, name))
		i++;
	return &worlds[i];
}

/* Rules that a set does not have. */
static const uint64_t off[] = {
	[SUT_LAZY_PROJECT] = OFF(COUNT_NESTED_TARGET) | OFF(ANSWERS_UNARMED),
	[SUT_LAZY_FIRST] = OFF(FOREIGN_FIRST) | OFF(LIST_AGAIN) | OFF(ANSWER_NUMBER) |
			   OFF(COUNT_GOES_ON) | OFF(REVERSE_COUNTS),
};

/* A world with what it leaves out, and with a set of rules. */
static struct sut_lazy_world complete(const struct sut_lazy_world *world, enum sut_lazy_base base)
{
	struct sut_lazy_world w = *world;

	w.threads = w.threads ? w.threads : 1;
	w.functions = w.functions ? w.functions : 1;
	w.transitions = w.transitions ? w.transitions : 1;
	w.depth = w.depth ? w.depth : 3;
	w.properties = w.properties ? w.properties : SUT_LAZY_ALL;
	w.dies = true;
	w.base = base;
	w.off |= off[base];
	return w;
}

static void plain_case(enum sut_lazy_kind kind, const struct sut_lazy_world *world,
		       enum sut_lazy_base base, struct sut_lazy_case *found)
{
	found->kind = kind;
	found->world = complete(world, base);
	found->expected = kind == SUT_LAZY_CASE_LIMIT ? SUT_EXPLORE_VIOLATED : SUT_EXPLORE_HOLDS;
	if (kind == SUT_LAZY_CASE_LIMIT)
		found->world.properties = SUT_LAZY_HARM;
	snprintf(found->name, sizeof(found->name), "%s", world->name);
}

static void mutated_case(const struct mutation *m, struct sut_lazy_case *found)
{
	found->world = complete(find_world(m->world), m->base);
	/* Marks that lie do no harm by themselves. */
	found->world.properties = SUT_LAZY_HARM | SUT_LAZY_LIVE;
	found->world.off |= UINT64_C(1) << m->rule;
	found->expected = m->expected;
	found->kind =
		m->expected == SUT_EXPLORE_HOLDS ? SUT_LAZY_CASE_SPARE : SUT_LAZY_CASE_MUTATION;
	snprintf(found->name, sizeof(found->name), "%s%s in %s",
		 m->base == SUT_LAZY_FIRST ? "first rules: " : "", sut_lazy_rules[m->rule].name,
		 m->world);
}

static void first_rules_case(const char *name, struct sut_lazy_case *found)
{
	plain_case(SUT_LAZY_CASE_RULES, find_world(name), SUT_LAZY_FIRST, found);
	snprintf(found->name, sizeof(found->name), "first rules: %s", name);
}

bool sut_lazy_case(size_t index, struct sut_lazy_case *found)
{
	memset(found, 0, sizeof(*found));
	if (index < WORLDS)
		plain_case(SUT_LAZY_CASE_RULES, &worlds[index], SUT_LAZY_PROJECT, found);
	else if ((index -= WORLDS) < FIRST_RULES)
		first_rules_case(first_rules[index], found);
	else if ((index -= FIRST_RULES) < MUTATIONS)
		mutated_case(&mutations[index], found);
	else if ((index -= MUTATIONS) < LIMITS)
		plain_case(SUT_LAZY_CASE_LIMIT, &limits[index], SUT_LAZY_PROJECT, found);
	else if ((index -= LIMITS) < CURES)
		plain_case(SUT_LAZY_CASE_CURE, &cures[index], SUT_LAZY_PROJECT, found);
	else if ((index -= CURES) < LONG_WORLDS)
		plain_case(SUT_LAZY_CASE_LONG, &long_worlds[index], SUT_LAZY_PROJECT, found);
	else
		return false;
	found->world.name = found->name;
	return true;
}

const char *sut_lazy_kind_name(enum sut_lazy_kind kind)
{
	switch (kind) {
	case SUT_LAZY_CASE_RULES:
		return "rules";
	case SUT_LAZY_CASE_MUTATION:
		return "mutation";
	case SUT_LAZY_CASE_SPARE:
		return "spare";
	case SUT_LAZY_CASE_LIMIT:
		return "limit";
	case SUT_LAZY_CASE_CURE:
		return "cure";
	case SUT_LAZY_CASE_LONG:
		return "long";
	}
	return "unknown";
}

bool sut_lazy_case_run(const struct sut_lazy_case *c, size_t bytes_max,
		       struct sut_explore_result *result)
{
	struct sut_explore_model model = sut_lazy_model(&c->world);

	sut_explore(&model, &c->world, bytes_max, result);
	return result->verdict == c->expected;
}
