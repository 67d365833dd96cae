/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of a stopped thread, by the call frame information of the files that the target maps,
 * or by the code of a C library that has none. Not by frame pointers and without a guess: what
 * cannot be followed is said to be so.
 */
#ifndef SUT_PROCESS_UNWIND_H
#define SUT_PROCESS_UNWIND_H

#include "process/enter.h"
#include "process/target.h"
#include "process/thread.h"

#include <elfutils/libdw.h>

enum { SUT_FRAMES_MAX = 256 };

/* An object of the target with its file. */
struct sut_unwind_object {
	uint64_t low; /* in memory */
	uint64_t high;
	uint64_t bias;
	uint64_t entry; /* in memory: where the file says that the program starts */
	bool executable;
	bool by_code;     /* set by the caller: the part of it without tables is musl's */
	const char *name; /* the last part of its path */
	int fd;
	Elf *elf;       /* NULL: the file cannot be read, or has another build-id */
	Dwarf_CFI *cfi; /* NULL: and so, or it has no call frame information */
};

struct sut_unwind {
	const struct sut_target *target;
	struct sut_arena arena;
	size_t count;
	struct sut_unwind_object *objects;
};

struct sut_frame {
	uint64_t pc; /* of a caller: within its call */
	const struct sut_unwind_object *object;
	bool by_code; /* no table describes it */
};

/* Does call frame information describe the code at this address? */
bool sut_unwind_has_table(const struct sut_unwind_object *object, uint64_t pc);

/* Is it in the code that the program starts with? */
bool sut_unwind_at_entry(const struct sut_frame *frame);

/* Innermost first. */
struct sut_frames {
	size_t count;
	struct sut_frame frame[SUT_FRAMES_MAX];
};

enum sut_unwind_end {
	SUT_UNWIND_OUTERMOST, /* complete: the last frame has no caller */
	SUT_UNWIND_SIGNAL,    /* the last one returns from a signal handler */
	SUT_UNWIND_UNKNOWN,   /* nothing is known about the code of the last one */
	SUT_UNWIND_BROKEN,    /* its caller cannot be found */
	SUT_UNWIND_FOREIGN,   /* no frame: the thread is not on a thread's own stack */
	SUT_UNWIND_DEEP,      /* there are more than SUT_FRAMES_MAX */
};

/*
 * Opens the files of all objects that the target's maps show; to be done before a thread is
 * stopped. A file that cannot be read is no error here, for it may not be needed.
 */
void sut_unwind_open(const struct sut_target *target, struct sut_unwind *unwind);
void sut_unwind_close(struct sut_unwind *unwind);

/*
 * The same for a thread that sleeps, of which only program counter and stack pointer are known: it
 * may end early, where a table names another register. Whether the thread slept all the time is the
 * caller's to ask.
 */
enum sut_unwind_end sut_unwind_asleep(const struct sut_unwind *unwind,
				      const struct sut_thread_layout *layout, pid_t tid,
				      uint64_t pc, uint64_t sp, struct sut_frames *frames);

enum sut_unwind_end sut_unwind(const struct sut_unwind *unwind,
			       const struct sut_thread_layout *layout,
			       const struct sut_stopped *stopped, struct sut_frames *frames);

#endif
