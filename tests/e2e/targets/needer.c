// SPDX-License-Identifier: GPL-2.0-or-later
/* Needs the plugin, so that this one comes along with it, and calls it from its constructor. */
int answer(int n);
int at_start(int n);

static int started;

int at_start(int n)
{
	return started + n;
}

__attribute__((constructor)) static void start(void)
{
	started = 100 + answer(2);
}
