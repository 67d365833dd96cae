// SPDX-License-Identifier: GPL-2.0-or-later
/* status and blockers of the running kernel. */
#include "cli/kernel.h"

#include <string.h>

enum { BLOCKERS_MAX = 1000 };

static const char *reason_name(enum sut_host_reason reason)
{
	switch (reason) {
	case SUT_HOST_ASLEEP:
		return "asleep";
	case SUT_HOST_RUNNING:
		return "running";
	case SUT_HOST_UNSEEN:
		return "unseen";
	}
	return "";
}

/* "function [module]", as kernel stacks have it. */
static const char *place(struct sut_out *out, const char *function, const char *module)
{
	return *module ? sut_arena_printf(&out->arena, "%s [%s]", function, module) : function;
}

static const char *seconds(struct sut_out *out, const char *before, double s)
{
	if (s < 0)
		return "";
	if (s < 600)
		return sut_arena_printf(&out->arena, "%s%.1f s", before, s);
	if (s < 36000)
		return sut_arena_printf(&out->arena, "%s%.0f minutes", before, s / 60);
	return sut_arena_printf(&out->arena, "%s%.0f hours", before, s / 3600);
}

static void headline_blocker(struct sut_out *out, const struct sut_host_blocker *b)
{
	const char *since = seconds(out, "; for ", b->since_s);
	const char *call = *b->waits ? sut_arena_printf(&out->arena, ", in %s", b->waits) : "";

	switch (b->reason) {
	case SUT_HOST_ASLEEP:
		sut_out_headline(out, SUT_MARK_NONE, "%s %d (%s, %c) is in %s, %s%s%s%s",
				 b->kthread ? "kernel thread" : "task", b->tid, b->comm, b->state,
				 *b->version ? b->function : place(out, b->function, b->module),
				 *b->version ? "of the patch " : "the original", b->version, call,
				 since);
		break;
	case SUT_HOST_RUNNING:
		sut_out_headline(out, SUT_MARK_NONE, "%s %d (%s) runs on CPU %d%s",
				 b->kthread ? "kernel thread" : "task", b->tid, b->comm, b->cpu,
				 since);
		break;
	case SUT_HOST_UNSEEN:
		sut_out_headline(out, SUT_MARK_NONE,
				 "%s %d (%s, %c) has no such function on its stack, or a stack "
				 "that the kernel does not trust%s%s",
				 b->kthread ? "kernel thread" : "task", b->tid, b->comm, b->state,
				 call, since);
		break;
	}
	sut_out_headline(out, SUT_MARK_NONE, "  %s", b->remedy);
}

static void put_frame(struct sut_out *out, const struct sut_host_frame *frame)
{
	sut_out_object(out, NULL);
	sut_out_string(out, "object", *frame->module ? frame->module : "vmlinux");
	sut_out_string(out, "function", frame->name);
	sut_out_bool(out, "blocks", frame->blocks);
	sut_out_end(out);
}

static void put_blocker(struct sut_out *out, const struct sut_host_blocker *b)
{
	sut_out_object(out, NULL);
	sut_out_unsigned(out, "thread", (uint64_t)b->tid);
	sut_out_unsigned(out, "pid", (uint64_t)b->pid);
	sut_out_string(out, "comm", b->comm);
	sut_out_format(out, "state", "%c", b->state);
	sut_out_unsigned(out, "cpu", (uint64_t)b->cpu);
	sut_out_bool(out, "kernel_thread", b->kthread);
	sut_out_string(out, "reason", reason_name(b->reason));
	sut_out_string(out, "function", b->function);
	sut_out_string(out, "object", *b->module ? b->module : "vmlinux");
	sut_out_string(out, "version", b->version);
	sut_out_bool(out, "never_leaves", b->main);
	if (b->since_s >= 0)
		sut_out_decimal(out, "since_s", b->since_s);
	sut_out_string(out, "waits", b->waits);
	sut_out_array(out, "stack");
	for (size_t i = 0; i < b->frame_count; i++)
		put_frame(out, &b->frames[i]);
	sut_out_end(out);
	sut_out_string(out, "remedy", b->remedy);
	sut_out_end(out);
}

