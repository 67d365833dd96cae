// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Before a livepatch is loaded. The kernel refuses most of what is wrong, after it has loaded and
 * relocated the module, with an errno that has many meanings; and some things it does not refuse:
 * with MODVERSIONS a module of another kernel version loads when the checksums of the few symbols
 * that it imports agree, whatever has become of the functions that it replaces.
 */
#include "kernel/host/operation.h"
#include "kernel/host/files.h"
#include "base/guard.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static enum sut_rc check_release(const struct sut_livepatch *lp, const struct sut_host_state *state,
				 struct sut_diag *diag)
{
	const char *vermagic = sut_ko_info(&lp->ko, "vermagic", NULL);
	size_t length = vermagic ? strcspn(vermagic, " ") : 0;

	if (state->release && strlen(state->release) == length &&
	    strncmp(vermagic, state->release, length) == 0)
		return SUT_OK;
	sut_fail(diag, SUT_REFUSED, "kernel-release", "%s was made for Linux %.*s, and %s runs",
		 lp->name, length ? (int)length : 7, length ? vermagic : "unknown",
		 state->release ? state->release : "an unknown one");
	sut_remedy(diag, "Make the patch for the kernel that runs: suture create --target kernel.");
	return SUT_REFUSED;
}

/*
 * A release is built more than once, with the same name. suture create notes the build-id of the
 * kernel that it proved the patch against.
 */
static enum sut_rc check_build(const struct sut_host *host, struct sut_arena *arena,
			       const struct sut_livepatch *lp, struct sut_diag *diag)
{
	const char *wanted = sut_ko_info(&lp->ko, "kernel", NULL);
	struct sut_bytes notes = sut_host_bytes(host, arena, "/sys/kernel/notes"), id;
	char *runs;

	if (!wanted || !notes.data || !sut_note_find(notes, "GNU", NT_GNU_BUILD_ID, &id))
		return SUT_OK;
	runs = sut_hex(sut_arena_alloc(arena, 2 * id.size + 1), id.data, id.size);
	if (strcmp(runs, wanted) == 0)
		return SUT_OK;
	sut_fail(diag, SUT_REFUSED, "kernel-release",
		 "%s was made for another build of this kernel: build-id %s, and %s runs", lp->name,
		 wanted, runs);
	sut_remedy(diag, "Make the patch for the kernel that runs: suture create --target kernel.");
	return SUT_REFUSED;
}

/* The choice in brackets: "none [integrity] confidentiality". */
static bool is_locked_down(const struct sut_host *host, struct sut_arena *arena)
{
	const char *text = sut_host_text(host, arena, "/sys/kernel/security/lockdown");

	return text && !strstr(text, "[none]");
}

static enum sut_rc check_signature(const struct sut_host *host, struct sut_arena *arena,
				   const struct sut_livepatch *lp, struct sut_diag *diag)
{
	const char *enforced =
		sut_host_text(host, arena, "/sys/module/module/parameters/sig_enforce");
	bool locked = is_locked_down(host, arena);

	if (sut_host_number(host, 0, "/proc/sys/kernel/modules_disabled") > 0) {
		sut_fail(diag, SUT_REFUSED, "kernel-modules",
			 "this kernel takes no modules any more, until it is started again");
		sut_remedy(diag, "Somebody has set the sysctl kernel.modules_disabled to 1, which "
				 "cannot be taken back.");
		return SUT_REFUSED;
	}
	if (lp->signature.present || (!locked && (!enforced || *enforced != 'Y')))
		return SUT_OK;
	sut_fail(diag, SUT_REFUSED, "kernel-signature",
		 "%s is not signed, and this kernel %s, so that it takes only signed modules",
		 lp->name, locked ? "is locked down" : "has module.sig_enforce");
	sut_remedy(diag,
		   "Sign it (suture convert --key) with a key that the kernel trusts: one that "
		   "the machine's firmware has, or an enrolled owner's key (mokutil --import).");
	return SUT_REFUSED;
}

