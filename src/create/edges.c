// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thread switches to the new functions at an entry, when its stack shows no old one. A tail jump
 * leaves nothing on the stack: old f jumps into g, and at g's entry nothing tells that f was old.
 * So a patch in which one function may tail-jump into another is refused, in the old code and in
 * the new one. An indirect jump can lead to whatever has its address taken, unless it is the
 * dispatch of a switch statement.
 *
 * In the same walk: functions that return twice, which would come back into code that was replaced
 * in between, and functions that do not return at all, in which a change never takes effect.
 */
#include "create/extract.h"
#include "create/labels.h"
#include "create/taken.h"
#include "insn/insn.h"

#include <elf.h>
#include <string.h>

enum {
	SUM_AGE_MAX = 4, /* instructions between the sum and the jump through it */
};

struct walk {
	struct sut_extract *extract;
	const struct sut_patch_func *func;
	const struct sut_target *target;
	const struct sut_patch_section *section; /* new code; NULL: old code */
	const unsigned char *code;
	uint64_t start;            /* address of code[0]: in the target, or offset in the section */
	unsigned int sum_register; /* that the last addition of two registers wrote */
	unsigned int sum_age;      /* instructions since then */
	bool leaves;               /* a return, or a jump to somewhere else */
	bool loops;                /* a jump back */
	const char *indirect;      /* "old code", "new code": it has an indirect tail jump */
	bool **taken;              /* found out at the first indirect tail jump */
};

static void refuse_tail(const struct walk *walk, const struct sut_patch_func *to, const char *how)
{
	struct sut_verdict *verdict = walk->extract->verdict;

	if (walk->extract->tail) {
		walk->extract->tail(walk->extract->tail_context, walk->func, to);
		return;
	}
	const char *evidence =
		sut_arena_printf(verdict->arena, "%s -> %s", walk->func->name, to->name);

	for (size_t i = 0; i < verdict->refusal_count; i++) {
		if (!strcmp(verdict->refusals[i].rule, "tail") &&
		    !strcmp(verdict->refusals[i].evidence, evidence))
			return;
	}
	sut_refuse(verdict, "tail", evidence,
		   "%s ends in a jump into %s%s, so a thread could run the old one of the first "
		   "and the new one of the second in one call; patch only one of them, or build "
		   "the target with -fno-optimize-sibling-calls",
		   walk->func->name, to->name, how);
}

static bool is_changed(const struct walk *walk, const struct sut_patch_func *func)
{
	return func->kind == SUT_PATCH_FUNC_CHANGED && func->object == walk->func->object;
}

static const struct sut_patch_func *func_at(const struct walk *walk, uint64_t address)
{
	const struct sut_patch *patch = walk->extract->patch;

	for (size_t i = 0; i < patch->func_count; i++) {
		if (is_changed(walk, &patch->funcs[i]) &&
		    patch->funcs[i].pieces[0].address == address)
			return &patch->funcs[i];
	}
	return NULL;
}

static const struct sut_patch_func *func_named(const struct walk *walk, const char *name)
{
	const struct sut_patch *patch = walk->extract->patch;

	for (size_t i = 0; i < patch->func_count; i++) {
		if (is_changed(walk, &patch->funcs[i]) && !strcmp(patch->funcs[i].name, name))
			return &patch->funcs[i];
	}
	return NULL;
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

	if (slot && *slot->name) {
		const struct sut_patch_func *to = func_named(walk, slot->name);

		walk->leaves = true;
		if (to)
			refuse_tail(walk, to, " through its slot");
		return;
	}
	if (is_dispatch(walk, insn))
		return;
	walk->leaves = true;
	walk->indirect = walk->section ? "new code" : "old code";
}

