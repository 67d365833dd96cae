// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/closure.h"
#include "base/guard.h"

#include <stdlib.h>
#include <string.h>

void sut_closure_raise(struct sut_closure *closure, struct sut_chunk *chunk, enum sut_need need)
{
	if (chunk->need >= need)
		return;
	chunk->need = need;
	SUT_PUSH(closure->arena, closure->queue, closure->queue_count, closure->queue_capacity) =
		chunk;
}

/*
 * The compiler's own headers include nothing and are included by everything, and not by the same
 * headers in gcc and clang: they are named themselves.
 */
static const char *standard_header(const char *path)
{
	static const char *const names[] = {"stddef.h", "stdarg.h",   "stdbool.h",
					    "float.h",  "stdalign.h", "stdatomic.h"};
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; slash && i < SUT_ARRAY_SIZE(names); i++)
		if (strcmp(slash + 1, names[i]) == 0)
			return names[i];
	return NULL;
}

void sut_closure_include(struct sut_closure *closure, uint32_t file)
{
	struct sut_chunk *chunk;
	const char *standard;

	if (file == SUT_NO_FILE)
		return;
	standard = standard_header(closure->parsed->files[file].name);
	chunk = standard ? NULL : sut_parsed_include(closure->parsed, file);
	if (chunk)
		chunk->need = SUT_NEED_ALL;
	for (size_t i = 0; standard && i < closure->standard_count; i++)
		if (closure->standard[i] == standard)
			return;
	if (standard)
		SUT_PUSH(closure->arena, closure->standard, closure->standard_count,
			 closure->standard_capacity) = standard;
}

void sut_closure_place(struct sut_closure *closure, CXCursor declaration, enum sut_need need)
{
	struct sut_chunk *chunk = sut_parsed_chunk(closure->parsed, declaration);
	unsigned int offset;

	if (chunk)
		sut_closure_raise(closure, chunk, need);
	else
		sut_closure_include(closure, sut_parsed_place(closure->parsed,
							      clang_getCursorLocation(declaration),
							      &offset));
}

static int compare_entities(const void *a, const void *b)
{
	const struct sut_entity *left = a, *right = b;

	return strcmp(left->name, right->name);
}

struct sut_entity *sut_closure_entity(const struct sut_closure *closure, const char *name)
{
	struct sut_entity key = {.name = name};

	return bsearch(&key, closure->entities, closure->entity_count, sizeof(key),
		       compare_entities);
}

/* One entity for each declaration; equal names are joined when the list is sorted. */
static void add_entity(struct sut_closure *closure, struct sut_chunk *chunk, CXCursor cursor)
{
	enum CXCursorKind kind = clang_getCursorKind(cursor);
	struct sut_entity *entity;
	bool defined, external;

	if (kind != CXCursor_FunctionDecl && kind != CXCursor_VarDecl)
		return;
	/* "int a;" is a definition, too, if a tentative one. */
	external = clang_Cursor_getStorageClass(cursor) == CX_SC_Extern;
	defined = clang_isCursorDefinition(cursor) || (kind == CXCursor_VarDecl && !external);
	entity = &SUT_PUSH(closure->arena, closure->entities, closure->entity_count,
			   closure->entity_capacity);
	*entity = (struct sut_entity){
		.name = sut_parsed_string(closure->arena, clang_getCursorSpelling(cursor)),
		.function = kind == CXCursor_FunctionDecl,
		.internal = clang_getCursorLinkage(cursor) == CXLinkage_Internal,
		.private = clang_getCursorLinkage(cursor) == CXLinkage_Internal ||
			   (defined && clang_getCursorVisibility(cursor) == CXVisibility_Hidden),
		.near = defined && !closure->parsed->interposable,
		.definition = defined ? chunk : NULL,
		.cursor = cursor,
	};
	if (!defined)
		SUT_PUSH(closure->arena, entity->declarations, entity->count, entity->capacity) =
			chunk;
}

static void join(struct sut_closure *closure, struct sut_entity *into,
		 const struct sut_entity *entity)
{
	/* Of tentative definitions the one with the value is the definition. */
	bool better = entity->definition &&
		      (!into->definition || clang_isCursorDefinition(entity->cursor));

	for (size_t i = 0; i < entity->count; i++)
		SUT_PUSH(closure->arena, into->declarations, into->count, into->capacity) =
			entity->declarations[i];
	if (better && into->definition)
		SUT_PUSH(closure->arena, into->declarations, into->count, into->capacity) =
			into->definition;
	else if (!better && entity->definition)
		SUT_PUSH(closure->arena, into->declarations, into->count, into->capacity) =
			entity->definition;
	if (better) {
		into->definition = entity->definition;
		into->cursor = entity->cursor;
	}
	into->private |= entity->private;
	into->internal |= entity->internal;
	into->near |= entity->near;
}

static void index_entities(struct sut_closure *closure)
{
	struct sut_parsed *parsed = closure->parsed;
	size_t kept = 0;

	for (size_t i = 0; i < parsed->chunk_count; i++)
		for (size_t k = 0; k < parsed->chunks[i].count; k++)
			add_entity(closure, &parsed->chunks[i], parsed->chunks[i].cursors[k]);
	if (closure->entity_count)
		qsort(closure->entities, closure->entity_count, sizeof(*closure->entities),
		      compare_entities);
	for (size_t i = 0; i < closure->entity_count; i++) {
		struct sut_entity *entity = &closure->entities[i];

		if (kept && !strcmp(closure->entities[kept - 1].name, entity->name))
			join(closure, &closure->entities[kept - 1], entity);
		else
			closure->entities[kept++] = *entity;
	}
	closure->entity_count = kept;
}

