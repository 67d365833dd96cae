// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * musl's code has no unwind tables. But a compiler knows at each instruction how deep the stack is,
 * whichever way led there, so every way from it to a return shows how much is taken off the stack
 * until then, and which kept registers are popped from where. So no beginning of the function has
 * to be known, and no symbol. Ways are tried until one ends at a return:
 *
 *   - a branch goes both ways;
 *   - a direct jump is followed, also into another function, for it returns to the same caller;
 *   - a call is stepped over if the function that it calls has a way to a return on which it calls
 *     nobody. Others may never return, and what lies behind a call that does not is no code of this
 *     function.
 *
 * What sets the stack pointer otherwise, and a jump through a register, end a way.
 */
#include "process/unwind-code.h"
#include "insn/insn.h"

#include <string.h>

enum { STEPS_MAX = 400, BRANCHES_MAX = 32, INSN_MAX = 15 };

/* What all ways of one search share. */
struct search {
	unsigned int steps;
	size_t branch_count; /* that were tried: the stack is as deep there whichever way leads
				there */
	uint64_t branches[BRANCHES_MAX];
	bool calls; /* may be stepped over */
};

static bool find_return(struct search *search, struct sut_unwind_machine *m);

static bool returns(const struct sut_target *target, uint64_t function)
{
	struct search search = {0};
	struct sut_unwind_machine m = {.target = target, .reg = {[RIP] = function}};

	/* Only balance counts: there is no stack to read. */
	return find_return(&search, &m) && m.reg[RSP] == 8;
}

static bool was_tried(struct search *search, uint64_t branch)
{
	for (size_t i = 0; i < search->branch_count; i++)
		if (search->branches[i] == branch)
			return true;
	if (search->branch_count == BRANCHES_MAX)
		return true;
	search->branches[search->branch_count++] = branch;
	return false;
}

static bool decode(const struct sut_unwind_machine *m, struct sut_insn *insn,
		   struct sut_insn_stack *stack)
{
	unsigned char code[INSN_MAX + 1];

	return sut_target_read(m->target, m->reg[RIP], code, sizeof(code)) &&
	       sut_insn_decode(code, sizeof(code), m->reg[RIP], insn) &&
	       sut_insn_stack(code, sizeof(code), stack);
}

static void apply(struct sut_unwind_machine *m, const struct sut_insn_stack *stack)
{
	m->known &= ~stack->written;
	if (stack->popped >= 0) {
		m->known &= ~(1u << stack->popped);
		if (m->cfa && sut_target_read(m->target, m->reg[RSP], &m->reg[stack->popped], 8))
			m->known |= 1u << stack->popped;
	}
	m->reg[RSP] += (uint64_t)stack->by;
}

/* The other way first: the nearer one mostly is the usual, and errors are handled elsewhere. */
static bool try_branch(struct search *search, const struct sut_unwind_machine *m,
		       const struct sut_insn *insn, struct sut_unwind_machine *found)
{
	const uint64_t ways[] = {m->reg[RIP] + insn->length, insn->target};

	if (was_tried(search, insn->address))
		return false;
	for (int i = 0; i < 2; i++) {
		*found = *m;
		found->reg[RIP] = ways[i];
		if (find_return(search, found))
			return true;
	}
	return false;
}

static bool find_return(struct search *search, struct sut_unwind_machine *m)
{
	while (search->steps++ < STEPS_MAX) {
		struct sut_unwind_machine branched;
		struct sut_insn_stack stack;
		struct sut_insn insn;

		if (!decode(m, &insn, &stack))
			return false;
		switch (insn.kind) {
		case SUT_INSN_OTHER:
			apply(m, &stack);
			break;
		case SUT_INSN_SYSCALL: /* that of a function which makes no other call may end all
					*/
			if (!search->calls)
				return false;
			break;
		case SUT_INSN_CALL:
			if (!search->calls || !returns(m->target, insn.target))
				return false;
			break;
		case SUT_INSN_RETURN:
			apply(m, &stack);
			return true;
		case SUT_INSN_JUMP:
			m->reg[RIP] = insn.target;
			continue;
		case SUT_INSN_BRANCH:
			if (!try_branch(search, m, &insn, &branched))
				return false;
			*m = branched;
			return true;
		case SUT_INSN_JUMP_INDIRECT:
		case SUT_INSN_CALL_INDIRECT:
		case SUT_INSN_TRAP:
			return false;
		}
		m->reg[RIP] += insn.length;
	}
	return false;
}

bool sut_unwind_code(struct sut_unwind_machine *m, uint64_t stack_end)
{
	struct search search = {.calls = true};
	struct sut_unwind_machine caller = *m;

	/* Not 0: the stack can be read. */
	caller.cfa = m->reg[RSP];
	if (!find_return(&search, &caller) || caller.reg[RSP] <= m->reg[RSP] ||
	    caller.reg[RSP] > stack_end || caller.reg[RSP] % 8 ||
	    !sut_target_read(m->target, caller.reg[RSP] - 8, &caller.reg[RIP], 8))
		return false;
	caller.cfa = caller.reg[RSP];
	/* What a function may change its caller does not have. */
	caller.known &= 1u << RBX | 1u << RBP | 1u << R12 | 1u << R13 | 1u << R14 | 1u << R15;
	caller.known |= 1u << RSP | 1u << RIP;
	*m = caller;
	return true;
}

/* Does this address lie in code, behind what may be a call? */
static bool may_be_return(const struct sut_target *target, uint64_t address)
{
	enum { BEFORE = 7 }; /* the longest call */
	const struct sut_map *map = sut_target_map(target, address);
	unsigned char code[BEFORE];

	if (!map || !map->exec || !sut_target_read(target, address - BEFORE, code, BEFORE))
		return false;
	if (code[BEFORE - 5] == 0xe8)
		return true;
	/* ff /2, with none to five bytes behind it. */
	for (int i = 0; i + 1 < BEFORE; i++)
		if (code[i] == 0xff && (code[i + 1] & 0x38) == 0x10)
			return true;
	return false;
}

uint64_t sut_unwind_first_return(const struct sut_target *target, uint64_t sp, uint64_t stack_end)
{
	for (; sp + 8 <= stack_end; sp += 8) {
		uint64_t word;

		if (!sut_target_read(target, sp, &word, sizeof(word)))
			return 0;
		if (may_be_return(target, word))
			return sp;
	}
	return 0;
}

bool sut_unwind_ends_thread(const struct sut_target *target, uint64_t pc)
{
	/* mov %eax, %edi; xor %eax, %eax; mov $SYS_exit, %al; syscall */
	static const unsigned char ending[] = {0x89, 0xc7, 0x31, 0xc0, 0xb0, 0x3c, 0x0f, 0x05};
	unsigned char code[sizeof(ending)];

	return sut_target_read(target, pc, code, sizeof(code)) &&
	       memcmp(code, ending, sizeof(code)) == 0;
}
