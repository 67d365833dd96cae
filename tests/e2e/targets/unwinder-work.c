// SPDX-License-Identifier: GPL-2.0-or-later
int work(void (*callee)(void *), void *data);

int work(void (*callee)(void *), void *data)
{
	int result = 1;

	callee(data);
	return result;
}
