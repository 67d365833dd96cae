// SPDX-License-Identifier: GPL-2.0-only
/*
 * A livepatch of any functions of the kernel, up to a thousand, that changes none of them: each new
 * function goes on behind the fentry site of the old one. NAMES are the functions; without any it
 * is a module like others.
 */
#include <asm/nospec-branch.h>
#include <linux/kprobes.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include "functions.h"

#define FUNCTION(n)                                                                                \
	asm(".type identity_" #n ", @function\n"                                                   \
	    "identity_" #n ":\n\t" ANNOTATE_RETPOLINE_SAFE "jmp *identity_rest + 8 * (" #n         \
	    " - 1000)(%rip)\n\t"                                                                   \
	    "int3\n"                                                                               \
	    ".size identity_" #n ", . - identity_" #n "\n");                                       \
	void identity_##n(void);
#define FUNC(n) {.new_func = identity_##n},

void *identity_rest[1000];

THOUSAND(FUNCTION)

static char *names[1000];
static int count;
module_param_array(names, charp, &count, 0);
static bool replace;
module_param(replace, bool, 0);

static struct klp_func funcs[] = {THOUSAND(FUNC){}};
static struct klp_object objects[] = {{.funcs = funcs}, {}};
static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objects};

static int __init identity_init(void)
{
	struct kprobe probe = {
		.symbol_name = "kallsyms_lookup_name",
		.flags = KPROBE_FLAG_DISABLED,
	};
	unsigned long (*lookup)(const char *name);
	int ret;

	if (!count)
		return 0;
	ret = register_kprobe(&probe);
	if (ret)
		return ret;
	lookup = (void *)probe.addr;
	unregister_kprobe(&probe);
	for (int i = 0; i < count; i++) {
		unsigned long address = lookup(names[i]);

		if (!address)
			return -ENOENT;
		identity_rest[i] = (void *)address + MCOUNT_INSN_SIZE;
		funcs[i].old_name = names[i];
	}
	funcs[count] = (struct klp_func){};
	patch.replace = replace;
	return klp_enable_patch(&patch);
}

static void __exit identity_exit(void)
{
}

module_init(identity_init);
module_exit(identity_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
