// SPDX-License-Identifier: GPL-2.0-only
/* A static function of vmlinux that uses a variable of vmlinux which nobody exports. */
#include "convert.h"

extern char *saved_command_line;

static int show(struct seq_file *m, void *v)
{
	seq_printf(m, "private: %s\n", saved_command_line);
	return 0;
}

static struct klp_func funcs[] = {{.old_name = "cmdline_proc_show", .new_func = show}, {}};
CONVERT_MODULE({.funcs = funcs});
