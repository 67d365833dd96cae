// SPDX-License-Identifier: GPL-2.0-or-later
int lookup(int index);

int api(int index)
{
	return lookup(index) * 10;
}
