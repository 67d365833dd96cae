// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/site.h"
#include "insn/insn.h"

#include <string.h>

enum {
	JUMP_SIZE = 5,
	JUMP_OPCODE = 0xe9,
	WORD_SIZE = 8,
	SPELLED_MAX = 24, /* bytes of an entry that a pun may take for its displacement, and more */
	PUN_TRIES = 32,   /* places for one form of a pun */
};

/* What is known of the old code. */
struct site {
	uint64_t entry;
	const unsigned char *code;
	size_t size;
	bool known;        /* all of its instructions are */
	uint64_t branched; /* lowest address behind the entry that it branches to */
	bool computed;     /* it has jumps through a register ... */
	size_t table_count, table_capacity;
	uint64_t *tables; /* ... which come from here: data that its code names */
	unsigned char spelled[SPELLED_MAX];
};

struct look {
	struct site *site;
	struct sut_arena *arena;
};

static bool look_at_branch(const struct sut_insn *insn, void *context)
{
	struct look *look = context;
	struct site *site = look->site;

	if (insn->kind == SUT_INSN_JUMP_INDIRECT)
		site->computed = true;
	if (insn->rip_relative)
		SUT_PUSH(look->arena, site->tables, site->table_count, site->table_capacity) =
			insn->memory;
	if ((insn->kind == SUT_INSN_JUMP || insn->kind == SUT_INSN_BRANCH ||
	     insn->kind == SUT_INSN_CALL) &&
	    insn->target > site->entry && insn->target < site->branched)
		site->branched = insn->target;
	return true;
}

static void look(struct sut_arena *arena, const struct sut_site_piece *pieces, size_t count,
		 struct site *site)
{
	struct look look = {site, arena};
	struct sut_diag ignored;

	*site = (struct site){
		.entry = pieces[0].address,
		.code = pieces[0].code,
		.size = pieces[0].size,
		.known = true,
		.branched = UINT64_MAX,
	};
	for (size_t i = 0; i < count; i++)
		if (sut_insn_walk(pieces[i].code, pieces[i].size, pieces[i].address, look_at_branch,
				  &look, &ignored) != SUT_OK)
			site->known = false;
}

/*
 * Might the table, distances from itself or addresses, lead to [low, high)? Where it ends nobody
 * knows: what lies behind it is looked at, too, and could only be in the way.
 */
static bool leads_to(const struct sut_target *target, uint64_t table, uint64_t low, uint64_t high)
{
	enum { CASES_MAX = 8192 };
	const struct sut_map *map = sut_target_map(target, table);
	int32_t words[CASES_MAX];
	size_t count = CASES_MAX;

	if (!map || map->exec)
		return false;
	if (map->end - table < sizeof(words))
		count = (map->end - table) / sizeof(words[0]);
	if (!sut_target_read(target, table, words, count * sizeof(words[0])))
		return true;
	for (size_t i = 0; i < count; i++) {
		uint64_t address = table + (uint64_t)(int64_t)words[i];

		if (address >= low && address < high)
			return true;
		if (i % 2 == 0 && i + 1 < count) {
			memcpy(&address, words + i, sizeof(address));
			if (address >= low && address < high)
				return true;
		}
	}
	return false;
}

/* Does no branch or table lead to the instruction at the offset, or to a push before it? */
static bool is_only_passed(const struct sut_target *target, const struct site *site,
			   unsigned int at, unsigned int length)
{
	uint64_t low = site->entry + 1, high = site->entry + at + length;

	if (!site->known || site->branched < high)
		return false;
	/* Code at a fixed address has other ways to name a table. */
	if (site->computed && site->entry <= UINT32_MAX)
		return false;
	for (size_t i = 0; site->computed && i < site->table_count; i++)
		if (leads_to(target, site->tables[i], low, high))
			return false;
	return true;
}

/* May all five bytes change once nobody is inside the function? */
static bool can_be_direct(const struct site *site)
{
	return site->size >= JUMP_SIZE && site->entry % WORD_SIZE + JUMP_SIZE <= WORD_SIZE &&
	       site->known && site->branched >= site->entry + JUMP_SIZE;
}

static enum sut_rc refuse(const struct sut_plan *plan, const char *name, const char *reason,
			  struct sut_diag *diag)
{
	const struct sut_target *target = plan->runtime->target;

	sut_fail(diag, SUT_UNSUPPORTED, "entry",
		 "%s: process %d (%s): its entry cannot be taken: %s", name, target->pid,
		 target->name, reason);
	sut_remedy(diag, "Patch its callers instead, or restart the program.");
	return SUT_UNSUPPORTED;
}

/* Bytes up to end that are not the function's must be padding: nobody else changes or enters them.
 */
