/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of a patch that are not in the target yet. They are planned at addresses where nothing
 * can be; the run-time moves what was planned to where they come (process/rt/late.h). What has to
 * be moved is found by laying everything out three times: where object and arena lie elsewhere
 * together, 64-bit addresses differ; where the arena alone lies elsewhere, its addresses and the
 * distances from it do. Whatever else differs cannot be moved and is refused, so no kind of
 * reference can be forgotten.
 */
#ifndef SUT_PROCESS_LATE_H
#define SUT_PROCESS_LATE_H

#include "process/plan.h"

struct sut_memory;

/* An object that has come late, or may. */
struct sut_late {
	uint64_t record;       /* address of its struct sut_rt_late; 0: not there yet */
	struct sut_rt_late is; /* as the target has it, or will */
	const char *name;
	struct sut_object object; /* where it is planned */
	size_t core_count, core_capacity;
	struct sut_rt_range *cores; /* thunks and heads of earlier plans, where they are */
	size_t taken_count, taken_capacity;
	struct sut_rt_map *taken; /* of the arena of the next instance, from its start */
	/* In a plan for the time that it is not there: */
	struct sut_zone *zone; /* in its arena, or NULL */
	uint64_t arena;        /* where that is planned */
	uint64_t dir;          /* address of the byte that its thunks test */
	size_t passage_count, passage_capacity;
	struct sut_rt_passage *passages;
	size_t range_count, range_capacity;
	struct sut_rt_range *ranges;
	struct sut_rt_part *part; /* its record, until the plan is carried out */
};

struct sut_lates {
	size_t count, capacity;
	struct sut_late **list;
};

/* Is it an address of an object that is not there, or of memory that is planned for one? */
static inline bool sut_late_is_planned(uint64_t address)
{
	return address >= SUT_RT_LATE_PLACE && address < UINT64_C(0xffff) << 48;
}

/* The records of the target, whose patches are known, into memory->lates. false: damaged. */
bool sut_late_read(const struct sut_target *target, struct sut_arena *arena,
		   struct sut_memory *memory);

struct sut_late *sut_late_find(const struct sut_lates *lates, const unsigned char *build_id,
			       size_t size);
/* That of a planned address, or NULL. */
struct sut_late *sut_late_at(const struct sut_lates *lates, uint64_t address);

/*
 * One for an object of the patch that the target does not have: a known one, or a new one.
 * SUT_UNSUPPORTED (rule "late"): the target cannot be told of objects that come.
 */
enum sut_rc sut_late_expect(struct sut_runtime *runtime, struct sut_arena *arena,
			    struct sut_lates *lates, const struct sut_patch *patch, uint32_t object,
			    struct sut_late **late, struct sut_diag *diag);

/* What a late object's callbacks and destructors reach; by index in the patch. */
struct sut_late_calls {
	bool *sections;
	bool *symbols;
};

void sut_late_calls_find(struct sut_arena *arena, const struct sut_patch *patch, uint32_t object,
			 struct sut_late_calls *calls);
/* SUT_UNSUPPORTED (rule "late"): they cannot run while the loader is at work. */
enum sut_rc sut_late_calls_check(const struct sut_target *target, struct sut_arena *arena,
				 const struct sut_patch *patch, uint32_t object,
				 struct sut_diag *diag);
/* What sut_rt_loader.fail is in this target. */
uint64_t sut_late_fail(const struct sut_target *target);

/* SUT_RETRY (rule "busy"): objects come and go too fast. */
enum sut_rc sut_late_busy(const struct sut_target *target, struct sut_diag *diag);

/* Makes the target notice objects that come. Everything else about them may be planned after it. */
enum sut_rc sut_late_watch(struct sut_runtime *runtime, struct sut_arena *arena,
			   const struct sut_memory *memory, struct sut_diag *diag);
/* Takes that back if no patch needs it. */
void sut_late_rest(struct sut_runtime *runtime);

/* Memory of an arena: see sut_plan_zone(). */
enum sut_rc sut_late_zone(struct sut_plan *plan, uint64_t low, uint64_t text, uint64_t data,
			  struct sut_zone **zone, struct sut_diag *diag);

/* Entry and head of a function; as sut_site_plan() does it for one that is there. */
enum sut_rc sut_late_site(struct sut_plan *plan, struct sut_zone *zone,
			  const struct sut_patch_func *func, struct sut_rt_func *out,
			  struct sut_diag *diag);

/* What was planned for each late object, in their order: bytes of their zones. */
struct sut_late_shot {
	unsigned char **images;
};

enum { SUT_LATE_SHOTS = 3 };

/* Objects and arenas are planned elsewhere, in a way for each shot; 0: where they will stay. */
void sut_late_shift(struct sut_lates *lates, unsigned int shot);
void sut_late_shoot(const struct sut_plan *plan, struct sut_late_shot *shot);

/*
 * Everything is planned: images and what is to be moved in them become part of the plan. shots:
 * what was laid out in each way; NULL when only thunks are in it, which nothing needs to move.
 */
enum sut_rc sut_late_finish(struct sut_plan *plan, const struct sut_late_shot *shots,
			    struct sut_diag *diag);

#endif
