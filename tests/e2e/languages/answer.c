// SPDX-License-Identifier: GPL-2.0-or-later
/* The C part of a program in another language. */
__attribute__((noinline)) int answer(int question)
{
	return question * 100000 + 1;
}
