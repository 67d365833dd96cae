// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libdw parses the tables, and the rules that it finds are carried out here: libdwfl's own unwinder
 * follows frame pointers where a table does not lead on, and does not say so.
 *
 * The tables come from files. Of the target's memory only the words of the stack are used that a
 * table names, and each step must lead up the thread's own stack, so it ends. A file is the one
 * that is mapped: by the kernel's own link where we may follow that, else by its path as the target
 * sees it; the build-id that the target's memory shows must be in it.
 */
#include "process/unwind.h"
#include "process/unwind-code.h"
#include "base/guard.h"
#include "base/io.h"

#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Opening what a target put in place of a file must not wait for it. */
enum { FILE_FLAGS = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

/* fd, or -1 when it is no file, or larger than any program: the tables are read as a whole. */
static int keep_file(int fd)
{
	const off_t most = INT32_MAX;
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= most))
		return fd;
	close(fd);
	return -1;
}

/* A path as the target sees it. Links in there lead on in there, absolute ones, too. */
static int open_inside(const struct sut_target *target, const char *path)
{
	SUT_CLOSE int root = openat(target->folder, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = {
		.flags = FILE_FLAGS,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static int open_file(const struct sut_target *target, const struct sut_object *object)
{
	const struct sut_map *map = sut_target_map(target, object->low);
	char path[64];
	int fd = -1;

	if (map) {
		snprintf(path, sizeof(path), "map_files/%" PRIx64 "-%" PRIx64, map->start,
			 map->end);
		fd = keep_file(openat(target->folder, path, FILE_FLAGS));
	}
	if (fd < 0 && object->executable)
		fd = keep_file(openat(target->folder, "exe", FILE_FLAGS));
	return fd < 0 ? keep_file(open_inside(target, object->path)) : fd;
}

static bool is_file_of(Elf *elf, const struct sut_object *object)
{
	const void *id;
	ssize_t size = dwelf_elf_gnu_build_id(elf, &id);

	return size > 0 && (size_t)size == object->build_id_size &&
	       memcmp(id, object->build_id, object->build_id_size) == 0;
}

static void open_object(const struct sut_target *target, const struct sut_object *object,
			struct sut_unwind_object *o)
{
	GElf_Ehdr header;

	*o = (struct sut_unwind_object){
		.low = object->low,
		.high = object->high,
		.bias = object->bias,
		.executable = object->executable,
		.name = sut_base_name(object->path),
		.fd = open_file(target, object),
	};
	if (o->fd >= 0)
		o->elf = elf_begin(o->fd, ELF_C_READ, NULL);
	if (o->elf && (!is_file_of(o->elf, object) || !gelf_getehdr(o->elf, &header))) {
		elf_end(o->elf);
		o->elf = NULL;
	}
	if (!o->elf)
		return;
	o->entry = o->bias + header.e_entry;
	o->cfi = dwarf_getcfi_elf(o->elf);
}

void sut_unwind_open(const struct sut_target *target, struct sut_unwind *unwind)
{
	*unwind = (struct sut_unwind){.target = target, .count = target->object_count};
	unwind->objects =
		sut_arena_array(&unwind->arena, unwind->count, sizeof(unwind->objects[0]));
	elf_version(EV_CURRENT);
	for (size_t i = 0; i < unwind->count; i++)
		open_object(target, &target->objects[i], &unwind->objects[i]);
}

void sut_unwind_close(struct sut_unwind *unwind)
{
	for (size_t i = 0; i < unwind->count; i++) {
		struct sut_unwind_object *o = &unwind->objects[i];

		if (o->cfi)
			dwarf_cfi_end(o->cfi);
		elf_end(o->elf);
		sut_guard_close(&o->fd);
	}
	sut_arena_deinit(&unwind->arena);
	*unwind = (struct sut_unwind){0};
}

static bool is_known(const struct sut_unwind_machine *m, uint64_t reg)
{
	return reg < REGISTERS && m->known & (1u << reg);
}

/*
 * What compilers write: an offset from a register or from the CFA, or the pointer to a realigned
 * frame. None has an operation with two operands, so of the expression's stack only the top is
 * kept. In a procedure linkage table there are such; a thread that is just there is seen again
 * later.
 */
static bool evaluate(const struct sut_unwind_machine *m, const Dwarf_Op *ops, size_t count,
		     uint64_t *value)
{
	for (size_t i = 0; i < count; i++) {
		const Dwarf_Op *op = &ops[i];

		if (op->atom == DW_OP_call_frame_cfa)
			*value = m->cfa;
		else if (op->atom == DW_OP_bregx && is_known(m, op->number))
			*value = m->reg[op->number] + op->number2;
		else if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31 &&
			 is_known(m, op->atom - (uint64_t)DW_OP_breg0))
			*value = m->reg[op->atom - DW_OP_breg0] + op->number;
		else if (op->atom == DW_OP_plus_uconst && i)
			*value += op->number;
		else if (op->atom != DW_OP_deref || !i ||
			 !sut_target_read(m->target, *value, value, sizeof(*value)))
			return false;
	}
	return count > 0;
}

/* A register as the frame's caller has it. *known is false when the frame does not keep it. */
static bool caller_register(const struct sut_unwind_machine *m, Dwarf_Frame *frame, int reg,
			    uint64_t *value, bool *known)
{
	Dwarf_Op memory[3], *ops;
	size_t count;

	if (dwarf_frame_register(frame, reg, memory, &ops, &count) != 0)
		return false;
	*known = count || (!ops && is_known(m, (uint64_t)reg));
	if (!*known)
		return true;
	*value = m->reg[reg];
	if (!count)
		return true;
	if (ops[count - 1].atom == DW_OP_stack_value)
		return evaluate(m, ops, count - 1, value);
	return evaluate(m, ops, count, value) &&
	       sut_target_read(m->target, *value, value, sizeof(*value));
}

/* The frame's registers become those of its caller. false: they cannot be found. */
static bool go_up(struct sut_unwind_machine *m, Dwarf_Frame *frame, uint64_t stack_end)
{
	static const int kept[] = {RBX, RBP, R12, R13, R14, R15, RIP};
	struct sut_unwind_machine caller = {.target = m->target};
	Dwarf_Op *ops;
	size_t count;

	if (dwarf_frame_cfa(frame, &ops, &count) != 0 || !evaluate(m, ops, count, &m->cfa) ||
	    m->cfa <= m->reg[RSP] || m->cfa > stack_end || m->cfa % 8)
		return false;
	for (size_t i = 0; i < SUT_ARRAY_SIZE(kept); i++) {
		bool known;

		if (!caller_register(m, frame, kept[i], &caller.reg[kept[i]], &known))
			return false;
		caller.known |= (uint32_t)known << kept[i];
	}
	caller.reg[RSP] = m->cfa;
	caller.known |= 1u << RSP;
	*m = caller;
	return is_known(m, RIP);
}

static bool is_outermost(Dwarf_Frame *frame)
{
	Dwarf_Op memory[3], *ops;
	size_t count;

	return dwarf_frame_register(frame, RIP, memory, &ops, &count) == 0 && !count &&
	       ops == memory;
}

static const struct sut_unwind_object *find_object(const struct sut_unwind *unwind, uint64_t pc)
{
	for (size_t i = 0; i < unwind->count; i++)
		if (pc >= unwind->objects[i].low && pc < unwind->objects[i].high)
			return &unwind->objects[i];
	return NULL;
}

bool sut_unwind_at_entry(const struct sut_frame *frame)
{
	enum { SIZE = 64 };

	return frame->object && frame->object->executable &&
	       frame->pc - frame->object->entry < SIZE;
}

/*
 * Was the frame, in a C library without tables, called by what starts a thread? Of frames that
 * never return there is no way to a return. Every one above it would have a return address there,
 * so the first word that may be one tells, whatever else lies on the stack.
 */
static enum sut_unwind_end add_start(const struct sut_unwind *unwind,
				     const struct sut_unwind_machine *m, uint64_t stack_end,
				     struct sut_frames *frames)
{
	uint64_t at = sut_unwind_first_return(unwind->target, m->reg[RSP], stack_end), word;
	struct sut_frame start;

	if (frames->count == 1 || frames->count == SUT_FRAMES_MAX || !at ||
	    !sut_target_read(unwind->target, at, &word, sizeof(word)))
		return SUT_UNWIND_UNKNOWN;
	start = (struct sut_frame){word - 1, find_object(unwind, word - 1), true};
	if (!start.object ||
	    (!sut_unwind_at_entry(&start) && !sut_unwind_ends_thread(unwind->target, word)))
		return SUT_UNWIND_UNKNOWN;
	frames->frame[frames->count++] = start;
	return SUT_UNWIND_OUTERMOST;
}

static void start(const struct sut_target *target, const struct sut_stopped *stopped,
		  struct sut_unwind_machine *m)
{
	const struct sut_rt_save *s = &stopped->save;

	/* rax may be a restarted system call's already; no table uses it. */
	*m = (struct sut_unwind_machine){
		.target = target,
		.reg = {s->rax, s->rdx, s->rcx, s->rbx, s->rsi, s->rdi, s->rbp, s->rsp, s->r8,
			s->r9, s->r10, s->r11, s->r12, s->r13, s->r14, s->r15, stopped->pc},
		.known = (1u << REGISTERS) - 1,
	};
}

static bool find_table(const struct sut_unwind_object *object, uint64_t pc, Dwarf_Frame **frame)
{
	return object && object->cfi &&
	       dwarf_cfi_addrframe(object->cfi, pc - object->bias, frame) == 0;
}

bool sut_unwind_has_table(const struct sut_unwind_object *object, uint64_t pc)
{
	SUT_FREE Dwarf_Frame *frame = NULL;

	return find_table(object, pc, &frame);
}

static enum sut_unwind_end walk(const struct sut_unwind *unwind,
				const struct sut_thread_layout *layout, pid_t tid,
				struct sut_unwind_machine *m, struct sut_frames *frames)
{
	uint64_t pc = m->reg[RIP];
	struct sut_thread_stack stack;

	frames->count = 0;
	if (!sut_thread_stack(unwind->target, layout, tid, m->reg[RSP], &stack))
		return SUT_UNWIND_FOREIGN;
	while (frames->count < SUT_FRAMES_MAX) {
		const struct sut_unwind_object *object = find_object(unwind, pc);
		SUT_FREE Dwarf_Frame *frame = NULL;
		struct sut_frame *now = &frames->frame[frames->count++];
		bool signal;

		*now = (struct sut_frame){pc, object, false};
		if (!find_table(object, pc, &frame)) {
			if (!object || !object->by_code)
				return SUT_UNWIND_UNKNOWN;
			now->by_code = true;
			if (!sut_unwind_code(m, stack.high))
				return add_start(unwind, m, stack.high, frames);
			pc = m->reg[RIP] - 1;
			continue;
		}
		if (dwarf_frame_info(frame, NULL, NULL, &signal) != RIP)
			return SUT_UNWIND_BROKEN;
		if (signal)
			return SUT_UNWIND_SIGNAL;
		if (is_outermost(frame))
			return SUT_UNWIND_OUTERMOST;
		if (!go_up(m, frame, stack.high))
			return SUT_UNWIND_BROKEN;
		pc = m->reg[RIP] - 1;
	}
	return SUT_UNWIND_DEEP;
}

enum sut_unwind_end sut_unwind(const struct sut_unwind *unwind,
			       const struct sut_thread_layout *layout,
			       const struct sut_stopped *stopped, struct sut_frames *frames)
{
	struct sut_unwind_machine m;

	start(unwind->target, stopped, &m);
	return walk(unwind, layout, stopped->tid, &m, frames);
}

enum sut_unwind_end sut_unwind_asleep(const struct sut_unwind *unwind,
				      const struct sut_thread_layout *layout, pid_t tid,
				      uint64_t pc, uint64_t sp, struct sut_frames *frames)
{
	struct sut_unwind_machine m = {
		.target = unwind->target,
		.reg = {[RSP] = sp, [RIP] = pc},
		.known = 1u << RSP | 1u << RIP,
	};

	return walk(unwind, layout, tid, &m, frames);
}
