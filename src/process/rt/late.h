/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Objects that come after the patch, as they lie in a target's memory (a part of layout.h).
 *
 * Nobody knows where such an object will be mapped, so the controller plans for a place where
 * nothing can ever be: the object at `planned`, beyond user space, and all memory for it in an
 * arena that lies before it. When the object comes the run-time maps an arena near it, copies
 * into it what was planned, and moves the words that say where something is (struct sut_rt_part):
 * those that name the object by the way that it went, those that name the arena by the arena's, and
 * the 32-bit distances from the arena to the object by the difference.
 *
 *   state    event                            becomes
 *   ABSENT   mapped, nothing of it has run    HERE, or LEFT when that failed or cannot be
 *   ABSENT   there when a patch comes         FIRST
 *   HERE     no longer in the link maps       ABSENT; its memory is unmapped
 *   FIRST    likewise                         ABSENT
 *   LEFT     likewise                         ABSENT
 *
 * A patch that finds an instance (FIRST) takes it as it takes any object, and has another plan for
 * the next one. Each function has a record for the instance that is there and one for the next
 * (struct sut_rt_func.late). Records and parts lie in zones and stay; only what is in the arena
 * goes with the object.
 */
#ifndef SUT_PROCESS_RT_LATE_H
#define SUT_PROCESS_RT_LATE_H

#include <stddef.h>
#include <stdint.h>

enum {
	SUT_RT_BUILD_ID_MAX = 64,
	SUT_RT_NAMESPACES = 16, /* glibc's DL_NNS */
	SUT_RT_ARENA_SIZE = 32 << 20,
};

/* Where objects are planned: the n-th of a target from PLACE + n * STRIDE on, its arena first. */
#define SUT_RT_LATE_PLACE  (UINT64_C(1) << 48)
#define SUT_RT_LATE_STRIDE (UINT64_C(1) << 34)
#define SUT_RT_LATE_OBJECT (UINT64_C(1) << 30)

enum sut_rt_late_state {
	SUT_RT_LATE_ABSENT,
	SUT_RT_LATE_HERE,
	SUT_RT_LATE_LEFT,  /* it is there, and as it was: see `reason` */
	SUT_RT_LATE_FIRST, /* it was there before anybody waited for it */
};

enum sut_rt_late_reason {
	SUT_RT_LATE_BEFORE = 1, /* it was mapped before the patch knew of it */
	SUT_RT_LATE_AGAIN,      /* it was when the patch came, which has nothing for another one */
	SUT_RT_LATE_ROOM,       /* no memory near it could be had: `error` */
	SUT_RT_LATE_TEXT,       /* its text is not what it should be, or cannot be changed */
	SUT_RT_LATE_MODEL,      /* the core refused: `error` */
	SUT_RT_LATE_MOVING,     /* a transition ran that had not reckoned with it */
	/* A pre_patch failed: `error`. ABSENT: its load was refused, LEFT: that could not be. */
	SUT_RT_LATE_REFUSED,
	SUT_RT_LATE_NAMESPACE, /* it has libraries of its own, and callbacks know the program's */
};

struct sut_rt_late {
	uint64_t next;
	uint64_t name; /* string: soname or file name; that of its struct klp_object */
	uint32_t state;
	uint32_t reason;
	int64_t error;
	uint64_t planned; /* load bias */
	uint64_t arena_planned;
	uint64_t bias; /* unless ABSENT: the real one, and of the link map */
	uint64_t dynamic;
	uint64_t low; /* of its segments */
	uint64_t high;
	uint64_t arena;  /* mapped, or 0 */
	uint64_t parts;  /* struct sut_rt_part */
	uint64_t torn;   /* mark_new of the transition whose words were in an instance that went */
	uint64_t came;   /* how often it was patched */
	uint64_t more;   /* further instances of it in other namespaces: left as they are */
	uint64_t others; /* objects of its name with another build-id in the link maps */
	uint32_t build_id_size;
	uint32_t other_id_size;
	unsigned char build_id[SUT_RT_BUILD_ID_MAX];
	unsigned char other_id[SUT_RT_BUILD_ID_MAX]; /* of one of the others */
};

