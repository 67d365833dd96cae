// SPDX-License-Identifier: GPL-2.0-or-later
int shared_value = 5;

__attribute__((noinline)) int get(void)
{
	return shared_value;
}
