// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/each.h"
#include "cli/effect.h"
#include "cli/kernel.h"
#include "base/guard.h"
#include "base/io.h"

#include <string.h>

static enum sut_mark mark_of(const struct sut_state_patch *patch)
{
	switch (patch->state) {
	case SUT_RT_APPLIED:
		return SUT_MARK_OK;
	case SUT_RT_APPLYING:
	case SUT_RT_REVERTING:
		return SUT_MARK_ACTIVE;
	case SUT_RT_LOADED:
	case SUT_RT_REVERTED:
	case SUT_RT_REPLACED:
		return SUT_MARK_OK;
	}
	return SUT_MARK_WARNING;
}

/* Seconds; below 0: it is over. */
static double trial_left(const struct sut_state_patch *p)
{
	return ((double)p->trial_ns - (double)sut_boot_ns()) / 1e9;
}

static void headline_trial(struct sut_out *out, const struct sut_state_patch *p)
{
	double left = trial_left(p);

	if (left >= 0)
		sut_out_headline(out, SUT_MARK_NONE,
				 "%s is on trial for %.0f s more; `suture confirm %s` keeps it",
				 p->name, left, p->name);
	else
		sut_out_headline(out, SUT_MARK_WARNING,
				 "the trial of %s is over and it is still here; `suture revert %s` "
				 "takes it back",
				 p->name, p->name);
}

static void report_patch(struct sut_out *out, const struct sut_state_patch *p)
{
	char digest[2 * SUT_SHA256_SIZE + 1];

	sut_out_object(out, NULL);
	sut_out_string(out, "name", p->name);
	sut_out_string(out, "version", p->version);
	sut_out_string(out, "state", sut_state_name(p->state));
	sut_out_bool(out, "reversed", p->reversed);
	sut_out_unsigned(out, "order", p->order);
	sut_out_bool(out, "replace", p->replace);
	sut_out_unsigned(out, "replace_set", p->replace_set);
	sut_out_string(out, "sha256", sut_hex(digest, p->digest, sizeof(p->digest)));
	sut_out_unsigned(out, "kept_bytes", p->kept_bytes);
	sut_out_bool(out, "on_trial", p->trial_ns != 0);
	sut_out_decimal(out, "trial_left_s", p->trial_ns ? trial_left(p) : 0);
	sut_out_array(out, "functions");
	for (size_t i = 0; i < p->func_count; i++) {
		sut_out_object(out, NULL);
		sut_out_string(out, "name", p->funcs[i].name);
		sut_out_address(out, "entry", p->funcs[i].entry);
		sut_out_address(out, "code", p->funcs[i].code);
		sut_out_bool(out, "direct", p->funcs[i].direct);
		sut_out_bool(out, "runs", p->funcs[i].runs);
		sut_out_bool(out, "waits", p->funcs[i].waits);
		sut_out_end(out);
	}
	sut_out_end(out);
	sut_out_end(out);
}

/* The patch that is moving, or the newest. */
static const struct sut_state_patch *leading(const struct sut_state *s)
{
	for (size_t i = 0; i < s->patch_count; i++)
		if (s->patches[i].state == SUT_RT_APPLYING ||
		    s->patches[i].state == SUT_RT_REVERTING)
			return &s->patches[i];
	for (size_t i = 0; i < s->patch_count; i++)
		if (s->patches[i].state == SUT_RT_APPLIED)
			return &s->patches[i];
	return &s->patches[0];
}

static void headline_transition(struct sut_out *out, const struct sut_state *s,
				const struct sut_state_patch *p)
{
	const struct sut_blockers *b = &s->blockers;
	const char *func = b->count ? b->list[0].function : "";
	char next[256];

	sut_out_headline(out, SUT_MARK_ACTIVE,
			 "pid %d (%s): %s is %s%s for %.1f s, %zu of %zu threads have gone over",
			 s->pid, s->name, p->name, sut_state_name(p->state),
			 p->reversed ? " (reversed)" : "", (double)s->transition_ns / 1e9,
			 b->threads - b->count, b->threads);
	if (p->state == SUT_RT_APPLYING)
		snprintf(next, sizeof(next),
			 "`suture apply` again finishes it, `suture revert %s pid:%d` goes back",
			 p->name, s->pid);
	else
		snprintf(next, sizeof(next), "`suture revert %s pid:%d` again finishes it", p->name,
			 s->pid);
	if (b->count)
		sut_out_headline(out, SUT_MARK_NONE, "thread %d blocks (%s%s%s); %s",
				 b->list[0].tid, sut_look_name(b->list[0].look),
				 *func ? " of " : "", func, next);
	else
		sut_out_headline(out, SUT_MARK_NONE, "nobody blocks; %s", next);
}

