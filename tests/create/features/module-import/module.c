// SPDX-License-Identifier: GPL-2.0-or-later
int half(int value);

static volatile int given = 24;

int size(void)
{
	return given;
}
