/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two ways to leave a stack for another: the C library's, and (HAND) a few instructions of one's
 * own, as fast coroutine libraries have them, which no list of imports shows. HIDDEN: nor do these.
 */
#ifndef TESTS_PROCESS_WEAVE_SWITCH_H
#define TESTS_PROCESS_WEAVE_SWITCH_H

#include <stddef.h>

#ifdef HAND

/* Where a stack was left: everything else lies on it. */
struct place {
	void **sp;
};

void place_switch(struct place *from, struct place *to);

__asm__("	.text\n"
	"	.globl place_switch\n"
	"	.type place_switch, @function\n"
	"place_switch:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
#ifdef HIDDEN
	"	movq (%rsi), %rax\n"
	"	xchgq %rax, %rsp\n"
	"	movq %rax, (%rdi)\n"
#else
	"	movq %rsp, (%rdi)\n"
	"	movq (%rsi), %rsp\n"
#endif
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	"	.size place_switch, . - place_switch\n");

static inline void place_make(struct place *place, void *stack, size_t size, void (*run)(void))
{
	enum { REGISTERS = 6 };
	void **top = (void **)((char *)stack + size);

	top[-1] = NULL;
	top[-2] = (void *)run;
	place->sp = top - 2 - REGISTERS;
}

#else

#include <ucontext.h>

struct place {
	ucontext_t context;
};

static inline void place_switch(struct place *from, struct place *to)
{
	swapcontext(&from->context, &to->context);
}

static inline void place_make(struct place *place, void *stack, size_t size, void (*run)(void))
{
	getcontext(&place->context);
	place->context.uc_stack.ss_sp = stack;
	place->context.uc_stack.ss_size = size;
	makecontext(&place->context, run, 0);
}

#endif

#endif
