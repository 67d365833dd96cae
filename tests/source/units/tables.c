/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: tables with designators, and tables of functions
 * fix: s/return -1/return -2/
 * changed: dispatch
 * has: ^SUTURE_PRIVATE extern struct command table\[4\];
 * has: ^extern const char open_ended\[\];
 * lacks: command_add
 */
#include <stddef.h>

extern const char open_ended[];
const char open_ended[] = "end";

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct command {
	const char *name;
	int (*run)(int);
	int flags[3];
};

static int command_add(int x)
{
	return x + 1;
}
static int command_sub(int x)
{
	return x - 1;
}

static struct command table[] = {
	[1] = {.name = "add", .run = command_add, .flags = {[2] = 4}},
	[3] = {"sub", command_sub, {0}},
};

int dispatch(int which, int x)
{
	if (which < 0 || (size_t)which >= COUNT(table) || !table[which].run)
		return -1;
	return open_ended[x & 1] + table[which].run(x) +
	       (struct command){.flags = {[1] = x}}.flags[1];
}

int main(int argc, char **argv)
{
	table[0].run = argv[0][0] ? command_add : command_sub;
	return dispatch(argc, 3);
}
