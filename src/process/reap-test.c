// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/reap.h"
#include "base/tap.h"

#include <pthread.h>
#include <signal.h>
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

	sut_reap_dead_threads();
	CHECK_EQUAL(pipe(born), 0);
	child = fork();
	if (child == 0) {
		run_target();
		_exit(1);
	}
	CHECK_EQUAL(read(born[0], &tid, sizeof(tid)), sizeof(tid));
	CHECK_EQUAL(ptrace(PTRACE_SEIZE, tid, 0, 0), 0);
	/* It executes its next program, or waits for the one that we trace. */
	usleep(300000);
	alarm(20);
	ptrace(PTRACE_SEIZE, child, 0, 0);
	alarm(0);
	CHECK_EQUAL(waitpid(tid, &status, __WALL | WNOHANG), -1);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
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
	{"children of this process are its own business", test_own_children},
};

SUT_TAP_MAIN(tests)
