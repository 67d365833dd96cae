// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anchors: one ftrace_ops for all patched functions.
 *
 * The kernel registers an ftrace_ops for each function of a patch, and takes each out when its
 * function has no patch any more. Every such step walks all functions of the kernel or waits for
 * all tasks: 9 ms to add and more than 0.1 s to remove one, with klp_mutex held. But it only does
 * so for a function that is not in its list klp_ops yet, and only when the stack of the function's
 * versions gets its first or loses its last entry:
 *
 *	klp_ops -> node, func_stack -> [newest version] -> ... -> [oldest version]
 *
 * So before the functions of a patch are added we put an entry into klp_ops for each, with one
 * version at the bottom that is a "nop", as the kernel's own atomic replace uses them: the original
 * function. That is an anchor. All anchors share our one ftrace_ops, whose handler finds the entry
 * by the address and then chooses as klp_ftrace_handler() does. From there on the kernel pushes and
 * pops versions and never comes to the bottom. When the anchors are all that is left of some
 * functions, they are taken out together.
 *
 * Functions that the kernel has in its list already stay as they are. When anchors cannot be
 * placed, for whatever reason, none are, and the kernel goes its own way. A single function gets
 * one, too: its patch is reverted without a wait for all tasks amid the transition then.
 *
 * Two things that unregister_ftrace_function() did for the kernel on the way are done here:
 * - klp_discard_nops() frees the nops of a replace at once, relying on the wait for handlers that
 *   may still look at one (unpatch_dynamic()).
 * - The text of a module goes when the module does (module_going()).
 *
 * klp_mutex protects everything here, but for what the handler reads.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/hashtable.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "accel.h"

/* As in kernel/livepatch/patch.h. */
struct klp_ops {
	struct list_head node;
	struct list_head func_stack;
	struct ftrace_ops fops;
};

struct anchor {
	struct klp_ops ops; /* fops is not used */
	struct klp_func bottom;
	unsigned long site;
	struct hlist_node hashed;
	struct list_head list; /* of anchors, or of those that come or go together */
};

static struct mutex *klp_mutex;
static struct list_head *klp_ops;
static struct klp_ops *(*find_ops)(void *old_func);
static unsigned long (*ftrace_site)(unsigned long ip);
static unsigned long (*find_direct)(unsigned long site);
static struct mutex *direct_mutex; /* what find_direct() finds stays so while it is held */

static DEFINE_HASHTABLE(by_site, 12);
static LIST_HEAD(anchors);
static unsigned int anchor_count;

static uint at_least = 1;
module_param(at_least, uint, 0644);
MODULE_PARM_DESC(at_least, "functions that a patch must bring of an object to get anchors");

static __always_inline struct anchor *find_anchor(unsigned long site)
{
	struct anchor *a;

	hlist_for_each_entry_rcu_notrace(a, &by_site[hash_min(site, HASH_BITS(by_site))], hashed)
		if (a->site == site)
			return a;
	return NULL;
}

/*
 * What klp_ftrace_handler() of Linux 6.1 does. It calls nothing that can be traced, so it needs no
 * guard against recursion; preemption is off for klp_synchronize_transition().
 */
static void notrace handle(unsigned long ip, unsigned long parent, struct ftrace_ops *fops,
			   struct ftrace_regs *fregs)
{
	struct anchor *a;
	struct klp_func *func;

	preempt_disable_notrace();
	a = find_anchor(ip);
	if (unlikely(!a)) /* on its way out */
		goto out;
	func = list_entry_rcu(a->ops.func_stack.next, struct klp_func, stack_node);
	/* func_stack before transition: __klp_enable_patch() has the other barrier. */
	smp_rmb();
	if (unlikely(func->transition)) {
		/* transition before patch_state: klp_init_transition() has the other barrier. */
		smp_rmb();
		WARN_ON_ONCE(current->patch_state == KLP_UNDEFINED);
		if (current->patch_state == KLP_UNPATCHED)
			func = list_entry_rcu(func->stack_node.next, struct klp_func, stack_node);
	}
	if (!func->nop)
		ftrace_instruction_pointer_set(fregs, (unsigned long)func->new_func);
out:
	preempt_enable_notrace();
}

static struct ftrace_ops anchored = {
	.func = handle,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT,
};

/* Waits until no handler can still look at what has been taken out. */
static void wait_for_handlers(void)
{
	/* RCU alone would not do: functions are traced where it does not watch. */
	synchronize_rcu_tasks_rude();
}

static struct anchor *anchor_add(struct klp_func *func, struct list_head *list)
{
	unsigned long site = ftrace_site((unsigned long)func->old_func);
	struct anchor *a = site ? kzalloc(sizeof(*a), GFP_KERNEL) : NULL;

