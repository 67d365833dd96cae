// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's private symbols and structures.
 *
 * The first symbol, kallsyms_lookup_name, comes from a kprobe that is never armed: register_kprobe
 * is exported and resolves a name. The other way, marking the module as a livepatch and giving it
 * livepatch relocations, needs one more step of building, taints the kernel, and refuses to load
 * where a symbol is missing instead of saying which.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/kprobes.h>
#include <linux/module.h>
#include "accel.h"
#include "accel-btf.h"

static unsigned long (*lookup)(const char *name);
static const char *btf, *btf_end;

int accel_kernel_init(void)
{
	struct kprobe probe = {
		.symbol_name = "kallsyms_lookup_name",
		.flags = KPROBE_FLAG_DISABLED,
	};
	int ret = register_kprobe(&probe);

	if (ret) {
		pr_err("the kernel gives no kprobe on kallsyms_lookup_name: %d\n", ret);
		return ret;
	}
	lookup = (void *)probe.addr;
	unregister_kprobe(&probe);
	btf = (void *)lookup("__start_BTF");
	btf_end = (void *)lookup("__stop_BTF");
	return 0;
}

bool accel_find_symbols(struct accel_feature *f, const struct accel_symbol *symbols, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unsigned long address = lookup(symbols[i].name);

		if (!address)
			return accel_off(f, "the kernel has no %s", symbols[i].name);
		*(unsigned long *)symbols[i].address = address;
	}
	return true;
}

bool accel_check_members(struct accel_feature *f, const struct accel_member *members, size_t count)
{
	if (!btf || !btf_end)
		return accel_off(f, "the kernel has no BTF, so its structures are not known");
	for (size_t i = 0; i < count; i++) {
		const struct accel_member *m = &members[i];
		long at = accel_btf_look(btf, btf_end - btf, m->type, m->member);

		if (at < 0)
			return accel_off(f, "the kernel's BTF does not tell %s.%s: %ld", m->type,
					 m->member ?: "size", at);
		if (at != m->offset)
			return accel_off(f, "%s.%s is %ld in this kernel, not %zu", m->type,
					 m->member ?: "size", at, m->offset);
	}
	return true;
}

bool accel_off(struct accel_feature *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->reason, sizeof(f->reason), format, args);
	va_end(args);
	pr_warn("%s stays off: %s\n", f->name, f->reason);
	return false;
}
