// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that works with libexpat, for ./run: threads parse documents over and over, and end the
 * program when one gives other events than at first. A line on standard input gets the events of
 * all documents as an answer, as one number for each.
 */
#include <expat.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 3, MODES = 6 };

static const char *const documents[] = {
	"<a/>",
	"<?xml version='1.0' encoding='UTF-8'?><!-- c --><a b='1' c=\"&lt;&#65;\">t&amp;x<b/></a>",
	"<!DOCTYPE a [<!ELEMENT a (b|c)*><!ATTLIST a k CDATA 'v' id ID #IMPLIED>"
	"<!ENTITY e 'x<b>y</b>'><!ENTITY f '&e;&e;'>]><a id='q'>&f;&f;</a>",
	"<!DOCTYPE a SYSTEM 'outer.dtd' [<!ENTITY % p SYSTEM 'p.ent'>%p;<!NOTATION n PUBLIC 'x'>"
	"<!ENTITY g SYSTEM 'g.xml'><!ENTITY u SYSTEM 'u.gif' NDATA n>]><a>&g;</a>",
	"<x:a xmlns:x='urn:one' xmlns='urn:two'><b x:c='1' xmlns:y='urn:three' y:d='2'/></x:a>",
	"<a><![CDATA[<not & parsed>]]><?pi some data?>\n\t<b>\xc3\xa4\xe2\x82\xac</b></a>\n",
	"<a><b></a>",
	"<a b='1' b='2'/>",
	"<a>&undefined;</a>",
	"<a>\xff\xfe</a>",
	"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4\xf6\xfc</a>",
	"<?xml version='1.0' encoding='US-ASCII' standalone='yes'?><a>ascii</a>",
	"<?xml version='1.0' encoding='x-own'?><a>\x80\x81</a>",
	"<!DOCTYPE a [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><a>&a;</a>",
	"<!DOCTYPE a [<!ENTITY l 'llllllllllllllllllllllllllll'>]><a>&l;&l;&l;&l;&l;&l;&l;</a>",
	"junk <a/>",
	"",
};
enum { DOCUMENTS = sizeof(documents) / sizeof(documents[0]) };

struct session {
	XML_Parser parser;
	uint64_t hash;
};

static void note(struct session *session, const char *what, const char *text, int length)
{
	for (; *what; what++)
		session->hash = (session->hash ^ (unsigned char)*what) * 0x100000001b3;
	for (int i = 0; text && (length < 0 ? text[i] : i < length); i++)
		session->hash = (session->hash ^ (unsigned char)text[i]) * 0x100000001b3;
}

static void start(void *data, const char *name, const char **attributes)
{
	struct session *session = data;

	note(session, "<", name, -1);
	note(session, "@", (char *)&(int){XML_GetSpecifiedAttributeCount(session->parser)}, 1);
	note(session, "#", (char *)&(int){XML_GetIdAttributeIndex(session->parser)}, 1);
	for (; *attributes; attributes++)
		note(session, "=", *attributes, -1);
}

static void end(void *data, const char *name)
{
	note(data, ">", name, -1);
}

static void text(void *data, const char *s, int length)
{
	note(data, "", s, length);
}

static void comment(void *data, const char *s)
{
	note(data, "!", s, -1);
}

static void instruction(void *data, const char *target, const char *s)
{
	note(data, "?", target, -1);
	note(data, "?", s, -1);
}

static void cdata_start(void *data)
{
	note(data, "[", NULL, 0);
}

static void cdata_end(void *data)
{
	note(data, "]", NULL, 0);
}

static void namespace_start(void *data, const char *prefix, const char *uri)
{
	note(data, "n", prefix, -1);
	note(data, "u", uri, -1);
}

static void namespace_end(void *data, const char *prefix)
{
	note(data, "N", prefix, -1);
}

static void doctype_start(void *data, const char *name, const char *system, const char *public,
			  int internal)
{
	note(data, internal ? "D" : "d", name, -1);
	note(data, "s", system, -1);
	note(data, "p", public, -1);
}

static void doctype_end(void *data)
{
	note(data, "/", NULL, 0);
}

static void element(void *data, const char *name, XML_Content *model)
{
	struct session *session = data;

	note(session, "e", name, -1);
	note(session, "m", (char *)&model->numchildren, 1);
	XML_FreeContentModel(session->parser, model);
}

static void attributes(void *data, const char *name, const char *attribute, const char *type,
		       const char *value, int required)
{
	note(data, required ? "A" : "a", name, -1);
	note(data, "t", attribute, -1);
	note(data, "t", type, -1);
	note(data, "v", value, -1);
}

static void entity(void *data, const char *name, int parameter, const char *value, int length,
		   const char *base, const char *system, const char *public, const char *notation)
{
	note(data, parameter ? "%" : "&", name, -1);
	note(data, "v", value, value ? length : 0);
	note(data, "b", base, -1);
	note(data, "s", system, -1);
	note(data, "p", public, -1);
	note(data, "n", notation, -1);
}

