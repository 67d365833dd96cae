/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What objects of a kernel have that a program's do not, as far as a comparison has to know it:
 * sections that describe code, statics that macros make for each use, line numbers in code.
 */
#ifndef SUT_OBJECT_KERNEL_H
#define SUT_OBJECT_KERNEL_H

#include "object/object.h"

/* To whom the entries of a special section belong. */
enum sut_special_policy {
	SUT_SPECIAL_CODE,     /* to the function that they are about: they go where it goes */
	SUT_SPECIAL_MESSAGE,  /* to a message in a function: lists of them, for people */
	SUT_SPECIAL_EXPORT,   /* to a symbol that modules may use: the original stays exported */
	SUT_SPECIAL_START_UP, /* to the start of the kernel or module, which is over */
};

/* What its entries say. */
enum sut_special_content {
	SUT_SPECIAL_UNREAD,     /* they depend on the machine, or on other entries */
	SUT_SPECIAL_LINES,      /* references, and line numbers */
	SUT_SPECIAL_REFERENCES, /* all is part of the function's meaning */
};

struct sut_special {
	const char *name; /* what the section's name begins with */
	enum sut_special_policy policy;
	enum sut_special_content content;
};

/* The special section that the name says, or NULL for code and data like a program's. */
const struct sut_special *sut_kernel_special(const char *section);

/*
 * A static variable that a macro makes for each use, so that none is the twin of another: it says
 * that something was warned about, holds a lock's class or the place of a message.
 */
const char *sut_kernel_static(const char *name);

/* Two functions or entries of one size. */
struct sut_kernel_pair {
	const struct sut_object *before, *after;
	const struct sut_section *old, *new;
	uint64_t old_offset, new_offset, size;
};

/*
 * How long an entry of the section is: after so many bytes its relocations repeat. 0: they do not.
 * Versions of the kernel differ in it.
 */
uint64_t sut_kernel_entry_size(const struct sut_section *section);

/*
 * The bytes differ at most in line numbers: constants that are loaded for a call of a function
 * which is known to take one.
 */
bool sut_kernel_same_but_lines(const struct sut_kernel_pair *pair);

struct sut_diff;

/* The references in both places mean the same. */
typedef bool sut_kernel_same_fn(void *context, const struct sut_kernel_pair *pair);

/* Marks functions as changed that special sections say something else about. */
void sut_kernel_compare_entries(struct sut_arena *arena, struct sut_diff *diff,
				sut_kernel_same_fn *same, void *context);

#endif
