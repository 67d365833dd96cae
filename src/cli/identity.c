// SPDX-License-Identifier: GPL-2.0-or-later
/* suture create --identity: a rehearsal, what of a program could be patched? */
#include "cli/identity.h"
#include "cli/profiled.h"
#include "cli/verdict.h"
#include "base/guard.h"
#include "base/io.h"
#include "create/identity.h"

#include <string.h>

enum {
	EXCEPT_MAX = 16 << 20, /* bytes of a list of functions */
	NAMED_MAX = 6,         /* functions that the text names for each rule */
};

/* One name in each line; more words in it are for people. */
static enum sut_rc read_except(const struct sut_call *call, struct sut_arena *arena,
			       struct sut_identity_choice *choice, struct sut_diag *diag)
{
	const char *path = sut_call_option(call, "except"), *text;
	struct sut_bytes bytes;
	size_t capacity = 0;
	enum sut_rc rc = path ? sut_file_read(arena, path, EXCEPT_MAX, &bytes, diag) : SUT_OK;

	if (rc || !path)
		return rc;
	text = sut_arena_strndup(arena, (const char *)bytes.data, bytes.size);
	while (*text) {
		size_t length = strcspn(text, " \t\n");

		if (length)
			SUT_PUSH(arena, choice->except, choice->except_count, capacity) =
				sut_arena_strndup(arena, text, length);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return SUT_OK;
}

/* A line for each rule: how many, and the first names. */
static void report_rule(struct sut_out *out, struct sut_arena *arena,
			const struct sut_identity *identity, size_t first)
{
	const struct sut_identity_left *left = identity->left;
	const char *names = "";
	size_t count = 0;

	for (size_t i = 0; i < first; i++)
		if (strcmp(left[i].rule, left[first].rule) == 0)
			return;
	for (size_t i = first; i < identity->left_count; i++) {
		if (strcmp(left[i].rule, left[first].rule) != 0 || ++count > NAMED_MAX)
			continue;
		names = sut_arena_printf(arena, "%s%s%s", names, *names ? ", " : "",
					 *left[i].function ? left[i].function : left[i].unit);
	}
	sut_out_headline(out, SUT_MARK_WARNING, "[%s] %zu left out: %s%s", left[first].rule, count,
			 names, count > NAMED_MAX ? ", ..." : "");
}

static void report_left(struct sut_out *out, struct sut_arena *arena,
			const struct sut_identity *identity)
{
	for (size_t i = 0; i < identity->left_count; i++)
		report_rule(out, arena, identity, i);
	sut_out_array(out, "left");
	for (size_t i = 0; i < identity->left_count; i++) {
		sut_out_object(out, NULL);
		sut_out_string(out, "rule", identity->left[i].rule);
		sut_out_string(out, "function", identity->left[i].function);
		sut_out_string(out, "unit", identity->left[i].unit);
		sut_out_string(out, "message", identity->left[i].message);
		sut_out_end(out);
	}
	sut_out_end(out);
}

static int report(struct sut_out *out, struct sut_arena *arena, const char *target,
		  const char *file, const struct sut_identity *identity,
		  const struct sut_verdict *verdict, uint64_t ns)
{
	int status = SUT_EXIT_DONE;

	if (verdict->refusal_count) {
		sut_out_headline(out, SUT_MARK_FAILED, "%s: no patch made", target);
		status = SUT_EXIT_REFUSED;
	} else if (!identity->patched_count) {
		sut_out_headline(out, SUT_MARK_WARNING, "%s: no function to patch", target);
		status = SUT_EXIT_NOTHING;
	} else {
		sut_out_headline(out, SUT_MARK_OK, "%s: %zu of the %zu functions of %s", file,
				 identity->patched_count, identity->function_count, target);
	}
	sut_out_string(out, "file", status == SUT_EXIT_DONE ? file : "");
	sut_out_string(out, "target", target);
	sut_out_unsigned(out, "units", identity->unit_count);
	sut_out_unsigned(out, "functions", identity->function_count);
	sut_out_unsigned(out, "patched", identity->patched_count);
	report_left(out, arena, identity);
	sut_report_verdict(out, verdict);
	sut_out_headline(out, SUT_MARK_NONE, "%.1f s, %.1f s of it in the compiler",
			 (double)ns / 1e9, (double)verdict->compiler_ns / 1e9);
	sut_out_decimal(out, "seconds", (double)ns / 1e9);
	sut_out_decimal(out, "compiler_seconds", (double)verdict->compiler_ns / 1e9);
	return status;
}

/* Options that make no sense together; NULL: none. */
static const char *superfluous(const struct sut_call *call)
{
	static const char *const names[] = {"version",     "fixes",       "patch", "from-source",
					    "cross-check", "strip",       "with",  "beside",
					    "replace",     "replace-set", "allow", "no-source"};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(names); i++)
		if (sut_call_option(call, names[i]))
			return names[i];
	return NULL;
}

int sut_create_identity(struct sut_call *call, struct sut_arena *arena,
			struct sut_create_options *wanted, struct sut_phases *phases)
{
	const char *file = sut_call_option(call, "output"), *extra = superfluous(call);
	struct sut_identity_choice choice = {0};
	struct sut_profiled profiled = {.held = -1};
	struct sut_verdict verdict = {.arena = arena};
	struct sut_identity identity;
	struct sut_diag diag = {0};
	uint64_t start = sut_now_ns();
	struct sut_out out;
	enum sut_rc rc;
	int status;

	if (extra)
		return sut_usage_error(call, "--%s: is not for --identity", extra);
	wanted->identity = true;
	wanted->target_count = sut_call_all(call, arena, "target", &wanted->targets);
	if (wanted->target_count != 1)
		return sut_usage_error(call, "--identity takes one --target");
	choice.objects = sut_call_option(call, "objects");
	choice.unit_count = sut_call_all(call, arena, "unit", &choice.units);
	choice.function_count = sut_call_all(call, arena, "function", &choice.functions);
	rc = read_except(call, arena, &choice, &diag);
	if (rc == SUT_OK && !wanted->source)
		rc = sut_profiled_find(arena, wanted, &profiled, &diag);
	if (rc == SUT_OK)
		rc = sut_identity_make(arena, wanted, &choice, &identity, &verdict, &diag);
	sut_phases_progress(phases, "writing");
	if (rc == SUT_OK && !verdict.refusal_count && identity.patched_count)
		rc = sut_patch_save(arena, identity.patch, file, &diag);
	sut_progress(call, NULL);
	sut_call_out(call, &out, "suture.identity/1", false);
	if (rc)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	status = report(&out, arena, wanted->targets[0], file, &identity, &verdict,
			sut_now_ns() - start);
	sut_phases_report(phases, &out);
	sut_profiled_report(&out, &profiled);
	return sut_call_end(&out, status);
}
