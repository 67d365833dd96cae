/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lies in a target's memory: the one header of both sides, the run-time inside the target
 * and the controller outside. It is the truth about a target; nothing about it is kept elsewhere.
 *
 *   run-time   one per process: code (r-x), then struct sut_rt_control and its frames (rw-)
 *   zone       one or more per patched object, within reach of a rel32: code (r-x), data (rw-)
 *                code: |thunks and heads -> ........ <- images of patches|
 *                data: patch records, transitions, data of images
 *   pun page   where the jump lands that a function's own bytes spell (see process/site.h)
 *
 * The run-time is found by its magic at the start of an anonymous r-x mapping. Addresses are
 * uint64_t, never pointers, for most of this is read from outside; only what belongs to the core
 * (core/core.h), which works in there, has pointers. A version that does not know the
 * number in `version` leaves the target alone.
 *
 * Who writes what: while a transition runs, threads of the target write their own struct
 * sut_rt_thread and sut_rt_transition.closing; operations (enum sut_rt_op) that the controller
 * sends into a thread write everything that decides which code runs. The controller itself writes
 * only memory that nothing refers to yet, certificates, and `dir` (a single byte, once).
 */
#ifndef SUT_PROCESS_RT_LAYOUT_H
#define SUT_PROCESS_RT_LAYOUT_H

#include "core/core.h"
#include "core/shadow.h"
#include "process/rt/ranges.h"
#include "process/rt/late.h"
#include "process/rt/unwind.h"
#include "process/rt/words.h"

#include <stddef.h>
#include <stdint.h>

#define SUT_RT_MAGIC   UINT64_C(0x3154527275747553) /* "SutuRRT1", whatever the version */
#define SUT_RT_VERSION 6

enum {
	SUT_RT_NAME_SIZE = 64,
	SUT_RT_FRAME_COUNT = 4,
	SUT_RT_FRAME_SIZE = 32 * 1024, /* room for a signal frame with every extended state */
	SUT_RT_TEXT_SIZE = 64 * 1024,
	SUT_RT_CONTROL_SIZE = 8192,
	SUT_RT_DATA_SIZE = SUT_RT_CONTROL_SIZE + SUT_RT_FRAME_COUNT * SUT_RT_FRAME_SIZE,
	SUT_RT_PAGES_MAX = 256,
};

/* The functions of livepatch.h, in the order of sut_rt_header.calls. */
enum sut_rt_service {
	SUT_RT_SHADOW_GET,
	SUT_RT_SHADOW_ALLOC,
	SUT_RT_SHADOW_GET_OR_ALLOC,
	SUT_RT_SHADOW_FREE,
	SUT_RT_SHADOW_FREE_ALL,
	SUT_RT_GET_STATE,
	SUT_RT_GET_PREV_STATE,
	SUT_RT_CALL_COUNT,
};

/* First bytes of the run-time's code; the offsets are from here. */
struct sut_rt_header {
	uint64_t magic;
	uint32_t version;
	uint32_t size;                     /* of the code, this header included */
	uint64_t control;                  /* address, written when the run-time is placed */
	uint64_t enter;                    /* offset: where a thread is sent with a frame in rdi */
	uint64_t decide;                   /* offset: what thunks call */
	uint64_t calls[SUT_RT_CALL_COUNT]; /* offsets: what code of patches may call */
	uint64_t hooks[SUT_RT_HOOKS];      /* offsets: what the C library's functions lead to */
	uint64_t index;                    /* offset: call frame information of this code */
	uint64_t loader;                   /* offset: what the dynamic loader's r_brk is sent to */
};

/* What an operation is doing; not IDLE in a child that was forked meanwhile. */
enum sut_rt_stage {
	SUT_RT_IDLE,
	SUT_RT_WORKING,   /* lists and callbacks: only the thread that does it can go on */
	SUT_RT_PREPARING, /* entries become thunks; may be repeated */
	SUT_RT_LOADING,   /* no operation: a thread that loads an object patches it */
};

/* Why an enable or a disable was refused, for the message. */
enum sut_rt_failure {
	SUT_RT_FAILED_RULE = 1, /* by the core's checks */
	SUT_RT_FAILED_CALLBACK, /* pre_patch returned an error */
	SUT_RT_FAILED_TEXT,     /* an entry could not be changed */
};

