/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core itself under the explorer: small worlds of tasks, patches, functions and one late
 * object, in which everything that can happen is tried in every order. The core is the one that
 * hosts link (src/core, with sut_core_tasks); only its host is a model.
 *
 * A world's things lie on a stage, one block of memory at one address, so that pointers of the
 * core mean the same in every state. What a step can change there falls into parts: the core with
 * the host's books, and each patch with the memory that the core got for it. Of each part every
 * content that ever came up is kept once (an image), and a state has the number of the image. So a
 * state is small, nothing that the core keeps can be forgotten in it, and equal bytes are equal
 * states. Tasks are kept as they are: they are alike, and may be renamed.
 *
 *   explore-core-stage   builds a world's stage; states to stages and back
 *   images               the contents of a part
 *   host                 the operations of the core's host, which keep the books
 *   views                what each task should run: the specification, without the core
 *   check                the properties, looked at after each step
 *   step                 what can happen next, and makes it happen
 *   text                 a step as a line
 *   cases, main          the worlds, what must come out of them, and the command
 */
#ifndef SUT_SIM_EXPLORE_CORE_H
#define SUT_SIM_EXPLORE_CORE_H

#include "core/core.h"
#include "sim/explore.h"

enum {
	SUT_SMALL_TASKS = 3,
	SUT_SMALL_PATCHES = 3,
	SUT_SMALL_DEPTH = 3, /* frames */
	SUT_SMALL_IDS = 2,   /* of callback sets, of shadow types: 1 and 2 */
	SUT_SMALL_CODE_SIZE = 16,
	SUT_SMALL_PARTS = 1 + SUT_SMALL_PATCHES,
};

enum sut_small_object { SUT_SMALL_MAIN, SUT_SMALL_LATE, SUT_SMALL_OBJECTS };

/*
 * The functions, in the order of their code in memory. h is never patched: it follows f so that
 * the end of f, where a call that never comes back would return to, is in innocent code.
 */
enum sut_small_function { SUT_SMALL_F, SUT_SMALL_H, SUT_SMALL_G, SUT_SMALL_K, SUT_SMALL_FUNCTIONS };

/* Calls that the code of all versions has. */
enum sut_small_call {
	SUT_SMALL_CALLS_F, /* from the task's bottom */
	SUT_SMALL_CALLS_G,
	SUT_SMALL_CALLS_K,
	SUT_SMALL_F_CALLS_G,
	SUT_SMALL_F_JUMPS_G, /* a tail call: f's frame is gone */
	SUT_SMALL_F_CALLS_H, /* the last instruction of f */
	SUT_SMALL_F_JUMPS_H,
	SUT_SMALL_F_CALLS_K,
	SUT_SMALL_H_CALLS_G,
	SUT_SMALL_K_CALLS_F,
	SUT_SMALL_CALLS
};

/* What can happen in a world beside calls, returns, sleep, enable, disable, reverse and ticks. */
enum {
	SUT_SMALL_FORKS = 1 << 0, /* also new threads, and tasks from nowhere */
	SUT_SMALL_EXITS = 1 << 1, /* at any depth */
	SUT_SMALL_FORCES = 1 << 2,
	SUT_SMALL_LOADS = 1 << 3,   /* the late object comes and goes */
	SUT_SMALL_FAILS = 1 << 4,   /* each operation of the host that may fail, one in a step */
	SUT_SMALL_HANDLER = 1 << 5, /* a call may stay in the entry handler for a while */
	SUT_SMALL_KEPT = 1 << 6,    /* a patch's memory stays, and is used for its next enable */
	SUT_SMALL_STRICT = 1 << 7,  /* chains of tail calls through h must not mix, either */
};

/* A rule that the host breaks. */
enum sut_small_fault {
	SUT_SMALL_FAULT_NONE,
	SUT_SMALL_FAULT_OUTER_FRAMES,   /* walk() gives the innermost frame only */
	SUT_SMALL_FAULT_NO_PC,          /* walk() gives return addresses only */
	SUT_SMALL_FAULT_RETURN_AS_IS,   /* return addresses are given as if each were a pc */
	SUT_SMALL_FAULT_RUNNING_WALKED, /* the stack of a running task is read */
	SUT_SMALL_FAULT_SAFE_POINT,     /* claimed wherever the task is */
	SUT_SMALL_FAULT_COMING_LATE,    /* the core is told when tasks are in it already */
	SUT_SMALL_FAULT_GOING_UNTOLD,   /* the core is not told that an object has gone */
	SUT_SMALL_FAULT_SIZE,           /* of original code: half of what it is */
	SUT_SMALL_FAULT_FORK_FRESH,     /* a child does not inherit its parent's patch_state */
	SUT_SMALL_FAULT_NO_SYNCHRONIZE, /* synchronize() returns at once */
	SUT_SMALL_FAULTS
};

