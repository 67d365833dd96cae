// SPDX-License-Identifier: GPL-2.0-only
/* The same with the older form of annotation, and the other function replaced. */
#include "convert.h"

extern int m_show(struct seq_file *m, void *v);
static KLP_MODULE_RELOC(vmlinux) relocs[] = {KLP_SYMPOS(m_show, 1)};

static unsigned long address = (unsigned long)m_show;
module_param(address, ulong, 0444);

static int show(struct seq_file *m, void *v)
{
	seq_puts(m, "second\n");
	return 0;
}

static struct klp_func funcs[] = {{.old_name = "m_show", .new_func = show, .old_sympos = 2}, {}};
CONVERT_MODULE({.funcs = funcs});
