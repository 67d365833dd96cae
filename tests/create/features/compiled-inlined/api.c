// SPDX-License-Identifier: GPL-2.0-or-later
int sum(int a, int b);

int api(int value)
{
	return sum(value, value);
}
