// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a declaration refers to, and whether a name is enough. Members, size and arithmetic need the
 * whole of a structure; a pointer to one, or a parameter of a mere declaration, needs its name.
 */
#include "source/closure.h"

#include <string.h>

struct use {
	struct sut_closure *closure;
	struct sut_chunk *chunk; /* that refers */
	CXCursor skipped;        /* a body or a value that is not taken */
	bool code;               /* a body is taken */
};

static bool is_tag(enum CXCursorKind kind)
{
	return kind == CXCursor_StructDecl || kind == CXCursor_UnionDecl;
}

/* "struct client", or NULL for one without a tag. */
static const char *tag_name(struct sut_closure *closure, CXCursor record)
{
	const char *name = sut_parsed_string(closure->arena, clang_getCursorSpelling(record));

	if (!*name || strchr(name, ' ') || clang_Cursor_isAnonymous(record))
		return NULL;
	return sut_arena_printf(closure->arena, "%s %s",
				clang_getCursorKind(record) == CXCursor_UnionDecl ? "union"
										  : "struct",
				name);
}

static void need_tag(struct use *use, CXCursor record, bool all)
{
	struct sut_closure *closure = use->closure;
	CXCursor definition = clang_getCursorDefinition(record);
	const char *name = tag_name(closure, record);
	bool defined = !clang_Cursor_isNull(definition);
	struct sut_chunk *chunk = sut_parsed_chunk(closure->parsed, defined ? definition : record);

	if (!chunk || all || !name) {
		sut_closure_place(closure, defined ? definition : record, SUT_NEED_ALL);
		return;
	}
	/* Inside of itself it is known. */
	if (chunk == use->chunk && defined)
		return;
	for (size_t i = 0; i < closure->tag_count; i++) {
		struct sut_tag *tag = &closure->tags[i];

		if (strcmp(tag->name, name) != 0)
			continue;
		if (sut_parsed_order(closure->parsed, use->chunk, tag->user) < 0)
			tag->user = use->chunk;
		return;
	}
	SUT_PUSH(closure->arena, closure->tags, closure->tag_count, closure->tag_capacity) =
		(struct sut_tag){name, defined ? chunk : NULL, use->chunk};
}

/* The whole of a type that is held by value. */
static void need_whole(struct use *use, CXType type)
{
	type = clang_getCanonicalType(type);
	while (type.kind == CXType_ConstantArray || type.kind == CXType_IncompleteArray ||
	       type.kind == CXType_VariableArray || type.kind == CXType_Vector)
		type = clang_getCanonicalType(clang_getElementType(type));
	if (type.kind == CXType_Record)
		need_tag(use, clang_getTypeDeclaration(type), true);
}

static void need_pointed(struct use *use, CXType type)
{
	type = clang_getCanonicalType(type);
	if (type.kind == CXType_Pointer)
		need_whole(use, clang_getPointeeType(type));
}

/* "typedef struct a { ... } b;" can be told as "typedef struct a b;". */
static void need_typedef(struct use *use, CXCursor declaration)
{
	struct sut_closure *closure = use->closure;
	struct sut_chunk *chunk = sut_parsed_chunk(closure->parsed, declaration);
	CXCursor record = clang_getNullCursor();

	for (size_t i = 0; chunk && i < chunk->count; i++)
		if (is_tag(clang_getCursorKind(chunk->cursors[i])) &&
		    clang_isCursorDefinition(chunk->cursors[i]))
			record = chunk->cursors[i];
	if (clang_Cursor_isNull(record) || !tag_name(closure, record) || chunk->made) {
		sut_closure_place(closure, declaration, SUT_NEED_ALL);
		return;
	}
	sut_closure_raise(closure, chunk, SUT_NEED_NAME);
	if (chunk != use->chunk)
		need_tag(use, record, false);
}

static void need(struct use *use, CXCursor referenced, bool all)
{
	struct sut_closure *closure = use->closure;
	CXCursor parent = clang_getCursorSemanticParent(referenced);
	enum CXCursorKind kind = clang_getCursorKind(referenced);

	if (clang_getCursorKind(parent) == CXCursor_FunctionDecl)
		return;
	switch (kind) {
	case CXCursor_FieldDecl:
		need_tag(use, parent, true);
		break;
	case CXCursor_EnumConstantDecl:
		sut_closure_place(closure, parent, SUT_NEED_ALL);
		break;
	case CXCursor_EnumDecl:
		if (!clang_Cursor_isNull(clang_getCursorDefinition(referenced)))
			referenced = clang_getCursorDefinition(referenced);
		sut_closure_place(closure, referenced, SUT_NEED_ALL);
		break;
	case CXCursor_StructDecl:
	case CXCursor_UnionDecl:
		need_tag(use, referenced, all);
		break;
	case CXCursor_TypedefDecl:
		need_typedef(use, referenced);
		if (all)
			need_whole(use, clang_getCursorType(referenced));
		break;
	case CXCursor_FunctionDecl:
	case CXCursor_VarDecl:
		sut_closure_need_entity(closure, referenced);
		break;
	default:
		break;
	}
}

