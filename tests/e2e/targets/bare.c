// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bare: a program without a C library. For each line that it reads it says which version of reply()
 * answers; "thread" lets it begin a second thread, which has no thread control block either.
 */
#include <linux/sched.h>
#include <sys/syscall.h>

enum { STACK_SIZE = 64 * 1024, PARENT_DEATH = 1, KILL = 9 };

static long call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

__attribute__((noinline)) void reply(void)
{
	static const char text[] = "version 1\n";

	call(SYS_write, 1, (long)text, sizeof(text) - 1);
}

static void begin_thread(void)
{
	static _Alignas(16) char stack[STACK_SIZE];
	long result = SYS_clone;

	__asm__ volatile("syscall\n\t"
			 "test %%eax, %%eax\n\t"
			 "jnz 2f\n"
			 "1: mov %1, %%eax\n\t"
			 "syscall\n\t"
			 "jmp 1b\n"
			 "2:"
			 : "+a"(result)
			 : "i"(SYS_pause),
			   "D"(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD),
			   "S"(stack + STACK_SIZE)
			 : "rcx", "r11", "memory");
}

__attribute__((force_align_arg_pointer, noreturn)) void _start(void)
{
	char line[256];

	call(SYS_prctl, PARENT_DEATH, KILL, 0);
	for (;;) {
		reply();
		if (call(SYS_read, 0, (long)line, sizeof(line)) <= 0)
			call(SYS_exit_group, 0, 0, 0);
		if (line[0] == 't')
			begin_thread();
	}
}