/* A word of a part that says where something is; offset is in its memory. */
enum sut_rt_fix_kind {
	SUT_RT_FIX_OBJECT,   /* 64 bits: an address in the object */
	SUT_RT_FIX_ARENA,    /* 64 bits: an address in the arena */
	SUT_RT_FIX_DISTANCE, /* 32 bits: from a place in the arena to one in the object */
};

struct sut_rt_fix {
	uint32_t offset;
	uint32_t kind;
};

/* In a transition: a function's entry, what it is, and where it leads; planned addresses. */
struct sut_rt_passage {
	uint64_t entry;
	uint64_t original; /* the aligned word */
	uint64_t thunk;
	uint64_t from; /* code, or 0: the original */
	uint64_t to;
};

/* Ranges that a transition has besides its own, while the object is there. Sorted, disjoint. */
struct sut_rt_range_set {
	uint64_t next;
	uint64_t version; /* odd while it is written, for an instance that has come */
	uint64_t low;
	uint64_t high;
	uint64_t count;
	uint64_t ranges; /* struct sut_rt_range */
};

/* What one plan has for one object: memory of the arena, text then data. */
struct sut_rt_part {
	uint64_t next;
	uint64_t late;       /* struct sut_rt_late */
	uint64_t patch;      /* whose code is in it: struct sut_rt_patch, or 0 */
	uint64_t transition; /* whose thunks are in it, */
	uint64_t mark;       /* and its mark_new: addresses are used again */
	uint64_t offset;     /* in the arena */
	uint64_t text_size;
	uint64_t data_size;
	uint64_t core_size; /* thunks and heads, from the start of text */
	uint64_t image;     /* what to copy; zeros follow */
	uint64_t image_size;
	uint64_t fixes; /* struct sut_rt_fix */
	uint64_t fix_count;
	uint64_t dir;      /* planned address of the byte that its thunks test */
	uint64_t passages; /* struct sut_rt_passage */
	uint64_t passage_count;
	uint64_t ranges; /* as planned: range_count of them, and as many more for set.ranges */
	uint64_t range_count;
	struct sut_rt_range_set set;
	uint64_t here; /* 1: the present instance has it */
};

/* r_debug.r_state. */
enum sut_rt_change { SUT_RT_CHANGE_NONE, SUT_RT_CHANGE_ADD, SUT_RT_CHANGE_DELETE };

/* The dynamic loader's side: it calls a function, r_debug.r_brk, before and after each change. */
struct sut_rt_loader {
	uint64_t debug;  /* address of struct r_debug, or 0: it is not known */
	uint64_t hook;   /* the aligned word at r_brk, */
	uint64_t before; /* as it was, */
	uint64_t after;  /* and with a jump to the run-time */
	/*
	 * The loader's function that fails what it is doing, or 0: (int errno, const char *object,
	 * const char *occasion, const char *text). It does not return.
	 */
	uint64_t fail;
	uint64_t late; /* struct sut_rt_late, or 0 */
	uint32_t hooked;
	uint32_t missed;                   /* changes that came while an operation did not end */
	uint32_t owner;                    /* thread that has control->stage */
	uint32_t tail_count;               /* of `tails`; 0: not known, and nothing counts as new */
	uint64_t changes;                  /* calls of the hook */
	uint64_t tails[SUT_RT_NAMESPACES]; /* last struct link_map of each namespace, or 0, when
					      the list was right last */
	uint64_t at_work; /* enum sut_rt_change that has begun, whose end the hook has not seen */
	uint64_t asked;   /* a patch that will wait is on its way: WATCH, and no operation since */
	uint64_t refusal; /* struct klp_object whose pre_patch failed in the present change, or 0 */
	int64_t refusal_error;
};

#endif
