// SPDX-License-Identifier: GPL-2.0-or-later
/* suture plan: what apply would do, and who would stand in its way, without touching a target. */
#include "cli/each.h"
#include "cli/effect.h"
#include "cli/kernel.h"
#include "base/guard.h"

#include <string.h>

static const struct sut_option options[] = {
	{"watch", "SECONDS", "how long to look at the threads (0.5)"},
	{"late", NULL, "also where none of its objects is there yet"},
};

enum { JOBS = 32 /* they mostly sleep between two looks */ };

struct work {
	struct sut_patch patch;
	unsigned char digest[SUT_SHA256_SIZE];
	uint64_t watch_ns;
};

/* Asleep in an old function each time: it may be a loop that is never left. */
static bool stays(const struct sut_forecast *forecast, const struct sut_forecast_thread *thread)
{
	return forecast->looks > 1 && thread->seen == forecast->looks;
}

static void report_threads(struct sut_out *out, const struct sut_forecast *f)
{
	sut_out_array(out, "threads_inside");
	for (size_t i = 0; i < f->thread_count; i++) {
		const struct sut_forecast_thread *thread = &f->list[i];

		sut_out_object(out, NULL);
		sut_blocker_report(out, &thread->blocker);
		sut_out_unsigned(out, "seen", thread->seen);
		sut_out_bool(out, "stays", stays(f, thread));
		sut_out_end(out);
	}
	sut_out_end(out);
}

static void report_names(struct sut_out *out, const char *field, const char *const *names,
			 size_t count)
{
	sut_out_array(out, field);
	for (size_t i = 0; i < count; i++)
		sut_out_string(out, NULL, names[i]);
	sut_out_end(out);
}

static void report_fields(struct sut_out *out, const struct sut_forecast *f)
{
	sut_out_string(out, "process", f->name);
	sut_out_bool(out, "applied", f->applied);
	sut_out_string(out, "moving", f->moving ? f->moving : "");
	sut_out_bool(out, "placed", f->placed);
	sut_out_bool(out, "kept", f->kept);
	sut_out_unsigned(out, "functions", f->functions);
	sut_out_unsigned(out, "mapped_bytes", f->mapped);
	sut_out_bool(out, "switches_stacks", f->switches_stacks);
	sut_out_decimal(out, "pause_ms", (double)f->pause_ns / 1e6);
	sut_out_unsigned(out, "late_objects", f->late);
	sut_out_unsigned(out, "looks", f->looks);
	sut_out_unsigned(out, "threads", f->threads);
	sut_out_unsigned(out, "running", f->running);
	report_names(out, "replaced", f->replaced, f->replaced_count);
	report_names(out, "refused", f->refused, f->refused_count);
	report_threads(out, f);
}

static void headline_inside(struct sut_out *out, const struct sut_forecast *f)
{
	const struct sut_forecast_thread *worst = &f->list[0];

	for (size_t i = 0; i < f->thread_count; i++)
		if (f->list[i].seen > worst->seen)
			worst = &f->list[i];
	sut_out_headline(out, SUT_MARK_NONE, "thread %d was in %s at %zu of %zu looks%s%s",
			 worst->blocker.tid,
			 *worst->blocker.function ? worst->blocker.function : "code of another way",
			 worst->seen, f->looks,
			 stays(f, worst) ? "; the patch waits until it leaves that"
					 : "; it would not wait long",
			 f->thread_count > 1 ? ", and others like it" : "");
}

