// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/each.h"
#include "cli/trial.h"
#include "base/guard.h"

struct result {
	enum sut_rc rc;
	bool nothing;
	struct sut_diag diag;
};

static bool confirm_in(const struct sut_each *each, struct sut_arena *arena, pid_t pid, bool named,
		       void *context)
{
	const char *name = each->call->argv[0];
	struct result *result = context;

	/* Without a target: every process that has the patch on trial. */
	if (!named && !sut_trial_end(pid, name))
		return false;
	result->rc = sut_confirm(arena, pid, name, &result->nothing, &result->diag);
	return each->exact || result->rc != SUT_GONE;
}

static int report(const struct sut_each *each, pid_t pid, const void *context)
{
	const struct result *result = context;
	const char *name = each->call->argv[0];
	struct sut_out *out = each->out;
	int status = result->nothing ? SUT_EXIT_NOTHING : SUT_EXIT_DONE;

	sut_out_object(out, NULL);
	sut_out_unsigned(out, "pid", (uint64_t)pid);
	if (result->rc != SUT_OK)
		status = sut_report_failure(out, result->rc, &result->diag);
	else if (result->nothing)
		sut_out_headline(out, SUT_MARK_OK, "pid %d: %s is not on trial; it stays anyway",
				 pid, name);
	else
		sut_out_headline(out, SUT_MARK_OK, "pid %d: %s stays", pid, name);
	sut_out_end(out);
	return status;
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_out out;
	struct sut_each each = {
		.call = call,
		.out = &out,
		.arena = &arena,
		.first = 1,
		.work = confirm_in,
		.result_size = sizeof(struct result),
		.report = report,
		.again = true,
	};
	int status;

	if (call->argc < 1)
		return sut_usage_error(call, "the name of a patch is needed");
	sut_call_out(call, &out, "suture.confirm/1", false);
	sut_out_string(&out, "patch", call->argv[0]);
	status = sut_each_target(&each);
	if (!each.found)
		sut_out_headline(&out, SUT_MARK_WARNING, "%s: no running process has it on trial",
				 call->argv[0]);
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_confirm = {
	.name = "confirm",
	.operands = "NAME [TARGET...]",
	.summary = "keep a patch that was applied with --trial",
	.run = run,
};
