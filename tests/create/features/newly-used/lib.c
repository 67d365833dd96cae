// SPDX-License-Identifier: GPL-2.0-or-later
int unused_value = 5;

int used(void)
{
	return 1;
}

int unused(int value)
{
	return value + 1;
}
