// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/trial.h"
#include "base/guard.h"
#include "process/process.h"
#include "process/trace.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
	BACK_WAIT_S = 2,   /* for threads, in one attempt to take a patch back */
	BACK_PAUSE_S = 5,  /* between two attempts */
	BACK_TRIES = 1000, /* then an operator has to look */
};

uint64_t sut_trial_end(pid_t pid, const char *name)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_diag ignored = {0};
	struct sut_state state;

	if (sut_state_read(&arena, pid, &state, &ignored) != SUT_OK)
		return 0;
	for (size_t i = 0; i < state.patch_count; i++)
		if (!strcmp(state.patches[i].name, name) && state.patches[i].trial_ns)
			return state.patches[i].trial_ns;
	return 0;
}

/* The earliest end of a trial of the patch in any process, or 0: there is none. */
static uint64_t earliest_end(const char *name)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_pid_list pids;
	struct sut_diag ignored = {0};
	uint64_t earliest = 0;

	if (sut_targets_find(&arena, NULL, &pids, &ignored) != SUT_OK)
		return 0;
	for (size_t i = 0; i < pids.count; i++) {
		uint64_t end = sut_trial_end(pids.pids[i], name);

		if (end && (!earliest || end < earliest))
			earliest = end;
	}
	return earliest;
}

static void sleep_until(uint64_t end)
{
	const struct timespec then = {.tv_sec = (time_t)(end / 1000000000u),
				      .tv_nsec = (long)(end % 1000000000u)};

	while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &then, NULL) != 0)
		;
}

/* false: to be tried again. */
static bool back_in(pid_t pid, const char *name)
{
	const struct sut_effect_options options = {.wait_ns = BACK_WAIT_S * UINT64_C(1000000000),
						   .overdue = true};
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_effect effect;
	struct sut_diag diag = {0};
	enum sut_rc rc = sut_revert(&arena, pid, name, &options, &effect, &diag);

	if (rc == SUT_RETRY)
		return false;
	if (rc != SUT_OK && rc != SUT_GONE)
		syslog(LOG_ERR, "the trial of %s in process %d is over, and it stays: %s", name,
		       (int)pid, diag.entry[0]);
	else if (rc == SUT_OK && !effect.nothing)
		syslog(LOG_WARNING, "the trial of %s is over: taken back in process %d", name,
		       (int)pid);
	return true;
}

/* All processes in which the trial has ended by now. */
static void take_back(const char *name)
{
	uint64_t now = sut_boot_ns();
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_pid_list pids;
	struct sut_diag ignored = {0};
	bool left = true;

	if (sut_targets_find(&arena, NULL, &pids, &ignored) != SUT_OK)
		return;
	for (size_t i = 0; i < pids.count; i++) {
		uint64_t end = sut_trial_end(pids.pids[i], name);

		if (!end || end > now)
			pids.pids[i] = 0;
	}
	for (int turn = 0; left && turn < BACK_TRIES; turn++) {
		if (turn)
			sleep(BACK_PAUSE_S);
		left = false;
		for (size_t i = 0; i < pids.count; i++) {
			if (pids.pids[i] && back_in(pids.pids[i], name))
				pids.pids[i] = 0;
			left |= pids.pids[i] != 0;
		}
	}
	if (left)
		syslog(LOG_ERR, "the trial of %s is over, and threads still hold it", name);
}

static void watch(const char *name, int lease)
{
	uint64_t end;
	char byte;

	prctl(PR_SET_NAME, "suture-trial");
	sut_trace_prepare();
	openlog("suture", LOG_PID, LOG_DAEMON);
	while (read(lease, &byte, 1) > 0)
		;
	while ((end = earliest_end(name))) {
		sleep_until(end);
		take_back(name);
	}
}

/* Keeps nothing of the controller: no terminal, no folder, no descriptor that somebody waits for.
 */
static bool detach(int lease)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || setsid() < 0 || chdir("/") < 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			return false;
	if (lease != 3 && dup2(lease, 3) < 0)
		return false;
	return close_range(4, ~0U, 0) == 0;
}

enum sut_rc sut_trial_begin(const char *name, int *lease, struct sut_diag *diag)
{
	int ends[2], status;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return sut_fail_errno(diag, "a pipe");
	child = fork();
	if (child == 0) {
		close(ends[1]);
		if (!detach(ends[0]))
			_exit(1);
		child = fork();
		if (child == 0) {
			watch(name, 3);
			_exit(0);
		}
		_exit(child < 0);
	}
	close(ends[0]);
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
		close(ends[1]);
		return sut_fail(diag, SUT_SYSTEM, NULL,
				"the process that ends the trial could not be started");
	}
	*lease = ends[1];
	return SUT_OK;
}
