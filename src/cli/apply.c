// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/each.h"
#include "cli/effect.h"
#include "base/guard.h"
#include "elf/patchfile.h"

static const struct sut_option options[] = {
	{"wait", "SECONDS", "how long to wait for threads to go over (10)"},
};

/* The context of apply_to(). */
struct work {
	struct sut_patch patch;
	unsigned char digest[SUT_SHA256_SIZE];
	struct sut_effect_options wait;
};

static int apply_to(const struct sut_each *each, pid_t pid, bool named)
{
	const struct work *work = each->context;
	struct sut_effect effect = {0};
	struct sut_diag diag = {0};
	enum sut_rc rc = sut_apply(each->arena, pid, &work->patch, work->digest, &work->wait,
				   &effect, &diag);

	(void)named;
	sut_progress(each->call, NULL);
	return sut_effect_report(each->out, pid, work->patch.name, SUT_RT_APPLIED, rc, &effect,
				 &diag);
}

/* Every target that the operands name, or every process that the patch fits. */
static int apply_all(struct sut_call *call, struct sut_out *out, struct sut_arena *arena,
		     const struct work *work)
{
	struct sut_each each = {
		.call = call,
		.out = out,
		.arena = arena,
		.first = 1,
		.patch = &work->patch,
		.run = apply_to,
		.context = work,
	};
	int status;

	sut_out_string(out, "patch", work->patch.name);
	status = sut_each_target(&each);
	if (!each.found)
		sut_out_headline(out, SUT_MARK_WARNING,
				 "%s: no running process has an object that it patches",
				 work->patch.name);
	return status;
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct work work;
	struct sut_diag diag = {0};
	struct sut_out out;
	enum sut_rc rc;
	int status;

	if (call->argc < 1)
		return sut_usage_error(call, "a patch file is needed");
	if (!sut_call_wait(call, &work.wait))
		return SUT_EXIT_USAGE;
	sut_call_out(call, &out, "suture.apply/1", false);
	rc = sut_effect_load(&arena, call->argv[0], &work.patch, work.digest, &diag);
	status = rc == SUT_OK ? apply_all(call, &out, &arena, &work)
			      : sut_report_failure(&out, rc, &diag);
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_apply = {
	.name = "apply",
	.operands = "FILE [TARGET...]",
	.summary = "apply a patch to running processes (pid:N, exe:PATH; none: all that it fits)",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
