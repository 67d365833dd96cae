// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings, jump tables, tables of constants and of pointers, variables of every kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int shared;
int weak_one __attribute__((weak)) = 3;
const int exported[] = {3, 5, 7, 11};
extern int elsewhere;
extern const char *const names_elsewhere[];

static int counter = 7;
static char room[64];
static const short squares[] = {0, 1, 4, 9, 16, 25, 36, 49};
static const char *const words[] = {"zero", "one", "two", "three"};
static const char *mutable_words[] = {"null", "eins", "zwei"};

static int add(int x)
{
	return x + counter;
}

static int multiply(int x)
{
	return x * counter;
}

static int (*const operations[])(int) = {add, multiply, abs};
static int (*chosen)(int) = add;

struct node {
	struct node *next;
	const char *name;
	int value;
};

static struct node first, second = {&first, "second", 2};
static struct node first = {&second, "first", 1};

__attribute__((noinline)) static int hidden(int x)
{
	static int calls;

	calls += x;
	return calls ^ shared;
}

int choose(int x)
{
	switch (x) {
	case 0:
		return puts("nothing");
	case 1:
		return hidden(3) + puts(words[x]);
	case 2:
		shared++;
		return 77;
	case 3:
		return puts("three");
	case 4:
		return hidden(9) + squares[x];
	case 5:
		return operations[x % 3](x);
	case 6:
		return chosen(4) + elsewhere;
	default:
		return printf("%s: %d of %zu\n", __func__, x, sizeof(room));
	}
}

int walk(int x)
{
	static int calls;

	for (struct node *node = &second; node && x--; node = node->next)
		calls += node->value + (int)strlen(node->name);
	return calls;
}

void choose_operation(int x)
{
	chosen = operations[x % 3];
	mutable_words[x % 3] = words[x % 4];
	snprintf(room, sizeof(room), "%s %s", mutable_words[1], names_elsewhere[x]);
}

__attribute__((cold, noinline)) static void complain(const char *what)
{
	fprintf(stderr, "bad: %s\n", what);
	abort();
}

int checked(int x)
{
	if (__builtin_expect(x < 0, 0))
		complain("negative");
	if (__builtin_expect(x > 1000, 0)) {
		fprintf(stderr, "large: %d\n", x);
		complain("large");
	}
	return exported[x % 4] + weak_one;
}

int checked_alias(int x) __attribute__((alias("checked")));
int checked_weak(int x) __attribute__((weak, alias("checked")));

__attribute__((constructor)) static void begin(void)
{
	counter++;
}

int computed_goto(const unsigned char *code)
{
	static const void *const labels[] = {&&end, &&up, &&down};
	int value = 0;

next:
	goto *labels[*code++ % 3];
up:
	value++;
	goto next;
down:
	value--;
	goto next;
end:
	return value;
}
