// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * LD_PRELOAD for a program that ends by itself: it waits before main(), with everything mapped,
 * until somebody opens the FIFO $COVERAGE_HOLD for writing. So there is time to patch it, which
 * begins when there is a file of that name with ".held" behind it.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void hold(void)
{
	const char *fifo = getenv("COVERAGE_HOLD");
	char held[PATH_MAX];

	if (!fifo)
		return;
	snprintf(held, sizeof(held), "%s.held", fifo);
	close(creat(held, 0600));
	close(open(fifo, O_RDONLY));
	unsetenv("COVERAGE_HOLD");
	unsetenv("LD_PRELOAD");
}