static bool is_ours(const struct site *site, size_t end)
{
	const unsigned char *next = site->spelled + site->size;

	/* nop, int3, or the prefix and first byte of the long forms of nop */
	return site->size >= end || next[0] == 0x90 || next[0] == 0xcc || next[0] == 0x66 ||
	       (next[0] == 0x0f && site->size + 1 < end && next[1] == 0x1f);
}

/* One form of a pun: e9 behind a number of prefixes, in an instruction behind a number of pushes.
 */
struct pun {
	unsigned int at;     /* offset of the instruction from the entry */
	unsigned int pushes; /* before it */
	unsigned int room;   /* bytes of it that may change, those in the entry's word */
	unsigned int prefixes;
};

/* The code in the page that a pun leads to: back to the entry's stack pointer, and on. */
static size_t emit_landing(const struct pun *pun, uint64_t land, uint64_t *slot,
			   unsigned char code[16])
{
	const unsigned char back[] = {0x48, 0x8d, 0x64, 0x24,
				      (unsigned char)(8 * pun->pushes)}; /* lea n(%rsp), %rsp */
	const unsigned char jump[] = {0xff, 0x25};                       /* jmp *slot(%rip) */
	int32_t displacement;
	size_t size = 0;

	if (pun->pushes) {
		memcpy(code, back, sizeof(back));
		size = sizeof(back);
	}
	memcpy(code + size, jump, sizeof(jump));
	size += sizeof(jump) + sizeof(displacement);
	*slot = (land + size + 7) & ~UINT64_C(7);
	displacement = (int32_t)(*slot - (land + size));
	memcpy(code + size - sizeof(displacement), &displacement, sizeof(displacement));
	return size;
}

/* Puts the bytes of the pun that are not what they were into func->pun and func->pun_mask. */
static void spell(const struct site *site, const struct pun *pun, int32_t displacement,
		  struct sut_rt_func *func)
{
	enum { NO_PREFIX = 0x2e /* a segment override that no jump heeds */ };
	unsigned char bytes[WORD_SIZE] = {0}, mask[WORD_SIZE] = {0}, jump[WORD_SIZE + JUMP_SIZE];
	unsigned int first = site->entry % WORD_SIZE + pun->at;

	memset(jump, NO_PREFIX, pun->prefixes);
	jump[pun->prefixes] = JUMP_OPCODE;
	memcpy(jump + pun->prefixes + 1, &displacement, sizeof(displacement));
	for (unsigned int i = 0; i < pun->room && i < pun->prefixes + JUMP_SIZE; i++) {
		bytes[first + i] = jump[i];
		mask[first + i] = 0xff;
	}
	memcpy(&func->pun, bytes, sizeof(func->pun));
	memcpy(&func->pun_mask, mask, sizeof(func->pun_mask));
}

/* Maps the page that the jump leads to, and what goes on from there. */
static bool take_place(struct sut_plan *plan, const struct site *site, const struct pun *pun,
		       int32_t displacement, struct sut_rt_func *func)
{
	uint64_t end = site->entry + pun->at + pun->prefixes + JUMP_SIZE;
	uint64_t land = end + (uint64_t)(int64_t)displacement, slot;
	unsigned char code[16];
	size_t size = emit_landing(pun, land, &slot, code);

	if (land < (1 << 20) || land > (UINT64_C(1) << 47) - 2 * SUT_PAGE_SIZE ||
	    !sut_plan_pages(plan, land, slot + 8))
		return false;
	sut_plan_write(plan, land, sut_arena_memdup(plan->arena, code, size), size);
	func->land = land;
	func->slot = slot;
	func->flags |= SUT_RT_FUNC_PUN;
	spell(site, pun, displacement, func);
	return true;
}

/* The lower bytes of the displacement are ours to choose, the others are what they are. */
static bool try_form(struct sut_plan *plan, const struct site *site, const struct pun *pun,
		     struct sut_rt_func *func)
{
	unsigned int start = pun->at + pun->prefixes + 1, chosen = pun->room - pun->prefixes - 1;
	uint32_t lowest, span, tries;

	if (!is_ours(site, start + sizeof(lowest)))
		return false;
	chosen = chosen > sizeof(lowest) ? sizeof(lowest) : chosen;
	span = chosen == sizeof(lowest) ? UINT32_MAX : (UINT32_C(1) << 8 * chosen) - 1;
	tries = chosen ? PUN_TRIES : 1;
	memcpy(&lowest, site->spelled + start, sizeof(lowest));
	lowest &= ~span;
	for (uint32_t i = 0; i < tries; i++)
		if (take_place(plan, site, pun, (int32_t)(lowest + span / tries * i), func))
			return true;
	return false;
}

static bool is_push(const unsigned char *code, const struct sut_insn *insn)
{
	return (insn->length == 1 && (code[0] & 0xf8) == 0x50) ||
	       (insn->length == 2 && code[0] == 0x41 && (code[1] & 0xf8) == 0x50);
}

