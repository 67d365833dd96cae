// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kill FOLDER SUTURE [filtered]: a controller may die at any instruction. What it does to a target
 * it does by system calls, so it is killed at the entry of each that touches one: ptrace() and
 * pwrite(), the first, the second, and so on to the last, each time with a new hammer that works at
 * full load. After each kill the target must run on as if nothing had happened, and the next
 * command must bring it to either end, with every callback called as often as is due.
 */
#include "health.h"
#include "load.h"
#include "notes.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"
#include "process/apply.h"
#include "process/switch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STORM_US = 1000, RANDOM_TRIES = 100, RANDOM_SPREAD_US = 10 * 1000, KILLED = -1 };

static struct {
	struct fixes fixes;
	char *suture;
	unsigned int kills;
} settings;

enum verb { NONE, APPLY, REVERT, FORCE, GC, BEGIN /* an apply that nobody follows */ };

struct command {
	enum verb verb;
	int fix;
};

struct campaign {
	struct command before[3];
	struct command killed;
};

/* --- commands --- */

static void run_suture(const struct load *load, const struct command *command)
{
	const struct fix *fix = &settings.fixes.list[command->fix];
	char *suture = settings.suture;
	char target[32];

	snprintf(target, sizeof(target), "pid:%d", load->pid);
	switch (command->verb) {
	case APPLY:
		execl(suture, "suture", "apply", "--quiet", fix->path, target, NULL);
		break;
	case REVERT:
		execl(suture, "suture", "revert", "--quiet", fix->patch.name, target, NULL);
		break;
	case FORCE:
		execl(suture, "suture", "force", "--quiet", "--yes", "force", fix->patch.name,
		      target, NULL);
		break;
	case GC:
		execl(suture, "suture", "gc", "--quiet", target, NULL);
		break;
	default:
		break;
	}
	_exit(127);
}

static pid_t start(const struct load *load, const struct command *command, bool traced)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(STDERR_FILENO, STDOUT_FILENO); /* the latter is TAP */
	if (traced)
		ptrace(PTRACE_TRACEME, 0, 0, 0);
	run_suture(load, command);
	return -1;
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

static int run(const struct load *load, enum verb verb, int fix)
{
	return wait_for(start(load, &(const struct command){verb, fix}, false));
}

/* Is the stopped controller about to touch a target? */
static bool touches(pid_t pid)
{
	struct __ptrace_syscall_info info;

	return ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_ENTRY &&
	       (info.entry.nr == SYS_ptrace || info.entry.nr == SYS_pwrite64);
}

/* Runs it up to its n-th touch, which it does not live to make. Returns its exit status, if any. */
static int run_to_touch(const struct load *load, const struct command *command, unsigned int n)
{
	pid_t pid = start(load, command, true);
	int status, signal = 0;

	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		return WEXITSTATUS(status);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	while (ptrace(PTRACE_SYSCALL, pid, 0, signal) == 0 && waitpid(pid, &status, 0) == pid) {
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			break;
		signal = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
		if (!signal && touches(pid) && --n == 0) {
			kill(pid, SIGKILL);
			return wait_for(pid);
		}
	}
	return KILLED;
}

/* A transition that has begun, and nobody looks whether it is over. */
static void begin_passage(const struct load *load, const struct fix *fix)
{
	const struct sut_effect_options patient = {.wait_ns = 10 * 1000 * 1000 * 1000ull};
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_application a = {.arena = &arena, .patch = &fix->patch, .digest = fix->digest};
	struct sut_diag diag = {0};

	if (sut_application_open(&a, load->pid, true, &diag) != SUT_OK ||
	    sut_application_prepare(&a, &diag) != SUT_OK ||
	    sut_switch_start(&a.runtime, &a.memory, a.transition, &patient, &diag) != SUT_OK)
		load_failed("start", &diag);
	sut_target_close(&a.target);
}

static void begin(struct load *load, const struct campaign *campaign)
{
	load_start(load, &settings.fixes, (struct load_options){.storm_us = STORM_US});
	for (int i = 0; i < 3; i++) {
		const struct command *before = &campaign->before[i];

		if (before->verb == APPLY)
			load_apply(load, before->fix);
		else if (before->verb == REVERT)
			load_revert(load, before->fix);
		else if (before->verb == BEGIN)
			begin_passage(load, &settings.fixes.list[before->fix]);
	}
}

