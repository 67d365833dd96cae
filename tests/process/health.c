// SPDX-License-Identifier: GPL-2.0-or-later
#include "health.h"
#include "base/guard.h"
#include "base/io.h"
#include "insn/insn.h"
#include "process/target.h"

#include <dirent.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GRACE_NS = 2000 * 1000 * 1000, POLL_US = 200, MASK_SAMPLES = 20 };

struct thread_status {
	char state;
	long tracer;
	uint64_t blocked;
};

static bool read_status(pid_t pid, pid_t tid, struct thread_status *status)
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	SUT_FCLOSE FILE *file = fopen(path, "r");
	if (!file)
		return false;
	*status = (struct thread_status){0};
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "State: %c", &status->state);
		sscanf(line, "TracerPid: %ld", &status->tracer);
		sscanf(line, "SigBlk: %lx", &status->blocked);
	}
	return status->state != 0;
}

/*
 * The storm's signal is blocked while its handler runs, which on a busy machine is most of the
 * time. What we might leave blocked would be all of them.
 */
static const uint64_t watched = ~(UINT64_C(1) << (SIGUSR1 - 1));

static void find_threads(struct health *health)
{
	char path[32];
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/task", health->pid);
	SUT_CLOSEDIR DIR *dir = opendir(path);
	while (dir && (entry = readdir(dir)) && health->count < HEALTH_THREADS_MAX) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0)
			continue;
		health->tids[health->count] = tid;
		health->blocked[health->count++] = ~UINT64_C(0);
	}
}

void health_take(struct health *health, pid_t pid)
{
	*health = (struct health){.pid = pid};
	find_threads(health);
	/* What each blocks always: not what it does for the moment, in a handler or when it begins.
	 */
	for (int sample = 0; sample < MASK_SAMPLES; sample++) {
		for (size_t i = 0; i < health->count; i++) {
			struct thread_status status;

			if (read_status(pid, health->tids[i], &status))
				health->blocked[i] &= status.blocked;
		}
		usleep(POLL_US);
	}
}

static const char *thread_wrong(const struct health *health, size_t i)
{
	struct thread_status status;

	if (!read_status(health->pid, health->tids[i], &status))
		return "a thread is gone";
	if (status.state == 't' || status.state == 'T')
		return "a thread is stopped";
	if (status.tracer)
		return "a thread is traced";
	if ((status.blocked ^ health->blocked[i]) & watched)
		return "a thread has another signal mask";
	return NULL;
}

const char *health_wrong(const struct health *health)
{
	uint64_t start = sut_now_ns();

	for (size_t i = 0; i < health->count; i++) {
		const char *wrong;

		while ((wrong = thread_wrong(health, i))) {
			if (sut_now_ns() - start > GRACE_NS) {
				struct thread_status status = {0};

				read_status(health->pid, health->tids[i], &status);
				printf("# thread %d: state %c, tracer %ld, blocks %lx, before "
				       "%lx\n",
				       health->tids[i], status.state, status.tracer, status.blocked,
				       health->blocked[i]);
				return wrong;
			}
			usleep(POLL_US);
		}
	}
	return NULL;
}

/* A target and its program's file, both open. */
struct text {
	struct sut_target target;
	const struct sut_object *program;
	int file;
	GElf_Phdr code; /* its executable segment */
};

/* Not by mappings: pages of text that were exchanged are no file's. */
static bool read_code_segment(struct text *text)
{
	Elf *elf = elf_version(EV_CURRENT) ? elf_begin(text->file, ELF_C_READ, NULL) : NULL;
	bool found = false;

	for (int i = 0; elf && !found && gelf_getphdr(elf, i, &text->code); i++)
		found = text->code.p_type == PT_LOAD && text->code.p_flags & PF_X;
	elf_end(elf);
	return found;
}

static off_t file_offset(const struct text *text, uint64_t address)
{
	return (off_t)(address - text->program->bias - text->code.p_vaddr + text->code.p_offset);
}

static bool text_open(struct text *text, pid_t pid)
{
	struct sut_diag diag = {0};
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	text->file = open(path, O_RDONLY | O_CLOEXEC);
	text->program = NULL;
	if (sut_target_open(pid, false, &text->target, &diag) != SUT_OK)
		return false;
	for (size_t i = 0; i < text->target.object_count; i++)
		if (text->target.objects[i].executable)
			text->program = &text->target.objects[i];
	return text->program && text->file >= 0 && read_code_segment(text);
}

static void text_close(struct text *text)
{
	sut_target_close(&text->target);
	sut_guard_close(&text->file);
}

/* Same bytes in memory as in the file? Behind the file's end there are zeros. */
static bool same(const struct text *text, uint64_t address, size_t size)
{
	SUT_FREE unsigned char *memory = malloc(size);
	SUT_FREE unsigned char *file = calloc(1, size);

	return memory && file && sut_target_read(&text->target, address, memory, size) &&
	       pread(text->file, file, size, file_offset(text, address)) >= 0 &&
	       memcmp(memory, file, size) == 0;
}

bool health_text_original(pid_t pid)
{
	struct text text;
	bool original = text_open(&text, pid);
	uint64_t start;

	if (original) {
		start = text.program->bias + text.code.p_vaddr;
		original = same(&text, start, text.code.p_filesz);
		if (!original)
			printf("# pid %d: text at %lx differs, the program's ends at %lx\n", pid,
			       start, text.program->text_end);
	}
	text_close(&text);
	return original;
}

/* Bytes of the instruction that the file has at the address. */
static unsigned int first_length(const struct text *text, uint64_t address)
{
	enum { LENGTH_MAX = 15 };
	unsigned char code[LENGTH_MAX] = {0};
	struct sut_insn insn = {0};

	if (pread(text->file, code, sizeof(code), file_offset(text, address)) > 0)
		sut_insn_decode(code, sizeof(code), address, &insn);
	return insn.length;
}

size_t health_entries_changed(pid_t pid, const struct sut_patch *patch, bool behind)
{
	enum { ENTRY_SIZE = 5 };
	size_t changed = 0;
	struct text text;

	if (text_open(&text, pid))
		for (size_t i = 0; i < patch->func_count; i++) {
			uint64_t entry = text.program->bias + patch->funcs[i].pieces[0].address;
			unsigned int from = behind ? first_length(&text, entry) : 0;

			changed +=
				from < ENTRY_SIZE && !same(&text, entry + from, ENTRY_SIZE - from);
		}
	text_close(&text);
	return changed;
}
