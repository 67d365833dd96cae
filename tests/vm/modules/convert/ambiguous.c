// SPDX-License-Identifier: GPL-2.0-only
/* Which m_show is meant nobody can know. */
#include "convert.h"

extern int m_show(struct seq_file *m, void *v);

static int show(struct seq_file *m, void *v)
{
	return m_show(m, v);
}

static struct klp_func funcs[] = {{.old_name = "cmdline_proc_show", .new_func = show}, {}};
CONVERT_MODULE({.funcs = funcs});
