/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: chains of types, function pointers, structures that are declared first
 * fix: s/n->key, data/n->key + 1, data/
 * changed: list_walk
 * golden: typedefs.expected
 * lacks: field
 */
#include "typedefs.h"

/* How often anything was visited. */
static unsigned long visited;
static int limit = 10;

__attribute__((noipa)) static int check(const list *of, visitor visit)
{
	return of->first && visit && visited < (unsigned long)limit;
}

int list_walk(list *of, void *data)
{
	int sum = 0;

	if (!check(of, *of->visit))
		return -1;
	/* Each node has its turn. */
	for (node *n = of->first; n; n = n->next, visited++)
		sum += (*of->visit)(n, n->key, data);
	return sum;
}

int list_free(struct unseen *unseen)
{
	free(unseen);
	return visited != 0;
}

static int twice(node *at, key k, void *data)
{
	return at->next == data ? (int)k * 2 : 0;
}

int main(int argc, char **argv)
{
	visitor all[] = {twice};
	node one = {.key = argc};
	list of = {.first = &one, .visit = all};

	limit += argv[0][0];
	return list_walk(&of, NULL) + list_free(NULL);
}
