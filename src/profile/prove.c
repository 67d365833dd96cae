// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which unit is in which target.
 *
 * A file may have been compiled several times: for a static and a shared library, or from copies
 * that the build made of the tree. Each of its compiles is a unit here, and the proof says which
 * one the linker took: one whose functions all lie where another's were proven is only a worse
 * guess at the same code (as in create/linked.c). What is left are the units of the target.
 */
#include "profile/prove.h"
#include "profile/cache.h"
#include "object/object.h"
#include "proof/proof.h"
#include "proof/target.h"
#include "base/guard.h"

#include <elf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A unit that seems to be in a target. */
struct finding {
	struct sut_profile_place place;
	size_t seen_count, proven_count;
	uint64_t *seen;        /* addresses of functions that it seems to have there */
	uint64_t *proven;      /* of those that were proven, ascending */
	const char *different; /* the first function that is, and why; NULL: none */
	bool dropped;          /* another compile of the file covers it */
};

struct findings {
	size_t count, capacity;
	struct finding *list;
};

void sut_note(struct sut_arena *arena, struct sut_profile_notes *notes, const char *fmt, ...)
{
	SUT_FREE char *text = NULL;
	va_list ap;
	int length;

	va_start(ap, fmt);
	length = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (length >= 0)
		SUT_PUSH(arena, notes->list, notes->count, notes->capacity) =
			sut_arena_strdup(arena, text);
}

static int compare_addresses(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void take_addresses(struct sut_arena *arena, const struct sut_proof *proof,
			   struct finding *finding)
{
	const struct sut_object *object = proof->object;

	finding->seen = sut_arena_array(arena, object->def_count, sizeof(uint64_t));
	finding->proven = sut_arena_array(arena, object->def_count, sizeof(uint64_t));
	for (size_t i = 0; i < object->def_count; i++) {
		if (!sut_def_is_function(&object->defs[i]) ||
		    proof->defs[i].state == SUT_PROOF_ABSENT)
			continue;
		finding->seen[finding->seen_count++] = proof->defs[i].address;
		if (proof->defs[i].state == SUT_PROOF_DIFFERENT && !finding->different)
			finding->different =
				sut_arena_printf(arena, "%s is different: %s", object->defs[i].name,
						 proof->defs[i].reason);
		if (proof->defs[i].state == SUT_PROOF_EQUAL)
			finding->proven[finding->proven_count++] = proof->defs[i].address;
	}
	qsort(finding->proven, finding->proven_count, sizeof(uint64_t), compare_addresses);
}

static enum sut_rc prove_unit(struct sut_proving *proving, const struct sut_profile_unit *unit,
			      const struct sut_target *targets, struct findings *findings)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_object object;
	enum sut_rc rc =
		sut_object_load(&arena,
				sut_arena_printf(&arena, "%s/%s", proving->folder, unit->object),
				&object, proving->diag);

	if (rc || object.lto)
		return rc;
	for (size_t i = 0; i < proving->profile->target_count; i++) {
		struct finding finding = {.place.target = i};
		struct sut_proof proof;

		sut_proof_run(&arena, &object, &targets[i], NULL, &proof);
		/* Small helpers of a header are in many objects. */
		if (!proof.equal || proof.equal <= proof.different)
			continue;
		finding.place.equal = proof.equal;
		finding.place.different = proof.different;
		finding.place.absent = proof.absent;
		take_addresses(proving->arena, &proof, &finding);
		SUT_PUSH(proving->arena, findings->list, findings->count, findings->capacity) =
			finding;
	}
	return SUT_OK;
}

/*
 * All that one compile of a file seems to have in a target was proven for the other. What it only
 * seems to have, and is different, does not count beside one of which nothing is: a function that
 * one compile inlined has no place in the target, and some other code looks like it.
 */
static bool covers(const struct finding *better, const struct finding *finding)
{
	bool whole = finding->different && !better->different;
	const uint64_t *addresses = whole ? finding->proven : finding->seen;
	size_t count = whole ? finding->proven_count : finding->seen_count;

	for (size_t i = 0; i < count; i++)
		if (!bsearch(&addresses[i], better->proven, better->proven_count, sizeof(uint64_t),
			     compare_addresses))
			return false;
	return true;
}

/* Whether the target was linked from the first of two compiles of a file, if from one of them. Of
 * two that are equally good the first is taken: their code is the same. */
static bool is_better(const struct sut_profile_place *a, const struct sut_profile_place *b,
		      bool first)
{
	if (a->equal != b->equal)
		return a->equal > b->equal;
	return a->different != b->different ? a->different < b->different : first;
}

static void drop_covered(struct findings *findings, struct findings *others, bool first)
{
	for (size_t i = 0; i < findings->count; i++) {
		struct finding *finding = &findings->list[i];

		for (size_t k = 0; k < others->count; k++) {
			const struct finding *other = &others->list[k];

			if (other->place.target != finding->place.target || other->dropped ||
			    !covers(other, finding))
				continue;
			finding->dropped |= is_better(&other->place, &finding->place, !first);
		}
	}
}

static void choose(struct sut_profile *profile, struct findings *findings)
{
	for (size_t i = 0; i < profile->unit_count; i++)
		for (size_t k = 0; k < i; k++) {
			if (!sut_profile_same_file(&profile->units[i].entry,
						   &profile->units[k].entry))
				continue;
			drop_covered(&findings[i], &findings[k], false);
			drop_covered(&findings[k], &findings[i], true);
		}
}

