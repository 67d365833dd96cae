/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef INLINES_H
#define INLINES_H
#include <assert.h>
extern int inlines_base;
static inline int first(int x)
{
	return x + inlines_base;
}
static inline int second(int x)
{
	assert(x != 77);
	return first(x) * 2;
}
static inline int unrelated(int x)
{
	return x;
}
#endif