static bool visit_old(const struct sut_insn *insn, void *context)
{
	struct walk *walk = context;
	const struct sut_target_reloc *stub;
	const struct sut_patch_func *to;

	switch (insn->kind) {
	case SUT_INSN_JUMP:
	case SUT_INSN_BRANCH:
		to = func_at(walk, insn->target);
		stub = to ? NULL : sut_target_stub(walk->target, insn->target);
		if (stub && *stub->name)
			to = func_named(walk, stub->name);
		if (to)
			refuse_tail(walk, to, to == walk->func ? " itself" : "");
		walk->leaves |= !in_own_pieces(walk, insn->target);
		walk->loops |= insn->target <= insn->address;
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

static bool visit_new(const struct sut_insn *insn, void *context)
{
	struct walk *walk = context;
	const struct sut_patch *patch = walk->extract->patch;

	if (insn->kind == SUT_INSN_JUMP || insn->kind == SUT_INSN_BRANCH ||
	    insn->kind == SUT_INSN_JUMP_INDIRECT) {
		const struct sut_patch_reloc *reloc = reloc_within(walk, insn);

		for (size_t i = 0; reloc && i < patch->func_count; i++) {
			const struct sut_patch_func *to = &patch->funcs[i];

			if (is_changed(walk, to) && to != walk->func && to->symbol == reloc->symbol)
				refuse_tail(walk, to, "");
		}
		if (!reloc && insn->kind == SUT_INSN_JUMP_INDIRECT)
			jump_indirect(walk, insn);
	}
	note_sum(walk, insn);
	return true;
}

static void judge_indirect(const struct walk *walk)
{
	const struct sut_patch *patch = walk->extract->patch;

	if (!*walk->taken)
		*walk->taken = sut_taken_find(walk->extract);
	for (size_t i = 0; i < patch->func_count; i++) {
		const struct sut_patch_func *to = &patch->funcs[i];

		if (is_changed(walk, to) && to != walk->func && (*walk->taken)[i])
			refuse_tail(walk, to,
				    sut_arena_printf(walk->extract->arena,
						     " through a pointer in its %s",
						     walk->indirect));
	}
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

static void judge_func(struct sut_extract *extract, const struct sut_patch_func *func, bool **taken)
{
	struct walk walk = {
		.extract = extract,
		.func = func,
		.target = extract->targets[func->object],
		.taken = taken,
	};

	for (size_t i = 0; i < func->piece_count; i++) {
		const struct sut_patch_piece *piece = &func->pieces[i];

		walk_code(&walk, sut_target_bytes(walk.target, piece->address, piece->size),
			  piece->size, piece->address, visit_old);
	}
	if (!walk.leaves && walk.loops && strcmp(func->name, "main") != 0)
		sut_warn(extract->verdict, "main", func->name,
			 "%s never returns: a thread that is in it stays in the old code",
			 func->name);
	walk_new_piece(&walk, func->symbol);
	for (size_t i = 0; i < func->new_piece_count; i++)
		walk_new_piece(&walk, func->new_pieces[i]);
	if (walk.indirect)
		judge_indirect(&walk);
}

static const char *const returns_twice[] = {
	"setjmp",      "_setjmp",     "sigsetjmp", "__sigsetjmp", "getcontext",
	"swapcontext", "makecontext", "vfork",     "__vfork",     "savectx",
};

static void judge_section(struct sut_extract *extract, size_t index)
{
	const struct sut_patch_section *section = &extract->patch->sections[index];

	if (!(section->flags & SHF_EXECINSTR))
		return;
	for (size_t i = 0; i < section->reloc_count; i++) {
		const char *name = extract->patch->symbols[section->relocs[i].symbol].name;

		for (size_t j = 0; j < sizeof(returns_twice) / sizeof(returns_twice[0]); j++) {
			if (strcmp(name, returns_twice[j]) != 0)
				continue;
			sut_refuse(extract->verdict, "setjmp", section->name,
				   "%s calls %s, which returns a second time, perhaps into code "
				   "that was replaced in between; move the change into a function "
				   "that does not call it",
				   section->name, name);
		}
	}
}

void sut_extract_judge(struct sut_extract *extract)
{
	const struct sut_patch *patch = extract->patch;
	bool *taken = NULL;

	for (size_t i = 0; i < patch->func_count; i++)
		judge_func(extract, &patch->funcs[i], &taken);
	for (size_t i = 0; i < patch->section_count; i++)
		judge_section(extract, i);
	sut_labels_judge(extract);
}