static enum sut_rc check_ftrace(const struct sut_host *host, struct sut_diag *diag)
{
	if (sut_host_number(host, 1, "/proc/sys/kernel/ftrace_enabled") != 0)
		return SUT_OK;
	sut_fail(diag, SUT_REFUSED, "kernel-ftrace",
		 "tracing is switched off, and livepatches redirect functions by it");
	sut_remedy(diag, "sysctl kernel.ftrace_enabled=1; look who has set it to 0.");
	return SUT_REFUSED;
}

static enum sut_rc check_depends(const struct sut_host *host, struct sut_arena *arena,
				 const struct sut_livepatch *lp, struct sut_diag *diag)
{
	const char *depends = sut_ko_info(&lp->ko, "depends", NULL), *name;
	char *rest = sut_arena_strdup(arena, depends ? depends : "");

	while ((name = strsep(&rest, ","))) {
		if (!*name || sut_host_exists(host, "/sys/module/%s", name))
			continue;
		sut_fail(diag, SUT_REFUSED, "kernel-depends",
			 "%s needs the module %s, which is not loaded", lp->name, name);
		sut_remedy(diag, "modprobe %s", name);
		return SUT_REFUSED;
	}
	return SUT_OK;
}

static void warn_of_absence(struct sut_operation *op, const struct sut_host_state *state,
			    const char *module)
{
	for (size_t i = 0; i < state->patch_count; i++)
		for (size_t k = 0; k < state->patches[i].object_count; k++)
			if (state->patches[i].objects[k].refused &&
			    strcmp(state->patches[i].objects[k].name, module) == 0)
				sut_operation_warn(op, "kernel-object",
						   "the kernel refused to load %s because of the "
						   "patch %s",
						   module, state->patches[i].name);
	sut_operation_warn(op, "kernel-object",
			   "%s is not loaded: its functions are patched when it is", module);
}

/* Early symbols of a module need it to be there; late ones wait for it. */
static enum sut_rc check_objects(struct sut_operation *op, const struct sut_livepatch *lp,
				 const struct sut_host_state *state, struct sut_diag *diag)
{
	for (size_t i = 0; i < lp->klp.symbol_count; i++) {
		const struct sut_klp_symbol *symbol = &lp->klp.symbols[i];

		if (!symbol->early || strcmp(symbol->object, "vmlinux") == 0 ||
		    sut_host_exists(op->host, "/sys/module/%s", symbol->object))
			continue;
		sut_fail(diag, SUT_REFUSED, "kernel-object",
			 "%s uses %s of the module %s, which is not loaded", lp->name, symbol->name,
			 symbol->object);
		sut_remedy(diag, "modprobe %s", symbol->object);
		return SUT_REFUSED;
	}
	for (size_t i = 0; i < lp->klp.object_count; i++) {
		const char *name = lp->klp.objects[i].name;

		if (strcmp(name, "vmlinux") == 0 ||
		    sut_host_exists(op->host, "/sys/module/%s/initstate", name))
			continue;
		if (sut_host_exists(op->host, "/sys/module/%s", name))
			sut_operation_warn(op, "kernel-object",
					   "%s is built into this kernel and no module: its part "
					   "of the patch will never be used",
					   name);
		else
			warn_of_absence(op, state, name);
	}
	return SUT_OK;
}

/* Names of all patches in use but this one, "a, b", or "". */
static const char *others(struct sut_operation *op, const struct sut_host_state *state,
			  bool foreign_only)
{
	const char *list = "";

	for (size_t i = 0; i < state->patch_count; i++) {
		const struct sut_host_patch *p = &state->patches[i];

		if (strcmp(p->name, op->name) != 0 && !(foreign_only && p->ours))
			list = sut_arena_printf(op->arena, "%s%s%s", list, *list ? ", " : "",
						p->name);
	}
	return list;
}