void sut_kernel_blockers_report(struct sut_out *out, const struct sut_host_blockers *blockers,
				size_t total, size_t headlines)
{
	sut_out_unsigned(out, "blocking", total);
	sut_out_array(out, "blockers");
	for (size_t i = 0; i < blockers->count; i++) {
		if (i < headlines)
			headline_blocker(out, &blockers->list[i]);
		put_blocker(out, &blockers->list[i]);
	}
	sut_out_end(out);
	if (headlines && blockers->count > headlines)
		sut_out_headline(out, SUT_MARK_NONE, "and %zu more", total - headlines);
}

static void put_patch(struct sut_out *out, const struct sut_host_patch *p)
{
	sut_out_object(out, NULL);
	sut_out_string(out, "name", p->name);
	sut_out_string(out, "state", sut_host_patch_state(p));
	sut_out_bool(out, "made_by_suture", p->ours);
	sut_out_string(out, "version", p->provenance.version);
	sut_out_array(out, "fixes");
	for (size_t i = 0; i < p->provenance.fix_count; i++)
		sut_out_string(out, NULL, p->provenance.fixes[i]);
	sut_out_end(out);
	if (p->replace >= 0)
		sut_out_bool(out, "replace", p->replace);
	if (p->age_s >= 0)
		sut_out_decimal(out, "since_s", p->age_s);
	sut_out_array(out, "objects");
	for (size_t i = 0; i < p->object_count; i++) {
		const struct sut_host_object *o = &p->objects[i];

		sut_out_object(out, NULL);
		sut_out_string(out, "name", o->name);
		sut_out_bool(out, "patched", o->patched);
		sut_out_bool(out, "refused", o->refused);
		sut_out_array(out, "functions");
		for (size_t k = 0; k < o->func_count; k++)
			sut_out_format(out, NULL, "%s,%llu", o->funcs[k].name,
				       (unsigned long long)o->funcs[k].sympos);
		sut_out_end(out);
		sut_out_end(out);
	}
	sut_out_end(out);
	sut_out_end(out);
}

/* "2 functions of vmlinux; waits for the module loop". */
static void headline_objects(struct sut_out *out, const struct sut_host_patch *p)
{
	const char *here = "", *waits = "";
	size_t functions = 0;

	for (size_t i = 0; i < p->object_count; i++) {
		const struct sut_host_object *o = &p->objects[i];
		const char **list = o->patched ? &here : &waits;

		functions += o->patched ? o->func_count : 0;
		*list = sut_arena_printf(&out->arena, "%s%s%s%s", *list, **list ? ", " : "",
					 o->name,
					 o->refused ? " (which the kernel refused to load because "
						      "of the patch, see its log)"
						    : "");
	}
	sut_out_headline(out, SUT_MARK_NONE, "%zu function%s%s%s%s%s%s%s", functions,
			 functions == 1 ? "" : "s", *here ? " of " : "", here,
			 *waits ? "; waits for the module " : "", waits,
			 p->replace > 0 ? "; replaces all others" : "",
			 p->ours ? "" : "; not made by suture");
}

static void headline_provenance(struct sut_out *out, const struct sut_host_patch *p)
{
	const struct sut_provenance *from = &p->provenance;
	const char *fixes = "";

	for (size_t i = 0; i < from->fix_count; i++)
		fixes = sut_arena_printf(&out->arena, "%s%s%s", fixes, i ? ", " : "; fixes ",
					 from->fixes[i]);
	if (*from->version || *fixes)
		sut_out_headline(out, SUT_MARK_NONE, "version %s%s",
				 *from->version ? from->version : "unknown", fixes);
}

static void headline_patch(struct sut_out *out, const struct sut_host_state *s,
			   const struct sut_host_patch *p)
{
	if (!p->transition) {
		sut_out_headline(out, p->enabled ? SUT_MARK_OK : SUT_MARK_ACTIVE,
				 "kernel: %s %s%s%s", p->name, sut_host_patch_state(p),
				 seconds(out, " ", p->age_s), p->age_s < 0 ? "" : " ago");
		headline_objects(out, p);
		headline_provenance(out, p);
		return;
	}
	sut_out_headline(out, SUT_MARK_ACTIVE, "kernel: %s is %s%s, %s", p->name,
			 sut_host_patch_state(p), seconds(out, " for ", s->transition_s),
			 s->tasks ? sut_arena_printf(&out->arena, "%zu of %zu tasks have gone over",
						     s->tasks - s->pending, s->tasks)
				  : "and only root may see how far");
	sut_out_headline(out, SUT_MARK_NONE,
			 "`suture blockers kernel` says who has not; `suture revert %s kernel` %s",
			 p->name, p->enabled ? "goes back" : "finishes it");
}

