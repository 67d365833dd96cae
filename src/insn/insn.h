/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86-64 instructions: what the host and create ask about code. Decoding is Zydis's; the questions
 * are ours. Nothing here allocates.
 */
#ifndef SUT_INSN_INSN_H
#define SUT_INSN_INSN_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sut_insn_kind {
	SUT_INSN_OTHER,
	SUT_INSN_JUMP,          /* direct jmp; target set */
	SUT_INSN_BRANCH,        /* conditional jump, also jrcxz, loop, xbegin; target set */
	SUT_INSN_CALL,          /* direct call; target set */
	SUT_INSN_JUMP_INDIRECT, /* target = the slot's address if it is [rip+disp], else 0 */
	SUT_INSN_CALL_INDIRECT, /* likewise */
	SUT_INSN_RETURN,
	SUT_INSN_SYSCALL,
	SUT_INSN_TRAP, /* int3, ud2, hlt */
};

/* BRANCH: what is not jcc has no 32-bit form and cannot be moved. */
enum { SUT_INSN_CONDITION_NONE = -1 };

struct sut_insn {
	enum sut_insn_kind kind;
	unsigned int length;       /* bytes */
	bool rip_relative;         /* has a memory operand [rip+disp32] */
	unsigned int displacement; /* rip_relative: offset of the disp32 in the instruction */
	int condition; /* BRANCH: the condition code of a jcc (0 to 15), or CONDITION_NONE */
	uint64_t address;
	uint64_t target; /* see kind */
	uint64_t memory; /* rip_relative: the address it refers to */
};

/*
 * Decodes the instruction at code, which lies at address. false: not decodable within size bytes,
 * or a branch with a 16-bit operand prefix, which Intel and AMD read differently.
 */
bool sut_insn_decode(const unsigned char *code, size_t size, uint64_t address,
		     struct sut_insn *insn);

enum { SUT_INSN_HEAD_MAX = 64 };

/* The start of a function, moved to another address: what the OLD path of a thunk runs. */
struct sut_insn_head {
	unsigned int consumed; /* bytes of the original that were moved: whole instructions, >= what
				  was asked */
	unsigned int size;     /* bytes of code[] that are used, the jump back included */
	unsigned char code[SUT_INSN_HEAD_MAX];
};

/*
 * Moves the first instructions of code (at address from, size bytes long) so that they run at
 * address to with the same effect, followed by a jump to from + consumed. At least `atleast` bytes
 * are consumed. SUT_UNSUPPORTED (rule "entry") when they contain what cannot be moved: a call (it
 * would leave a return address in the copy), loop/jrcxz, a trap, a branch back into the moved
 * bytes, a displacement out of reach, or the function ends too early. An unconditional jump or a
 * return may be the last moved instruction; then no jump back is added.
 */
enum sut_rc sut_insn_move_head(const unsigned char *code, size_t size, uint64_t from, uint64_t to,
			       unsigned int atleast, struct sut_insn_head *head,
			       struct sut_diag *diag);

/*
 * Calls visit for each instruction of the range, in order. visit returns false to stop (the result
 * is then SUT_OK). SUT_UNSUPPORTED (rule "decode") at the first byte that is no instruction.
 */
enum sut_rc sut_insn_walk(const unsigned char *code, size_t size, uint64_t address,
			  bool (*visit)(const struct sut_insn *insn, void *context), void *context,
			  struct sut_diag *diag);

/* What an instruction does to the stack pointer, and to what a function keeps for its caller. */
struct sut_insn_stack {
	int64_t by; /* is added to rsp; of a call: when it has returned */
	int popped; /* one of those registers, by its number in DWARF, that is popped; or -1 */
	uint32_t written; /* bits of those that get a new value in another way */
};

/* false: not decodable, or rsp gets a value that the instruction alone does not tell. */
bool sut_insn_stack(const unsigned char *code, size_t size, struct sut_insn_stack *stack);

/*
 * One line of AT&T assembly for a reader. name is asked for each address in the instruction, with
 * the offset of its field, and returns what to print for it ("puts"), or NULL for the number.
 * Text that does not fit is cut off. false: not decodable, text is then empty.
 */
bool sut_insn_format(const unsigned char *code, size_t size, uint64_t address, char *text,
		     size_t text_size, const char *(*name)(void *context, unsigned int field),
		     void *context);

/* e9 rel32 from `at` to `to` into code[5]; false when out of reach. */
bool sut_insn_jump(unsigned char code[5], uint64_t at, uint64_t to);

#endif
