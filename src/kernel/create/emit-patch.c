// SPDX-License-Identifier: GPL-2.0-or-later
/* The back half of create for a kernel: its parts proven, what changed extracted, a module made. */
#include "kernel/create/emit.h"
#include "kernel/create/extract-identity.h"

#include <string.h>

struct making {
	struct sut_arena *arena;
	const struct sut_kernel_options *options;
	const struct sut_kernel_parts *parts;
	struct sut_klp_kernel kernel;
	struct sut_kernel_target *targets; /* vmlinux, then one for each module, at most */
	size_t target_count;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
};

static void progress(const struct making *making, const char *text)
{
	if (making->options->progress)
		making->options->progress(making->options->progress_context, text);
}

/* The part's object, as it was shipped. */
static enum sut_rc find_target(struct making *making, const char *object,
			       const struct sut_kernel_target **target)
{
	struct sut_kernel_target *next = &making->targets[making->target_count];
	const struct sut_kernel_module *module;
	enum sut_rc rc;

	for (size_t i = 0; i < making->target_count; i++) {
		*target = &making->targets[i];
		if (!strcmp(making->targets[i].object, object))
			return SUT_OK;
	}
	rc = sut_klp_kernel_module(&making->kernel, object, &module, making->diag);
	if (!rc && !module)
		rc = sut_fail(making->diag, SUT_REFUSED, "object",
			      "%s: the kernel's package has no such module, so nothing can be "
			      "proven of it",
			      object);
	if (!rc)
		rc = sut_kernel_target_module(making->arena, module, next, making->diag);
	if (!rc)
		making->target_count++;
	*target = next;
	return rc;
}

static enum sut_rc prove(struct making *making, const struct sut_kernel_part *part,
			 struct sut_kernel_proven *proven)
{
	enum sut_rc rc = find_target(making, part->object, &proven->target);

	if (rc)
		return rc;
	proven->part = part;
	sut_kernel_prove(making->arena, part->before, proven->target, &proven->proof);
	sut_proof_judge(&proven->proof, part->unit->source, making->verdict);
	if (!proven->proof.equal && !proven->proof.different)
		sut_refuse(making->verdict, "object", part->unit->source,
			   "%s is not in %s: no function of it was found there; give the source of "
			   "this very kernel",
			   part->unit->source, part->object);
	return SUT_OK;
}

static void report(struct sut_arena *arena, const struct sut_carry *carry,
		   struct sut_kernel_patch *patch)
{
	patch->funcs = sut_arena_array(arena, carry->func_count, sizeof(*patch->funcs));
	for (size_t i = 0; i < carry->func_count; i++)
		patch->funcs[patch->func_count++] = (struct sut_kernel_func){
			.object = carry->parts[carry->funcs[i].part].part->object,
			.name = carry->funcs[i].old->name,
			.sympos = carry->funcs[i].sympos,
			.source = carry->parts[carry->funcs[i].part].part->unit->source,
		};
	for (size_t i = 0; i < carry->symbol_count; i++)
		patch->symbol_count += carry->symbols[i].source == SUT_CARRY_PRIVATE;
}

static enum sut_rc open_kernel(struct making *making)
{
	enum sut_rc rc = sut_klp_kernel_open(making->arena, &making->options->files,
					     &making->kernel, making->diag);

	if (rc)
		return rc;
	making->targets =
		sut_arena_array(making->arena, making->parts->count + 1, sizeof(*making->targets));
	sut_kernel_target_vmlinux(making->arena, &making->kernel.image, &making->kernel.symbols,
				  &making->targets[making->target_count++]);
	return SUT_OK;
}

enum sut_rc sut_kernel_patch_make(struct sut_arena *arena, const struct sut_kernel_options *options,
				  const struct sut_kernel_parts *parts, const char *scratch,
				  struct sut_kernel_patch *patch, struct sut_verdict *verdict,
				  struct sut_diag *diag)
{
	struct making making = {
		.arena = arena,
		.options = options,
		.parts = parts,
		.verdict = verdict,
		.diag = diag,
	};
	struct sut_carry carry = {
		.arena = arena,
		.verdict = verdict,
		.symvers = &making.kernel.symvers,
		.kernel = &making.kernel,
		.part_count = parts->count,
		.parts = sut_arena_array(arena, parts->count, sizeof(*carry.parts)),
	};
	enum sut_rc rc;

	progress(&making, "proving");
	rc = open_kernel(&making);
	for (size_t i = 0; i < parts->count && rc == SUT_OK; i++)
		rc = prove(&making, &parts->list[i], &carry.parts[i]);
	if (rc)
		return rc;
	carry.vmlinux = &making.targets[0];
	if (options->identity)
		sut_identity_choose(options, &carry);
	sut_carry_run(&carry);
	sut_kernel_allow(options, verdict);
	if (verdict->refusal_count || !carry.func_count)
		return SUT_OK;
	progress(&making, "linking");
	rc = sut_emit_module(arena, options, &carry, scratch, &patch->module, diag);
	if (rc == SUT_OK)
		report(arena, &carry, patch);
	return rc;
}
