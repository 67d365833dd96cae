// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program of every kind of function, for the short form of ./run: it answers each line that it is
 * told with one line, which depends on all of its functions and on nothing else.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "small.h"

#define NOINLINE __attribute__((noinline))

/* Data of all kinds, and who uses it. */

static int counter = 3;
int exported = 5;
static const char *const names[] = {"zero", "one", "two", "three", "four"};
static const double weights[] = {0.5, 1.25, 2.75, 3.5, 4.125};
static __thread int depth;
__thread long shared_depth = 7;
static _Atomic uint64_t calls;

static NOINLINE int next_counter(void)
{
	return ++counter & 63;
}

static NOINLINE int remembered(int x)
{
	static int last = 11;
	int result = last ^ x;

	last = x;
	return result;
}

NOINLINE int use_exported(int x)
{
	exported += x;
	return exported & 127;
}

static NOINLINE const char *name_of(unsigned int x)
{
	return names[x % 5];
}

static NOINLINE double weigh(unsigned int x)
{
	return weights[x % 5] * 1.5 + sqrt(x + 2.0);
}

static NOINLINE int in_thread(int x)
{
	depth += x;
	shared_depth ^= x;
	return depth + (int)shared_depth;
}

static NOINLINE uint64_t count_call(void)
{
	return atomic_fetch_add_explicit(&calls, 1, memory_order_seq_cst) & 7;
}

/* Control flow. */

static NOINLINE int table_switch(unsigned int x)
{
	switch (x % 9) {
	case 0:
		return next_counter();
	case 1:
		return 17;
	case 2:
		return remembered(4) + 1;
	case 3:
		return (int)strlen(names[2]) * 5;
	case 4:
		return use_exported(2);
	case 5:
		return -3;
	case 6:
		return remembered(9);
	case 7:
		return in_thread(1);
	default:
		return 99;
	}
}

static NOINLINE const char *string_switch(unsigned int x)
{
	switch (x % 7) {
	case 0:
		return "red";
	case 1:
		return "green";
	case 2:
		return "blue";
	case 3:
		return "cyan";
	case 4:
		return "magenta";
	default:
		return "grey";
	}
}

static NOINLINE int computed_goto(const unsigned char *program)
{
	static const void *const labels[] = {&&add, &&twice, &&minus, &&end};
	int value = 1;

	goto *labels[*program & 3];
add:
	value += 5;
	goto *labels[*++program & 3];
twice:
	value *= 2;
	goto *labels[*++program & 3];
minus:
	value -= 3;
	goto *labels[*++program & 3];
end:
	return value;
}

static NOINLINE int recursive(int n)
{
	return n < 2 ? n : recursive(n - 1) + recursive(n - 2);
}

static int even(unsigned int n);

static NOINLINE int odd(unsigned int n)
{
	return n ? even(n - 1) : 0;
}

static NOINLINE int even(unsigned int n)
{
	return n ? odd(n - 1) : 1;
}

static NOINLINE int tail_target(int x)
{
	return x * 3 + counter / 1000;
}

static NOINLINE int tail_caller(int x)
{
	next_counter();
	return tail_target(x + 1);
}

/* It is on more than one page, and its neighbours there are in another patch. */
static NOINLINE int across_pages(int x)
{
	if (x & 1) {
		x += counter;
		__asm__ volatile(".skip 5000, 0x90");
	}
	return tail_target(x);
}

static int (*volatile through_pointer)(int) = tail_target;

static NOINLINE int tail_pointer(int x)
{
	counter--;
	return through_pointer(x ^ 5);
}

static NOINLINE int loop_back(int x)
{
	do
		x = (x * 7 + 3) & 1023;
	while (x & 8);
	return x;
}

static NOINLINE __attribute__((noreturn)) void give_up(const char *why)
{
	fprintf(stderr, "%s\n", why);
	abort();
}

static NOINLINE int with_cold_part(int x)
{
	if (__builtin_expect(x > 1000000, 0)) {
		fprintf(stderr, "unlikely %d\n", x);
		give_up("too large");
	}
	return x + 4;
}

static jmp_buf place;

static NOINLINE void jump(int x)
{
	if (x & 1)
		longjmp(place, x);
}

static NOINLINE int catch (int x)
{
	int value = setjmp(place);

	if (value)
		return value + 100;
	jump(x);
	return x;
}

/* Arguments and results. */

static NOINLINE struct small make_small(int x)
{
	return (struct small){x, x + 1};
}

static NOINLINE struct large make_large(int x)
{
	struct large large = {{0}};

	for (int i = 0; i < 12; i++)
		large.values[i] = x * i;
	return large;
}

static NOINLINE long sum_large(struct large large)
{
	long sum = 0;

	for (int i = 0; i < 12; i++)
		sum += large.values[i];
	return sum;
}

static NOINLINE int many(int a, int b, int c, int d, int e, int f, int g, int h, long i)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + (int)i;
}

static NOINLINE int variadic(int count, ...)
{
	va_list ap;
	int sum = 0;

	va_start(ap, count);
	for (int i = 0; i < count; i++)
		sum += va_arg(ap, int);
	va_end(ap);
	return sum;
}

static NOINLINE long double extended(long double x)
{
	return x / 7 + 1;
}

static NOINLINE __int128 wide(int64_t x)
{
	return (__int128)x * x * x;
}

