/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of enabled_functions and of kprobes/list. */
#ifndef SUT_KERNEL_HOST_TRACERS_H
#define SUT_KERNEL_HOST_TRACERS_H

#include <stdbool.h>

struct sut_tracer {
	unsigned long users; /* of the function's entry, all livepatches being one */
	bool redirects;      /* one of them changes where calls go, as livepatches do */
};

/* "NAME [MODULE] (USERS) FLAGS ..."; false: a line about another function. */
bool sut_tracer_parse(const char *line, const char *object, const char *name,
		      struct sut_tracer *tracer);

struct sut_kprobe {
	unsigned long offset; /* in the function */
};

/* "ADDRESS TYPE NAME+OFFSET MODULE [STATE]..." */
bool sut_kprobe_parse(const char *line, const char *object, const char *name,
		      struct sut_kprobe *probe);

#endif
