// SPDX-License-Identifier: GPL-2.0-or-later
/* The library that every process of the swarm maps, and the function in it that is patched. */
long work(long x);

__attribute__((noinline)) long work(long x)
{
	return x + 1;
}
