// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file behind a target's mapping is the target's: its tables are followed over a stack that is
 * full of addresses in it, and its symbols and lines are looked up for people.
 */
#include "process/symbol.h"
#include "base/guard.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

enum {
	STACK = 0x7f0000,
	STACK_END = STACK + 0x4000,
	SP = STACK_END - 0x1000,
	CODE = 0x400, /* where the seeds have theirs */
	CODE_SIZE = 0x100,
};

static char folder[] = "/tmp/fuzz-unwind-XXXXXX";
static int folder_fd = -1, exe_fd = -1, memory_fd = -1;

/* What the libraries lose of a damaged file is theirs. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libelf\nleak:libdw\n";
}

static void remove_folder(void)
{
	unlinkat(folder_fd, "exe", 0);
	rmdir(folder);
}

static void build(void)
{
	uint64_t words[(STACK_END - STACK) / 8];

	for (size_t i = 0; i < SUT_ARRAY_SIZE(words); i++)
		words[i] = i % 3 ? CODE + i * 7 % CODE_SIZE : STACK + 8 * i;
	folder_fd = mkdtemp(folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	exe_fd = openat(folder_fd, "exe", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	memory_fd = memfd_create("memory", MFD_CLOEXEC);
	if (exe_fd < 0 || pwrite(memory_fd, words, sizeof(words), STACK) != sizeof(words))
		abort();
	atexit(remove_folder);
}

/* The memory shows the build-id that the file has. */
static void read_build_id(struct sut_object *object)
{
	Elf *elf;
	const void *id;
	ssize_t size;

	elf_version(EV_CURRENT);
	elf = elf_begin(exe_fd, ELF_C_READ, NULL);
	size = elf ? dwelf_elf_gnu_build_id(elf, &id) : -1;
	if (size > 0 && size <= (ssize_t)sizeof(object->build_id)) {
		memcpy(object->build_id, id, (size_t)size);
		object->build_id_size = (size_t)size;
	}
	elf_end(elf);
}

static void follow(const struct sut_unwind *unwind, struct sut_arena *arena)
{
	static const struct sut_thread_layout layout = {.main_low = STACK, .main_high = STACK_END};
	struct sut_stopped stopped = {.sp = SP, .save = {.rsp = SP, .rbp = SP + 0x40, .rbx = SP}};
	struct sut_frames frames;

	for (uint64_t pc = CODE; pc < CODE + CODE_SIZE; pc += 16) {
		stopped.pc = stopped.save.rip = pc;
		sut_unwind(unwind, &layout, &stopped, &frames);
		sut_unwind_asleep(unwind, &layout, getpid(), pc, SP, &frames);
	}
	sut_symbol_find(arena, &unwind->objects[0], CODE + 8);
	sut_symbol_find(arena, &unwind->objects[0], CODE + CODE_SIZE / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_object object = {
		.high = UINT32_MAX, .executable = true, .path = "/exe", .build_id_size = 0};
	struct sut_target target = {.pid = getpid(),
				    .leader = -1,
				    .lock = -1,
				    .tasks = -1,
				    .object_count = 1,
				    .objects = &object};
	struct sut_unwind unwind;

	if (memory_fd < 0)
		build();
	if (ftruncate(exe_fd, 0) || pwrite(exe_fd, data, size, 0) != (ssize_t)size)
		abort();
	read_build_id(&object);
	target.folder = folder_fd;
	target.memory = memory_fd;
	sut_unwind_open(&target, &unwind);
	follow(&unwind, &arena);
	sut_unwind_close(&unwind);
	return 0;
}
