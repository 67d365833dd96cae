// SPDX-License-Identifier: GPL-2.0-or-later
/* Inlined in the program; of the same name as a function that is not, in other.c. */
static int helper(int value)
{
	return value * 2;
}

int sum(int a, int b)
{
	return helper(a) + helper(b) + 9;
}

int product(int a, int b)
{
	return a * b;
}

int larger(int a, int b)
{
	return a > b;
}

int both(int a, int b)
{
	return a * 10 + b * 5;
}
