// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * late-storm FOLDER [ROUNDS [SEED]]: threads load and unload objects all the time while a fix of
 * them and of the program comes, goes, is turned round and forced, and whoever does that is killed
 * at random (coming.c). Each transition is open while the objects come and go: not one call may see
 * two versions. The objects are bound at once or lazily, one may come along with another, the
 * process forks, and memory is collected in between. Then the same with a fix that has callbacks,
 * and then entries of the object lead to the new code at once, and that must be seen.
 */
#include "coming.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"
#include "process/apply.h"
#include "process/gc.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 30, POLL_US = 500, OPEN_NS = 10 * 1000 * 1000, KILL_SPREAD_US = 30000 };

static const uint64_t patience_ns = 20 * 1000 * 1000 * 1000ull;

static struct {
	unsigned int rounds, seed;
} settings = {ROUNDS, 1};

struct fix {
	struct sut_patch patch;
	unsigned char digest[SUT_SHA256_SIZE];
};

static struct {
	struct sut_arena arena;
	char program[256], object[256], other[256];
	struct fix plain, calls;
} made;

static struct {
	pid_t pid;
	struct coming_page *page;
	const struct fix *fix;
	unsigned int kills, turns, forced, freed;
	uint64_t mixed; /* by force, which is allowed to */
} load;

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

static void read_fix(const char *folder, const char *name, struct fix *fix)
{
	struct sut_diag diag = {0};
	struct sut_bytes bytes;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.sut", folder, name);
	if (sut_file_read(&made.arena, path, SUT_PATCH_FILE_MAX, &bytes, &diag) != SUT_OK ||
	    sut_patch_read(&made.arena, bytes.data, bytes.size, &fix->patch, &diag) != SUT_OK)
		bail_out(diag.entry[0]);
	crypto_hash_sha256(fix->digest, bytes.data, bytes.size);
}

static void read_all(const char *folder)
{
	snprintf(made.program, sizeof(made.program), "%s/coming", folder);
	snprintf(made.object, sizeof(made.object), "%s/object.so", folder);
	snprintf(made.other, sizeof(made.other), "%s/other.so", folder);
	read_fix(folder, "fix", &made.plain);
	read_fix(folder, "calls", &made.calls);
}