/* Operators whose operand, if a pointer, needs the size of what it points to. */
static bool counts_elements(enum CXCursorKind kind)
{
	return kind == CXCursor_UnaryOperator || kind == CXCursor_BinaryOperator ||
	       kind == CXCursor_CompoundAssignOperator || kind == CXCursor_ArraySubscriptExpr;
}

/* Functions that attributes name (cleanup, alias), which clang does not show as references. */
static void need_names_of_attribute(struct use *use, CXCursor attribute)
{
	struct sut_parsed *parsed = use->closure->parsed;
	CXSourceRange range = clang_getCursorExtent(attribute);
	CXToken *tokens;
	unsigned int count;

	clang_tokenize(parsed->unit, range, &tokens, &count);
	for (unsigned int i = 0; i < count; i++) {
		const char *name =
			sut_parsed_string(parsed->arena,
					  clang_getTokenSpelling(parsed->unit, tokens[i]));
		const struct sut_entity *entity = sut_closure_entity(use->closure, name);

		if (clang_getTokenKind(tokens[i]) == CXToken_Identifier && entity)
			sut_closure_need_entity(use->closure, entity->cursor);
	}
	clang_disposeTokens(parsed->unit, tokens, count);
}

static enum CXChildVisitResult visit(CXCursor cursor, CXCursor parent, CXClientData data)
{
	enum CXCursorKind kind = clang_getCursorKind(cursor);
	enum CXCursorKind outer = clang_getCursorKind(parent);
	struct use *use = data;
	CXType type = clang_getCursorType(cursor);

	if (clang_equalCursors(cursor, use->skipped))
		return CXChildVisit_Continue;
	if (clang_isReference(kind) || clang_isExpression(kind)) {
		CXCursor referenced = clang_getCursorReferenced(cursor);

		if (!clang_Cursor_isNull(referenced))
			need(use, referenced,
			     outer == CXCursor_UnaryExpr || outer == CXCursor_GenericSelectionExpr);
	}
	if (clang_isExpression(kind)) {
		need_whole(use, type);
		if (counts_elements(kind) || counts_elements(outer))
			need_pointed(use, type);
	}
	if (kind == CXCursor_FieldDecl || kind == CXCursor_VarDecl ||
	    (kind == CXCursor_ParmDecl && use->code))
		need_whole(use, type);
	if (clang_isAttribute(kind))
		need_names_of_attribute(use, cursor);
	return CXChildVisit_Recurse;
}

static enum CXChildVisitResult find_body(CXCursor cursor, CXCursor parent, CXClientData data)
{
	(void)parent;
	if (clang_getCursorKind(cursor) != CXCursor_CompoundStmt)
		return CXChildVisit_Continue;
	*(CXCursor *)data = cursor;
	return CXChildVisit_Break;
}

static bool declares_variable(const struct sut_chunk *chunk)
{
	for (size_t i = 0; i < chunk->count; i++)
		if (clang_getCursorKind(chunk->cursors[i]) == CXCursor_VarDecl)
			return true;
	return false;
}

static void follow_declaration(struct use *use, CXCursor cursor)
{
	bool all = use->chunk->need == SUT_NEED_ALL;

	use->skipped = clang_getNullCursor();
	use->code = false;
	switch (clang_getCursorKind(cursor)) {
	case CXCursor_FunctionDecl:
		use->code = all && clang_isCursorDefinition(cursor);
		if (use->code)
			need_whole(use, clang_getCursorResultType(cursor));
		else
			clang_visitChildren(cursor, find_body, &use->skipped);
		break;
	case CXCursor_VarDecl:
		if (!all)
			use->skipped = clang_Cursor_getVarDeclInitializer(cursor);
		/* An array's elements must be known even where it is only declared. */
		if (all ? clang_Cursor_getStorageClass(cursor) != CX_SC_Extern
			: clang_getArrayElementType(clang_getCursorType(cursor)).kind !=
				    CXType_Invalid)
			need_whole(use, clang_getCursorType(cursor));
		break;
	default:
		/* The members of "typedef struct a { ... } b;" when the name is enough; those of
		 * "static struct a { ... } b;" are needed. */
		if (!all && !declares_variable(use->chunk))
			return;
	}
	clang_visitChildren(cursor, visit, use);
}

void sut_closure_follow_uses(struct sut_closure *closure, struct sut_chunk *chunk)
{
	struct use use = {.closure = closure, .chunk = chunk};

	for (size_t i = 0; i < chunk->count; i++)
		follow_declaration(&use, chunk->cursors[i]);
}
