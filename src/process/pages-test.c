// SPDX-License-Identifier: GPL-2.0-or-later
/* Pages that are kept, of a target that is this very process. */
#include "process/target.h"
#include "base/tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGES = 2 * SUT_PAGES_MAX };

/* Of this process, and memory in it whose every word says where it lies; what lies behind it cannot
 * be read. */
struct sample {
	struct sut_target target;
	uint64_t *words;
	uint64_t at;
};

static void start(struct sample *s)
{
	struct sut_diag diag = {0};
	size_t size = PAGES * SUT_PAGE_SIZE;

	CHECK_EQUAL(sut_target_open(getpid(), false, &s->target, &diag), SUT_OK);
	s->words = mmap(NULL, size + SUT_PAGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->words == MAP_FAILED || munmap((char *)s->words + size, SUT_PAGE_SIZE) < 0)
		abort();
	s->at = (uint64_t)(uintptr_t)s->words;
	for (size_t i = 0; i < size / 8; i++)
		s->words[i] = i;
}

static void end(struct sample *s)
{
	munmap(s->words, PAGES * SUT_PAGE_SIZE);
	sut_target_close(&s->target);
}

static uint64_t word(const struct sample *s, size_t i)
{
	uint64_t value = 0;

	CHECK(sut_target_read_kept(&s->target, s->at + 8 * i, &value, sizeof(value)));
	return value;
}

static void test_kept(void)
{
	struct sut_diag diag = {0};
	struct sample s;

	start(&s);
	CHECK_EQUAL(word(&s, 5), 5);
	s.words[5] = s.words[6] = 100;
	CHECK_EQUAL(word(&s, 5), 5);
	CHECK_EQUAL(word(&s, 6), 6);
	CHECK_EQUAL(sut_target_remap(&s.target, &diag), SUT_OK);
	CHECK_EQUAL(word(&s, 5), 100);
	s.words[5] = 200;
	CHECK(sut_target_write(&s.target, s.at + 8, "", 1));
	CHECK_EQUAL(word(&s, 5), 200);
	end(&s);
}

static void test_not_kept(void)
{
	uint64_t value = 0;
	struct sample s;

	start(&s);
	CHECK_EQUAL(word(&s, 5), 5);
	s.words[5] = 100;
	CHECK(sut_target_read(&s.target, s.at + 5 * 8, &value, sizeof(value)));
	CHECK_EQUAL(value, 100);
	end(&s);
}

static void test_borders(void)
{
	enum { LAST = SUT_PAGE_SIZE / 8 - 1 };
	uint64_t words[3] = {0}, much[SUT_PAGE_SIZE / 8 + 1] = {0};
	struct sample s;

	start(&s);
	CHECK(sut_target_read_kept(&s.target, s.at + 8 * LAST, words, sizeof(words)));
	CHECK(words[0] == LAST && words[1] == LAST + 1 && words[2] == LAST + 2);
	CHECK(sut_target_read_kept(&s.target, s.at + 8, much, sizeof(much)));
	CHECK(much[0] == 1 && much[SUT_PAGE_SIZE / 8] == SUT_PAGE_SIZE / 8 + 1);
	CHECK(sut_target_read_kept(&s.target, s.at + 3, much, 0));
	end(&s);
}

/* Also amid what can be read, and when there was room for it before. */
static void test_unreadable(void)
{
	struct sample s;
	uint64_t words[2];

	start(&s);
	for (int i = 0; i < 2; i++) {
		uint64_t behind = s.at + PAGES * SUT_PAGE_SIZE;

		CHECK(!sut_target_read_kept(&s.target, behind, words, 8));
		CHECK(!sut_target_read_kept(&s.target, behind - 8, words, 16));
		CHECK(sut_target_read_kept(&s.target, behind - 8, words, 8));
		CHECK(!sut_target_read_kept(&s.target, UINT64_MAX, words, 1));
		CHECK(!sut_target_read_kept(&s.target, UINT64_MAX - 7, words, 16));
		CHECK(!sut_target_read_kept(&s.target, INT64_MAX, words, 8));
	}
	end(&s);
}

static void test_many(void)
{
	enum { WORDS = SUT_PAGE_SIZE / 8 };
	struct sample s;

	start(&s);
	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < PAGES; i++)
			CHECK_EQUAL(word(&s, WORDS * i + i), WORDS * i + i);
	/* The newest are kept. */
	for (size_t i = 0; i < PAGES; i++)
		s.words[WORDS * i] = 7;
	CHECK_EQUAL(word(&s, WORDS * (PAGES - 1)), WORDS * (PAGES - 1));
	CHECK_EQUAL(word(&s, 0), 7);
	end(&s);
}

static const struct sut_tap_test tests[] = {
	{"what was read is kept until the maps are read again, or something is written", test_kept},
	{"other reads are not of what is kept", test_not_kept},
	{"reads cross the borders of pages, and may be larger than one", test_borders},
	{"what cannot be read is not, wherever it lies", test_unreadable},
	{"of more pages than are kept each is read right", test_many},
};

SUT_TAP_MAIN(tests)
