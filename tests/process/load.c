// SPDX-License-Identifier: GPL-2.0-or-later
#include "load.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sodium.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { WAIT_NS = 20 * 1000 * 1000 * 1000ull, POLL_US = 200 };

static void bail_out(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

void load_failed(const char *what, const struct sut_diag *diag)
{
	printf("# %s: %s\n", what, diag->count ? diag->entry[0] : "no reason given");
	sut_tap_failed = true;
}

static void read_fix(struct sut_arena *arena, struct fix *fix)
{
	struct sut_diag diag = {0};
	struct sut_bytes bytes;

	if (sut_file_read(arena, fix->path, SUT_PATCH_FILE_MAX, &bytes, &diag) != SUT_OK ||
	    sut_patch_read(arena, bytes.data, bytes.size, &fix->patch, &diag) != SUT_OK)
		bail_out(diag.entry[0]);
	crypto_hash_sha256(fix->digest, bytes.data, bytes.size);
}

void fixes_read(struct fixes *fixes, const char *folder)
{
	snprintf(fixes->program, sizeof(fixes->program), "%s/hammer", folder);
	for (int i = FIX_2; i < FIX_COUNT; i++) {
		struct fix *fix = &fixes->list[i];

		snprintf(fix->path, sizeof(fix->path), "%s/fix-%d.sut", folder, i);
		read_fix(&fixes->arena, fix);
	}
}

/* What systemd makes of MemoryDenyWriteExecute=, but deadly. */
static bool install_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {SUT_ARRAY_SIZE(code), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static pid_t fork_as(pid_t pid)
{
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};

	return pid ? (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments)) : fork();
}