/* The process-wide block. */
struct sut_rt_control {
	uint64_t magic; /* last to be written when the run-time is placed */
	uint32_t version;
	uint32_t mark_next; /* marks are used once in the life of a process; even */
	uint64_t text;
	uint64_t patches;      /* newest struct sut_rt_patch, or 0: all that ever were enabled,
				  unless they are in `dropped` */
	uint64_t zones;        /* newest struct sut_rt_zone, or 0 */
	uint64_t transition;   /* the one that runs, or 0 */
	uint64_t planned;      /* the one that the present operation is to begin, or 0 */
	uint64_t closing_next; /* what the next transition's `closing` begins with; even */
	uint64_t generation;   /* of the patches in use: one more with each change */
	uint32_t stage;        /* enum sut_rt_stage */
	uint32_t forced;       /* some transition was: older code than the last version's may run */
	uint32_t failure;      /* enum sut_rt_failure of the last operation that was refused */
	uint32_t may_close;    /* the present operation is to end the transition */
	uint64_t failed_object; /* FAILED_CALLBACK: struct klp_object */
	uint64_t failed_id;     /* ... id of the set, or 0 */
	uint64_t expect;        /* CLOSE: the closing word that the looks began with */
	int64_t close_result;   /* ... as sut_rt_frame.result */
	uint64_t slack; /* the first stub's place in a text segment's slack until it is cleared, or
			   0 */
	uint64_t slack_size;
	uint64_t slack_tid; /* the thread that ran it */
	/*
	 * Pun pages that a controller was about to map, noted first: where no patch came of it,
	 * the next one may use them. Those beyond this number are lost with their controller.
	 */
	uint64_t page_count;
	uint64_t pages[SUT_RT_PAGES_MAX];
	uint64_t call_stack; /* high end of the stack that callbacks run on, or 0 */
	uint64_t call_stack_size;
	/* The model. Patches are on its list by the klp_patch within struct sut_rt_patch. */
	struct sut_core core;
	struct sut_core_host host;
	struct sut_core_switch switching;
	struct sut_shadow_store shadow;
	struct sut_shadow_host shadow_host;
	uint32_t shadow_lock;
	/*
	 * mark_new of the last transition that was closed by proof: everybody has been seen outside
	 * all thunks and decisions since it was armed. What older ones had in zones of their own
	 * nobody can reach any more.
	 */
	uint32_t proved;
	struct sut_rt_hook hooks[SUT_RT_HOOKS];
	struct sut_rt_table own; /* of the run-time itself */
	char own_name[16];
	uint64_t dropped; /* patches that a collection has taken off the list, or 0 */
	uint64_t slots;   /* of the last transition, which the next one uses, too */
	uint64_t slot_count;
	struct sut_rt_loader loader;
};

/*
 * The words of one thread. With glibc they lie in the thread control block at fs:SUT_RT_THREAD
 * (tcbhead_t's __glibc_unused2, used by no instruction of the C library); elsewhere see words.h.
 * Stacks are recycled, and these words with them: nothing here is zero in a new thread. What is not
 * of the running transition is known by its mark, and answers by their number.
 */
enum { SUT_RT_THREAD = 0x80 };

/* A call that was sent to the version which is left, in a function that ends in tail jumps. */
struct sut_rt_record {
	uint64_t sp;           /* at its entry */
	uint64_t return_check; /* complement of its return address */
	uint64_t func;         /* index into the transition's functions */
};

enum { SUT_RT_RECORDS = 4 };

struct sut_rt_thread {
	uint32_t mark;        /* the transition's mark_new, mark_old, or anything else: undecided */
	uint32_t transition;  /* mark_new of the transition that hit_address belongs to, */
	uint32_t dir;         /* and its direction, likewise everything from `known` to `records` */
	uint32_t known;       /* 1: no old call began before the first decision of this thread and
				 still goes on by a tail jump */
	uint64_t busy;        /* stack pointer of the decision that runs, or 0 */
	uint64_t hit_address; /* outermost word that a scan found, or 0 ... */
	uint64_t hit_value;   /* ... and its complement: no code address is stored in clear */
	uint64_t answer;      /* the transition's `closing` with the last source answer of this
				 thread, whenever that was: no two answers of a process are equal */
	uint64_t certificate; /* written by the controller: `answer` when this thread was seen
				 clean */
	uint64_t certificate_check; /* ~certificate ^ (mark_new + dir); anything else: no
				       certificate */
	uint64_t overflow;          /* stack pointer of the outermost call that no record had room
				       for, or 0 */
	uint64_t record_count;
	struct sut_rt_record records[SUT_RT_RECORDS]; /* the outermost first */
};

