// SPDX-License-Identifier: GPL-2.0-or-later
/* libjq: a filter, a tabulator, a JSON text; writes the results. */
#include "host.h"

#include <jq.h>
#include <jv.h>
#include <stdlib.h>
#include <string.h>

static void quiet(void *data, jv message)
{
	(void)data;
	jv_free(message);
}

static void run(jq_state *jq, const char *json, FILE *out)
{
	jv result;

	jq_start(jq, jv_parse(json), 0);
	while (jv_is_valid(result = jq_next(jq))) {
		jv text = jv_dump_string(result, 0);

		fprintf(out, "%.400s ", jv_string_value(text));
		jv_free(text);
	}
	if (jv_invalid_has_msg(jv_copy(result))) {
		jv text = jv_dump_string(jv_invalid_get_msg(jv_copy(result)), 0);

		fprintf(out, "error %.400s", jv_string_value(text));
		jv_free(text);
	}
	jv_free(result);
}

void answer(const char *question, FILE *out)
{
	size_t length = strcspn(question, "\t");
	char *filter = strndup(question, length);
	jq_state *jq = jq_init();

	jq_set_error_cb(jq, quiet, NULL);
	if (jq_compile(jq, filter))
		run(jq, question[length] ? question + length + 1 : "null", out);
	else
		fputs("not compiled", out);
	jq_teardown(&jq);
	free(filter);
}
