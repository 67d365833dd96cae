// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which compile of a file a target was linked from.
 *
 * The same file may be compiled several times, for a shared and a static library, say, or as copies
 * of it. Its compiles are units of their own, and the proof shows which of them the target was
 * linked from: one whose functions all lie where another's were proven is only a worse guess at the
 * same code. In the same way it shows that a compile of it as C++ is not in a target.
 */
#include "create/delta.h"
#include "units/path.h"

void sut_member_find_file(struct sut_delta *delta, struct sut_member *member)
{
	const size_t index = (size_t)(member - delta->members);

	member->file = index;
	for (size_t i = 0; i < index; i++)
		if (sut_path_same_source(delta->members[i].unit->path, member->unit->path)) {
			member->file = delta->members[i].file;
			return;
		}
}

static bool is_member_of(const struct sut_proof *proof)
{
	return proof->equal && proof->equal > proof->different;
}

static bool is_proven_at(const struct sut_proof *proof, uint64_t address)
{
	for (size_t i = 0; i < proof->object->def_count; i++)
		if (proof->defs[i].state == SUT_PROOF_EQUAL && proof->defs[i].address == address &&
		    sut_def_is_function(&proof->object->defs[i]))
			return true;
	return false;
}

/* Whether all that one compile of a file has in a target, or seems to have, was proven for the
 * other. */
static bool covers(const struct sut_proof *proof, const struct sut_proof *other, bool seems)
{
	for (size_t i = 0; i < other->object->def_count; i++) {
		enum sut_proof_state state = other->defs[i].state;

		if ((state == SUT_PROOF_EQUAL || (state == SUT_PROOF_DIFFERENT && seems)) &&
		    sut_def_is_function(&other->object->defs[i]) &&
		    !is_proven_at(proof, other->defs[i].address))
			return false;
	}
	return true;
}

/*
 * Whether the target was linked from the first of two compiles of a file, and not from the other.
 * What that only seems to have, and is different, does not count beside one of which nothing is: a
 * function that one compile inlined has no place in the target, and some other code looks like it.
 * Of two that are equally good the first is taken: their code is the same.
 */
static bool is_better(const struct sut_proof *a, const struct sut_proof *b, bool first)
{
	if (!is_member_of(a) || !covers(a, b, a->different))
		return false;
	if (a->equal != b->equal)
		return a->equal > b->equal;
	return a->different != b->different ? a->different < b->different : first;
}

/* Whether a member is another compile of the same file. */
static bool is_sibling(const struct sut_member *a, const struct sut_member *b)
{
	return a != b && b->proofs && a->file == b->file;
}

bool sut_member_is_linked(const struct sut_delta *delta, const struct sut_member *member,
			  size_t target)
{
	const struct sut_proof *proof = member->proofs[target];

	if (!is_member_of(proof))
		return false;
	for (size_t i = 0; i < delta->member_count; i++) {
		const struct sut_member *other = &delta->members[i];

		if (is_sibling(member, other) &&
		    is_better(other->proofs[target], proof, other < member))
			return false;
	}
	return true;
}

bool sut_member_sibling_is_linked(const struct sut_delta *delta, const struct sut_member *member)
{
	for (size_t i = 0; i < delta->member_count; i++)
		for (size_t j = 0;
		     is_sibling(member, &delta->members[i]) && j < delta->target_count; j++)
			if (sut_member_is_linked(delta, &delta->members[i], j))
				return true;
	return false;
}

/* Whether what the compile as C++ seems to have in a target is the file's compile as C. */
static bool explains(const struct sut_delta *delta, const struct sut_member *member,
		     const struct sut_proof *foreign, size_t target)
{
	for (size_t i = 0; i < delta->member_count; i++) {
		const struct sut_member *other = &delta->members[i];

		if ((other == member || is_sibling(member, other)) &&
		    sut_member_is_linked(delta, other, target) &&
		    covers(other->proofs[target], foreign, true))
			return true;
	}
	return false;
}

/* It is in none when all that looks like it in the targets is the same source as C. */
static enum sut_rc judge_foreign(struct sut_delta *delta, const struct sut_member *member,
				 const struct sut_foreign_compile *foreign)
{
	bool explained = false, found = false;
	struct sut_object object;
	enum sut_rc rc = sut_object_load(delta->arena, foreign->object, &object, delta->diag);

	if (rc)
		return rc;
	for (size_t i = 0; i < delta->target_count; i++) {
		struct sut_proof proof;

		sut_proof_run(delta->arena, &object, &delta->targets[i], NULL, &proof);
		if (explains(delta, member, &proof, i))
			explained = true;
		else
			found |= proof.equal || proof.different;
	}
	if (explained && !found)
		sut_warn(delta->verdict, "language", foreign->line,
			 "%s: is compiled as C++, too, which is in no target and is not patched",
			 foreign->source);
	else
		sut_refuse(delta->verdict, "language", foreign->line,
			   "%s: is compiled as C++, too, and perhaps that is in a target; of "
			   "such a source only the compile as C is patched",
			   foreign->source);
	return SUT_OK;
}

enum sut_rc sut_member_judge_foreigns(struct sut_delta *delta, const struct sut_member *member)
{
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < member->unit->foreign_count && rc == SUT_OK; i++)
		rc = judge_foreign(delta, member, &member->unit->foreigns[i]);
	return rc;
}
