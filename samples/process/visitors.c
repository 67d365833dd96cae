// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that greets whoever it reads the name of, without end. visitors.patch lets it count
 * them; what is more than that comes from samples/kernel/shared-additions.c.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VISITORS = 16 };

static char names[VISITORS][32];

static char *find(const char *name)
{
	int i;

	for (i = 0; i < VISITORS - 1 && *names[i]; i++)
		if (!strcmp(names[i], name))
			break;
	return strncpy(names[i], name, sizeof(names[i]) - 1);
}

__attribute__((noinline)) static void greet(const char *visitor)
{
	printf("Welcome, %s.\n", visitor);
	fflush(stdout);
}

int main(void)
{
	char name[32];
	ssize_t size;

	puts("Who is there?");
	fflush(stdout);
	/* Callbacks of patches run where the program waits by itself, not inside the C library. */
	while ((size = read(STDIN_FILENO, name, sizeof(name) - 1)) > 0) {
		name[size] = '\0';
		name[strcspn(name, "\n")] = '\0';
		greet(find(name));
	}
	return 0;
}
