// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/each.h"
#include "cli/effect.h"
#include "cli/trial.h"
#include "cli/kernel.h"
#include "base/guard.h"
#include "base/io.h"
#include "elf/patchfile.h"

static const struct sut_option options[] = {
	{"wait", "SECONDS", "how long to wait for threads to go over (10; the kernel: 60)"},
	{"keep", NULL, "kernel: leave a transition open that takes longer, instead of going back"},
	SUT_OPTION_MAX_PAUSE,
	SUT_OPTION_KEEP_TIMEOUTS,
	{"jobs", "N", "how many processes at a time (two for each processor)"},
	{"trial", "TIME", "take it back after that time (90s, 15m, 2h) unless it is confirmed"},
	{"late", NULL, "also where none of its objects is there yet: wait for them"},
	{"atomic", NULL, "in all processes or in none: take it back where one cannot"},
};

/* The context of apply_to(). */
struct work {
	struct sut_patch patch;
	unsigned char digest[SUT_SHA256_SIZE];
	struct sut_effect_options wait;
};

static bool apply_to(const struct sut_each *each, struct sut_arena *arena, pid_t pid, bool named,
		     void *context)
{
	const struct work *work = each->context;
	struct sut_effect_options wait = work->wait;
	struct sut_effect_result *result = context;

	(void)named;
	if (each->brief)
		wait.progress = NULL;
	result->rc = sut_apply(arena, pid, &work->patch, work->digest, &wait, &result->effect,
			       &result->diag);
	return each->exact || result->rc != SUT_GONE;
}

static int report(const struct sut_each *each, pid_t pid, const void *result)
{
	const struct work *work = each->context;

	sut_progress(each->call, NULL);
	return sut_effect_report(each->out, pid, work->patch.name, SUT_RT_APPLIED, result,
				 each->brief);
}

/* What --atomic finds before anything is touched. */
struct rehearsal {
	enum sut_rc rc;
	struct sut_forecast forecast;
	struct sut_diag diag;
};

static bool rehearse_in(const struct sut_each *each, struct sut_arena *arena, pid_t pid, bool named,
			void *context)
{
	const struct work *work = each->context;
	struct rehearsal *r = context;
	struct sut_forecast *f = &r->forecast;

	(void)named;
	r->rc = sut_forecast_apply(arena, pid, &work->patch, work->digest, work->wait.late, 0, f,
				   &r->diag);
	if (r->rc != SUT_OK || !f->replaced_count)
		return r->rc != SUT_OK && (each->exact || r->rc != SUT_GONE);
	r->rc = sut_fail(&r->diag, SUT_REFUSED, "atomic",
			 "process %d (%s): the patch takes the place of %s, which would not come "
			 "back with --atomic",
			 pid, f->name, f->replaced[0]);
	sut_remedy(&r->diag, "Apply it without --atomic, or revert %s first.", f->replaced[0]);
	return true;
}

static int report_rehearsal(const struct sut_each *each, pid_t pid, const void *context)
{
	const struct rehearsal *r = context;
	int status;

	sut_out_object(each->out, NULL);
	sut_out_unsigned(each->out, "pid", (uint64_t)pid);
	status = sut_report_failure(each->out, r->rc, &r->diag);
	sut_out_end(each->out);
	return status;
}

/* SUT_EXIT_NOTHING: no process stands against it. */
static int rehearse(const struct sut_each *like)
{
	struct sut_each each = *like;
	int status;

	each.list = "rehearsal";
	each.work = rehearse_in;
	each.result_size = sizeof(struct rehearsal);
	each.report = report_rehearsal;
	each.again = false;
	status = sut_each_target(&each);
	if (status != SUT_EXIT_NOTHING)
		sut_out_headline(each.out, SUT_MARK_FAILED, "%s is applied nowhere",
				 each.patch->name);
	return status;
}

