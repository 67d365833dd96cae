// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/each.h"

/* Of several targets the status that needs attention most. */
static int worse(int a, int b)
{
	/* From best to worst; nothing to do is good news where another target had work. */
	static const int order[] = {SUT_EXIT_NOTHING,     SUT_EXIT_DONE,    SUT_EXIT_REVERTED,
				    SUT_EXIT_UNSUPPORTED, SUT_EXIT_REFUSED, SUT_EXIT_BLOCKED,
				    SUT_EXIT_USAGE};
	int worst = a;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (order[i] == a || order[i] == b)
			worst = order[i];
	return worst;
}

static int run_operand(struct sut_each *each, const char *target, int status)
{
	struct sut_pid_list pids;
	struct sut_diag diag = {0};
	enum sut_rc rc = sut_targets_find(each->arena, target, each->patch, &pids, &diag);

	if (rc != SUT_OK) {
		each->found++;
		sut_out_object(each->out, NULL);
		status = worse(status, sut_report_failure(each->out, rc, &diag));
		sut_out_end(each->out);
		return status;
	}
	for (size_t i = 0; i < pids.count; i++) {
		int one = each->run(each, pids.pids[i], target != NULL);

		if (one < 0)
			continue;
		each->found++;
		status = worse(status, one);
	}
	return status;
}

int sut_each_target(struct sut_each *each)
{
	const struct sut_call *call = each->call;
	int status = SUT_EXIT_NOTHING;

	sut_out_array(each->out, "targets");
	if (call->argc <= each->first)
		status = run_operand(each, NULL, status);
	for (int i = each->first; i < call->argc; i++)
		status = run_operand(each, call->argv[i], status);
	sut_out_end(each->out);
	return status;
}
