# SPDX-License-Identifier: GPL-2.0-or-later
# A program with a library, and patches of it, for the tests of reviewing. Sourced in $work.

mkdir tree author
cat >tree/shelf.h <<'END'
struct book {
	int number;
	int lent;
};

extern struct book shelf[8];
int lend(int number, const char *who);
int give_back(int number);
int count_lent(void);
int checked(int number);
END
cat >tree/shelf.c <<'END'
#include "shelf.h"

#include <stdio.h>

struct book shelf[8];
static int loans;

__attribute__((noinline)) static void note(const char *what, int number)
{
	printf("%s %d\n", what, number);
	loans++;
}

__attribute__((noinline)) static void note_error(const char *what, int number)
{
	fprintf(stderr, "%s %d\n", what, number);
}

int lend(int number, const char *who)
{
	struct book *book = &shelf[number % 8];

	if (book->lent) {
		note_error("already lent:", number);
		return -1;
	}
	book->lent = 1;
	note(who, number);
	return 0;
}

int give_back(int number)
{
	struct book *book = &shelf[number % 8];

	if (!book->lent)
		return -1;
	book->lent = 0;
	note("back:", number);
	return 0;
}

int count_lent(void)
{
	int count = 0;

	for (int i = 0; i < 8; i++)
		count += shelf[i].lent;
	return count + loans;
}
END
cat >tree/main.c <<'END'
#include "shelf.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	int number = argc > 1 ? atoi(argv[1]) : 0;

	lend(number, "reader");
	printf("%d\n", count_lent() + checked(number));
	return give_back(number);
}
END
cat >tree/check.c <<'END'
#include "shelf.h"

int checked(int number)
{
	return number >= 0 && number < 8;
}
END
cat >tree/Makefile <<'END'
CFLAGS = -O2 -g -fPIC
prog: shelf.o main.o libcheck.so.1
	$(CC) -Wl,--build-id -Wl,-rpath,'$$ORIGIN' -o $@ $^
libcheck.so.1: check.o
	$(CC) -shared -Wl,--build-id -Wl,-soname,libcheck.so.1 -o $@ $^
END

# fix SED-SCRIPT FILE...: the patch that makes those changes to the tree, on standard output.
fix() {
	script=$1
	shift
	rm -rf changed
	cp -r tree changed
	(cd changed && sed -i "$script" "$@")
	for file; do
		diff -up --label "a/$file" --label "b/$file" "tree/$file" "changed/$file"
	done
}

cat >author/notes.c <<'END'
#include <suture/livepatch.h>

extern int loans;

static int ready(struct klp_object *object)
{
	return object->patched ? -1 : 0;
}

struct klp_object suture_objects[] = {
	{ .callbacks = { .pre_patch = ready } },
	{ }
};

struct klp_state suture_states[] = {
	{ .id = 1, .version = 2 },
	{ }
};
END
fix '/struct book \*book = /{
	N
	s/\n/\n	if (!in_range(number)) {\n		note_error("no such book:", number);\n		return -1;\n	}\n/
}
/^int lend/i __attribute__((noinline)) static int in_range(int number)\n{\n	return number >= 0 \&\& number < 8;\n}\n' \
	shelf.c >range.patch
fix 's/number < 8/number < 7/' check.c >check.patch
cat range.patch check.patch >both.patch
{
	echo "From: somebody"
	echo
	cat both.patch
} >mailed.patch
(cd tree && "$suture" record make -s) >recorded 2>&1 || {
	sed 's/^/# /' recorded
	exit 1
}
