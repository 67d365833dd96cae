// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libxml2: "xml FILE" or "huge FILE" or "html FILE" or "catalog FILE" parses it, "schema XSD" makes
 * a schema, "xpath EXPRESSION" evaluates it; what came of it, and the last error.
 */
#include "host.h"

#include <libxml/HTMLparser.h>
#include <libxml/catalog.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <libxml/xpath.h>
#include <string.h>

static void quiet(void *context, const char *format, ...)
{
	(void)context;
	(void)format;
}

static int read_document(const char *file, int options)
{
	xmlDocPtr document = xmlReadFile(file, NULL, options | XML_PARSE_NOERROR | XML_PARSE_NONET);
	int good = document != NULL;

	xmlFreeDoc(document);
	return good;
}

static int read_html(const char *file)
{
	htmlDocPtr document = htmlReadFile(file, NULL, HTML_PARSE_NOERROR | HTML_PARSE_NONET);
	int good = document != NULL;

	xmlFreeDoc(document);
	return good;
}

static int read_schema(const char *file)
{
	xmlSchemaParserCtxtPtr context = xmlSchemaNewParserCtxt(file);
	xmlSchemaPtr schema;
	int good;

	xmlSchemaSetParserErrors(context, quiet, quiet, NULL);
	schema = xmlSchemaParse(context);
	good = schema != NULL;
	xmlSchemaFree(schema);
	xmlSchemaFreeParserCtxt(context);
	return good;
}

static int evaluate(const char *expression)
{
	xmlDocPtr document = xmlReadMemory("<a/>", 4, NULL, NULL, 0);
	xmlXPathContextPtr context = xmlXPathNewContext(document);
	xmlXPathObjectPtr result = xmlXPathEval(BAD_CAST expression, context);
	int good = result != NULL;

	xmlXPathFreeObject(result);
	xmlXPathFreeContext(context);
	xmlFreeDoc(document);
	return good;
}

static int read_catalog(const char *file)
{
	xmlCatalogPtr catalog = xmlLoadSGMLSuperCatalog(file);
	int good = catalog != NULL;

	xmlFreeCatalog(catalog);
	return good;
}

void answer(const char *question, FILE *out)
{
	const char *rest = strchr(question, ' ');
	int good = 0;

	xmlSetGenericErrorFunc(NULL, quiet);
	xmlResetLastError();
	if (!rest++)
		;
	else if (strncmp(question, "xml ", 4) == 0)
		good = read_document(rest, XML_PARSE_NOENT);
	else if (strncmp(question, "huge ", 5) == 0)
		good = read_document(rest, XML_PARSE_HUGE);
	else if (strncmp(question, "html ", 5) == 0)
		good = read_html(rest);
	else if (strncmp(question, "schema ", 7) == 0)
		good = read_schema(rest);
	else if (strncmp(question, "xpath ", 6) == 0)
		good = evaluate(rest);
	else if (strncmp(question, "catalog ", 8) == 0)
		good = read_catalog(rest);
	fprintf(out, "%s, error %d", good ? "good" : "bad",
		xmlGetLastError() ? xmlGetLastError()->code : 0);
}
