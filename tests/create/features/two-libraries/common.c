// SPDX-License-Identifier: GPL-2.0-or-later
#define PASTE(x, y) x##y
#define NAMED(x, y) PASTE(x, y)

static int calls;

__attribute__((noinline)) static int twice(int value)
{
	return 2 * value + 0 * ++calls;
}

int NAMED(run_, NAME)(int value)
{
	return twice(value) + 1;
}
