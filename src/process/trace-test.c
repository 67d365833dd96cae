// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/trace.h"
#include "base/tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int born[2];

static void *sleep_for_ever(void *unused)
{
	pid_t tid = gettid();

	if (write(born[1], &tid, sizeof(tid)) == sizeof(tid))
		pause();
	return unused;
}

static void *execute(void *unused)
{
	usleep(100000);
	execl("/bin/sleep", "sleep", "60", (char *)NULL);
	return unused;
}

static void run_target(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sleep_for_ever, NULL);
	pthread_create(&thread, NULL, execute, NULL);
	pause();
}

/* The hang would be one for ever: alarm() ends the test then. */
static void test_exec_goes_on(void)
{
	int status;
	pid_t child, tid;

	sut_trace_prepare();
	CHECK_EQUAL(pipe(born), 0);
	child = fork();
	if (child == 0) {
		run_target();
		_exit(1);
	}
	CHECK_EQUAL(read(born[0], &tid, sizeof(tid)), sizeof(tid));
	CHECK(sut_trace_seize(tid));
	/* It executes its next program, or waits for the one that we trace. */
	usleep(300000);
	alarm(20);
	sut_trace_seize(child);
	alarm(0);
	CHECK_EQUAL(sut_trace_wait(tid, &status), -1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

/* A child that ends in the meantime is a death that may be meant. */
static void test_stops_are_kept(void)
{
	pid_t child = fork();
	pid_t other;
	int status = 0;

	if (child == 0)
		for (;;)
			pause();
	CHECK(sut_trace_seize(child));
	CHECK(!sut_trace_seize(child));
	CHECK_EQUAL(sut_trace_wait(child, &status), 0);
	CHECK_EQUAL(ptrace(PTRACE_INTERRUPT, child, 0, 0), 0);
	usleep(100000);
	other = fork();
	if (other == 0)
		_exit(0);
	CHECK_EQUAL(waitpid(other, NULL, 0), other);
	CHECK_EQUAL(sut_trace_wait(child, &status), child);
	CHECK(WIFSTOPPED(status));
	sut_trace_end(child, status);
	CHECK(sut_trace_seize(child));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

/* While a child of vfork lives, its parent does not come to a stop. */
static void run_late(int lives_us)
{
	if (vfork() == 0) {
		usleep((useconds_t)lives_us);
		_exit(0);
	}
	_exit(write(born[1], "", 1) == 1 ? 0 : 1);
}

static void test_late_stop(void)
{
	enum { LIVES_US = 300 * 1000, TRIES = 500, PAUSE_US = 10 * 1000 };
	char path[32], byte;
	int tasks, status = 0, tries = 0;
	pid_t child = fork();

	if (child == 0)
		run_late(LIVES_US);
	usleep(LIVES_US / 3);
	snprintf(path, sizeof(path), "/proc/%d/task", child);
	tasks = open(path, O_RDONLY | O_DIRECTORY);
	CHECK(sut_trace_seize(child));
	CHECK_EQUAL(ptrace(PTRACE_INTERRUPT, child, 0, 0), 0);
	CHECK_EQUAL(sut_trace_wait(child, &status), 0);
	sut_trace_leave(child);
	CHECK_EQUAL(sut_trace_release_late(-1), 0);
	CHECK_EQUAL(sut_trace_release_late(tasks), 1);
	while (sut_trace_release_late(tasks) && tries++ < TRIES)
		usleep(PAUSE_US);
	CHECK(tries > 0 && tries < TRIES);
	CHECK_EQUAL(read(born[0], &byte, 1), 1);
	CHECK_EQUAL(waitpid(child, &status, 0), child);
	CHECK_EQUAL(WEXITSTATUS(status), 0);
	close(tasks);
}

/* A suspended test never ends. */
static void test_not_suspended(void)
{
	CHECK_EQUAL(kill(getpid(), SIGTSTP), 0);
	CHECK_EQUAL(kill(getpid(), SIGTTOU), 0);
}

static void test_own_children(void)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(7);
	usleep(100000);
	CHECK_EQUAL(waitpid(child, &status, 0), child);
	CHECK_EQUAL(WEXITSTATUS(status), 7);
}

static const struct sut_tap_test tests[] = {
	{"a target that executes another program does not wait for who traces it",
	 test_exec_goes_on},
	{"a stop is not taken from who waits for it", test_stops_are_kept},
	{"a thread that stops late goes on at a later try", test_late_stop},
	{"who traces is not suspended by a terminal", test_not_suspended},
	{"children of this process are its own business", test_own_children},
};

SUT_TAP_MAIN(tests)