static void warn_of_replace(struct sut_operation *op, const struct sut_livepatch *lp,
			    const struct sut_host_state *state)
{
	const char *all = others(op, state, false), *foreign = others(op, state, true);

	if (!lp->klp.readable || !lp->klp.replace || !*all)
		return;
	sut_operation_warn(op, "kernel-replaces", "%s replaces %s%s%s%s", lp->name, all,
			   *foreign ? " (not made by suture: " : "", foreign, *foreign ? ")" : "");
}

static void warn_of_unreadable(struct sut_operation *op, const struct sut_livepatch *lp)
{
	if (!lp->klp.readable)
		sut_operation_warn(op, "kernel-functions",
				   "what %s replaces is decided when it is loaded, and could not "
				   "be checked before",
				   lp->name);
}

/*
 * Of functions that come and that go. With anchors of suture-accel.ko those that come cost next to
 * nothing; and those that go, if it was there when they came.
 */
static void warn_of_count(struct sut_operation *op, const struct sut_livepatch *lp,
			  const struct sut_host_state *state)
{
	enum { MANY = 50 };
	const char *anchors =
		sut_host_text(op->host, op->arena, "/sys/module/suture_accel/anchors");
	long anchored = sut_host_number(op->host, 0, "/sys/module/suture_accel/anchored");
	bool on = anchors && strcmp(anchors, "on") == 0;
	size_t coming = on ? 0 : lp->func_count, going = 0;
	const char *hint = "";

	if (lp->klp.readable && lp->klp.replace)
		for (size_t i = 0; i < state->patch_count; i++)
			going += state->patches[i].func_count;
	going -= (size_t)anchored < going ? (size_t)anchored : going;
	if (coming + going <= MANY)
		return;
	if (!anchors)
		hint = "; next to nothing for those patched with suture-accel.ko there";
	else if (!on)
		hint = sut_arena_printf(op->arena, "; the anchors of suture-accel.ko are %s",
					anchors);
	sut_operation_warn(op, "kernel-count",
			   "%zu functions: some %.0f s to apply, and %.0f s to take out again, in "
			   "which no module can be loaded%s",
			   coming + going, 0.016 * (double)coming + 0.16 * (double)going,
			   0.16 * (double)coming, hint);
}

static void warn_of_taint(struct sut_operation *op, const struct sut_livepatch *lp)
{
	enum { OUT_OF_TREE = 1 << 12, UNSIGNED = 1 << 13, LIVEPATCH = 1 << 15 };
	long tainted = sut_host_number(op->host, 0, "/proc/sys/kernel/tainted");
	long more = LIVEPATCH | (lp->signature.present ? 0 : UNSIGNED);

	if (!sut_ko_info(&lp->ko, "intree", NULL))
		more |= OUT_OF_TREE;
	more &= ~tainted;
	if (more)
		sut_operation_warn(op, "kernel-taint", "the kernel is tainted by it:%s%s%s",
				   more & LIVEPATCH ? " K (livepatch)" : "",
				   more & OUT_OF_TREE ? " O (module of others)" : "",
				   more & UNSIGNED ? " E (unsigned module)" : "");
}

enum sut_rc sut_livepatch_check(struct sut_operation *op, const struct sut_livepatch *lp,
				const struct sut_host_state *state, struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	enum sut_rc rc = check_release(lp, state, diag);

	if (rc == SUT_OK)
		rc = check_build(op->host, &arena, lp, diag);
	if (rc == SUT_OK)
		rc = check_signature(op->host, &arena, lp, diag);
	if (rc == SUT_OK)
		rc = check_ftrace(op->host, diag);
	if (rc == SUT_OK)
		rc = check_depends(op->host, &arena, lp, diag);
	if (rc == SUT_OK)
		rc = check_objects(op, lp, state, diag);
	if (rc == SUT_OK)
		rc = sut_livepatch_check_symbols(op->host, lp, diag);
	if (rc == SUT_OK)
		rc = sut_livepatch_check_tracers(op, lp, state, diag);
	if (rc != SUT_OK)
		return rc;
	warn_of_replace(op, lp, state);
	warn_of_unreadable(op, lp);
	warn_of_count(op, lp, state);
	warn_of_taint(op, lp);
	return SUT_OK;
}
