// SPDX-License-Identifier: GPL-2.0-or-later
/* How an entry is taken. The target is this process, the functions are bytes in a mapping of ours.
 */
#include "process/site.h"
#include "base/guard.h"
#include "base/tap.h"

#include <string.h>
#include <sys/mman.h>

enum { SPACE = 1 << 20, TABLE = 1024 };

static int32_t table_entry; /* at space + TABLE, for the next function */

struct fixture {
	struct sut_target target;
	struct sut_runtime runtime;
	struct sut_arena arena;
	struct sut_plan plan;
	struct sut_zone *zone;
	struct sut_diag diag;
	struct sut_rt_func func;
	unsigned char *space;
};

/* The function's bytes lie at space + offset, between nops. */
static enum sut_rc take(struct fixture *f, uint64_t offset, const unsigned char *code, size_t size)
{
	uint64_t entry;

	*f = (struct fixture){.runtime = {.target = &f->target}};
	f->plan = (struct sut_plan){.runtime = &f->runtime, .arena = &f->arena};
	f->space = mmap(NULL, SPACE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(f->space, 0x90, 4096);
	memcpy(f->space + offset, code, size);
	memcpy(f->space + TABLE, &table_entry, sizeof(table_entry));
	entry = (uint64_t)f->space + offset;
	CHECK_EQUAL(sut_target_open(getpid(), false, &f->target, &f->diag), SUT_OK);
	CHECK_EQUAL(sut_plan_zone(&f->plan, entry, entry + size, 4096, 4096, &f->zone, &f->diag),
		    SUT_OK);
	return sut_site_plan(&f->plan, f->zone, "f",
			     &(const struct sut_site_piece){entry, f->space + offset, size}, 1,
			     &f->func, &f->diag);
}

static void leave(struct fixture *f)
{
	munmap(f->space, SPACE);
	sut_target_close(&f->target);
	sut_arena_deinit(&f->arena);
}

/* mov $1, %eax; ret */
static const unsigned char long_first[] = {0xb8, 1, 0, 0, 0, 0xc3};
/* push %rbx; sub $-32, %rsp; pop %rbx; ret: the bytes behind the first lead half a GiB down */
static const unsigned char short_first[] = {0x53, 0x48, 0x83, 0xec, 0xe0, 0x5b, 0xc3};

static void test_whole(void)
{
	struct fixture f;

	CHECK_EQUAL(take(&f, 64, long_first, sizeof(long_first)), SUT_OK);
	CHECK_EQUAL(f.func.flags, SUT_RT_FUNC_DIRECT);
	CHECK_EQUAL(f.func.entry, (uint64_t)f.space + 64);
	CHECK_EQUAL(f.func.size, sizeof(long_first));
	CHECK(memcmp(&f.func.original, f.space + 64, 8) == 0);
	CHECK_EQUAL(f.plan.taken_count, 0);
	leave(&f);
}

/* The bytes behind the first one say where the jump goes. */
static void test_pun(void)
{
	struct fixture f;
	int32_t spelled;
	uint64_t at;

	CHECK_EQUAL(take(&f, 64, short_first, sizeof(short_first)), SUT_OK);
	memcpy(&spelled, f.space + 64 + 1, sizeof(spelled));
	at = f.func.entry + 5 + (uint64_t)(int64_t)spelled;
	CHECK_EQUAL(f.func.flags, SUT_RT_FUNC_PUN | SUT_RT_FUNC_DIRECT);
	CHECK_EQUAL(f.func.slot % 8, 0);
	CHECK(f.func.slot - at >= 6 && f.func.slot - at <= 14);
	CHECK_EQUAL(f.func.land, at);
	CHECK_EQUAL(f.func.pun, 0xe9);
	CHECK_EQUAL(f.func.pun_mask, 0xff);
	CHECK_EQUAL(f.plan.taken_count, 1);
	CHECK_EQUAL(f.plan.taken[0].address, at);
	leave(&f);
}

/* Five bytes across two words cannot change by one store: only the first byte ever does. */
static void test_two_words(void)
{
	struct fixture f;

	CHECK_EQUAL(take(&f, 68, short_first, sizeof(short_first)), SUT_OK);
	CHECK_EQUAL(f.func.flags, SUT_RT_FUNC_PUN);
	CHECK_EQUAL(sut_site_word_address(&f.func), (uint64_t)f.space + 64);
	leave(&f);
}

/* xor %eax, %eax; inc %eax; jmp back to the inc: a thread may come by the second instruction. */
static void test_branch_inside(void)
{
	static const unsigned char code[] = {0x31, 0xc0, 0xff, 0xc0, 0xeb, 0xfc, 0xc3, 0x90};
	struct fixture f;

	CHECK_EQUAL(take(&f, 64, code, sizeof(code)), SUT_OK);
	CHECK_EQUAL(f.func.flags, SUT_RT_FUNC_PUN);
	leave(&f);
}

/* ret, and padding: what follows is no code. */
static void test_short_padded(void)
{
	static const unsigned char code[] = {0xc3};
	struct fixture f;

	CHECK_EQUAL(take(&f, 64, code, sizeof(code)), SUT_OK);
	CHECK_EQUAL(f.func.flags, SUT_RT_FUNC_PUN);
	leave(&f);
}

/* ret, and directly the next function, which may be patched or entered by itself. */
static void test_short_neighbour(void)
{
	static const unsigned char code[] = {0xc3, 0x48, 0x89, 0xf8, 0xc3};
	struct fixture f;

	take(&f, 64, code, sizeof(code));
	f.func = (struct sut_rt_func){0};
	CHECK_EQUAL(sut_site_plan(&f.plan, f.zone, "f",
				  &(const struct sut_site_piece){(uint64_t)f.space + 64,
								 f.space + 64, 1},
				  1, &f.func, &f.diag),
		    SUT_UNSUPPORTED);
	CHECK_STRING(f.diag.rule, "entry");
	leave(&f);
}

/* The five bytes lead into this very mapping. */
static void test_pun_in_use(void)
{
	static const unsigned char code[] = {0x90, 0x00, 0x10, 0x00, 0x00, 0xc3};
	struct fixture f;

	CHECK_EQUAL(take(&f, 64, code, sizeof(code)), SUT_UNSUPPORTED);
	CHECK_STRING(f.diag.rule, "entry");
	leave(&f);
}

static void test_jump_word(void)
{
	const struct sut_rt_func func = {.entry = 0x1002};
	uint64_t word = sut_site_jump_word(&func, 0x8877665544332211, 0x2007);
	uint64_t back = sut_site_jump_word(&func, 0x8877665544332211, 0x1000);

	CHECK_EQUAL(word, 0x8800001000e92211);
	CHECK_EQUAL(back, 0x88fffffff9e92211);
}

/* What the plan does, done here: text in place, pages of puns, the word of the entry. */
static void carry_out(struct fixture *f)
{
	uint64_t *word = (uint64_t *)sut_site_word_address(&f->func);

	for (size_t i = 0; i < f->plan.map_count; i++)
		mmap((void *)f->plan.maps[i].address, f->plan.maps[i].size,
		     PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	for (size_t i = 0; i < f->plan.write_count; i++)
		memcpy((void *)f->plan.writes[i].address, f->plan.writes[i].data,
		       f->plan.writes[i].size);
	mprotect(f->space, SPACE, PROT_READ | PROT_WRITE | PROT_EXEC);
	*word = sut_site_pun_word(&f->func, *word);
}

static void take_back(struct fixture *f)
{
	for (size_t i = 0; i < f->plan.map_count; i++)
		munmap((void *)f->plan.maps[i].address, f->plan.maps[i].size);
}

typedef long (*function)(long a, long b);

static long replacement(long a, long b)
{
	return 100 * a + b;
}

/* The entry leads to the replacement, with its arguments and stack, and the head to the original.
 */
static void check_both_ways(struct fixture *f, uint64_t offset, const unsigned char *code,
			    size_t size, long original)
{
	CHECK_EQUAL(take(f, offset, code, size), SUT_OK);
	carry_out(f);
	CHECK_EQUAL(f->func.flags & SUT_RT_FUNC_PUN, SUT_RT_FUNC_PUN);
	*(uint64_t *)f->func.slot = (uint64_t)replacement;
	CHECK_EQUAL(((function)f->func.entry)(7, 5), 705);
	*(uint64_t *)f->func.slot = f->func.head;
	CHECK_EQUAL(((function)f->func.entry)(7, 5), original);
	CHECK_EQUAL(((function)f->func.head)(7, 5), original);
	take_back(f);
	leave(f);
}

/* push %rbx; mov $0x1000, %ebx; lea (%rbx,%rdi), %rax; pop %rbx; ret */
static const unsigned char push_first[] = {0x53, 0xbb, 0,    0x10, 0,    0, 0x48,
					   0x8d, 0x04, 0x3b, 0x5b, 0xc3, 0, 0};

/* Behind the push, threads that have gone over may be, too: it can never become a direct jump. */
static void test_behind_push(void)
{
	struct fixture f;

	check_both_ways(&f, 64, push_first, sizeof(push_first), 0x1007);
	CHECK(!(f.func.flags & SUT_RT_FUNC_DIRECT));
	CHECK_EQUAL(f.func.pun_mask & 0xffff, 0xff00);
}

/* ... and a branch to it forbids it. */
static void test_behind_push_branched(void)
{
	unsigned char code[] = {0x53, 0xbb, 0, 0x10, 0, 0, 0x75, 0xf9, 0x5b, 0xc3};
	struct fixture f;

	CHECK_EQUAL(take(&f, 64, code, sizeof(code)), SUT_UNSUPPORTED);
	leave(&f);
	code[7] = 0;
	CHECK_EQUAL(take(&f, 64, code, sizeof(code)), SUT_OK);
	leave(&f);
}

/* ... or a case of a switch: lea TABLE(%rip), %rdx; ...; jmp *%rax */
static void test_behind_push_switched(void)
{
	unsigned char code[] = {0x53, 0xbb, 0, 0x10, 0, 0,    0x48, 0x8d,
				0x15, 0,    0, 0,    0, 0xff, 0xe0};
	int32_t distance = TABLE - (64 + 13);
	struct fixture f;

	memcpy(code + 9, &distance, sizeof(distance));
	table_entry = 64 + 1 - TABLE;
	CHECK_EQUAL(take(&f, 64, code, sizeof(code)), SUT_UNSUPPORTED);
	leave(&f);
	table_entry = 64 + 6 - TABLE;
	CHECK_EQUAL(take(&f, 64, code, sizeof(code)), SUT_OK);
	leave(&f);
	table_entry = 0;
}

/* lea 0xe000(%rsi), %rdx; mov %rdi, %rax; ret: three of the displacement's bytes can be chosen. */
static void test_chosen_bytes(void)
{
	static const unsigned char code[] = {0x48, 0x8d, 0x96, 0,    0xe0, 0,   0,
					     0x48, 0x89, 0xf8, 0xc3, 0x90, 0x90};
	struct fixture f;

	check_both_ways(&f, 68, code, sizeof(code), 7);
}

/* mov %rdi, %rax; add %al, (%rax); loopne: without a prefix it leads into this mapping. */
static void test_prefixes(void)
{
	static const unsigned char code[] = {0x48, 0x89, 0xf8, 0x00, 0x00, 0xe0, 0x00, 0xc3};
	struct fixture f;

	CHECK_EQUAL(take(&f, 64, code, sizeof(code)), SUT_OK);
	CHECK_EQUAL(f.func.pun & 0xff, 0x2e);
	leave(&f);
}

static void test_mask(void)
{
	const struct sut_rt_func first = {.entry = 0x1001, .pun_mask = UINT64_C(0xff) << 56};
	const struct sut_rt_func last = {.entry = 0x1007, .pun_mask = UINT64_C(0xff) << 56};

	CHECK_EQUAL(sut_site_mask(&first), 0xff00ffffffffff00);
	CHECK_EQUAL(sut_site_mask(&last), 0xff00000000000000);
}

static const struct sut_tap_test tests[] = {
	{"a first instruction of five bytes in one word is replaced whole", test_whole},
	{"a short first instruction is taken by its first byte", test_pun},
	{"an entry across two words stays taken by its first byte", test_two_words},
	{"an entry that is branched into stays taken by its first byte", test_branch_inside},
	{"a function shorter than a jump may have padding behind it", test_short_padded},
	{"a function shorter than a jump with a neighbour is refused", test_short_neighbour},
	{"an entry whose bytes lead into memory in use is refused", test_pun_in_use},
	{"a jump changes five bytes of a word", test_jump_word},
	{"a pun behind a push takes the stack pointer back", test_behind_push},
	{"a pun behind a push is not branched to", test_behind_push_branched},
	{"... nor by a switch", test_behind_push_switched},
	{"a long instruction's own bytes say where a pun leads", test_chosen_bytes},
	{"prefixes move where a pun leads", test_prefixes},
	{"the mask has a direct jump and the pun", test_mask},
};

SUT_TAP_MAIN(tests)
