// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

#include <immintrin.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>

struct large {
	long words[20];
};

struct mixed {
	double real;
	int whole;
};

typedef double wide __attribute__((vector_size(32)));

static const char *how = "old";

__attribute__((noinline)) int sum(int count, ...)
{
	va_list list;
	double total = 0;

	va_start(list, count);
	for (int i = 0; i < count; i++)
		total += i % 2 ? va_arg(list, double) : va_arg(list, int);
	va_end(list);
	return (int)total;
}

__attribute__((noinline)) struct large twice(struct large in)
{
	for (int i = 0; i < 20; i++)
		in.words[i] *= 2;
	return in;
}

__attribute__((noinline)) struct mixed mix(double a, float b, long double c, struct mixed m)
{
	return (struct mixed){a + b + (double)c + m.real, m.whole + 1};
}

__attribute__((noinline, target("avx"))) wide add(wide a, wide b)
{
	return a + b;
}

static int slow(int value)
{
	return value + 1;
}

static int fast(int value)
{
	return value + 2;
}

static int (*choose(void))(int value)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("sse2") ? fast : slow;
}

int chosen(int value) __attribute__((ifunc("choose")));

__attribute__((noinline)) static void tell(int number)
{
	char here;
	stack_t stack;

	sigaltstack(NULL, &stack);
	printf("%s %d %d\n", how, number,
	       &here > (char *)stack.ss_sp && &here < (char *)stack.ss_sp + stack.ss_size);
}

/* Ends in a jump there, and is called by one. */
__attribute__((noinline)) static int last(int value)
{
	return value * 3;
}

__attribute__((noinline)) int first(int value)
{
	return last(value + 1);
}

__attribute__((target("avx"))) static int try_wide(void)
{
	wide a = {1, 2, 3, 4}, b = {5, 6, 7, 8}, c = add(a, b);

	return (int)(c[0] + c[3]);
}

void step(void)
{
	static char memory[64 * 1024];
	const stack_t stack = {.ss_sp = memory, .ss_size = sizeof(memory)};
	struct sigaction action = {.sa_handler = tell, .sa_flags = SA_ONSTACK};
	struct large in = {{0}}, out;
	struct mixed m = mix(1.5, 2.5f, 3.0L, (struct mixed){4, 5});

	for (int i = 0; i < 20; i++)
		in.words[i] = i;
	out = twice(in);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	printf("%d %ld %g %d %d %d %d\n", sum(4, 1, 2.0, 3, 4.0), out.words[19], m.real, m.whole,
	       __builtin_cpu_supports("avx") ? try_wide() : 18, chosen(1), first(1));
}
