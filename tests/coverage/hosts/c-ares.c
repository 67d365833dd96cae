// SPDX-License-Identifier: GPL-2.0-or-later
/* c-ares: takes the question as a list of networks to sort by, and says what came of it. */
#include "host.h"

#include <ares.h>

void answer(const char *question, FILE *out)
{
	ares_channel channel;
	int status = ares_init(&channel);

	if (status == ARES_SUCCESS) {
		status = ares_set_sortlist(channel, question);
		ares_destroy(channel);
	}
	fprintf(out, "status %d", status);
}
