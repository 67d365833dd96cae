// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kill FOLDER SUTURE [filtered|short|STEP [FROM TO [FIRST]]]: a controller may die at any
 * instruction. What it does to a target it does by system calls, so it is killed at the entry of
 * each that touches one: ptrace() and pwrite(), the first, the second, and so on to the last; with
 * STEP at each STEP-th of all its system calls. (1 as STEP takes an hour; FROM..TO are a part of
 * the calls, and FIRST the campaign to begin with.) The target is a hammer that works at full load:
 * a new one each time, once a controller has touched it. After each kill the target must run on as
 * if nothing had happened, and the next command must bring it to either end, with every callback
 * called as often as is due. short: only the first of these campaigns.
 */
#include "command.h"
#include "health.h"
#include "load.h"
#include "notes.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"
#include "process/apply.h"
#include "process/switch.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STORM_US = 1000, NICE = 5, RANDOM_TRIES = 100, RANDOM_SPREAD_US = 10 * 1000 };

static struct {
	struct fixes fixes;
	unsigned int step;     /* killed at each step-th system call; 0: at those that touch */
	unsigned int from, to; /* of those; 0: from one of the first, to the last */
	unsigned int kills;
} settings;

struct campaign {
	struct command before[3];
	struct command killed;
};

struct victim {
	struct load load;
	struct health health;
	struct notes notes;
	bool there;
};

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
	load_start(load, &settings.fixes,
		   (struct load_options){.storm_us = STORM_US, .nice = settings.step ? NICE : 0});
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

/* The same command again, or the opposite one: it completes, or has nothing to do. */
static void run_successor(const struct load *load, const struct command *killed, bool again)
{
	bool undoable = killed->verb == APPLY || killed->verb == FORCE;
	enum verb verb = again ? killed->verb : undoable ? REVERT : APPLY;
	int status = command_run_patiently(load, verb, killed->fix);
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
		CHECK_EQUAL(command_run_patiently(load, APPLY, killed->fix), DONE);
		in_use = 1u << killed->fix;
	}
	for (int i = FIX_COUNT; --i >= FIX_2;)
		if (in_use >> i & 1)
			CHECK_EQUAL(command_run_patiently(load, REVERT, i), DONE);
	/* A force mixes, as its user has to know, until it is left. */
	mixed = killed->verb == FORCE ? load_mixed(load) : 0;
	CHECK_EQUAL(check_state(load, notes, false), 0);
	CHECK(health_text_original(load->pid));
	CHECK_EQUAL(load_mixed(load), mixed);
}

static void kill_it(pid_t suture, void *context)
{
	(void)context;
	kill(suture, SIGKILL);
}

/* false: it came to its end before the n-th call. */
static bool kill_at(struct victim *v, const struct campaign *campaign, unsigned int n)
{
	const struct command *killed = &campaign->killed;
	bool touched;
	int status;

	if (!v->there) {
		begin(&v->load, campaign);
		health_take(&v->health, v->load.pid);
		v->notes = (struct notes){0};
		v->there = true;
	}
	status = command_to_call(&v->load, killed, n, settings.step != 0, kill_it, NULL, &touched);
	if (status == COMMAND_KILLED) {
		settings.kills++;
		check_target(&v->load, &v->health);
		if (!touched)
			return true;
		run_successor(&v->load, killed, n & 1);
		take_all_out(&v->load, &v->notes, killed);
	} else {
		CHECK_EQUAL(status, 0);
	}
	load_end(&v->load);
	v->there = false;
	return status == COMMAND_KILLED;
}

static void run_campaign(const struct campaign *campaign)
{
	unsigned int step = settings.step ? settings.step : 1;
	unsigned int n = settings.from ? settings.from : 1 + (unsigned int)random() % step;
	struct victim victim = {0};
	bool killed = true;

	while (killed && n <= settings.to && !sut_tap_failed) {
		killed = kill_at(&victim, campaign, n);
		n += killed ? step : 0;
	}
	if (victim.there)
		load_end(&victim.load);
	printf("# %s call %u\n", sut_tap_failed ? "not well after" : "outlived up to", n);
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
		pid_t pid = command_start(&load, &command, false);

		usleep((useconds_t)(random() % RANDOM_SPREAD_US));
		kill(pid, SIGKILL);
		settings.kills += command_wait(pid) == COMMAND_KILLED;
		check_target(&load, &health);
	}
	/* Whoever is under way goes back; the others have nothing to do with it. */
	for (int i = 0; i < 3; i++)
		command_run(&load, REVERT, fixes[i]);
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
	bool brief = argc == 4 && strcmp(argv[3], "short") == 0;
	size_t first = argc > 6 ? strtoul(argv[6], NULL, 10) - 1 : 0;
	int status;

	if (argc < 3 || argc == 5 || argc > 7 || first >= SUT_ARRAY_SIZE(tests)) {
		fprintf(stderr,
			"usage: kill FOLDER SUTURE [filtered|short|STEP [FROM TO [FIRST]]]\n");
		return 2;
	}
	settings.fixes.filtered = argc == 4 && strcmp(argv[3], "filtered") == 0;
	if (argc >= 4 && !settings.fixes.filtered && !brief)
		settings.step = (unsigned int)strtoul(argv[3], NULL, 10);
	settings.from = argc > 5 ? (unsigned int)strtoul(argv[4], NULL, 10) : 0;
	settings.to = argc > 5 ? (unsigned int)strtoul(argv[5], NULL, 10) : UINT_MAX;
	fixes_read(&settings.fixes, argv[1]);
	command_suture = argv[2];
	status = sut_tap_run(tests + first, brief ? 1 : SUT_ARRAY_SIZE(tests) - first);
	printf("# %u kills; %u commands were given again\n", settings.kills, command_repeated);
	return status;
}
