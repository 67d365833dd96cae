/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lazy switch as a model for the explorer: threads that call patched functions through thunks
 * and decide for themselves which version they run, signal handlers in between, the controller
 * that looks, certifies, reverses, closes and dies, and the operations that it sends into the
 * process. docs/exploration.md says what the model has and what it leaves out.
 *
 * A state is struct sut_lazy_state. Everything that can happen next is a step; a step reads or
 * writes one shared word, or several words that nobody else can look at in between.
 */
#ifndef SUT_SIM_LAZY_H
#define SUT_SIM_LAZY_H

#include "sim/explore.h"

enum {
	SUT_LAZY_THREADS = 3,
	SUT_LAZY_FUNCTIONS = 2,
	SUT_LAZY_DEPTH = 7,       /* words on a thread's stack that matter */
	SUT_LAZY_TRANSITIONS = 2, /* one after the other */
	SUT_LAZY_ANSWERS = 3,     /* counts no further; at that count no certificate holds */
	SUT_LAZY_ANSWER = 1,      /* a number of an answer, where all are different */
	SUT_LAZY_ANSWER_PAST = 2, /* ... and one that the thread no longer has */
};

/* Where an activity is. From THUNK_MARK on it is in code of ours: a decision is pending. */
enum sut_lazy_pc {
	SUT_LAZY_DEAD,    /* no thread: a stack that waits for its next one */
	SUT_LAZY_ROOT,    /* unpatched code, the bottom of a thread */
	SUT_LAZY_HANDLER, /* unpatched code, the bottom of a signal handler */
	SUT_LAZY_LEAF,    /* unpatched code that a function called and that calls nobody */
	SUT_LAZY_BODY,    /* inside a version of a function */
	SUT_LAZY_START,   /* on the first byte of a version */
	SUT_LAZY_ENTRY,   /* on the entry of a function, called but not begun */
	SUT_LAZY_THUNK_MARK,
	SUT_LAZY_THUNK_DIR,
	SUT_LAZY_FOREIGN_FIRST,
	SUT_LAZY_NESTED,
	SUT_LAZY_BUSY,
	SUT_LAZY_DIR,
	SUT_LAZY_EPOCH,
	SUT_LAZY_ARMED,
	SUT_LAZY_UNARMED,
	SUT_LAZY_SERIALIZE,
	SUT_LAZY_VERSION,
	SUT_LAZY_CLOSED,
	SUT_LAZY_SWITCHED,
	SUT_LAZY_CERTIFICATE,
	SUT_LAZY_FOREIGN,
	SUT_LAZY_TAIL,
	SUT_LAZY_SCAN,
	SUT_LAZY_KNOWN,
	SUT_LAZY_STORE,
	SUT_LAZY_COUNT,
	SUT_LAZY_ANSWERED,
	SUT_LAZY_PUSH,
	SUT_LAZY_RELEASE,
	SUT_LAZY_NESTED_VERSION,
	SUT_LAZY_NESTED_DIR,
	SUT_LAZY_JUMP, /* the last jump, to act.version */
	SUT_LAZY_PC_COUNT
};

/* How an activity was left that lies on the stack. */
enum sut_lazy_left {
	SUT_LAZY_CALLED,
	SUT_LAZY_CALLED_LAST, /* its return address is the end of its range */
	SUT_LAZY_SIGNALLED,
	SUT_LAZY_SIGNALLED_ALT, /* what follows is on the alternate stack */
};

/* An activity and its registers: what runs, or what waits on the stack. */
struct sut_lazy_act {
	uint32_t pc : 6;
	uint32_t fn : 1;
	uint32_t version : 2; /* that runs, or the answer so far */
	uint32_t k : 1;       /* whose thunk: the transition */
	uint32_t d : 2;       /* dir as it was read */
	uint32_t tail : 1;
	uint32_t nested : 1;
	uint32_t holds : 1;  /* has set busy */
	uint32_t pred : 2;   /* ghost: 1 + version of the function that tail-jumped here, or 0 */
	uint32_t wrong : 1;  /* ghost: this is not the function that was called */
	uint32_t left : 2;   /* enum sut_lazy_left */
	uint32_t called : 1; /* g has called f, in a world that loops */
	uint32_t unused : 11;
};

struct sut_lazy_thread {
	struct sut_lazy_act now;
	struct sut_lazy_act stack[SUT_LAZY_DEPTH];
	uint8_t depth;
	uint8_t stale; /* bit of a function: may still execute its entry as before the last poke */
	/* The words of the thread. */
	uint8_t mark;   /* sut_lazy_mark(), or 0: anything else */
	uint8_t busy;   /* stack pointer, or 0 */
	uint8_t epoch;  /* that known, record and overflow belong to */
	uint8_t answer; /* number of the last source answer, or 0 */
	uint8_t known;
	uint8_t record_sp, record_fn; /* one activation record; 0: none */
	uint8_t overflow_sp;
	uint8_t slot; /* without the rule that forbids it: the answer */
	/* The certificate, and one that the controller has decided to write: 1 + answer. */
	uint8_t certificate_epoch, certificate;
	uint8_t pending;
	/* What the controller knows. */
	uint8_t listed, seen;
	uint8_t away; /* it runs on the coroutine's stack */
	uint8_t unused[2];
};