	if (!a)
		return NULL;
	a->site = site;
	a->bottom.old_name = "suture_accel";
	a->bottom.old_func = a->bottom.new_func = func->old_func;
	a->bottom.old_size = a->bottom.new_size = func->old_size;
	a->bottom.nop = a->bottom.patched = true;
	INIT_LIST_HEAD(&a->ops.func_stack);
	list_add(&a->bottom.stack_node, &a->ops.func_stack);
	hash_add_rcu(by_site, &a->hashed, site);
	list_add(&a->ops.node, klp_ops);
	list_add_tail(&a->list, list);
	return a;
}

/* Takes anchors out that ftrace no longer calls. */
static void anchors_free(struct list_head *list)
{
	struct anchor *a, *next;

	list_for_each_entry(a, list, list) {
		WARN_ON(!list_is_singular(&a->ops.func_stack));
		list_del(&a->ops.node);
		hash_del_rcu(&a->hashed);
	}
	wait_for_handlers();
	list_for_each_entry_safe(a, next, list, list)
		kfree(a);
}

/* A change of ftrace for all anchors in LIST. */
static int ftrace_change(struct list_head *list, unsigned int count, bool remove)
{
	unsigned long *sites = kvmalloc_array(count, sizeof(*sites), GFP_KERNEL);
	struct anchor *a;
	int ret, n = 0;

	if (!sites)
		return -ENOMEM;
	list_for_each_entry(a, list, list)
		sites[n++] = a->site;
	/* Anew when there is none: what an unregistered ftrace_ops still has is of no use. */
	ret = ftrace_set_filter_ips(&anchored, sites, n, remove, !anchor_count);
	kvfree(sites);
	return ret;
}

static bool any_direct(struct list_head *list)
{
	struct anchor *a;

	list_for_each_entry(a, list, list)
		if (find_direct(a->site))
			return true;
	return false;
}

/*
 * A BPF program at a function's entry is called directly by it, and calls the original function
 * itself. It does as the livepatch says after register_ftrace_function() has told it to, which
 * ftrace_set_filter_ips() does not: then the livepatch would be passed over.
 */
static int ftrace_add(struct list_head *list, unsigned int count)
{
	int ret;

	if (!anchor_count)
		return ftrace_change(list, count, false) ?: register_ftrace_function(&anchored);
	mutex_lock(direct_mutex);
	ret = any_direct(list) ? -EBUSY : ftrace_change(list, count, false);
	mutex_unlock(direct_mutex);
	return ret;
}

static int ftrace_remove(struct list_head *list, unsigned int count)
{
	/* An empty filter would be one for every function. */
	if (count == anchor_count)
		return unregister_ftrace_function(&anchored);
	return ftrace_change(list, count, true);
}

/* Anchors for the functions of OBJ, which the kernel is about to patch. */
static void anchor_object(struct klp_object *obj)
{
	struct klp_func *func;
	unsigned int count = 0;
	LIST_HEAD(new);
	int ret = -EINVAL;

	klp_for_each_func(obj, func)
		count += !find_ops(func->old_func);
	if (!count || count < at_least)
		return;
	count = 0;
	klp_for_each_func(obj, func) {
		if (find_ops(func->old_func))
			continue;
		if (!anchor_add(func, &new))
			goto undo;
		count++;
	}
	ret = ftrace_add(&new, count);
	if (ret)
		goto undo;
	if (!anchor_count)
		__module_get(THIS_MODULE);
	list_splice(&new, &anchors);
	anchor_count += count;
	return;
undo:
	pr_info("no anchors for %u functions: %d\n", count, ret);
	anchors_free(&new);
}

/* Takes the anchors out that nobody uses. */
static void anchors_reap(void)
{
	struct anchor *a, *next;
	unsigned int count = 0;
	LIST_HEAD(idle);

	list_for_each_entry_safe(a, next, &anchors, list) {
		if (list_is_singular(&a->ops.func_stack)) {
			list_move(&a->list, &idle);
			count++;
		}
	}
	if (!count)
		return;
	if (ftrace_remove(&idle, count)) {
		/*
		 * No memory. The kernel must not find them any more, because their functions may
		 * be about to go with a module. Until the next time their functions cannot be
		 * patched: ftrace refuses a second ftrace_ops.
		 */
		list_for_each_entry(a, &idle, list)
			a->bottom.old_func = NULL;
		list_splice(&idle, &anchors);
		return;
	}
	anchors_free(&idle);
	anchor_count -= count;
	if (!anchor_count)
		module_put(THIS_MODULE);
}

static void reap(struct work_struct *work)
{
	if (!READ_ONCE(anchor_count))
		return;
	mutex_lock(klp_mutex);
	anchors_reap();
	mutex_unlock(klp_mutex);
}
static DECLARE_WORK(reap_work, reap);

/* The hooks. The first three are called with klp_mutex held, the others without. */

static int (*rest_of_patch_object)(struct klp_object *obj);
static int patch_object(struct klp_object *obj)
{
	int ret;

	anchor_object(obj);
	ret = rest_of_patch_object(obj);
	if (ret)
		schedule_work(&reap_work);
	accel_hook_done();
	return ret;
}

