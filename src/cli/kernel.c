// SPDX-License-Identifier: GPL-2.0-or-later
/* apply, replace, revert and force of the running kernel: the call, and the report of its effect.
 */
#include "cli/kernel.h"
#include "cli/effect.h"
#include "base/guard.h"
#include "kernel/klp/ko.h"

#include <string.h>

enum { BLOCKERS_TOLD = 4 };

bool sut_kernel_is_meant(const struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_ko ko;
	struct sut_diag ignored;

	if (call->argc > 1)
		return call->argc == 2 && strcmp(call->argv[1], SUT_TARGET_KERNEL) == 0;
	return sut_ko_load(&arena, call->argv[0], &ko, &ignored) == SUT_OK &&
	       sut_ko_info(&ko, "vermagic", NULL);
}

static void show_progress(void *call, const struct sut_host_state *state)
{
	sut_progress(call, "%zu of %zu tasks have gone over ...", state->tasks - state->pending,
		     state->tasks);
}

/* false: the usage error is printed. */
static bool read_options(struct sut_call *call, struct sut_host_options *options)
{
	*options = (struct sut_host_options){
		.keep = sut_call_option(call, "keep"),
		.progress = show_progress,
		.context = call,
	};
	return sut_call_seconds(call, "wait", SUT_KERNEL_WAIT_S, &options->wait_ns);
}

static const char *names(struct sut_out *out, const char *const *list, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = sut_arena_printf(&out->arena, "%s%s%s", text, i ? ", " : "", list[i]);
	return text;
}

static void put_strings(struct sut_out *out, const char *key, const char *const *list, size_t count)
{
	sut_out_array(out, key);
	for (size_t i = 0; i < count; i++)
		sut_out_string(out, NULL, list[i]);
	sut_out_end(out);
}

static const char *outcome_name(enum sut_host_outcome outcome)
{
	switch (outcome) {
	case SUT_HOST_DONE:
		return "done";
	case SUT_HOST_NOTHING:
		return "nothing";
	case SUT_HOST_BLOCKED:
		return "blocked";
	case SUT_HOST_BACK:
		return "turned round";
	}
	return "";
}

/* What happened beside what was asked for. */
static void put_details(struct sut_out *out, const struct sut_host_effect *e, bool done)
{
	sut_out_string(out, "outcome", outcome_name(e->outcome));
	sut_out_bool(out, "resumed", e->resumed);
	sut_out_unsigned(out, "functions", e->func_count);
	sut_out_decimal(out, "load_s", e->load_s);
	sut_out_decimal(out, "transition_s", e->transition_s);
	sut_out_array(out, "warnings");
	for (size_t i = 0; i < e->warning_count; i++) {
		sut_out_headline(out, SUT_MARK_WARNING, "%s", e->warnings[i].message);
		sut_out_object(out, NULL);
		sut_out_string(out, "rule", e->warnings[i].rule);
		sut_out_string(out, "message", e->warnings[i].message);
		sut_out_end(out);
	}
	sut_out_end(out);
	if (e->removed_count)
		sut_out_headline(out, SUT_MARK_NONE, "unloaded: %s",
				 names(out, e->removed, e->removed_count));
	if (e->stays_count)
		sut_out_headline(out, SUT_MARK_WARNING,
				 "still loaded, for somebody may be in its code: %s",
				 names(out, e->stays, e->stays_count));
	put_strings(out, "unloaded", e->removed, e->removed_count);
	put_strings(out, "still_loaded", e->stays, e->stays_count);
	put_strings(out, "kernel_log", e->log, e->log_count);
	sut_kernel_blockers_report(out, &e->blockers, e->blocker_total, done ? 0 : BLOCKERS_TOLD);
}

static int put_failure(struct sut_out *out, const char *patch, enum sut_rc rc,
		       const struct sut_diag *diag)
{
	int status;

	sut_out_object(out, NULL);
	sut_out_string(out, "target", SUT_TARGET_KERNEL);
	sut_out_string(out, "patch", patch);
	status = sut_report_failure(out, rc, diag);
	sut_out_end(out);
	return status;
}

static const char *tasks(struct sut_out *out, size_t count)
{
	return count == 1 ? "1 task has" : sut_arena_printf(&out->arena, "%zu tasks have", count);
}

/* What the outcomes of one command are called, and how it exits when it was turned round. */
struct words {
	const char *done, *resumed, *nothing, *back;
	int back_status;
};

static const struct words apply_words = {
	.done = "applied",
	.resumed = " (a transition under way was finished)",
	.nothing = "is applied already; nothing done",
	.back = "was reverted",
	.back_status = SUT_EXIT_REVERTED,
};

static const struct words revert_words = {
	.done = "reverted",
	.resumed = " (it was in transition)",
	.nothing = "is not in use; nothing to revert",
	.back = "stays applied",
	.back_status = SUT_EXIT_BLOCKED,
};

