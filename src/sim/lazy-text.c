// SPDX-License-Identifier: GPL-2.0-or-later
/* A step as a line of a trace. */
#include "sim/lazy-model.h"

#include <string.h>

static const char *const places[SUT_LAZY_PC_COUNT] = {
	[SUT_LAZY_THUNK_MARK] = "thunk: is the mark N?",
	[SUT_LAZY_THUNK_DIR] = "thunk: reads dir",
	[SUT_LAZY_FOREIGN_FIRST] = "decides: on a stack of its own?",
	[SUT_LAZY_NESTED] = "decides: inside another decision?",
	[SUT_LAZY_BUSY] = "decides: busy = sp",
	[SUT_LAZY_DIR] = "decides: reads dir",
	[SUT_LAZY_EPOCH] = "decides: words of another epoch are void",
	[SUT_LAZY_ARMED] = "decides: reads armed",
	[SUT_LAZY_UNARMED] = "decides: not armed, which counts",
	[SUT_LAZY_SERIALIZE] = "decides: serialises its core",
	[SUT_LAZY_VERSION] = "decides: reads its mark",
	[SUT_LAZY_CLOSED] = "decides: closed?",
	[SUT_LAZY_SWITCHED] = "decides: has it the target's mark?",
	[SUT_LAZY_CERTIFICATE] = "decides: does the certificate hold?",
	[SUT_LAZY_FOREIGN] = "decides: on a stack of its own?",
	[SUT_LAZY_TAIL] = "decides: looks at its records",
	[SUT_LAZY_SCAN] = "decides: scans its stack",
	[SUT_LAZY_KNOWN] = "decides: known?",
	[SUT_LAZY_STORE] = "decides: stores the mark",
	[SUT_LAZY_COUNT] = "decides: counts a source answer",
	[SUT_LAZY_ANSWERED] = "decides: has a new last answer",
	[SUT_LAZY_PUSH] = "decides: records the call",
	[SUT_LAZY_RELEASE] = "decides: busy = 0",
	[SUT_LAZY_NESTED_VERSION] = "decides by the mark: reads it",
	[SUT_LAZY_NESTED_DIR] = "decides by the mark: reads dir",
	[SUT_LAZY_JUMP] = "leaves the thunk",
};

static const char *const controller[] = {
	[SUT_LAZY_DO_BEGIN] = "a command begins",
	[SUT_LAZY_DO_START] = "prepares a transition and sends COMMIT into the process",
	[SUT_LAZY_DO_REVERSE] = "is told to reverse",
	[SUT_LAZY_DO_FOLLOW] = "goes on with the transition that it finds",
	[SUT_LAZY_DO_OVERLOOK] = "overlooks the CLOSE that is on its way",
	[SUT_LAZY_DO_MISS] = "gets a list in which a thread is missing:",
	[SUT_LAZY_DO_LOOK_MARK] = "sees the target's mark in",
	[SUT_LAZY_DO_LOOK_ASLEEP] = "sees asleep and clean:",
	[SUT_LAZY_DO_LOOK_PC] = "sees the pc in unpatched code of",
	[SUT_LAZY_DO_LOOK_STOPPED] = "stops for a moment, and sees clean:",
	[SUT_LAZY_DO_MARK_STOPPED] = "stops for a moment, and marks:",
	[SUT_LAZY_DO_AGAIN] = "begins its looks anew",
	[SUT_LAZY_DO_SEARCH] = "stops all, searches all stacks and finds nothing",
	[SUT_LAZY_DO_CLOSE] = "has seen all and sends CLOSE into the process",
	[SUT_LAZY_DO_DIE] = "dies",
};

static const char *const going[] = {
	[SUT_LAZY_SETTLE] = "sees no operation that it waits for",
	[SUT_LAZY_REVERSE] = "writes dir",
	[SUT_LAZY_COPY] = "writes the copy of dir that thunks test",
	[SUT_LAZY_READ_COUNT] = "reads the count of source answers",
	[SUT_LAZY_LIST] = "lists the threads",
	[SUT_LAZY_LIST_REST] = "has its list",
	[SUT_LAZY_LOOK_STACK] = "scans that thread's stack",
	[SUT_LAZY_CERTIFY] = "writes the certificate",
	[SUT_LAZY_SEARCHED] = "sends CLOSE into the process",
};

static char function(unsigned int fn)
{
	return fn ? 'g' : 'f';
}

