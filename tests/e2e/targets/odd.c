// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * odd KIND [NUMBER]: processes as few programs are. It prints "ready", and for each line that it
 * reads the version of the function that is patched. KIND is one of the table at the end.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

long version(void);
long stay(long turns);

__attribute__((noinline)) long version(void)
{
	__asm__ volatile("");
	return 1;
}

/* Never left, as main loops are. */
__attribute__((noinline)) long stay(long turns)
{
	for (;;) {
		pause();
		if (++turns == 0)
			return 1;
	}
}

static void say(const char *text)
{
	puts(text);
	fflush(stdout);
}

static void answer(void)
{
	char text[32];

	snprintf(text, sizeof(text), "version %ld", version());
	say(text);
}

static void *answer_all(void *unused)
{
	char line[64];

	(void)unused;
	while (fgets(line, sizeof(line), stdin))
		answer();
	exit(0);
}

static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void *stay_for_ever(void *unused)
{
	(void)unused;
	stay(1);
	return NULL;
}

static void begin(void *(*run)(void *))
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 * 1024);
	if (pthread_create(&thread, &small, run, NULL) != 0) {
		say("no thread");
		exit(1);
	}
}

static void play_plain(int number)
{
	(void)number;
	say("ready");
	answer_all(NULL);
}

/* The main thread ends and the others go on. */
static void play_zombie(int number)
{
	(void)number;
	begin(answer_all);
	say("ready");
	pthread_exit(NULL);
}

/* The main thread waits for its child in a way that nobody can interrupt. */
static void play_vfork(int number)
{
	if (number)
		begin(answer_all);
	say("ready");
	if (vfork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	sleep_for_ever(NULL);
}

static sigset_t held; /* SIGUSR1 alone */

/* Also from threads that begin later. */
static void hold_signal(void)
{
	sigemptyset(&held);
	sigaddset(&held, SIGUSR1);
	sigprocmask(SIG_BLOCK, &held, NULL);
}

static void await_signal(void)
{
	int got;

	sigwait(&held, &got);
}

static int share(void *unused)
{
	(void)unused;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

/*
 * A process that runs in the memory of this one, with its main thread's control block. number: it
 * comes with SIGUSR1, and until then a thread is in stay().
 */
static void play_share(int number)
{
	enum { SIZE = 64 * 1024 };
	/* As in a program that does not show that it may: share.c is one that does. */
	int (*make)(int (*run)(void *), void *stack, int flags, void *argument, ...) =
		(int (*)(int (*)(void *), void *, int, void *, ...))dlsym(RTLD_DEFAULT, "clone");
	pthread_t thread;

	hold_signal();
	begin(answer_all);
	if (number) {
		pthread_create(&thread, NULL, stay_for_ever, NULL);
		say("ready");
		await_signal();
	}
	make(share, (char *)malloc(SIZE) + SIZE, CLONE_VM | SIGCHLD, NULL);
	if (number) {
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
	say("ready");
	sleep_for_ever(NULL);
}

/* Each runs in the memory of its maker for a moment. */
static void play_spawns(int number)
{
	char *const arguments[] = {"true", NULL};
	pid_t child;

	(void)number;
	begin(sleep_for_ever);
	say("ready");
	for (;;) {
		version();
		if (posix_spawn(&child, "/bin/true", NULL, NULL, arguments, NULL) == 0)
			waitpid(child, NULL, 0);
	}
}

static void play_threads(int number)
{
	for (int i = 0; i < number; i++)
		begin(sleep_for_ever);
	play_plain(0);
}

/* SIGUSR1: another program, which is the same one. number: until then a thread is in stay(). */
static void play_exec(int number)
{
	hold_signal();
	begin(answer_all);
	if (number)
		begin(stay_for_ever);
	say("ready");
	await_signal();
	execl("/proc/self/exe", "odd", "plain", (char *)NULL);
}

/* Another image every few milliseconds, from another thread than the main one in turns. */
static void *next_image(void *main_thread)
{
	usleep(2000);
	execl("/proc/self/exe", "odd", "execs", main_thread ? "2" : "3", (char *)NULL);
	return NULL;
}

static void play_execs(int number)
{
	if (number == 1)
		say("ready");
	version();
	begin(sleep_for_ever);
	if (number == 2)
		begin(next_image);
	else
		next_image(&number);
	sleep_for_ever(NULL);
}

/* A thread of the kernel that polls for requests is listed among the program's. */
static void play_uring(int number)
{
	struct io_uring_params parameters = {.flags = IORING_SETUP_SQPOLL,
					     .sq_thread_idle = 10 * 1000};

	(void)number;
	if (syscall(SYS_io_uring_setup, 8, &parameters) < 0) {
		printf("no io_uring: %s\n", strerror(errno));
		fflush(stdout);
		exit(0);
	}
	play_plain(0);
}

/* A process for each question. */
static void play_forks(int number)
{
	char line[64];

	(void)number;
	begin(sleep_for_ever);
	say("ready");
	while (fgets(line, sizeof(line), stdin)) {
		if (fork() == 0) {
			answer();
			_exit(0);
		}
		wait(NULL);
	}
}

/* Says which child has ended that nobody waits for. */
static void play_ended(int number)
{
	siginfo_t info;
	pid_t child;

	(void)number;
	signal(SIGCHLD, SIG_DFL);
	child = fork();
	if (child == 0)
		_exit(0);
	waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
	printf("%d\n", child);
	fflush(stdout);
	sleep_for_ever(NULL);
}

static void end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it was faster */
		_exit(0);
}

static _Noreturn void live_shortly(pid_t parent)
{
	end_with(parent);
	for (int i = 0; i < 10; i++) {
		version();
		usleep(15 * 1000);
	}
	_exit(0);
}

/* Forks every 20 to 40 ms, while another thread sleeps and may be borrowed. */
static _Noreturn void fork_for_ever(pid_t parent, unsigned int seed)
{
	pid_t self = getpid();

	end_with(parent);
	begin(sleep_for_ever);
	for (;;) {
		if (fork() == 0)
			live_shortly(self);
		usleep(20 * 1000 + (useconds_t)(rand_r(&seed) % 20000));
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static void play_storm(int number)
{
	pid_t self = getpid();

	for (int i = 0; i < number; i++)
		if (fork() == 0)
			fork_for_ever(self, (unsigned int)i);
	play_plain(0);
}

static const struct {
	const char *name;
	void (*play)(int number);
} kinds[] = {
	{"plain", play_plain},     {"zombie", play_zombie}, {"vfork", play_vfork},
	{"threads", play_threads}, {"exec", play_exec},     {"execs", play_execs},
	{"uring", play_uring},     {"forks", play_forks},   {"storm", play_storm},
	{"ended", play_ended},     {"share", play_share},   {"spawns", play_spawns},
};

int main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i].name) == 0)
			kinds[i].play(argc > 2 ? atoi(argv[2]) : 0);
	return 1;
}
