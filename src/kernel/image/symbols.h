/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbols of one object (vmlinux or a module) as the running kernel will count them.
 *
 * A livepatch names a private symbol by object, name and sympos: its position among the symbols of
 * that name, in the order of the object's kallsyms. That order is the list's.
 *
 * While a module loads, the kernel searches all of its symbol table; when its init has ended, only
 * what stays in memory. A livepatch's late symbols are looked up at the first time, those of a
 * module that is there at the second. So a symbol has two positions, mostly equal.
 */
#ifndef SUT_KERNEL_IMAGE_SYMBOLS_H
#define SUT_KERNEL_IMAGE_SYMBOLS_H

#include "kernel/image/elf.h"

struct sut_kernel_symbol {
	const char *name;
	/* vmlinux: as linked (no KASLR), .data..percpu from 0; module: offset in its section */
	uint64_t address;
	uint64_t size;    /* module: the symbol's own; vmlinux: up to the next address, so with
			     padding; 0: not known */
	uint32_t section; /* module: index of its section; vmlinux: 0 */
	bool local;       /* other units of its object do not see it */
	char type;        /* as nm(1) and /proc/kallsyms have it; capital: global (vmlinux) or
			     exported to all (module) */
	uint32_t position, namesakes;             /* 1 of 1; 2 of 3 */
	uint32_t early_position, early_namesakes; /* while the module loads; else as above */
};

struct sut_kernel_symbols {
	size_t count;
	struct sut_kernel_symbol *list; /* in the order of kallsyms */
	uint32_t *by_name;              /* indices by name, then order */
	uint32_t *by_address;           /* indices by section, address, then order */
};

/* The symbols of that name: *count indices into list, in order, from the result on. */
const uint32_t *sut_kernel_symbols_find(const struct sut_kernel_symbols *symbols, const char *name,
					size_t *count);

/*
 * What old_sympos and .klp.sym must say for a symbol of the list: 0 when its name is unique, else
 * its position. False: the answer is another while the module loads, so the symbol cannot be named.
 */
bool sut_kernel_sympos(const struct sut_kernel_symbol *symbol, uint32_t *sympos);

/* For those who read symbols from elsewhere: list and count are filled in, in order; gives the
 * symbols their positions and makes the indices. */
void sut_kernel_symbols_index(struct sut_arena *arena, struct sut_kernel_symbols *symbols);

#endif
