/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: attributes that name functions, packing, old parameter lists
 * fix: s/size = 1/size = 2/
 * changed: use
 * has: ^#pragma pack(push, 1)$
 * has: release
 * has: ^SUTURE_PRIVATE .* int old();$
 */
#include <stdlib.h>

#pragma pack(push, 1)
struct wire {
	char kind;
	int length;
};
#pragma pack(pop)

struct __attribute__((packed, aligned(8))) cell {
	char tag;
	long value;
};

int releases;

__attribute__((noipa)) static void release(void *pointer)
{
	releases++;
	free(*(void **)pointer);
}

__attribute__((noinline, noclone, noipa)) static int old(a, b)
short a;
char *b;
{
	return a + b[0];
}

extern int fails(const char *text) __attribute__((noreturn, cold));
int fails(const char *text)
{
	exit(text[0]);
}

int use(struct wire *w, int n)
{
	__attribute__((cleanup(release))) struct cell *cells = calloc(n, sizeof(*cells));
	int size = 1;

	if (!cells)
		fails("no memory");
	cells[n - 1].value = w->length;
	return old(n, (char *)w) + cells[0].value + size;
}

int main(int argc, char **argv)
{
	struct wire w = {argc, !argv};

	return use(&w, argc);
}