/* The second line of a target at rest. */
static void headline_rest(struct sut_out *out, const struct sut_state *s)
{
	size_t functions = 0, waiting = 0;
	uint64_t kept = 0;
	char also[128] = "";

	for (size_t i = 0; i < s->patch_count; i++) {
		for (size_t k = 0; k < s->patches[i].func_count; k++) {
			functions += s->patches[i].funcs[k].runs;
			waiting += s->patches[i].order && s->patches[i].funcs[k].waits;
		}
		if (!s->patches[i].order)
			kept += s->patches[i].kept_bytes;
	}
	if (kept)
		snprintf(also, sizeof(also),
			 "; %llu KiB of what was reverted stay in memory until `suture gc`",
			 (unsigned long long)(kept + 1023) / 1024);
	if (functions || waiting)
		sut_out_headline(out, SUT_MARK_NONE, "%zu function%s redirected for all threads%s",
				 functions, functions == 1 ? " is" : "s are", also);
	else
		sut_out_headline(out, SUT_MARK_NONE, "the original code runs%s", also);
}

static bool is_refused(const struct sut_state_late *late)
{
	return late->state == SUT_RT_LATE_ABSENT && late->reason == SUT_RT_LATE_REFUSED;
}

static bool is_over(const struct sut_state_late *late)
{
	return late->state == SUT_RT_LATE_ABSENT && late->reason == SUT_RT_LATE_AGAIN;
}

static const char *late_state(const struct sut_state_late *late)
{
	switch (late->state) {
	case SUT_RT_LATE_ABSENT:
		return is_refused(late) ? "refused" : "absent";
	case SUT_RT_LATE_HERE:
		return "patched";
	case SUT_RT_LATE_LEFT:
		return "left";
	case SUT_RT_LATE_FIRST:
		return "first";
	}
	return "unknown";
}

static const char *late_reason(enum sut_rt_late_reason reason)
{
	switch (reason) {
	case SUT_RT_LATE_BEFORE:
		return "it was loaded before the patch could know";
	case SUT_RT_LATE_AGAIN:
		return "the patch was made for the instance that was there before";
	case SUT_RT_LATE_ROOM:
		return "there was no memory near it";
	case SUT_RT_LATE_TEXT:
		return "its code is not as it should be, or cannot be changed";
	case SUT_RT_LATE_MODEL:
		return "the patch does not fit those in use";
	case SUT_RT_LATE_MOVING:
		return "it went and came again in the middle of a transition";
	case SUT_RT_LATE_REFUSED:
		return "a pre_patch of the patch failed";
	case SUT_RT_LATE_NAMESPACE:
		return "it came into a namespace of its own, where the patch's callbacks cannot "
		       "run";
	}
	return "unknown";
}

static void headline_left(struct sut_out *out, const struct sut_state_late *late)
{
	char error[128] = "";

	if (late->error)
		snprintf(error, sizeof(error), " (%s)", strerror(late->error));
	sut_out_headline(out, SUT_MARK_WARNING, "%s is loaded and NOT patched: %s%s", late->name,
			 late_reason(late->reason), error);
	sut_out_headline(out, SUT_MARK_NONE,
			 "revert the patch and apply it again, or let the program load %s anew",
			 late->name);
}

static void headline_late(struct sut_out *out, const struct sut_state_late *late)
{
	switch (late->state) {
	case SUT_RT_LATE_ABSENT:
		if (is_refused(late))
			sut_out_headline(out, SUT_MARK_WARNING,
					 "%s was REFUSED when the program loaded it: %s (%s)",
					 late->name, late_reason(late->reason),
					 strerror(late->error));
		sut_out_headline(out, SUT_MARK_NONE, "%s is not loaded; it is %s when it comes",
				 late->name, is_over(late) ? "left as it is" : "patched");
		break;
	case SUT_RT_LATE_HERE:
		sut_out_headline(out, SUT_MARK_NONE, "%s came later and is patched (%llu time%s)",
				 late->name, (unsigned long long)late->came,
				 late->came == 1 ? "" : "s");
		break;
	case SUT_RT_LATE_LEFT:
		headline_left(out, late);
		break;
	case SUT_RT_LATE_FIRST:
		break;
	}
	if (late->more)
		sut_out_headline(out, SUT_MARK_WARNING,
				 "%s is loaded %llu more time%s, NOT patched there", late->name,
				 (unsigned long long)late->more, late->more == 1 ? "" : "s");
	if (late->others)
		sut_out_headline(out, SUT_MARK_WARNING,
				 "another build of %s is loaded (build-id %s); it is left as it is",
				 late->name, late->other_id);
}

