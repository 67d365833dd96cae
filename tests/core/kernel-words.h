/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of a kernel module, so that the source of a kernel livepatch compiles here with only
 * its #include lines changed. modules-test.c plays the kernel.
 */
#ifndef TESTS_CORE_KERNEL_WORDS_H
#define TESTS_CORE_KERNEL_WORDS_H

#include "core/core.h"

#include <errno.h>
#include <stdarg.h>

#define __init
#define __exit

#define GFP_KERNEL 0

void *kzalloc(size_t size, gfp_t flags);
void kfree(const void *block);
int pr_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int sysfs_emit(char *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
extern unsigned long jiffies;

/* What insmod and rmmod need of a module. The build names it, as in the kernel. */
struct kernel_module {
	struct module *mod;
	const char *livepatch; /* "Y" */
	int (*const *init)(void);
	void (*const *exit)(void);
};

#define KERNEL_WORDS_JOIN_(a, b)   a##b
#define KERNEL_WORDS_JOIN(a, b)    KERNEL_WORDS_JOIN_(a, b)
#define KERNEL_WORDS_STRING_(text) #text
#define KERNEL_WORDS_STRING(text)  KERNEL_WORDS_STRING_(text)

#define THIS_MODULE (&this_module)
#define MODULE_INFO(tag, info)                                                                     \
	static const char modinfo_##tag[sizeof(info)] __attribute__((used)) = info
#define MODULE_LICENSE(text)  MODULE_INFO(license, text)
#define module_init(function) static int (*const module_init)(void) = function
#define module_exit(function) static void (*const module_exit)(void) = function

static struct module this_module = {.name = KERNEL_WORDS_STRING(KBUILD_MODNAME)};
/* Defined by the macros above. */
static const char modinfo_livepatch[sizeof("Y")];
static int (*const module_init)(void);
static void (*const module_exit)(void);

#define KERNEL_WORDS_MODULE KERNEL_WORDS_JOIN(KBUILD_MODNAME, _module)
extern const struct kernel_module KERNEL_WORDS_MODULE;
const struct kernel_module KERNEL_WORDS_MODULE = {
	.mod = &this_module,
	.livepatch = modinfo_livepatch,
	.init = &module_init,
	.exit = &module_exit,
};

#endif
