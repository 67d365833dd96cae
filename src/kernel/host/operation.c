// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/operation.h"
#include "kernel/host/files.h"
#include "kernel/host/log.h"
#include "base/guard.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { MS = 1000000, S = 1000 * MS }; /* in ns */
enum { BLOCKERS_SHOWN = 64 };

void sut_operation_start(struct sut_operation *operation)
{
	*operation->effect = (struct sut_host_effect){.patch = operation->name};
	operation->log_fd = sut_log_open(operation->host, true);
}

/* Keeps what the kernel's log said of livepatches meanwhile. */
void sut_operation_end(struct sut_operation *operation)
{
	struct sut_host_effect *effect = operation->effect;
	struct sut_log log = {0};

	sut_log_read(operation->arena, operation->log_fd, &log);
	for (size_t i = 0; i < log.count; i++)
		if (strncmp(log.lines[i].text, "livepatch: ", 11) == 0)
			SUT_PUSH(operation->arena, effect->log, effect->log_count,
				 effect->log_capacity) = log.lines[i].text;
	if (operation->log_fd >= 0)
		close(operation->log_fd);
}

void sut_operation_warn(struct sut_operation *operation, const char *rule, const char *fmt, ...)
{
	struct sut_host_effect *effect = operation->effect;
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	SUT_PUSH(operation->arena, effect->warnings, effect->warning_count,
		 effect->warning_capacity) = (struct sut_host_warning){
		.rule = rule,
		.message = sut_arena_strdup(operation->arena, text),
	};
}

uint64_t sut_operation_now(const struct sut_operation *operation)
{
	return operation->host->calls->now(operation->host->context);
}

double sut_operation_seconds(const struct sut_operation *operation, uint64_t since)
{
	return (double)(sut_operation_now(operation) - since) / 1e9;
}

static bool in_transition(const struct sut_operation *operation)
{
	return sut_host_number(operation->host, 0, "/sys/kernel/livepatch/%s/transition",
			       operation->name) > 0;
}

/* How many have not gone over; progress is told. */
static size_t look(const struct sut_operation *operation)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_host_state state;
	struct sut_diag ignored;

	if (sut_host_state_read(operation->host, &arena, &state, &ignored) != SUT_OK)
		return 0;
	if (operation->options->progress && state.moving)
		operation->options->progress(operation->options->context, &state);
	return state.pending;
}

static void keep_blockers(struct sut_operation *operation)
{
	struct sut_host_effect *effect = operation->effect;
	struct sut_host_state state;
	struct sut_diag ignored;

	if (sut_host_state_read(operation->host, operation->arena, &state, &ignored) != SUT_OK)
		return;
	effect->blocker_total = state.pending;
	sut_host_blockers_read(operation->host, operation->arena, &state, BLOCKERS_SHOWN,
			       &effect->blockers);
}

static bool follow(struct sut_operation *operation, uint64_t wait_ns, size_t func_count)
{
	const struct sut_host *host = operation->host;
	uint64_t start = sut_operation_now(operation), next_look = start + S / 2;
	uint64_t end = start + wait_ns;
	uint64_t last = end + 30ull * S + func_count * (uint64_t)(S / 2);

	while (in_transition(operation)) {
		uint64_t now = sut_operation_now(operation);

		if (now >= last || (now >= end && look(operation))) {
			keep_blockers(operation);
			return false;
		}
		if (now >= next_look) {
			next_look = now + S;
			look(operation);
		}
		/* Most transitions take 1 to 2 s, and some milliseconds. */
		host->calls->sleep(host->context, now >= end            ? S / 2
						  : now - start < S / 5 ? 5 * MS
									: 50 * MS);
	}
	operation->effect->transition_s += sut_operation_seconds(operation, start);
	return true;
}

bool sut_operation_follow(struct sut_operation *operation, size_t func_count)
{
	return follow(operation, operation->options->wait_ns, func_count);
}

