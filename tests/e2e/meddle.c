// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What other tools may do to a process, for tests of refusals:
 *
 *   meddle print PID           one line that changes when its mappings or its code do
 *   meddle poke PID ADDRESS    a breakpoint at that link-time address of its program
 *   meddle scribble PID WHAT SEED   changes a few words of what a controller reads: of suture's
 *                              memory in there (suture), or of its program's tables (program)
 *   meddle trace PID           attaches to its main thread, until ended
 *   meddle lock PID            holds the lock of a controller at work, until ended
 *   meddle filter KIND COMMAND...   runs it under a seccomp filter: wx kills for memory that
 *                              becomes executable, kills and refuses do so for mremap of a page
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "meddle: %s: %s\n", what, strerror(errno));
	return 1;
}

static int open_proc(const char *pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	return open(path, flags | O_CLOEXEC);
}

static FILE *open_maps(const char *pid)
{
	int fd = open_proc(pid, "maps", O_RDONLY);

	return fd < 0 ? NULL : fdopen(fd, "r");
}

static void hash_range(crypto_hash_sha256_state *state, int memory, uint64_t at, uint64_t end)
{
	unsigned char page[4096];

	for (; at < end; at += sizeof(page))
		if (pread(memory, page, sizeof(page), (off_t)at) == sizeof(page))
			crypto_hash_sha256_update(state, page, sizeof(page));
}

static int print(const char *pid)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	int memory = open_proc(pid, "mem", O_RDONLY);
	FILE *maps = open_maps(pid);
	crypto_hash_sha256_state state;
	char line[512];

	if (!maps || memory < 0)
		return fail(pid);
	crypto_hash_sha256_init(&state);
	while (fgets(line, sizeof(line), maps)) {
		uint64_t start, end;
		char mode[5];

		crypto_hash_sha256_update(&state, (unsigned char *)line, strlen(line));
		if (sscanf(line, "%lx-%lx %4s", &start, &end, mode) == 3 && mode[2] == 'x' &&
		    !strstr(line, "[v"))
			hash_range(&state, memory, start, end);
	}
	crypto_hash_sha256_final(&state, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		printf("%02x", hash[i]);
	putchar('\n');
	return 0;
}

/* The first mapping is the program's, from its link-time address 0. */
static int poke(const char *pid, const char *address)
{
	static const unsigned char breakpoint = 0xcc;
	int memory = open_proc(pid, "mem", O_RDWR);
	FILE *maps = open_maps(pid);
	uint64_t base;

	if (!maps || memory < 0 || fscanf(maps, "%lx", &base) != 1 ||
	    pwrite(memory, &breakpoint, 1, (off_t)(base + strtoull(address, NULL, 16))) != 1)
		return fail(pid);
	return 0;
}

/* Memory that scribble() chooses from. */
struct part {
	uint64_t start;
	uint64_t end;
};

/* Ours is executable memory of no file, and what lies behind it. */
static size_t find_parts(FILE *maps, bool suture, struct part *parts, size_t most)
{
	uint64_t start, end, behind = 0;
	char line[512], mode[5];
	unsigned long inode;
	size_t count = 0;
	bool first = true;

	while (fgets(line, sizeof(line), maps) && count < most) {
		if (sscanf(line, "%lx-%lx %4s %*x %*s %lu", &start, &end, mode, &inode) != 4)
			continue;
		if (suture ? !inode && !strchr(line, '[') && (mode[2] == 'x' || start == behind)
			   : inode && (first || mode[1] == 'w'))
			parts[count++] = (struct part){start, end};
		behind = mode[2] == 'x' ? end : 0;
		first = false;
	}
	return count;
}

/* Words that mean something are changed, not the empty rest; into such as mean something, too. */
static int scribble(const char *pid, const char *what, unsigned int seed)
{
	enum { PARTS = 64, WORDS = 6, TRIES = 1000000 };
	int memory = open_proc(pid, "mem", O_RDWR);
	FILE *maps = open_maps(pid);
	struct part parts[PARTS];
	size_t count;

	if (!maps || memory < 0)
		return fail(pid);
	count = find_parts(maps, strcmp(what, "suture") == 0, parts, PARTS);
	srandom(seed);
	for (int written = 0, tries = 0; count && written < WORDS && tries < TRIES; tries++) {
		const struct part *part = &parts[(size_t)random() % count];
		uint64_t words = (part->end - part->start) / 8, word;
		uint64_t at = part->start + (uint64_t)random() % words * 8;
		const uint64_t values[] = {
			0,  1,           UINT64_MAX,    INT64_MAX,  (uint64_t)random(),
			at, part->start, part->end - 4, UINT32_MAX, 1u << 20};

		/* The first page has what leads to the rest. */
		if (tries % 2)
			at = part->start + (uint64_t)random() % 512 * 8;
		if (pread(memory, &word, sizeof(word), (off_t)at) != sizeof(word) || !word)
			continue;
		word = values[(size_t)random() % (sizeof(values) / sizeof(values[0]))];
		if (pwrite(memory, &word, sizeof(word), (off_t)at) != sizeof(word))
			return fail("write");
		written++;
	}
	return 0;
}

static _Noreturn void stay(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

static int trace(const char *pid)
{
	if (ptrace(PTRACE_SEIZE, atoi(pid), 0, 0) < 0)
		return fail(pid);
	stay();
}

static int lock(const char *pid)
{
	int file = open_proc(pid, "syscall", O_RDONLY);

	if (file < 0 || flock(file, LOCK_EX) < 0)
		return fail(pid);
	stay();
}

/* One call that is answered by the action, where the bits of its third argument are set. */
static int filter(const char *kind, char **command)
{
	bool wx = strcmp(kind, "wx") == 0;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, wx ? SYS_mprotect : SYS_mremap, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, wx ? PROT_EXEC : 4096, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, strcmp(kind, "refuses") == 0 ? SECCOMP_RET_ERRNO | EPERM
								       : SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return fail("seccomp");
	execvp(command[0], command);
	return fail(command[0]);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "print") == 0)
		return print(argv[2]);
	if (argc == 4 && strcmp(argv[1], "poke") == 0)
		return poke(argv[2], argv[3]);
	if (argc == 5 && strcmp(argv[1], "scribble") == 0)
		return scribble(argv[2], argv[3], (unsigned int)atoi(argv[4]));
	if (argc == 3 && strcmp(argv[1], "trace") == 0)
		return trace(argv[2]);
	if (argc == 3 && strcmp(argv[1], "lock") == 0)
		return lock(argv[2]);
	if (argc >= 4 && strcmp(argv[1], "filter") == 0)
		return filter(argv[2], argv + 3);
	fprintf(stderr, "usage: see the head of meddle.c\n");
	return 2;
}
