// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * blocked FOLDER [ROUNDS]: a program that sleeps in one of 46 kinds of system calls does not notice
 * that it is patched, that the patch is replaced, and that it is taken out: first with a single
 * thread, which has to be borrowed out of its call or left alone, then with a thread for each. The
 * program itself (asleep.c) checks results and durations; a second one that nobody touches runs at
 * the same time and says how late a time-out is on this machine now.
 */
#include "asleep.h"
#include "base/arena.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"
#include "elf/patchfile.h"
#include "process/process.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 3, TRIES = 8, POLL_US = 500, NOTICEABLE_NS = 1000 * 1000 };

static const uint64_t bound_ns = 10 * 1000 * 1000 * 1000ull;

struct fix {
	struct sut_patch patch;
	unsigned char digest[SUT_SHA256_SIZE];
};

static struct {
	struct sut_arena arena;
	char program[256];
	struct fix fixes[2]; /* the second replaces the first */
	unsigned int rounds;
	unsigned int left_alone;
	int64_t latest_ns; /* beyond the untouched program */
} settings;

struct sleeper {
	pid_t pid;
	struct asleep_page *page;
};

static void bail_out(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

static void read_fix(const char *folder, const char *name, struct fix *fix)
{
	struct sut_diag diag = {0};
	struct sut_bytes bytes;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.sut", folder, name);
	if (sut_file_read(&settings.arena, path, SUT_PATCH_FILE_MAX, &bytes, &diag) != SUT_OK ||
	    sut_patch_read(&settings.arena, bytes.data, bytes.size, &fix->patch, &diag) != SUT_OK)
		bail_out(diag.entry[0]);
	crypto_hash_sha256(fix->digest, bytes.data, bytes.size);
}

static bool waits_for(const uint32_t *word)
{
	uint64_t start = sut_now_ns();

	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE)) {
		if (sut_now_ns() - start > bound_ns)
			return false;
		usleep(POLL_US);
	}
	return true;
}

/* Off the processor, in a system call. */
static bool falls_asleep(pid_t pid, const struct asleep_call *call)
{
	char path[64], line[32] = "";
	uint64_t start = sut_now_ns();

	if (!waits_for(&call->begun))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/task/%u/syscall", pid, call->tid);
	while (line[0] < '0' || line[0] > '9') {
		SUT_FCLOSE FILE *file = fopen(path, "r");

		if (!file || !fgets(line, sizeof(line), file) || sut_now_ns() - start > bound_ns)
			return false;
		usleep(POLL_US);
	}
	return true;
}

static bool is_there(int kind, int i)
{
	return kind == ASLEEP_ALL || kind == i;
}