/* What the bytes of an entry lead to. */
enum { SUT_LAZY_TO_THUNK = 3 }; /* + k; below: a version, directly */

enum sut_lazy_op {
	SUT_LAZY_OP_NONE,
	SUT_LAZY_OP_COMMIT,
	SUT_LAZY_OP_UNDO,
	SUT_LAZY_OP_REVERSE,
	SUT_LAZY_OP_CLOSE,
	SUT_LAZY_OP_ORPHAN, /* in a forked child: marked as running, and nobody runs it */
};

enum sut_lazy_control {
	SUT_LAZY_NOBODY, /* no controller; one may come */
	SUT_LAZY_SETTLE,
	SUT_LAZY_READY,
	SUT_LAZY_WAIT,
	SUT_LAZY_REVERSE,
	SUT_LAZY_COPY,
	SUT_LAZY_READ_COUNT,
	SUT_LAZY_LIST,
	SUT_LAZY_LIST_REST,
	SUT_LAZY_LOOK,
	SUT_LAZY_LOOK_STACK,
	SUT_LAZY_CERTIFY,
	SUT_LAZY_SEARCHED,
};

struct sut_lazy_transition {
	uint8_t from, to; /* versions */
	uint8_t armed, closed;
	uint8_t dir, copy; /* copy: what thunks test */
	uint8_t answers;   /* counted, where each transition begins with 0 */
};

struct sut_lazy_state {
	struct sut_lazy_transition t[SUT_LAZY_TRANSITIONS];
	uint8_t k;       /* the latest transition */
	uint8_t running; /* it has begun and not ended */
	uint8_t count;   /* of transitions that were begun */
	uint8_t base;    /* the version that everybody runs between transitions */
	uint8_t entry[SUT_LAZY_FUNCTIONS], entry_before[SUT_LAZY_FUNCTIONS];
	uint8_t loaded; /* the object of the last function is there */
	uint8_t op, op_step, op_moved;
	uint8_t control;
	uint8_t moved;      /* source answers were counted since the count was read */
	uint8_t gone;       /* a thread that was listed has exited before the list was whole */
	uint8_t who;        /* thread, of LOOK_STACK */
	uint8_t overlooked; /* a CLOSE on its way: 1, or 2: and answers were counted since */
	uint8_t unused;
	/*
	 * world->threads of them. Where stacks are switched one more, of which only the stack and
	 * `now` count: what is suspended, the coroutine or who runs it.
	 */
	struct sut_lazy_thread thread[SUT_LAZY_THREADS];
};

/* Each rule can be switched off; lazy-rules.c says what each is. */
enum sut_lazy_rule {
	SUT_LAZY_RULE_ARM_LAST,
	SUT_LAZY_RULE_ARMED,
	SUT_LAZY_RULE_SERIALIZE,
	SUT_LAZY_RULE_SLEEP_FRESH,
	SUT_LAZY_RULE_CORE,
	SUT_LAZY_RULE_BUSY,
	SUT_LAZY_RULE_BUSY_LEFT_OVER,
	SUT_LAZY_RULE_MARK_AFTER_BUSY,
	SUT_LAZY_RULE_DIR_ONCE,
	SUT_LAZY_RULE_DIR_FAST,
	SUT_LAZY_RULE_NO_SLOT,
	SUT_LAZY_RULE_FOREIGN,
	SUT_LAZY_RULE_FOREIGN_FIRST,
	SUT_LAZY_RULE_COUNT,
	SUT_LAZY_RULE_COUNT_NESTED,
	SUT_LAZY_RULE_COUNT_NESTED_TARGET,
	SUT_LAZY_RULE_COUNT_FOREIGN,
	SUT_LAZY_RULE_COUNT_CLOSED,
	SUT_LAZY_RULE_CLOSED_FIRST,
	SUT_LAZY_RULE_CLOSE_COMPARES,
	SUT_LAZY_RULE_LIST_AFTER,
	SUT_LAZY_RULE_LIST_AGAIN,
	SUT_LAZY_RULE_LOOK_AGAIN,
	SUT_LAZY_RULE_LOOK_STACK,
	SUT_LAZY_RULE_LOOK_PC,
	SUT_LAZY_RULE_LOOK_CORE,
	SUT_LAZY_RULE_LOOK_FOREIGN,
	SUT_LAZY_RULE_LOOK_ATOMIC,
	SUT_LAZY_RULE_MARK_DIR,
	SUT_LAZY_RULE_CERTIFICATE_DIR,
	SUT_LAZY_RULE_CERTIFICATE_ANSWERS,
	SUT_LAZY_RULE_ANSWER_NUMBER,
	SUT_LAZY_RULE_COUNT_GOES_ON,
	SUT_LAZY_RULE_ANSWERS_UNARMED,
	SUT_LAZY_RULE_ANSWERS_NESTED,
	SUT_LAZY_RULE_ANSWERS_FOREIGN,
	SUT_LAZY_RULE_ONE_REVERSAL,
	SUT_LAZY_RULE_REVERSE_OPEN,
	SUT_LAZY_RULE_REVERSE_COUNTS,
	SUT_LAZY_RULE_COPIES_AGAIN,
	SUT_LAZY_RULE_COMMIT_AGAIN,
	SUT_LAZY_RULE_SETTLE,
	SUT_LAZY_RULE_SETTLE_ORPHAN,
	SUT_LAZY_RULE_MARKS_ONCE,
	SUT_LAZY_RULE_END,
	SUT_LAZY_RULE_START,
	SUT_LAZY_RULE_ENTRY,
	SUT_LAZY_RULE_TAIL,
	SUT_LAZY_RULE_KNOWN,
	SUT_LAZY_RULE_KNOWN_REVERSAL,
	SUT_LAZY_RULE_KNOWN_STAYS,
	SUT_LAZY_RULE_KNOWN_FOREIGN,
	SUT_LAZY_RULE_RECORDS,
	SUT_LAZY_RULE_RECORD_RETURN,
	SUT_LAZY_RULE_OVERFLOW,
	SUT_LAZY_RULE_STOP_CORE,
	SUT_LAZY_RULE_LATE_OBJECT,
	SUT_LAZY_RULE_PER_STACK,
	SUT_LAZY_RULE_SEARCH,
	SUT_LAZY_RULE_SEARCH_STOP,
	SUT_LAZY_RULE_BOTTOM,
	SUT_LAZY_RULE_COUNT_,
};

