/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: _Generic, typeof, _Static_assert, atomics
 * fix: s/+ 1u/+ 2u/
 * changed: measure
 * has: _Generic
 */
#include <stdatomic.h>
#include <stddef.h>

struct box {
	double width;
	atomic_int users;
};
struct bag {
	struct box *box;
};

#define AREA(x)                                                                                    \
	_Generic((x), struct box * : box_area, const struct bag * : bag_area, default : no_area)(x)

__attribute__((noipa)) static unsigned int box_area(struct box *box)
{
	return box->width;
}
__attribute__((noipa)) static unsigned int bag_area(const struct bag *bag)
{
	return bag->box ? box_area(bag->box) : 0;
}
unsigned int no_area(int x);
unsigned int no_area(int x)
{
	return x;
}

_Static_assert(offsetof(struct box, users) == sizeof(double), "no hole");

unsigned int measure(struct box *box, const struct bag *bag)
{
	__typeof__(box->users) *users = &box->users;

	atomic_fetch_add(users, 1);
	return AREA(box) + AREA(bag) + AREA(3) + _Alignof(struct box) + 1u;
}

int main(int argc, char **argv)
{
	struct box box = {.width = argc};
	struct bag bag = {argv ? &box : NULL};

	return measure(&box, &bag);
}
