/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The code that patches have brought into a process, for tools that look at it from outside:
 * debuggers, with a core of it, too, and profilers. They read files, and this code is in none.
 */
#ifndef SUT_PROCESS_SYMBOLS_H
#define SUT_PROCESS_SYMBOLS_H

#include "base/arena.h"
#include "base/diag.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sut_code_symbol {
	uint64_t address;
	uint64_t size;
	const char *name;
};

struct sut_code_region {
	uint64_t address;
	uint64_t size;
	const unsigned char *bytes;
};

struct sut_symbols {
	char process[32];
	size_t count, capacity;
	struct sut_code_symbol *list;
	size_t region_count, region_capacity;
	struct sut_code_region *regions; /* code, disjoint */
	/* Call frame information of all of it, as .eh_frame, with addresses that are absolute. */
	size_t frames_size, frames_capacity;
	unsigned char *frames;
};

/* Reads them from a running process, which is not touched. None in it is no failure. */
enum sut_rc sut_symbols_read(struct sut_arena *arena, pid_t pid, struct sut_symbols *symbols,
			     struct sut_diag *diag);

/* Writes an ELF file with them, for gdb's add-symbol-file. */
enum sut_rc sut_symbols_save(struct sut_arena *arena, const struct sut_symbols *symbols,
			     const char *path, struct sut_diag *diag);

/* Writes lines of address, size and name, in hex without 0x: what perf reads. */
enum sut_rc sut_symbols_save_perf(struct sut_arena *arena, const struct sut_symbols *symbols,
				  const char *path, struct sut_diag *diag);

#endif
