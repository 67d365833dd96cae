// SPDX-License-Identifier: GPL-2.0-only
/*
 * A livepatch whose callbacks and shadow types are in a file that serves processes, too:
 * shared-additions.c, which samples/process uses as it is. Here are the functions of the kernel.
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/sched/user.h>
#include <linux/seq_file.h>
#include <suture/livepatch.h>

static int shared_version_proc_show(struct seq_file *m, void *v)
{
	/* Ids and keys are those of shared-additions.c. */
	atomic_long_t *reads =
		klp_shadow_get_or_alloc(current_user(), 2, sizeof(*reads), GFP_KERNEL, NULL, NULL);
	atomic_long_t *all = klp_shadow_get((void *)1, 1);

	seq_printf(m, "read %ld times, %ld in all\n", reads ? atomic_long_inc_return(reads) : -1,
		   all ? atomic_long_inc_return(all) : -1);
	return 0;
}

static struct klp_func funcs[] = {
	{.old_name = "version_proc_show", .new_func = shared_version_proc_show},
	{},
};
static struct klp_object objs[] = {{.funcs = funcs}, {}};
static struct klp_patch patch = {.objs = objs, .replace = true, .additions = suture_objects};

module_livepatch(patch);
