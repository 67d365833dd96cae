// SPDX-License-Identifier: GPL-2.0-or-later
/* expat: parses a file and counts its elements. */
#include "host.h"

#include <expat.h>

static void count(void *elements, const XML_Char *name, const XML_Char **attributes)
{
	(void)name;
	(void)attributes;
	++*(int *)elements;
}

void answer(const char *question, FILE *out)
{
	XML_Parser parser = XML_ParserCreate(NULL);
	FILE *in = fopen(question, "r");
	enum XML_Status status = XML_STATUS_OK;
	char text[4096];
	int elements = 0;

	XML_SetUserData(parser, &elements);
	XML_SetStartElementHandler(parser, count);
	while (in && status == XML_STATUS_OK && !feof(in)) {
		size_t length = fread(text, 1, sizeof(text), in);

		status = XML_Parse(parser, text, (int)length, feof(in));
	}
	fprintf(out, "%d elements, %s", elements, XML_ErrorString(XML_GetErrorCode(parser)));
	if (in)
		fclose(in);
	XML_ParserFree(parser);
}
