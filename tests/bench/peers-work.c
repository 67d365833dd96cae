// SPDX-License-Identifier: GPL-2.0-or-later
/* What is patched in peers-target.c: both functions at once, or a call sees two versions. */
__attribute__((noinline)) int inner(int x)
{
	/* None of them shall find it too short. */
	__asm__ volatile("nop; nop; nop; nop; nop; nop; nop; nop");
	return x + 1;
}

__attribute__((noinline)) int outer(void)
{
	return inner(10);
}
