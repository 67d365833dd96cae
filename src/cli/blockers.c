// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/effect.h"
#include "cli/kernel.h"
#include "base/guard.h"

#include <string.h>

struct result {
	struct sut_state state;
	enum sut_rc rc;
	struct sut_diag diag;
};

static bool look_at(const struct sut_each *each, struct sut_arena *arena, pid_t pid, bool named,
		    void *context)
{
	struct result *r = context;

	r->rc = sut_state_read(arena, pid, &r->state, &r->diag);
	if (!named)
		return r->rc == SUT_OK && r->state.in_transition;
	return each->exact || r->rc != SUT_GONE;
}

static int report(const struct sut_each *each, pid_t pid, const void *context)
{
	const struct result *r = context;
	const struct sut_state *s = &r->state;
	struct sut_out *out = each->out;
	int status = s->in_transition ? SUT_EXIT_BLOCKED : SUT_EXIT_NOTHING;

	sut_out_object(out, NULL);
	sut_out_unsigned(out, "pid", (uint64_t)pid);
	if (r->rc != SUT_OK) {
		status = sut_report_failure(out, r->rc, &r->diag);
		sut_out_end(out);
		return status;
	}
	if (!s->in_transition)
		sut_out_headline(out, SUT_MARK_OK, "pid %d (%s): no transition is under way", pid,
				 s->name);
	else
		sut_out_headline(out, SUT_MARK_ACTIVE, "pid %d (%s): blocked by %zu of %zu threads",
				 pid, s->name, s->blockers.count, s->blockers.threads);
	for (size_t i = 0; i < s->blockers.count; i++)
		sut_out_headline(out, SUT_MARK_NONE, "thread %d (%s%s%s)", s->blockers.list[i].tid,
				 sut_look_name(s->blockers.list[i].look),
				 *s->blockers.list[i].function ? " of " : "",
				 s->blockers.list[i].function);
	sut_blockers_report(out, &s->blockers);
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
		.work = look_at,
		.result_size = sizeof(struct result),
		.report = report,
		.kernel = sut_kernel_blockers,
	};
	int status;

	sut_call_out(call, &out, "suture.blockers/1", false);
	status = sut_each_target(&each);
	if (!each.found)
		sut_out_headline(&out, SUT_MARK_OK, "no transition is under way");
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_blockers = {
	.name = "blockers",
	.operands = "[TARGET...]",
	.summary = "say who holds up transitions, in what, and what frees them (none: all)",
	.run = run,
};
