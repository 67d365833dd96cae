// SPDX-License-Identifier: GPL-2.0-or-later
/* suture record -- CMD...: builds, and notes how each file was compiled. */
#include "cli/cli.h"
#include "base/guard.h"
#include "units/record.h"

#include <signal.h>

static const struct sut_option options[] = {
	{"output", "FILE", "the database to write or update (compile_commands.json)"},
};

static void report(struct sut_out *out, const char *path, const struct sut_recording *recording)
{
	if (recording->recorded) {
		sut_out_headline(out, SUT_MARK_OK, "%s: %zu compilations recorded, %zu entries",
				 path, recording->recorded, recording->total);
	} else {
		sut_out_headline(out, SUT_MARK_WARNING,
				 "%s: not written, because no compilation was seen", path);
		sut_out_headline(out, SUT_MARK_NONE,
				 "Build from clean (make clean first), with a compiler found "
				 "through PATH (CC=gcc, not CC=/usr/bin/gcc).");
	}
	sut_out_string(out, "file", path);
	sut_out_unsigned(out, "recorded", recording->recorded);
	sut_out_unsigned(out, "entries", recording->total);
	sut_out_unsigned(out, "status", (uint64_t)recording->status);
}

/* Ends as the command ended, so that whoever waits for us sees no difference. */
static int end_like(const struct sut_recording *recording)
{
	if (recording->signal) {
		signal(recording->signal, SIG_DFL);
		raise(recording->signal);
	}
	return recording->status;
}

static int run(struct sut_call *call)
{
	const char *path = sut_call_option(call, "output");
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_recording recording = {0};
	struct sut_diag diag = {0};
	struct sut_out out;
	enum sut_rc rc;

	if (!call->argc)
		return sut_usage_error(call, "no command to run");
	if (!path)
		path = "compile_commands.json";
	rc = sut_record_run(&arena, path, call->argv, &recording, &diag);
	/* Standard output is the command's own. */
	sut_out_init(&out, stderr, call->json, call->verbose, "suture.record/1");
	if (rc) {
		int status = sut_report_failure(&out, rc, &diag);

		return sut_call_end(&out, status);
	}
	report(&out, path, &recording);
	sut_call_end(&out, SUT_EXIT_DONE);
	return end_like(&recording);
}

const struct sut_command sut_command_record = {
	.name = "record",
	.operands = "-- COMMAND...",
	.summary = "run a build and note how each file is compiled",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.takes_rest = true,
	.run = run,
};
