// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mutate-proof MUTATIONS TARGET OBJECT...: the proof of each object against the target with one bit
 * changed, in a function of the object that was found or in data of it. The proof must not call the
 * function equal then, or the data, unless the change means nothing: a disassembler reads the same
 * in the function, but for what no-operations say about their operands.
 *
 * What nobody can know is not asked for: when a target has no symbols, and one function alone uses
 * a variable or constant, then any place of memory may be where that lies.
 */
#include "mutate.h"
#include "base/guard.h"
#include "proof/proof.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MISSES_SHOWN = 20, LINE_MAX = 160 };

struct totals {
	size_t done, found, harmless, missed;
};

struct subject {
	struct sut_object object;
	struct sut_target target;
	struct sut_proof proof;
	struct sut_bytes file;
	uint64_t seed;
};

static const char *no_name(void *context, unsigned int field)
{
	(void)context, (void)field;
	return NULL;
}

/* The function as text; what is no instruction ends it. */
static const char *disassemble(struct sut_arena *arena, const struct sut_target *target,
			       uint64_t address, uint64_t size)
{
	const unsigned char *code = sut_target_bytes(target, address, size);
	char *text = sut_arena_alloc(arena, size * LINE_MAX + 1), line[LINE_MAX];
	struct sut_insn insn;
	size_t used = 0;

	for (uint64_t at = 0; code && at < size; at += insn.length) {
		if (!sut_insn_decode(code + at, size - at, address + at, &insn) ||
		    !sut_insn_format(code + at, size - at, address + at, line, sizeof(line),
				     no_name, NULL))
			return sut_arena_printf(arena, "%sbad", text);
		if (!strncmp(line, "nop", 3))
			strcpy(line, "nop");
		used += sprintf(text + used, "%u %s\n", insn.length, line);
	}
	return text;
}

/* Memory of the target, which may be its code, or of its threads. */
static bool is_memory(const struct sut_target *target, uint64_t address, bool code)
{
	for (size_t i = 0; i < target->segment_count; i++) {
		const struct sut_target_segment *segment = &target->segments[i];

		if ((code || !segment->executable) && address >= segment->address &&
		    address - segment->address < segment->size)
			return true;
	}
	return -address - 1 < target->tls_size;
}

/* One leads to the other through nothing but no-operations. */
static bool same_way(const struct sut_target *target, uint64_t a, uint64_t b)
{
	uint64_t from = a < b ? a : b, to = a < b ? b : a;
	const unsigned char *code = sut_target_bytes(target, from, to - from);
	char line[LINE_MAX];
	struct sut_insn insn;

	for (uint64_t at = 0; code && at < to - from; at += insn.length) {
		if (!sut_insn_decode(code + at, to - from - at, from + at, &insn) ||
		    !sut_insn_format(code + at, to - from - at, from + at, line, sizeof(line),
				     no_name, NULL) ||
		    strncmp(line, "nop", 3) != 0)
			return false;
	}
	return code;
}

/* Both are the same text, but for places of variables that a stripped target does not name. */
static bool same_text(const struct sut_target *target, const char *one, const char *other)
{
	while (*one && *one == *other) {
		char *one_end, *other_end;
		uint64_t a, b;

		if (strncmp(one, "0x", 2) != 0 && strncmp(one, "-0x", 3) != 0) {
			one++, other++;
			continue;
		}
		a = strtoull(one, &one_end, 16);
		b = strtoull(other, &other_end, 16);
		bool variables = !target->has_symtab && is_memory(target, a, false) &&
				 is_memory(target, b, true);

		if (a != b && !variables && !same_way(target, a, b))
			return false;
		one = one_end;
		other = other_end;
	}
	return *one == *other;
}

/* Where the file has the byte at the address. */
static size_t file_offset(const struct subject *subject, uint64_t address)
{
	return sut_target_bytes(&subject->target, address, 1) - subject->file.data;
}

/* The proof against the target with one bit at the address changed; false: it is no target. */
static bool prove_changed(struct sut_arena *arena, struct subject *subject, uint64_t address,
			  struct sut_target *target, struct sut_proof *proof)
{
	unsigned char *copy = sut_arena_memdup(arena, subject->file.data, subject->file.size);
	struct sut_bytes bytes = {copy, subject->file.size};
	struct sut_diag diag = {0};

	copy[file_offset(subject, address)] ^= 1u << mutate_below(&subject->seed, 8);
	if (sut_target_parse(arena, subject->target.path, bytes, target, &diag))
		return false;
	sut_proof_run(arena, &subject->object, target, NULL, proof);
	return true;
}

/* Something of the unit is not what the target has. */
static bool refutes(struct sut_arena *arena, const struct sut_proof *proof, bool show)
{
	struct sut_verdict verdict = {.arena = arena};

	sut_proof_judge(proof, "unit.c", &verdict);
	for (size_t i = 0; show && i < verdict.refusal_count; i++)
		printf("# %s\n", verdict.refusals[i].message);
	return verdict.refusal_count;
}

static void report(const struct subject *subject, const struct sut_def *def, uint64_t offset,
		   struct totals *totals)
{
	if (++totals->missed <= MISSES_SHOWN)
		printf("# missed in %s: byte 0x%llx of %s\n", subject->object.path,
		       (unsigned long long)offset, def->name);
}

