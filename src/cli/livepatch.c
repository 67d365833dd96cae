// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/livepatch.h"
#include "base/guard.h"
#include "cli/kernel-files.h"
#include "cli/verdict.h"
#include "kernel/klp/check.h"
#include "kernel/klp/relink.h"
#include "kernel/klp/sign.h"

#include <string.h>

enum { NAMES_SHOWN = 8 };

struct view {
	struct sut_arena *arena;
	struct sut_out *out;
	const char *file;
	struct sut_ko ko;
	struct sut_klp_patch patch;
	struct sut_klp_signature signature;
};

bool sut_livepatch_is_module(const char *path)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_diag diag = {0};
	struct sut_ko ko;

	return sut_ko_load(&arena, path, &ko, &diag) == SUT_OK &&
	       sut_kernel_elf_section(&ko.elf, ".modinfo");
}

static enum sut_rc load(struct view *v, struct sut_diag *diag)
{
	enum sut_rc rc = sut_ko_load(v->arena, v->file, &v->ko, diag);

	if (rc == SUT_OK)
		rc = sut_klp_patch_read(v->arena, &v->ko, &v->patch, diag);
	if (rc == SUT_OK)
		rc = sut_klp_signature_read(v->arena, v->file, v->ko.elf.bytes, &v->signature,
					    diag);
	return rc;
}

static const char *info(const struct view *v, const char *key)
{
	const char *value = sut_ko_info(&v->ko, key, NULL);

	return value ? value : "";
}

static const char *release_of(const struct view *v)
{
	const char *vermagic = info(v, "vermagic");

	return sut_arena_strndup(v->arena, vermagic, strcspn(vermagic, " "));
}

/* ---- inspect ---- */

static void put_module(const struct view *v)
{
	const struct sut_klp_signature *signature = &v->signature;

	sut_out_string(v->out, "name", info(v, "name"));
	sut_out_string(v->out, "version", info(v, "version"));
	sut_out_string(v->out, "license", info(v, "license"));
	sut_out_string(v->out, "kernel", release_of(v));
	sut_out_string(v->out, "depends", info(v, "depends"));
	sut_out_bool(v->out, "livepatch", v->patch.livepatch);
	sut_out_bool(v->out, "readable", v->patch.readable);
	sut_out_bool(v->out, "replace", v->patch.replace);
	sut_out_object(v->out, "signature");
	sut_out_bool(v->out, "present", signature->present);
	sut_out_string(v->out, "signer", signature->signer);
	sut_out_string(v->out, "serial", signature->serial);
	sut_out_string(v->out, "key_id", signature->key_id);
	sut_out_string(v->out, "hash", signature->hash);
	sut_out_end(v->out);
}

static void headline_module(const struct view *v)
{
	const char *replaces = v->patch.replace ? "replaces all others" : "lies over others";

	if (!v->patch.livepatch) {
		sut_out_headline(v->out, SUT_MARK_WARNING,
				 "%s: a kernel module, and not marked as a livepatch", v->file);
		return;
	}
	sut_out_headline(v->out, SUT_MARK_OK, "%s: livepatch %s of kernel %s, %s", v->file,
			 info(v, "name"), release_of(v),
			 v->patch.readable ? replaces : "which fills its tables when it is loaded");
	if (v->signature.present)
		sut_out_headline(v->out, SUT_MARK_NONE, "signed, certificate of %s (%s)",
				 *v->signature.signer ? v->signature.signer : v->signature.key_id,
				 v->signature.hash);
	else
		sut_out_headline(v->out, SUT_MARK_NONE, "not signed");
	if (*info(v, "depends"))
		sut_out_headline(v->out, SUT_MARK_NONE, "needs %s", info(v, "depends"));
}

static void put_func(const struct view *v, const struct sut_klp_object *object,
		     const struct sut_klp_func *func)
{
	sut_out_headline(v->out, SUT_MARK_NONE, "%s: %s%s replaced by %s", object->name, func->name,
			 func->sympos > 1 ? sut_arena_printf(v->arena, ",%llu",
							     (unsigned long long)func->sympos)
					  : "",
			 func->new_name);
	sut_out_object(v->out, NULL);
	sut_out_string(v->out, "name", func->name);
	sut_out_unsigned(v->out, "sympos", func->sympos);
	sut_out_string(v->out, "new", func->new_name);
	sut_out_end(v->out);
}

static void put_object(const struct view *v, const struct sut_klp_object *object)
{
	sut_out_object(v->out, NULL);
	sut_out_string(v->out, "name", object->name);
	sut_out_array(v->out, "callbacks");
	for (size_t i = 0; i < SUT_KLP_CALLBACKS; i++)
		if (object->callbacks[i]) {
			sut_out_headline(v->out, SUT_MARK_NONE, "%s: callback %s", object->name,
					 sut_klp_callback_names[i]);
			sut_out_string(v->out, NULL, sut_klp_callback_names[i]);
		}
	sut_out_end(v->out);
	sut_out_array(v->out, "functions");
	for (size_t i = 0; i < object->func_count; i++)
		put_func(v, object, &object->funcs[i]);
	sut_out_end(v->out);
	sut_out_end(v->out);
}

