// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of a page: what a patch is made for, binds, brings and says of itself. */
#include "review/page.h"
#include "review/listing.h"

#include "base/io.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

enum { SHOWN_MAX = 4096 /* bytes of each section of data */ };

void sut_page_objects(const struct sut_page *v)
{
	static const char *const columns[] = {"Object", "", "build-id", "read from", NULL};

	sut_page_begin(v, "Made for", columns);
	for (size_t i = 0; i < v->patch->object_count; i++) {
		const struct sut_patch_object *object = &v->patch->objects[i];
		const struct sut_target *target = v->review->targets[i];
		char hex[2 * SUT_PATCH_BUILD_ID_MAX + 1];

		sut_page_put(v, "<tr><td>", "</td>", "%s", object->name);
		sut_page_put(v, "<td>", "</td>", "%s",
			     object->executable ? "program" : "shared object");
		sut_page_put(v, "<td class=\"mono\">", "</td>", "%s",
			     sut_hex(hex, object->build_id, object->build_id_size));
		sut_page_put(v, "<td class=\"mono\">", "</td></tr>\n", "%s",
			     target ? target->path : "not found here");
	}
	sut_page_end(v);
}

static void put_binding(const struct sut_page *v, const struct sut_patch_symbol *symbol)
{
	const char *object = symbol->kind == SUT_PATCH_SYMBOL_RUNTIME
				     ? "the run-time"
				     : v->patch->objects[symbol->object].name;

	sut_page_put(v, "<tr><td class=\"mono\">", "</td>", "%s",
		     sut_symbol_name(v->patch, symbol));
	sut_page_put(v, "<td>", "</td>", "%s", object);
	sut_page_markup(v, "<td class=\"mono\">");
	if (symbol->kind == SUT_PATCH_SYMBOL_TARGET && symbol->type == STT_TLS)
		sut_page_put(v, "", "", "thread pointer %+" PRId64, (int64_t)symbol->value);
	else if (symbol->kind == SUT_PATCH_SYMBOL_TARGET)
		sut_page_put(v, "", "", "0x%" PRIx64, symbol->value);
	else if (symbol->slot)
		sut_page_put(v, "", "", "imported, slot 0x%" PRIx64, symbol->slot);
	else
		sut_page_markup(v, symbol->kind == SUT_PATCH_SYMBOL_IMPORT ? "imported, not before"
									   : "");
	sut_page_markup(v, "</td></tr>\n");
}

static void put_bindings(const struct sut_page *v)
{
	static const char *const columns[] = {"Symbol", "of", "where", NULL};
	size_t count = 0;

	for (size_t i = 0; i < v->patch->symbol_count; i++) {
		if (v->patch->symbols[i].kind == SUT_PATCH_SYMBOL_OWN)
			continue;
		if (!count++)
			sut_page_begin(v, "Bindings", columns);
		put_binding(v, &v->patch->symbols[i]);
	}
	if (count)
		sut_page_end(v);
}

/* What pointers in it lead to, and its bytes, which can be opened. */
static void put_content(const struct sut_page *v, const struct sut_patch_section *section)
{
	sut_page_markup(v, "<td>");
	for (size_t i = 0; i < section->reloc_count; i++)
		sut_page_put(v, "<span class=\"mono\">", "</span><br>\n", "0x%" PRIx64 ": %s",
			     section->relocs[i].offset,
			     sut_reloc_text(v->arena, v->patch, &section->relocs[i],
					    section->relocs[i].offset));
	if (section->data) {
		uint64_t shown = section->size < SHOWN_MAX ? section->size : SHOWN_MAX;

		sut_page_markup(v, "<details><summary>bytes</summary>");
		for (uint64_t at = 0; at < shown; at += SUT_DUMP_ROW)
			sut_page_put(v, "<pre>", "</pre>", "%s",
				     sut_dump_text(v->arena, section, at));
		if (shown < section->size)
			sut_page_put(v, "", "", "and %" PRIu64 " more", section->size - shown);
		sut_page_markup(v, "</details>");
	}
	sut_page_markup(v, "</td></tr>\n");
}