static void mutate_function(struct subject *subject, struct totals *totals)
{
	SUT_ARENA struct sut_arena arena = {0};
	size_t index = mutate_below(&subject->seed, subject->object.def_count);
	const struct sut_def *def = &subject->object.defs[index];
	const struct sut_proof_def *before = &subject->proof.defs[index];
	struct sut_target target;
	struct sut_proof proof;

	if (!sut_def_is_function(def) || before->state != SUT_PROOF_EQUAL || !before->size)
		return;
	uint64_t offset = mutate_below(&subject->seed, before->size);

	totals->done++;
	if (!prove_changed(&arena, subject, before->address + offset, &target, &proof) ||
	    proof.defs[index].state != SUT_PROOF_EQUAL ||
	    proof.defs[index].address != before->address || refutes(&arena, &proof, false))
		totals->found++;
	else if (same_text(&target,
			   disassemble(&arena, &subject->target, before->address, before->size),
			   disassemble(&arena, &target, before->address, before->size)))
		totals->harmless++;
	else
		report(subject, def, offset, totals);
}

/* A byte of a variable with content, or of data without a name, whose place is known. */
static void mutate_data(struct subject *subject, struct totals *totals)
{
	SUT_ARENA struct sut_arena arena = {0};
	size_t index = mutate_below(&subject->seed, subject->object.section_count);
	const struct sut_section *section = &subject->object.sections[index];
	const struct sut_located *located = &subject->proof.sections[index];
	struct sut_target target;
	struct sut_proof proof;

	if (!located->known || section->flags & (SHF_EXECINSTR | SHF_TLS) || !section->data ||
	    !section->size)
		return;
	uint64_t offset = mutate_below(&subject->seed, section->size);
	struct sut_def named = {.name = section->name};

	/* The loader writes there. */
	if (sut_target_reloc_at(&subject->target, (located->address + offset) & ~UINT64_C(7)))
		return;
	totals->done++;
	if (!prove_changed(&arena, subject, located->address + offset, &target, &proof) ||
	    refutes(&arena, &proof, false))
		totals->found++;
	else
		report(subject, &named, offset, totals);
}

/* The only place of the target that has these bytes outside of code, as an address; or 0. */
static uint64_t find_bytes(const struct sut_target *target, const void *bytes, uint64_t size)
{
	uint64_t found = 0;

	for (size_t i = 0; i < target->segment_count; i++) {
		const struct sut_target_segment *segment = &target->segments[i];
		const unsigned char *at = segment->data, *end = at + segment->file_size;

		while (!segment->executable && (at = memmem(at, end - at, bytes, size))) {
			if (found)
				return 0;
			found = segment->address + (at++ - segment->data);
		}
	}
	return found;
}

/* A byte of a string or constant that a function which was found refers to. */
static void mutate_constant(struct subject *subject, struct totals *totals)
{
	SUT_ARENA struct sut_arena arena = {0};
	const struct sut_object *object = &subject->object;
	size_t index = mutate_below(&subject->seed, object->def_count);
	const struct sut_section *code = &object->sections[object->defs[index].section];
	struct sut_def named = {.name = object->defs[index].name};
	struct sut_target target;
	struct sut_proof proof;

	if (subject->proof.defs[index].state != SUT_PROOF_EQUAL || !code->reloc_count)
		return;
	const struct sut_reloc *reloc =
		&code->relocs[mutate_below(&subject->seed, code->reloc_count)];
	struct sut_place place = sut_object_place(object, code, reloc);
	const struct sut_section *section = &object->sections[place.section];

	if (!place.section || !sut_section_is_merged(section) || place.offset < 0)
		return;
	uint64_t size = sut_section_element(section, place.offset);
	uint64_t address =
		size > 3 ? find_bytes(&subject->target, section->data + place.offset, size) : 0;

	if (!address)
		return;
	uint64_t offset = mutate_below(&subject->seed, size);

	totals->done++;
	if (!prove_changed(&arena, subject, address + offset, &target, &proof) ||
	    proof.defs[index].state != SUT_PROOF_EQUAL || refutes(&arena, &proof, false))
		totals->found++;
	else
		report(subject, &named, offset, totals);
}

enum { KINDS = 3 };

static const struct {
	const char *name;
	void (*run)(struct subject *subject, struct totals *totals);
} mutations[KINDS] = {
	{"function", mutate_function},
	{"data", mutate_data},
	{"string or constant", mutate_constant},
};

static bool mutate_file(const char *path, const char *target, size_t count, struct totals *totals)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct subject subject = {.seed = 1};
	struct sut_diag diag = {0};

	if (sut_object_load(&arena, path, &subject.object, &diag) ||
	    sut_file_read(&arena, target, SUT_OBJECT_SIZE_MAX, &subject.file, &diag) ||
	    sut_target_parse(&arena, target, subject.file, &subject.target, &diag))
		return false;
	sut_proof_run(&arena, &subject.object, &subject.target, NULL, &subject.proof);
	for (size_t i = 0; i < count; i++) {
		mutations[i % KINDS].run(&subject, &totals[i % KINDS]);
	}
	return !refutes(&arena, &subject.proof, true) && subject.proof.equal;
}

static bool conclude(int number, const char *what, const struct totals *totals)
{
	bool good = !totals->missed && totals->found;

	printf("# %zu done, %zu found, %zu mean nothing, %zu missed\n", totals->done, totals->found,
	       totals->harmless, totals->missed);
	printf("%sok %d - no changed %s is proven\n", good ? "" : "not ", number, what);
	return good;
}

int main(int argc, char **argv)
{
	struct totals totals[KINDS] = {0};
	size_t count = argc > 3 ? strtoul(argv[1], NULL, 0) / (argc - 3) : 0;
	bool good = argc > 3;

	printf("1..%d\n", KINDS + 1);
	for (int i = 3; i < argc; i++) {
		if (mutate_file(argv[i], argv[2], count, totals))
			continue;
		printf("# %s is not proven\n", argv[i]);
		good = false;
	}
	printf("%sok 1 - the objects are proven\n", good ? "" : "not ");
	for (int i = 0; i < KINDS; i++)
		good &= conclude(i + 2, mutations[i].name, &totals[i]);
	return !good;
}
