/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code between a function's entry and its versions while a transition runs. */
#ifndef SUT_PROCESS_THUNK_H
#define SUT_PROCESS_THUNK_H

#include "process/rt/words.h"

#include <stdbool.h>
#include <stdint.h>

enum { SUT_THUNK_SIZE = 112 };

struct sut_thunk {
	uint64_t address;
	enum sut_rt_home home;
	uint32_t mark_new;
	uint64_t dir;        /* address of the byte to test, within reach */
	uint64_t transition; /* address of struct sut_rt_transition */
	uint64_t decide;     /* address of sut_rt_decide */
	bool asks;           /* always: its program switches stacks */
	uint32_t callee;     /* SUT_RT_CALLEE_*: the function, for decide */
	uint64_t old_code;   /* within reach */
	uint64_t new_code;
};

/*
 * Emits it into code[SUT_THUNK_SIZE]. false: something is out of reach.
 *
 *	cmpl $mark_new, %fs:mark	threads that have gone over: no register is touched,
 *	jne  slow			five instructions; only where the words are in the TCB
 *	testb $1, dir(%rip)
 *	jne  slow
 *	jmp  new_code
 * slow:	save all caller-saved registers (callers may know which of them the function uses
 *and keep values in the others), decide(transition, stack pointer, callee), restore, jmp  new_code
 *or old_code by a flag: a word in memory could be overwritten by a handler
 */
bool sut_thunk_emit(const struct sut_thunk *thunk, unsigned char code[SUT_THUNK_SIZE]);

#endif
