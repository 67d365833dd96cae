// SPDX-License-Identifier: GPL-2.0-or-later
/* Floating point and vector constants, thread-local variables, atomics, resolvers, varargs. */
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

__thread int per_thread = 4;
static __thread int calls;
extern __thread int far_thread;
static atomic_int ticket;
long common_one;

typedef float vector __attribute__((vector_size(16)));

vector scale(vector v)
{
	return v * (vector){1.5f, 2.5f, 3.5f, 4.5f} + (vector){0.25f, 0.5f, 0.75f, 1.0f};
}

double polynomial(double x)
{
	return ((x * 1.25 + 3.5) * x - 0.125) * x + sqrt(x + 2.0);
}

float single(float x)
{
	return x * 0.3f + 1.7f;
}

long double extended(long double x)
{
	return x * 1.1L + 0.7L;
}

int next_ticket(void)
{
	calls++;
	per_thread += far_thread;
	return atomic_fetch_add(&ticket, 1) + calls;
}

int *where(void)
{
	return &per_thread;
}

static int implementation_a(int x)
{
	return x + 1;
}

static int implementation_b(int x)
{
	return x + 2;
}

static int (*resolve(void))(int)
{
	return __builtin_cpu_supports("avx2") ? implementation_a : implementation_b;
}

int implementation(int x) __attribute__((ifunc("resolve")));

int sum(int count, ...)
{
	va_list ap;
	int total = 0;

	va_start(ap, count);
	while (count--)
		total += va_arg(ap, int);
	va_end(ap);
	return total;
}

extern int maybe(int x) __attribute__((weak));

int ask(int x)
{
	return maybe ? maybe(x) : implementation(x);
}

unsigned int bits(unsigned int x)
{
	static const unsigned char small[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};

	return small[x & 15] + small[x >> 4 & 15];
}

long *common(void)
{
	return &common_one;
}

int wide(int x)
{
	static const __WCHAR_TYPE__ *const texts[] = {L"wide", L"wider", L"widest"};

	return printf("%ls %ls\n", texts[x % 3], L"end");
}
