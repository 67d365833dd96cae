// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/effect.h"
#include "base/guard.h"

#include <string.h>

static const struct sut_option options[] = {
	{"wait", "SECONDS", "how long to wait for threads to go over (10)"},
};

/* Without a target: every process that has a patch of that name in it. */
static bool carries(struct sut_arena *arena, pid_t pid, const char *name)
{
	struct sut_state state;
	struct sut_diag ignored = {0};

	if (sut_state_read(arena, pid, &state, &ignored) != SUT_OK)
		return false;
	for (size_t i = 0; i < state.patch_count; i++)
		if (strcmp(state.patches[i].name, name) == 0)
			return state.patches[i].state != SUT_RT_REVERTED;
	return false;
}

static int revert_in(struct sut_call *call, struct sut_out *out, struct sut_arena *arena,
		     const struct sut_effect_options *wait, pid_t pid)
{
	struct sut_effect effect = {0};
	struct sut_diag diag = {0};
	enum sut_rc rc = sut_revert(arena, pid, call->argv[0], wait, &effect, &diag);

	sut_progress(call, NULL);
	return sut_effect_report(out, pid, call->argv[0], SUT_RT_REVERTED, rc, &effect, &diag);
}

static int revert_all(struct sut_call *call, struct sut_out *out, struct sut_arena *arena,
		      const struct sut_effect_options *wait)
{
	int status = SUT_EXIT_NOTHING;
	size_t found = 0;

	sut_out_string(out, "patch", call->argv[0]);
	sut_out_array(out, "targets");
	for (int i = 1; i == 1 || i < call->argc; i++) {
		const char *target = i < call->argc ? call->argv[i] : NULL;
		struct sut_pid_list pids;
		struct sut_diag diag = {0};
		enum sut_rc rc = sut_targets_find(arena, target, NULL, &pids, &diag);

		if (rc != SUT_OK) {
			sut_out_object(out, NULL);
			status = sut_exit_worse(status, sut_report_failure(out, rc, &diag));
			sut_out_end(out);
			found++;
			continue;
		}
		for (size_t k = 0; k < pids.count; k++) {
			if (!target && !carries(arena, pids.pids[k], call->argv[0]))
				continue;
			found++;
			status = sut_exit_worse(status,
						revert_in(call, out, arena, wait, pids.pids[k]));
		}
	}
	sut_out_end(out);
	if (!found)
		sut_out_headline(out, SUT_MARK_WARNING, "%s: no running process has it applied",
				 call->argv[0]);
	return status;
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_effect_options wait;
	struct sut_out out;

	if (call->argc < 1)
		return sut_usage_error(call, "the name of a patch is needed");
	if (!sut_call_wait(call, &wait))
		return SUT_EXIT_USAGE;
	sut_call_out(call, &out, "suture.revert/1", false);
	return sut_call_end(&out, revert_all(call, &out, &arena, &wait));
}

const struct sut_command sut_command_revert = {
	.name = "revert",
	.operands = "NAME [TARGET...]",
	.summary = "go back to the original code (none: in all processes that have the patch)",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
