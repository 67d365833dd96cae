// SPDX-License-Identifier: GPL-2.0-only
/* A variable of a module that is certain to be there, bound while the livepatch is loaded. */
#include "convert.h"

extern int max_loop;

static int show(struct seq_file *m, void *v)
{
	seq_printf(m, "present %d\n", max_loop);
	return 0;
}

static struct klp_func funcs[] = {{.old_name = "cmdline_proc_show", .new_func = show}, {}};
static struct klp_func none[] = {{}};
CONVERT_MODULE({.funcs = funcs}, {.name = "loop", .funcs = none});
