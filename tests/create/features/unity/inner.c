// SPDX-License-Identifier: GPL-2.0-or-later
__attribute__((noinline)) static int inner(int value)
{
	return value + 2;
}