static NOINLINE int variable_array(int n)
{
	int values[n % 40 + 2], sum = 0;

	for (int i = 0; i < n % 40 + 2; i++)
		values[i] = i * i;
	for (int i = 0; i < n % 40 + 2; i++)
		sum += values[i];
	return sum;
}

static NOINLINE int large_frame(int x)
{
	char buffer[9000];

	memset(buffer, x, sizeof(buffer));
	return buffer[x * 17 % 9000] + buffer[8999];
}

/* Functions as values. */

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static NOINLINE int sorted(int x)
{
	int values[] = {x, 5, 3, x * 2, 1, x - 7};

	qsort(values, 6, sizeof(values[0]), compare);
	return values[0] * 100 + values[3];
}

static int plus(int a, int b)
{
	return a + b;
}

static int times(int a, int b)
{
	return a * b;
}

static int power(int a, int b)
{
	return b > 0 ? (a * power(a, b - 1)) & 0xffff : 1;
}

static int (*const operations[])(int, int) = {plus, times, power};

static NOINLINE int operate(unsigned int which, int a, int b)
{
	return operations[which % 3](a, b) + 1;
}

static void *work(void *argument)
{
	int x = (int)(intptr_t)argument;

	return (void *)(intptr_t)(in_thread(x) + loop_back(x));
}

static NOINLINE int threaded(int x)
{
	pthread_t thread;
	void *result;

	if (pthread_create(&thread, NULL, work, (void *)(intptr_t)x) ||
	    pthread_join(thread, &result))
		give_up("no thread");
	return (int)(intptr_t)result;
}

/* Names. */

int original_name(int x)
{
	return x + 21;
}

int other_name(int x) __attribute__((alias("original_name")));

__attribute__((weak)) int weak_one(int x)
{
	return x * 11;
}

__attribute__((visibility("hidden"))) int hidden_one(int x)
{
	return x - 19;
}

static int chosen_fast(int x)
{
	return x + 1000;
}

static int (*choose(void))(int)
{
	return chosen_fast;
}

int chosen(int x) __attribute__((ifunc("choose")));

static NOINLINE int call_chosen(int x)
{
	return chosen(x) + 1;
}

/* Strings and the C library. */

static NOINLINE int parse(const char *text, long *value)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 0);
	return errno || *end ? -1 : 0;
}

static NOINLINE char *joined(const char *a, const char *b)
{
	char *text;

	if (asprintf(&text, "%s+%s", a, b) < 0)
		give_up("no memory");
	return text;
}

static NOINLINE unsigned int hash(const char *text)
{
	unsigned int h = 5381;

	while (*text)
		h = h * 33 + (unsigned char)tolower(*text++);
	return h;
}

static NOINLINE void fill(float *values, int count, float by)
{
	for (int i = 0; i < count; i++)
		values[i] = values[i] * by + (float)i;
}

static NOINLINE int vectors(int x)
{
	float values[64] = {1, 2, 3, 4};

	fill(values, 64, (float)x);
	return (int)values[3] + (int)values[63];
}

static NOINLINE int assembled(int x)
{
	__asm__("lea 3(%0, %0, 2), %0" : "+r"(x));
	return x;
}

/* Entries that leave no room for a jump: another function begins before it would end. */
__asm__(".text\n"
	".type tiny, @function\ntiny: ret\n.size tiny, . - tiny\n"
	".type minute, @function\nminute: ret\n.size minute, . - minute\n"
	".type other, @function\nother: nop\nnop\nnop\nnop\nret\n.size other, . - other\n");
void tiny(void);
void minute(void);
void other(void);

/* One line of answers. */

static NOINLINE long numbers(int x)
{
	static const unsigned char program[] = {0, 1, 2, 0, 3};
	long sum = table_switch((unsigned int)x) + computed_goto(program) + recursive(x % 15);

	sum += remembered(x) + use_exported(x) + in_thread(x);
	sum += even((unsigned int)x % 50) + tail_caller(x) + tail_pointer(x) + loop_back(x);
	sum += with_cold_part(x) + catch (x) + make_small(x).b + sum_large(make_large(x));
	sum += many(1, 2, 3, 4, 5, 6, 7, x, 9) + variadic(4, x, 1, 2, 3) + (long)wide(x);
	sum += variable_array(x) + large_frame(x % 100) + sorted(x) + threaded(x);
	sum += operate((unsigned int)x, x, 3) + original_name(x) + other_name(x) + weak_one(x);
	sum += hidden_one(x) + call_chosen(x) + across_pages(x) + vectors(x % 10) + assembled(x);
	tiny();
	minute();
	other();
	return sum + (long)count_call();
}

static NOINLINE void answer(const char *line)
{
	char *text = joined(line, string_switch(hash(line)));
	long value;

	if (parse(line, &value))
		value = hash(text) & 1023;
	printf("%s %s %ld %.6f %.3Lf\n", text, name_of((unsigned int)value),
	       numbers((int)value & 1023), weigh((unsigned int)value), extended(value));
	free(text);
}

static NOINLINE char *read_line(char *line, int size)
{
	return fgets(line, size, stdin);
}

int main(void)
{
	char line[128];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (read_line(line, sizeof(line))) {
		line[strcspn(line, "\n")] = '\0';
		answer(line);
	}
	return 0;
}
