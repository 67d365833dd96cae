/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entry of a function that is to be redirected, and how its bytes can be changed under
 * running threads. Two ways, and no thread is ever stopped for either:
 *
 * whole  The first instruction is at least five bytes and the five lie in one aligned word: one
 *        store turns it into `jmp thunk`. No thread can be inside the bytes that change.
 * pun    Only the first byte changes, to e9. The four bytes behind it stay and become the jump's
 *        displacement: where they happen to point, a page is mapped whose code jumps on through a
 *        slot. One byte cannot tear, and a thread behind it sees what it always saw.
 *
 * At rest the entry is one direct jump to the new code (SUT_RT_FUNC_DIRECT): once a transition has
 * closed nobody can be inside the old function, so all five bytes may change by one store. Where
 * that is not possible (the five bytes cross a word, belong partly to another function, hold a
 * call, or a branch leads into them) the slot is changed instead, and at rest a call costs two
 * jumps.
 */
#ifndef SUT_PROCESS_SITE_H
#define SUT_PROCESS_SITE_H

#include "elf/patchfile.h"
#include "process/plan.h"

enum { SUT_SITE_HEAD_SIZE = 96 };

/*
 * Plans entry, head and slot of one function into *func (entry, size, original, head, slot,
 * flags). old is the memory of its entry piece. SUT_UNSUPPORTED (rule "entry") names why not.
 */
enum sut_rc sut_site_plan(struct sut_plan *plan, struct sut_zone *zone, const char *name,
			  uint64_t entry, const unsigned char *old, size_t size,
			  struct sut_rt_func *func, struct sut_diag *diag);

/* The aligned word around an entry, with the entry's bytes replaced by `jmp to`. */
uint64_t sut_site_jump_word(const struct sut_rt_func *func, uint64_t word, uint64_t to);

/* The same with only the first byte replaced. */
uint64_t sut_site_pun_word(const struct sut_rt_func *func, uint64_t word);

static inline uint64_t sut_site_word_address(const struct sut_rt_func *func)
{
	return func->entry & ~UINT64_C(7);
}

#endif
