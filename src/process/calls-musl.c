// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a thread of musl sleeps that called the library for nothing but a system call.
 *
 * All calls that may sleep for long go through one function, for a thread may be cancelled there;
 * those that musl makes for itself under its locks are made in place, and futexes are told by their
 * number. So behind that function there is the wrapper which the program called, or, where that one
 * was called by the library, one frame more.
 */
#include "process/calls-musl.h"

#include <string.h>

size_t sut_calls_musl_frames(const struct sut_target *target, uint64_t pc)
{
	/* __syscall_cp_asm, called by __syscall_cp_c: the arguments move up by two, rdi is kept. */
	static const unsigned char cancelled[] = {
		0x49, 0x89, 0xfb,             /* mov %rdi, %r11 */
		0x48, 0x89, 0xf0,             /* mov %rsi, %rax */
		0x48, 0x89, 0xd7,             /* mov %rdx, %rdi */
		0x48, 0x89, 0xce,             /* mov %rcx, %rsi */
		0x4c, 0x89, 0xc2,             /* mov %r8, %rdx */
		0x4d, 0x89, 0xca,             /* mov %r9, %r10 */
		0x4c, 0x8b, 0x44, 0x24, 0x08, /* mov 8(%rsp), %r8 */
		0x4c, 0x8b, 0x4c, 0x24, 0x10, /* mov 16(%rsp), %r9 */
		0x4c, 0x89, 0x5c, 0x24, 0x08, /* mov %r11, 8(%rsp) */
		0x0f, 0x05, 0xc3,             /* syscall; ret */
	};
	/* Where nobody cancels, a compiler's way to say the same: its seventh argument is on the
	 * stack. */
	static const unsigned char seventh[] = {0x4c, 0x8b, 0x4c, 0x24, 0x08};
	static const unsigned char end[] = {0x0f, 0x05, 0xc3};
	enum { BEFORE = sizeof(cancelled) - 1, PLAIN = 32 };
	unsigned char code[sizeof(cancelled)];

	if (!sut_target_read(target, pc - BEFORE, code, sizeof(code)))
		return 0;
	if (memcmp(code, cancelled, sizeof(code)) == 0)
		return 2;
	if (memcmp(code + sizeof(code) - sizeof(end), end, sizeof(end)) == 0 &&
	    memmem(code + sizeof(code) - PLAIN, PLAIN, seventh, sizeof(seventh)))
		return 1;
	return 0;
}
