// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/effect.h"
#include "cli/kernel.h"
#include "base/guard.h"
#include "process/blockers.h"

#include <inttypes.h>
#include <string.h>

enum { FRAMES_SHOWN = 12 /* in text; JSON has all */ };

struct result {
	struct sut_state state;
	struct sut_explained *list; /* as many as there are blockers */
	struct sut_explained_word *word;
	enum sut_rc rc;
	struct sut_diag diag;
};

static bool look_at(const struct sut_each *each, struct sut_arena *arena, pid_t pid, bool named,
		    void *context)
{
	struct result *r = context;

	r->rc = sut_state_read(arena, pid, &r->state, &r->diag);
	if (!named && (r->rc != SUT_OK || !r->state.in_transition))
		return false;
	if (r->rc == SUT_OK && r->state.in_transition)
		r->rc = sut_blockers_explain(arena, &r->state, &r->list, &r->word, &r->diag);
	return each->exact || r->rc != SUT_GONE;
}

static void headline_frame(struct sut_out *out, size_t i, const struct sut_stack_frame *f)
{
	sut_out_headline(out, SUT_MARK_NONE, "  #%zu %s%s%s%s%s%s%s%s", i,
			 *f->function ? f->function : "unknown code", *f->patch ? " as in " : "",
			 f->patch, *f->object ? " (" : "", f->object, *f->object ? ")" : "",
			 *f->source ? ", " : "", f->source);
}

static void headline_blocker(struct sut_out *out, const struct sut_explained *x)
{
	const struct sut_blocker *b = &x->blocker;

	sut_out_headline(out, SUT_MARK_NONE, "thread %d (%s): %s%s%s%s%s", b->tid, x->comm,
			 sut_look_name(b->look), *b->function ? " of " : "", b->function,
			 *x->waits ? ", asleep in " : "", x->waits);
	for (size_t i = 0; i < x->frame_count && i < FRAMES_SHOWN; i++)
		headline_frame(out, i, &x->frames[i]);
	if (x->frame_count > FRAMES_SHOWN)
		sut_out_headline(out, SUT_MARK_NONE, "  and %zu more",
				 x->frame_count - FRAMES_SHOWN);
	sut_out_headline(out, SUT_MARK_NONE, "  %s", x->remedy);
}

static void report_frame(struct sut_out *out, const struct sut_stack_frame *f)
{
	sut_out_address(out, "pc", f->pc);
	sut_out_string(out, "object", f->object);
	sut_out_string(out, "function", f->function);
	sut_out_unsigned(out, "offset", f->offset);
	sut_out_string(out, "source", f->source);
	sut_out_string(out, "patch", f->patch);
}

static void report_blocker(struct sut_out *out, const struct sut_explained *x)
{
	const char state[] = {x->state, 0};

	sut_out_object(out, NULL);
	sut_blocker_report(out, &x->blocker);
	sut_out_string(out, "comm", x->comm);
	sut_out_string(out, "state", state);
	sut_out_string(out, "waits", x->waits);
	sut_out_string(out, "remedy", x->remedy);
	sut_out_bool(out, "complete", x->complete);
	sut_out_array(out, "stack");
	for (size_t i = 0; i < x->frame_count; i++) {
		const struct sut_stack_frame *f = &x->frames[i];

		sut_out_object(out, NULL);
		report_frame(out, f);
		sut_out_end(out);
	}
	sut_out_end(out);
	sut_out_end(out);
}

static void headline_word(struct sut_out *out, const struct sut_explained_word *x)
{
	sut_out_headline(out, SUT_MARK_NONE,
			 "a word at 0x%" PRIx64 " in %s (0x%" PRIx64 "-0x%" PRIx64 ") leads into:",
			 x->address, x->mapping, x->map_start, x->map_end);
	headline_frame(out, 0, &x->frame);
	sut_out_headline(out, SUT_MARK_NONE, "  %s", x->remedy);
}

static void report_word(struct sut_out *out, const struct sut_explained_word *x)
{
	sut_out_object(out, "word");
	sut_out_address(out, "address", x->address);
	sut_out_string(out, "mapping", x->mapping);
	sut_out_address(out, "map_start", x->map_start);
	sut_out_address(out, "map_end", x->map_end);
	report_frame(out, &x->frame);
	sut_out_string(out, "remedy", x->remedy);
	sut_out_end(out);
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
	else if (r->word)
		sut_out_headline(out, SUT_MARK_ACTIVE,
				 "pid %d (%s): blocked by memory, and by none of %zu threads, for "
				 "%.1f s",
				 pid, s->name, s->blockers.threads, (double)s->transition_ns / 1e9);
	else
		sut_out_headline(out, SUT_MARK_ACTIVE,
				 "pid %d (%s): blocked by %zu of %zu threads for %.1f s", pid,
				 s->name, s->blockers.count, s->blockers.threads,
				 (double)s->transition_ns / 1e9);
	sut_out_decimal(out, "transition_s", (double)s->transition_ns / 1e9);
	sut_out_array(out, "blockers");
	for (size_t i = 0; i < s->blockers.count; i++) {
		headline_blocker(out, &r->list[i]);
		report_blocker(out, &r->list[i]);
	}
	sut_out_end(out);
	if (r->word) {
		headline_word(out, r->word);
		report_word(out, r->word);
	}
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
