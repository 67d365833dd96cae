// SPDX-License-Identifier: GPL-2.0-or-later
static int calls = 3;

static int limit(void)
{
	return 10;
}

int check(int value)
{
	return value > limit();
}

int total(void)
{
	return calls;
}
