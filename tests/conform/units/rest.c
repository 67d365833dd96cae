// SPDX-License-Identifier: GPL-2.0-or-later
/* What the other units refer to, and a program around them. */
#include <stdlib.h>

int elsewhere = 5;
const char *const names_elsewhere[] = {"here", "there", "nowhere", "home"};
__thread int far_thread = 2;
int choose(int x);
int walk(int x);
void choose_operation(int x);
int checked_alias(int x);
int computed_goto(const unsigned char *code);
double polynomial(double x);
int next_ticket(void);
int ask(int x);
int sum(int count, ...);
int wide(int x);

int main(int argc, char **argv)
{
	int x = argc > 1 ? atoi(argv[1]) : 1;

	choose_operation(x);
	return choose(x) + walk(x) + checked_alias(x) +
	       computed_goto((const unsigned char *)"\1\2") + (int)polynomial(x) + next_ticket() +
	       ask(x) + sum(2, x, x) + wide(x);
}
