/* SPDX-License-Identifier: GPL-2.0-or-later */
__attribute__((noipa)) int helper(int x)
{
	return x * 3;
}