/* The first form of a pun that leads to a free place. *at: where in the function it is. */
static bool plan_pun(struct sut_plan *plan, const struct site *site, struct sut_rt_func *func,
		     unsigned int *at)
{
	unsigned int word = site->entry % WORD_SIZE;
	struct pun pun = {0};
	struct sut_insn insn;

	while (word + pun.at < WORD_SIZE && pun.at < site->size &&
	       sut_insn_decode(site->code + pun.at, site->size - pun.at, site->entry + pun.at,
			       &insn)) {
		bool may =
			!pun.at || is_only_passed(plan->runtime->target, site, pun.at, insn.length);

		pun.room = WORD_SIZE - word - pun.at;
		pun.room = insn.length < pun.room ? insn.length : pun.room;
		*at = pun.at;
		for (pun.prefixes = 0; may && pun.prefixes < pun.room; pun.prefixes++)
			if (try_form(plan, site, &pun, func))
				return true;
		if (!is_push(site->code + pun.at, &insn))
			return false;
		pun.at += insn.length;
		pun.pushes++;
	}
	return false;
}

/* The start of the function, moved: all of it that the pun or a direct jump takes. */
static enum sut_rc plan_head(struct sut_plan *plan, struct sut_zone *zone, const struct site *site,
			     unsigned int atleast, struct sut_rt_func *func, struct sut_diag *diag)
{
	struct sut_insn_head *head = sut_arena_alloc(plan->arena, sizeof(*head));
	enum sut_rc rc;

	if (!func->head)
		func->head = sut_zone_core(plan, zone, SUT_SITE_HEAD_SIZE);
	rc = sut_insn_move_head(site->code, site->size, site->entry, func->head, atleast, head,
				diag);
	if (rc == SUT_OK)
		sut_plan_write(plan, func->head, head->code, head->size);
	return rc;
}

enum sut_rc sut_site_plan(struct sut_plan *plan, struct sut_zone *zone, const char *name,
			  const struct sut_site_piece *pieces, size_t count,
			  struct sut_rt_func *func, struct sut_diag *diag)
{
	const struct sut_target *target = plan->runtime->target;
	struct sut_diag ignored;
	struct sut_insn first;
	struct site site;
	unsigned int at;

	look(plan->arena, pieces, count, &site);
	func->entry = site.entry;
	func->size = site.size;
	if (!sut_insn_decode(site.code, site.size, site.entry, &first))
		return refuse(plan, name, "its first instruction is unknown", diag);
	if (!sut_target_read(target, sut_site_word_address(func), &func->original, WORD_SIZE) ||
	    !sut_target_read(target, site.entry, site.spelled, sizeof(site.spelled)))
		return refuse(plan, name, "its memory cannot be read", diag);
	if (can_be_direct(&site) &&
	    plan_head(plan, zone, &site, JUMP_SIZE, func, &ignored) == SUT_OK)
		func->flags |= SUT_RT_FUNC_DIRECT;
	if (func->flags & SUT_RT_FUNC_DIRECT && first.length >= JUMP_SIZE)
		return SUT_OK;
	if (!plan_pun(plan, &site, func, &at))
		return refuse(plan, name,
			      "its first instruction is shorter than a jump, and the places that "
			      "its own bytes lead to are in use",
			      diag);
	if (at)
		func->flags &= ~(uint32_t)SUT_RT_FUNC_DIRECT;
	if (!(func->flags & SUT_RT_FUNC_DIRECT) &&
	    plan_head(plan, zone, &site, at + 1, func, diag) != SUT_OK)
		return sut_context(diag, SUT_UNSUPPORTED, "%s cannot be redirected", name);
	return SUT_OK;
}

bool sut_site_has_room(const struct sut_rt_func *func)
{
	return func->entry % WORD_SIZE + JUMP_SIZE <= WORD_SIZE;
}

uint64_t sut_site_jump_word(const struct sut_rt_func *func, uint64_t word, uint64_t to)
{
	unsigned char bytes[WORD_SIZE], *jump = bytes + func->entry % WORD_SIZE;
	int32_t displacement = (int32_t)(to - (func->entry + JUMP_SIZE));

	memcpy(bytes, &word, WORD_SIZE);
	jump[0] = JUMP_OPCODE;
	memcpy(jump + 1, &displacement, sizeof(displacement));
	memcpy(&word, bytes, WORD_SIZE);
	return word;
}

uint64_t sut_site_pun_word(const struct sut_rt_func *func, uint64_t word)
{
	return (word & ~func->pun_mask) | func->pun;
}

uint64_t sut_site_mask(const struct sut_rt_func *func)
{
	unsigned int first = func->entry % WORD_SIZE;
	unsigned int size = first + JUMP_SIZE > WORD_SIZE ? WORD_SIZE - first : JUMP_SIZE;

	return ((UINT64_C(1) << 8 * size) - 1) << 8 * first | func->pun_mask;
}
