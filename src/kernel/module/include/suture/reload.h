/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For livepatches whose code refers directly to what is private in a module. Before Linux 6.3 such
 * a module cannot be loaded a second time while the livepatch is there: its addresses are written
 * into the code anew, the loader wants to find zeros, and nobody has put them back. This does, when
 * the module goes:
 *
 *   {.name = "loop", .funcs = funcs, .callbacks = {.post_unpatch = sut_clear_relocs}},
 *
 * Nobody is in the code then. While the module stays it is left alone, for a task that was forced
 * out of the transition may still be in there. text_poke_set() is private; `suture convert` binds
 * it, and takes its being there for the sign that references in code are cleared.
 */
#ifndef SUTURE_RELOAD_H
#define SUTURE_RELOAD_H

#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#include <asm/text-patching.h>

static inline void sut_clear_section(const struct klp_modinfo *info, const Elf_Shdr *table)
{
	const Elf_Rela *relocs = (const Elf_Rela *)table->sh_addr;
	unsigned long section = info->sechdrs[table->sh_info].sh_addr;

	for (size_t i = 0; i < table->sh_size / sizeof(*relocs); i++) {
		unsigned int type = ELF_R_TYPE(relocs[i].r_info);

		text_poke_set((void *)(section + relocs[i].r_offset), 0,
			      type == R_X86_64_64 || type == R_X86_64_PC64 ? 8 : 4);
	}
}

static inline void sut_clear_relocs_of(const struct module *object)
{
	const struct klp_modinfo *info = THIS_MODULE->klp_info;
	char prefix[sizeof(".klp.rela..") + MODULE_NAME_LEN];
	int length;

	if (object->state == MODULE_STATE_LIVE)
		return;
	length = snprintf(prefix, sizeof(prefix), ".klp.rela.%s.", object->name);
	for (unsigned int i = 1; i < info->hdr.e_shnum; i++) {
		const Elf_Shdr *section = &info->sechdrs[i];

		if (section->sh_flags & SHF_RELA_LIVEPATCH &&
		    !strncmp(info->secstrings + section->sh_name, prefix, length))
			sut_clear_section(info, section);
	}
}
#else
static inline void sut_clear_relocs_of(const struct module *object)
{
}
#endif

/* The callback. */
static void sut_clear_relocs(struct klp_object *obj)
{
	sut_clear_relocs_of(obj->mod);
}

#endif
