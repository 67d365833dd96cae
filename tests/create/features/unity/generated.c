// SPDX-License-Identifier: GPL-2.0-or-later
int generated(int value);

int generated(int value)
{
	return value + 1;
}
