// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A target may hold anything where a program, a link map, our run-time and our records are looked
 * for. A small sound process is made of files (its memory too, at the addresses that its maps say),
 * the input changes words of it and bytes of the texts, and everything that only reads a target is
 * run over that, up to a planned revert.
 */
#include "process/dynamic.h"
#include "process/look.h"
#include "process/memory.h"
#include "process/switch.h"
#include "base/guard.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where things are in the target. */
enum {
	BASE = 0x400000,
	NOTE = BASE + 0x400,
	HASH = BASE + 0x500,
	SYMBOLS = BASE + 0x600,
	STRINGS = BASE + 0x700,
	RELOCS = BASE + 0x800,
	TEXT = BASE + 0x1000,
	DYNAMIC = BASE + 0x2000,
	DEBUG = BASE + 0x2400,
	LINK_MAP = BASE + 0x2440,
	TCB = BASE + 0x4000,
	STACK = BASE + 0x6000,
	STACK_END = BASE + 0x8000,
	RUNTIME = BASE + 0x10000,
	CONTROL = RUNTIME + SUT_RT_TEXT_SIZE,
	ZONE_TEXT = CONTROL + SUT_RT_DATA_SIZE,
	ZONE_DATA = ZONE_TEXT + 0x10000,
	END = ZONE_DATA + 0x10000,
	PATCHES = ZONE_DATA + 0x100, /* two of them, with two functions each, and one planned */
	FUNCS = PATCHES + 0x1000,
	NAMES = FUNCS + 0x1000,
	PIECES = NAMES + 0x100,
	JUMPS = PIECES + 0x400,
	USE = JUMPS + 0x400,
	TRANSITION = USE + 0x100,
	RANGES = TRANSITION + 0x400,
	LATE = RANGES + 0x400, /* an object that has come */
	PART = LATE + 0x200,
	OBJECT_SIZE = 0x3000,
	STACK_OFFSET = 0x690,
	TID = 1,
	SP = STACK_END - 0x400,
};

static unsigned char image[END - BASE];

static void put(uint64_t at, const void *data, size_t size)
{
	memcpy(image + (at - BASE), data, size);
}

static void put_words(uint64_t at, size_t count, const uint64_t *words)
{
	put(at, words, count * sizeof(words[0]));
}

#define WORDS(at, ...)                                                                             \
	put_words(at, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (uint64_t[]){__VA_ARGS__})

static void build_object(void)
{
	static const Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 4,
	};
	static const Elf64_Phdr segments[] = {
		{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = BASE, .p_memsz = 0x1800},
		{.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = DYNAMIC, .p_memsz = 0x1000},
		{.p_type = PT_NOTE, .p_vaddr = NOTE, .p_filesz = 36},
		{.p_type = PT_DYNAMIC, .p_vaddr = DYNAMIC, .p_memsz = 12 * sizeof(Elf64_Dyn)},
	};
	static const struct {
		Elf64_Nhdr header;
		char name[4];
		unsigned char id[20];
	} note = {{4, 20, NT_GNU_BUILD_ID}, "GNU", {1, 2, 3}};
	static const Elf64_Sym symbols[] = {
		{0},
		{.st_name = 3, .st_info = STT_FUNC, .st_shndx = SHN_UNDEF},
		{.st_name = 1, .st_info = STT_FUNC, .st_shndx = 1, .st_value = TEXT},
	};
	static const Elf64_Rela reloc = {DYNAMIC + 0x800, ELF64_R_INFO(1, R_X86_64_JUMP_SLOT), 0};

	put(BASE, &header, sizeof(header));
	put(BASE + sizeof(header), segments, sizeof(segments));
	put(NOTE, &note, sizeof(note));
	/* One bucket, whose only chain is that of "f": its hash, with the end marked. */
	put(HASH, (uint32_t[]){1, 2, 1, 6, 0, 0, 2, 177675}, 8 * sizeof(uint32_t));
	put(SYMBOLS, symbols, sizeof(symbols));
	put(STRINGS, "\0f\0g", 5);
	put(RELOCS, &reloc, sizeof(reloc));
	WORDS(DYNAMIC, DT_SYMTAB, SYMBOLS, DT_STRTAB, STRINGS, DT_STRSZ, 5, DT_GNU_HASH, HASH,
	      DT_JMPREL, RELOCS, DT_PLTRELSZ, sizeof(reloc), DT_DEBUG, DEBUG, DT_RELA, RELOCS,
	      DT_RELASZ, sizeof(reloc), DT_NULL, 0);
	WORDS(DEBUG, 1, LINK_MAP);
	WORDS(LINK_MAP, 0, 0, DYNAMIC, 0, 0);
}