/* Not here and now: it is the end of a transition, which shall not wait for ftrace. */
static void (*rest_of_unpatch_objects)(struct klp_patch *patch);
static void unpatch_objects(struct klp_patch *patch)
{
	rest_of_unpatch_objects(patch);
	schedule_work(&reap_work);
	accel_hook_done();
}

static void (*rest_of_unpatch_dynamic)(struct klp_patch *patch);
static void unpatch_dynamic(struct klp_patch *patch)
{
	rest_of_unpatch_dynamic(patch);
	if (anchor_count)
		wait_for_handlers();
	schedule_work(&reap_work);
	accel_hook_done();
}

static int (*rest_of_module_coming)(struct module *mod);
static int module_coming(struct module *mod)
{
	int ret = rest_of_module_coming(mod);

	if (ret)
		reap(NULL);
	accel_hook_done();
	return ret;
}

static void (*rest_of_module_going)(struct module *mod);
static void module_going(struct module *mod)
{
	rest_of_module_going(mod);
	reap(NULL);
	accel_hook_done();
}

static struct accel_hook hook[] = {
	{"klp_patch_object", patch_object, &rest_of_patch_object},
	{"klp_unpatch_objects", unpatch_objects, &rest_of_unpatch_objects},
	{"klp_unpatch_objects_dynamic", unpatch_dynamic, &rest_of_unpatch_dynamic},
	{"klp_module_coming", module_coming, &rest_of_module_coming},
	{"klp_module_going", module_going, &rest_of_module_going},
};

static struct accel_hooks hooks = {.hooks = hook, .count = ARRAY_SIZE(hook)};

/*
 * The kernel's own code must find an anchor by the function that it is for, and no longer when it
 * is out: that is what the shape of struct klp_ops and of the list is for. The entries that are
 * there must be what we take them for, too.
 */
static bool self_test(struct accel_feature *f)
{
	ftrace_func_t klp_handler;
	const struct accel_symbol symbols[] = {{"klp_ftrace_handler", &klp_handler}};
	struct klp_func func = {.old_func = self_test};
	struct anchor a = {.bottom.old_func = self_test};
	bool found, lost, parsed = true;
	struct klp_ops *ops;

	if (!accel_find_symbols(f, symbols, ARRAY_SIZE(symbols)))
		return false;
	mutex_lock(klp_mutex);
	list_for_each_entry(ops, klp_ops, node)
		parsed &= ops->fops.func == klp_handler && !list_empty(&ops->func_stack);
	INIT_LIST_HEAD(&a.ops.func_stack);
	list_add(&a.bottom.stack_node, &a.ops.func_stack);
	list_add(&a.ops.node, klp_ops);
	found = find_ops(func.old_func) == &a.ops;
	list_del(&a.ops.node);
	lost = !find_ops(func.old_func);
	mutex_unlock(klp_mutex);
	if (!parsed)
		return accel_off(f, "an entry of klp_ops is not what it was");
	if (!found || !lost)
		return accel_off(f, "klp_find_ops does not find an anchor");
	return true;
}

void accel_anchors_start(struct accel_feature *f)
{
	const struct accel_symbol symbols[] = {
		{"klp_mutex", &klp_mutex},
		{"klp_ops", &klp_ops},
		{"klp_find_ops", &find_ops},
		{"ftrace_location", &ftrace_site},
		{"ftrace_find_rec_direct", &find_direct},
		{"direct_mutex", &direct_mutex},
	};
	static const struct accel_member members[] = {
		ACCEL_MEMBER(klp_ops, node),
		ACCEL_MEMBER(klp_ops, func_stack),
		ACCEL_MEMBER(klp_ops, fops),
		ACCEL_SIZE(klp_ops),
		ACCEL_SIZE(ftrace_ops),
		ACCEL_MEMBER(klp_object, func_list),
		ACCEL_MEMBER(klp_func, node),
		ACCEL_MEMBER(klp_func, stack_node),
		ACCEL_MEMBER(klp_func, new_func),
		ACCEL_MEMBER(klp_func, old_func),
		ACCEL_MEMBER(klp_func, new_size),
		ACCEL_MEMBER(klp_func, old_size),
		ACCEL_MEMBER(klp_func, nop),
		ACCEL_MEMBER(klp_func, patched),
		ACCEL_MEMBER(klp_func, transition),
		ACCEL_SIZE(klp_func),
		ACCEL_MEMBER(task_struct, patch_state),
	};

	f->on = accel_find_symbols(f, symbols, ARRAY_SIZE(symbols)) &&
		accel_check_members(f, members, ARRAY_SIZE(members)) && self_test(f) &&
		accel_hooks_set(f, &hooks);
}

/* Nobody can call this while there is an anchor: each of them holds the module. */
void accel_anchors_stop(void)
{
	accel_hooks_clear(&hooks);
	cancel_work_sync(&reap_work);
	ftrace_free_filter(&anchored);
}

unsigned int accel_anchors_count(void)
{
	return READ_ONCE(anchor_count);
}
