/* SPDX-License-Identifier: GPL-2.0-only */
/* What the livepatches of this folder have in common. */
#include <linux/device.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <suture/symbol.h>

#define CONVERT_MODULE(...)                                                                        \
	static struct klp_object objs[] = {__VA_ARGS__, {}};                                       \
	static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objs};                        \
	static int __init convert_init(void)                                                       \
	{                                                                                          \
		return klp_enable_patch(&patch);                                                   \
	}                                                                                          \
	static void __exit convert_exit(void)                                                      \
	{                                                                                          \
	}                                                                                          \
	module_init(convert_init);                                                                 \
	module_exit(convert_exit);                                                                 \
	MODULE_INFO(livepatch, "Y");                                                               \
	MODULE_LICENSE("GPL")