/* Of a table of words. */
struct sut_rt_slot {
	uint64_t key; /* 0: free */
	uint64_t unused;
	struct sut_rt_thread words;
};

/* An aligned word of text to change from one value to another, by one store. */
struct sut_rt_word {
	uint64_t address;
	uint64_t expect;
	uint64_t value;
};

/*
 * What a thunk tells the decision of its function: the index into the transition's functions, and
 * for each direction whether the version that is left ends in a tail jump to another function of
 * the transition (source), or is jumped to by one (target).
 */
enum {
	SUT_RT_CALLEE_INDEX = 0x0fffffff,
	SUT_RT_CALLEE_SOURCE = 0x10000000, /* with dir 0; shifted left by dir */
	SUT_RT_CALLEE_TARGET = 0x40000000, /* likewise */
};

#define SUT_RT_ANYWHERE UINT32_MAX /* instead of an edge's target: wherever a pointer says */

enum sut_rt_list {
	SUT_RT_LIST_COMMIT,  /* entries to thunks */
	SUT_RT_LIST_FORWARD, /* closing with dir 0: entries to the new code */
	SUT_RT_LIST_BACK,    /* closing with dir 1: entries as they were before the transition */
	SUT_RT_LIST_FORCED,  /* as FORWARD, with threads inside the original's first bytes */
	SUT_RT_LIST_COUNT,
};

/*
 * Where text may not be made writable (see process/swap.c): a whole page with the words of one list
 * in it, which takes the place of the one that is there. copy 0: it has.
 */
struct sut_rt_swap {
	uint64_t page;
	uint64_t copy;
};

enum {
	SUT_RT_SWAPS_UNDO = SUT_RT_LIST_COUNT, /* of COMMIT, page by page */
	SUT_RT_SWAPS_COUNT,
};

/*
 * A passage of all threads from one version of some functions (old) to another (new). Enabling a
 * patch makes one to its code, disabling one to what lies below it; either end may be the original.
 *
 *   armed  closing & 1   dir
 *     0        0          0     entries may be thunks; thunks answer old, nobody is marked
 *     1        0          0     threads go over to the new version, each by itself
 *     1        0          1     reversed: threads go back; at most once
 *     1        1         0|1    closed: everybody is at the target version, for good
 */
struct sut_rt_transition {
	uint64_t patch;    /* struct sut_rt_patch */
	uint32_t mark_new; /* even */
	uint32_t mark_old; /* mark_new + 1 */
	uint32_t armed;
	uint32_t dir;
	uint64_t closing; /* + 2 for each source answer after arming, + 1 when closed; begins behind
			     the last transition's */
	uint64_t foreign; /* answers on a stack that is not the thread's own */
	uint64_t ranges;
	uint64_t range_count;
	uint64_t low; /* encloses all ranges */
	uint64_t high;
	uint64_t stack_offset; /* from the TCB: see enum sut_rt_bounds; 0: not known */
	uint64_t main_tcb;
	uint64_t main_low; /* the main thread's stack, which its TCB does not lie above */
	uint64_t main_high;
	uint64_t dir_copies; /* addresses of the bytes that thunks test, one per object */
	uint64_t dir_copy_count;
	uint64_t list[SUT_RT_LIST_COUNT]; /* struct sut_rt_word */
	uint64_t list_count[SUT_RT_LIST_COUNT];
	uint64_t started_ns; /* CLOCK_REALTIME when it was armed */
	uint64_t enables;    /* 1: the patch is being enabled, 0: disabled */
	uint64_t calls;      /* 1: its operations may run code of patches */
	uint64_t names;      /* addresses of the functions' names */
	uint64_t name_count;
	uint64_t memory; /* for the core, while it enables; kept until the process ends */
	uint64_t memory_size;
	/* Tail jumps of the version that is left with dir 0, with dir 1: source << 32 | target,
	   indices of functions, ascending; target SUT_RT_ANYWHERE: to any of them. */
	uint64_t edges[2];
	uint64_t edge_count[2];
	uint64_t swaps[SUT_RT_SWAPS_COUNT]; /* struct sut_rt_swap; by enum sut_rt_list, and UNDO */
	uint64_t swap_count[SUT_RT_SWAPS_COUNT];
	uint64_t swap_table; /* the memory that all of them lie in; unmapped with the last */
	uint64_t swap_table_size;
	uint32_t home;   /* enum sut_rt_home */
	uint32_t bounds; /* enum sut_rt_bounds */
	uint64_t slots;  /* struct sut_rt_slot, unless home is the TCB */
	uint64_t slot_count;
	uint64_t unplaced; /* answers to threads that the table has no room for */
	/*
	 * 1: the program switches stacks. On one that is not the thread's own everybody stays at
	 * the version that is left until all is closed, whatever his mark says; so thunks ask
	 * always.
	 */
	uint64_t per_stack;
	uint64_t late;  /* newest struct sut_rt_range_set of objects that came meanwhile, or 0 */
	uint64_t parts; /* struct sut_rt_part, until it begins */
	/*
	 * Where a coroutine's first function returns to, or 0. This word above the stack pointer
	 * says that a coroutine's stack lies in a frame of the thread's own: whether we are on that
	 * stack, with frames of the thread below it, nobody can tell, so nobody goes over.
	 */
	uint64_t bottom;
};

