/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that must not become writable. Services are often forbidden to (systemd's
 * MemoryDenyWriteExecute= is a seccomp filter against mprotect with PROT_EXEC). Then each page of
 * text that a transition changes is made anew beside it, mapped executable from the start and
 * filled from outside, and takes the old one's place by one mremap(2): that holds the map of the
 * address space, so other threads have the one page or the other, as with one store.
 *
 * What is swapped in is anonymous memory, so a program's text is then of several mappings.
 */
#ifndef SUT_PROCESS_SWAP_H
#define SUT_PROCESS_SWAP_H

#include "process/runtime.h"

/* The process is under seccomp filters: swap pages instead of asking which filter forbids what. */
bool sut_swap_needed(const struct sut_target *target);

/*
 * Makes the pages for all lists of a planned transition, just before it begins. SUT_REFUSED (rule
 * "memory").
 */
enum sut_rc sut_swap_prepare(struct sut_runtime *runtime, uint64_t transition,
			     struct sut_diag *diag);

#endif
