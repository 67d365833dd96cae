// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where each function of a patch may go by a jump, in its old and in its new version. A tail jump
 * leaves nothing on the stack: old f jumps into g, and at g's entry no frame tells that f was old.
 * So whoever switches threads has to know which functions end that way, and where they may lead
 * (process/rt/decide.c). A jump through a pointer may lead anywhere, unless it is the dispatch of a
 * switch statement; one to another object, to whatever that has.
 *
 * New functions have no entry that a thread could switch at, so those that are jumped to belong to
 * the version that jumps.
 *
 * In the same walk: functions that return twice, which would come back into code that was replaced
 * in between, and functions that do not return at all, in which a change never takes effect.
 */
#include "extract/extract.h"
#include "judge/judge.h"
#include "insn/insn.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum {
	SUM_AGE_MAX = 4, /* instructions between the sum and the jump through it */
};

struct walk {
	struct sut_extract *extract;
	struct sut_patch_func *func;
	const struct sut_target *target;
	const struct sut_patch_section *section; /* new code; NULL: old code */
	const unsigned char *code;
	uint64_t start;            /* address of code[0]: in the target, or offset in the section */
	unsigned int sum_register; /* that the last addition of two registers wrote */
	unsigned int sum_age;      /* instructions since then */
	bool leaves;               /* a return, or a jump to somewhere else */
	bool loops;                /* an unconditional jump back */
	uint64_t loop;             /* where the loop begins that is entered first */
	struct sut_patch_jumps *jumps; /* of the version that is walked */
	size_t jump_capacity;
};

static void add_jump(struct walk *walk, uint64_t target)
{
	SUT_PUSH(walk->extract->arena, walk->jumps->targets, walk->jumps->count,
		 walk->jump_capacity) = target;
}

/* A jump to what the dynamic linker finds by name: in another object, or in this one. */
static void add_named(struct walk *walk, const char *name)
{
	size_t count;
	const struct sut_target_symbol *symbols = sut_target_find(walk->target, name, &count);

	walk->jumps->elsewhere = true;
	for (size_t i = 0; i < count; i++)
		if (symbols[i].type == STT_FUNC)
			add_jump(walk, symbols[i].address);
}

