/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command is going to do to a target's memory, worked out whole before anything is touched:
 * memory to map, bytes to write where nobody looks yet. Words of text are not here: only the
 * operations of the run-time change those (see process/rt/layout.h).
 */
#ifndef SUT_PROCESS_PLAN_H
#define SUT_PROCESS_PLAN_H

#include "process/index.h"
#include "process/runtime.h"

struct sut_late;
struct sut_lates;

/* A zone, existing or planned. The record is written back with the plan. */
struct sut_zone {
	uint64_t address; /* of the record in the target; 0: not used by this plan */
	struct sut_rt_zone record;
	struct sut_late *late; /* not NULL: in the arena of an object that is not there */
};

struct sut_plan_write {
	uint64_t address;
	const void *data;
	size_t size;
};

struct sut_plan {
	struct sut_runtime *runtime;
	struct sut_arena *arena;
	struct sut_lates *lates; /* late objects; may be NULL */
	size_t zone_count, zone_capacity;
	struct sut_zone **zones;
	size_t map_count, map_capacity;
	struct sut_rt_map *maps;
	size_t taken_count, taken_capacity;
	struct sut_rt_map *taken; /* address and size of what lies in pages of sut_plan_pages() */
	struct sut_index taken_pages; /* those that it begins in */
	size_t known_count; /* functions of the patches in the target: their pun pages are in use */
	const struct sut_rt_func *known;
	size_t abandoned_count;
	uint64_t abandoned[SUT_RT_PAGES_MAX]; /* pages that a dead controller mapped for nothing */
	size_t write_count, write_capacity;
	struct sut_plan_write *writes;
	struct sut_index written; /* their addresses */
	size_t word_count; /* words of text that change with the next transition, to stay so */
	struct sut_rt_word words[SUT_RT_HOOKS];
	uint32_t proved; /* of the control block */
	uint64_t used;   /* bytes of zones taken by this plan for good */
	bool overflowed; /* a zone got more than was asked for: a bug, found before it does harm */
};

/* Reads those that are in the target into plan->zones, once. SUT_REFUSED (rule "damaged"). */
enum sut_rc sut_plan_zones(struct sut_plan *plan, struct sut_diag *diag);

/*
 * A zone in reach of [low, high) with room for that many bytes, an existing one if possible.
 * Allocations from it then succeed up to these sums.
 */
enum sut_rc sut_plan_zone(struct sut_plan *plan, uint64_t low, uint64_t high, uint64_t text,
			  uint64_t data, struct sut_zone **zone, struct sut_diag *diag);

/*
 * Likewise, for what the transition with this mark needs and nobody else: its zones are used again
 * when a later one has proved that nobody is in there.
 */
enum sut_rc sut_plan_passing_zone(struct sut_plan *plan, uint32_t mark, uint64_t low, uint64_t high,
				  uint64_t text, uint64_t data, struct sut_zone **zone,
				  struct sut_diag *diag);

/* Thunks and heads; images of patches (r-x); data (rw-). Aligned to 16 or more. Return addresses.
 */
uint64_t sut_zone_core(struct sut_plan *plan, struct sut_zone *zone, uint64_t size);
uint64_t sut_zone_image(struct sut_plan *plan, struct sut_zone *zone, uint64_t size,
			uint64_t align);
uint64_t sut_zone_data(struct sut_plan *plan, struct sut_zone *zone, uint64_t size, uint64_t align);

/* Is the function of the C library taken? */
bool sut_hook_taken(const struct sut_target *target, const struct sut_rt_hook *hook);

/* What is in the target already; before sut_plan_pages(). */
void sut_plan_know(struct sut_plan *plan, const struct sut_rt_control *control,
		   const struct sut_rt_func *funcs, size_t count);

/* Takes [start, end), mapping its pages where this plan does not yet. false: it is in use. */
bool sut_plan_pages(struct sut_plan *plan, uint64_t start, uint64_t end);
/* Has it taken the address? */
bool sut_plan_takes(const struct sut_plan *plan, uint64_t address);
/* Before they are mapped: if this controller dies, the next one must know whose they are. */
bool sut_plan_note_pages(const struct sut_plan *plan);

/* Memory to map; the caller has found the place. */
void sut_plan_map(struct sut_plan *plan, uint64_t address, uint64_t size, uint64_t prot);

/* What will be at an address, which this plan writes as a whole or the target has; NULL: nothing.
 */
const void *sut_plan_read(const struct sut_plan *plan, uint64_t address, size_t size);

/* Zeroed memory of its own, for data; size in whole pages. 0: there is no room. */
uint64_t sut_plan_memory(struct sut_plan *plan, uint64_t size);

/* A stack for callbacks, if there is none yet. SUT_UNSUPPORTED (rule "room"). */
enum sut_rc sut_plan_call_stack(struct sut_plan *plan, const struct sut_rt_control *control,
				struct sut_diag *diag);

/* data must stay until the plan is carried out. */
void sut_plan_write(struct sut_plan *plan, uint64_t address, const void *data, size_t size);

/* Copies data into zone data and returns its address. */
uint64_t sut_plan_store(struct sut_plan *plan, struct sut_zone *zone, const void *data,
			size_t size);
uint64_t sut_plan_string(struct sut_plan *plan, struct sut_zone *zone, const char *s);

/* Maps and writes. The run-time must be in place. On failure the target runs as before. */
enum sut_rc sut_plan_execute(struct sut_plan *plan, struct sut_diag *diag);

#endif
