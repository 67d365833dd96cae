// SPDX-License-Identifier: GPL-2.0-or-later
/* What apply would do, without doing it. */
#include "kernel/host/files.h"
#include "kernel/host/operation.h"
#include "kernel/host/tasks.h"

#include <string.h>

/* An object of the file as sysfs will show it. */
static struct sut_host_object object_of(const struct sut_host *host, struct sut_arena *arena,
					const struct sut_klp_object *from)
{
	struct sut_host_object object = {.name = from->name, .func_count = from->func_count};

	object.loaded = object.patched =
		strcmp(from->name, "vmlinux") == 0 ||
		sut_host_exists(host, "/sys/module/%s/initstate", from->name);
	object.funcs = sut_arena_array(arena, from->func_count, sizeof(object.funcs[0]));
	for (size_t i = 0; i < from->func_count; i++)
		object.funcs[i] = (struct sut_host_func){
			.name = from->funcs[i].name,
			.sympos = from->funcs[i].sympos ? from->funcs[i].sympos : 1,
		};
	return object;
}

/*
 * The state in which the patch would be when its transition began. One that replaces has the
 * functions of all others, too: the kernel gives it entries for them that lead to the original.
 */
static struct sut_host_state foresee(struct sut_operation *op, const struct sut_livepatch *lp,
				     const struct sut_host_state *now)
{
	struct sut_host_state then = *now;
	struct sut_host_patch patch = {.name = lp->name, .enabled = true, .transition = true};
	size_t capacity = 0;

	for (size_t i = 0; i < lp->klp.object_count; i++)
		SUT_PUSH(op->arena, patch.objects, patch.object_count, capacity) =
			object_of(op->host, op->arena, &lp->klp.objects[i]);
	for (size_t i = 0; lp->klp.replace && i < now->patch_count; i++)
		for (size_t k = 0; k < now->patches[i].object_count; k++)
			SUT_PUSH(op->arena, patch.objects, patch.object_count, capacity) =
				now->patches[i].objects[k];
	then.patch_count = now->patch_count + 1;
	then.patches = sut_arena_array(op->arena, then.patch_count, sizeof(then.patches[0]));
	then.patches[0] = patch;
	if (now->patch_count)
		memcpy(&then.patches[1], now->patches, now->patch_count * sizeof(patch));
	then.moving = &then.patches[0];
	return then;
}

static enum sut_rc plan(struct sut_operation *op, const struct sut_livepatch *lp,
			const struct sut_host_state *state, struct sut_diag *diag)
{
	const struct sut_host_patch *there = sut_host_patch_find(state, lp->name);
	enum sut_rc rc = sut_operation_turn(op, state, diag);
	struct sut_host_state then;

	if (rc != SUT_OK)
		return rc;
	if (there && !sut_livepatch_is_loaded(op->host, lp))
		return sut_livepatch_refuse_name(lp, "another patch that is in use", diag);
	if (there) {
		op->effect->outcome = there->transition ? SUT_HOST_BLOCKED : SUT_HOST_NOTHING;
		op->effect->resumed = there->transition;
		return SUT_OK;
	}
	rc = sut_livepatch_check(op, lp, state, diag);
	if (rc != SUT_OK)
		return rc;
	then = foresee(op, lp, state);
	sut_host_sleepers_read(op->host, op->arena, &then, &op->effect->blockers);
	op->effect->blocker_total = op->effect->blockers.count;
	return SUT_OK;
}

enum sut_rc sut_host_plan(const struct sut_host *host, struct sut_arena *arena, const char *path,
			  struct sut_host_effect *effect, struct sut_diag *diag)
{
	struct sut_livepatch lp;
	struct sut_operation op = {.host = host, .arena = arena, .effect = effect};
	struct sut_host_state state;
	enum sut_rc rc;

	*effect = (struct sut_host_effect){.patch = ""};
	rc = sut_livepatch_open(arena, path, &lp, diag);
	if (rc == SUT_OK)
		rc = sut_host_state_read(host, arena, &state, diag);
	if (rc == SUT_OK) {
		effect->patch = op.name = lp.name;
		effect->func_count = lp.func_count;
		rc = plan(&op, &lp, &state, diag);
	}
	sut_livepatch_close(&lp);
	return rc;
}