struct sut_small_patch {
	uint8_t functions; /* bits: 1 << enum sut_small_function, not h */
	bool replace;
	uint8_t replace_set;
	bool split;
	uint8_t plain;                    /* bits: objects with plain callbacks */
	uint8_t sets[SUT_SMALL_OBJECTS];  /* bits: 1 << (id - 1) */
	uint8_t types[SUT_SMALL_OBJECTS]; /* the same */
	uint8_t version;                  /* of klp_state 1; 0: the patch does not have it */
	bool block_disable;
};

struct sut_small_world {
	const char *name;
	bool large;         /* not for every day */
	uint8_t tasks;      /* at the beginning */
	uint8_t task_slots; /* at any time */
	uint8_t depth;
	uint8_t patches;
	uint16_t calls; /* bits: 1 << enum sut_small_call */
	uint16_t events;
	enum sut_small_fault fault;
	struct sut_small_patch patch[SUT_SMALL_PATCHES];
};

/* --- a state ---------------------------------------------------------------------------------- */

enum sut_small_life { SUT_SMALL_GONE, SUT_SMALL_ASLEEP, SUT_SMALL_RUNNING };

/* Which version of which function. Owner 0 is the original, n the (n-1)-th patch. */
struct sut_small_code {
	uint8_t function : 2;
	uint8_t owner : 2;
	uint8_t last : 1;   /* a frame that waits for a call which is its last instruction */
	uint8_t jumper : 3; /* of h in a strict world: 1 + owner of the f that jumped here, or 0 */
};

/* A task's part of a state: plain bytes without padding. */
struct sut_small_record {
	uint8_t life;
	uint8_t depth;
	int8_t patch_state;
	bool pending;
	bool excused; /* was inside old code when a transition was forced, and still has frames */
	uint8_t entering; /* 1 + enum sut_small_call: in the entry handler */
	uint16_t
		chosen; /* where on the stage the klp_func is that the handler chose; 0: original */
	struct sut_small_code frame[SUT_SMALL_DEPTH]; /* the innermost last */
	uint8_t unused;
};

struct sut_small_state {
	uint32_t image[SUT_SMALL_PARTS];
	struct sut_small_record task[SUT_SMALL_TASKS];
	uint32_t property; /* broken by the step that led here, or SUT_SMALL_FINE */
};

/* --- the stage -------------------------------------------------------------------------------- */

enum { SUT_SMALL_NOPS_SIZE = 4 * sizeof(struct klp_object) + 6 * sizeof(struct klp_func) };

/* A livepatch module, and the core's memory for its patch. One part of the state. */
struct sut_small_module {
	struct klp_patch patch;
	struct module mod;
	struct klp_object objs[SUT_SMALL_OBJECTS + 1];
	struct klp_func funcs[SUT_SMALL_OBJECTS][3];
	struct klp_callback_set sets[SUT_SMALL_OBJECTS][SUT_SMALL_IDS + 1];
	struct klp_shadow_type *types[SUT_SMALL_OBJECTS][SUT_SMALL_IDS + 1];
	struct klp_state states[2];
	struct sut_core_patch listed;
	unsigned char nops[SUT_SMALL_NOPS_SIZE] __attribute__((aligned(16)));
};

/* What the host knows by itself, and what the specification says about it: the core's judge. */
struct sut_small_book {
	uint8_t order[SUT_SMALL_PATCHES]; /* patches in use, oldest first */
	uint8_t count;
	uint8_t transition; /* 1 + patch, or 0 */
	uint8_t target;
	bool loaded;    /* the late object */
	bool untold;    /* ... and the core does not know yet, or any more (faults) */
	uint8_t hooked; /* bits: functions */
	uint8_t pinned; /* bits: patches whose module stays for ever */
	uint8_t listed; /* bits: patches whose `listed` is allocated */
	uint16_t nops_size[SUT_SMALL_PATCHES]; /* 0: not allocated */
	uint8_t parts; /* bits: patches whose part for the late object is there */
	uint8_t relocated[SUT_SMALL_OBJECTS]; /* bits: patches */
	/* enum klp_callback_state of each key */
	uint8_t plain[SUT_SMALL_PATCHES][SUT_SMALL_OBJECTS];
	uint8_t sets[SUT_SMALL_OBJECTS][SUT_SMALL_IDS];
	uint8_t variables; /* bits: ids of which shadow variables exist */
};

struct sut_small_task {
	struct sut_task core; /* first, so that the core's pointer leads here */
	struct sut_small_record record;
};