static void build_thread(void)
{
	WORDS(TCB, TCB, 0, TCB);
	WORDS(TCB + STACK_OFFSET, 0, STACK_END - 0x100);
	WORDS(SP, TEXT + 8, ZONE_TEXT + 0x40);
}

static void build_runtime(void)
{
	struct sut_rt_header header = {
		.magic = SUT_RT_MAGIC,
		.version = SUT_RT_VERSION,
		.size = 0x4000,
		.control = CONTROL,
		.decide = 0x100,
	};
	struct sut_rt_control control = {
		.magic = SUT_RT_MAGIC,
		.version = SUT_RT_VERSION,
		.mark_next = 0x1002,
		.text = RUNTIME,
		.patches = PATCHES,
		.zones = ZONE_DATA,
		.transition = TRANSITION,
		.closing_next = 8,
		.generation = 3,
		.slack = TEXT + 0x700,
		.slack_size = 64,
		.slack_tid = TID,
		.page_count = 1,
		.pages = {ZONE_TEXT},
		.core = {.patches = (struct sut_core_patch *)(uintptr_t)USE},
		.loader = {.debug = DEBUG, .late = LATE, .hooked = 1},
	};
	struct sut_rt_zone zone = {
		.object = BASE,
		.text = ZONE_TEXT,
		.text_size = 0x10000,
		.core_used = 0x800,
		.image_used = 0x800,
		.data = ZONE_DATA,
		.data_size = 0x10000,
		.data_used = 0x4000,
	};

	put(RUNTIME, &header, sizeof(header));
	put(CONTROL, &control, sizeof(control));
	put(ZONE_DATA, &zone, sizeof(zone));
}

static const uint64_t planned = SUT_RT_LATE_PLACE + 2 * SUT_RT_LATE_OBJECT;

static void build_late(void)
{
	struct sut_rt_late late = {
		.name = NAMES,
		.state = SUT_RT_LATE_HERE,
		.planned = planned,
		.arena_planned = planned - SUT_RT_LATE_OBJECT,
		.bias = BASE,
		.low = BASE,
		.high = BASE + OBJECT_SIZE,
		.arena = ZONE_TEXT,
		.parts = PART,
		.build_id_size = 20,
		.build_id = {1, 2, 3},
	};
	struct sut_rt_part part = {
		.late = LATE,
		.patch = PATCHES,
		.text_size = 0x1000,
		.core_size = 0x800,
		.here = 1,
	};

	put(LATE, &late, sizeof(late));
	put(PART, &part, sizeof(part));
}

/* Of the instance of an object that may come. */
static void build_planned(unsigned int i)
{
	struct sut_rt_func func = {
		.entry = planned + 0x1000,
		.size = 0x40,
		.head = planned - SUT_RT_LATE_OBJECT + 0x100,
		.code = planned - SUT_RT_LATE_OBJECT + 0x8000,
		.code_size = 0x40,
		.flags = SUT_RT_FUNC_DIRECT | SUT_RT_FUNC_PLAIN | SUT_RT_FUNC_PLANNED,
		.name = NAMES,
		.pieces = PIECES + 0x200,
		.piece_count = 2,
		.jumps = JUMPS + 0x200,
		.jump_count = 1,
		.late = LATE,
	};
	struct sut_rt_range pieces[2] = {
		{func.entry, func.entry + func.size, SUT_RT_RANGE_OLD, 0},
		{func.code - 1, func.code + func.code_size, SUT_RT_RANGE_NEW, 0},
	};
	struct sut_rt_jump jump = {SUT_RT_JUMP_ELSEWHERE, SUT_RT_RANGE_NEW};

	put(FUNCS + 0x400 * (uint64_t)i + 2 * sizeof(func), &func, sizeof(func));
	put(func.pieces, pieces, sizeof(pieces));
	put(func.jumps, &jump, sizeof(jump));
}

static uint64_t patch_address(unsigned int i)
{
	return PATCHES + 0x400 * (uint64_t)i;
}

