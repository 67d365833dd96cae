/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: a function that the compiler has only as a clone is replaced by its callers
 * fix: s/table\[x & 7\] \* 3/table[x \& 7] * 5/
 * changed: down up
 * has: ^__attribute__((noinline)) static int scale(
 * has: split or cloned as: scale\.
 */
int table[8];

__attribute__((noinline)) static int scale(int x, int unused, const int *base)
{
	(void)unused;
	return table[x & 7] * 3 + *base;
}

int up(int x)
{
	int base = x + 1;

	return scale(x, 1, &base) + 1;
}

int down(int x)
{
	int base = x - 1;

	return scale(x, 2, &base) - 1;
}

int main(int argc, char **argv)
{
	return up(argc) + down(!argv);
}