static uint64_t value(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Waits until the counter has grown by this. */
static void await(const uint64_t *counter, uint64_t more)
{
	uint64_t start_ns = sut_now_ns(), from = value(counter);

	while (value(counter) < from + more) {
		if (sut_now_ns() - start_ns > patience_ns) {
			CHECK(!"calls go on");
			return;
		}
		usleep(POLL_US);
	}
}

/* Until so many of the target's threads have done what is asked for. */
static void ask(uint32_t *word, uint32_t what, const uint32_t *count, uint32_t wanted)
{
	uint64_t start_ns = sut_now_ns();

	__atomic_store_n(word, what, __ATOMIC_RELEASE);
	while (__atomic_load_n(count, __ATOMIC_ACQUIRE) != wanted) {
		if (sut_now_ns() - start_ns > patience_ns)
			bail_out("the target's threads do not as they are asked");
		usleep(POLL_US);
	}
}

static void rest(bool whether)
{
	ask(&load.page->rest, whether, &load.page->resting,
	    whether ? COMING_INSIDE + COMING_FRESH : 0);
}

static void hold(bool whether)
{
	ask(&load.page->hold, whether, &load.page->held, whether ? COMING_INSIDE : 0);
}

static void start(const struct fix *fix)
{
	int file = memfd_create("coming", 0);
	char path[32];

	load.fix = fix;
	load.kills = load.turns = load.forced = load.freed = 0;
	load.mixed = 0;
	if (file < 0 || ftruncate(file, sizeof(*load.page)) < 0)
		bail_out("no memory to share with the target");
	load.page = mmap(NULL, sizeof(*load.page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	load.pid = fork();
	if (load.pid == 0) {
		execl(made.program, made.program, path, made.object, made.other, NULL);
		_exit(127);
	}
	while (!__atomic_load_n(&load.page->ready, __ATOMIC_ACQUIRE))
		usleep(POLL_US);
	close(file);
}

static void end(void)
{
	int status = 0;

	CHECK_EQUAL(kill(load.pid, SIGKILL), 0);
	CHECK_EQUAL(waitpid(load.pid, &status, 0), load.pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	munmap(load.page, sizeof(*load.page));
}

static enum sut_rc go(bool in, uint64_t wait_ns, struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_effect_options options = {.wait_ns = wait_ns};
	struct sut_effect effect;

	*diag = (struct sut_diag){0};
	return in ? sut_apply(&arena, load.pid, &load.fix->patch, load.fix->digest, &options,
			      &effect, diag)
		  : sut_revert(&arena, load.pid, load.fix->patch.name, &options, &effect, diag);
}

/* The same by somebody who is killed at some time. */
static void go_and_die(bool in)
{
	struct sut_diag diag;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(go(in, patience_ns, &diag) == SUT_OK ? 0 : 1);
	usleep((useconds_t)(random() % KILL_SPREAD_US));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	load.kills += WIFSIGNALED(status);
}

static uint32_t how(void)
{
	return __atomic_load_n(&load.page->how, __ATOMIC_RELAXED);
}

static void set_how(uint32_t now)
{
	__atomic_store_n(&load.page->how, now, __ATOMIC_RELAXED);
}

/*
 * On a busy target: what is planned may be too old when it is begun; on a busy machine always, so
 * the objects come more slowly for a while.
 */
static enum sut_rc go_on(bool in, uint64_t wait_ns)
{
	enum { TRIES = 50, FAST = 5 };
	struct sut_diag diag;
	enum sut_rc rc = SUT_RETRY;

	for (int i = 0; i < TRIES; i++) {
		rc = go(in, wait_ns, &diag);
		/* Where an object is now there may be no room for a pun's page. */
		if ((rc != SUT_RETRY || strcmp(diag.rule, "busy") != 0) &&
		    (rc != SUT_UNSUPPORTED || strcmp(diag.rule, "entry") != 0))
			break;
		if (i == FAST)
			set_how(how() | COMING_SLOWLY);
	}
	set_how(how() & ~(uint32_t)COMING_SLOWLY);
	if (rc != SUT_OK && (rc != SUT_RETRY || strcmp(diag.rule, "blocked") != 0))
		failed(in ? "apply" : "revert", &diag);
	return rc;
}

static void storm(void)
{
	await(&load.page->loads, 10 + (uint64_t)random() % 30);
}

/*
 * Open until `hold` ends. When it is planned nobody has the object, or threads load and unload it
 * all the time.
 */
static void open_transition(bool in)
{
	/*
	 * Callbacks of an object that is there are not for its next instance; and two objects that
	 * go all the time are seldom there together for long enough to be read.
	 */
	bool absent = random() % 2 || load.fix == &made.calls || how() & COMING_OTHER;

	hold(true);
	if (absent)
		rest(true);
	if (random() % 3)
		go_and_die(in);
	CHECK_EQUAL(go_on(in, OPEN_NS), SUT_RETRY);
	if (absent)
		rest(false);
}

static void check(bool in)
{
	uint64_t other;

	await(&load.page->calls[1 + in], 20);
	other = value(&load.page->calls[1 + !in]);
	await(&load.page->calls[1 + in], 20);
	CHECK_EQUAL(value(&load.page->calls[1 + !in]), other);
	CHECK_EQUAL(value(&load.page->mixed), load.mixed);
	CHECK_EQUAL(value(&load.page->wrong), 0);
}

static void force(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_effect_options options = {.wait_ns = patience_ns};
	struct sut_effect effect;
	struct sut_diag diag = {0};

	if (sut_force(&arena, load.pid, load.fix->patch.name, &options, &effect, &diag) != SUT_OK)
		failed("force", &diag);
	load.forced++;
	storm();
}

/* Who was forced is through when all have called again. */
static void calm_down(void)
{
	rest(true);
	rest(false);
	load.mixed = value(&load.page->mixed);
}

static void collect(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_gc_options options = {.max_pause_ns = OPEN_NS};
	struct sut_diag diag = {0};
	struct sut_gc gc;

	rest(true);
	if (sut_gc(&arena, load.pid, &options, &gc, &diag) != SUT_OK)
		failed("gc", &diag);
	load.freed += gc.end == SUT_GC_FREED;
	rest(false);
}

/* The version afterwards. */
static bool cycle(bool in)
{
	bool forced = false;

	set_how((uint32_t)random() % COMING_SLOWLY);
	open_transition(in);
	storm();
	if (random() % 3 == 0) {
		in = !in;
		load.turns++;
		if (random() % 2)
			go_and_die(in);
		go_on(in, OPEN_NS);
		storm();
	} else if (random() % 8 == 0) {
		forced = true;
		force();
	}
	hold(false);
	if (forced)
		calm_down();
	if (random() % 2)
		go_and_die(in);
	CHECK_EQUAL(go_on(in, patience_ns), SUT_OK);
	check(in);
	if (!in && random() % 4 == 0)
		collect();
	return in;
}

static void report(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_diag diag = {0};
	struct sut_state state;

	if (sut_state_read(&arena, load.pid, &state, &diag) != SUT_OK) {
		failed("state", &diag);
		return;
	}
	printf("# calls of version 1: %llu, 2: %llu; %llu loads; %u killed, %u turned round; %llu "
	       "changes missed, %llu mixed; %u forced, %u forks, %u times memory freed\n",
	       (unsigned long long)value(&load.page->calls[1]),
	       (unsigned long long)value(&load.page->calls[2]),
	       (unsigned long long)value(&load.page->loads), load.kills, load.turns,
	       (unsigned long long)state.missed, (unsigned long long)value(&load.page->mixed),
	       load.forced, load.page->forks, load.freed);
}

static void run(const struct fix *fix, unsigned int rounds)
{
	bool in = false;

	srandom(settings.seed);
	start(fix);
	for (unsigned int i = 0; i < rounds && !sut_tap_failed; i++)
		in = cycle(!in);
	report();
	CHECK(load.kills > 0);
	CHECK(value(&load.page->calls[2]) > 0);
	end();
}

static void test_storm(void)
{
	run(&made.plain, settings.rounds);
}

static void test_callbacks(void)
{
	run(&made.calls, settings.rounds / 3);
}

/* What the run-time has ready for the object leads to the new code instead of the thunks. */
static void lead_on(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_application a = {.arena = &arena,
				    .patch = &load.fix->patch,
				    .digest = load.fix->digest};
	struct sut_diag diag = {0};
	unsigned int count = 0;

	if (sut_application_open(&a, load.pid, true, &diag) != SUT_OK)
		failed("open", &diag);
	for (size_t i = 0; i < a.memory.lates.count; i++) {
		uint64_t at = a.memory.lates.list[i]->is.parts;
		struct sut_rt_part part;

		for (; at && sut_target_read(&a.target, at, &part, sizeof(part)); at = part.next)
			for (uint64_t k = 0; k < part.passage_count; k++) {
				uint64_t to = part.passages + k * sizeof(struct sut_rt_passage);
				struct sut_rt_passage p;

				CHECK(sut_target_read(&a.target, to, &p, sizeof(p)));
				p.thunk = p.to;
				CHECK(sut_target_write(&a.target, to, &p, sizeof(p)));
				count++;
			}
	}
	CHECK(count > 0);
	sut_target_close(&a.target);
}

static void test_without_thunks(void)
{
	uint64_t start_ns = sut_now_ns();

	start(&made.plain);
	hold(true);
	rest(true);
	CHECK_EQUAL(go_on(true, OPEN_NS), SUT_RETRY);
	lead_on();
	rest(false);
	while (!value(&load.page->mixed) && sut_now_ns() - start_ns < patience_ns)
		usleep(POLL_US);
	CHECK(value(&load.page->mixed) > 0);
	end();
}

static const struct sut_tap_test tests[] = {
	{"no call sees two versions while an object comes and goes in transitions", test_storm},
	{"... with callbacks that run in the loader's call", test_callbacks},
	{"entries that lead to the new code at once would mix versions", test_without_thunks},
};

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: late-storm FOLDER [ROUNDS [SEED]]\n");
		return 2;
	}
	read_all(argv[1]);
	if (argc > 2)
		settings.rounds = (unsigned int)strtoul(argv[2], NULL, 10);
	if (argc > 3)
		settings.seed = (unsigned int)strtoul(argv[3], NULL, 10);
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
