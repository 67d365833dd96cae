// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/thread-musl.h"
#include "base/guard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum {
	/* PF_IO_WORKER, PF_USER_WORKER, PF_KTHREAD: listed in task/, but no thread of the program.
	 */
	KERNEL_HELPER = 0x10 | 0x4000 | 0x200000,
	TCB_ALIGN = 64,
	PTHREAD_SIZE = 0xa00,       /* more than struct pthread needs, of which we search a part */
	STACK_OFFSET_FIRST = 0x400, /* stackblock lies behind the TCB and the list links */
};

static ssize_t read_file(const struct sut_target *target, pid_t tid, enum sut_thread_file file,
			 char *buf, size_t size)
{
	return sut_thread_files_read(target->files, target->tasks, tid, file, buf, size);
}

/* Why could it not be read? Any other reason than this one says nothing of the thread. */
static bool is_absent(void)
{
	return errno == ENOENT || errno == ESRCH;
}

bool sut_thread_is_helper(const struct sut_target *target, pid_t tid)
{
	char buf[1024];
	const char *p;

	if (target->files->tid == tid && target->files->ordinary)
		return false;
	if (read_file(target, tid, SUT_THREAD_STAT, buf, sizeof(buf)) < 0)
		return false;
	p = strrchr(buf, ')');
	for (int field = 2; p && field < 9; field++)
		p = strchr(p + 1, ' ');
	target->files->ordinary = p && !(strtoul(p, NULL, 10) & KERNEL_HELPER);
	return p && !target->files->ordinary;
}

