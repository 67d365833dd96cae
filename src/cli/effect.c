// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/effect.h"
#include "base/guard.h"
#include "base/io.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_DEFAULT_S = 10 };

static void show_progress(void *context, const struct sut_blockers *blockers)
{
	sut_progress(context, "%zu of %zu threads have gone over ...",
		     blockers->threads - blockers->count, blockers->threads);
}

enum sut_rc sut_effect_load(struct sut_arena *arena, const char *path, struct sut_patch *patch,
			    unsigned char digest[SUT_SHA256_SIZE], struct sut_diag *diag)
{
	struct sut_bytes bytes;
	enum sut_rc rc = sut_file_read(arena, path, SUT_PATCH_FILE_MAX, &bytes, diag);

	if (rc != SUT_OK)
		return rc;
	rc = sut_patch_read(arena, bytes.data, bytes.size, patch, diag);
	if (rc != SUT_OK)
		return sut_context(diag, rc, "%s is not applied", path);
	crypto_hash_sha256(digest, bytes.data, bytes.size);
	return SUT_OK;
}

bool sut_call_seconds(const struct sut_call *call, const char *name, double fallback, uint64_t *ns)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"", 1}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
	const char *text = sut_call_option(call, name);
	double value = fallback, unit = text ? 0 : 1;
	char *end;

	if (text) {
		errno = 0;
		value = strtod(text, &end);
		for (size_t i = 0; i < SUT_ARRAY_SIZE(units) && !errno && end > text; i++)
			if (!strcmp(end, units[i].unit))
				unit = units[i].seconds;
	}
	if (!(unit > 0 && value >= 0 && value * unit <= 7 * 86400.0)) {
		sut_usage_error(call, "--%s %s: not a time like 10, 0.5s, 15m", name, text);
		return false;
	}
	*ns = (uint64_t)(value * unit * 1e9);
	return true;
}

bool sut_call_wait(const struct sut_call *call, struct sut_effect_options *options)
{
	*options = (struct sut_effect_options){.progress = show_progress, .context = (void *)call};
	options->keep_timeouts = sut_call_option(call, "keep-timeouts") != NULL;
	return sut_call_seconds(call, "wait", WAIT_DEFAULT_S, &options->wait_ns) &&
	       sut_call_max_pause(call, &options->max_pause_ns);
}

bool sut_call_max_pause(const struct sut_call *call, uint64_t *ns)
{
	return sut_call_seconds(call, "max-pause", 0.05, ns);
}

static const char *why(enum sut_look look)
{
	switch (look) {
	case SUT_LOOK_RUNNING:
		return "runs and has not called a patched function since";
	case SUT_LOOK_FRAME:
		return "has the version that is left on its stack";
	case SUT_LOOK_INSIDE:
		return "is inside the version that is left";
	case SUT_LOOK_FAULT:
		return "is held outside a system call";
	case SUT_LOOK_FOREIGN:
		return "is on a stack that is not its own";
	case SUT_LOOK_CARVED:
		return "has a coroutine's stack in a frame of its own";
	case SUT_LOOK_LENT:
		return "waits for a process that it made and that still runs in its memory";
	case SUT_LOOK_SWITCHED:
	case SUT_LOOK_CLEAN:
	case SUT_LOOK_GONE:
		break;
	}
	return "";
}

void sut_blocker_report(struct sut_out *out, const struct sut_blocker *b)
{
	sut_out_unsigned(out, "thread", (uint64_t)b->tid);
	sut_out_string(out, "reason", sut_look_name(b->look));
	sut_out_string(out, "explanation", why(b->look));
	sut_out_string(out, "function", b->function);
	sut_out_address(out, "address", b->address);
}

void sut_blockers_report(struct sut_out *out, const struct sut_blockers *blockers)
{
	sut_out_array(out, "blockers");
	for (size_t i = 0; i < blockers->count; i++) {
		sut_out_object(out, NULL);
		sut_blocker_report(out, &blockers->list[i]);
		sut_out_end(out);
	}
	sut_out_end(out);
}

