// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of the kernel whose calls come to us, by ftrace: the handler sets where the call goes,
 * which is all that a livepatch does, too. What the kernel's function would have done is called
 * behind its fentry site, so it does not come back here.
 *
 * Ours sleeps, so it can be preempted or asleep when the module shall go. The handler takes a
 * reference to the module, and after the last instruction that gives it back there are only some
 * instructions left, without a sleep: unregister_ftrace_function() waits for those (it waits for
 * tasks that were preempted in trampolines, by synchronize_rcu_tasks(), which is true of any code).
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include "accel.h"

static void notrace divert(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			   struct ftrace_regs *fregs)
{
	const struct accel_hooks *h = container_of(ops, struct accel_hooks, ops);

	for (size_t i = 0; i < h->count; i++)
		if (h->hooks[i].site == ip && try_module_get(THIS_MODULE))
			ftrace_instruction_pointer_set(fregs, (unsigned long)h->hooks[i].ours);
}

void accel_hook_done(void)
{
	module_put(THIS_MODULE);
}

static bool find_sites(struct accel_feature *f, struct accel_hooks *h)
{
	unsigned long (*location)(unsigned long ip);
	const struct accel_symbol ftrace[] = {{"ftrace_location", &location}};

	if (!accel_find_symbols(f, ftrace, ARRAY_SIZE(ftrace)))
		return false;
	for (size_t i = 0; i < h->count; i++) {
		struct accel_hook *hook = &h->hooks[i];
		unsigned long function;
		const struct accel_symbol symbol[] = {{hook->name, &function}};

		if (!accel_find_symbols(f, symbol, ARRAY_SIZE(symbol)))
			return false;
		hook->site = location(function);
		if (!hook->site)
			return accel_off(f, "%s cannot be traced", hook->name);
		*(unsigned long *)hook->rest = hook->site + MCOUNT_INSN_SIZE;
	}
	return true;
}

bool accel_hooks_set(struct accel_feature *f, struct accel_hooks *h)
{
	int ret = 0;

	if (!find_sites(f, h))
		return false;
	h->ops.func = divert;
	h->ops.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_RECURSION;
	for (size_t i = 0; i < h->count && !ret; i++)
		ret = ftrace_set_filter_ip(&h->ops, h->hooks[i].site, 0, 0);
	ret = ret ?: register_ftrace_function(&h->ops);
	if (!ret)
		return true;
	ftrace_free_filter(&h->ops);
	return accel_off(f, "ftrace refuses to divert %s: %d", h->hooks[0].name, ret);
}

void accel_hooks_clear(struct accel_hooks *h)
{
	unregister_ftrace_function(&h->ops);
	ftrace_free_filter(&h->ops);
}