static int compare_tids(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

static void read_list(const struct sut_target *target, struct sut_arena *arena,
		      struct sut_thread_list *list)
{
	/* The kernel makes what it returns in one go, for a millisecond if it is a thousand. */
	enum { CHUNK = 2048 };
	SUT_CLOSE int folder = openat(target->tasks, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(struct dirent64) char chunk[CHUNK];
	ssize_t size;

	list->count = 0;
	while (folder >= 0 && (size = getdents64(folder, chunk, sizeof(chunk))) > 0) {
		for (ssize_t at = 0; at < size;) {
			const struct dirent64 *entry = (const struct dirent64 *)(chunk + at);
			pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

			if (tid > 0)
				SUT_PUSH(arena, list->tids, list->count, list->capacity) = tid;
			at += entry->d_reclen;
		}
		sut_pace_rest(target->pace);
	}
}

static bool all_there(const struct sut_target *target, const struct sut_thread_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		char name[16];

		sut_pace_rest(target->pace);
		snprintf(name, sizeof(name), "%d", list->tids[i]);
		if (faccessat(target->tasks, name, F_OK, 0) < 0)
			return false;
	}
	return true;
}

/*
 * The kernel walks from one thread to the next: one that ends meanwhile can hide those behind it. A
 * list is whole when all that are on it were still there at its end.
 */
enum sut_rc sut_thread_list(const struct sut_target *target, struct sut_arena *arena,
			    struct sut_thread_list *list, struct sut_diag *diag)
{
	enum { TRIES = 1000 };

	*list = (struct sut_thread_list){0};
	for (int i = 0; i < TRIES; i++) {
		read_list(target, arena, list);
		if (!list->count) {
			sut_fail(diag, SUT_GONE, "gone", "process %d (%s): it has exited",
				 target->pid, target->name);
			return SUT_GONE;
		}
		if (!all_there(target, list))
			continue;
		qsort(list->tids, list->count, sizeof(list->tids[0]), compare_tids);
		return SUT_OK;
	}
	sut_fail(diag, SUT_RETRY, "threads",
		 "process %d (%s): its threads end faster than they can be listed", target->pid,
		 target->name);
	sut_remedy(diag, "Try again.");
	return SUT_RETRY;
}

/* "NR A B C D E F SP PC", "-1 SP PC", or "running". */
static void parse_syscall(struct sut_thread_state *state)
{
	char *p = state->raw;

	state->activity = SUT_THREAD_RUNNING;
	if ((*p < '0' || *p > '9') && *p != '-')
		return;
	state->syscall = strtol(p, &p, 10);
	state->activity = state->syscall < 0 ? SUT_THREAD_FAULT : SUT_THREAD_ASLEEP;
	for (int i = 0; state->activity == SUT_THREAD_ASLEEP && i < 6; i++)
		state->args[i] = strtoull(p, &p, 16);
	state->sp = strtoull(p, &p, 16);
	state->pc = strtoull(p, &p, 16);
}

/*
 * The scheduler's counters, of which the last says how often it got a processor. false: the thread
 * is gone, or the kernel does not count.
 */
static bool read_counters(const struct sut_target *target, pid_t tid, char *buf, size_t size)
{
	return read_file(target, tid, SUT_THREAD_SCHEDSTAT, buf, size) >= 0;
}

/* A zombie stays on the list: the first thread, as long as others live. */
static bool has_ended(const struct sut_target *target, pid_t tid)
{
	char buf[1024];
	const char *p;

	if (read_file(target, tid, SUT_THREAD_STAT, buf, sizeof(buf)) < 0)
		return is_absent();
	p = strrchr(buf, ')');
	return !p || p[1] != ' ' || p[2] == 'Z' || p[2] == 'X';
}

void sut_thread_glance(const struct sut_target *target, pid_t tid, struct sut_thread_state *state)
{
	*state = (struct sut_thread_state){.activity = SUT_THREAD_RUNNING};
	if (read_file(target, tid, SUT_THREAD_SYSCALL, state->raw, sizeof(state->raw)) < 0) {
		if (is_absent())
			state->activity = SUT_THREAD_GONE;
		return;
	}
	parse_syscall(state);
	/* Of a zombie the line says that it runs, or that it has no stack. */
	if ((state->activity == SUT_THREAD_RUNNING || !state->sp) && has_ended(target, tid))
		state->activity = SUT_THREAD_GONE;
}

void sut_thread_state(const struct sut_target *target, pid_t tid, struct sut_thread_state *state)
{
	char counters[sizeof(state->schedstat)];

	/* Counters first: equal counters afterwards then cover all that was read in between. */
	if (!read_counters(target, tid, counters, sizeof(counters))) {
		*state = (struct sut_thread_state){.activity = is_absent() ? SUT_THREAD_GONE
									   : SUT_THREAD_RUNNING};
		return;
	}
	sut_thread_glance(target, tid, state);
	strcpy(state->schedstat, counters);
	/* A kernel that does not count shows nothing but zeros: of it nobody is known to sleep. */
	if (state->activity != SUT_THREAD_GONE && strncmp(counters, "0 0 0", 5) == 0)
		state->activity = SUT_THREAD_RUNNING;
}

bool sut_thread_lends_memory(const struct sut_thread_state *state)
{
	return state->activity == SUT_THREAD_ASLEEP &&
	       (state->syscall == SYS_vfork || state->syscall == SYS_clone ||
		state->syscall == SYS_clone3);
}

/* Who is off the processor can run again only by getting one, which is counted. */
bool sut_thread_slept(const struct sut_target *target, pid_t tid,
		      const struct sut_thread_state *state)
{
	char now[sizeof(state->schedstat)];

	return read_counters(target, tid, now, sizeof(now)) && strcmp(now, state->schedstat) == 0;
}

/*
 * tcbhead_t: tcb and self, its first and third word, both point to itself; behind them are two
 * small numbers. (musl has pointers there.)
 */
static bool is_tcb(const uint64_t words[4], uint64_t address)
{
	return words[0] == address && words[2] == address && (uint32_t)words[3] <= 1 &&
	       words[3] >> 32 <= 2;
}

static bool looks_like_tcb(const struct sut_target *target, uint64_t address)
{
	uint64_t words[4];

	return sut_target_read(target, address, words, sizeof(words)) && is_tcb(words, address);
}

uint64_t
sut_thread_find_tcb(const struct sut_target *target, uint64_t from, uint64_t to, uint64_t align,
		    bool (*accept)(const struct sut_target *target, uint64_t tcb, void *context),
		    void *context)
{
	enum { CHUNK = 64 * 1024 };
	uint64_t words[CHUNK / 8];

	for (uint64_t at = from & ~(align - 1); at < to; at += CHUNK) {
		uint64_t size = to - at < CHUNK ? to - at : CHUNK;

		if (!sut_target_read(target, at, words, size))
			return 0;
		for (uint64_t i = 0; i < size / 8; i += align / 8)
			if (words[i] == at + 8 * i && accept(target, at + 8 * i, context))
				return at + 8 * i;
	}
	return 0;
}

/* The list of robust mutexes that the thread has told the kernel; 0: none, or not to be had. */
static uint64_t mutex_list(pid_t tid)
{
	uint64_t list = 0;
	size_t size;

	return syscall(SYS_get_robust_list, tid, &list, &size) < 0 ? 0 : list;
}

/* The main thread's struct pthread: stackblock 0, stackblock_size __libc_stack_end (since 2.34). */
static bool accept_main(const struct sut_target *target, uint64_t tcb, void *context)
{
	struct sut_thread_layout *layout = context;
	uint64_t words[PTHREAD_SIZE / 8];

	if (!looks_like_tcb(target, tcb) || !sut_target_read(target, tcb, words, sizeof(words)))
		return false;
	for (size_t i = STACK_OFFSET_FIRST / 8; i + 1 < PTHREAD_SIZE / 8; i++) {
		if (words[i] != 0 || words[i + 1] < layout->main_low ||
		    words[i + 1] >= layout->main_high)
			continue;
		layout->stack_offset = 8 * i;
		layout->main_tcb = tcb;
		return true;
	}
	return false;
}

/* [stack] and what it may still grow into. */
static bool main_stack(const struct sut_target *target, struct sut_thread_layout *layout)
{
	for (size_t i = 1; i < target->map_count; i++) {
		struct rlimit limit;
		uint64_t low;

		if (strcmp(target->maps[i].path, "[stack]") != 0)
			continue;
		layout->main_high = target->maps[i].end;
		low = target->maps[i - 1].end;
		if (prlimit(target->pid, RLIMIT_STACK, NULL, &limit) == 0 &&
		    limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < layout->main_high &&
		    layout->main_high - limit.rlim_cur > low)
			low = layout->main_high - limit.rlim_cur;
		layout->main_low = low < target->maps[i].start ? low : target->maps[i].start;
		return true;
	}
	return false;
}

uint64_t sut_thread_find_any(const struct sut_target *target, bool files, uint64_t align,
			     bool (*accept)(const struct sut_target *target, uint64_t tcb,
					    void *context),
			     void *context)
{
	enum { SMALL = 1 << 20 };
	uint64_t tcb = 0;

	for (int pass = 0; pass < 2 && !tcb; pass++)
		for (size_t i = 0; i < target->map_count && !tcb; i++) {
			const struct sut_map *map = &target->maps[i];
			bool small = map->end - map->start <= SMALL;

			if (map->write && !map->shared && (files || map->path[0] != '/') &&
			    small == (pass == 0))
				tcb = sut_thread_find_tcb(target, map->start, map->end, align,
							  accept, context);
		}
	return tcb;
}

/* glibc keeps that list in the control block, so the stacks of threads need not be searched. */
static bool find_main_listed(const struct sut_target *target, struct sut_thread_layout *layout)
{
	uint64_t list = mutex_list(target->pid), from;
	const struct sut_map *map = list ? sut_target_map(target, list) : NULL;

	if (!map)
		return false;
	from = list - map->start < PTHREAD_SIZE ? map->start : list - PTHREAD_SIZE;
	return sut_thread_find_tcb(target, from, list, TCB_ALIGN, accept_main, layout) != 0;
}

/*
 * A program without a C library, or of one that is not known. On the main thread's stack there is
 * nobody but that thread; all other stacks are foreign.
 */
static bool is_alone(const struct sut_target *target, struct sut_thread_layout *layout)
{
	char status[8192];

	if (sut_proc_read(target->folder, "status", status, sizeof(status)) < 0 ||
	    sut_status_number(status, "\nThreads:") != 1)
		return false;
	layout->home = SUT_RT_HOME_ONE;
	layout->main_tcb = SUT_RT_KEY_ONE;
	return true;
}

enum sut_rc sut_thread_layout(const struct sut_target *target, struct sut_thread_layout *layout,
			      struct sut_diag *diag)
{
	struct sut_thread_layout found = {.home = SUT_RT_HOME_TCB, .bounds = SUT_RT_BOUNDS_LOW};

	if (main_stack(target, &found) &&
	    (find_main_listed(target, &found) ||
	     /* glibc's loader makes the main TCB in a small mapping of its own. */
	     sut_thread_find_any(target, false, TCB_ALIGN, accept_main, &found) ||
	     sut_musl_layout(target, &found) || is_alone(target, &found))) {
		*layout = found;
		return SUT_OK;
	}
	if (target->go)
		return sut_target_is_go(target, diag);
	sut_fail(diag, SUT_UNSUPPORTED, "libc",
		 "process %d (%s): it has several threads, and neither glibc's nor musl's records "
		 "of them are in its memory",
		 target->pid, target->name);
	sut_remedy(diag, "Programs of glibc (2.34 or newer) and musl can be patched, static ones, "
			 "too; others only as long as they have a single thread.");
	return SUT_UNSUPPORTED;
}

struct stack_search {
	uint64_t offset;
	uint64_t sp;
	uint64_t low;
};

static bool accept_stack(const struct sut_target *target, uint64_t tcb, void *context)
{
	struct stack_search *search = context;
	uint64_t words[PTHREAD_SIZE / 8];
	const uint64_t *block = words + search->offset / 8;

	if (!sut_target_read(target, tcb, words, search->offset + 2 * sizeof(words[0])) ||
	    !is_tcb(words, tcb) || search->sp < block[0] || search->sp >= tcb ||
	    tcb - block[0] >= block[1])
		return false;
	search->low = block[0];
	return true;
}

/* Where the control block of this thread should be: see sut_thread_tcb(). 0: not known. */
static uint64_t listed_tcb(const struct sut_target *target, const struct sut_thread_layout *layout,
			   pid_t tid)
{
	uint64_t offset = mutex_list(target->pid) - layout->main_tcb, list = mutex_list(tid);

	return list && offset < PTHREAD_SIZE ? list - offset : 0;
}

/* The child of a fork by another thread goes on as that one, with the same control block. */
static bool is_main(const struct sut_target *target, const struct sut_thread_layout *layout,
		    pid_t tid)
{
	uint64_t list = mutex_list(tid);

	return tid == target->pid &&
	       (layout->home != SUT_RT_HOME_TCB || !list || list - layout->main_tcb < PTHREAD_SIZE);
}

bool sut_thread_stack(const struct sut_target *target, const struct sut_thread_layout *layout,
		      pid_t tid, uint64_t sp, struct sut_thread_stack *stack)
{
	struct stack_search search = {.offset = layout->stack_offset, .sp = sp};
	const struct sut_map *map;
	uint64_t tcb;

	/* Other threads' stacks may be parts of it. */
	if (sp >= layout->main_low && sp < layout->main_high && is_main(target, layout, tid)) {
		*stack = (struct sut_thread_stack){layout->main_tcb, layout->main_low,
						   layout->main_high};
		return layout->main_tcb != 0;
	}
	switch (layout->home) {
	case SUT_RT_HOME_TCB:
		break;
	case SUT_RT_HOME_TABLE:
		return sut_musl_stack(target, layout, tid, sp, stack);
	case SUT_RT_HOME_ONE:
		return false;
	}
	/* The main thread's says nothing of where its stack begins. */
	tcb = listed_tcb(target, layout, tid);
	if (!tcb || tcb == layout->main_tcb || !accept_stack(target, tcb, &search)) {
		map = sut_target_map(target, sp);
		tcb = map ? sut_thread_find_tcb(target, sp, map->end, TCB_ALIGN, accept_stack,
						&search)
			  : 0;
	}
	if (!tcb)
		return false;
	*stack = (struct sut_thread_stack){tcb, search.low, tcb};
	return true;
}

uint64_t sut_thread_tcb(const struct sut_target *target, const struct sut_thread_layout *layout,
			pid_t tid)
{
	uint64_t tcb;

	if (layout->home == SUT_RT_HOME_TABLE)
		return sut_musl_tcb(target, layout, tid);
	if (layout->home == SUT_RT_HOME_ONE)
		return tid == target->pid ? layout->main_tcb : 0;
	tcb = listed_tcb(target, layout, tid);
	return tcb && looks_like_tcb(target, tcb) ? tcb : 0;
}

bool sut_thread_own_stack(const struct sut_target *target, const struct sut_thread_layout *layout,
			  pid_t tid, struct sut_thread_stack *stack)
{
	uint64_t tcb = sut_thread_tcb(target, layout, tid);

	if (!tcb)
		return false;
	if (layout->home == SUT_RT_HOME_TABLE && tcb != layout->main_tcb)
		return sut_musl_own_stack(target, layout, tcb, stack);
	return sut_thread_stack(target, layout, tid,
				tcb == layout->main_tcb ? layout->main_high - 8 : tcb - 8, stack);
}