enum sut_rc sut_operation_turn_round(struct sut_operation *operation, bool enabled,
				     size_t func_count, struct sut_diag *diag)
{
	const uint64_t least = 20ull * S; /* the kernel interrupts after 15 */
	uint64_t wait_ns = operation->options->wait_ns;
	struct sut_host_effect *effect = operation->effect;
	struct sut_host_blockers blockers = effect->blockers;
	size_t total = effect->blocker_total;
	enum sut_rc rc = sut_operation_enable(operation, enabled, diag);

	/* It may have ended in the last moment; a patch that is out is not enabled again. */
	if (rc != SUT_OK && enabled && !in_transition(operation)) {
		effect->outcome = SUT_HOST_DONE;
		return SUT_OK;
	}
	if (rc != SUT_OK)
		return rc;
	effect->outcome = SUT_HOST_BLOCKED;
	if (!follow(operation, wait_ns > least ? wait_ns : least, func_count))
		return SUT_OK;
	effect->outcome = SUT_HOST_BACK;
	effect->blockers = blockers;
	effect->blocker_total = total;
	return SUT_OK;
}

static bool is_unused(const struct sut_host *host, const char *module)
{
	return !sut_host_exists(host, "/sys/kernel/livepatch/%s", module) &&
	       sut_host_number(host, 0, "/sys/module/%s/refcnt", module) == 0;
}

bool sut_operation_unload(struct sut_operation *operation, const char *module)
{
	const struct sut_host *host = operation->host;
	struct sut_host_effect *effect = operation->effect;
	uint64_t end = sut_operation_now(operation) + 10ull * S;
	int error = -EWOULDBLOCK;

	while (!is_unused(host, module) && sut_operation_now(operation) < end)
		host->calls->sleep(host->context, 10 * MS);
	if (is_unused(host, module))
		error = host->calls->unload(host->context, module);
	if (error && error != -ENOENT) {
		SUT_PUSH(operation->arena, effect->stays, effect->stays_count,
			 effect->stays_capacity) = sut_arena_strdup(operation->arena, module);
		return false;
	}
	SUT_PUSH(operation->arena, effect->removed, effect->removed_count,
		 effect->removed_capacity) = sut_arena_strdup(operation->arena, module);
	return true;
}

enum sut_rc sut_operation_enable(struct sut_operation *operation, bool enabled,
				 struct sut_diag *diag)
{
	int error = sut_host_write(operation->host, enabled ? "1" : "0",
				   "/sys/kernel/livepatch/%s/enabled", operation->name);

	if (!error)
		return SUT_OK;
	if (error == -EBUSY) {
		sut_fail(diag, SUT_RETRY, "kernel-transition",
			 "the transition of another patch began meanwhile");
		sut_remedy(diag, "Try again when `suture status kernel` shows none.");
		return SUT_RETRY;
	}
	errno = -error;
	sut_fail_errno(diag, "%s cannot be %s", operation->name, enabled ? "enabled" : "disabled");
	if (error == -EACCES)
		sut_remedy(diag, "Be root.");
	return SUT_SYSTEM;
}

enum sut_rc sut_operation_turn(const struct sut_operation *operation,
			       const struct sut_host_state *state, struct sut_diag *diag)
{
	struct sut_host_blockers blockers;

	if (!state->moving || strcmp(state->moving->name, operation->name) == 0)
		return SUT_OK;
	sut_fail(diag, SUT_RETRY, "kernel-transition",
		 "the transition of %s is still open, and the kernel does one at a time",
		 state->moving->name);
	sut_remedy(diag, "Wait, or look at `suture blockers kernel`; `suture revert %s kernel` %s.",
		   state->moving->name,
		   state->moving->enabled ? "turns it round" : "follows it to its end");
	sut_host_blockers_read(operation->host, operation->arena, state, 4, &blockers);
	for (size_t i = 0; i < blockers.count; i++)
		sut_context(diag, SUT_RETRY, "blocked by %s (%d)%s%s: %s", blockers.list[i].comm,
			    blockers.list[i].tid, *blockers.list[i].function ? " in " : "",
			    blockers.list[i].function, blockers.list[i].remedy);
	return SUT_RETRY;
}
