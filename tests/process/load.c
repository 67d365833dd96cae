// SPDX-License-Identifier: GPL-2.0-or-later
#include "load.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { WAIT_NS = 5000 * 1000 * 1000ull, POLL_US = 200 };

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

static void read_patch(struct load *load, const char *path)
{
	struct sut_diag diag = {0};
	struct sut_bytes bytes;

	if (sut_file_read(&load->patch_arena, path, SUT_PATCH_FILE_MAX, &bytes, &diag) != SUT_OK ||
	    sut_patch_read(&load->patch_arena, bytes.data, bytes.size, &load->patch, &diag) !=
		    SUT_OK)
		bail_out(diag.entry[0]);
	crypto_hash_sha256(load->digest, bytes.data, bytes.size);
}

void load_start(struct load *load, const char *program, const char *patch, long storm_us,
		bool visitors)
{
	int file = memfd_create("hammer", 0);
	uint64_t start = sut_now_ns();
	char path[32], storm[32];

	*load = (struct load){0};
	read_patch(load, patch);
	if (file < 0 || ftruncate(file, sizeof(*load->page)) < 0)
		bail_out("no memory to share with the target");
	load->page = mmap(NULL, sizeof(*load->page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	snprintf(storm, sizeof(storm), "%ld", storm_us);
	load->pid = fork();
	if (load->pid == 0) {
		execl(program, program, path, storm, visitors ? "1" : "0", NULL);
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
	sut_arena_deinit(&load->arena);
	sut_arena_deinit(&load->patch_arena);
}

static uint64_t get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
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
	const struct hammer_counts *counts = &load->page->counts[HAMMER_VISITORS];

	return (get(&counts->calls[1]) + get(&counts->calls[2])) / 4;
}

uint64_t load_mixed(const struct load *load)
{
	uint64_t sum = 0;

	for (int i = 0; i < HAMMER_COUNTS; i++)
		sum += get(&load->page->counts[i].mixed);
	return sum;
}

bool load_advances(const struct load *load)
{
	uint64_t start = sut_now_ns(), before[HAMMER_THREADS];
	const struct hammer_counts *counts = load->page->counts;

	for (int i = 0; i < HAMMER_THREADS; i++)
		before[i] = get(&counts[i].calls[1]) + get(&counts[i].calls[2]);
	for (int i = 0; i < HAMMER_THREADS; i++)
		while (get(&counts[i].calls[1]) + get(&counts[i].calls[2]) == before[i]) {
			if (sut_now_ns() - start > WAIT_NS)
				return false;
			usleep(POLL_US);
		}
	return true;
}

bool load_mixes(const struct load *load, uint64_t wait_ns)
{
	uint64_t start = sut_now_ns();

	while (!load_mixed(load)) {
		if (sut_now_ns() - start > wait_ns)
			return false;
		usleep(POLL_US);
	}
	return true;
}

static const struct sut_effect_options patiently = {.wait_ns = 10 * 1000 * 1000 * 1000ull};

static void show_blockers(const struct sut_blockers *blockers)
{
	for (size_t i = 0; i < blockers->count; i++)
		printf("# thread %d blocks: %s, system call %ld\n", blockers->list[i].tid,
		       sut_look_name(blockers->list[i].look), blockers->list[i].syscall);
}

bool load_apply(struct load *load)
{
	struct sut_diag diag = {0};
	struct sut_effect effect;

	if (sut_apply(&load->arena, load->pid, &load->patch, load->digest, &patiently, &effect,
		      &diag) == SUT_OK)
		return true;
	load_failed("apply", &diag);
	show_blockers(&effect.blockers);
	return false;
}

bool load_revert(struct load *load)
{
	struct sut_diag diag = {0};
	struct sut_effect effect;
	enum sut_rc rc =
		sut_revert(&load->arena, load->pid, load->patch.name, &patiently, &effect, &diag);

	if (rc != SUT_OK) {
		load_failed("revert", &diag);
		show_blockers(&effect.blockers);
	}
	sut_arena_deinit(&load->arena);
	load->arena = (struct sut_arena){0};
	return rc == SUT_OK;
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