/*
 * What became of a patch, as the core has it; noted at the end of each operation.
 *
 *   state      in the core
 *   LOADED     not on the list, and never was
 *   APPLYING   its enable is in transition (dir 1: on the way back)
 *   APPLIED    enabled
 *   REVERTING  its disable is in transition (dir 1: on the way back)
 *   REVERTED   left the list by its own transition; its memory is kept, for pointers into it
 *   REPLACED   left the list because another patch replaced it; likewise
 */
enum sut_rt_state {
	SUT_RT_LOADED = 1,
	SUT_RT_APPLYING,
	SUT_RT_APPLIED,
	SUT_RT_REVERTING,
	SUT_RT_REVERTED,
	SUT_RT_REPLACED,
};

enum sut_rt_func_flags {
	SUT_RT_FUNC_PUN = 1,     /* taken by bytes of one instruction, through a pun page */
	SUT_RT_FUNC_DIRECT = 2,  /* at rest the entry is one direct jump to the new code */
	SUT_RT_FUNC_PLANNED = 4, /* of an instance that may come; see `late` */
	SUT_RT_FUNC_GONE = 8,    /* its object is not there */
	/* Five bytes over whatever was there, for nobody could be inside: no longer at rest. */
	SUT_RT_FUNC_PLAIN = 16,
};

/* A tail jump of one version of a function. */
struct sut_rt_jump {
	uint64_t target; /* address of an entry, or one of these */
	uint64_t kind;   /* SUT_RT_RANGE_OLD: of the original, NEW: of the new code */
};

enum {
	SUT_RT_JUMP_ANYWHERE,  /* wherever a pointer says */
	SUT_RT_JUMP_ELSEWHERE, /* to another object */
};

struct sut_rt_func {
	uint64_t entry;
	uint64_t size;     /* of the entry piece */
	uint64_t original; /* the aligned word that holds the entry's first byte, as found */
	uint64_t head;     /* the moved first instructions and the jump back */
	uint64_t code;     /* the new version */
	uint64_t code_size;
	uint64_t slot;     /* PUN: the word that the pun page jumps through */
	uint64_t land;     /* PUN: where the jump in the entry leads */
	uint64_t pun;      /* PUN: its bytes in the aligned word, zeros around it */
	uint64_t pun_mask; /* PUN: ff where those are */
	uint32_t flags;
	uint32_t object; /* index into the patch's objects */
	uint64_t name;   /* string, not shared with any other function: klp_func.old_name, too */
	uint64_t pieces; /* struct sut_rt_range: old and new pieces of this function */
	uint64_t piece_count;
	uint64_t jumps; /* struct sut_rt_jump */
	uint64_t jump_count;
	/*
	 * struct sut_rt_late of its object, or 0: nobody notices when that goes. This record is of
	 * the instance that is there, and GONE while there is none. If there is one more, PLANNED,
	 * with planned addresses, each instance that comes is made of it.
	 */
	uint64_t late;
	uint64_t instance; /* PLANNED: index of the other one in its patch */
};

struct sut_rt_patch {
	uint64_t next; /* older patch, or 0 */
	uint32_t state;
	uint32_t func_count;
	char name[SUT_RT_NAME_SIZE];
	char version[SUT_RT_NAME_SIZE];
	unsigned char digest[32]; /* SHA-256 of the patch file */
	uint64_t funcs;
	uint64_t kept_bytes; /* of zones, used by this patch and its transitions */
	uint64_t transition; /* that runs, or 0 */
	uint64_t object_count;
	uint64_t calls; /* 1: it has callbacks or destructors */
	/* CLOCK_BOOTTIME: it is to be taken back then unless somebody confirms it; 0: it is not on
	 * trial. For controllers only. */
	uint64_t trial_ns;
	struct module module;
	struct klp_patch klp;
	uint64_t tables; /* struct sut_rt_table: of its code, by object */
	uint64_t table_count;
	uint64_t memory; /* that the core gets while the patch is enabled */
	uint64_t memory_size;
	uint64_t per_stack; /* 1: the program switched stacks when it came */
};

