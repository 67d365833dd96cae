// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel answers a refused module with an errno that stands for a dozen reasons, and writes the
 * reason to its log, for kernel developers. The tables here are those lines of Linux 6.1
 * (kernel/livepatch/core.c and patch.c, kernel/module/main.c and signing.c, security/lockdown), and
 * those of suture.ko, and what they mean to somebody who wants to apply a patch.
 */
#include "kernel/host/explain.h"
#include "base/guard.h"

#include <errno.h>
#include <string.h>

/* meaning and remedy may use "*" for the text that the star of the same number stands for. */
struct line {
	const char *pattern;
	const char *meaning;
	const char *remedy;
};

#define OTHER_KERNEL "Make the patch for exactly this kernel (suture create --target kernel)."

static const struct line lines[] = {
	{"livepatch: symbol '*' not found in symbol table",
	 "this kernel has no symbol *, which the patch changes or uses", OTHER_KERNEL},
	{"livepatch: unresolvable ambiguity for symbol '*' in object '*'",
	 "this kernel has several symbols * and the patch does not say which one it means",
	 "Make the patch again with a position (sympos); suture create writes one."},
	{"livepatch: symbol position * for symbol '*' in object '*' not found",
	 "this kernel has no *. symbol *", OTHER_KERNEL},
	{"livepatch: failed to find location for function '*'",
	 "* cannot be redirected: the compiler gave it no place for a tracer",
	 "Patch its callers: what is notrace, __init or a .cold part cannot be livepatched."},
	{"livepatch: failed to register ftrace handler for function '*' (-16)",
	 "* cannot be redirected: somebody else redirects it, or tracing is switched off",
	 "Look at /sys/kernel/tracing/enabled_functions, and at the sysctl kernel.ftrace_enabled."},
	{"livepatch: failed to register ftrace handler for function '*' (*)",
	 "* cannot be redirected (error *)", "Look at /sys/kernel/tracing/enabled_functions."},
	{"livepatch: pre-patch callback failed for object '*'",
	 "the patch's own callback for * said no",
	 "The patch's description should say what it waits for."},
	{"livepatch: Livepatch patch (*) is not compatible with the already installed livepatches.",
	 "the patch * lacks a state that a patch in use has, or has an older version of it",
	 "Revert the other patch first, or take a newer one."},
	{"livepatch: module * is not marked as a livepatch module",
	 "the module * is not marked as a livepatch",
	 "Its source needs MODULE_INFO(livepatch, \"Y\")."},
	{"livepatch: invalid access to vmlinux symbol '*' from module-specific livepatch "
	 "relocation section",
	 "the relocation of * waits for a module although the kernel itself has the symbol",
	 "Make the module again, with suture convert."},
	{"livepatch: kallsyms size lookup failed for '*'*", "the size of * is not known",
	 OTHER_KERNEL},
	{"x86/modules: Skipping invalid relocation target, existing value is nonzero for type *",
	 "a relocation of the patch was written already",
	 "Make it again: a livepatch must not be linked against its own relocations."},
	{"suture: * was not asked for: a part is loaded with its object",
	 "* is a part of a patch, and comes with the module that it patches",
	 "Load that module; its part comes by itself."},
	{"*: Unknown symbol .klp.sym.* (err *)",
	 "* names private symbols that are not bound yet (*)", "Run suture convert on it first."},
	{"*: Unknown symbol * (err *)", "* needs the symbol *, which nobody exports",
	 "Load the module that has it first, or make it a livepatch symbol with suture convert."},
	{"*: disagrees about version of symbol *",
	 "* was made for another kernel: the type of * differs", OTHER_KERNEL},
	{"*: no symbol version for *", "* was made without the checksum of *",
	 "Build it with the kernel's Module.symvers."},
	{"*: version magic '*' should be '*'", "* was made for '*', and this kernel is '*'",
	 OTHER_KERNEL},
	{"Lockdown: *: unsigned module loading is restricted; see man kernel_lockdown.7",
	 "this kernel is locked down and takes no module without a signature that it trusts (said "
	 "to *)",
	 "Sign the module with a key that the kernel trusts."},
	{"Loading of module with unavailable key is rejected",
	 "the kernel does not trust the key that it is signed with",
	 "Sign it with one that it trusts, or enrol the certificate (mokutil --import)."},
	{"Loading of * is rejected", "the kernel takes no *",
	 "Sign the module with a key that the kernel trusts."},
	{"Module * is blacklisted", "* is blacklisted by the kernel's command line",
	 "Look at module_blacklist= in /proc/cmdline."},
	{"*: module is marked as livepatch module, but livepatch support is disabled",
	 "* is a livepatch, and this kernel was built without them", "Take another kernel."},
};

