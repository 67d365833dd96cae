/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small world for tests of the core: three objects, five patches, four tasks, and a host whose
 * operations can fail, each in its turn.
 *
 * After every operation sample-check.c compares what the core says with what the host saw, and
 * where the specification leaves no choice works it out in another way than the core does. So
 * the world serves the unit tests, which look at one behaviour each, and the fuzzer, which does
 * anything.
 *
 * Every object has the same functions: "f" and "g"; "d" twice; "a", another name of f; "s", whose
 * size is not known. Code is a range of addresses; nothing is executed.
 */
#ifndef SUT_CORE_SAMPLE_H
#define SUT_CORE_SAMPLE_H

#include "core/core.h"

enum {
	SUT_SAMPLE_OBJECTS = 3, /* main, "m", "n" */
	SUT_SAMPLE_PATCHES = 5,
	SUT_SAMPLE_TASKS = 4,
	SUT_SAMPLE_FRAMES = 4,
	SUT_SAMPLE_CODES = 5, /* f, g, d/1, d/2, s of one object */
	SUT_SAMPLE_FUNCS = 4, /* that a patch has of one object */
	SUT_SAMPLE_IDS = 3,   /* 1 .. 3: of sets, types and states */
	SUT_SAMPLE_TEXT_SIZE = 16384,
};

/* The code of one function: 64 bytes, a hole, its piece of 64 bytes, a hole; 256 in all. */
enum {
	SUT_SAMPLE_CODE_SIZE = 0x40,
	SUT_SAMPLE_PIECE = 0x80,
	SUT_SAMPLE_CODE_DISTANCE = 0x100,
	SUT_SAMPLE_LOAD_DISTANCE = 0x1000, /* from one patch's code to the next one's */
};

struct sut_sample_patch {
	struct klp_patch klp; /* first, so that the core's pointer leads here */
	struct module mod;
	unsigned int load; /* where its code lies; 0: it was never made */
	struct klp_object objects[SUT_SAMPLE_OBJECTS + 1]; /* in any order; the others by index: */
	struct klp_func funcs[SUT_SAMPLE_OBJECTS][SUT_SAMPLE_FUNCS + 1];
	struct klp_callback_set sets[SUT_SAMPLE_OBJECTS][SUT_SAMPLE_IDS + 1];
	struct klp_shadow_type *types[SUT_SAMPLE_OBJECTS][SUT_SAMPLE_IDS + 1];
	struct klp_state states[SUT_SAMPLE_IDS + 1];
	/* What the host did for it, and what its plain callbacks set up. */
	bool part[SUT_SAMPLE_OBJECTS];
	bool relocated[SUT_SAMPLE_OBJECTS];
	enum klp_callback_state plain[SUT_SAMPLE_OBJECTS];
};

struct sut_sample_frame {
	uintptr_t address;
	bool pc;
};

struct sut_sample_task {
	struct sut_task core; /* first, so that the core's pointer leads here */
	bool alive, held, unreliable;
	struct sut_sample_frame frames[SUT_SAMPLE_FRAMES];
	size_t count;
	unsigned int signals;
};

/* Where the switch is, as the core's calls tell. */
enum sut_sample_phase { SUT_SAMPLE_NONE, SUT_SAMPLE_BEGUN, SUT_SAMPLE_RUNNING };

struct sut_sample {
	struct sut_core core; /* first, so that the core's pointer leads here */
	struct sut_sample_patch patches[SUT_SAMPLE_PATCHES];
	struct sut_sample_task tasks[SUT_SAMPLE_TASKS];
	bool loaded[SUT_SAMPLE_OBJECTS];
	unsigned int loads;
	/* Tasks switch by themselves, unseen, and all have done so when may_end is set. */
	bool lazy, may_end;

	/* What the core's calls have made of the host: */
	bool hooked[SUT_SAMPLE_OBJECTS][SUT_SAMPLE_CODES];
	enum klp_callback_state sets[SUT_SAMPLE_OBJECTS][SUT_SAMPLE_IDS + 1];
	enum sut_sample_phase phase;
	size_t blocks; /* of memory, not freed */

