// SPDX-License-Identifier: GPL-2.0-or-later
int shared;
int shared_calls(void);

int shared_calls(void)
{
	return shared;
}
