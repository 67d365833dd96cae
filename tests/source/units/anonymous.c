/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: structures and unions without a name
 * fix: s/stats.hits++/stats.hits += 2/
 * changed: look
 * agreement: same source
 * has: ^SUTURE_PRIVATE extern struct {
 * lacks: unused_part
 * lacks: = {7
 */
#include <stddef.h>

typedef struct {
	int kind;
	union {
		long number;
		const char *text;
		struct {
			short low, high;
		};
	};
} value;

typedef struct {
	long unused_part;
} other;

static struct {
	int hits, misses;
	struct {
		value last;
	} inner;
} stats = {7, 8, {{0}}};

long look(const value *v)
{
	if (v->kind == 2)
		return v->low + v->high;
	stats.hits++;
	stats.inner.last = *v;
	return v->kind ? v->number : offsetof(value, text);
}

int main(int argc, char **argv)
{
	value v = {.kind = argc, .text = argv[0]};
	other o = {argc};

	stats.misses += argc;
	return look(&v) + o.unused_part + stats.hits;
}