	/* Of the present operation: */
	unsigned int asked;            /* operations of the host that may fail */
	unsigned int fail_at;          /* this one of them fails; 0: none */
	int failure;                   /* what it returned */
	bool replaced;                 /* it has ended in SUT_PATCHING_COMPLETE */
	bool used[SUT_SAMPLE_IDS + 1]; /* types, before it */
	unsigned int collected[SUT_SAMPLE_IDS + 1];
	char before[SUT_SAMPLE_TEXT_SIZE];
	char log[SUT_SAMPLE_TEXT_SIZE]; /* calls and events, a word each */

	const char *broken; /* the first rule that did not hold, or NULL */
};

/* Main is loaded; there is nothing else yet. */
void sut_sample_init(struct sut_sample *sample, bool lazy);

/*
 * Makes the patch anew: "A" for index 0 ..., without objects. It must not be on the list. The
 * functions behind it add to its arrays; where one is full, they do nothing, or return NULL.
 */
struct sut_sample_patch *sut_sample_patch(struct sut_sample *sample, size_t index);
/* Without functions and callbacks. */
struct klp_object *sut_sample_object(struct sut_sample_patch *patch, size_t object);
void sut_sample_func(struct sut_sample_patch *patch, size_t object, const char *name,
		     unsigned long sympos);
/* All four plain callbacks, or (id not 0) those of a set. The host's call() stands for them. */
void sut_sample_callbacks(struct sut_sample_patch *patch, size_t object, unsigned long id);
void sut_sample_type(struct sut_sample_patch *patch, size_t object, unsigned long id);
struct klp_state *sut_sample_state(struct sut_sample_patch *patch, unsigned long id,
				   unsigned int version);

/*
 * Operations of the core; sample->fail_at may be set before. Each is followed by the rules, and
 * by the one that an error has changed nothing.
 */
int sut_sample_enable(struct sut_sample *sample, struct sut_sample_patch *patch);
int sut_sample_set_enabled(struct sut_sample *sample, struct sut_sample_patch *patch, bool value);
int sut_sample_force(struct sut_sample *sample, struct sut_sample_patch *patch);
bool sut_sample_attempt(struct sut_sample *sample);
int sut_sample_coming(struct sut_sample *sample, size_t object);
void sut_sample_going(struct sut_sample *sample, size_t object);
/* All that keeps a transition from its end goes away, then every patch; nothing must be left. */
void sut_sample_clear(struct sut_sample *sample);

/* A task with the parent's state, or (NULL) a new one; NULL when there are enough. */
struct sut_sample_task *sut_sample_task(struct sut_sample *sample,
					const struct sut_sample_task *parent);
void sut_sample_exit(struct sut_sample *sample, struct sut_sample_task *task);
/* It calls a function: a frame in the middle of the code that the core chooses. */
void sut_sample_call(struct sut_sample *sample, struct sut_sample_task *task, size_t object,
		     size_t code);
/* A frame anywhere. */
void sut_sample_push(struct sut_sample_task *task, uintptr_t address, bool pc);

/* Where a function's code starts, and back from anywhere in it; load 0: the original. */
struct sut_sample_place {
	unsigned int load;
	size_t object;
	size_t code;
};
uintptr_t sut_sample_address(unsigned int load, size_t object, size_t code);
struct sut_sample_place sut_sample_place(uintptr_t address);

/* Which code of its object a name means; SUT_SAMPLE_CODES: none. */
size_t sut_sample_code(const char *name, unsigned long sympos);
/* The name's index; that of an object that nobody knows is SUT_SAMPLE_OBJECTS. */
size_t sut_sample_index(const char *name);

/* sample-host.c */
extern const struct sut_core_host sut_sample_host;
extern const struct sut_core_task_host sut_sample_task_host;
extern const struct sut_core_switch sut_sample_switch;

/* sample-print.c: everything that can be seen, a line each. */
void sut_sample_print(const struct sut_sample *sample, char text[SUT_SAMPLE_TEXT_SIZE]);

/* sample-check.c */
void sut_sample_break(struct sut_sample *sample, const char *rule);
/* Around an operation that returned rc. */
void sut_sample_begin(struct sut_sample *sample);
void sut_sample_end(struct sut_sample *sample, int rc);
/* After an attempt: the right ones have switched. before: their states. */
void sut_sample_check_switched(struct sut_sample *sample, const int before[SUT_SAMPLE_TASKS]);

#endif