static void headlines_late(struct sut_out *out, const struct sut_state *s)
{
	for (size_t i = 0; i < s->late_count; i++)
		headline_late(out, &s->lates[i]);
	if (s->missed && s->late_count)
		sut_out_headline(out, SUT_MARK_WARNING,
				 "%llu times objects came or went while an operation did not end; "
				 "they may be NOT patched",
				 (unsigned long long)s->missed);
}

static void report_lates(struct sut_out *out, const struct sut_state *s)
{
	sut_out_array(out, "late_objects");
	for (size_t i = 0; i < s->late_count; i++) {
		const struct sut_state_late *late = &s->lates[i];
		bool told = late->state == SUT_RT_LATE_LEFT || is_refused(late) || is_over(late);

		sut_out_object(out, NULL);
		sut_out_string(out, "name", late->name);
		sut_out_string(out, "build_id", late->build_id);
		sut_out_string(out, "state", late_state(late));
		sut_out_string(out, "reason", told ? late_reason(late->reason) : "");
		sut_out_unsigned(out, "came", late->came);
		sut_out_unsigned(out, "unpatched_instances", late->more);
		sut_out_unsigned(out, "other_builds", late->others);
		sut_out_end(out);
	}
	sut_out_end(out);
	sut_out_unsigned(out, "missed_changes", s->missed);
}

static void headlines(struct sut_out *out, const struct sut_state *s)
{
	const struct sut_state_patch *p;
	size_t applied = 0;

	if (!s->patch_count) {
		sut_out_headline(out, SUT_MARK_OK, "pid %d (%s): not patched", s->pid, s->name);
		return;
	}
	p = leading(s);
	if (s->in_transition) {
		headline_transition(out, s, p);
		headlines_late(out, s);
		return;
	}
	for (size_t i = 0; i < s->patch_count; i++)
		applied += s->patches[i].state == SUT_RT_APPLIED;
	sut_out_headline(out, mark_of(p), "pid %d (%s): %s %s%s", s->pid, s->name, p->name,
			 sut_state_name(p->state), applied > 1 ? ", and others" : "");
	headline_rest(out, s);
	headlines_late(out, s);
	for (size_t i = 0; i < s->patch_count; i++)
		if (s->patches[i].trial_ns)
			headline_trial(out, &s->patches[i]);
}

struct result {
	enum sut_rc rc;
	struct sut_state state;
	struct sut_diag diag;
};

static bool look_at(const struct sut_each *each, struct sut_arena *arena, pid_t pid, bool named,
		    void *context)
{
	struct result *result = context;

	(void)each;
	result->rc = sut_state_read(arena, pid, &result->state, &result->diag);
	return named || (result->rc == SUT_OK && result->state.patch_count);
}

static int report(const struct sut_each *each, pid_t pid, const void *context)
{
	const struct result *result = context;
	const struct sut_state *s = &result->state;
	struct sut_out *out = each->out;
	int status;

	sut_out_object(out, NULL);
	sut_out_unsigned(out, "pid", (uint64_t)pid);
	if (result->rc != SUT_OK) {
		status = sut_report_failure(out, result->rc, &result->diag);
		sut_out_end(out);
		return status;
	}
	headlines(out, s);
	sut_out_string(out, "name", s->name);
	sut_out_bool(out, "in_transition", s->in_transition);
	sut_out_decimal(out, "transition_s", (double)s->transition_ns / 1e9);
	sut_out_unsigned(out, "shadow_variables", s->shadow_count);
	sut_out_array(out, "patches");
	for (size_t i = 0; i < s->patch_count; i++)
		report_patch(out, &s->patches[i]);
	sut_out_end(out);
	report_lates(out, s);
	sut_blockers_report(out, &s->blockers);
	sut_out_end(out);
	return s->in_transition ? SUT_EXIT_BLOCKED : SUT_EXIT_DONE;
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_out out;
	struct sut_each each = {.call = call,
				.out = &out,
				.arena = &arena,
				.work = look_at,
				.result_size = sizeof(struct result),
				.report = report,
				.kernel = sut_kernel_status};
	int status;

	sut_call_out(call, &out, "suture.status/1", false);
	status = sut_each_target(&each);
	if (!each.found)
		sut_out_headline(&out, SUT_MARK_NONE,
				 "no running process that we may look at is patched");
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_status = {
	.name = "status",
	.operands = "[TARGET...]",
	.summary = "say what is in memory: patches, transitions, who blocks (none: all patched)",
	.run = run,
};