/* Every content that a part ever had, each once. */
struct sut_small_images {
	size_t size; /* bytes of one */
	unsigned char *data;
	uint32_t count, capacity;
	uint32_t *table; /* 1 + number, or 0 */
	uint32_t table_size;
};

enum sut_small_property {
	SUT_SMALL_FINE,
	SUT_SMALL_MIX,
	SUT_SMALL_VERSION,
	SUT_SMALL_SWITCHED,
	SUT_SMALL_LEFT_BEHIND,
	SUT_SMALL_BLAME,
	SUT_SMALL_OLD_CODE,
	SUT_SMALL_FREED_CODE,
	SUT_SMALL_FREED_MEMORY,
	SUT_SMALL_LEAK,
	SUT_SMALL_CALLBACKS,
	SUT_SMALL_SHADOW,
	SUT_SMALL_HOOK,
	SUT_SMALL_TRACE,
	SUT_SMALL_RESULT,
	SUT_SMALL_LIST,
	SUT_SMALL_PROPERTIES
};

/* What is known about the step that is taken, and nothing else. */
struct sut_small_now {
	enum sut_small_property property;
	struct sut_small_state before;
	uint8_t module; /* the patch that is being enabled */
	uint8_t users;  /* bits: ids of shadow types that had users before */
	uint8_t collected[SUT_SMALL_IDS];
	uint8_t unloaded;   /* bits: patches whose module went */
	unsigned int fails; /* the how many-th operation that may fail does; 0: none */
	unsigned int fallible;
	bool forced;
	bool progress; /* of tasks, while the controller waited for them */
	int rc;
	char failed[48]; /* what did */
};

struct sut_small_stage {
	/* The first part. */
	struct {
		struct sut_core core; /* first, so that the core's pointer leads here */
		struct sut_small_book book;
	} hub;
	struct sut_small_module module[SUT_SMALL_PATCHES]; /* a part each */
	struct sut_small_task task[SUT_SMALL_TASKS];
	/* By owner and function; nothing is in it but addresses. */
	unsigned char code[1 + SUT_SMALL_PATCHES][SUT_SMALL_FUNCTIONS][SUT_SMALL_CODE_SIZE];
	struct klp_shadow_type type[SUT_SMALL_PATCHES][SUT_SMALL_IDS];
	/* No part of a state. */
	const struct sut_small_world *world;
	struct sut_small_images images[SUT_SMALL_PARTS];
	struct sut_small_now now;
};

/* Freed by its caller. Exploring goes on one stage only, its address is in the images. */
struct sut_small_stage *sut_small_stage_new(const struct sut_small_world *world);
/* To the beginning. */
void sut_small_stage_reset(struct sut_small_stage *stage);
void sut_small_stage_free(struct sut_small_stage *stage);
void sut_small_stage_load(struct sut_small_stage *stage, const struct sut_small_state *state);
/* What no later step reads is cleared on the stage first. */
void sut_small_stage_save(struct sut_small_stage *stage, struct sut_small_state *state);
/* The module as it is when it has just been loaded. */
void sut_small_module_init(struct sut_small_stage *stage, unsigned int patch);
void sut_small_module_unload(struct sut_small_stage *stage, unsigned int patch);

uint32_t sut_small_image(struct sut_small_images *images, const void *content);

extern const struct sut_core_host sut_small_host;
extern const struct sut_core_task_host sut_small_task_host;

static inline struct sut_small_stage *sut_small_stage_of(const struct sut_core *core)
{
	return (struct sut_small_stage *)core;
}

/* The first property that a step breaks is the one that counts. */
static inline void sut_small_break(struct sut_small_stage *stage, enum sut_small_property property)
{
	if (!stage->now.property)
		stage->now.property = property;
}

static inline enum sut_small_object sut_small_object_of(enum sut_small_function function)
{
	return function == SUT_SMALL_K ? SUT_SMALL_LATE : SUT_SMALL_MAIN;
}

/* "f" */
const char *sut_small_function_name(enum sut_small_function function);
void *sut_small_address(const struct sut_small_stage *stage, unsigned int owner,
			enum sut_small_function function);
struct sut_small_code sut_small_code_at(const struct sut_small_stage *stage, const void *address);
unsigned int sut_small_patch_of(const struct sut_small_stage *stage, const struct klp_patch *patch);

/* --- views: the specification ----------------------------------------------------------------- */