/* Whose rules are the base from which some are switched off. */
enum sut_lazy_base {
	SUT_LAZY_PROJECT, /* what src/process does */
	SUT_LAZY_FIRST    /* the rule set as it was first written down */
};

enum sut_lazy_alternate {
	SUT_LAZY_NO_ALTERNATE,
	SUT_LAZY_ALTERNATE_BELOW,
	SUT_LAZY_ALTERNATE_ABOVE,
	SUT_LAZY_ALTERNATE_INSIDE, /* an array in a frame of the thread's own stack */
};

enum sut_lazy_switches {
	SUT_LAZY_NO_SWITCHES,
	SUT_LAZY_SWITCHES,       /* to a coroutine's stack, and back */
	SUT_LAZY_SWITCHES_CARVED /* ... which lies in a frame of the thread's own */
};

enum sut_lazy_property {
	SUT_LAZY_MIX = 1,    /* P1 */
	SUT_LAZY_MARKS = 2,  /* P2 */
	SUT_LAZY_CLOSES = 4, /* P3 */
	SUT_LAZY_LIVE = 8,   /* P4, P5 */
	SUT_LAZY_HARM = SUT_LAZY_MIX | SUT_LAZY_CLOSES,
	SUT_LAZY_SAFE = SUT_LAZY_HARM | SUT_LAZY_MARKS,
	SUT_LAZY_ALL = SUT_LAZY_SAFE | SUT_LAZY_LIVE,
};

/* What is explored. Zero: without that. */
struct sut_lazy_world {
	const char *name;
	enum sut_lazy_base base;
	uint64_t off; /* rules that are switched off: 1 << enum sut_lazy_rule */
	unsigned int properties;
	uint8_t threads;
	uint8_t functions;
	uint8_t depth;
	uint8_t handlers; /* signal handlers at once in one thread */
	enum sut_lazy_alternate alternate;
	enum sut_lazy_switches switches;
	uint8_t transitions;
	bool onward;      /* the second transition leads to a third version, not back */
	uint8_t edges[3]; /* tail jumps of each version: 1: function 0 to 1, 2: 1 to 0 */
	bool leaf;
	bool last_calls;
	bool jumps;  /* longjmp() out of handlers */
	bool exits;  /* threads end, and begin on their stacks */
	bool unmaps; /* ... whose words may be zero again */
	bool gaps;   /* a list that is made while threads end may lack one that lives */
	bool forks;
	bool reverses;
	bool dies;       /* the controller, at any step */
	bool overlooks;  /* ... and its CLOSE, when it has not begun, is not waited for */
	bool no_sleep;   /* nobody is ever seen asleep */
	bool stops;      /* running threads are stopped for a look */
	bool stop_marks; /* ... and marked then */
	bool no_certificates;
	bool no_false_hits;
	bool fails; /* a poke of COMMIT, which undoes the others */
	bool late;  /* the last function's object is loaded at some time */
	bool loops; /* threads call g again and again, and g calls f once */
};

/* A model whose world is a struct sut_lazy_world; state_size depends on it. */
struct sut_explore_model sut_lazy_model(const struct sut_lazy_world *world);

/* A switch of the rules, by name: for the list of mutations and the command line. */
struct sut_lazy_rule_text {
	const char *name;
	const char *text; /* the rule, in a line */
};
extern const struct sut_lazy_rule_text sut_lazy_rules[SUT_LAZY_RULE_COUNT_];

#endif