static bool same_group(const struct sut_klp_symbol *a, const struct sut_klp_symbol *b)
{
	return !a->with == !b->with && !strcmp(a->object, b->object) &&
	       (!a->with || !strcmp(a->with, b->with));
}

/* One line for all symbols of an object that are bound at one time. */
static void headline_symbols(const struct view *v)
{
	const struct sut_klp_patch *patch = &v->patch;

	for (size_t i = 0; i < patch->symbol_count; i++) {
		const struct sut_klp_symbol *symbol = &patch->symbols[i];
		const char *names = "";
		size_t count = 0, first = 0;

		while (!same_group(&patch->symbols[first], symbol))
			first++;
		if (first < i)
			continue;
		for (size_t k = i; k < patch->symbol_count; k++)
			if (same_group(&patch->symbols[k], symbol) && ++count <= NAMES_SHOWN)
				names = sut_arena_printf(v->arena, "%s%s%s", names,
							 *names ? ", " : "",
							 patch->symbols[k].name);
		sut_out_headline(v->out, SUT_MARK_NONE,
				 "%s: %zu private symbol%s, bound when %s: %s%s", symbol->object,
				 count, count == 1 ? "" : "s",
				 symbol->with ? "it comes" : "the patch is loaded", names,
				 count > NAMES_SHOWN ? ", ..." : "");
	}
}

static void put_symbol(const struct view *v, const struct sut_klp_symbol *symbol)
{
	sut_out_object(v->out, NULL);
	sut_out_string(v->out, "name", symbol->name);
	sut_out_string(v->out, "object", symbol->object);
	sut_out_unsigned(v->out, "sympos", symbol->sympos);
	sut_out_string(v->out, "bound_with", symbol->with ? symbol->with : SUT_KLP_VMLINUX);
	sut_out_unsigned(v->out, "relocations", symbol->relocs);
	sut_out_unsigned(v->out, "late_in_code", symbol->late_texts);
	sut_out_end(v->out);
}

static void put_patch(const struct view *v)
{
	const struct sut_klp_patch *patch = &v->patch;

	sut_out_array(v->out, "objects");
	for (size_t i = 0; i < patch->object_count; i++)
		put_object(v, &patch->objects[i]);
	sut_out_end(v->out);
	sut_out_array(v->out, "states");
	for (size_t i = 0; i < patch->state_count; i++) {
		sut_out_object(v->out, NULL);
		sut_out_unsigned(v->out, "id", patch->states[i].id);
		sut_out_unsigned(v->out, "version", patch->states[i].version);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
	sut_out_array(v->out, "late");
	for (size_t i = 0; i < patch->late_count; i++) {
		sut_out_headline(v->out, SUT_MARK_NONE, "%s: by the livepatch %s, with the module",
				 patch->late[i].object, patch->late[i].part);
		sut_out_object(v->out, NULL);
		sut_out_string(v->out, "object", patch->late[i].object);
		sut_out_string(v->out, "part", patch->late[i].part);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
	headline_symbols(v);
	sut_out_array(v->out, "symbols");
	for (size_t i = 0; i < patch->symbol_count; i++)
		put_symbol(v, &patch->symbols[i]);
	sut_out_end(v->out);
}

int sut_livepatch_inspect(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_diag diag = {0};
	struct sut_out out;
	struct view v = {.arena = &arena, .out = &out, .file = call->argv[0]};
	enum sut_rc rc = load(&v, &diag);

	sut_call_out(call, &out, "suture.inspect-module/1", false);
	if (rc)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	headline_module(&v);
	put_module(&v);
	put_patch(&v);
	return sut_call_end(&out, SUT_EXIT_DONE);
}

/* ---- verify ---- */

int sut_livepatch_verify(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_verdict verdict = {.arena = &arena};
	struct sut_klp_kernel kernel;
	struct sut_diag diag = {0};
	struct sut_out out;
	struct view v = {.arena = &arena, .out = &out, .file = call->argv[0]};
	enum sut_rc rc = load(&v, &diag);
	bool loads;

	if (rc == SUT_OK)
		rc = sut_kernel_files_open(&arena, call, release_of(&v), &kernel, &diag);
	if (rc == SUT_OK)
		rc = sut_klp_check(&v.ko, &v.patch, &kernel, &verdict, &diag);
	sut_call_out(call, &out, "suture.verify-module/1", false);
	if (rc)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	loads = !verdict.refusal_count;
	sut_out_headline(&out, loads ? SUT_MARK_OK : SUT_MARK_FAILED, "%s: kernel %s would %s it",
			 v.file, kernel.image.release, loads ? "load" : "not load");
	sut_out_string(&out, "kernel", kernel.image.release);
	sut_out_bool(&out, "loads", loads);
	sut_report_verdict(&out, &verdict);
	return sut_call_end(&out, loads ? SUT_EXIT_DONE : SUT_EXIT_REFUSED);
}
