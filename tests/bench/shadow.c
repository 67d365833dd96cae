// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-shadow: instructions that shadow variables take, each line for the store of src/core and
 * then for the kernel's scheme, written here anew: chains in a table of 4096 buckets, which the
 * object alone chooses. Instructions are counted by stepping through them, call and return
 * included; so they are the same on a loaded machine. Times are not.
 */
#include "core/shadow.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

/* Objects are keys, so any addresses do; these are the same each time. */
#define HEAP UINT64_C(0x555555559010)

enum { TRAP_FLAG = 0x100, MILLION = 1000000, SAMPLES = 500, COLLECTED = 1000 };

/* --- the kernel's scheme ---------------------------------------------------------------------- */

enum { BUCKET_BITS = 12, BUCKETS = 1 << BUCKET_BITS };

struct variable {
	struct variable *next, **link;
	void *rcu[2];
	void *obj;
	unsigned long id;
	char data[];
};

static struct variable *buckets[BUCKETS];

static struct variable **bucket_of(const void *obj)
{
	return &buckets[(uintptr_t)obj * UINT64_C(0x61c8864680b583eb) >> (64 - BUCKET_BITS)];
}

static __attribute__((noinline)) void *kernel_get(const void *obj, unsigned long id)
{
	for (struct variable *v = __atomic_load_n(bucket_of(obj), __ATOMIC_ACQUIRE); v;
	     v = __atomic_load_n(&v->next, __ATOMIC_ACQUIRE))
		if (v->obj == obj && v->id == id)
			return v->data;
	return NULL;
}

static void kernel_alloc(void *obj, unsigned long id, size_t size)
{
	struct variable *v = calloc(1, sizeof(*v) + size), **bucket = bucket_of(obj);

	if (!v)
		abort();
	v->obj = obj;
	v->id = id;
	v->next = *bucket;
	v->link = bucket;
	if (v->next)
		v->next->link = &v->next;
	*bucket = v;
}

/* What free_all does to some of the buckets; giving back the memory is not counted. */
static __attribute__((noinline)) void kernel_free_all(size_t bucket_count, unsigned long id)
{
	for (size_t i = 0; i < bucket_count; i++)
		for (struct variable *v = buckets[i]; v; v = v->next) {
			if (v->id != id)
				continue;
			*v->link = v->next;
			if (v->next)
				v->next->link = v->link;
		}
}

/* --- the store -------------------------------------------------------------------------------- */

static struct sut_shadow_store store;

static void *map(struct sut_shadow_store *s, size_t size)
{
	void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)s;
	return block != MAP_FAILED ? block : NULL;
}

static void no_lock(struct sut_shadow_store *s)
{
	(void)s;
}

static const struct sut_shadow_host host = {
	.map = map, .lock = no_lock, .unlock = no_lock, .quarantine = 1 << 20};

/* --- counting --------------------------------------------------------------------------------- */

/* The function that is counted, and its caller's stack pointer while it runs. */
static uintptr_t entry, stack;
static unsigned long instructions;

static void on_trap(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal;
	(void)info;
	if (stack) {
		instructions++;
	} else if ((uintptr_t)regs[REG_RIP] == entry) {
		stack = (uintptr_t)regs[REG_RSP] + sizeof(void *);
		instructions = 1; /* the call */
	}
	if (stack && (uintptr_t)regs[REG_RSP] == stack)
		regs[REG_EFL] &= ~TRAP_FLAG;
}

static void count_begin(void *function)
{
	entry = (uintptr_t)function;
	stack = 0;
	__asm__ volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" : : "i"(TRAP_FLAG) : "memory", "cc");
}

static unsigned long count_get(void *obj, unsigned long id)
{
	void *data;

	count_begin(sut_shadow_get);
	data = sut_shadow_get(&store, obj, id);
	if (data != sut_shadow_get(&store, obj, id))
		abort();
	return instructions;
}

