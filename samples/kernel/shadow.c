// SPDX-License-Identifier: GPL-2.0-only
/*
 * A shadow variable for each user who reads /proc/version: a member that struct user_struct does
 * not have. Its type is listed, so suture.ko frees all of them when the last livepatch that lists
 * the id is gone; nobody has to find them. A real patch would also free the variable where the
 * kernel frees the object: another one may get its address.
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/sched/user.h>
#include <linux/seq_file.h>
#include <suture/livepatch.h>

enum { READS = 2 };

static int shadow_version_proc_show(struct seq_file *m, void *v)
{
	atomic_t *reads = klp_shadow_get_or_alloc(current_user(), READS, sizeof(*reads), GFP_KERNEL,
						  NULL, NULL);

	seq_printf(m, "read %d times by %u\n", reads ? atomic_inc_return(reads) : -1,
		   from_kuid(&init_user_ns, current_uid()));
	return 0;
}

/* Called with the store of shadow variables locked. */
static void forget(void *user, void *data)
{
	pr_info("shadow: a user read it %d times\n", atomic_read(data));
}

static struct klp_shadow_type reads = {.id = READS, .dtor = forget};
static struct klp_shadow_type *types[] = {&reads, NULL};
static struct klp_func funcs[] = {
	{.old_name = "version_proc_show", .new_func = shadow_version_proc_show},
	{},
};
static struct klp_object objs[] = {{.funcs = funcs, .shadow_types = types}, {}};
static struct klp_patch patch = {.objs = objs};

module_livepatch(patch);