/* A piece of memory near an object. The record lies at the start of its own data. */
struct sut_rt_zone {
	uint64_t next;
	uint64_t object; /* load bias + first address of the object it was made for */
	uint64_t text;
	uint64_t text_size;
	uint64_t core_used;  /* thunks and heads, from the start of text */
	uint64_t image_used; /* images, from the end of text */
	uint64_t data;
	uint64_t data_size;
	uint64_t data_used;
	uint64_t sequence; /* mark_new of the one transition that it serves; 0: for good */
};

enum sut_rt_op {
	SUT_RT_OP_MAP = 1, /* argument: struct sut_rt_map, count of them */
	/* argument: struct sut_rt_transition; expect: the generation it was planned for */
	SUT_RT_OP_ENABLE,
	SUT_RT_OP_DISABLE,
	SUT_RT_OP_RESUME,  /* of a transition that was forked while entries became thunks */
	SUT_RT_OP_REVERSE, /* once */
	SUT_RT_OP_CLOSE,   /* expect: its closing word */
	SUT_RT_OP_FORCE,
	/*
	 * For a collection; expect: the generation. The patches leave the list, so that no thread
	 * comes to them by it; they come back with KEEP or any other operation; or they go, with
	 * COLLECT. argument: struct sut_rt_garbage, which goes, too.
	 */
	SUT_RT_OP_DROP,
	SUT_RT_OP_KEEP,
	SUT_RT_OP_COLLECT,
	/* expect 1: hooks the loader; argument: struct sut_rt_late, a list of new ones. 0: unhooks
	   it if nobody needs it. */
	SUT_RT_OP_WATCH,
	/* maps: in `address`, ends of the lists of objects, count of them; expect: changes */
	SUT_RT_OP_TAILS,
};

struct sut_rt_map {
	uint64_t address;
	uint64_t size;
	uint64_t prot;
};

/* Memory that nothing leads to. */
struct sut_rt_garbage {
	uint64_t count;
	struct sut_rt_map maps[]; /* this table lies in the last one */
};

/* Results of operations; below 0 a negative errno, with nothing changed. */
enum {
	SUT_RT_DONE = 0,
	SUT_RT_LOST = 1,        /* CLOSE: somebody gave a source answer meanwhile */
	SUT_RT_CHANGED = 2,     /* a text word was not as expected; all words are as before */
	SUT_RT_STALE = 3,       /* planned for another generation, or for another transition */
	SUT_RT_HELD = 4,        /* COLLECT: a signal handler lies in there */
	SUT_RT_LOADING_NOW = 5, /* objects are being mapped or unmapped; nothing was done */
};

enum sut_rt_frame_state {
	SUT_RT_FRAME_FREE,
	SUT_RT_FRAME_READY,   /* filled by the controller; its thread has not begun */
	SUT_RT_FRAME_RUNNING, /* by its thread */
	SUT_RT_FRAME_DONE,    /* result valid; the thread may still be on its way out */
};

enum { SUT_RT_FRAME_MAPS = 32 };

/*
 * One operation sent into a thread. It lies at the low end of SUT_RT_FRAME_SIZE bytes; the thread
 * runs on the rest, and its registers lie in struct sut_rt_save at the high end.
 */
struct sut_rt_frame {
	uint64_t state;
	uint64_t tid;
	uint64_t op;
	uint64_t argument;
	uint64_t count;
	uint64_t expect;
	uint64_t errno_location; /* with calls: address of __errno_location, or 0 */
	uint64_t calls;          /* 1: runs code of patches, hence on control->call_stack */
	int64_t result;
	uint64_t sigmask; /* restored before the thread goes on */
	uint64_t iret;    /* address, on the thread's own stack, of rip cs rflags rsp ss */
	uint64_t save;    /* address of struct sut_rt_save */
	uint64_t control;
	uint64_t finished_ns; /* CLOCK_MONOTONIC, when the result was there */
	struct sut_rt_map maps[SUT_RT_FRAME_MAPS];
};

/* The registers of the thread; the last five are copied to frame->iret. */
struct sut_rt_save {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t rip, cs, rflags, rsp, ss;
	uint64_t pad[4]; /* keeps the stack below it aligned to 16 */
};

#include "process/rt/layout-pins.h"

#endif
