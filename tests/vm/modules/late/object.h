/* SPDX-License-Identifier: GPL-2.0-only */
/* A module whose patched functions run before its init and in it: the includer names it. */
#include <linux/module.h>

static int number;
static int answer;

/* Called for the parameter: before init. */
static noinline int object_set(const char *value, const struct kernel_param *kp)
{
	return kstrtoint(value, 0, &number);
}

static noinline int object_answer(void)
{
	barrier();
	return 1;
}

static const struct kernel_param_ops number_ops = {.set = object_set, .get = param_get_int};
module_param_cb(number, &number_ops, &number, 0644);
module_param(answer, int, 0444);

static int ask(const char *value, const struct kernel_param *kp)
{
	answer = object_answer();
	return 0;
}

static const struct kernel_param_ops ask_ops = {.set = ask};
module_param_cb(ask, &ask_ops, NULL, 0200);

static int __init object_init(void)
{
	answer = object_answer();
	return 0;
}

static void __exit object_exit(void)
{
}

module_init(object_init);
module_exit(object_exit);
MODULE_LICENSE("GPL");
