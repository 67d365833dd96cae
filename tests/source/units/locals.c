/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: static variables of functions, and constants
 * fix: s/count += step/count += step + 1/
 * changed: next
 * has: static int count = 5;
 * has: ^static const int step = 3;
 * lacks: int other
 */
#include <string.h>

static const int step = 3;
static const char *const words[] = {"none", "one", "two"};
static int other;

const char *next(int reset)
{
	static int count = 5;
	static char text[32];

	if (reset)
		count = 0;
	count += step;
	strcpy(text, words[count % 3]);
	return strcat(text, __func__);
}

int again(void)
{
	static int count;

	return ++count + other++;
}

int main(int argc, char **argv)
{
	return next(argc)[0] + again() + !argv;
}