static const char *version(unsigned int v)
{
	static const char *const names[] = {"old", "new", "newer", "?"};

	return names[v & 3];
}

static void describe_controller(const struct sut_lazy_state *s, uint32_t step,
				char text[SUT_EXPLORE_TEXT_MAX])
{
	unsigned int action = sut_lazy_action(step);

	switch ((enum sut_lazy_controller_action)action) {
	case SUT_LAZY_DO_GO:
		snprintf(text, SUT_EXPLORE_TEXT_MAX, "controller: %s", going[s->control]);
		return;
	case SUT_LAZY_DO_MISS:
	case SUT_LAZY_DO_LOOK_MARK:
	case SUT_LAZY_DO_LOOK_ASLEEP:
	case SUT_LAZY_DO_LOOK_PC:
	case SUT_LAZY_DO_LOOK_STOPPED:
	case SUT_LAZY_DO_MARK_STOPPED:
		snprintf(text, SUT_EXPLORE_TEXT_MAX, "controller: %s thread %u", controller[action],
			 sut_lazy_arg(step));
		return;
	case SUT_LAZY_DO_BEGIN:
	case SUT_LAZY_DO_OVERLOOK:
	case SUT_LAZY_DO_START:
	case SUT_LAZY_DO_REVERSE:
	case SUT_LAZY_DO_FOLLOW:
	case SUT_LAZY_DO_AGAIN:
	case SUT_LAZY_DO_SEARCH:
	case SUT_LAZY_DO_CLOSE:
	case SUT_LAZY_DO_DIE:
		snprintf(text, SUT_EXPLORE_TEXT_MAX, "controller: %s", controller[action]);
		return;
	}
}

static void describe_process(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			     uint32_t step, char text[SUT_EXPLORE_TEXT_MAX])
{
	static const char *const names[] = {[SUT_LAZY_OP_COMMIT] = "COMMIT",
					    [SUT_LAZY_OP_UNDO] = "COMMIT (undoing)",
					    [SUT_LAZY_OP_REVERSE] = "REVERSE",
					    [SUT_LAZY_OP_CLOSE] = "CLOSE"};
	unsigned int fn;
	enum sut_lazy_op_step next = sut_lazy_op_next(w, s, &fn);
	const char *what = "";

	if (sut_lazy_action(step) == SUT_LAZY_DO_LOAD) {
		snprintf(text, SUT_EXPLORE_TEXT_MAX, "process: loads the object of %c",
			 function(w->functions - 1u));
		return;
	}
	if (sut_lazy_action(step) == SUT_LAZY_DO_OVERLOOKED) {
		snprintf(text, SUT_EXPLORE_TEXT_MAX, "process: a CLOSE that was overlooked begins");
		return;
	}
	switch (next) {
	case SUT_LAZY_OP_BEGIN:
		what = "the transition begins";
		break;
	case SUT_LAZY_OP_POKE:
		snprintf(text, SUT_EXPLORE_TEXT_MAX, "process: %s: %s the entry of %c",
			 names[s->op],
			 sut_lazy_action(step) == SUT_LAZY_DO_FAIL ? "fails at" : "writes",
			 function(fn));
		return;
	case SUT_LAZY_OP_SYNC:
		what = "synchronises all cores";
		break;
	case SUT_LAZY_OP_ARM:
		what = "armed";
		break;
	case SUT_LAZY_OP_COUNT:
		what = "adds to the count, unless closed or reversed";
		break;
	case SUT_LAZY_OP_DIR:
		what = "writes dir";
		break;
	case SUT_LAZY_OP_COPY:
		what = "writes the copy of dir that thunks test";
		break;
	case SUT_LAZY_OP_COMPARE:
		what = "closed, if the count is what was read";
		break;
	case SUT_LAZY_OP_END:
		what = "ends";
		break;
	}
	snprintf(text, SUT_EXPLORE_TEXT_MAX, "process: %s: %s", names[s->op], what);
}