int sut_kernel_status(const struct sut_each *each, bool named)
{
	struct sut_out *out = each->out;
	struct sut_host_state state;
	struct sut_diag diag = {0};
	enum sut_rc rc = sut_host_state_read(&sut_host_here, each->arena, &state, &diag);
	int status = SUT_EXIT_DONE;

	if (!named && (rc != SUT_OK || (!state.patch_count && !state.leftover_count)))
		return -1;
	sut_out_object(out, NULL);
	sut_out_string(out, "target", SUT_TARGET_KERNEL);
	if (rc != SUT_OK) {
		status = sut_report_failure(out, rc, &diag);
		sut_out_end(out);
		return status;
	}
	sut_out_string(out, "release", state.release);
	sut_out_bool(out, "in_transition", state.moving);
	if (state.moving) {
		sut_out_decimal(out, "transition_s", state.transition_s);
		sut_out_unsigned(out, "tasks", state.tasks);
		sut_out_unsigned(out, "blocking", state.pending);
	}
	sut_out_array(out, "patches");
	for (size_t i = 0; i < state.patch_count; i++) {
		headline_patch(out, &state, &state.patches[i]);
		put_patch(out, &state.patches[i]);
	}
	sut_out_end(out);
	sut_out_array(out, "leftovers");
	for (size_t i = 0; i < state.leftover_count; i++) {
		sut_out_headline(out, SUT_MARK_NONE,
				 "kernel: the module %s of a patch that left is still loaded",
				 state.leftovers[i]);
		sut_out_string(out, NULL, state.leftovers[i]);
	}
	sut_out_end(out);
	if (!state.patch_count)
		sut_out_headline(out, SUT_MARK_OK, "kernel: not patched");
	sut_out_end(out);
	return state.moving ? SUT_EXIT_BLOCKED : SUT_EXIT_DONE;
}

/* One line of stack for people; the blocking frames stand out by being named before it. */
static void headline_stack(struct sut_out *out, const struct sut_host_blocker *b)
{
	const char *text = "";

	for (size_t i = 0; i < b->frame_count; i++)
		text = sut_arena_printf(&out->arena, "%s%s%s", text, i ? " < " : "",
					place(out, b->frames[i].name, b->frames[i].module));
	if (b->frame_count)
		sut_out_headline(out, SUT_MARK_NONE, "  stack: %s", text);
}

int sut_kernel_blockers(const struct sut_each *each, bool named)
{
	struct sut_out *out = each->out;
	struct sut_host_state state;
	struct sut_host_blockers blockers;
	struct sut_diag diag = {0};
	enum sut_rc rc = sut_host_state_read(&sut_host_here, each->arena, &state, &diag);
	int status;

	if (!named && (rc != SUT_OK || !state.moving))
		return -1;
	sut_out_object(out, NULL);
	sut_out_string(out, "target", SUT_TARGET_KERNEL);
	if (rc != SUT_OK) {
		status = sut_report_failure(out, rc, &diag);
		sut_out_end(out);
		return status;
	}
	sut_out_string(out, "patch", state.moving ? state.moving->name : "");
	sut_host_blockers_read(&sut_host_here, each->arena, &state, BLOCKERS_MAX, &blockers);
	if (!state.moving)
		sut_out_headline(out, SUT_MARK_OK, "kernel: no transition is under way");
	else if (!state.tasks)
		sut_out_headline(out, SUT_MARK_ACTIVE,
				 "kernel: %s is %s, and only root may see who blocks it",
				 state.moving->name, sut_host_patch_state(state.moving));
	else
		sut_out_headline(out, SUT_MARK_ACTIVE,
				 "kernel: %s is %s%s, blocked by %zu of %zu tasks",
				 state.moving->name, sut_host_patch_state(state.moving),
				 seconds(out, " for ", state.transition_s), blockers.count,
				 state.tasks);
	for (size_t i = 0; i < blockers.count; i++) {
		headline_blocker(out, &blockers.list[i]);
		headline_stack(out, &blockers.list[i]);
	}
	if (state.tasks && !blockers.count)
		sut_out_headline(out, SUT_MARK_NONE,
				 "no task that has a number: an idle processor, which goes over by "
				 "itself, or the kernel is at work on the functions");
	sut_kernel_blockers_report(out, &blockers, blockers.count, 0);
	sut_out_end(out);
	return state.moving ? SUT_EXIT_BLOCKED : SUT_EXIT_NOTHING;
}