/* The function at the address was proven; whole: in a unit of which no function is different. */
static bool is_proven(const struct sut_profile *profile, const struct findings *findings,
		      size_t target, uint64_t address, bool whole)
{
	for (size_t i = 0; i < profile->unit_count; i++)
		for (size_t k = 0; k < findings[i].count; k++) {
			const struct finding *finding = &findings[i].list[k];

			if (finding->place.target == target && !finding->dropped &&
			    (!whole || !finding->different) &&
			    bsearch(&address, finding->proven, finding->proven_count,
				    sizeof(address), compare_addresses))
				return true;
		}
	return false;
}

/* Another file's code that looks alike: nginx has many modules for http and for streams. Where it
 * seems to be, and is different, units lie that are equal. */
static void drop_lookalikes(struct sut_profile *profile, struct findings *findings)
{
	for (size_t i = 0; i < profile->unit_count; i++)
		for (size_t k = 0; k < findings[i].count; k++) {
			struct finding *finding = &findings[i].list[k];
			size_t other = 0;

			for (size_t j = 0; finding->different && j < finding->seen_count; j++)
				other += is_proven(profile, findings, finding->place.target,
						   finding->seen[j], true);
			finding->dropped |= finding->different && other == finding->seen_count;
		}
}

static void take_findings(struct sut_proving *proving, struct sut_profile_unit *unit,
			  const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct sut_profile_place *place = &findings->list[i].place;
		struct sut_profile_target *target = &proving->profile->targets[place->target];

		if (findings->list[i].dropped)
			continue;
		SUT_PUSH(proving->arena, unit->places, unit->place_count, unit->place_capacity) =
			*place;
		target->units++;
		target->equal += place->equal;
		target->different += place->different;
		target->absent += place->absent;
		if (findings->list[i].different)
			sut_note(proving->arena, proving->notes, "%s, %s: %s", target->path,
				 unit->entry.file, findings->list[i].different);
	}
}

/* How many of the functions that a target's symbol table names were proven; what is left comes from
 * the C runtime, assembler, static libraries, or other sources than these. */
static void count_functions(struct sut_profile *profile, const struct findings *findings,
			    size_t index, const struct sut_target *target)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_profile_target *result = &profile->targets[index];
	uint64_t *addresses = sut_arena_array(&arena, target->symbol_count, sizeof(*addresses));
	size_t count = 0;

	for (size_t i = 0; target->has_symtab && i < target->symbol_count; i++)
		if (target->symbols[i].type == STT_FUNC && target->symbols[i].address)
			addresses[count++] = target->symbols[i].address;
	qsort(addresses, count, sizeof(*addresses), compare_addresses);
	for (size_t i = 0; i < count; i++) {
		if (i && addresses[i] == addresses[i - 1])
			continue;
		result->functions++;
		result->proven += is_proven(profile, findings, index, addresses[i], false);
	}
}

static enum sut_rc load_targets(struct sut_proving *proving, struct sut_target *targets)
{
	const struct sut_profile *profile = proving->profile;

	for (size_t i = 0; i < profile->target_count; i++) {
		const struct sut_profile_target *target = &profile->targets[i];
		enum sut_rc rc =
			sut_target_load(proving->arena, target->path, &targets[i], proving->diag);

		if (rc)
			return rc;
		if (*target->image)
			sut_target_take_symbols(proving->arena, &targets[i],
						sut_arena_printf(proving->arena, "%s/%s",
								 proving->folder, target->image));
	}
	return SUT_OK;
}

/* A target that nothing of the tree is in was not built from it, or not by this compiler. */
static enum sut_rc require_units(struct sut_proving *proving)
{
	const struct sut_profile *profile = proving->profile;
	size_t found = 0;

	for (size_t i = 0; i < profile->target_count; i++) {
		found += profile->targets[i].units;
		if (!profile->targets[i].units)
			sut_note(proving->arena, proving->notes,
				 "%s: nothing of the tree was found in it",
				 profile->targets[i].path);
	}
	if (found)
		return SUT_OK;
	sut_fail(proving->diag, SUT_REFUSED, "profile",
		 "%s: nothing of %zu compiled units was found in it%s", profile->targets[0].path,
		 profile->unit_count,
		 profile->target_count > 1 ? ", nor in the other targets" : "");
	sut_remedy(proving->diag, "it was built by another compiler, or from other sources: an old "
				  "package may need the compiler of its time");
	return SUT_REFUSED;
}

enum sut_rc sut_profile_prove(struct sut_proving *proving)
{
	struct sut_profile *profile = proving->profile;
	struct sut_target *targets =
		sut_arena_array(proving->arena, profile->target_count, sizeof(*targets));
	struct findings *findings =
		sut_arena_array(proving->arena, profile->unit_count, sizeof(*findings));
	enum sut_rc rc = load_targets(proving, targets);

	for (size_t i = 0; i < profile->unit_count && rc == SUT_OK; i++) {
		if (!*profile->units[i].object)
			continue;
		if (proving->progress)
			proving->progress(proving->context,
					  sut_arena_printf(proving->arena,
							   "proving %zu of %zu units", i + 1,
							   profile->unit_count));
		rc = prove_unit(proving, &profile->units[i], targets, &findings[i]);
		if (rc == SUT_OK)
			rc = sut_cache_interrupted(proving->diag);
	}
	if (rc)
		return rc;
	choose(profile, findings);
	drop_lookalikes(profile, findings);
	for (size_t i = 0; i < profile->unit_count; i++)
		take_findings(proving, &profile->units[i], &findings[i]);
	for (size_t i = 0; i < profile->target_count; i++)
		count_functions(profile, findings, i, &targets[i]);
	return require_units(proving);
}