/* --- what must hold --- */

/* An operation that was sent may still be under way in a thread: it ends by itself. */
static bool entries_agree(const struct load *load)
{
	enum { GRACE_NS = 2000 * 1000 * 1000, POLL_US = 200 };
	const struct sut_patch *patch = &settings.fixes.list[FIX_2].patch;
	uint64_t since = sut_now_ns();
	size_t changed;

	do {
		changed = health_entries_changed(load->pid, patch, false);
		if (changed == 0 || changed == patch->func_count)
			return true;
		usleep(POLL_US);
	} while (sut_now_ns() - since < GRACE_NS);
	return false;
}

static void check_target(const struct load *load, const struct health *health)
{
	const char *wrong = health_wrong(health);

	if (wrong)
		printf("# pid %d: %s\n", load->pid, wrong);
	CHECK(!wrong);
	CHECK(load_advances(load));
	CHECK(entries_agree(load));
}

/*
 * Nothing is under way, and what is in use is what runs, unless it was forced: then threads may
 * still be elsewhere. Returns the bits.
 */
static unsigned int check_state(const struct load *load, struct notes *notes, bool forced)
{
	struct sut_diag diag = {0};
	struct fixes_state state;
	const char *wrong;

	if (fixes_look(&settings.fixes, load->pid, &state, &diag) != SUT_OK)
		load_failed("status", &diag);
	CHECK_EQUAL(state.moving, 0);
	CHECK(forced || load_runs(load, state.version));
	wrong = notes_wrong(notes, load, state.in_use, state.replaced);
	if (wrong)
		printf("# pid %d: %s\n", load->pid, wrong);
	CHECK(!wrong);
	return state.in_use;
}

enum status { DONE = 0, NOTHING = 2, BLOCKED = 3, REFUSED = 4 };

/* The same command again, or the opposite one: it completes, or has nothing to do. */
static void run_successor(const struct load *load, const struct command *killed, bool again)
{
	bool undoable = killed->verb == APPLY || killed->verb == FORCE;
	enum verb verb = again ? killed->verb : undoable ? REVERT : APPLY;
	int status = run(load, verb, killed->fix);
	/* Not there yet, or forced already. */
	bool refusable = verb == FORCE || (verb == REVERT && killed->verb == APPLY);

	CHECK(status == DONE || status == NOTHING || (status == REFUSED && refusable) ||
	      (status == BLOCKED && verb == GC));
}

/* After a revert of what is there, or of one more apply, nothing of us is in the text. */
static void take_all_out(const struct load *load, struct notes *notes, const struct command *killed)
{
	unsigned int in_use = check_state(load, notes, killed->verb == FORCE);
	uint64_t mixed;

	if (!in_use) {
		CHECK_EQUAL(run(load, APPLY, killed->fix), DONE);
		in_use = 1u << killed->fix;
	}
	for (int i = FIX_COUNT; --i >= FIX_2;)
		if (in_use >> i & 1)
			CHECK_EQUAL(run(load, REVERT, i), DONE);
	/* A force mixes, as its user has to know, until it is left. */
	mixed = killed->verb == FORCE ? load_mixed(load) : 0;
	CHECK_EQUAL(check_state(load, notes, false), 0);
	CHECK(health_text_original(load->pid));
	CHECK_EQUAL(load_mixed(load), mixed);
}

/* false: it came to its end before the n-th touch. */
static bool kill_at(const struct campaign *campaign, unsigned int n)
{
	const struct command *killed = &campaign->killed;
	struct notes notes = {0};
	struct health health;
	struct load load;
	int status;

	begin(&load, campaign);
	health_take(&health, load.pid);
	status = run_to_touch(&load, killed, n);
	if (status == KILLED) {
		settings.kills++;
		check_target(&load, &health);
		run_successor(&load, killed, n & 1);
		take_all_out(&load, &notes, killed);
	} else {
		CHECK_EQUAL(status, 0);
	}
	load_end(&load);
	return status == KILLED;
}

