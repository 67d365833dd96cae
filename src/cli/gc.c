// SPDX-License-Identifier: GPL-2.0-or-later
/* suture gc: gives the memory of reverted patches back to a process that cannot reach it. */
#include "cli/each.h"
#include "cli/effect.h"
#include "base/guard.h"
#include "process/gc.h"

static const struct sut_option options[] = {
	{"wait", "SECONDS", "how long to try (1)"},
	SUT_OPTION_MAX_PAUSE,
	{"jobs", "N", "how many processes at a time (two for each processor)"},
};

struct result {
	enum sut_rc rc;
	struct sut_gc gc;
	struct sut_diag diag;
};

static bool collect_in(const struct sut_each *each, struct sut_arena *arena, pid_t pid, bool named,
		       void *context)
{
	struct result *result = context;
	struct sut_state state;
	struct sut_diag ignored = {0};

	/* Without a target: every process that has ever been patched. */
	if (!named &&
	    (sut_state_read(arena, pid, &state, &ignored) != SUT_OK || !state.patch_count))
		return false;
	result->rc = sut_gc(arena, pid, each->context, &result->gc, &result->diag);
	return each->exact || result->rc != SUT_GONE;
}

static int headlines(struct sut_out *out, pid_t pid, const struct sut_gc *gc)
{
	unsigned long long kilobytes = (gc->bytes + 1023) / 1024;

	switch (gc->end) {
	case SUT_GC_NOTHING:
		sut_out_headline(out, SUT_MARK_OK, "pid %d (%s): nothing that was reverted is kept",
				 pid, gc->name);
		return SUT_EXIT_NOTHING;
	case SUT_GC_KEPT:
		sut_out_headline(out, SUT_MARK_WARNING, "pid %d (%s): %llu KiB stay: %s", pid,
				 gc->name, kilobytes, gc->why);
		sut_out_headline(out, SUT_MARK_NONE, "try again later");
		return SUT_EXIT_BLOCKED;
	case SUT_GC_FREED:
		sut_out_headline(out, SUT_MARK_OK, "pid %d (%s): %llu KiB freed", pid, gc->name,
				 kilobytes);
		sut_out_headline(out, SUT_MARK_NONE,
				 "it stood still for %.1f ms while %.1f MB were searched; the "
				 "run-time (%llu KiB) stays",
				 (double)gc->cost.pause_ns_max / 1e6, (double)gc->searched / 1e6,
				 (unsigned long long)gc->runtime_bytes / 1024);
		return SUT_EXIT_DONE;
	}
	return SUT_EXIT_USAGE;
}

static const char *end_name(enum sut_gc_end end)
{
	return end == SUT_GC_FREED ? "freed" : end == SUT_GC_KEPT ? "kept" : "nothing";
}

static void report_fields(struct sut_out *out, const struct sut_gc *gc)
{
	sut_out_string(out, "process", gc->name);
	sut_out_string(out, "result", end_name(gc->end));
	sut_out_unsigned(out, "bytes", gc->bytes);
	sut_out_unsigned(out, "pieces", gc->count);
	sut_out_unsigned(out, "runtime_bytes", gc->runtime_bytes);
	sut_out_string(out, "reason", gc->end == SUT_GC_KEPT ? gc->why : "");
	sut_out_address(out, "address", gc->address);
	sut_out_unsigned(out, "thread", (uint64_t)gc->tid);
	sut_out_unsigned(out, "searched_bytes", gc->searched);
	sut_out_decimal(out, "predicted_ms", (double)gc->predicted_ns / 1e6);
	sut_out_unsigned(out, "stops", gc->cost.halts);
	sut_out_decimal(out, "pause_ms_max", (double)gc->cost.pause_ns_max / 1e6);
}

static int report(const struct sut_each *each, pid_t pid, const void *context)
{
	const struct result *result = context;
	int status;

	sut_out_object(each->out, NULL);
	sut_out_unsigned(each->out, "pid", (uint64_t)pid);
	status = result->rc == SUT_OK ? headlines(each->out, pid, &result->gc)
				      : sut_report_failure(each->out, result->rc, &result->diag);
	if (result->rc == SUT_OK)
		report_fields(each->out, &result->gc);
	sut_out_end(each->out);
	return status;
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_gc_options wait;
	struct sut_out out;
	struct sut_each each = {
		.call = call,
		.out = &out,
		.arena = &arena,
		.work = collect_in,
		.result_size = sizeof(struct result),
		.report = report,
		.context = &wait,
	};
	int status;

	if (!sut_call_seconds(call, "wait", 1, &wait.wait_ns) ||
	    !sut_call_max_pause(call, &wait.max_pause_ns) || !sut_call_jobs(call, &each.jobs))
		return SUT_EXIT_USAGE;
	sut_call_out(call, &out, "suture.gc/1", false);
	status = sut_each_target(&each);
	if (!each.found)
		sut_out_headline(&out, SUT_MARK_OK, "no running process has been patched");
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_gc = {
	.name = "gc",
	.operands = "[TARGET...]",
	.summary = "free the memory of reverted patches that nothing leads to (none: everywhere)",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
