/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that run in a target's memory without being threads of it (clone with CLONE_VM alone):
 * they have the control block of the thread that made them, whose mark would count for them, and
 * stacks that nobody knows. While there is one no transition begins or ends. Children of vfork are
 * not meant: the thread that made them waits, and is looked at.
 */
#ifndef SUT_PROCESS_SHARER_H
#define SUT_PROCESS_SHARER_H

#include "process/runtime.h"

/*
 * SUT_RETRY (rule "shared"): there is one. Children of the target's threads are asked for; whoever
 * was made as a sibling of the target, or whose parent has ended, is not seen. Again is cheap while
 * no process or thread has come into being anywhere.
 */
enum sut_rc sut_sharer_check(struct sut_runtime *runtime, struct sut_arena *arena,
			     struct sut_diag *diag);

#endif