bool sut_small_is_listed(const struct sut_small_stage *stage, unsigned int patch);
bool sut_small_is_replaced(const struct sut_small_stage *stage, unsigned int patch);
bool sut_small_has_object(const struct sut_small_patch *patch, enum sut_small_object object);
bool sut_small_is_there(const struct sut_small_stage *stage, enum sut_small_object object);
/* Whose version a task of this patch_state runs when it calls the function. */
unsigned int sut_small_owner(const struct sut_small_stage *stage, enum sut_small_function function,
			     int patch_state);
/* Is the code of the version that the transition leads from, to? Code may be of neither. */
bool sut_small_is_source(const struct sut_small_stage *stage, struct sut_small_code code);
bool sut_small_is_goal(const struct sut_small_stage *stage, struct sut_small_code code);
/* The code that the task is in, and what it is about to enter; returns their number. */
unsigned int sut_small_codes(const struct sut_small_stage *stage,
			     const struct sut_small_record *record,
			     struct sut_small_code codes[SUT_SMALL_DEPTH + 1]);
/* Is some of that of the version that the transition leaves? */
bool sut_small_is_inside(const struct sut_small_stage *stage,
			 const struct sut_small_record *record);
/* bits: ids of shadow types that somebody uses */
uint8_t sut_small_type_users(const struct sut_small_stage *stage);

/* --- steps ------------------------------------------------------------------------------------ */

enum sut_small_kind {
	SUT_SMALL_CALL,
	SUT_SMALL_ENTER, /* out of the entry handler */
	SUT_SMALL_RETURN,
	SUT_SMALL_SLEEP,
	SUT_SMALL_WAKE,
	SUT_SMALL_SAFE_POINT,
	SUT_SMALL_EXIT,
	SUT_SMALL_FORK,
	SUT_SMALL_THREAD,
	SUT_SMALL_ARRIVE, /* a task that no other one made */
	SUT_SMALL_ENABLE,
	SUT_SMALL_DISABLE,
	SUT_SMALL_REVERSE,
	SUT_SMALL_FORCE,
	SUT_SMALL_TICK,
	SUT_SMALL_LOAD,
	SUT_SMALL_UNLOAD
};

/* kind, who (a task, a patch), and which (a call; the how many-th fallible operation fails) */
static inline uint32_t sut_small_step(enum sut_small_kind kind, unsigned int who,
				      unsigned int which)
{
	return (uint32_t)kind | who << 8 | which << 16;
}
static inline enum sut_small_kind sut_small_step_kind(uint32_t step)
{
	return step & 0xff;
}
static inline unsigned int sut_small_step_who(uint32_t step)
{
	return step >> 8 & 0xff;
}
static inline unsigned int sut_small_step_which(uint32_t step)
{
	return step >> 16;
}

enum sut_small_function sut_small_callee(enum sut_small_call call);
size_t sut_small_steps(const struct sut_small_stage *stage, uint32_t steps[SUT_EXPLORE_STEPS_MAX]);
void sut_small_take(struct sut_small_stage *stage, uint32_t step);
/* Completes the call that the task is in the handler of. */
void sut_small_enter(struct sut_small_stage *stage, struct sut_small_task *task);

/* After a step of the controller: follows what the transition did, and judges it. */
void sut_small_check_transition(struct sut_small_stage *stage, enum sut_small_kind kind);
/* After any step, before and after the stage is saved. */
void sut_small_check_state(struct sut_small_stage *stage);
void sut_small_check_trace(const struct sut_small_stage *stage, struct sut_small_state *after);
const char *sut_small_property_text(enum sut_small_property property);

/* Steps from `before`, taken once more for what they do. */
void sut_small_describe(struct sut_small_stage *stage, const struct sut_small_state *before,
			uint32_t step, char text[SUT_EXPLORE_TEXT_MAX]);

/* The explorer's model; its world is a pointer to a pointer to the stage. */
extern const struct sut_explore_model sut_small_model;

/* --- cases ------------------------------------------------------------------------------------ */

enum sut_small_case_kind {
	SUT_SMALL_CASE_RULES, /* all properties hold */
	SUT_SMALL_CASE_FAULT, /* the host breaks a rule: harm must be found */
	SUT_SMALL_CASE_LIMIT, /* more than the kernel's rule guarantees: harm must be found */
	SUT_SMALL_CASE_LONG,  /* as RULES, larger */
};

struct sut_small_case {
	enum sut_small_case_kind kind;
	char name[64]; /* "world", "fault in world" */
	struct sut_small_world world;
	enum sut_small_property expected;
};

/* The index-th case; false: there are no more. */
bool sut_small_case(size_t index, struct sut_small_case *found);
/* Did it come out as it must? */
bool sut_small_is_expected(const struct sut_small_case *c, const struct sut_explore_result *result);
const char *sut_small_case_kind_name(enum sut_small_case_kind kind);

#endif
