// SPDX-License-Identifier: GPL-2.0-only
/* An object of scenarios that comes and goes. */
#include <linux/module.h>

int target_f(void);
int target_g(void);
int target_h(void);

static int fail;
module_param(fail, int, 0);

noinline int target_f(void)
{
	return 1;
}

noinline int target_g(void)
{
	return 1;
}

noinline int target_h(void)
{
	return 1;
}

static int __init target_init(void)
{
	pr_info("scenario: %s init\n", THIS_MODULE->name);
	if (fail)
		pr_info("scenario: = %d\n", fail);
	return fail + 0 * (target_f() + target_g() + target_h());
}

static void __exit target_exit(void)
{
	pr_info("scenario: %s exit\n", THIS_MODULE->name);
}

module_init(target_init);
module_exit(target_exit);
MODULE_LICENSE("GPL");
