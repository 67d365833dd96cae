/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the system calls in which threads sleep for long. */
#ifndef SUT_BASE_SYSCALLS_H
#define SUT_BASE_SYSCALLS_H

#include <stdbool.h>

/* NULL: it is none of those. *descriptor: its first argument is a file descriptor. */
const char *sut_syscall_name(long number, bool *descriptor);

#endif