void load_start(struct load *load, const struct fixes *fixes, struct load_options options)
{
	int file = memfd_create("hammer", 0);
	uint64_t start = sut_now_ns();
	char path[32], storm[32];

	*load = (struct load){.fixes = fixes};
	if (file < 0 || ftruncate(file, sizeof(*load->page)) < 0)
		bail_out("no memory to share with the target");
	load->page = mmap(NULL, sizeof(*load->page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	snprintf(storm, sizeof(storm), "%ld", options.storm_us);
	load->pid = fork_as(options.pid);
	if (load->pid < 0)
		bail_out("no process");
	if (load->pid == 0) {
		if ((fixes->filtered && !install_filter()) ||
		    (options.nice && setpriority(PRIO_PROCESS, 0, options.nice) < 0))
			_exit(126);
		execl(fixes->program, fixes->program, path, storm, options.visitors ? "1" : "0",
		      options.forkers ? "1" : "0", NULL);
		_exit(127);
	}
	close(file);
	while (!__atomic_load_n(&load->page->ready, __ATOMIC_ACQUIRE)) {
		if (sut_now_ns() - start > WAIT_NS)
			bail_out("the target does not start");
		usleep(POLL_US);
	}
}

void load_end(struct load *load)
{
	int status = 0;

	CHECK_EQUAL(kill(load->pid, SIGKILL), 0);
	CHECK_EQUAL(waitpid(load->pid, &status, 0), load->pid);
	/* By our signal, and not by one of its own before. */
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	munmap(load->page, sizeof(*load->page));
}

static uint64_t get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

uint64_t counts_all(const struct hammer_counts *counts)
{
	uint64_t sum = 0;

	for (int version = 1; version <= HAMMER_VERSIONS; version++)
		sum += get(&counts->calls[version]);
	return sum;
}

uint64_t load_calls(const struct load *load, int version)
{
	uint64_t sum = 0;

	for (int i = 0; i < HAMMER_COUNTS; i++)
		sum += get(&load->page->counts[i].calls[version]);
	return sum;
}

uint64_t load_signals(const struct load *load)
{
	uint64_t sum = 0;

	for (int i = 0; i < HAMMER_COUNTS; i++)
		sum += get(&load->page->counts[i].signals);
	return sum;
}

/* Each calls outer() four times deep. */
uint64_t load_visitors(const struct load *load)
{
	return counts_all(&load->page->counts[HAMMER_VISITORS]) / 4;
}

uint64_t load_mixed(const struct load *load)
{
	uint64_t sum = 0;

	for (int i = 0; i < HAMMER_COUNTS; i++)
		sum += get(&load->page->counts[i].mixed);
	return sum;
}

uint64_t load_met(const struct load *load)
{
	uint64_t met = 0;

	for (int i = 0; i < HAMMER_COUNTS; i++)
		met |= get(&load->page->counts[i].met);
	return met;
}

bool load_advances(const struct load *load)
{
	uint64_t start = sut_now_ns(), before[HAMMER_THREADS];
	const struct hammer_counts *counts = load->page->counts;

	for (int i = 0; i < HAMMER_THREADS; i++)
		before[i] = counts_all(&counts[i]);
	for (int i = 0; i < HAMMER_THREADS; i++)
		while (counts_all(&counts[i]) == before[i]) {
			if (sut_now_ns() - start > WAIT_NS)
				return false;
			usleep(POLL_US);
		}
	return true;
}

bool load_runs(const struct load *load, int version)
{
	uint64_t before[HAMMER_VERSIONS + 1];

	for (int i = 1; i <= HAMMER_VERSIONS; i++)
		before[i] = load_calls(load, i);
	if (!load_advances(load))
		return false;
	for (int i = 1; i <= HAMMER_VERSIONS; i++)
		if ((load_calls(load, i) != before[i]) != (i == version)) {
			printf("# pid %d: %llu calls of version %d while %d runs\n", load->pid,
			       (unsigned long long)(load_calls(load, i) - before[i]), i, version);
			return false;
		}
	return true;
}

static void show_blockers(const struct sut_blockers *blockers)
{
	for (size_t i = 0; i < blockers->count; i++)
		printf("# thread %d blocks: %s, system call %ld\n", blockers->list[i].tid,
		       sut_look_name(blockers->list[i].look), blockers->list[i].syscall);
}

static struct sut_effect_options patience(bool wait)
{
	return (struct sut_effect_options){.wait_ns = wait ? 10 * 1000 * 1000 * 1000ull : 0};
}

enum sut_rc fix_apply(const struct fix *fix, pid_t pid, bool wait, struct sut_effect *effect,
		      struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_effect_options options = patience(wait);
	struct sut_effect ignored;
	enum sut_rc rc;

	effect = effect ? effect : &ignored;
	*effect = (struct sut_effect){0};
	rc = sut_apply(&arena, pid, &fix->patch, fix->digest, &options, effect, diag);
	if (rc != SUT_OK && wait)
		show_blockers(&effect->blockers);
	effect->blockers = (struct sut_blockers){0};
	return rc;
}

enum sut_rc fix_revert(const struct fix *fix, pid_t pid, bool wait, struct sut_effect *effect,
		       struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_effect_options options = patience(wait);
	struct sut_effect ignored;
	enum sut_rc rc;

	effect = effect ? effect : &ignored;
	*effect = (struct sut_effect){0};
	rc = sut_revert(&arena, pid, fix->patch.name, &options, effect, diag);
	if (rc != SUT_OK && wait)
		show_blockers(&effect->blockers);
	effect->blockers = (struct sut_blockers){0};
	return rc;
}

enum sut_rc fix_force(const struct fix *fix, pid_t pid, struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_effect_options options = patience(true);
	struct sut_effect effect;

	return sut_force(&arena, pid, fix->patch.name, &options, &effect, diag);
}

bool load_apply(struct load *load, int fix)
{
	struct sut_diag diag = {0};

	if (fix_apply(&load->fixes->list[fix], load->pid, true, NULL, &diag) == SUT_OK)
		return true;
	load_failed("apply", &diag);
	return false;
}

bool load_revert(struct load *load, int fix)
{
	struct sut_diag diag = {0};

	if (fix_revert(&load->fixes->list[fix], load->pid, true, NULL, &diag) == SUT_OK)
		return true;
	load_failed("revert", &diag);
	return false;
}

static int fix_of(const struct fixes *fixes, const char *name)
{
	int fix = FIX_2;

	while (fix < FIX_COUNT && strcmp(fixes->list[fix].patch.name, name) != 0)
		fix++;
	return fix;
}

static void look_at(int fix, const struct sut_state_patch *patch, unsigned int *newest,
		    struct fixes_state *result)
{
	switch (patch->state) {
	case SUT_RT_APPLYING:
	case SUT_RT_REVERTING:
		result->moving |= 1u << fix;
		break;
	case SUT_RT_APPLIED:
		result->in_use |= 1u << fix;
		if (fix <= HAMMER_VERSIONS && patch->order > *newest) {
			result->version = fix;
			*newest = patch->order;
		}
		break;
	case SUT_RT_REPLACED:
		result->replaced |= 1u << fix;
		break;
	default:
		break;
	}
}

enum sut_rc fixes_look(const struct fixes *fixes, pid_t pid, struct fixes_state *result,
		       struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	unsigned int newest = 0, seen = 0;
	struct sut_state state;
	enum sut_rc rc = sut_state_read(&arena, pid, &state, diag);

	*result = (struct fixes_state){.version = 1};
	for (size_t i = 0; rc == SUT_OK && i < state.patch_count; i++) {
		int fix = fix_of(fixes, state.patches[i].name);

		/* The newest of this name comes first; older ones are memory that is kept. */
		if (!(seen >> fix & 1))
			look_at(fix, &state.patches[i], &newest, result);
		seen |= 1u << fix;
	}
	return rc;
}

size_t load_maps(const struct load *load)
{
	char path[32];
	size_t lines = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", load->pid);
	SUT_FCLOSE FILE *file = fopen(path, "r");
	for (int c; file && (c = getc(file)) != EOF;)
		lines += c == '\n';
	return lines;
}

long load_kilobytes(const struct load *load, const char *key)
{
	char path[32], line[256];

	snprintf(path, sizeof(path), "/proc/%d/status", load->pid);
	SUT_FCLOSE FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			return strtol(line + strlen(key), NULL, 10);
	return -1;
}
