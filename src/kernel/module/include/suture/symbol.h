/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which private symbol of the kernel a declaration means, for `suture convert`: needed only where
 * the name alone does not tell. The forms are those that were proposed upstream for klp-convert.
 *
 *   extern int show(struct seq_file *, void *) KLP_RELOC_SYMBOL_POS(vmlinux, vmlinux, m_show, 2);
 *
 * PATCHED is the object that the code is for and with whose arrival the symbol is bound, OBJECT the
 * one that has it, POS its position among the symbols of that name there, or 0 for the only one.
 */
#ifndef SUTURE_SYMBOL_H
#define SUTURE_SYMBOL_H

#ifndef KLP_RELOC_SYMBOL_POS
#define KLP_RELOC_SYMBOL_POS(PATCHED, OBJECT, NAME, POS)                                           \
	asm("\".klp.sym.rela." #PATCHED "." #OBJECT "." #NAME "," #POS "\"")
#define KLP_RELOC_SYMBOL(PATCHED, OBJECT, NAME) KLP_RELOC_SYMBOL_POS(PATCHED, OBJECT, NAME, 0)
#endif

/*
 * The older form, with a declaration as usual:
 *
 *   static KLP_MODULE_RELOC(vmlinux) relocs[] = { KLP_SYMPOS(m_show, 2) };
 */
#ifndef KLP_MODULE_RELOC
struct klp_module_reloc {
	void *sym;
	unsigned int sympos;
} __packed;

#define KLP_MODULE_RELOC(OBJECT)                                                                   \
	struct klp_module_reloc __used __section(".klp.module_relocs." #OBJECT) __aligned(4)
#define KLP_SYMPOS(SYMBOL, POS)                                                                    \
	{                                                                                          \
		.sym = &(SYMBOL), .sympos = (POS)                                                  \
	}
#endif

#endif
