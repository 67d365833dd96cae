// SPDX-License-Identifier: GPL-2.0-or-later
__attribute__((noinline)) static int helper(int value)
{
	return value / 3 + (value ^ 5);
}

int other(int value)
{
	return helper(value) + helper(value + 1);
}
