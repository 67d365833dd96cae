// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * suture inspect: everything that somebody who signs off a patch file has to see. What the file
 * says about a target is shown as what it is, a claim that apply checks; with --diff the target's
 * file is looked at, too, for the code that is replaced.
 */
#include "cli/cli.h"

#include "base/guard.h"
#include "base/io.h"
#include "cli/change.h"
#include "cli/livepatch.h"
#include "elf/patchfile.h"
#include "review/listing.h"
#include "review/render.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

static const struct sut_option options[] = {
	{"disassemble", NULL, "print the new code and data, too"},
	{"diff", NULL, "print what changes: source and machine code of each function"},
	{"html", "FILE", "write that as one page for a browser"},
	{"target", "BINARY", "where the old code is: a file, or pid:N (the installed file)"},
	{"color", "WHEN", "with --diff: always, never, or auto (on a terminal)"},
};

struct view {
	struct sut_out *out;
	struct sut_arena *arena;
	const struct sut_patch *patch;
	bool disassemble;
	size_t *seen; /* per symbol: the last function that was said to refer to it, from 1 */
};

static const char *hex(const struct view *v, const void *data, size_t size)
{
	return sut_hex(sut_arena_alloc(v->arena, 2 * size + 1), data, size);
}

/* ---- summary ---- */

static uint64_t bytes_of(const struct sut_patch *patch, bool code)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < patch->section_count; i++)
		if (!(patch->sections[i].flags & SHF_EXECINSTR) != code)
			sum += patch->sections[i].size;
	return sum;
}

static size_t funcs_of(const struct sut_patch *patch, enum sut_patch_func_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < patch->func_count; i++)
		count += patch->funcs[i].kind == kind;
	return count;
}

static const char *joined(const struct view *v, const char *const *words, size_t count)
{
	const char *text = count ? words[0] : "";

	for (size_t i = 1; i < count; i++)
		text = sut_arena_printf(v->arena, "%s, %s", text, words[i]);
	return text;
}

static size_t callbacks_of(const struct sut_patch_callbacks *callbacks)
{
	size_t count = 0;

	for (size_t i = 0; i < SUT_PATCH_CALLBACKS; i++)
		count += callbacks->symbols[i] != SUT_PATCH_NONE;
	return count;
}

static void headline_additions(const struct view *v)
{
	const struct sut_patch_additions *additions = &v->patch->additions;
	size_t callbacks = 0, types = 0;

	for (size_t i = 0; i < additions->count; i++) {
		const struct sut_patch_addition *addition = &additions->list[i];

		callbacks += callbacks_of(&addition->callbacks);
		for (size_t k = 0; k < addition->set_count; k++)
			callbacks += callbacks_of(&addition->sets[k].callbacks);
		types += addition->type_count;
	}
	if (callbacks || types || additions->state_count)
		sut_out_headline(v->out, SUT_MARK_NONE,
				 "%zu callbacks, %zu shadow types, %zu states", callbacks, types,
				 additions->state_count);
}

static void headline_sources(const struct view *v)
{
	static const char *const what[] = {"source patch", "hand-written part"};

	for (size_t i = 0; i < SUT_PATCH_SOURCES; i++) {
		const char *name = sut_patch_fact(v->patch, sut_patch_source_keys[i]);

		if (name)
			sut_out_headline(v->out, SUT_MARK_NONE, "%s %s, which is %s", what[i], name,
					 v->patch->sources[i].data ? "in the file"
								   : "not in the file");
	}
}

static void headline(const struct view *v)
{
	const struct sut_patch *patch = v->patch;
	struct sut_out *out = v->out;

	sut_out_headline(out, SUT_MARK_OK, "%s, version %s: %s%s", patch->name, patch->version,
			 patch->fix_count ? "fixes " : "names no fix",
			 joined(v, patch->fixes, patch->fix_count));
	for (size_t i = 0; i < patch->object_count; i++)
		sut_out_headline(
			out, SUT_MARK_NONE, "for %s with build-id %s", patch->objects[i].name,
			hex(v, patch->objects[i].build_id, patch->objects[i].build_id_size));
	sut_out_headline(out, SUT_MARK_NONE,
			 "%zu changed and %zu new functions, %" PRIu64 " bytes of code, %" PRIu64
			 " bytes of data",
			 funcs_of(patch, SUT_PATCH_FUNC_CHANGED),
			 funcs_of(patch, SUT_PATCH_FUNC_NEW), bytes_of(patch, true),
			 bytes_of(patch, false));
	headline_additions(v);
	headline_sources(v);
	if (patch->replace)
		sut_out_headline(out, SUT_MARK_NONE, "replaces all patches in use");
	else if (patch->replace_set)
		sut_out_headline(out, SUT_MARK_NONE, "replaces the patches of set %" PRIu32,
				 patch->replace_set);
	if (patch->allowed_count)
		sut_out_headline(out, SUT_MARK_WARNING, "made in spite of refusals: %s",
				 joined(v, patch->allowed, patch->allowed_count));
}

