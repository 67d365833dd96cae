// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/klp/binding.h"

#include <string.h>

const char *sut_klp_binding_with(const struct sut_klp_binding *binding)
{
	return binding->with ? binding->with : SUT_KLP_VMLINUX;
}

const char *sut_klp_binding_name(const struct sut_klp_binding *binding)
{
	return binding->name ? binding->name : binding->symbol;
}

bool sut_klp_binding_is_late(const struct sut_klp_binding *binding)
{
	return strcmp(sut_klp_binding_with(binding), SUT_KLP_VMLINUX) != 0;
}

/* ---- names ---- */

/* The kernel reads "%55[^.]": no point, and module names have no '-' inside the kernel. */
static bool is_object_name(const char *name)
{
	size_t length = strlen(name);

	return length && length <= SUT_KLP_OBJECT_MAX && !strpbrk(name, ".-,");
}

/* The kernel reads "%511[^,]". */
static bool is_symbol_name(const char *name)
{
	size_t length = strlen(name);

	return length && length <= SUT_KLP_SYMBOL_MAX && !strchr(name, ',');
}

enum sut_rc sut_klp_binding_refuse(const struct sut_ko *ko, const struct sut_klp_binding *binding,
				   const char *why, struct sut_diag *diag)
{
	return sut_fail(diag, SUT_INVALID, "klp-binding", "%s: symbol %s as %s of %s: %s",
			ko->elf.path, binding->symbol, sut_klp_binding_name(binding),
			binding->object, why);
}

enum sut_rc sut_klp_binding_check(const struct sut_ko *ko, const struct sut_klp_binding *binding,
				  struct sut_diag *diag)
{
	const char *with = sut_klp_binding_with(binding);

	if (!is_object_name(binding->object) || !is_object_name(with))
		return sut_klp_binding_refuse(
			ko, binding,
			"an object's name has 1 to 55 characters, and no point or dash", diag);
	if (!is_symbol_name(sut_klp_binding_name(binding)))
		return sut_klp_binding_refuse(
			ko, binding, "a symbol's name has 1 to 511 characters, and no comma", diag);
	if (sut_klp_binding_is_late(binding) && !strcmp(binding->object, SUT_KLP_VMLINUX)) {
		sut_fail(diag, SUT_REFUSED, "klp-object",
			 "%s: %s is vmlinux's, and would be bound when %s arrives", ko->elf.path,
			 binding->symbol, with);
		sut_remedy(diag, "bind it together with vmlinux");
		return SUT_REFUSED;
	}
	return SUT_OK;
}

/* ---- references ---- */

/*
 * Sections that the kernel works through while the livepatch itself is loaded, before any late
 * relocation is there: late ones would be read as zero, or overwrite what was made of them.
 */
static bool is_read_at_load(const char *section)
{
	static const char *const names[] = {
		".altinstructions",
		".init",
		".exit",
		".orc_unwind",
		".parainstructions",
		".retpoline_sites",
		".return_sites",
		".smp_locks",
		".static_call_sites",
		"__bug_table",
		"__ex_table",
		"__jump_table",
		"__ksymtab",
		"__mcount_loc",
		"__param",
		"__tracepoints",
		".gnu.linkonce.this_module",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(section, names[i], strlen(names[i])))
			return true;
	return false;
}

static enum sut_rc check_late(const struct sut_ko *ko, const struct sut_klp_binding *binding,
			      const struct sut_kernel_section *section, bool late_text,
			      struct sut_diag *diag)
{
	const char *name = sut_klp_binding_name(binding), *with = sut_klp_binding_with(binding);

	if (is_read_at_load(section->name)) {
		sut_fail(diag, SUT_REFUSED, "klp-late-section",
			 "%s: section %s refers to %s of %s, which may arrive later", ko->elf.path,
			 section->name, name, binding->object);
		sut_remedy(diag,
			   "reach it through a pointer in the patch's own data, or make a patch "
			   "of its own for %s",
			   with);
		return SUT_REFUSED;
	}
	if (section->flags & SHF_EXECINSTR && !late_text) {
		sut_fail(diag, SUT_REFUSED, "klp-late-text",
			 "%s: code in %s refers to %s of %s directly: once %s is unloaded, it "
			 "could not be loaded again while the livepatch is there",
			 ko->elf.path, section->name, name, binding->object, with);
		sut_remedy(diag,
			   "clear the references in the object's post_unpatch callback "
			   "(suture/reload.h), or keep the address in a variable of the patch");
		return SUT_REFUSED;
	}
	return SUT_OK;
}

/* How many bytes a relocation changes; 0: the kernel's module loader does not know the type. */
static unsigned int width_of(uint32_t type)
{
	switch (type) {
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		return 4;
	case R_X86_64_64:
	case R_X86_64_PC64:
		return 8;
	default:
		return 0;
	}
}

enum sut_rc sut_klp_binding_check_reloc(const struct sut_ko *ko,
					const struct sut_klp_binding *binding,
					const struct sut_kernel_section *section,
					const Elf64_Rela *rela, bool late_text,
					struct sut_diag *diag)
{
	uint32_t type = ELF64_R_TYPE(rela->r_info);
	unsigned int width = width_of(type);

	if (!width || rela->r_offset > section->size || section->size - rela->r_offset < width)
		return sut_fail(diag, SUT_UNSUPPORTED, "klp-binding",
				"%s: section %s refers to %s by a relocation of type %u, which the "
				"kernel does not know or which leads out of the section",
				ko->elf.path, section->name, binding->symbol, type);
	if (!sut_klp_binding_is_late(binding))
		return SUT_OK;
	return check_late(ko, binding, section, late_text, diag);
}