/* Where it was applied, or still is being, it goes again. Returns the status of the whole. */
static int take_back(const struct sut_each *each, const struct work *work)
{
	size_t back = 0, left = 0;

	sut_out_array(each->out, "taken_back");
	for (size_t i = 0; i < each->done_count; i++) {
		SUT_ARENA struct sut_arena arena = {0};
		struct sut_effect_result result = {0};
		pid_t pid = each->done[i].pid;

		if (each->done[i].status != SUT_EXIT_DONE &&
		    each->done[i].status != SUT_EXIT_BLOCKED)
			continue;
		result.rc = sut_revert(&arena, pid, work->patch.name, &work->wait, &result.effect,
				       &result.diag);
		if (sut_effect_report(each->out, pid, work->patch.name, SUT_RT_REVERTED, &result,
				      true) == SUT_EXIT_DONE)
			back++;
		else
			left += result.rc != SUT_GONE;
	}
	sut_out_end(each->out);
	sut_out_headline(
		each->out, left ? SUT_MARK_FAILED : SUT_MARK_WARNING,
		"%s could not be applied everywhere: taken back in %zu processes, still in "
		"%zu",
		work->patch.name, back, left);
	return left ? SUT_EXIT_BLOCKED : SUT_EXIT_REVERTED;
}

/* Every target that the operands name, or every process that the patch fits. */
static int apply_all(struct sut_each *each, const struct work *work)
{
	bool atomic = sut_call_option(each->call, "atomic");
	uint64_t start = sut_now_ns();
	int status;

	sut_out_string(each->out, "patch", work->patch.name);
	if (atomic) {
		status = rehearse(each);
		if (status != SUT_EXIT_NOTHING)
			return status;
	}
	status = sut_each_target(each);
	if (!each->found)
		sut_out_headline(each->out, SUT_MARK_WARNING,
				 "%s: no running process has an object that it patches",
				 work->patch.name);
	sut_effect_summary(each, work->patch.name, SUT_RT_APPLIED, sut_now_ns() - start);
	return atomic && status != SUT_EXIT_DONE && status != SUT_EXIT_NOTHING
		       ? take_back(each, work)
		       : status;
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct work work;
	struct sut_diag diag = {0};
	struct sut_out out;
	struct sut_each each = {
		.call = call,
		.out = &out,
		.arena = &arena,
		.first = 1,
		.patch = &work.patch,
		.work = apply_to,
		.result_size = sizeof(struct sut_effect_result),
		.report = report,
		.again = true,
		.context = &work,
	};
	uint64_t trial;
	int lease = -1; /* until the end of this process */
	enum sut_rc rc;
	int status;

	if (call->argc < 1)
		return sut_usage_error(call, "a patch file is needed");
	if (sut_kernel_is_meant(call))
		return sut_kernel_apply(call, "suture.apply/1", NULL);
	if (!sut_call_wait(call, &work.wait) || !sut_call_jobs(call, &each.jobs) ||
	    !sut_call_seconds(call, "trial", 0, &trial))
		return SUT_EXIT_USAGE;
	work.wait.late = sut_call_option(call, "late");
	if (sut_call_option(call, "trial") && !trial)
		return sut_usage_error(call, "--trial %s: a trial takes time",
				       sut_call_option(call, "trial"));
	sut_call_out(call, &out, "suture.apply/1", false);
	rc = sut_effect_load(&arena, call->argv[0], &work.patch, work.digest, &diag);
	if (rc == SUT_OK && trial) {
		work.wait.trial_ns = sut_boot_ns() + trial;
		rc = sut_trial_begin(work.patch.name, &lease, &diag);
	}
	status = rc == SUT_OK ? apply_all(&each, &work) : sut_report_failure(&out, rc, &diag);
	if (rc == SUT_OK && trial && status == SUT_EXIT_DONE)
		sut_out_headline(
			&out, SUT_MARK_NONE,
			"on trial: it goes back in %.0f s unless `suture confirm %s` comes",
			(double)trial / 1e9, work.patch.name);
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_apply = {
	.name = "apply",
	.operands = "FILE [TARGET...]",
	.summary = "apply a patch (pid:N, exe:PATH, kernel; none: all that it fits)",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