/* The newer one lies over the older one's first function, by a pun. */
static void build_patches(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t at = patch_address(i);
		struct sut_core_patch use = {
			.next = (void *)(uintptr_t)(i ? 0 : USE + 0x40),
			.patch = (void *)(uintptr_t)(patch_address(!i) +
						     offsetof(struct sut_rt_patch, klp)),
		};
		struct sut_rt_patch patch = {
			.next = i ? 0 : patch_address(1),
			.state = i ? SUT_RT_APPLIED : SUT_RT_REVERTING,
			.func_count = 3,
			.name = "fix",
			.version = "1",
			.funcs = FUNCS + 0x400 * (uint64_t)i,
			.transition = i ? 0 : TRANSITION,
			.object_count = 1,
		};

		put(at, &patch, sizeof(patch));
		put(USE + 0x40 * (uint64_t)i, &use, sizeof(use));
		build_planned(i);
		for (unsigned int k = 0; k < 2; k++) {
			struct sut_rt_func func = {
				.entry = TEXT + 0x100 * (uint64_t)k,
				.size = 0x40,
				.original = UINT64_C(0x1122334455667788),
				.head = ZONE_TEXT + 0x100 + 0x40 * (uint64_t)(2 * i + k),
				.code = ZONE_TEXT + 0x8000 + 0x100 * (uint64_t)(2 * i + k),
				.code_size = 0x40,
				.slot = k ? ZONE_TEXT + 0x1010 : 0,
				.land = k ? ZONE_TEXT + 0x1000 : 0,
				.pun_mask = k ? 0xff : 0,
				.flags = k ? SUT_RT_FUNC_PUN : SUT_RT_FUNC_DIRECT,
				.name = NAMES + 8 * k,
				.pieces = PIECES + 0x40 * (uint64_t)(2 * i + k),
				.piece_count = 2,
				.jumps = JUMPS + 0x40 * (uint64_t)(2 * i + k),
				.jump_count = 2,
			};
			struct sut_rt_range pieces[2] = {
				{func.entry, func.entry + func.size, SUT_RT_RANGE_OLD, 0},
				{func.code - 1, func.code + func.code_size, SUT_RT_RANGE_NEW, 0},
			};
			struct sut_rt_jump jumps[2] = {
				{TEXT + 0x100 * (uint64_t)!k, SUT_RT_RANGE_OLD},
				{SUT_RT_JUMP_ELSEWHERE, SUT_RT_RANGE_NEW},
			};

			put(FUNCS + 0x400 * (uint64_t)i + k * sizeof(func), &func, sizeof(func));
			put(func.pieces, pieces, sizeof(pieces));
			put(func.jumps, jumps, sizeof(jumps));
		}
	}
	put(NAMES, "first\0\0\0second", 15);
}

static void build_transition(void)
{
	struct sut_rt_transition t = {
		.patch = PATCHES,
		.mark_new = 0x1000,
		.mark_old = 0x1001,
		.armed = 1,
		.closing = 4,
		.ranges = RANGES,
		.range_count = 2,
		.low = TEXT,
		.high = ZONE_TEXT + 0x9000,
		.stack_offset = STACK_OFFSET,
		.main_tcb = TCB,
		.main_low = STACK,
		.main_high = STACK_END,
		.list_count = {1, 1, 1, 1},
		.list = {FUNCS, FUNCS, FUNCS, FUNCS},
		.names = NAMES + 0x40,
		.name_count = 2,
	};
	struct sut_rt_range ranges[2] = {
		{TEXT, TEXT + 0x40, SUT_RT_RANGE_OLD, 0},
		{ZONE_TEXT + 0x8000, ZONE_TEXT + 0x8040, SUT_RT_RANGE_NEW, 1},
	};

	put(TRANSITION, &t, sizeof(t));
	put(RANGES, ranges, sizeof(ranges));
	WORDS(NAMES + 0x40, NAMES, NAMES + 8);
}

/* The files of the process, beside its memory. */
enum { MAPS, STATUS, STAT, SYSCALL, FILE_COUNT };