static void notation(void *data, const char *name, const char *base, const char *system,
		     const char *public)
{
	note(data, "o", name, -1);
	note(data, "b", base, -1);
	note(data, "s", system, -1);
	note(data, "p", public, -1);
}

static void declaration(void *data, const char *version, const char *encoding, int standalone)
{
	note(data, standalone ? "X" : "x", version, -1);
	note(data, "E", encoding, -1);
}

static int external(XML_Parser parser, const char *context, const char *base, const char *system,
		    const char *public)
{
	static const char inner[] = "<!ENTITY inner 'from outside'>";
	static const char inside[] = "<inside>&#x20;</inside>";
	XML_Parser other = XML_ExternalEntityParserCreate(parser, context, NULL);
	const char *content = context && strchr(context, 'g') ? inside : inner;
	int status;

	(void)base, (void)system, (void)public;
	if (!other)
		return 0;
	status = XML_Parse(other, content, (int)strlen(content), 1);
	XML_ParserFree(other);
	return status == XML_STATUS_OK;
}

static int unknown(void *data, const char *name, XML_Encoding *info)
{
	(void)data, (void)name;
	for (int i = 0; i < 256; i++)
		info->map[i] = i < 128 ? i : i + 0x100;
	info->data = NULL;
	info->convert = NULL;
	info->release = NULL;
	return XML_STATUS_OK;
}

static void set_handlers(struct session *session)
{
	XML_Parser p = session->parser;

	XML_SetUserData(p, session);
	XML_SetElementHandler(p, start, end);
	XML_SetCharacterDataHandler(p, text);
	XML_SetCommentHandler(p, comment);
	XML_SetProcessingInstructionHandler(p, instruction);
	XML_SetCdataSectionHandler(p, cdata_start, cdata_end);
	XML_SetNamespaceDeclHandler(p, namespace_start, namespace_end);
	XML_SetDoctypeDeclHandler(p, doctype_start, doctype_end);
	XML_SetElementDeclHandler(p, element);
	XML_SetAttlistDeclHandler(p, attributes);
	XML_SetEntityDeclHandler(p, entity);
	XML_SetNotationDeclHandler(p, notation);
	XML_SetXmlDeclHandler(p, declaration);
	XML_SetExternalEntityRefHandler(p, external);
	XML_SetUnknownEncodingHandler(p, unknown, NULL);
	XML_SetParamEntityParsing(p, XML_PARAM_ENTITY_PARSING_ALWAYS);
	XML_SetHashSalt(p, 12345);
}

static void feed(struct session *session, const char *document, int mode)
{
	int size = (int)strlen(document), step = mode % 3 ? mode % 3 * 2 - 1 : size;

	if (!size)
		XML_Parse(session->parser, "", 0, 1);
	for (int at = 0; at < size; at += step) {
		int length = size - at < step ? size - at : step;
		void *buffer = XML_GetBuffer(session->parser, length);

		if (!buffer)
			return;
		memcpy(buffer, document + at, (size_t)length);
		if (XML_ParseBuffer(session->parser, length, at + length == size) != XML_STATUS_OK)
			break;
	}
}

static uint64_t digest(int document, int mode)
{
	struct session session = {.hash = 0xcbf29ce484222325};

	session.parser = mode < 3 ? XML_ParserCreate(NULL) : XML_ParserCreateNS(NULL, '|');
	if (!session.parser)
		abort();
	for (int round = 0; round < 2; round++) {
		set_handlers(&session);
		feed(&session, documents[document], mode);
		note(&session, "!", XML_ErrorString(XML_GetErrorCode(session.parser)), -1);
		session.hash += (uint64_t)XML_GetCurrentLineNumber(session.parser) * 31 +
				(uint64_t)XML_GetCurrentColumnNumber(session.parser);
		session.hash ^= (uint64_t)XML_GetCurrentByteIndex(session.parser);
		XML_ParserReset(session.parser, NULL);
	}
	XML_ParserFree(session.parser);
	return session.hash;
}

static void *work(void *argument)
{
	uint64_t first[DOCUMENTS][MODES] = {{0}};

	(void)argument;
	for (uint64_t round = 0;; round++)
		for (int i = 0; i < DOCUMENTS; i++)
			for (int mode = 0; mode < MODES; mode++) {
				uint64_t now = digest(i, mode);

				if (!round)
					first[i][mode] = now;
				if (now == first[i][mode])
					continue;
				fprintf(stderr, "document %d gives other events\n", i);
				abort();
			}
	return NULL;
}

int main(void)
{
	char line[64];
	pthread_t thread;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, work, NULL))
			return 1;
	while (fgets(line, sizeof(line), stdin)) {
		for (int i = 0; i < DOCUMENTS * MODES; i++)
			printf("%016llx\n", (unsigned long long)digest(i / MODES, i % MODES));
		fflush(stdout);
	}
	return 0;
}
