// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poke: transitions end when they can, not at the kernel's next whole second.
 *
 * The kernel's first attempt at a transition nearly always fails, because another CPU is running
 * something, if only its idle task. A moment later all tasks have switched by themselves, but the
 * kernel looks again after a second (klp_transition_work). So we look, without changing anything,
 * and have that work run at once when no task is left to switch. It takes klp_mutex and sees for
 * itself; a run too many does nothing.
 *
 * Tasks that cannot switch by themselves, kernel threads above all, need an attempt of the kernel's
 * to be judged. But the attempts are counted (klp_signals_cnt), and the one that follows the 15th
 * sends signals to user tasks, some 15 s after the start. So their number up to then stays the
 * kernel's, and only their times are others: what the kernel would try after 1, 2, 3 ... 13 s we
 * have it try after 1.6, 4.8, 11 ms ... 6.5, 13 s, by changing the delay of the pending work. After
 * that the kernel goes on with its own times, and the signals are sent when they always were.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>
#include "accel.h"

static struct klp_patch **transition_patch;
static struct delayed_work *retry;   /* klp_transition_work */
static const unsigned int *attempts; /* klp_signals_cnt: those that failed */
static struct task_struct *(*idle)(int cpu);

static unsigned long started; /* in jiffies */
static unsigned int seen;     /* of the failed attempts */

/* Retries that get another time than the kernel's; together they take as many seconds. */
#define OURS 13

/* When the attempt after COUNT failed ones is due, in jiffies from the start. */
static unsigned long due_after(unsigned int count)
{
	return msecs_to_jiffies(OURS * 1000UL * ((1UL << count) - 1) / ((1UL << OURS) - 1));
}

static void look(struct work_struct *work);
static DECLARE_DELAYED_WORK(next_look, look);

/* Whether any task has yet to switch. */
static bool is_pending(void)
{
	struct task_struct *process, *task;
	int cpu;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		if (klp_patch_pending(task)) {
			rcu_read_unlock();
			return true;
		}
	}
	rcu_read_unlock();
	for_each_possible_cpu(cpu)
		if (klp_patch_pending(idle(cpu)))
			return true;
	return false;
}

/*
 * Without locks: of what is read here a new transition, a reversed one or the end of this one can
 * change everything at any time. The worst of it is an attempt that was not needed.
 */
static void look(struct work_struct *work)
{
	unsigned int count = READ_ONCE(*attempts);
	unsigned long age = jiffies - started;

	if (!READ_ONCE(*transition_patch))
		return;
	if (delayed_work_pending(retry)) {
		if (!is_pending())
			mod_delayed_work(system_wq, retry, 0);
		else if (count != seen && count >= 1 && count <= OURS)
			mod_delayed_work(system_wq, retry, max(due_after(count), age) - age);
		seen = count;
	}
	/* The longer it takes, the less a little more matters. */
	schedule_delayed_work(&next_look, clamp(age / 4, 1UL, (unsigned long)HZ));
}

static void notrace start_looking(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	started = jiffies;
	seen = 0;
	mod_delayed_work(system_wq, &next_look, 1);
}

static struct ftrace_ops starts = {
	.func = start_looking,
	.flags = FTRACE_OPS_FL_RECURSION,
};

/* klp_reverse_transition() has klp_start_transition() inlined, and both are called from outside. */
static bool watch_starts(struct accel_feature *f)
{
	unsigned long sites[2];
	const struct accel_symbol functions[] = {
		{"klp_start_transition", &sites[0]},
		{"klp_reverse_transition", &sites[1]},
	};
	int ret;

	if (!accel_find_symbols(f, functions, ARRAY_SIZE(functions)))
		return false;
	ret = ftrace_set_filter_ips(&starts, sites, ARRAY_SIZE(sites), 0, 0)
		      ?: register_ftrace_function(&starts);
	if (!ret)
		return true;
	ftrace_free_filter(&starts);
	return accel_off(f, "ftrace refuses to watch klp_start_transition: %d", ret);
}

void accel_poke_start(struct accel_feature *f)
{
	work_func_t retry_function;
	const struct accel_symbol symbols[] = {
		{"klp_transition_patch", &transition_patch},
		{"klp_transition_work", &retry},
		{"klp_transition_work_fn", &retry_function},
		{"klp_signals_cnt", &attempts},
		{"idle_task", &idle},
	};
	static const struct accel_member members[] = {
		ACCEL_MEMBER(delayed_work, work),         ACCEL_SIZE(delayed_work),
		ACCEL_MEMBER(work_struct, func),          ACCEL_MEMBER(task_struct, thread_info),
		ACCEL_MEMBER(thread_info, flags),         ACCEL_MEMBER(task_struct, tasks),
		ACCEL_MEMBER(task_struct, signal),        ACCEL_MEMBER(task_struct, thread_node),
		ACCEL_MEMBER(signal_struct, thread_head),
	};

	if (!accel_find_symbols(f, symbols, ARRAY_SIZE(symbols)) ||
	    !accel_check_members(f, members, ARRAY_SIZE(members)))
		return;
	if (retry->work.func != retry_function) {
		accel_off(f, "klp_transition_work is not what it was");
		return;
	}
	if (!watch_starts(f))
		return;
	f->on = true;
	/* One that is open already. */
	started = jiffies;
	schedule_delayed_work(&next_look, 0);
}

void accel_poke_stop(void)
{
	unregister_ftrace_function(&starts);
	ftrace_free_filter(&starts);
	cancel_delayed_work_sync(&next_look);
}