/* A step of code of ours, and what came of it. */
static void describe_decision(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			      uint32_t step, char text[SUT_EXPLORE_TEXT_MAX])
{
	unsigned int thread = sut_lazy_actor(step), choice = sut_lazy_arg(step);
	struct sut_lazy_state after = {0};
	const struct sut_lazy_act *a = &after.thread[thread].now;
	const char *note = "";
	unsigned int pc = s->thread[thread].now.pc;
	size_t used;

	memcpy(&after, s, sut_lazy_model(w).state_size);
	sut_lazy_decide(w, &after, &after.thread[thread], choice);
	if (pc == SUT_LAZY_SCAN)
		note = choice ? ": a false hit" : a->pc == SUT_LAZY_COUNT ? ": a hit" : ": clean";
	else if (pc == SUT_LAZY_TAIL && choice)
		note = ": another return address";
	snprintf(text, SUT_EXPLORE_TEXT_MAX, "thread %u: %c %s%s", thread, function(a->fn),
		 places[pc], note);
	used = strlen(text);
	if (a->pc == SUT_LAZY_JUMP || a->pc == SUT_LAZY_RELEASE)
		snprintf(text + used, SUT_EXPLORE_TEXT_MAX - used, " -> %s", version(a->version));
}

static void describe_step(const struct sut_lazy_world *w, const struct sut_lazy_state *s,
			  uint32_t step, char text[SUT_EXPLORE_TEXT_MAX])
{
	unsigned int thread = sut_lazy_actor(step);
	const struct sut_lazy_act *a = &s->thread[thread].now;

	if (a->pc == SUT_LAZY_ENTRY)
		snprintf(text, SUT_EXPLORE_TEXT_MAX, "thread %u: executes the entry of %c%s",
			 thread, function(a->fn),
			 sut_lazy_arg(step) ? ", fetched before the poke" : "");
	else if (a->pc == SUT_LAZY_START)
		snprintf(text, SUT_EXPLORE_TEXT_MAX, "thread %u: is in %s %c", thread,
			 version(a->version), function(a->fn));
	else if (a->pc == SUT_LAZY_JUMP)
		snprintf(text, SUT_EXPLORE_TEXT_MAX, "thread %u: leaves the thunk of %c", thread,
			 function(a->fn));
	else
		describe_decision(w, s, step, text);
}

void sut_lazy_describe(const void *world, const void *state, uint32_t step,
		       char text[SUT_EXPLORE_TEXT_MAX])
{
	const struct sut_lazy_world *w = world;
	const struct sut_lazy_state *s = state;
	unsigned int thread = sut_lazy_actor(step), arg = sut_lazy_arg(step);
	const char *what = "";

	if (thread == SUT_LAZY_CONTROLLER) {
		describe_controller(s, step, text);
		return;
	}
	if (thread == SUT_LAZY_PROCESS) {
		describe_process(w, s, step, text);
		return;
	}
	switch ((enum sut_lazy_thread_action)sut_lazy_action(step)) {
	case SUT_LAZY_DO_STEP:
		describe_step(w, s, step, text);
		return;
	case SUT_LAZY_DO_CALL:
	case SUT_LAZY_DO_CALL_LAST:
	case SUT_LAZY_DO_TAIL_CALL:
		snprintf(text, SUT_EXPLORE_TEXT_MAX, "thread %u: %s %c%s", thread,
			 sut_lazy_action(step) == SUT_LAZY_DO_TAIL_CALL ? "tail-jumps to" : "calls",
			 function(arg),
			 sut_lazy_action(step) == SUT_LAZY_DO_CALL_LAST ? " as its last instruction"
									: "");
		return;
	case SUT_LAZY_DO_LEAF:
		what = "calls an unpatched function";
		break;
	case SUT_LAZY_DO_RETURN:
		what = s->thread[thread].now.pc == SUT_LAZY_HANDLER ? "returns from the handler"
								    : "returns";
		break;
	case SUT_LAZY_DO_SIGNAL:
		what = "is interrupted by a signal handler";
		break;
	case SUT_LAZY_DO_SIGNAL_ALT:
		what = "is interrupted by a signal handler on the alternate stack";
		break;
	case SUT_LAZY_DO_JUMP:
		what = arg ? "jumps out of the handler (longjmp)"
			   : "jumps out of the handler (longjmp), to the bottom";
		break;
	case SUT_LAZY_DO_EXIT:
		what = "ends";
		break;
	case SUT_LAZY_DO_EXIT_UNMAP:
		what = "ends, and its stack is given back";
		break;
	case SUT_LAZY_DO_BIRTH:
		what = "a new thread begins at this place";
		break;
	case SUT_LAZY_DO_FORK:
		what = "forks; this is the child";
		break;
	case SUT_LAZY_DO_SWITCH:
		what = s->thread[thread].away ? "goes back to its own stack"
					      : "goes on with the coroutine";
		break;
	}
	snprintf(text, SUT_EXPLORE_TEXT_MAX, "thread %u: %s", thread, what);
}
