// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/out.h"
#include "base/tap.h"
#include "base/guard.h"

#include <string.h>

static char *render(bool json, bool fields)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	struct sut_out out;

	sut_out_init(&out, file, json, fields, "suture.test/1");
	sut_out_headline(&out, SUT_MARK_OK, "all \"good\"");
	sut_out_string(&out, "name", "a\x01\xff\"é");
	sut_out_array(&out, "list");
	sut_out_unsigned(&out, NULL, 7);
	sut_out_object(&out, NULL);
	sut_out_bool(&out, "yes", true);
	sut_out_bool(&out, "no", false);
	sut_out_end(&out);
	sut_out_end(&out);
	sut_out_array(&out, "none");
	sut_out_end(&out);
	sut_out_deinit(&out);
	fclose(file);
	return text;
}

static void json_is_one_object_with_schema_and_headlines(void)
{
	SUT_FREE char *text = render(true, false);

	CHECK_STRING(text, "{\n"
			   "  \"schema\": \"suture.test/1\",\n"
			   "  \"name\": \"a\\u0001\\u00ff\\\"é\",\n"
			   "  \"list\": [\n"
			   "    7,\n"
			   "    {\n"
			   "      \"yes\": true,\n"
			   "      \"no\": false\n"
			   "    }\n"
			   "  ],\n"
			   "  \"none\": [],\n"
			   "  \"headlines\": [\n"
			   "    \"all \\\"good\\\"\"\n"
			   "  ]\n"
			   "}\n");
}

static void text_without_fields_is_the_headlines(void)
{
	SUT_FREE char *text = render(false, false);

	CHECK_STRING(text, "[ok] all \"good\"\n");
}

static void text_with_fields_is_an_indented_list(void)
{
	SUT_FREE char *text = render(false, true);

	CHECK_STRING(text, "[ok] all \"good\"\n"
			   "name: a\\x01\\xff\"é\n"
			   "list:\n"
			   "  - 7\n"
			   "  - yes: true\n"
			   "    no: false\n"
			   "none:\n");
}

static const struct sut_tap_test tests[] = {
	{"JSON is one object with schema and headlines",
	 json_is_one_object_with_schema_and_headlines},
	{"text without fields is the headlines", text_without_fields_is_the_headlines},
	{"text with fields is an indented list", text_with_fields_is_an_indented_list},
};

SUT_TAP_MAIN(tests)
