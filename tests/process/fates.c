// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fates FOLDER SUTURE [STEP [FROM TO]]: what may become of a target while a controller is at work
 * on it. At each STEP-th system call that the controller makes, from its first (or FROM) to its
 * last (TO), the target is killed, or executes its program anew, or is killed and another one has
 * its process id. The controller comes to its end by itself, says what was the matter, and leaves a
 * process that it did not mean as it is. 1 as STEP takes an hour; ./check takes a few at random.
 */
#include "command.h"
#include "health.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEP = 151, STORM_US = 1000, NICE = 5, POLL_US = 200 };

static struct {
	struct fixes fixes;
	unsigned int step, from, to;
} settings;

/* What happens at the call. */
struct fate {
	struct load load;
	struct load successor; /* with the same process id */
	uint64_t starts;
	bool happened, reaped, succeeded;
};

static bool reap(struct fate *f)
{
	f->reaped = f->reaped || waitpid(f->load.pid, NULL, WNOHANG) == f->load.pid;
	return f->reaped;
}

static void kill_target(pid_t suture, void *context)
{
	struct fate *f = context;

	(void)suture;
	kill(f->load.pid, SIGKILL);
	f->happened = true;
}

/* It takes some time, in which the controller goes on: threads that it has stopped hold it up. */
static void exec_target(pid_t suture, void *context)
{
	struct fate *f = context;

	(void)suture;
	f->starts = __atomic_load_n(&f->load.page->starts, __ATOMIC_ACQUIRE);
	kill(f->load.pid, SIGUSR2);
	for (int i = 0; i < 20 && f->load.page->starts == f->starts; i++)
		usleep(POLL_US);
	f->happened = true;
}

/* Not while the controller has stopped its main thread: the id is then in use still. */
static void replace_target(pid_t suture, void *context)
{
	struct fate *f = context;

	kill_target(suture, context);
	for (int i = 0; i < 50 && !reap(f); i++)
		usleep(POLL_US);
	f->succeeded = f->reaped && kill(f->load.pid, 0) < 0 && errno == ESRCH;
	if (f->succeeded)
		load_start(&f->successor, &settings.fixes,
			   (struct load_options){
				   .storm_us = STORM_US, .nice = NICE, .pid = f->load.pid});
}

static bool starts_again(const struct fate *f)
{
	const uint64_t bound_ns = 5 * 1000 * 1000 * 1000ull;
	uint64_t start = sut_now_ns();

	while (__atomic_load_n(&f->load.page->starts, __ATOMIC_ACQUIRE) == f->starts ||
	       !__atomic_load_n(&f->load.page->ready, __ATOMIC_ACQUIRE)) {
		if (sut_now_ns() - start > bound_ns)
			return false;
		usleep(POLL_US);
	}
	return true;
}

/*
 * A process that was not meant: as if nobody had been there. `meant`: it was there before the
 * controller looked, which has done what it was asked to do.
 */
static void check_stranger(const struct load *load, const struct command *command, bool meant)
{
	struct health health;
	const char *wrong;

	CHECK(load_advances(load));
	if (meant && command->verb == APPLY)
		command_run(load, REVERT, command->fix);
	CHECK(health_text_original(load->pid));
	health_take(&health, load->pid);
	wrong = health_wrong(&health);
	if (wrong)
		printf("# pid %d: %s\n", load->pid, wrong);
	CHECK(!wrong);
	CHECK(load_runs(load, 1));
	CHECK_EQUAL(command_run_patiently(load, APPLY, FIX_2), DONE);
	CHECK(load_runs(load, 2));
	CHECK_EQUAL(command_run_patiently(load, REVERT, FIX_2), DONE);
}

struct campaign {
	const char *name;
	struct command before, command;
};

static const struct campaign campaigns[] = {
	{"apply", {NONE, 0}, {APPLY, FIX_2}},
	{"replace", {APPLY, FIX_2}, {APPLY, FIX_4}},
	{"revert", {APPLY, FIX_2}, {REVERT, FIX_2}},
};

/* false: the command came to its end before the n-th call. */
static bool try_at(const struct campaign *campaign, unsigned int n,
		   void (*at)(pid_t suture, void *context))
{
	struct fate f = {0};
	int status;

	load_start(&f.load, &settings.fixes,
		   (struct load_options){.storm_us = STORM_US, .nice = NICE});
	if (campaign->before.verb == APPLY)
		load_apply(&f.load, campaign->before.fix);
	status = command_to_call(&f.load, &campaign->command, n, true, at, &f, NULL);
	/* Never by a signal, never hung; the last calls come after all is done. */
	if (f.happened && status != DONE && status != FAILED && status != BLOCKED &&
	    status != REFUSED && status != REVERTED) {
		printf("# %s, at call %u: status %d\n", campaign->name, n, status);
		sut_tap_failed = true;
	}
	if (at == exec_target && f.happened) {
		CHECK(starts_again(&f));
		check_stranger(&f.load, &campaign->command, status == DONE);
	} else if (f.succeeded) {
		check_stranger(&f.successor, &campaign->command, status == DONE);
		load_end(&f.successor);
	}
	if (at == exec_target || !f.happened)
		load_end(&f.load);
	else if (!f.reaped)
		CHECK_EQUAL(waitpid(f.load.pid, NULL, 0), f.load.pid);
	return f.happened;
}

static void test_fate(void (*at)(pid_t suture, void *context))
{
	for (size_t i = 0; i < SUT_ARRAY_SIZE(campaigns); i++) {
		unsigned int n = settings.from, times = 0;

		n = n ? n : 1 + (unsigned int)random() % settings.step;
		for (; n <= settings.to && try_at(&campaigns[i], n, at) && !sut_tap_failed;
		     n += settings.step)
			times++;
		printf("# %s: %u times, the last one before call %u\n", campaigns[i].name, times,
		       n);
		CHECK(times > 1 || settings.from);
	}
}

static void test_killed(void)
{
	test_fate(kill_target);
}

static void test_executes(void)
{
	test_fate(exec_target);
}

static void test_replaced(void)
{
	test_fate(replace_target);
}

static const struct sut_tap_test tests[] = {
	{"a controller ends well when its target is killed", test_killed},
	{"... when its target executes a program, which then is left alone", test_executes},
	{"... when another process has the target's id, which is left alone", test_replaced},
};

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: fates FOLDER SUTURE [STEP [FROM TO]]\n");
		return 2;
	}
	fixes_read(&settings.fixes, argv[1]);
	command_suture = argv[2];
	settings.step = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : STEP;
	settings.from = argc > 5 ? (unsigned int)strtoul(argv[4], NULL, 10) : 0;
	settings.to = argc > 5 ? (unsigned int)strtoul(argv[5], NULL, 10) : UINT_MAX;
	srandom((unsigned int)getpid());
	return sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}
