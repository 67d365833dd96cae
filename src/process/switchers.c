// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A switch of stacks keeps the stack pointer at one place and takes another from a second one, at
 * once: no function does that with its own frame. Those that make room by the hour (alloca, arrays
 * of variable size, realigned frames) take back what they kept, or count from rbp.
 *
 * Instructions are not told from data or the middle of others: what is too much found only costs.
 */
#include "process/switchers.h"
#include "process/dynamic.h"

#include <string.h>

enum {
	CHUNK = 64 * 1024,
	INSN = 5,   /* bytes of an instruction that are looked at */
	NEAR = 32,  /* bytes between the two halves of a switch */
	FUNC = 4096 /* of makecontext, at most */
};

static bool imports_any(const struct sut_target *target, const struct sut_object *object)
{
	static const char *const switches[] = {"makecontext", "swapcontext", "setcontext",
					       "make_fcontext", "jump_fcontext", "ontop_fcontext",
					       "libucontext_makecontext", "libucontext_swapcontext",
					       "libucontext_setcontext", "coro_transfer",
					       "co_switch", "aco_resume", "pth_spawn",
					       /* Another process on a stack of its own, with the
						* thread's control block. */
					       "clone", NULL};
	/* A stack for signal handlers, left by longjmp and come back to: a portable way. */
	static const char *const handlers[] = {"sigaltstack", NULL};
	static const char *const jumps[] = {"longjmp", "_longjmp", "siglongjmp", "__longjmp_chk",
					    NULL};

	return sut_dynamic_imports(target, object, switches) ||
	       (sut_dynamic_imports(target, object, handlers) &&
		sut_dynamic_imports(target, object, jumps));
}

enum sp_use {
	SP_NONE,
	SP_KEPT,    /* goes elsewhere */
	SP_NEARLY,  /* an address near it does: `lea 8(%rsp), %rcx` */
	SP_TAKEN,   /* comes from a register ... */
	SP_TAKEN_IN /* ... or from memory, and not from the frame */
};

/* *with: the other operand, as a number that tells it from others. */
static enum sp_use use_of_sp(const unsigned char code[INSN], unsigned int *with)
{
	enum { SP = 4, BP = 5, REGISTER = 3, STORE = 0x89, LOAD = 0x8b, LEA = 0x8d, SIB_SP = 0x24 };
	unsigned int high_rm = code[0] & 1, high_reg = code[0] >> 2 & 1;
	unsigned int mod = code[2] >> 6, reg = code[2] >> 3 & 7, rm = code[2] & 7;
	bool loads = code[1] == LOAD;

	if ((code[0] & 0xfa) != 0x48 || (high_rm && high_reg))
		return SP_NONE;
	if (code[1] == LEA && mod == 1 && rm == SP && !high_rm && code[3] == SIB_SP)
		return SP_NEARLY;
	if (code[1] != STORE && !loads)
		return SP_NONE;
	if (mod == REGISTER && reg == SP && !high_reg) {
		*with = rm + 8 * high_rm;
		return loads ? SP_TAKEN : SP_KEPT;
	}
	if (mod == REGISTER && rm == SP && !high_rm) {
		*with = reg + 8 * high_reg;
		return loads ? SP_KEPT : SP_TAKEN;
	}
	if (mod == REGISTER || reg != SP || high_reg || rm == SP || (rm == BP && !high_rm))
		return SP_NONE;
	*with = 1u << 16 | (rm + 8 * high_rm) << 8 | (mod == 1 ? code[3] : 0);
	return loads ? SP_TAKEN_IN : SP_KEPT;
}

bool sut_switches_in(const unsigned char *code, size_t size)
{
	size_t kept_at = 0, nearly_at = 0;
	unsigned int kept = 0, with = 0;

	/* Places are counted from 1, so that 0 is none. */
	for (size_t i = 1; i + INSN <= size + 1; i++) {
		switch (use_of_sp(code + i - 1, &with)) {
		case SP_NONE:
			break;
		case SP_KEPT:
			kept_at = i;
			kept = with;
			break;
		case SP_NEARLY:
			nearly_at = i;
			break;
		case SP_TAKEN_IN:
			if (nearly_at && i - nearly_at <= NEAR)
				return true;
			/* fall through */
		case SP_TAKEN:
			if (kept_at && i - kept_at <= NEAR && with != kept)
				return true;
			break;
		}
	}
	return false;
}

static bool has_switch(const struct sut_target *target, const struct sut_object *object)
{
	unsigned char code[CHUNK];

	for (size_t i = 0; i < target->map_count; i++) {
		const struct sut_map *map = &target->maps[i];

		if (!map->exec || map->start < object->low || map->end > object->high)
			continue;
		for (uint64_t at = map->start; at < map->end; at += CHUNK - NEAR - INSN) {
			size_t size = map->end - at < CHUNK ? map->end - at : CHUNK;

			if (!sut_target_read(target, at, code, size))
				break;
			if (sut_switches_in(code, size))
				return true;
		}
	}
	return false;
}

bool sut_switches_stacks(const struct sut_target *target, const struct sut_object *object)
{
	/* Of many processes that run one program the code is read once. */
	static _Thread_local struct answer {
		unsigned char build_id[SUT_PATCH_BUILD_ID_MAX];
		size_t size;
		bool yes;
	} answers[2];
	struct answer *last = &answers[object->executable];

	if (!last->size || last->size != object->build_id_size ||
	    memcmp(object->build_id, last->build_id, last->size) != 0) {
		last->yes = imports_any(target, object) || has_switch(target, object);
		last->size = object->build_id_size;
		memcpy(last->build_id, object->build_id, last->size);
	}
	return last->yes;
}

/* makecontext() puts it on the new stack: the one place in code whose address it takes. */
uint64_t sut_switches_bottom(const struct sut_target *target)
{
	enum { LEA_SIZE = 7 };
	unsigned char code[FUNC];
	uint64_t start, size;

	if (!sut_dynamic_function(target, "makecontext", &start, &size) || size > sizeof(code) ||
	    !sut_target_read(target, start, code, size))
		return 0;
	for (uint64_t i = 0; i + LEA_SIZE <= size; i++) {
		const struct sut_map *map;
		int32_t distance;
		uint64_t to;

		/* lea distance(%rip), reg */
		if ((code[i] & 0xfb) != 0x48 || code[i + 1] != 0x8d || (code[i + 2] & 0xc7) != 5)
			continue;
		memcpy(&distance, code + i + 3, sizeof(distance));
		to = start + i + LEA_SIZE + (uint64_t)(int64_t)distance;
		map = sut_target_map(target, to);
		if (map && map->exec)
			return to;
	}
	return 0;
}