static void declare(struct sut_closure *closure, struct sut_entity *entity)
{
	entity->taking = SUT_TAKING_DECLARED;
	for (size_t i = 0; i < entity->count; i++)
		sut_closure_raise(closure, entity->declarations[i], SUT_NEED_ALL);
	if (!entity->count && entity->definition)
		sut_closure_raise(closure, entity->definition, SUT_NEED_NAME);
}

/* The text comes along. What was inlined into its code must then come along, too. */
static void take(struct sut_closure *closure, struct sut_entity *entity, enum sut_taking taking)
{
	if (entity->taking >= taking)
		return;
	entity->taking = taking;
	for (size_t i = 0; i < entity->count; i++)
		sut_closure_raise(closure, entity->declarations[i], SUT_NEED_ALL);
	sut_closure_raise(closure, entity->definition, SUT_NEED_ALL);
	for (size_t i = 0; i < closure->facts->inlined_count; i++) {
		const struct sut_inlined *inlined = &closure->facts->inlined[i];
		struct sut_entity *callee;

		if (strcmp(inlined->host, entity->name) != 0)
			continue;
		callee = sut_closure_entity(closure, inlined->callee);
		if (callee && callee->definition && callee->taking == SUT_TAKING_DECLARED)
			take(closure, callee, SUT_TAKING_COPY);
	}
}

static bool is_inlined(const struct sut_closure *closure, const struct sut_entity *entity)
{
	for (size_t i = 0; i < closure->facts->inlined_count; i++) {
		const struct sut_inlined *inlined = &closure->facts->inlined[i];
		const struct sut_entity *host;

		if (strcmp(inlined->callee, entity->name) != 0)
			continue;
		host = sut_closure_entity(closure, inlined->host);
		if (host && host->taking >= SUT_TAKING_COPY)
			return true;
	}
	return false;
}

/* The compiler may have used the value itself. */
static bool is_constant(CXCursor variable)
{
	CXType type = clang_getCanonicalType(clang_getCursorType(variable));

	return clang_isConstQualifiedType(type) && type.kind != CXType_Record;
}

static bool is_copied(const struct sut_closure *closure, const struct sut_entity *entity)
{
	if (!entity->definition)
		return false;
	if (!sut_facts_has(&closure->facts->before, entity->name, entity->function))
		return true;
	return entity->function ? is_inlined(closure, entity)
				: entity->internal && is_constant(entity->cursor);
}

void sut_closure_need_entity(struct sut_closure *closure, CXCursor declaration)
{
	const char *name = sut_parsed_string(closure->arena, clang_getCursorSpelling(declaration));
	struct sut_entity *entity = sut_closure_entity(closure, name);

	/* What the compiler declares by itself is where it was first used. */
	if (!entity && sut_parsed_chunk(closure->parsed, declaration))
		return;
	if (!entity)
		sut_closure_place(closure, declaration, SUT_NEED_ALL);
	else if (entity->taking)
		return;
	else if (is_copied(closure, entity))
		take(closure, entity, SUT_TAKING_COPY);
	else
		declare(closure, entity);
}

/* A macro that writes several things writes all of them. */
static void take_siblings(struct sut_closure *closure, const struct sut_chunk *chunk)
{
	for (size_t i = 0; chunk->made && i < chunk->count; i++) {
		struct sut_entity *entity = sut_closure_entity(
			closure, sut_parsed_string(closure->arena,
						   clang_getCursorSpelling(chunk->cursors[i])));

		if (entity && entity->definition == chunk && entity->taking < SUT_TAKING_COPY)
			take(closure, entity, SUT_TAKING_COPY);
	}
}

enum sut_rc sut_closure_run(struct sut_arena *arena, struct sut_parsed *parsed,
			    const struct sut_facts *facts, const char *const *names, size_t count,
			    struct sut_closure *closure, struct sut_diag *diag)
{
	*closure = (struct sut_closure){.arena = arena, .parsed = parsed, .facts = facts};
	index_entities(closure);
	sut_closure_index_macros(closure);
	for (size_t i = 0; i < count; i++) {
		struct sut_entity *entity = sut_closure_entity(closure, names[i]);

		if (!entity || !entity->function || !entity->definition)
			return sut_fail(diag, SUT_REFUSED, "extract",
					"%s: no function of that name is defined in %s", names[i],
					parsed->files[parsed->main].name);
		take(closure, entity, SUT_TAKING_NEW_VERSION);
	}
	for (size_t i = 0; i < closure->queue_count; i++) {
		struct sut_chunk *chunk = closure->queue[i];

		if (chunk->kind == SUT_CHUNK_DECL) {
			sut_closure_follow_uses(closure, chunk);
			if (chunk->need == SUT_NEED_ALL)
				take_siblings(closure, chunk);
		}
		sut_closure_follow_macros(closure, chunk);
	}
	sut_closure_settings(closure);
	return SUT_OK;
}