static void put_data(const struct sut_page *v)
{
	static const char *const columns[] = {"Data", "Object", "", "#bytes", "Content", NULL};
	size_t count = 0;

	for (size_t i = 0; i < v->patch->section_count; i++) {
		const struct sut_patch_section *section = &v->patch->sections[i];

		if (section->flags & SHF_EXECINSTR)
			continue;
		if (!count++)
			sut_page_begin(v, "Data that it brings", columns);
		sut_page_put(v, "<tr><td class=\"mono\">", "</td>", "%s", section->name);
		sut_page_put(v, "<td>", "</td>", "%s", v->patch->objects[section->object].name);
		sut_page_put(v, "<td>", "</td>", "%s%s",
			     section->flags & SHF_WRITE ? "variables" : "constants",
			     section->data ? "" : ", zeros");
		sut_page_put(v, "<td class=\"number\">", "</td>", "%" PRIu64, section->size);
		put_content(v, section);
	}
	if (count)
		sut_page_end(v);
}

static void put_callbacks(const struct sut_page *v, const char *object, const char *set,
			  const struct sut_patch_callbacks *callbacks)
{
	for (size_t i = 0; i < SUT_PATCH_CALLBACKS; i++) {
		if (callbacks->symbols[i] == SUT_PATCH_NONE)
			continue;
		sut_page_put(v, "<tr><td>", "</td>", "%s%s", sut_patch_callback_names[i], set);
		sut_page_put(v, "<td>", "</td>", "%s", object);
		sut_page_put(v, "<td class=\"mono\">", "</td></tr>\n", "%s",
			     v->patch->symbols[callbacks->symbols[i]].name);
	}
}

static void put_addition(const struct sut_page *v, const struct sut_patch_addition *addition)
{
	const char *object = v->patch->objects[addition->object].name;

	put_callbacks(v, object, "", &addition->callbacks);
	for (size_t i = 0; i < addition->set_count; i++)
		put_callbacks(v, object,
			      sut_arena_printf(v->arena, " of set %" PRIu64, addition->sets[i].id),
			      &addition->sets[i].callbacks);
	for (size_t i = 0; i < addition->type_count; i++) {
		sut_page_put(v, "<tr><td>", "</td>", "shadow type %" PRIu64, addition->types[i].id);
		sut_page_put(v, "<td>", "</td>", "%s", object);
		sut_page_put(v, "<td class=\"mono\">", "</td></tr>\n", "%s",
			     addition->types[i].dtor == SUT_PATCH_NONE
				     ? "no destructor"
				     : v->patch->symbols[addition->types[i].dtor].name);
	}
}

static void put_additions(const struct sut_page *v)
{
	static const char *const columns[] = {"What the author added", "Object", "", NULL};
	const struct sut_patch_additions *additions = &v->patch->additions;

	if (!additions->count && !additions->state_count)
		return;
	sut_page_begin(v, "Written by hand", columns);
	for (size_t i = 0; i < additions->count; i++)
		put_addition(v, &additions->list[i]);
	for (size_t i = 0; i < additions->state_count; i++)
		sut_page_put(v, "<tr><td>", "</td><td></td><td></td></tr>\n",
			     "state %" PRIu64 ", version %" PRIu32 "%s", additions->states[i].id,
			     additions->states[i].version,
			     additions->states[i].block_disable ? ", cannot be disabled" : "");
	sut_page_end(v);
}

static void put_facts(const struct sut_page *v)
{
	static const char *const columns[] = {"How it was made", "", NULL};

	if (!v->patch->fact_count)
		return;
	sut_page_begin(v, "Facts", columns);
	for (size_t i = 0; i < v->patch->fact_count; i++) {
		sut_page_put(v, "<tr><td>", "</td>", "%s", v->patch->facts[i].key);
		sut_page_put(v, "<td class=\"mono\">", "</td></tr>\n", "%s",
			     v->patch->facts[i].value);
	}
	sut_page_end(v);
}

void sut_page_tables(const struct sut_page *v)
{
	put_bindings(v);
	put_data(v);
	put_additions(v);
	put_facts(v);
}