static const struct {
	int error;
	struct line line;
} errors[] = {
	{EPERM,
	 {"", "not allowed", "Be root, with CAP_SYS_MODULE, on a kernel that takes modules."}},
	{EEXIST, {"", "a module of this name is there already", "Remove it first."}},
	{EBUSY,
	 {"", "the transition of another patch began meanwhile, or a function cannot be redirected",
	  "Look at suture status, then try again."}},
	{ENOEXEC, {"", "the file is no module of this kernel", OTHER_KERNEL}},
	{EKEYREJECTED,
	 {"", "the module is not signed, or not as the kernel demands",
	  "Sign it with a key that the kernel trusts."}},
	{EBADMSG, {"", "the module's signature is damaged", "Fetch or sign it again."}},
	{ENOMEM, {"", "the kernel has no memory for it", "Free some, then try again."}},
	{EINTR, {"", "loading was interrupted by a signal", "Try again."}},
};

/* Replaces the stars of text by those of the pattern, in order. */
static const char *fill(struct sut_arena *arena, const char *text, const char *const *stars,
			size_t count)
{
	char *filled = sut_arena_strdup(arena, "");

	for (size_t i = 0; *text; i++) {
		size_t length = strcspn(text, "*");
		const char *star = text[length] ? i < count && stars[i] ? stars[i] : "?" : "";

		filled = sut_arena_printf(arena, "%s%.*s%s", filled, (int)length, text, star);
		text += length + !!text[length];
	}
	return filled;
}

/* The first line that the table knows: what follows it is mostly its consequence. */
static const struct line *find_line(struct sut_arena *arena, const struct sut_log *log,
				    const char **stars, size_t max)
{
	for (size_t i = 0; i < log->count; i++)
		for (size_t k = 0; k < SUT_ARRAY_SIZE(lines); k++)
			if (sut_log_match(arena, log->lines[i].text, lines[k].pattern, stars, max))
				return &lines[k];
	for (size_t i = 0; i < max; i++)
		stars[i] = NULL;
	return NULL;
}

static const struct line *find_error(int error)
{
	for (size_t i = 0; i < SUT_ARRAY_SIZE(errors); i++)
		if (errors[i].error == error)
			return &errors[i].line;
	return NULL;
}

/* Lines of others do not belong here; the log has no owner of a line but its words. */
static bool is_about(const char *text, const char *module)
{
	if (strstr(text, "tainting kernel"))
		return false;
	return strncmp(text, "livepatch:", 10) == 0 || strncmp(text, "suture:", 7) == 0 ||
	       strncmp(text, "x86/modules:", 12) == 0 || strstr(text, module) ||
	       strstr(text, "Lockdown:") || strstr(text, "Loading of");
}

enum sut_rc sut_explain_load(struct sut_arena *arena, const char *module, int error,
			     const struct sut_log *log, struct sut_diag *diag)
{
	const char *stars[3] = {0};
	const struct line *line = find_line(arena, log, stars, SUT_ARRAY_SIZE(stars));
	enum sut_rc rc = error == EBUSY || error == EINTR ? SUT_RETRY : SUT_REFUSED;

	if (line && error != EINTR)
		rc = SUT_REFUSED;
	else
		line = find_error(error);
	sut_fail(diag, rc, "kernel-load", "%s was not taken by the kernel: %s", module,
		 line ? fill(arena, line->meaning, stars, SUT_ARRAY_SIZE(stars)) : strerror(error));
	sut_remedy(diag, "%s",
		   line ? line->remedy : "Look at the lines of the kernel's log (dmesg).");
	for (size_t i = 0; i < log->count; i++)
		if (is_about(log->lines[i].text, module))
			sut_context(diag, rc, "kernel: %s", log->lines[i].text);
	return rc;
}
