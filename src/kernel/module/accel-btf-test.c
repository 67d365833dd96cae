// SPDX-License-Identifier: GPL-2.0-or-later
/* The reader of BTF, on a small BTF made here and on every damaged form of it. */
#include "base/tap.h"
#include "accel-btf.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

/* int; struct pair { int a; int b; }; struct flags { int low : 3; int high : 29; int c; } */
static const char strings[] = "\0int\0pair\0a\0b\0flags\0low\0high\0c";
enum { INT = 1, PAIR = 5, A = 10, B = 12, FLAGS = 14, LOW = 20, HIGH = 24, C = 29 };

/* As the kernel's headers take them apart. */
#define INFO(kind, n)  ((__u32)(kind) << 24 | (n))
#define FIELD(w, bits) ((__u32)(w) << 24 | (bits))

struct small {
	struct btf_header head;
	struct btf_type integer;
	__u32 encoding;
	struct btf_type pair;
	struct btf_member pair_members[2];
	struct btf_type flags;
	struct btf_member flags_members[3];
	char strings[sizeof(strings)];
} __attribute__((packed));

static struct small make(void)
{
	struct small s = {
		.head = {.magic = BTF_MAGIC,
			 .version = BTF_VERSION,
			 .hdr_len = sizeof(s.head),
			 .str_len = sizeof(strings)},
		.integer = {.name_off = INT, .info = INFO(BTF_KIND_INT, 0), {4}},
		.encoding = 32,
		.pair = {.name_off = PAIR, .info = INFO(BTF_KIND_STRUCT, 2), {8}},
		.pair_members = {{A, 1, 0}, {B, 1, 32}},
		.flags = {.name_off = FLAGS, .info = 1U << 31 | INFO(BTF_KIND_STRUCT, 3), {8}},
		.flags_members = {{LOW, 1, FIELD(3, 0)}, {HIGH, 1, FIELD(29, 3)}, {C, 1, 32}},
	};

	s.head.str_off = s.head.type_len = offsetof(struct small, strings) - sizeof(s.head);
	memcpy(s.strings, strings, sizeof(strings));
	return s;
}

/* A copy of SIZE bytes and no more, so that reading behind it is seen by a sanitizer. */
static long look(const struct small *s, size_t size, const char *type, const char *member)
{
	void *copy = malloc(size ? size : 1);
	long at;

	memcpy(copy, s, size);
	at = accel_btf_look(copy, size, type, member);
	free(copy);
	return at;
}

static void tells_sizes_and_offsets(void)
{
	const struct small s = make();

	CHECK_EQUAL(look(&s, sizeof(s), "pair", NULL), 8);
	CHECK_EQUAL(look(&s, sizeof(s), "pair", "a"), 0);
	CHECK_EQUAL(look(&s, sizeof(s), "pair", "b"), 4);
	CHECK_EQUAL(look(&s, sizeof(s), "flags", "c"), 4);
}

static void tells_what_it_cannot_tell(void)
{
	const struct small s = make();

	CHECK_EQUAL(look(&s, sizeof(s), "flags", "high"), -EINVAL);
	CHECK_EQUAL(look(&s, sizeof(s), "pair", "c"), -ENOENT);
	CHECK_EQUAL(look(&s, sizeof(s), "int", NULL), -ENOENT);
	CHECK_EQUAL(look(&s, sizeof(s), "pai", NULL), -ENOENT);
}

static void refuses_what_is_cut_off(void)
{
	const struct small s = make();

	for (size_t n = 0; n < sizeof(s); n++)
		CHECK_EQUAL(look(&s, n, "flags", "c"), -EINVAL);
}

/* With values that make lengths and offsets too large; a sanitizer sees what is read then. */
static void stays_inside_whatever_byte_is_wrong(void)
{
	static const unsigned char wild[] = {0, 0x7f, 0x80, 0xff};

	for (size_t n = 0; n < sizeof(struct small); n++) {
		for (size_t i = 0; i < sizeof(wild); i++) {
			struct small s = make();
			long at;

			((unsigned char *)&s)[n] = wild[i];
			at = look(&s, sizeof(s), "flags", "c");
			CHECK(at >= 0 || at == -EINVAL || at == -ENOENT);
		}
	}
}

static const struct sut_tap_test tests[] = {
	{"tells sizes and offsets", tells_sizes_and_offsets},
	{"tells what it cannot tell", tells_what_it_cannot_tell},
	{"refuses what is cut off", refuses_what_is_cut_off},
	{"stays inside whatever byte is wrong", stays_inside_whatever_byte_is_wrong},
};

SUT_TAP_MAIN(tests)
