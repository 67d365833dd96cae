/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What functions of small.c return: one in registers, one in memory. */
#ifndef SMALL_H
#define SMALL_H

struct small {
	int a, b;
};

struct large {
	long values[12];
};

#endif
