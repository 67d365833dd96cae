// SPDX-License-Identifier: GPL-2.0-or-later
/* libclang is large, and only the source road needs it: it comes with a module that is loaded. */
#include "cli/source.h"

#include <dlfcn.h>

enum sut_rc sut_source_load(struct sut_source_module *module, struct sut_diag *diag)
{
	void *loaded = dlopen("suture-source.so", RTLD_NOW);

	if (loaded) {
		module->extract = dlsym(loaded, "sut_source_extract");
		module->check = dlsym(loaded, "sut_source_check");
	}
	if (loaded && module->extract && module->check)
		return SUT_OK;
	sut_fail(diag, SUT_UNSUPPORTED, "clang", "the part that reads C cannot be loaded: %s",
		 dlerror());
	sut_remedy(diag, "install libclang 14 (Debian: libclang1-14)");
	return SUT_UNSUPPORTED;
}

static const char *agreement_name(enum sut_agreement agreement)
{
	switch (agreement) {
	case SUT_AGREEMENT_CODE:
		return "same code";
	case SUT_AGREEMENT_SOURCE:
		return "same source";
	case SUT_AGREEMENT_CALLERS:
		return "by its callers";
	case SUT_AGREEMENT_NONE:
		return "different";
	}
	return "";
}

enum sut_rc sut_source_agree(struct sut_arena *arena, const struct sut_create_options *wanted,
			     const char *fix, struct sut_agreed *agreed,
			     enum sut_verdict_kind *kind, struct sut_verdict *verdict,
			     struct sut_diag *diag)
{
	struct sut_create_options object = *wanted;
	struct sut_source_module module;
	enum sut_rc rc = sut_source_load(&module, diag);

	object.patch = fix;
	object.from_count = 0;
	if (rc == SUT_OK)
		rc = module.check(arena, &object, wanted->from, wanted->from_count, &agreed->list,
				  &agreed->count, verdict, diag);
	if (verdict->refusal_count)
		*kind = SUT_VERDICT_REFUSED;
	return rc;
}

void sut_source_report(struct sut_out *out, const struct sut_agreed *agreed)
{
	const struct sut_checked *checked = agreed->list;

	sut_out_array(out, "cross_check");
	for (size_t i = 0; i < agreed->count; i++) {
		const char *name = agreement_name(checked[i].agreement);

		sut_out_headline(out,
				 checked[i].agreement == SUT_AGREEMENT_NONE ? SUT_MARK_FAILED
									    : SUT_MARK_OK,
				 "%s: %s on both roads%s%s", checked[i].name, name,
				 *checked[i].why ? "; " : "", checked[i].why);
		sut_out_object(out, NULL);
		sut_out_string(out, "unit", checked[i].unit);
		sut_out_string(out, "function", checked[i].name);
		sut_out_string(out, "agreement", name);
		sut_out_string(out, "why", checked[i].why);
		sut_out_end(out);
	}
	sut_out_end(out);
}
