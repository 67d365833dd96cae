// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#define EIGHT(s) s "1", s "2", s "3", s "4", s "5", s "6", s "7", s "8"

static volatile unsigned int which = 2;

__attribute__((noinline)) static void show(const char **words)
{
	for (unsigned int i = 0; words[i]; i += 7)
		printf("%s ", words[i]);
	printf("%s\n", words[which]);
}

/* gcc copies the image of so large an array from .data, where it has no name. */
__attribute__((noinline)) void help(void)
{
	const char *words[] = {EIGHT("a"), EIGHT("b"), EIGHT("c"), EIGHT("d"),
			       EIGHT("e"), EIGHT("f"), EIGHT("g"), NULL};

	words[which + 5] = "changed";
	show(words);
}

__attribute__((noinline)) void other(void)
{
	const char *words[] = {EIGHT("A"), EIGHT("B"), EIGHT("C"), EIGHT("D"),
			       EIGHT("E"), EIGHT("F"), EIGHT("G"), NULL};

	show(words);
}

void step(void)
{
	help();
	other();
}
