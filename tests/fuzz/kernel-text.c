// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel's files say is not all the kernel's own: tasks choose their names, and anybody
 * with the right may write to its log. The first byte says which reader gets the rest.
 */
#include "base/guard.h"
#include "kernel/host/explain.h"
#include "kernel/host/symbols.h"
#include "kernel/host/tasks.h"
#include "kernel/host/tracers.h"
#include "kernel/host/waits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static void read_stack(struct sut_arena *arena, char *text)
{
	size_t count, size = strlen(text);
	struct sut_host_frame *frames = sut_host_stack_parse(arena, text, &count);

	for (size_t i = 0; i < count; i++)
		need(*frames[i].name && strlen(frames[i].name) + strlen(frames[i].module) < size);
}

static void read_log(struct sut_arena *arena, char *text)
{
	struct sut_log log = {0};
	struct sut_diag diag = {0};

	sut_log_parse(arena, text, &log);
	for (size_t i = 0; i < log.count; i++)
		need(sut_log_last(&log, log.lines[i].text) >= 0);
	need(sut_explain_load(arena, "fix", EINVAL, &log, &diag) == SUT_REFUSED);
	need(diag.count && *diag.remedy);
}

static void read_symbols(char *text)
{
	struct sut_host_symbol list[] = {{"vmlinux", "a", 0, 0},
					 {"m", "a", 0, 0},
					 {"vmlinux", "a", 0, 0}};

	sut_host_symbols_count(text, list, SUT_ARRAY_SIZE(list));
	need(list[0].count == list[1].count || list[0].count == list[2].count ||
	     list[1].count == list[2].count);
}

static void read_line(struct sut_arena *arena, const char *text)
{
	const struct sut_host host = {.root = "/nonexistent"};
	struct sut_tracer tracer;
	struct sut_kprobe probe;
	struct sut_host_stat stat;

	sut_tracer_parse(text, "m", "a", &tracer);
	sut_kprobe_parse(text, "vmlinux", "a", &probe);
	if (sut_host_stat_parse(text, &stat))
		need(strlen(stat.comm) < sizeof(stat.comm));
	need(sut_host_waits(&host, arena, 1, text) != NULL);
}

static void read_note(struct sut_arena *arena, struct sut_bytes bytes)
{
	struct sut_provenance provenance;

	if (!sut_provenance_parse(arena, bytes, &provenance))
		return;
	for (size_t i = 0; i < provenance.fix_count; i++)
		need(strlen(provenance.fixes[i]) < bytes.size);
	need(strlen(provenance.suture) + strlen(provenance.version) < bytes.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	char *text;

	if (!size)
		return 0;
	text = sut_arena_strndup(&arena, (const char *)data + 1, size - 1);
	switch (*data % 5) {
	case 0:
		read_stack(&arena, text);
		break;
	case 1:
		read_log(&arena, text);
		break;
	case 2:
		read_symbols(text);
		break;
	case 3:
		read_line(&arena, text);
		break;
	default:
		read_note(&arena, (struct sut_bytes){.data = data + 1, .size = size - 1});
	}
	return 0;
}
