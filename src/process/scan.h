/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole of a process's memory, searched for words that lead into certain places. What is found
 * held at one instant only when the process is stopped (halt.h).
 *
 * All private memory is read, and what is shared and writable, for stacks and pointers may lie
 * there, too; of files that are mapped only pages that were changed since. Pages that were never
 * touched are told by the kernel's page map and not read.
 */
#ifndef SUT_PROCESS_SCAN_H
#define SUT_PROCESS_SCAN_H

#include "process/thread.h"

struct sut_span {
	uint64_t start;
	uint64_t end;
};

struct sut_scan_hit {
	uint64_t address; /* where the word lies */
	uint64_t word;
	const struct sut_rt_range *range; /* that it leads into */
};

struct sut_scan {
	struct sut_target *target;
	/* Wanted: words in these, sorted and disjoint, that are of these kinds. */
	const struct sut_rt_range *ranges;
	size_t range_count;
	uint32_t kinds;
	/*
	 * Words at any byte, not only aligned ones: for pointers in packed structures. Return
	 * addresses and saved contexts are aligned.
	 */
	bool anywhere;
	/* For frames: those cannot lie in files that are mapped without write access. */
	bool frames;
	uint64_t guard;    /* glibc's: pointers that it has mangled with it are found, too */
	uint64_t until_ns; /* when to give up, by sut_now_ns(); 0: never */
	/* Not read: */
	size_t skip_count, skip_capacity;
	struct sut_span *skip;
	/* Results: */
	uint64_t bytes; /* read */
	struct sut_scan_hit hit;
	/* Of the search: */
	bool shared; /* the mapping is: a device's memory cannot be read, and holds no pointers */
	unsigned char *buffer;
};

enum sut_scan_end {
	SUT_SCAN_CLEAN,
	SUT_SCAN_FOUND, /* hit is the first one */
	SUT_SCAN_LATE,
	SUT_SCAN_UNREADABLE,
};

/* The address where glibc keeps its guard is known by the thread layout. false: unreadable. */
bool sut_scan_init(struct sut_scan *scan, struct sut_target *target,
		   const struct sut_thread_layout *layout, struct sut_arena *arena);

/* Leaves out [start, end); before sut_scan_memory(). */
void sut_scan_skip(struct sut_scan *scan, struct sut_arena *arena, uint64_t start, uint64_t end);

/* The range that a word, or a program counter, leads into; NULL: none. */
const struct sut_rt_range *sut_scan_range(const struct sut_scan *scan, uint64_t word);

/* Reads the maps anew, then all memory, up to the first hit. */
enum sut_scan_end sut_scan_memory(struct sut_scan *scan);

#endif
