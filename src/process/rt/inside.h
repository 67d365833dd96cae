/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the run-time tell each other; only for code that runs inside a target. */
#ifndef SUT_PROCESS_RT_INSIDE_H
#define SUT_PROCESS_RT_INSIDE_H

#include "process/rt/layout.h"

/* sys.c */
enum { SUT_RT_CLOCK_REAL = 0, SUT_RT_CLOCK_MONO = 1 };

int64_t sut_rt_mmap(uint64_t address, uint64_t size, uint64_t prot, bool fixed);
void sut_rt_munmap(uint64_t address, uint64_t size);
/* A page takes the place of another, in one step for all threads; then nothing is at from. */
int64_t sut_rt_move_page(uint64_t from, uint64_t to);
int64_t sut_rt_mprotect(uint64_t address, uint64_t size, uint64_t prot);
/* As the kernel has it. */
struct sut_rt_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};
int64_t sut_rt_sigaction(int signal, struct sut_rt_sigaction *action);
uint64_t sut_rt_now_ns(uint64_t clock);
uint32_t sut_rt_thread_id(void);
/* Is there a thread of this id in this process? */
bool sut_rt_thread_exists(uint32_t tid);
/* Can the eight bytes be read? */
bool sut_rt_readable(uint64_t address);
uint64_t sut_rt_block_signals(void);
void sut_rt_restore_signals(uint64_t mask);
/* false: woken by the time that passed, in ns. */
bool sut_rt_futex_wait(uint32_t *word, uint32_t value, uint64_t ns);
void sut_rt_futex_wake(uint32_t *word);

/* host.c */
struct sut_rt_control *sut_rt_this_control(void);
/* Makes the core ready if it is not, and fills the tables of functions. */
void sut_rt_host_init(struct sut_rt_control *control);

/* What was read of the target before, or while it changed, is out of date: after each change. */
static inline void sut_rt_changed(struct sut_rt_control *control)
{
	__atomic_fetch_add(&control->generation, 1, __ATOMIC_SEQ_CST);
}

/* collect.c */
int64_t sut_rt_drop(struct sut_rt_control *control);
void sut_rt_keep(struct sut_rt_control *control);
int64_t sut_rt_collect(struct sut_rt_control *control, const struct sut_rt_garbage *garbage);

/* switch.c */
/* An aligned word of text, by one store; it may have the value already. */
int64_t sut_rt_store_word(uint64_t address, uint64_t expect, uint64_t value);
void sut_rt_switch_init(struct sut_rt_control *control);

/* author.c */
void sut_rt_shadow_init(struct sut_rt_control *control);

/* run.c: called by enter.S */
void sut_rt_run(struct sut_rt_frame *frame);

/* loader.c */
struct sut_rt_image {
	uint64_t bias;
	uint64_t dynamic;
	uint64_t name;
	uint64_t low;
	uint64_t high;
	bool elsewhere; /* not in the program's own namespace */
	uint32_t id_size;
	unsigned char id[SUT_RT_BUILD_ID_MAX];
};

/* Called where the loader calls r_brk. */
void sut_rt_loader_event(void);
/* May text that comes and goes be unmapped now? With control->stage taken, not if it is not. */
bool sut_rt_loader_at_work(const struct sut_rt_control *control);
/*
 * The lists of objects are right, and these are their ends: what comes behind them is new. What is
 * there, and waited for, is a first instance.
 */
void sut_rt_loader_settle(struct sut_rt_control *control, const struct sut_rt_map *tails,
			  uint64_t count);
/* Waits for objects, a list of struct sut_rt_late; a negative errno, or SUT_RT_CHANGED. */
int64_t sut_rt_loader_watch(struct sut_rt_control *control, uint64_t records);
/* Takes the hook away when nobody waits. */
void sut_rt_loader_rest(struct sut_rt_control *control);

/* arena.c */
/* Maps an arena for an object that has come, without access, within reach of all of it. */
int64_t sut_rt_arena_map(struct sut_rt_late *late);
/*
 * An address of a patch's own code as the model has it, as it is now: that of an object which comes
 * late was planned for. NULL: the object is not there.
 */
void *sut_rt_late_code(const struct sut_rt_control *control, const void *code);
static inline bool sut_rt_late_has(const void *code)
{
	return (uint64_t)code >= SUT_RT_LATE_PLACE;
}

/* late.c; all of it with control->stage taken */
/* One that is waited for is there, and was before. */
void sut_rt_late_first(struct sut_rt_late *late, const struct sut_rt_image *image);
/* An instance of the object is mapped; fresh: and nothing of it has run. */
void sut_rt_late_come(struct sut_rt_control *control, struct sut_rt_late *late,
		      const struct sut_rt_image *image, bool fresh);
void sut_rt_late_go(struct sut_rt_control *control, struct sut_rt_late *late);
/* Does a patch in use, or memory of ours, need to know of objects? */
bool sut_rt_late_wanted(const struct sut_rt_control *control);
/* A transition begins, is reversed, has closed: entries to where it led, or back. */
void sut_rt_late_begin(struct sut_rt_control *control, struct sut_rt_transition *t);
void sut_rt_late_reverse(const struct sut_rt_control *control);
int64_t sut_rt_late_end(const struct sut_rt_control *control, bool back);

#endif