static void report_measures(struct sut_out *out, const struct sut_effect *e)
{
	sut_out_string(out, "state", sut_state_name(e->state));
	sut_out_bool(out, "nothing", e->nothing);
	sut_out_bool(out, "resumed", e->resumed);
	sut_out_decimal(out, "total_ms", (double)e->total_ns / 1e6);
	sut_out_decimal(out, "switch_ms", (double)e->switch_ns / 1e6);
	sut_out_unsigned(out, "threads", e->threads);
	sut_out_unsigned(out, "stopped_threads", e->cost.stopped);
	sut_out_unsigned(out, "entered", e->cost.count);
	sut_out_unsigned(out, "timeouts_anew", e->cost.anew);
	sut_out_unsigned(out, "stops", e->cost.halts);
	sut_out_decimal(out, "pause_ms_max", (double)e->cost.pause_ns_max / 1e6);
	sut_out_decimal(out, "away_us_max", (double)e->cost.away_ns_max / 1e3);
	sut_out_unsigned(out, "functions", e->functions);
	sut_out_unsigned(out, "functions_direct", e->direct);
	sut_out_unsigned(out, "late_objects", e->late);
	sut_blockers_report(out, &e->blockers);
	sut_out_array(out, "refused");
	for (size_t i = 0; i < e->refused_count; i++)
		sut_out_string(out, NULL, e->refused[i]);
	sut_out_end(out);
}

static int status_of(enum sut_rt_state wanted, const struct sut_effect *e)
{
	if (e->nothing)
		return SUT_EXIT_NOTHING;
	if (e->state == wanted)
		return SUT_EXIT_DONE;
	return wanted == SUT_RT_APPLIED ? SUT_EXIT_REVERTED : SUT_EXIT_BLOCKED;
}

static void headline_done(struct sut_out *out, pid_t pid, const char *patch,
			  enum sut_rt_state wanted, const struct sut_effect *e)
{
	if (e->nothing) {
		sut_out_headline(out, SUT_MARK_OK, "pid %d: %s is %s already; nothing done", pid,
				 patch, sut_state_name(e->state));
		return;
	}
	sut_out_headline(out, e->state == wanted ? SUT_MARK_OK : SUT_MARK_WARNING,
			 "pid %d: %s %s in %.2f ms%s", pid, patch, sut_state_name(e->state),
			 (double)e->total_ns / 1e6,
			 e->resumed ? " (a transition under way was finished)" : "");
	sut_out_headline(
		out, SUT_MARK_NONE,
		"%zu function%s, %zu threads; a thread was borrowed %u times, at most %.0f us; "
		"stopped to be looked at: %u",
		e->functions, e->functions == 1 ? "" : "s", e->threads, e->cost.count,
		(double)e->cost.away_ns_max / 1e3, e->cost.stopped);
	if (e->cost.halts)
		sut_out_headline(out, SUT_MARK_NONE,
				 "it switches stacks: to look at them it stood still for %.1f ms",
				 (double)e->cost.pause_ns_max / 1e6);
	if (e->cost.anew)
		sut_out_headline(out, SUT_MARK_NONE,
				 "it was idle: %u time-out%s of a system call began anew",
				 e->cost.anew, e->cost.anew == 1 ? "" : "s");
	if (e->late)
		sut_out_headline(out, SUT_MARK_NONE,
				 "%zu object%s not loaded yet and will be patched when it comes",
				 e->late, e->late == 1 ? " is" : "s are");
}

int sut_effect_report(struct sut_out *out, pid_t pid, const char *patch, enum sut_rt_state wanted,
		      const struct sut_effect_result *result, bool brief)
{
	const struct sut_effect *effect = &result->effect;
	int status;

	sut_out_object(out, NULL);
	sut_out_unsigned(out, "pid", (uint64_t)pid);
	sut_out_string(out, "patch", patch);
	if (result->rc == SUT_OK) {
		status = status_of(wanted, effect);
		if (!brief || (status != SUT_EXIT_DONE && status != SUT_EXIT_NOTHING))
			headline_done(out, pid, patch, wanted, effect);
	} else {
		status = sut_report_failure(out, result->rc, &result->diag);
	}
	report_measures(out, effect);
	sut_out_end(out);
	return status;
}

void sut_effect_summary(const struct sut_each *each, const char *patch, enum sut_rt_state wanted,
			uint64_t ns)
{
	size_t done = 0, before = 0, failed = 0;
	char also[64] = "", but[64] = "";

	if (!each->brief)
		return;
	for (size_t i = 0; i < each->done_count; i++) {
		done += each->done[i].status == SUT_EXIT_DONE;
		before += each->done[i].status == SUT_EXIT_NOTHING;
		failed += each->done[i].status > 0 && each->done[i].status != SUT_EXIT_NOTHING;
	}
	if (before)
		snprintf(also, sizeof(also), ", in %zu it was already", before);
	if (failed)
		snprintf(but, sizeof(but), ", %zu failed (see above)", failed);
	sut_out_headline(each->out, failed ? SUT_MARK_WARNING : SUT_MARK_OK,
			 "%s: %s in %zu processes%s%s; %.2f s", patch, sut_state_name(wanted), done,
			 also, but, (double)ns / 1e9);
}
