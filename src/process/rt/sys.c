// SPDX-License-Identifier: LGPL-2.1-or-later
/* The system calls of the run-time, and the little of <string.h> that compilers call. */
#include "process/rt/inside.h"

#include <linux/errno.h>

enum {
	SYS_MMAP = 9,
	SYS_MPROTECT = 10,
	SYS_MUNMAP = 11,
	SYS_RT_SIGACTION = 13,
	SYS_RT_SIGPROCMASK = 14,
	SYS_MREMAP = 25,
	SYS_GETPID = 39,
	SYS_GETTID = 186,
	SYS_FUTEX = 202,
	SYS_CLOCK_GETTIME = 228,
	SYS_TGKILL = 234,

	MAP_PRIVATE_ANONYMOUS = 0x2 | 0x20,
	MAP_FIXED_NOREPLACE = 0x100000,
	MREMAP_MAYMOVE_FIXED = 1 | 2,
	PAGE = 4096,
	SIG_SETMASK = 2,
	SIG_NOTHING = 99, /* no way of changing a mask: it is read, and refused */
	FUTEX_WAIT_PRIVATE = 0 | 128,
	FUTEX_WAKE_PRIVATE = 1 | 128,
};

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
	void *result = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return result;
}

void *memset(void *to, int value, size_t size)
{
	void *result = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
	return result;
}

static int64_t syscall6(int64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
			uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	int64_t result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

int64_t sut_rt_mmap(uint64_t address, uint64_t size, uint64_t prot, bool fixed)
{
	return syscall6(SYS_MMAP, address, size, prot,
			MAP_PRIVATE_ANONYMOUS | (fixed ? MAP_FIXED_NOREPLACE : 0), (uint64_t)-1, 0);
}

void sut_rt_munmap(uint64_t address, uint64_t size)
{
	syscall6(SYS_MUNMAP, address, size, 0, 0, 0, 0);
}

int64_t sut_rt_move_page(uint64_t from, uint64_t to)
{
	return syscall6(SYS_MREMAP, from, PAGE, PAGE, MREMAP_MAYMOVE_FIXED, to, 0);
}

int64_t sut_rt_mprotect(uint64_t address, uint64_t size, uint64_t prot)
{
	return syscall6(SYS_MPROTECT, address, size, prot, 0, 0, 0);
}

int64_t sut_rt_sigaction(int signal, struct sut_rt_sigaction *action)
{
	return syscall6(SYS_RT_SIGACTION, (uint64_t)signal, 0, (uint64_t)action,
			sizeof(action->mask), 0, 0);
}

uint64_t sut_rt_now_ns(uint64_t clock)
{
	uint64_t ts[2] = {0, 0};

	syscall6(SYS_CLOCK_GETTIME, clock, (uint64_t)ts, 0, 0, 0, 0);
	return ts[0] * 1000000000u + ts[1];
}

uint32_t sut_rt_thread_id(void)
{
	return (uint32_t)syscall6(SYS_GETTID, 0, 0, 0, 0, 0, 0);
}

bool sut_rt_thread_exists(uint32_t tid)
{
	int64_t process = syscall6(SYS_GETPID, 0, 0, 0, 0, 0, 0);

	return syscall6(SYS_TGKILL, (uint64_t)process, tid, 0, 0, 0, 0) != -ESRCH;
}

bool sut_rt_readable(uint64_t address)
{
	return syscall6(SYS_RT_SIGPROCMASK, SIG_NOTHING, address, 0, 8, 0, 0) != -EFAULT;
}

uint64_t sut_rt_block_signals(void)
{
	uint64_t all = UINT64_MAX, before = 0;

	syscall6(SYS_RT_SIGPROCMASK, SIG_SETMASK, (uint64_t)&all, (uint64_t)&before, 8, 0, 0);
	return before;
}

void sut_rt_restore_signals(uint64_t mask)
{
	syscall6(SYS_RT_SIGPROCMASK, SIG_SETMASK, (uint64_t)&mask, 0, 8, 0, 0);
}

bool sut_rt_futex_wait(uint32_t *word, uint32_t value, uint64_t ns)
{
	uint64_t ts[2] = {ns / 1000000000u, ns % 1000000000u};

	return syscall6(SYS_FUTEX, (uint64_t)word, FUTEX_WAIT_PRIVATE, value, (uint64_t)ts, 0, 0) !=
	       -ETIMEDOUT;
}

void sut_rt_futex_wake(uint32_t *word)
{
	syscall6(SYS_FUTEX, (uint64_t)word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}