static const struct {
	const char *path;
	const char *text;
} files[FILE_COUNT] = {
	[MAPS] = {"maps", "400000-402000 r-xp 00000000 fe:00 12 /bin/it\n"
			  "402000-403000 rw-p 00002000 fe:00 12 /bin/it\n"
			  "404000-405000 rw-p 00000000 00:00 0 \n"
			  "406000-408000 rw-p 00000000 00:00 0 [stack]\n"
			  "410000-420000 r-xp 00000000 00:00 0 \n"
			  "420000-442000 rw-p 00000000 00:00 0 \n"
			  "442000-452000 r-xp 00000000 00:00 0 \n"
			  "452000-462000 rw-p 00000000 00:00 0 \n"},
	[STATUS] = {"status", "Name:\tit\nTracerPid:\t0\nThreads:\t1\nSeccomp:\t0\n"},
	[STAT] = {"stat", "1 (it) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 0 20 0 1 0\n"},
	[SYSCALL] = {"task/1/syscall", "0 0x0 0x0 0x0 0x0 0x0 0x0 0x407c00 0x401200\n"},
};

static char folder[] = "/tmp/fuzz-memory-XXXXXX";
static int folder_fd = -1, memory_fd = -1;

static void remove_folder(void)
{
	static const char *const rest[] = {"auxv", "task/1/schedstat", "task/1/stat"};

	for (size_t i = 0; i < FILE_COUNT; i++)
		unlinkat(folder_fd, files[i].path, 0);
	for (size_t i = 0; i < SUT_ARRAY_SIZE(rest); i++)
		unlinkat(folder_fd, rest[i], 0);
	unlinkat(folder_fd, "task/1", AT_REMOVEDIR);
	unlinkat(folder_fd, "task", AT_REMOVEDIR);
	rmdir(folder);
}