static void sleeper_start(struct sleeper *s, int kind)
{
	int file = memfd_create("asleep", 0);
	char path[32], number[16];

	if (file < 0 || ftruncate(file, sizeof(*s->page)) < 0)
		bail_out("no memory to share with the target");
	s->page = mmap(NULL, sizeof(*s->page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	snprintf(number, sizeof(number), "%d", kind);
	s->pid = fork();
	if (s->pid == 0) {
		execl(settings.program, settings.program, path, number, NULL);
		_exit(127);
	}
	close(file);
	if (!waits_for(&s->page->count))
		bail_out("the target does not start");
	for (uint32_t i = 0; i < s->page->count; i++)
		if (is_there(kind, (int)i) && !falls_asleep(s->pid, &s->page->calls[i]))
			bail_out(s->page->calls[i].name);
}

static void sleeper_wake(struct sleeper *s)
{
	__atomic_store_n(&s->page->wake, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &s->page->wake, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void sleeper_end(struct sleeper *s)
{
	for (uint32_t i = 0; i < s->page->count; i++) {
		if (s->page->calls[i].ipc[0])
			msgctl(s->page->calls[i].ipc[0] - 1, IPC_RMID, NULL);
		if (s->page->calls[i].ipc[1])
			semctl(s->page->calls[i].ipc[1] - 1, 0, IPC_RMID);
	}
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	munmap(s->page, sizeof(*s->page));
}

static enum sut_rc apply(pid_t pid, const struct fix *fix, uint64_t wait_ns, struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_effect_options options = {.wait_ns = wait_ns, .keep_timeouts = true};
	struct sut_effect effect;

	return sut_apply(&arena, pid, &fix->patch, fix->digest, &options, &effect, diag);
}

static enum sut_rc revert(pid_t pid, const struct fix *fix, struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_effect_options options = {.wait_ns = bound_ns};
	struct sut_effect effect;

	return sut_revert(&arena, pid, fix->patch.name, &options, &effect, diag);
}

/* Apply, replace, revert: done, or blocked because the only thread may not be touched. */
static void disturb(const struct sleeper *s, const char *name, bool may_not)
{
	struct sut_diag diag = {0};
	enum sut_rc rc = apply(s->pid, &settings.fixes[0], may_not ? 0 : bound_ns, &diag);

	if (may_not) {
		CHECK(rc == SUT_RETRY && strcmp(diag.rule, "thread") == 0);
		settings.left_alone++;
		return;
	}
	if (rc == SUT_OK)
		rc = apply(s->pid, &settings.fixes[1], bound_ns, &diag);
	if (rc == SUT_OK)
		rc = revert(s->pid, &settings.fixes[1], &diag);
	if (rc != SUT_OK)
		printf("# %s: %s\n", name, diag.entry[0]);
	CHECK_EQUAL(rc, SUT_OK);
}

static void check_result(const struct asleep_call *c)
{
	if (c->wrong)
		printf("# %s: %u of %u calls returned something else, %lld (%s)\n", c->name,
		       c->wrong, c->turns, (long long)c->result, strerrorname_np((int)c->error));
	CHECK_EQUAL(c->wrong, 0);
}

static int64_t off_by(const struct asleep_call *c)
{
	return c->late_ns > c->early_ns ? c->late_ns : c->early_ns;
}

/* Nobody has woken them. */
static void check_asleep(const struct sleeper *s, int kind)
{
	for (uint32_t i = 0; i < s->page->count; i++) {
		const struct asleep_call *c = &s->page->calls[i];

		if (!is_there(kind, (int)i) || c->nature == ASLEEP_TIMED ||
		    !__atomic_load_n(&c->ended, __ATOMIC_ACQUIRE))
			continue;
		printf("# %s: it returned too early, %lld (%s)\n", c->name, (long long)c->result,
		       strerrorname_np((int)c->error));
		sut_tap_failed = true;
	}
}

/* Wakes all; returns by how much a time-out was off at the most. */
static int64_t check_results(struct sleeper *s, int kind)
{
	int64_t most = 0;

	check_asleep(s, kind);
	sleeper_wake(s);
	for (uint32_t i = 0; i < s->page->count; i++) {
		const struct asleep_call *c = &s->page->calls[i];

		if (!is_there(kind, (int)i))
			continue;
		if (!waits_for(&c->ended)) {
			printf("# %s: it does not wake up\n", c->name);
			sut_tap_failed = true;
		}
		check_result(c);
		if (c->nature == ASLEEP_TIMED && off_by(c) > most)
			most = off_by(c);
	}
	return most;
}

/*
 * A time-out may be off by as much as in the program that nobody touches, and a little. One that is
 * off further may be so because of the machine; one that is so each time is not. Returns how many
 * have been off further each time.
 */
static unsigned int try_once(int kind, unsigned int rounds, int64_t least[ASLEEP_KINDS_MAX])
{
	struct sleeper s, untouched;
	unsigned int off = 0;
	int64_t usual;

	sleeper_start(&untouched, kind);
	sleeper_start(&s, kind);
	for (unsigned int k = 0; k < rounds && !sut_tap_failed; k++)
		disturb(&s, kind == ASLEEP_ALL ? "all" : s.page->calls[kind].name,
			kind != ASLEEP_ALL && s.page->calls[kind].nature == ASLEEP_PARTIAL);
	check_results(&s, kind);
	usual = check_results(&untouched, kind);
	for (uint32_t i = 0; i < s.page->count; i++) {
		const struct asleep_call *c = &s.page->calls[i];
		int64_t further = off_by(c) - usual;

		if (!is_there(kind, (int)i) || c->nature != ASLEEP_TIMED)
			continue;
		least[i] = further < least[i] ? further : least[i];
		off += least[i] > NOTICEABLE_NS;
		if (further > NOTICEABLE_NS)
			printf("# %s: off by %.2f ms, usual are %.2f ms\n", c->name,
			       (double)off_by(c) / 1e6, (double)usual / 1e6);
	}
	sleeper_end(&s);
	sleeper_end(&untouched);
	return off;
}

static void try_kind(int kind, unsigned int rounds)
{
	int64_t least[ASLEEP_KINDS_MAX];
	unsigned int tries = 0, off;

	for (int i = 0; i < ASLEEP_KINDS_MAX; i++)
		least[i] = INT64_MAX;
	do
		off = try_once(kind, rounds, least);
	while (off && ++tries < TRIES && !sut_tap_failed);
	CHECK_EQUAL(off, 0);
	for (int i = 0; i < ASLEEP_KINDS_MAX; i++)
		if (least[i] != INT64_MAX && least[i] > settings.latest_ns)
			settings.latest_ns = least[i];
}

static void test_each(void)
{
	struct sleeper s;
	int count;

	sleeper_start(&s, 0);
	count = (int)s.page->count;
	sleeper_end(&s);
	for (int kind = 0; kind < count && !sut_tap_failed; kind++)
		try_kind(kind, 1);
	printf("# %d kinds, in %u of which the only thread was left alone; off by %.2f ms more "
	       "than usual\n",
	       count, settings.left_alone, (double)settings.latest_ns / 1e6);
	CHECK(count >= 46);
}

static void test_all(void)
{
	try_kind(ASLEEP_ALL, settings.rounds);
}

static const struct sut_tap_test tests[] = {
	{"the only thread of a program does not notice, whatever it sleeps in", test_each},
	{"nor do threads that sleep in everything at once", test_all},
};

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: blocked FOLDER [ROUNDS]\n");
		return 2;
	}
	snprintf(settings.program, sizeof(settings.program), "%s/asleep", argv[1]);
	read_fix(argv[1], "asleep-2", &settings.fixes[0]);
	read_fix(argv[1], "asleep-3", &settings.fixes[1]);
	/* The programs and us, as far as that is allowed: so that a busy machine counts less. */
	setpriority(PRIO_PROCESS, 0, -20);
	settings.rounds = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : ROUNDS;
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
