// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/phases.h"
#include "base/io.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static void begin(struct sut_phases *phases, const char *name, size_t length)
{
	uint64_t now = sut_now_ns();

	if (phases->count)
		phases->list[phases->current].ns += now - phases->since;
	phases->since = now;
	for (size_t i = 0; i < phases->count; i++)
		if (strlen(phases->list[i].name) == length &&
		    strncmp(phases->list[i].name, name, length) == 0) {
			phases->current = i;
			return;
		}
	if (phases->count == SUT_PHASES_MAX)
		return;
	phases->current = phases->count++;
	snprintf(phases->list[phases->current].name, SUT_PHASE_NAME, "%.*s", (int)length, name);
}

void sut_phases_start(struct sut_phases *phases, const struct sut_call *call, const char *name)
{
	*phases = (struct sut_phases){.call = call};
	begin(phases, name, strlen(name));
}

void sut_phases_progress(void *context, const char *text)
{
	struct sut_phases *phases = context;

	sut_progress(phases->call, "%s", text);
	begin(phases, text, strcspn(text, " "));
}

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

void sut_phases_report(struct sut_phases *phases, struct sut_out *out)
{
	struct rusage usage;

	begin(phases, "reporting", strlen("reporting"));
	sut_out_array(out, "phases");
	for (size_t i = 0; i < phases->count; i++) {
		if (!phases->list[i].ns)
			continue;
		sut_out_object(out, NULL);
		sut_out_string(out, "name", phases->list[i].name);
		sut_out_decimal(out, "seconds", (double)phases->list[i].ns / 1e9);
		sut_out_end(out);
	}
	sut_out_end(out);
	getrusage(RUSAGE_SELF, &usage);
	sut_out_decimal(out, "cpu_seconds", seconds(&usage.ru_utime) + seconds(&usage.ru_stime));
	sut_out_decimal(out, "memory_mb", (double)usage.ru_maxrss / 1024);
}
