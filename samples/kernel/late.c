// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this livepatch changes in loop is in a livepatch module of its own, a part: suture.ko loads
 * it with loop, before anything of loop runs, and without it loop is not loaded. late_loop.c is the
 * part.
 */
#include <linux/module.h>
#include <linux/seq_file.h>
#include <suture/livepatch.h>

static int late_version_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "late\n");
	return 0;
}

static struct klp_func funcs[] = {
	{.old_name = "version_proc_show", .new_func = late_version_proc_show},
	{},
};
static struct klp_object objs[] = {{.funcs = funcs}, {}};
static const struct sut_late parts[] = {{"loop", "late_loop"}, {}};
static struct klp_patch patch = {.objs = objs, .replace = true, .late = parts};

module_livepatch(patch);