static void run_campaign(const struct campaign *campaign)
{
	unsigned int n = 1;

	while (kill_at(campaign, n) && !sut_tap_failed)
		n++;
	printf("# %s touch %u\n", sut_tap_failed ? "not well after" : "outlived up to",
	       n - !sut_tap_failed);
	CHECK(n > 5);
}

static void test_apply(void)
{
	run_campaign(&(const struct campaign){.killed = {APPLY, FIX_2}});
}

static void test_revert(void)
{
	run_campaign(&(const struct campaign){{{APPLY, FIX_2}}, {REVERT, FIX_2}});
}

static void test_reverse(void)
{
	run_campaign(&(const struct campaign){{{BEGIN, FIX_2}}, {REVERT, FIX_2}});
}

static void test_replace(void)
{
	run_campaign(&(const struct campaign){{{APPLY, FIX_2}}, {APPLY, FIX_4}});
}

static void test_lower(void)
{
	run_campaign(&(const struct campaign){{{APPLY, FIX_2}, {APPLY, FIX_3}}, {REVERT, FIX_2}});
}

static void test_callbacks(void)
{
	run_campaign(&(const struct campaign){{{APPLY, FIX_2}}, {APPLY, FIX_3}});
}

static void test_callbacks_back(void)
{
	run_campaign(&(const struct campaign){{{APPLY, FIX_3}}, {REVERT, FIX_3}});
}

static void test_callbacks_replace(void)
{
	run_campaign(&(const struct campaign){{{APPLY, FIX_3}}, {APPLY, FIX_5}});
}

static void test_force(void)
{
	run_campaign(&(const struct campaign){{{BEGIN, FIX_2}}, {FORCE, FIX_2}});
}

static void test_gc(void)
{
	run_campaign(&(const struct campaign){{{APPLY, FIX_2}, {APPLY, FIX_4}, {REVERT, FIX_4}},
					      {GC, FIX_2}});
}

static void test_force_replace(void)
{
	run_campaign(&(const struct campaign){{{APPLY, FIX_3}, {BEGIN, FIX_5}}, {FORCE, FIX_5}});
}

/* One target for all kills: what a dead controller leaves must not add up. */
static void test_random(void)
{
	static const int fixes[] = {FIX_2, FIX_3, FIX_5};
	unsigned int before = settings.kills;
	struct notes notes = {0};
	struct health health;
	struct load load;

	load_start(&load, &settings.fixes, (struct load_options){.storm_us = STORM_US});
	health_take(&health, load.pid);
	for (int i = 0; i < RANDOM_TRIES && !sut_tap_failed; i++) {
		struct command command = {i & 1 ? REVERT : APPLY, fixes[random() % 3]};
		pid_t pid = start(&load, &command, false);

		usleep((useconds_t)(random() % RANDOM_SPREAD_US));
		kill(pid, SIGKILL);
		settings.kills += wait_for(pid) == KILLED;
		check_target(&load, &health);
	}
	/* Whoever is under way goes back; the others have nothing to do with it. */
	for (int i = 0; i < 3; i++)
		run(&load, REVERT, fixes[i]);
	take_all_out(&load, &notes, &(const struct command){APPLY, FIX_2});
	printf("# %u killed in one target\n", settings.kills - before);
	load_end(&load);
}

static const struct sut_tap_test tests[] = {
	{"a target outlives an apply that is killed wherever it touches it", test_apply},
	{"... a revert", test_revert},
	{"... a reversal", test_reverse},
	{"... a replace", test_replace},
	{"... a revert of a patch below another one", test_lower},
	{"... an apply with callbacks, which run as often as is due", test_callbacks},
	{"... a revert with callbacks", test_callbacks_back},
	{"... a replace with callbacks", test_callbacks_replace},
	{"... a force", test_force},
	{"... a force of a replace with callbacks", test_force_replace},
	{"... a gc", test_gc},
	{"... many commands that are killed at any time", test_random},
};

int main(int argc, char **argv)
{
	int status;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: kill FOLDER SUTURE [filtered]\n");
		return 2;
	}
	settings.fixes.filtered = argc == 4;
	fixes_read(&settings.fixes, argv[1]);
	settings.suture = argv[2];
	status = sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
	printf("# %u kills\n", settings.kills);
	return status;
}