static int put_effect(struct sut_out *out, const struct sut_host_effect *e,
		      const struct words *words)
{
	int status = SUT_EXIT_DONE;

	sut_out_object(out, NULL);
	sut_out_string(out, "target", SUT_TARGET_KERNEL);
	sut_out_string(out, "patch", e->patch);
	switch (e->outcome) {
	case SUT_HOST_DONE:
		sut_out_headline(out, SUT_MARK_OK, "kernel: %s %s in %.2f s%s", e->patch,
				 words->done, e->load_s + e->transition_s,
				 e->resumed ? words->resumed : "");
		break;
	case SUT_HOST_NOTHING:
		sut_out_headline(out, SUT_MARK_OK, "kernel: %s %s", e->patch, words->nothing);
		status = SUT_EXIT_NOTHING;
		break;
	case SUT_HOST_BLOCKED:
		sut_out_headline(out, SUT_MARK_ACTIVE,
				 "kernel: the transition of %s stays open, %s not gone over",
				 e->patch, tasks(out, e->blocker_total));
		status = SUT_EXIT_BLOCKED;
		break;
	case SUT_HOST_BACK:
		sut_out_headline(out, SUT_MARK_WARNING,
				 "kernel: %s %s, for %s not gone over in time", e->patch,
				 words->back, tasks(out, e->blocker_total));
		status = words->back_status;
		break;
	}
	put_details(out, e, e->outcome == SUT_HOST_DONE);
	sut_out_end(out);
	return status;
}

int sut_kernel_apply(struct sut_call *call, const char *schema, const char *replaces)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_host_options options;
	struct sut_host_effect effect;
	struct sut_diag diag = {0};
	struct sut_out out;
	enum sut_rc rc;
	int status;

	if (sut_call_option(call, "atomic") || sut_call_option(call, "trial"))
		return sut_usage_error(call, "--atomic and --trial are for processes");
	if (!read_options(call, &options))
		return SUT_EXIT_USAGE;
	sut_call_out(call, &out, schema, false);
	sut_out_array(&out, "targets");
	rc = sut_host_apply(&sut_host_here, &arena, call->argv[0], replaces, &options, &effect,
			    &diag);
	sut_progress(call, NULL);
	status = rc == SUT_OK ? put_effect(&out, &effect, &apply_words)
			      : put_failure(&out, effect.patch, rc, &diag);
	sut_out_end(&out);
	return sut_call_end(&out, status);
}

static int put_plan(struct sut_out *out, const struct sut_host_effect *e)
{
	sut_out_object(out, NULL);
	sut_out_string(out, "target", SUT_TARGET_KERNEL);
	sut_out_string(out, "patch", e->patch);
	if (e->outcome == SUT_HOST_NOTHING)
		sut_out_headline(out, SUT_MARK_OK, "kernel: %s is applied already", e->patch);
	else if (e->outcome == SUT_HOST_BLOCKED)
		sut_out_headline(out, SUT_MARK_ACTIVE,
				 "kernel: %s is in transition, which apply would follow", e->patch);
	else
		sut_out_headline(out, SUT_MARK_OK, "kernel: %s would be applied: %zu function%s%s",
				 e->patch, e->func_count, e->func_count == 1 ? "" : "s",
				 e->blocker_total ? "; tasks sleep where they would block" : "");
	put_details(out, e, false);
	sut_out_end(out);
	if (e->outcome == SUT_HOST_NOTHING)
		return SUT_EXIT_NOTHING;
	return e->outcome == SUT_HOST_BLOCKED || e->blocker_total ? SUT_EXIT_BLOCKED
								  : SUT_EXIT_DONE;
}

int sut_kernel_plan(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_host_effect effect;
	struct sut_diag diag = {0};
	struct sut_out out;
	enum sut_rc rc;
	int status;

	sut_call_out(call, &out, "suture.plan/1", false);
	sut_out_array(&out, "targets");
	rc = sut_host_plan(&sut_host_here, &arena, call->argv[0], &effect, &diag);
	status =
		rc == SUT_OK ? put_plan(&out, &effect) : put_failure(&out, effect.patch, rc, &diag);
	sut_out_end(&out);
	return sut_call_end(&out, status);
}

int sut_kernel_revert(const struct sut_each *each, bool named)
{
	struct sut_host_options options;
	struct sut_host_effect effect;
	struct sut_diag diag = {0};
	enum sut_rc rc;

	/* Processes that share the name are one thing, the kernel is another. */
	if (!named)
		return -1;
	if (!read_options(each->call, &options))
		return SUT_EXIT_USAGE;
	rc = sut_host_revert(&sut_host_here, each->arena, each->call->argv[0], &options, &effect,
			     &diag);
	sut_progress(each->call, NULL);
	return rc == SUT_OK ? put_effect(each->out, &effect, &revert_words)
			    : put_failure(each->out, each->call->argv[0], rc, &diag);
}

int sut_kernel_force(const struct sut_each *each, bool named)
{
	struct sut_host_options options;
	struct sut_host_effect effect;
	struct sut_diag diag = {0};
	struct sut_out *out = each->out;
	enum sut_rc rc;

	(void)named;
	if (!read_options(each->call, &options))
		return SUT_EXIT_USAGE;
	rc = sut_host_force(&sut_host_here, each->arena, each->call->argv[0], &options, &effect,
			    &diag);
	if (rc != SUT_OK)
		return put_failure(out, each->call->argv[0], rc, &diag);
	sut_out_object(out, NULL);
	sut_out_string(out, "target", SUT_TARGET_KERNEL);
	sut_out_string(out, "patch", effect.patch);
	sut_out_headline(out, SUT_MARK_WARNING,
			 "kernel: the transition of %s was ended by force; %s not gone over, and "
			 "may mix old and new code",
			 effect.patch, tasks(out, effect.blocker_total));
	sut_out_headline(out, SUT_MARK_NONE,
			 "apply no further patch, and restart this machine when you can");
	put_details(out, &effect, false);
	sut_out_end(out);
	return effect.outcome == SUT_HOST_DONE ? SUT_EXIT_DONE : SUT_EXIT_BLOCKED;
}
