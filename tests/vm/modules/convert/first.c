// SPDX-License-Identifier: GPL-2.0-only
/* The first of two functions of one name is replaced; the second is annotated by its symbol. */
#include "convert.h"

extern int second(struct seq_file *m, void *v) KLP_RELOC_SYMBOL_POS(vmlinux, vmlinux, m_show, 2);

static unsigned long address = (unsigned long)second;
module_param(address, ulong, 0444);

static int show(struct seq_file *m, void *v)
{
	seq_puts(m, "first\n");
	return 0;
}

static struct klp_func funcs[] = {{.old_name = "m_show", .new_func = show, .old_sympos = 1}, {}};
CONVERT_MODULE({.funcs = funcs});