static int compare_targets(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Ascending, each once. */
static void finish_jumps(struct sut_patch_jumps *jumps)
{
	size_t kept = 0;

	if (jumps->count)
		qsort(jumps->targets, jumps->count, sizeof(*jumps->targets), compare_targets);
	for (size_t i = 0; i < jumps->count; i++)
		if (!kept || jumps->targets[kept - 1] != jumps->targets[i])
			jumps->targets[kept++] = jumps->targets[i];
	jumps->count = kept;
}

static bool in_own_pieces(const struct walk *walk, uint64_t address)
{
	for (size_t i = 0; i < walk->func->piece_count; i++) {
		const struct sut_patch_piece *piece = &walk->func->pieces[i];

		if (address - piece->address < piece->size)
			return true;
	}
	return false;
}

/* Registers of the operands of a ModRM byte; prefix is the REX prefix, or 0. */
static unsigned int reg_of(unsigned char prefix, unsigned char modrm)
{
	return (modrm >> 3 & 7) | (prefix & 4 ? 8 : 0);
}

static unsigned int rm_of(unsigned char prefix, unsigned char modrm)
{
	return (modrm & 7) | (prefix & 1 ? 8 : 0);
}

/* Remembers the last add %r, %r: its sum may be a label out of a jump table. */
static void note_sum(struct walk *walk, const struct sut_insn *insn)
{
	const unsigned char *code = walk->code + (insn->address - walk->start);
	unsigned char prefix = (code[0] & 0xf0) == 0x40 ? *code++ : 0;

	walk->sum_age++;
	if (insn->length < 3 || !prefix || (code[0] != 0x01 && code[0] != 0x03))
		return;
	if (code[0] == 0x01 && (code[1] & 0xc0) != 0xc0)
		return;
	walk->sum_register = code[0] == 0x01 ? rm_of(prefix, code[1]) : reg_of(prefix, code[1]);
	walk->sum_age = 0;
}

/*
 * The dispatch of a switch statement: marked by notrack, or scaled by an index, or through the
 * register with the sum of a table's address and its entry.
 */
static bool is_dispatch(const struct walk *walk, const struct sut_insn *insn)
{
	const unsigned char *code = walk->code + (insn->address - walk->start);
	unsigned char prefix = 0;

	if (code[0] == 0x3e)
		return true;
	for (size_t i = 0; i + 2 < insn->length && code[0] != 0xff; i++)
		prefix = *code++;
	if ((prefix & 0xf0) != 0x40)
		prefix = 0;
	if ((code[1] & 0xc7) == 0x04) /* a SIB byte: a scaled index without a base */
		return (code[2] & 0xc7) == 0xc5;
	return (code[1] & 0xc0) == 0xc0 && walk->sum_age < SUM_AGE_MAX &&
	       rm_of(prefix, code[1]) == walk->sum_register;
}

static void jump_indirect(struct walk *walk, const struct sut_insn *insn)
{
	const struct sut_target_reloc *slot =
		walk->section || !insn->target ? NULL
					       : sut_target_reloc_at(walk->target, insn->target);

	if (is_dispatch(walk, insn))
		return;
	walk->leaves = true;
	if (slot && *slot->name)
		add_named(walk, slot->name);
	else
		walk->jumps->anywhere = true;
}

/* To another function, or to the own entry, where the redirection is. */
static void jump_old(struct walk *walk, uint64_t target)
{
	const struct sut_target_reloc *stub;

	if (in_own_pieces(walk, target)) {
		if (target == walk->func->pieces[0].address)
			add_jump(walk, target);
		return;
	}
	walk->leaves = true;
	stub = sut_target_stub(walk->target, target);
	if (stub && *stub->name)
		add_named(walk, stub->name);
	else
		add_jump(walk, target);
}

/*
 * A loop that ends has its jump back on a condition. One that does not, in a function without a way
 * out, is for ever.
 */
static void note_loop(struct walk *walk, const struct sut_insn *insn)
{
	if (insn->target > insn->address || insn->target < walk->start)
		return;
	if (insn->target < walk->loop)
		walk->loop = insn->target;
	walk->loops |= insn->kind == SUT_INSN_JUMP;
}

static bool visit_old(const struct sut_insn *insn, void *context)
{
	struct walk *walk = context;

	switch (insn->kind) {
	case SUT_INSN_JUMP:
	case SUT_INSN_BRANCH:
		jump_old(walk, insn->target);
		note_loop(walk, insn);
		break;
	case SUT_INSN_JUMP_INDIRECT:
		jump_indirect(walk, insn);
		break;
	case SUT_INSN_RETURN:
		walk->leaves = true;
		break;
	case SUT_INSN_OTHER:
	case SUT_INSN_CALL:
	case SUT_INSN_CALL_INDIRECT:
	case SUT_INSN_SYSCALL:
	case SUT_INSN_TRAP:
		break;
	}
	note_sum(walk, insn);
	return true;
}

static const struct sut_patch_reloc *reloc_within(const struct walk *walk,
						  const struct sut_insn *insn)
{
	for (size_t i = 0; i < walk->section->reloc_count; i++) {
		const struct sut_patch_reloc *reloc = &walk->section->relocs[i];

		if (reloc->offset >= insn->address && reloc->offset < insn->address + insn->length)
			return reloc;
	}
	return NULL;
}

static void add_piece(struct walk *walk, uint32_t symbol)
{
	struct sut_patch_func *func = walk->func;
	uint32_t *pieces;

	for (size_t i = 0; i < func->new_piece_count; i++)
		if (func->new_pieces[i] == symbol)
			return;
	if (func->symbol == symbol)
		return;
	pieces = sut_arena_array(walk->extract->arena, func->new_piece_count + 1, sizeof(*pieces));
	if (func->new_piece_count)
		memcpy(pieces, func->new_pieces, func->new_piece_count * sizeof(*pieces));
	pieces[func->new_piece_count++] = symbol;
	func->new_pieces = pieces;
}

/* A function of the patch: a changed one has an entry, of a new one the code comes along. */
static void jump_own(struct walk *walk, uint32_t symbol)
{
	const struct sut_patch *patch = walk->extract->patch;

	for (size_t i = 0; i < patch->func_count; i++) {
		const struct sut_patch_func *to = &patch->funcs[i];

		if (to == walk->func || to->symbol != symbol)
			continue;
		if (to->kind == SUT_PATCH_FUNC_CHANGED) {
			add_jump(walk, to->pieces[0].address);
			continue;
		}
		add_piece(walk, to->symbol);
		for (size_t k = 0; k < to->new_piece_count; k++)
			add_piece(walk, to->new_pieces[k]);
	}
}

static void jump_to_symbol(struct walk *walk, uint32_t index)
{
	const struct sut_patch_symbol *symbol = &walk->extract->patch->symbols[index];

	switch (symbol->kind) {
	case SUT_PATCH_SYMBOL_OWN:
		jump_own(walk, index);
		break;
	case SUT_PATCH_SYMBOL_TARGET:
		add_jump(walk, symbol->value);
		break;
	case SUT_PATCH_SYMBOL_IMPORT:
		add_named(walk, symbol->name);
		break;
	case SUT_PATCH_SYMBOL_RUNTIME:
		break;
	}
}

static bool visit_new(const struct sut_insn *insn, void *context)
{
	struct walk *walk = context;
	bool indirect = insn->kind == SUT_INSN_JUMP_INDIRECT;

	if (insn->kind == SUT_INSN_JUMP || insn->kind == SUT_INSN_BRANCH || indirect) {
		const struct sut_patch_reloc *reloc = reloc_within(walk, insn);

		/* A slot of the table of imports is as good as the name; other data are pointers.
		 */
		if (reloc && (!indirect || sut_reloc_is_got(reloc->type)))
			jump_to_symbol(walk, reloc->symbol);
		else if (indirect)
			jump_indirect(walk, insn);
	}
	note_sum(walk, insn);
	return true;
}

static void walk_code(struct walk *walk, const unsigned char *code, uint64_t size, uint64_t start,
		      bool (*visit)(const struct sut_insn *insn, void *context))
{
	struct sut_verdict *verdict = walk->extract->verdict;
	struct sut_diag diag;

	walk->code = code;
	walk->start = start;
	walk->sum_age = SUM_AGE_MAX;
	if (code && !sut_insn_walk(code, size, start, visit, walk, &diag))
		return;
	sut_refuse(verdict, "decode", walk->func->name,
		   "%s contains bytes that are no instructions, so its jumps cannot be checked; "
		   "leave this function as it is",
		   walk->func->name);
}

static void walk_new_piece(struct walk *walk, uint32_t index)
{
	const struct sut_patch_symbol *symbol = &walk->extract->patch->symbols[index];

	walk->section = &walk->extract->patch->sections[symbol->section];
	walk_code(walk, walk->section->data ? walk->section->data + symbol->value : NULL,
		  symbol->size, symbol->value, visit_new);
}

static void walk_func(struct sut_extract *extract, struct sut_patch_func *func)
{
	struct walk walk = {
		.extract = extract,
		.func = func,
		.target = extract->targets[func->object],
		.jumps = &func->old_jumps,
		.loop = UINT64_MAX,
	};

	for (size_t i = 0; i < func->piece_count; i++) {
		const struct sut_patch_piece *piece = &func->pieces[i];

		walk_code(&walk, sut_target_bytes(walk.target, piece->address, piece->size),
			  piece->size, piece->address, visit_old);
	}
	if (!walk.leaves && walk.loops && strcmp(func->name, "main") != 0)
		sut_stay_warn(extract, func, walk.loop - func->pieces[0].address);
	finish_jumps(&func->old_jumps);
	if (func->kind == SUT_PATCH_FUNC_NEW)
		return;
	walk.jumps = &func->new_jumps;
	walk.jump_capacity = 0;
	walk_new_piece(&walk, func->symbol);
	/* Those that are jumped to join the pieces meanwhile. */
	for (size_t i = 0; i < func->new_piece_count; i++)
		walk_new_piece(&walk, func->new_pieces[i]);
	finish_jumps(&func->new_jumps);
}

static const char *const returns_twice[] = {
	"setjmp",      "_setjmp",     "sigsetjmp", "__sigsetjmp", "getcontext",
	"swapcontext", "makecontext", "vfork",     "__vfork",     "savectx",
};

static bool returns_again(const char *name)
{
	for (size_t i = 0; i < sizeof(returns_twice) / sizeof(returns_twice[0]); i++)
		if (!strcmp(name, returns_twice[i]))
			return true;
	return false;
}

/* The function of the patch's section that the offset belongs to. */
static const char *function_at(const struct sut_origin *origin, uint64_t offset)
{
	const struct sut_object *after = origin->part->diff->after;
	uint32_t def = sut_section_def(after, &after->sections[origin->section], offset);

	return def == SUT_NO_DEF ? after->sections[origin->section].name
				 : after->defs[after->defs[def].parent].name;
}

static void judge_section(struct sut_extract *extract, size_t index)
{
	const struct sut_patch_section *section = &extract->patch->sections[index];
	const struct sut_origin *origin = &extract->origins[index];

	if (!(section->flags & SHF_EXECINSTR))
		return;
	for (size_t i = 0; i < section->reloc_count; i++) {
		const char *name = extract->patch->symbols[section->relocs[i].symbol].name;
		const char *function;

		if (!returns_again(name))
			continue;
		function = function_at(origin, section->relocs[i].offset);
		sut_refuse(
			extract->verdict, "setjmp",
			sut_arena_printf(extract->verdict->arena, "%s: %s calls %s",
					 origin->part->unit->source, function, name),
			"%s calls %s, which returns a second time, perhaps into code that was "
			"replaced in between; move the change into a function that does not call "
			"it",
			function, name);
	}
}

void sut_edges_judge(struct sut_extract *extract)
{
	const struct sut_patch *patch = extract->patch;

	for (size_t i = 0; i < patch->func_count; i++)
		walk_func(extract, &patch->funcs[i]);
	for (size_t i = 0; i < patch->section_count; i++)
		judge_section(extract, i);
}
