/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entry of a function that is to be redirected, and how its bytes can be changed under
 * running threads. Two ways, and no thread is ever stopped for either:
 *
 * whole  The first instruction is at least five bytes and the five lie in one aligned word: one
 *        store turns it into `jmp thunk`. No thread can be inside the bytes that change.
 * pun    Only bytes of one instruction change, by one store, to e9 and what follows it. The bytes
 *        behind that instruction stay and become the rest of the jump's displacement: where they
 *        happen to point, a page is mapped whose code jumps on through a slot. One store cannot
 *        tear, and a thread behind the instruction sees what it always saw.
 *
 * An instruction of one byte leaves no choice where a pun leads. Longer ones do: bytes of their own
 * are the displacement's lower part, and prefixes that mean nothing move it along. So do the
 * instructions behind the first, as far as that pushes registers: who has pushed some and jumps is
 * as good as at the entry when the stack pointer is taken back.
 *
 * At rest the entry is one direct jump to the new code (SUT_RT_FUNC_DIRECT): once a transition has
 * closed nobody can be inside the old function, so all five bytes may change by one store. Where
 * that is not possible (the five bytes cross a word, belong partly to another function, hold a
 * call, a branch leads into them, or the pun is behind a push, where threads that have gone over
 * may be, too) the slot is changed instead, and at rest a call costs a few jumps more.
 */
#ifndef SUT_PROCESS_SITE_H
#define SUT_PROCESS_SITE_H

#include "elf/patchfile.h"
#include "process/plan.h"

enum { SUT_SITE_HEAD_SIZE = 96 };

/* A piece of a function in memory. */
struct sut_site_piece {
	uint64_t address;
	const unsigned char *code;
	size_t size;
};

/*
 * Plans entry, head and slot of one function into *func (entry, size, original, head, slot, land,
 * pun, flags). pieces: all of the function, the one with its entry first. SUT_UNSUPPORTED (rule
 * "entry") names why not.
 */
enum sut_rc sut_site_plan(struct sut_plan *plan, struct sut_zone *zone, const char *name,
			  const struct sut_site_piece *pieces, size_t count,
			  struct sut_rt_func *func, struct sut_diag *diag);

/* Does a jump in the entry lie within one aligned word? */
bool sut_site_has_room(const struct sut_rt_func *func);

/* The aligned word around an entry that has room, with the entry's bytes replaced by `jmp to`. */
uint64_t sut_site_jump_word(const struct sut_rt_func *func, uint64_t word, uint64_t to);

/* The same with the pun instead. */
uint64_t sut_site_pun_word(const struct sut_rt_func *func, uint64_t word);

/* ff for each byte of the word that may change. */
uint64_t sut_site_mask(const struct sut_rt_func *func);

static inline uint64_t sut_site_word_address(const struct sut_rt_func *func)
{
	return func->entry & ~UINT64_C(7);
}

#endif
