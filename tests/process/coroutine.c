// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * coroutine FOLDER: programs that switch stacks. Coroutines of the weavers (weave.c) are suspended
 * inside outer() while a fix of it comes and goes: not one may go on with another version of
 * inner(). Then the same with one of the rules left out each time, and it must be seen.
 *
 *   context  by swapcontext(), stacks from malloc and mmap
 *   hand     by a few instructions of its own
 *   carved   by swapcontext(), stacks are arrays in a frame of the thread's own
 *   hidden   by instructions that are not recognised as a switch
 *   musl     as hand, with that C library; where it is installed
 */
#include "weave.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"
#include "process/apply.h"
#include "process/switch.h"

#include <linux/futex.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CYCLES = 10, POLL_US = 500 };

static const uint64_t patience_ns = 10 * 1000 * 1000 * 1000ull;

static struct {
	struct sut_arena arena;
	const char *folder;
	char program[256];
	struct sut_patch patch;
	unsigned char digest[SUT_SHA256_SIZE];
} fix;

static struct weave {
	pid_t pid;
	struct weave_page *page;
} weave;

static void bail_out(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

static void failed(const char *what, const struct sut_diag *diag)
{
	printf("# %s: %s\n", what, diag->count ? diag->entry[0] : "no reason given");
	sut_tap_failed = true;
}

/* The weaver to start, and its fix. */
static void choose(const char *kind)
{
	struct sut_diag diag = {0};
	struct sut_bytes bytes;
	char path[256];

	snprintf(fix.program, sizeof(fix.program), "%s/%s/weave", fix.folder, kind);
	snprintf(path, sizeof(path), "%s/%s/fix.sut", fix.folder, kind);
	if (sut_file_read(&fix.arena, path, SUT_PATCH_FILE_MAX, &bytes, &diag) != SUT_OK ||
	    sut_patch_read(&fix.arena, bytes.data, bytes.size, &fix.patch, &diag) != SUT_OK)
		bail_out(diag.entry[0]);
	crypto_hash_sha256(fix.digest, bytes.data, bytes.size);
}

static void start(const char *kind)
{
	int file = memfd_create("weave", 0);
	char path[32];

	choose(kind);
	if (file < 0 || ftruncate(file, sizeof(*weave.page)) < 0)
		bail_out("no memory to share with the target");
	weave.page = mmap(NULL, sizeof(*weave.page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	weave.pid = fork();
	if (weave.pid == 0) {
		execl(fix.program, fix.program, path, NULL);
		_exit(127);
	}
	while (!__atomic_load_n(&weave.page->ready, __ATOMIC_ACQUIRE))
		usleep(POLL_US);
	close(file);
}

static void end(void)
{
	int status = 0;

	CHECK_EQUAL(kill(weave.pid, SIGKILL), 0);
	CHECK_EQUAL(waitpid(weave.pid, &status, 0), weave.pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	munmap(weave.page, sizeof(*weave.page));
}

static uint64_t mixed(void)
{
	return __atomic_load_n(&weave.page->mixed, __ATOMIC_RELAXED);
}

static uint64_t calls(int version)
{
	return __atomic_load_n(&weave.page->calls[version], __ATOMIC_RELAXED);
}

/* Waits for this many more calls of a version. */
static void await_calls(int version, uint64_t more)
{
	uint64_t start_ns = sut_now_ns(), from = calls(version);

	while (calls(version) < from + more) {
		if (sut_now_ns() - start_ns > patience_ns) {
			CHECK(!"calls of that version");
			return;
		}
		usleep(POLL_US);
	}
}

/* Those that wait for it, that is. */
static void go_on(void)
{
	__atomic_add_fetch(&weave.page->step, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &weave.page->step, FUTEX_WAKE, WEAVE_THREADS, NULL, NULL, 0);
}

static void drain(bool whether)
{
	uint32_t wanted = whether ? WEAVE_THREADS : 0;

	__atomic_store_n(&weave.page->drain, whether, __ATOMIC_RELEASE);
	go_on();
	while (__atomic_load_n(&weave.page->drained, __ATOMIC_ACQUIRE) != wanted)
		usleep(POLL_US);
}

static enum sut_rc go(bool in, uint64_t wait_ns, struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_effect_options options = {.wait_ns = wait_ns,
						   .max_pause_ns = 500 * 1000 * 1000};
	struct sut_effect effect;

	*diag = (struct sut_diag){0};
	return in ? sut_apply(&arena, weave.pid, &fix.patch, fix.digest, &options, &effect, diag)
		  : sut_revert(&arena, weave.pid, fix.patch.name, &options, &effect, diag);
}

/* There and back: open as long as coroutines are suspended in what is left, closed without them. */
static void cycle(bool in)
{
	struct sut_diag diag;
	enum sut_rc rc = go(in, 50 * 1000 * 1000, &diag);

	if (rc != SUT_OK && rc != SUT_RETRY)
		failed("begin", &diag);
	await_calls(in ? 1 : 2, 20); /* who is not on a stack of its own stays at what is left */
	drain(true);
	rc = go(in, patience_ns, &diag);
	if (rc != SUT_OK)
		failed("finish", &diag);
	drain(false);
	await_calls(in ? 2 : 1, 20);
}

static void whole(const char *kind)
{
	start(kind);
	for (int i = 0; i < CYCLES && !sut_tap_failed; i++)
		cycle(!(i & 1));
	CHECK_EQUAL(mixed(), 0);
	printf("# calls of version 1: %llu, 2: %llu\n", (unsigned long long)calls(1),
	       (unsigned long long)calls(2));
	end();
}

static void test_context(void)
{
	whole("context");
}

static void test_hand(void)
{
	whole("hand");
}

static void test_carved(void)
{
	whole("carved");
}

static void test_musl(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/musl", fix.folder);
	if (access(path, F_OK) == 0)
		whole("musl");
	else
		printf("# there is no musl-gcc\n");
}

static void test_stays_open(void)
{
	struct sut_diag diag;

	start("context");
	CHECK_EQUAL(go(true, 200 * 1000 * 1000, &diag), SUT_RETRY);
	await_calls(1, 100);
	CHECK_EQUAL(go(false, patience_ns, &diag), SUT_OK);
	CHECK_EQUAL(mixed(), 0);
	end();
}

/* The real steps, with one of them left out: a word of the transition that is 0, or 0. */
static bool prepare(struct sut_application *a, size_t left_out, struct sut_diag *diag)
{
	uint64_t off = 0;

	static const struct sut_effect_options options = {.wait_ns = 10000000000};

	*diag = (struct sut_diag){0};
	if (sut_application_open(a, weave.pid, true, diag) == SUT_OK &&
	    sut_application_prepare(a, diag) == SUT_OK &&
	    (!left_out ||
	     sut_target_write(&a->target, a->transition + left_out, &off, sizeof(off))) &&
	    sut_switch_start(&a->runtime, &a->memory, a->transition, &options, diag) == SUT_OK)
		return true;
	failed("prepare", diag);
	return false;
}

static void expect_mixture(void)
{
	uint64_t start_ns = sut_now_ns();

	while (!mixed() && sut_now_ns() - start_ns < patience_ns)
		usleep(POLL_US);
	CHECK(mixed() > 0);
}

static void without(const char *kind, size_t left_out)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_application a = {.arena = &arena, .patch = &fix.patch, .digest = fix.digest};
	struct sut_diag diag;

	start(kind);
	if (prepare(&a, left_out, &diag))
		expect_mixture();
	CHECK(a.runtime.per_stack);
	sut_target_close(&a.target);
	end();
}

static void test_without_stacks(void)
{
	without("context", offsetof(struct sut_rt_transition, per_stack));
}

static void test_hand_without_stacks(void)
{
	without("hand", offsetof(struct sut_rt_transition, per_stack));
}

static void test_without_bottom(void)
{
	without("carved", offsetof(struct sut_rt_transition, bottom));
}

static void test_without_search(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_application a = {.arena = &arena, .patch = &fix.patch, .digest = fix.digest};
	struct sut_runtime_op op = {.op = SUT_RT_OP_CLOSE};
	struct sut_rt_transition t;
	struct sut_diag diag;
	int64_t result = SUT_RT_LOST;

	start("context");
	if (prepare(&a, 0, &diag)) {
		await_calls(2, 20); /* the threads have gone over */
		op.argument = a.transition;
		for (int i = 0; i < 1000 && result != SUT_RT_DONE; i++) {
			CHECK_EQUAL(sut_switch_read(&a.runtime, a.transition, &t, &diag), SUT_OK);
			op.expect = t.closing;
			CHECK_EQUAL(sut_runtime_run(&a.runtime, &op, &result, &diag), SUT_OK);
		}
		CHECK_EQUAL(result, SUT_RT_DONE);
		expect_mixture();
	}
	sut_target_close(&a.target);
	end();
}

/* All threads of a hidden weaver go on and wait again: all coroutines that do not wait go on, too.
 */
static void step(void)
{
	uint32_t waiting = __atomic_load_n(&weave.page->waiting, __ATOMIC_ACQUIRE);

	go_on();
	while (__atomic_load_n(&weave.page->waiting, __ATOMIC_ACQUIRE) < waiting + WEAVE_THREADS)
		usleep(POLL_US);
}

/* A thread that is found running for long gets its mark in a stop, and its coroutines go by that.
 */
static void await_sleep(struct sut_application *a)
{
	struct sut_thread_state state;
	struct sut_thread_list list;
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_thread_list(&a->target, a->arena, &list, &diag), SUT_OK);
	for (size_t i = 0; i < list.count; i++)
		do
			sut_thread_state(&a->target, list.tids[i], &state);
		while (state.activity == SUT_THREAD_RUNNING && usleep(POLL_US) == 0);
}

static enum sut_rc finish(struct sut_application *a, uint64_t wait_ns, struct sut_effect *effect,
			  struct sut_diag *diag)
{
	const struct sut_effect_options options = {.wait_ns = wait_ns,
						   .max_pause_ns = 500 * 1000 * 1000};

	*diag = (struct sut_diag){0};
	*effect = (struct sut_effect){0};
	return sut_switch_finish(&a->runtime, a->transition, &options, a->arena, effect, diag);
}

/* A transition of a program that shows what it is only when the transition has begun. */
static void start_hidden(struct sut_application *a, bool hold)
{
	struct sut_rt_transition t = {0};
	struct sut_diag diag;

	start("hidden");
	while (__atomic_load_n(&weave.page->waiting, __ATOMIC_ACQUIRE) < WEAVE_THREADS)
		usleep(POLL_US);
	if (!prepare(a, 0, &diag))
		return;
	CHECK(!a->runtime.per_stack);
	__atomic_store_n(&weave.page->hold, hold, __ATOMIC_RELEASE);
	step();
	await_sleep(a);
	CHECK_EQUAL(sut_switch_read(&a->runtime, a->transition, &t, &diag), SUT_OK);
	CHECK(t.foreign > 0);
}

static void test_hidden(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_application a = {.arena = &arena, .patch = &fix.patch, .digest = fix.digest};
	struct sut_effect effect;
	struct sut_diag diag;

	start_hidden(&a, false);
	CHECK_EQUAL(finish(&a, 100 * 1000 * 1000, &effect, &diag), SUT_RETRY);
	CHECK_STRING(diag.rule, "stack-switch");
	CHECK_EQUAL(effect.blockers.count, 0);
	drain(true);
	CHECK_EQUAL(finish(&a, patience_ns, &effect, &diag), SUT_OK);
	drain(false);
	step();
	CHECK(calls(2) > 0);
	CHECK_EQUAL(mixed(), 0);
	sut_target_close(&a.target);
	end();
}

static void test_hidden_asleep(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_application a = {.arena = &arena, .patch = &fix.patch, .digest = fix.digest};
	struct sut_effect effect;
	struct sut_diag diag;

	start_hidden(&a, true);
	CHECK_EQUAL(finish(&a, 100 * 1000 * 1000, &effect, &diag), SUT_RETRY);
	CHECK_EQUAL(effect.blockers.count, WEAVE_THREADS);
	for (size_t i = 0; i < effect.blockers.count; i++)
		CHECK_EQUAL(effect.blockers.list[i].look, SUT_LOOK_FOREIGN);
	__atomic_store_n(&weave.page->hold, 0, __ATOMIC_RELEASE);
	step();
	drain(true);
	CHECK_EQUAL(finish(&a, patience_ns, &effect, &diag), SUT_OK);
	CHECK_EQUAL(mixed(), 0);
	sut_target_close(&a.target);
	end();
}

static void test_hidden_without_search(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_application a = {.arena = &arena, .patch = &fix.patch, .digest = fix.digest};
	const uint64_t none = 0;
	struct sut_effect effect;
	struct sut_diag diag;

	start_hidden(&a, false);
	CHECK(sut_target_write(&a.target,
			       a.transition + offsetof(struct sut_rt_transition, foreign), &none,
			       sizeof(none)));
	CHECK_EQUAL(finish(&a, patience_ns, &effect, &diag), SUT_OK);
	CHECK_EQUAL(mixed(), 0);
	step();
	CHECK(mixed() > 0);
	sut_target_close(&a.target);
	end();
}

static const struct sut_tap_test tests[] = {
	{"coroutines that are suspended in a function go on with its version", test_context},
	{"... those of a switch that no import shows, too", test_hand},
	{"... and those on stacks inside the thread's own", test_carved},
	{"... and those of musl's programs", test_musl},
	{"a transition stays open while they are, and is turned round", test_stays_open},
	{"calls on stacks that nobody knew of leave the end to a search of memory", test_hidden},
	{"... and a thread that sleeps on one holds it up", test_hidden_asleep},
	{"without that search they would mix versions", test_hidden_without_search},
	{"by the thread's mark alone they would mix versions", test_without_stacks},
	{"... those of a hand-made switch would, too", test_hand_without_stacks},
	{"without a look for coroutines inside the own stack they would mix versions",
	 test_without_bottom},
	{"closed without a search of memory they would mix versions", test_without_search},
};

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: coroutine FOLDER\n");
		return 2;
	}
	fix.folder = argv[1];
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
