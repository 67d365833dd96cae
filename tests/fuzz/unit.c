// SPDX-License-Identifier: GPL-2.0-or-later
/* A little of everything that readers of compiled files look at. */
int other(int x);

struct node {
	struct node *next;
	union {
		int number;
		const char *name;
	};
	unsigned int flag : 3;
	enum color { RED, GREEN = 7 } color;
	int (*call)(int);
};

static struct node first = {&first, {3}, 1, GREEN, other};
static const char *const words[] = {"one", "two", "three"};
__thread int mine;
double factor = 1.5;

__attribute__((noinline)) static int hidden(struct node *node)
{
	static int calls;
	struct {
		int a;
	} local = {node->number};

	return calls += local.a;
}

int choose(int x)
{
	switch (x) {
	case 0:
		return other(3);
	case 1:
		return hidden(&first);
	case 2:
		return words[x][0];
	case 3:
		return mine++;
	case 4:
		return factor * 2.5 + x;
	case 5:
		return first.call(x);
	}
	return 0;
}
