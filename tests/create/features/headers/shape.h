/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>

#define SCALE 3

struct shape {
	int width;
	int height;
};

static inline int area(struct shape shape)
{
	assert(shape.width >= 0);
	return shape.width * shape.height * SCALE;
}

int first(int value);
int second(int value);
int third(int value);