/* ---- fields ---- */

static void put_strings(const struct view *v, const char *key, const char *const *strings,
			size_t count)
{
	sut_out_array(v->out, key);
	for (size_t i = 0; i < count; i++)
		sut_out_string(v->out, NULL, strings[i]);
	sut_out_end(v->out);
}

static void put_objects(const struct view *v)
{
	sut_out_array(v->out, "objects");
	for (size_t i = 0; i < v->patch->object_count; i++) {
		const struct sut_patch_object *object = &v->patch->objects[i];

		sut_out_object(v->out, NULL);
		sut_out_string(v->out, "name", object->name);
		sut_out_string(v->out, "soname", object->soname);
		sut_out_bool(v->out, "executable", object->executable);
		sut_out_string(v->out, "build_id", hex(v, object->build_id, object->build_id_size));
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
}

static void put_old(const struct view *v, const struct sut_patch_func *func)
{
	sut_out_array(v->out, "old");
	for (size_t i = 0; i < func->piece_count; i++) {
		sut_out_object(v->out, NULL);
		sut_out_address(v->out, "address", func->pieces[i].address);
		sut_out_unsigned(v->out, "size", func->pieces[i].size);
		sut_out_string(v->out, "sha256", hex(v, func->pieces[i].sha256, SUT_SHA256_SIZE));
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
}

static void put_jumps(const struct view *v, const char *key, const struct sut_patch_jumps *jumps)
{
	sut_out_object(v->out, key);
	sut_out_bool(v->out, "anywhere", jumps->anywhere);
	sut_out_bool(v->out, "elsewhere", jumps->elsewhere);
	sut_out_array(v->out, "to");
	for (size_t i = 0; i < jumps->count; i++)
		sut_out_address(v->out, NULL, jumps->targets[i]);
	sut_out_end(v->out);
	sut_out_end(v->out);
}

static void put_new_piece(const struct view *v, uint32_t symbol)
{
	struct sut_extent extent = sut_extent_of(v->patch, symbol);

	sut_out_object(v->out, NULL);
	sut_out_string(v->out, "symbol", sut_symbol_name(v->patch, &v->patch->symbols[symbol]));
	sut_out_string(v->out, "section", extent.section->name);
	sut_out_unsigned(v->out, "size", extent.end - extent.start);
	if (v->disassemble) {
		sut_out_array(v->out, "code");
		sut_listing_out(v->out, v->patch, &extent);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
}

static void put_new(const struct view *v, const struct sut_patch_func *func)
{
	sut_out_array(v->out, "new");
	put_new_piece(v, func->symbol);
	for (size_t i = 0; i < func->new_piece_count; i++)
		put_new_piece(v, func->new_pieces[i]);
	sut_out_end(v->out);
}

static void put_reference(const struct view *v, const struct sut_patch_symbol *symbol)
{
	sut_out_object(v->out, NULL);
	sut_out_string(v->out, "symbol", sut_symbol_name(v->patch, symbol));
	switch (symbol->kind) {
	case SUT_PATCH_SYMBOL_OWN:
		sut_out_string(v->out, "kind", "own");
		sut_out_string(v->out, "section", v->patch->sections[symbol->section].name);
		break;
	case SUT_PATCH_SYMBOL_TARGET:
		sut_out_string(v->out, "kind", "target");
		sut_out_string(v->out, "object", v->patch->objects[symbol->object].name);
		if (symbol->type == STT_TLS)
			sut_out_format(v->out, "thread_offset", "%" PRId64, (int64_t)symbol->value);
		else
			sut_out_address(v->out, "address", symbol->value);
		sut_out_unsigned(v->out, "sympos", symbol->sympos);
		break;
	case SUT_PATCH_SYMBOL_IMPORT:
		sut_out_string(v->out, "kind", "import");
		sut_out_string(v->out, "object", v->patch->objects[symbol->object].name);
		sut_out_bool(v->out, "imported_before", symbol->slot != 0);
		if (symbol->slot)
			sut_out_address(v->out, "slot", symbol->slot);
		break;
	case SUT_PATCH_SYMBOL_RUNTIME:
		sut_out_string(v->out, "kind", "runtime");
		break;
	}
	sut_out_end(v->out);
}

/* Every symbol once, in the order of the code. */
static void put_references_of(const struct view *v, uint32_t piece, size_t func)
{
	struct sut_extent extent = sut_extent_of(v->patch, piece);
	size_t count;
	const struct sut_patch_reloc *relocs = sut_extent_relocs(&extent, &count);

	for (size_t i = 0; i < count; i++) {
		if (v->seen[relocs[i].symbol] == func)
			continue;
		v->seen[relocs[i].symbol] = func;
		put_reference(v, &v->patch->symbols[relocs[i].symbol]);
	}
}

static void put_references(const struct view *v, size_t index)
{
	const struct sut_patch_func *func = &v->patch->funcs[index];

	sut_out_array(v->out, "refers");
	put_references_of(v, func->symbol, index + 1);
	for (size_t i = 0; i < func->new_piece_count; i++)
		put_references_of(v, func->new_pieces[i], index + 1);
	sut_out_end(v->out);
}

static void put_functions(const struct view *v)
{
	sut_out_array(v->out, "functions");
	for (size_t i = 0; i < v->patch->func_count; i++) {
		const struct sut_patch_func *func = &v->patch->funcs[i];

		sut_out_object(v->out, NULL);
		sut_out_string(v->out, "name", func->name);
		sut_out_string(v->out, "object", v->patch->objects[func->object].name);
		sut_out_string(v->out, "kind",
			       func->kind == SUT_PATCH_FUNC_CHANGED ? "changed" : "new");
		sut_out_string(v->out, "source", func->source);
		put_old(v, func);
		put_new(v, func);
		put_jumps(v, "old_jumps", &func->old_jumps);
		put_jumps(v, "new_jumps", &func->new_jumps);
		put_references(v, i);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
}

/* All sections that are not code, with what their pointers lead to. */
static void put_data(const struct view *v)
{
	sut_out_array(v->out, "data");
	for (size_t i = 0; i < v->patch->section_count; i++) {
		const struct sut_patch_section *section = &v->patch->sections[i];

		if (section->flags & SHF_EXECINSTR)
			continue;
		sut_out_object(v->out, NULL);
		sut_out_string(v->out, "section", section->name);
		sut_out_string(v->out, "object", v->patch->objects[section->object].name);
		sut_out_unsigned(v->out, "size", section->size);
		sut_out_bool(v->out, "writable", section->flags & SHF_WRITE);
		sut_out_bool(v->out, "zeros", !section->data);
		if (v->disassemble) {
			sut_out_array(v->out, "bytes");
			sut_dump_out(v->out, section);
			sut_out_end(v->out);
		}
		sut_out_array(v->out, "refers");
		for (size_t k = 0; k < section->reloc_count; k++)
			put_reference(v, &v->patch->symbols[section->relocs[k].symbol]);
		sut_out_end(v->out);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
}

/* ---- what the author wrote by hand ---- */

static void put_function(const struct view *v, const char *key, uint32_t symbol)
{
	if (symbol != SUT_PATCH_NONE)
		sut_out_string(v->out, key, v->patch->symbols[symbol].name);
}

static void put_callbacks(const struct view *v, const struct sut_patch_callbacks *callbacks)
{
	sut_out_object(v->out, "callbacks");
	for (size_t i = 0; i < SUT_PATCH_CALLBACKS; i++)
		put_function(v, sut_patch_callback_names[i], callbacks->symbols[i]);
	sut_out_end(v->out);
}

static void put_addition(const struct view *v, const struct sut_patch_addition *addition)
{
	sut_out_object(v->out, NULL);
	sut_out_string(v->out, "object", v->patch->objects[addition->object].name);
	put_callbacks(v, &addition->callbacks);
	sut_out_array(v->out, "sets");
	for (size_t i = 0; i < addition->set_count; i++) {
		sut_out_object(v->out, NULL);
		sut_out_unsigned(v->out, "id", addition->sets[i].id);
		put_callbacks(v, &addition->sets[i].callbacks);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
	sut_out_array(v->out, "shadow_types");
	for (size_t i = 0; i < addition->type_count; i++) {
		sut_out_object(v->out, NULL);
		sut_out_unsigned(v->out, "id", addition->types[i].id);
		put_function(v, "dtor", addition->types[i].dtor);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
	sut_out_end(v->out);
}

static void put_additions(const struct view *v)
{
	const struct sut_patch_additions *additions = &v->patch->additions;

	sut_out_unsigned(v->out, "abi", additions->abi);
	sut_out_array(v->out, "additions");
	for (size_t i = 0; i < additions->count; i++)
		put_addition(v, &additions->list[i]);
	sut_out_end(v->out);
	sut_out_array(v->out, "states");
	for (size_t i = 0; i < additions->state_count; i++) {
		sut_out_object(v->out, NULL);
		sut_out_unsigned(v->out, "id", additions->states[i].id);
		sut_out_unsigned(v->out, "version", additions->states[i].version);
		sut_out_bool(v->out, "block_disable", additions->states[i].block_disable);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
}

static void put_facts(const struct view *v)
{
	sut_out_array(v->out, "facts");
	for (size_t i = 0; i < v->patch->fact_count; i++) {
		sut_out_object(v->out, NULL);
		sut_out_string(v->out, "key", v->patch->facts[i].key);
		sut_out_string(v->out, "value", v->patch->facts[i].value);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
}

/* The names and digests are among the facts. */
static void put_sources(const struct view *v)
{
	sut_out_array(v->out, "sources");
	for (size_t i = 0; i < SUT_PATCH_SOURCES; i++) {
		if (!v->patch->sources[i].data)
			continue;
		sut_out_object(v->out, NULL);
		sut_out_string(v->out, "kind", sut_patch_source_keys[i]);
		sut_out_unsigned(v->out, "size", v->patch->sources[i].size);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
}

static void put_patch(const struct view *v)
{
	const struct sut_patch *patch = v->patch;

	headline(v);
	sut_out_unsigned(v->out, "format", patch->format);
	sut_out_string(v->out, "name", patch->name);
	sut_out_string(v->out, "version", patch->version);
	sut_out_bool(v->out, "replace", patch->replace);
	sut_out_unsigned(v->out, "replace_set", patch->replace_set);
	put_strings(v, "fixes", patch->fixes, patch->fix_count);
	put_strings(v, "allowed", patch->allowed, patch->allowed_count);
	put_objects(v);
	put_additions(v);
	put_functions(v);
	put_data(v);
	put_facts(v);
	put_sources(v);
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_review change;
	struct sut_change_options wanted = {0};
	struct sut_patch patch;
	struct sut_diag diag = {0};
	struct sut_out out;
	enum sut_rc rc;

	if (call->argc != 1)
		return sut_usage_error(call, "one patch file is needed");
	if (sut_livepatch_is_module(call->argv[0]))
		return sut_livepatch_inspect(call);
	if (!sut_change_read(call, &arena, &wanted))
		return SUT_EXIT_USAGE;
	rc = sut_patch_load(&arena, call->argv[0], &patch, &diag);
	if (rc == SUT_OK && (wanted.diff || wanted.html))
		rc = sut_change_make(&arena, &wanted, &patch, &change, &diag);
	sut_call_out(call, &out, "suture.inspect/2", rc == SUT_OK && !wanted.diff && !wanted.html);
	if (rc != SUT_OK)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	put_patch(&(struct view){
		.out = &out,
		.arena = &arena,
		.patch = &patch,
		.disassemble = sut_call_option(call, "disassemble") != NULL,
		.seen = sut_arena_array(&arena, patch.symbol_count, sizeof(size_t)),
	});
	if (wanted.html)
		sut_out_headline(&out, SUT_MARK_NONE, "the change is in %s", wanted.html);
	if (wanted.diff && call->json)
		sut_review_out(&out, &change);
	else if (wanted.diff)
		sut_review_text(stdout, &change, wanted.color);
	return sut_call_end(&out, SUT_EXIT_DONE);
}

const struct sut_command sut_command_inspect = {
	.name = "inspect",
	.operands = "FILE",
	.summary = "show what a patch file or a kernel livepatch changes",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
