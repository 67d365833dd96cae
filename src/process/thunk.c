// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/thunk.h"
#include "process/rt/layout.h"

#include <string.h>

struct emitter {
	unsigned char *code;
	uint64_t address;
	unsigned int used;
	bool failed;
};

static void bytes(struct emitter *e, const void *data, unsigned int size)
{
	if (e->used + size > SUT_THUNK_SIZE) {
		e->failed = true;
		return;
	}
	memcpy(e->code + e->used, data, size);
	e->used += size;
}

#define BYTES(e, ...)                                                                              \
	bytes(e, (const unsigned char[]){__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__}))

/* A 32-bit displacement to `to`, behind which `tail` more bytes of the instruction follow. */
static void relative(struct emitter *e, uint64_t to, unsigned int tail)
{
	int64_t distance = (int64_t)(to - (e->address + e->used + 4 + tail));
	int32_t displacement = (int32_t)distance;

	if (distance != displacement)
		e->failed = true;
	bytes(e, &displacement, sizeof(displacement));
}

static void save_registers(struct emitter *e)
{
	BYTES(e, 0x50, 0x57, 0x56, 0x52, 0x51);                   /* push rax rdi rsi rdx rcx */
	BYTES(e, 0x41, 0x50, 0x41, 0x51, 0x41, 0x52, 0x41, 0x53); /* push r8 r9 r10 r11 */
}

static void restore_registers(struct emitter *e)
{
	BYTES(e, 0x41, 0x5b, 0x41, 0x5a, 0x41, 0x59, 0x41, 0x58); /* pop r11 r10 r9 r8 */
	BYTES(e, 0x59, 0x5a, 0x5e, 0x5f, 0x58);                   /* pop rcx rdx rsi rdi rax */
}

/* Threads that have gone over, where their words are in the TCB. */
static void fast_path(struct emitter *e, const struct sut_thunk *thunk)
{
	uint32_t mark_offset = SUT_RT_THREAD + offsetof(struct sut_rt_thread, mark);
	unsigned int to_slow[2];

	BYTES(e, 0x64, 0x81, 0x3c, 0x25); /* cmpl $mark_new, %fs:mark */
	bytes(e, &mark_offset, sizeof(mark_offset));
	bytes(e, &thunk->mark_new, sizeof(thunk->mark_new));
	BYTES(e, 0x75, 0x00); /* jne slow */
	to_slow[0] = e->used;
	BYTES(e, 0xf6, 0x05); /* testb $1, dir(%rip) */
	relative(e, thunk->dir, 1);
	BYTES(e, 0x01, 0x75, 0x00); /* jne slow */
	to_slow[1] = e->used;
	BYTES(e, 0xe9); /* jmp new_code */
	relative(e, thunk->new_code, 0);
	for (int i = 0; i < 2; i++)
		e->code[to_slow[i] - 1] = (unsigned char)(e->used - to_slow[i]);
}

bool sut_thunk_emit(const struct sut_thunk *thunk, unsigned char code[SUT_THUNK_SIZE])
{
	struct emitter e = {.code = code, .address = thunk->address};

	memset(code, 0xcc, SUT_THUNK_SIZE);
	if (thunk->home == SUT_RT_HOME_TCB && !thunk->asks)
		fast_path(&e, thunk);
	save_registers(&e);
	BYTES(&e, 0x48, 0xbf); /* movabs $transition, %rdi */
	bytes(&e, &thunk->transition, sizeof(thunk->transition));
	BYTES(&e, 0x48, 0x8d, 0x74, 0x24, 0x48); /* lea 72(%rsp), %rsi */
	BYTES(&e, 0xba);                         /* mov $callee, %edx */
	bytes(&e, &thunk->callee, sizeof(thunk->callee));
	BYTES(&e, 0x48, 0xb8); /* movabs $decide, %rax */
	bytes(&e, &thunk->decide, sizeof(thunk->decide));
	BYTES(&e, 0xff, 0xd0); /* call *%rax */
	BYTES(&e, 0x85, 0xc0); /* test %eax, %eax; pops keep the flags */
	restore_registers(&e);
	BYTES(&e, 0x0f, 0x85); /* jne new_code */
	relative(&e, thunk->new_code, 0);
	BYTES(&e, 0xe9); /* jmp old_code */
	relative(&e, thunk->old_code, 0);
	return !e.failed;
}