static void write_file(const char *path, const void *data, size_t size)
{
	SUT_CLOSE int fd = openat(folder_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
}

static void build(void)
{
	static const Elf64_auxv_t vector[] = {{AT_PHDR, {BASE + sizeof(Elf64_Ehdr)}},
					      {AT_NULL, {0}}};

	build_object();
	build_thread();
	build_runtime();
	build_patches();
	build_late();
	build_transition();
	memory_fd = memfd_create("memory", MFD_CLOEXEC);
	folder_fd = mkdtemp(folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (memory_fd < 0 || folder_fd < 0 || mkdirat(folder_fd, "task", 0700) ||
	    mkdirat(folder_fd, "task/1", 0700))
		abort();
	atexit(remove_folder);
	write_file("auxv", vector, sizeof(vector));
	write_file("task/1/schedstat", "1 2 3\n", 6);
	write_file("task/1/stat", files[STAT].text, strlen(files[STAT].text));
	for (size_t i = 0; i < FILE_COUNT; i++)
		write_file(files[i].path, files[i].text, strlen(files[i].text));
}

/* One change. */
struct edit {
	uint8_t where;
	uint8_t how;
	uint16_t offset;
	uint8_t value[8];
};

static const uint32_t regions[] = {
	BASE,    NOTE,    HASH,      SYMBOLS, RELOCS, DYNAMIC, LINK_MAP, TCB, TCB + STACK_OFFSET,
	RUNTIME, CONTROL, ZONE_DATA, PATCHES, FUNCS,  PIECES,  JUMPS,    USE, TRANSITION,
	RANGES,  NAMES,   SP,        LATE,    PART,
};

static const uint64_t telling[] = {
	0,       1,         UINT64_MAX, INT64_MAX, UINT32_MAX, 1 << 20,
	1 << 24, BASE,      TEXT,       TCB,       STACK_END,  RUNTIME,
	CONTROL, ZONE_TEXT, ZONE_DATA,  PATCHES,   FUNCS,      PIECES,
	JUMPS,   USE,       TRANSITION, RANGES,    LINK_MAP,   DYNAMIC,
	END - 8, END,       BASE - 1,   LATE,      PART,       SUT_RT_LATE_PLACE,
};

static char texts[FILE_COUNT][4096];

static void change_text(const struct edit *edit)
{
	char *text = texts[edit->where % FILE_COUNT];
	size_t length = strlen(text);

	if (edit->how % 2 && length + 9 < sizeof(texts[0])) {
		size_t at = edit->offset % (length + 1);

		memmove(text + at + 8, text + at, length + 1 - at);
		memcpy(text + at, edit->value, 8);
	} else if (length) {
		text[edit->offset % length] = (char)edit->value[0];
	}
}

static void change_memory(unsigned char *memory, const struct edit *edit)
{
	uint64_t at = regions[edit->where % SUT_ARRAY_SIZE(regions)] + edit->offset % 0x400;
	unsigned int which = edit->value[0] % SUT_ARRAY_SIZE(telling);

	switch (edit->how % 4) {
	case 0:
		memcpy(memory + (at - BASE), edit->value, 8);
		break;
	case 1:
		memcpy(memory + ((at & ~UINT64_C(7)) - BASE), &telling[which], 8);
		break;
	case 2:
		memcpy(memory + ((at & ~UINT64_C(3)) - BASE), edit->value, 4);
		break;
	case 3:
		memory[at - BASE] = edit->value[0];
		break;
	}
}

static void change(const uint8_t *data, size_t size)
{
	static unsigned char memory[sizeof(image) + 0x400];
	bool written[FILE_COUNT] = {false};
	static bool changed[FILE_COUNT];

	memcpy(memory, image, sizeof(image));
	for (size_t i = 0; i < FILE_COUNT; i++)
		strcpy(texts[i], files[i].text);
	for (size_t at = 0; size - at >= sizeof(struct edit); at += sizeof(struct edit)) {
		struct edit edit;

		memcpy(&edit, data + at, sizeof(edit));
		if (edit.where < 0xe0) {
			change_memory(memory, &edit);
			continue;
		}
		change_text(&edit);
		written[edit.where % FILE_COUNT] = true;
	}
	for (size_t i = 0; i < FILE_COUNT; i++) {
		if (written[i] || changed[i])
			write_file(files[i].path, texts[i], strlen(texts[i]));
		changed[i] = written[i];
	}
	if (ftruncate(memory_fd, 0) ||
	    pwrite(memory_fd, memory, sizeof(image), BASE) != sizeof(image))
		abort();
}

static void plan_reverts(struct sut_runtime *runtime, struct sut_arena *arena,
			 struct sut_memory *memory)
{
	for (size_t i = 0; i < memory->use_count; i++) {
		struct sut_plan plan = {.runtime = runtime,
					.arena = arena,
					.lates = &memory->lates};
		struct sut_change *changes;
		struct sut_diag diag = {0};
		uint64_t transition;
		size_t count;

		sut_changes_disable(arena, memory, memory->use[i], &changes, &count);
		sut_switch_plan(&plan, memory, SUT_SWITCH_DISABLE, memory->use[i]->address, true,
				changes, count, &transition, &diag);
	}
}

static void read_all(struct sut_target *target, struct sut_arena *arena)
{
	static const char *const names[] = {"makecontext", "g", NULL};
	struct sut_blockers blockers = {0};
	struct sut_runtime runtime;
	struct sut_looker looker;
	struct sut_memory memory;
	struct sut_diag diag = {0};
	uint64_t address;

	if (sut_target_refresh(target, &diag) != SUT_OK)
		return;
	if (sut_target_check(target, &diag) != SUT_OK)
		return;
	sut_dynamic_resolve(target, "f", &address, &diag);
	for (size_t i = 0; i < target->object_count; i++) {
		sut_dynamic_imports(target, &target->objects[i], names);
		sut_dynamic_came_later(target, target->objects[i].dynamic + 1);
	}
	sut_runtime_present(target);
	if (sut_runtime_find(target, &runtime, &diag) != SUT_OK)
		return;
	sut_look_before(&runtime, arena, &diag);
	if (!runtime.placed || sut_memory_read(&runtime, arena, &memory, &diag) != SUT_OK)
		return;
	plan_reverts(&runtime, arena, &memory);
	if (sut_looker_init(&looker, &runtime, memory.control.transition, arena, &diag) == SUT_OK &&
	    sut_look_all(&looker, false, &blockers, &diag) == SUT_OK)
		sut_look_names(&looker, &blockers);
	sut_runtime_tidy(&runtime, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_target target = {.pid = getpid(), .leader = -1, .lock = -1};
	struct sut_pages pages = {.arena = &arena};
	struct sut_thread_files thread_files;

	if (memory_fd < 0)
		build();
	sut_thread_files_init(&thread_files);
	target.pages = &pages;
	target.files = &thread_files;
	change(data, size);
	target.folder = dup(folder_fd);
	target.tasks = openat(folder_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	target.memory = dup(memory_fd);
	read_all(&target, &arena);
	sut_target_close(&target);
	return 0;
}