static unsigned long count_kernel_get(void *obj, unsigned long id)
{
	void *data;

	count_begin(kernel_get);
	data = kernel_get(obj, id);
	if (!data != !sut_shadow_get(&store, obj, id))
		abort();
	return instructions;
}

static int compare(const void *a, const void *b)
{
	unsigned long left = *(const unsigned long *)a, right = *(const unsigned long *)b;

	return (left > right) - (left < right);
}

struct key {
	void *obj;
	unsigned long id;
};

static void report(const char *what, unsigned long (*count)(void *obj, unsigned long id),
		   const struct key *keys, size_t key_count)
{
	static unsigned long counts[SAMPLES];
	unsigned long sum = 0;

	for (size_t i = 0; i < key_count; i++)
		sum += counts[i] = count(keys[i].obj, keys[i].id);
	qsort(counts, key_count, sizeof(counts[0]), compare);
	printf("%-58s mean=%.1f median=%lu 95%%=%lu max=%lu\n", what,
	       (double)sum / (double)key_count, counts[key_count / 2], counts[key_count * 95 / 100],
	       counts[key_count - 1]);
}

static void report_both(const char *what, const struct key *keys, size_t key_count)
{
	char line[80];

	snprintf(line, sizeof(line), "instructions of a lookup, %s", what);
	report(line, count_get, keys, key_count);
	report("  the kernel's scheme", count_kernel_get, keys, key_count);
}

/* --- what is counted -------------------------------------------------------------------------- */

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void alloc(void *obj, unsigned long id)
{
	if (!sut_shadow_alloc(&store, obj, id, 8, NULL, NULL))
		abort();
	kernel_alloc(obj, id, 8);
}

static void begin(void)
{
	sut_shadow_init(&store, &host);
	memset(buckets, 0, sizeof(buckets));
}

static void few(void)
{
	void *object = (void *)HEAP;
	struct key keys[64];

	begin();
	for (unsigned long id = 1; id <= 64; id++) {
		keys[id - 1] = (struct key){object, id};
		alloc(object, id);
		if (id == 1)
			report_both("1 variable", keys, 1);
	}
	report_both("64 ids on one object", keys, 64);
}

/* Objects as a heap holds them: one after the other, of many sizes. */
static void many(void)
{
	static void *objects[MILLION];
	static struct key keys[SAMPLES];
	uintptr_t address = HEAP;
	double longest = 0, began;

	begin();
	srand(1);
	for (size_t i = 0; i < MILLION; i++) {
		objects[i] = (void *)(address += 16 + (uintptr_t)rand() % 32 * 16);
		kernel_alloc(objects[i], 1, 8);
		began = cpu_ms();
		if (!sut_shadow_alloc(&store, objects[i], 1, 8, NULL, NULL))
			abort();
		if (cpu_ms() - began > longest)
			longest = cpu_ms() - began;
	}
	printf("%-58s %.1f, %zu\n", "bytes for a variable of 8 among 1,000,000; kernel",
	       (double)store.mapped / MILLION, sizeof(struct variable) + 8);
	printf("%-58s %.3f\n", "longest alloc of these, ms of processor time", longest);
	for (size_t i = 0; i < SAMPLES; i++)
		keys[i] = (struct key){objects[(size_t)rand() % MILLION], 1};
	report_both("1,000,000 objects", keys, SAMPLES);
	for (size_t i = 0; i < SAMPLES; i++)
		keys[i].id = 2;
	report_both("the same, none there", keys, SAMPLES);

	for (size_t i = 0; i < COLLECTED; i++)
		alloc(objects[i * 997], 2);
	count_begin(sut_shadow_free_all);
	sut_shadow_free_all(&store, 2, NULL);
	printf("%-58s %lu\n", "instructions of freeing 1,000 of an id beside the million",
	       instructions);
	count_begin(kernel_free_all);
	kernel_free_all(BUCKETS / 64, 2);
	printf("%-58s %lu\n", "  the kernel's scheme, 64 times what 1/64 of it takes",
	       instructions * 64);
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	sigaction(SIGTRAP, &action, NULL);
	few();
	many();
	return 0;
}
