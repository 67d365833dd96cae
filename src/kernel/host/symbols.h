/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often names occur in /proc/kallsyms, which has a hundred thousand lines. */
#ifndef SUT_KERNEL_HOST_SYMBOLS_H
#define SUT_KERNEL_HOST_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct sut_host_symbol {
	const char *object; /* "vmlinux", or a module */
	const char *name;
	uint64_t sympos; /* as the patch wants it; 0: it must be the only one */
	uint64_t count;  /* result: how many there are */
};

/* Sorts the list and counts. text is a copy that is cut into pieces. */
void sut_host_symbols_count(char *text, struct sut_host_symbol *list, size_t count);

#endif