static int headlines(struct sut_out *out, pid_t pid, const char *patch,
		     const struct sut_forecast *f)
{
	bool waits = false;

	if (f->moving) {
		bool own = !strcmp(f->moving, patch);

		sut_out_headline(out, SUT_MARK_ACTIVE, "pid %d (%s): %s %s%s", pid, f->name, patch,
				 own ? "is in transition" : "has to wait for the transition of ",
				 own ? "" : f->moving);
		sut_out_headline(out, SUT_MARK_NONE, "`suture status pid:%d` says who blocks it",
				 pid);
		return SUT_EXIT_BLOCKED;
	}
	if (f->applied) {
		sut_out_headline(out, SUT_MARK_OK, "pid %d (%s): %s is applied already", pid,
				 f->name, patch);
		return SUT_EXIT_NOTHING;
	}
	for (size_t i = 0; i < f->thread_count; i++)
		waits |= stays(f, &f->list[i]);
	sut_out_headline(out, waits ? SUT_MARK_WARNING : SUT_MARK_OK,
			 "pid %d (%s): %s fits: %zu function%s, %zu threads, %llu KiB of memory%s",
			 pid, f->name, patch, f->functions, f->functions == 1 ? "" : "s",
			 f->threads, (unsigned long long)(f->mapped + 1023) / 1024,
			 f->kept ? " (its code is still there)" : "");
	if (f->late)
		sut_out_headline(out, SUT_MARK_NONE,
				 "%zu object%s not loaded yet and will be patched when it comes",
				 f->late, f->late == 1 ? " is" : "s are");
	for (size_t i = 0; i < f->replaced_count; i++)
		sut_out_headline(out, SUT_MARK_NONE, "it takes the place of %s", f->replaced[i]);
	if (f->switches_stacks)
		sut_out_headline(out, SUT_MARK_NONE,
				 "it switches stacks: at the end it would stand still for some "
				 "%.1f ms",
				 (double)f->pause_ns / 1e6);
	if (f->thread_count)
		headline_inside(out, f);
	else
		sut_out_headline(out, SUT_MARK_NONE,
				 "no sleeping thread was in them at %zu looks; %zu %s running",
				 f->looks, f->running, f->running == 1 ? "was" : "were");
	return waits ? SUT_EXIT_BLOCKED : SUT_EXIT_DONE;
}

struct result {
	enum sut_rc rc;
	struct sut_forecast forecast;
	struct sut_diag diag;
};

static bool plan_for(const struct sut_each *each, struct sut_arena *arena, pid_t pid, bool named,
		     void *context)
{
	const struct work *work = each->context;
	struct result *result = context;

	(void)named;
	result->rc = sut_forecast_apply(arena, pid, &work->patch, work->digest,
					sut_call_option(each->call, "late") != NULL, work->watch_ns,
					&result->forecast, &result->diag);
	return true;
}

static int report(const struct sut_each *each, pid_t pid, const void *context)
{
	const struct work *work = each->context;
	const struct result *result = context;
	int status;

	sut_out_object(each->out, NULL);
	sut_out_unsigned(each->out, "pid", (uint64_t)pid);
	status = result->rc == SUT_OK
			 ? headlines(each->out, pid, work->patch.name, &result->forecast)
			 : sut_report_failure(each->out, result->rc, &result->diag);
	report_fields(each->out, &result->forecast);
	sut_out_end(each->out);
	return status;
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct work work;
	struct sut_each each = {
		.call = call,
		.arena = &arena,
		.first = 1,
		.patch = &work.patch,
		.jobs = JOBS,
		.work = plan_for,
		.result_size = sizeof(struct result),
		.report = report,
		.context = &work,
	};
	struct sut_diag diag = {0};
	struct sut_out out;
	enum sut_rc rc;
	int status;

	if (call->argc < 1)
		return sut_usage_error(call, "a patch file is needed");
	if (sut_kernel_is_meant(call))
		return sut_kernel_plan(call);
	if (!sut_call_seconds(call, "watch", 0.5, &work.watch_ns))
		return SUT_EXIT_USAGE;
	sut_call_out(call, &out, "suture.plan/1", false);
	each.out = &out;
	rc = sut_effect_load(&arena, call->argv[0], &work.patch, work.digest, &diag);
	if (rc != SUT_OK)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	sut_out_string(&out, "patch", work.patch.name);
	status = sut_each_target(&each);
	if (!each.found)
		sut_out_headline(&out, SUT_MARK_WARNING,
				 "%s: no running process has an object that it patches",
				 work.patch.name);
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_plan = {
	.name = "plan",
	.operands = "FILE [TARGET...]",
	.summary = "say what apply would do and who would block it; targets are only read",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
