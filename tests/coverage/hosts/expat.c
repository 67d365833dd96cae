// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * expat: "parse FILE" counts its elements; "negative" parses a buffer of negative length; "stop"
 * stops a parser that was not started.
 */
#include "host.h"

#include <expat.h>
#include <string.h>

static void count(void *elements, const XML_Char *name, const XML_Char **attributes)
{
	(void)name;
	(void)attributes;
	++*(int *)elements;
}

static void parse(XML_Parser parser, const char *file, FILE *out)
{
	FILE *in = fopen(file, "r");
	enum XML_Status status = XML_STATUS_OK;
	char text[4096];
	int elements = 0;

	XML_SetUserData(parser, &elements);
	XML_SetStartElementHandler(parser, count);
	while (in && status == XML_STATUS_OK && !feof(in)) {
		size_t length = fread(text, 1, sizeof(text), in);

		status = XML_Parse(parser, text, (int)length, feof(in));
	}
	fprintf(out, "%d elements, status %d", elements, status);
	if (in)
		fclose(in);
}

void answer(const char *question, FILE *out)
{
	XML_Parser parser = XML_ParserCreate(NULL);

	if (strncmp(question, "parse ", 6) == 0) {
		parse(parser, question + 6, out);
	} else if (strcmp(question, "stop") == 0) {
		fprintf(out, "status %d", XML_StopParser(parser, XML_FALSE));
	} else if (XML_GetBuffer(parser, 64)) {
		memcpy(XML_GetBuffer(parser, 64), "<a/>", 4);
		XML_ParseBuffer(parser, 4, 0);
		XML_GetBuffer(parser, 64);
		fprintf(out, "status %d", XML_ParseBuffer(parser, -1, 0));
	}
	fprintf(out, ", %s",
		XML_GetErrorCode(parser) ? XML_ErrorString(XML_GetErrorCode(parser)) : "no error");
	XML_ParserFree(parser);
}
