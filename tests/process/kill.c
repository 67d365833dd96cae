// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kill PROGRAM PATCH SUTURE: a controller may die at any instruction. What it does to a target it
 * does by system calls, so it is killed at the entry of each that touches one: ptrace() and
 * pwrite(), the first, the second, and so on to the last, each time with a new hammer that works
 * at full load. After each kill the target must run on as if nothing had happened, and the next
 * command must bring it to either end.
 */
#include "health.h"
#include "load.h"
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

enum { STORM_US = 1000, RANDOM_TRIES = 120, RANDOM_SPREAD_US = 10 * 1000, KILLED = -1 };

static struct {
	const char *program;
	const char *patch;
	char *suture;
	unsigned int kills;
} settings;

/* Before a command is killed: the state that it finds. */
enum beginning { ORIGINAL, PASSING, APPLIED };

struct campaign {
	enum beginning beginning;
	const char *command; /* that is killed: "apply" or "revert" */
};

static pid_t start(const struct load *load, const char *command, bool traced)
{
	char target[32];
	pid_t pid;

	snprintf(target, sizeof(target), "pid:%d", load->pid);
	pid = fork();
	if (pid == 0) {
		const char *what =
			strcmp(command, "apply") == 0 ? settings.patch : load->patch.name;

		dup2(STDERR_FILENO, STDOUT_FILENO); /* the latter is TAP */
		if (traced)
			ptrace(PTRACE_TRACEME, 0, 0, 0);
		execl(settings.suture, "suture", command, "--quiet", what, target, NULL);
		_exit(127);
	}
	return pid;
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

static int run(const struct load *load, const char *command)
{
	return wait_for(start(load, command, false));
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
static int run_to_touch(const struct load *load, const char *command, unsigned int n)
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
static void begin_passage(struct load *load)
{
	const struct sut_effect_options patient = {.wait_ns = 10 * 1000 * 1000 * 1000ull};
	struct sut_application a = {.arena = &load->arena,
				    .patch = &load->patch,
				    .digest = load->digest};
	struct sut_diag diag = {0};

	if (sut_application_open(&a, load->pid, &diag) != SUT_OK ||
	    sut_application_prepare(&a, &diag) != SUT_OK ||
	    sut_switch_start(&a.runtime, &a.memory, a.transition, &patient, &diag) != SUT_OK)
		load_failed("start", &diag);
	sut_target_close(&a.target);
}

static void begin(struct load *load, enum beginning beginning)
{
	load_start(load, settings.program, settings.patch, STORM_US, false);
	switch (beginning) {
	case ORIGINAL:
		break;
	case PASSING:
		begin_passage(load);
		break;
	case APPLIED:
		load_apply(load);
		break;
	}
}

/* An operation that was sent may still be under way in a thread: it ends by itself. */
static bool entries_agree(const struct load *load)
{
	enum { GRACE_NS = 2000 * 1000 * 1000, POLL_US = 200 };
	uint64_t since = sut_now_ns();
	size_t changed;

	do {
		changed = health_entries_changed(load->pid, &load->patch);
		if (changed == 0 || changed == load->patch.func_count)
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
	CHECK_EQUAL(load_mixed(load), 0);
}

enum status { DONE = 0, NOTHING = 2, REVERTING = 3, NO_SUCH_PATCH = 4, REVERTED = 6 };

/* `apply` brings the patch in, unless the way back had begun. It is then taken out. */
static void go_on(const struct load *load)
{
	int status = run(load, "apply");

	CHECK(status == DONE || status == NOTHING || status == REVERTING || status == REVERTED);
	if (status == DONE || status == NOTHING)
		CHECK_EQUAL(health_entries_changed(load->pid, &load->patch),
			    load->patch.func_count);
	if (status != REVERTED)
		CHECK_EQUAL(run(load, "revert"), DONE);
}

static void go_back(const struct load *load)
{
	int status = run(load, "revert");

	CHECK(status == DONE || status == NOTHING || status == NO_SUCH_PATCH);
	if (status == NO_SUCH_PATCH) /* what is left of a first apply goes with the next */
		go_on(load);
}

/* What the next commands do; afterwards the target is as it was in the beginning. */
static void check_successor(const struct load *load, bool forward)
{
	if (forward)
		go_on(load);
	else
		go_back(load);
	CHECK(load_advances(load));
	CHECK_EQUAL(load_mixed(load), 0);
	CHECK(health_text_original(load->pid));
}

/* false: it came to its end before the n-th touch. */
static bool kill_at(const struct campaign *campaign, unsigned int n)
{
	struct health health;
	struct load load;
	int status;

	begin(&load, campaign->beginning);
	health_take(&health, load.pid);
	status = run_to_touch(&load, campaign->command, n);
	if (status == KILLED) {
		settings.kills++;
		check_target(&load, &health);
		check_successor(&load, n & 1);
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
	printf("# %s: %s touch %u\n", campaign->command,
	       sut_tap_failed ? "not well after" : "outlived up to", n - !sut_tap_failed);
	CHECK(n > 10);
}

static void test_apply(void)
{
	run_campaign(&(const struct campaign){ORIGINAL, "apply"});
}

static void test_revert(void)
{
	run_campaign(&(const struct campaign){APPLIED, "revert"});
}

static void test_reverse(void)
{
	run_campaign(&(const struct campaign){PASSING, "revert"});
}

/* One target for all kills: what a dead controller leaves must not add up. */
static void test_random(void)
{
	unsigned int before = settings.kills;
	struct health health;
	struct load load;

	load_start(&load, settings.program, settings.patch, STORM_US, false);
	health_take(&health, load.pid);
	for (int i = 0; i < RANDOM_TRIES && !sut_tap_failed; i++) {
		pid_t pid = start(&load, i & 1 ? "revert" : "apply", false);

		usleep((useconds_t)(random() % RANDOM_SPREAD_US));
		kill(pid, SIGKILL);
		settings.kills += wait_for(pid) == KILLED;
		check_target(&load, &health);
	}
	check_successor(&load, true);
	printf("# %u killed in one target\n", settings.kills - before);
	load_end(&load);
}

static const struct sut_tap_test tests[] = {
	{"a target outlives an apply that is killed wherever it touches it", test_apply},
	{"a target outlives a revert that is killed wherever it touches it", test_revert},
	{"a target outlives a reversal that is killed wherever it touches it", test_reverse},
	{"a target outlives many commands that are killed at any time", test_random},
};

int main(int argc, char **argv)
{
	int status;

	if (argc != 4) {
		fprintf(stderr, "usage: kill PROGRAM PATCH SUTURE\n");
		return 2;
	}
	settings.program = argv[1];
	settings.patch = argv[2];
	settings.suture = argv[3];
	status = sut_tap_run(tests, sizeof(tests) / sizeof(tests[0]));
	printf("# %u kills\n", settings.kills);
	return status;
}
