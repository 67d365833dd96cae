// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who else is at the entries of the functions. A livepatch is a user of ftrace like any other, and
 * two things follow for operators that no message of the kernel's says. With a second user on a
 * function each call of it goes through the list of all users, one for each patched function of the
 * system (53 instructions each, measured on 6.1). And a kprobe inside an old function is never hit
 * again once calls go to the new one.
 */
#include "kernel/host/operation.h"
#include "kernel/host/files.h"
#include "kernel/host/tracers.h"
#include "base/guard.h"

#include <stdlib.h>
#include <string.h>

enum { COST = 53 }; /* instructions */

static bool same_function(const char *line, const char *object, const char *name)
{
	const char *module = strcmp(object, "vmlinux") == 0 ? NULL : object;
	size_t length = strlen(name);

	if (strncmp(line, name, length) != 0 || line[length] != ' ')
		return false;
	line += length + 1;
	if (*line != '[')
		return !module;
	length = module ? strlen(module) : 0;
	return module && strncmp(line + 1, module, length) == 0 && line[length + 1] == ']';
}

bool sut_tracer_parse(const char *line, const char *object, const char *name,
		      struct sut_tracer *tracer)
{
	const char *count = strchr(line, '(');

	if (!count || !same_function(line, object, name))
		return false;
	tracer->users = strtoul(count + 1, NULL, 10);
	count += strcspn(count, ")");
	/* Flags stand in columns between the count and what is called. */
	tracer->redirects = memchr(count, 'I', strcspn(count, ":>")) != NULL;
	return true;
}

bool sut_kprobe_parse(const char *line, const char *object, const char *name,
		      struct sut_kprobe *probe)
{
	char symbol[512], module[64];
	unsigned long offset;
	int fields = sscanf(line, "%*s %*s %511[^+]+0x%lx %63s", symbol, &offset, module);

	if (fields < 2 || strcmp(symbol, name) != 0)
		return false;
	if (fields < 3 || *module == '[')
		strcpy(module, "vmlinux");
	probe->offset = offset;
	return strcmp(module, object) == 0;
}

/* How many patches have the function already; each function has one user for all of them. */
static bool is_patched(const struct sut_host_state *state, const char *object, const char *name)
{
	for (size_t i = 0; i < state->patch_count; i++)
		for (size_t k = 0; k < state->patches[i].object_count; k++) {
			const struct sut_host_object *o = &state->patches[i].objects[k];

			for (size_t n = 0; o->patched && n < o->func_count; n++)
				if (strcmp(o->name, object) == 0 &&
				    strcmp(o->funcs[n].name, name) == 0)
					return true;
		}
	return false;
}

static size_t patched_functions(const struct sut_host_state *state)
{
	size_t count = 0;

	for (size_t i = 0; i < state->patch_count; i++)
		count += state->patches[i].func_count;
	return count;
}

struct look {
	struct sut_operation *op;
	const struct sut_livepatch *lp;
	const struct sut_host_state *state;
	const char *object, *name; /* the function */
};

static enum sut_rc judge_tracer(const struct look *l, const char *line, struct sut_diag *diag)
{
	struct sut_tracer tracer;
	bool patched;

	if (!sut_tracer_parse(line, l->object, l->name, &tracer))
		return SUT_OK;
	patched = is_patched(l->state, l->object, l->name);
	if (tracer.redirects && !patched) {
		sut_fail(diag, SUT_REFUSED, "kernel-redirected",
			 "somebody else redirects %s already, and only one can", l->name);
		sut_context(diag, SUT_REFUSED, "enabled_functions: %s", line);
		sut_remedy(diag, "Take away the kprobe or BPF program that changes where it goes.");
		return SUT_REFUSED;
	}
	if (tracer.users > patched)
		sut_operation_warn(l->op, "kernel-tracer",
				   "%s is traced: while it is, each call of it costs some %zu "
				   "instructions more (%d for each patched function of the system)",
				   l->name,
				   COST * (patched_functions(l->state) + l->lp->func_count), COST);
	return SUT_OK;
}

static enum sut_rc judge_kprobe(const struct look *l, const char *line, struct sut_diag *diag)
{
	struct sut_kprobe probe;

	(void)diag;
	/* One at the entry is a tracer, and in that list. */
	if (sut_kprobe_parse(line, l->object, l->name, &probe) && probe.offset)
		sut_operation_warn(l->op, "kernel-kprobe",
				   "the kprobe at %s+0x%lx will not be hit in the new function",
				   l->name, probe.offset);
	return SUT_OK;
}

/* Each line against each function of the patch. */
static enum sut_rc judge(struct look *l, char *text,
			 enum sut_rc (*judge_line)(const struct look *l, const char *line,
						   struct sut_diag *diag),
			 struct sut_diag *diag)
{
	enum sut_rc rc = SUT_OK;
	const char *line;

	while (rc == SUT_OK && (line = strsep(&text, "\n")))
		for (size_t i = 0; i < l->lp->klp.object_count; i++) {
			const struct sut_klp_object *object = &l->lp->klp.objects[i];

			l->object = object->name;
			for (size_t k = 0; k < object->func_count && rc == SUT_OK; k++) {
				l->name = object->funcs[k].name;
				rc = judge_line(l, line, diag);
			}
		}
	return rc;
}

enum sut_rc sut_livepatch_check_tracers(struct sut_operation *op, const struct sut_livepatch *lp,
					const struct sut_host_state *state, struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct look look = {.op = op, .lp = lp, .state = state};
	char *tracers = sut_host_text(op->host, &arena, "/sys/kernel/tracing/enabled_functions");
	char *probes = sut_host_text(op->host, &arena, "/sys/kernel/debug/kprobes/list");
	enum sut_rc rc;

	if (!tracers) /* where tracefs is not mounted by itself */
		tracers = sut_host_text(op->host, &arena,
					"/sys/kernel/debug/tracing/enabled_functions");
	rc = judge(&look, tracers, judge_tracer, diag);
	return rc == SUT_OK ? judge(&look, probes, judge_kprobe, diag) : rc;
}
