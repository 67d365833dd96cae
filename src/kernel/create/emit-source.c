// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The C file of the module. It has all that a person would write by hand for livepatch, and at its
 * end what modpost would add: that knows nothing which is not known here.
 *
 * Functions are referred to as objects of their assembler names: these may be no C (".isra.0"), or
 * be declared otherwise in a header.
 */
#include "kernel/create/emit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
	struct sut_arena *arena;
	size_t size, capacity;
	char *data;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	size_t size = vsnprintf(NULL, 0, format, list);

	va_end(list);
	if (text->size + size >= text->capacity) {
		size_t capacity = 2 * (text->size + size + 1);
		char *data = sut_arena_alloc(text->arena, capacity);

		if (text->size)
			memcpy(data, text->data, text->size);
		text->data = data;
		text->capacity = capacity;
	}
	va_start(list, format);
	vsnprintf(text->data + text->size, size + 1, format, list);
	va_end(list);
	text->size += size;
}

/* A value in a C string; what would break a line of it is a space. */
static void add_value(struct text *text, const char *value)
{
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			add(text, "\\%c", *value);
		else
			add(text, "%c", (unsigned char)*value < ' ' ? ' ' : *value);
	}
}

static void add_info(struct text *text, const char *key, const char *value)
{
	add(text, "MODULE_INFO(%s, \"", key);
	add_value(text, value);
	add(text, "\");\n");
}

static const char *const includes = "#include <linux/module.h>\n"
				    "#include <linux/elfnote.h>\n"
				    "#include <linux/livepatch.h>\n"
				    "#include <linux/version.h>\n"
				    "\n";

/*
 * Before Linux 6.3, a module that has gone cannot come back while a livepatch for it is there: the
 * relocations that waited for it are applied again, and the loader wants to find zeros. So the
 * zeros are put back when the module goes, or did not come after all. Nobody is in the code then.
 *
 * A livepatch that is taken out while its module stays must not be touched: tasks may have been
 * forced out of the transition and still be in there.
 */
static const char *const clear =
	"#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)\n"
	"#include <asm/text-patching.h>\n"
	"\n"
	"static void clear_section(const struct klp_modinfo *info, const Elf_Shdr *section)\n"
	"{\n"
	"\tconst Elf_Rela *relocs = (const Elf_Rela *)section->sh_addr;\n"
	"\tunsigned long base = info->sechdrs[section->sh_info].sh_addr;\n"
	"\tsize_t i;\n"
	"\n"
	"\tfor (i = 0; i < section->sh_size / sizeof(*relocs); i++) {\n"
	"\t\tunsigned int type = ELF_R_TYPE(relocs[i].r_info);\n"
	"\n"
	"\t\ttext_poke_set((void *)(base + relocs[i].r_offset), 0,\n"
	"\t\t\t      type == R_X86_64_64 || type == R_X86_64_PC64 ? 8 : 4);\n"
	"\t}\n"
	"}\n"
	"\n"
	"static void clear_relocs(struct klp_object *obj)\n"
	"{\n"
	"\tstatic const char prefix[] = \".klp.rela.\";\n"
	"\tconst struct klp_modinfo *info = THIS_MODULE->klp_info;\n"
	"\tsize_t length = strlen(obj->name);\n"
	"\tunsigned int i;\n"
	"\n"
	"\tif (obj->mod->state == MODULE_STATE_LIVE)\n"
	"\t\treturn;\n"
	"\tfor (i = 1; i < info->hdr.e_shnum; i++) {\n"
	"\t\tconst Elf_Shdr *section = &info->sechdrs[i];\n"
	"\t\tconst char *name = info->secstrings + section->sh_name;\n"
	"\n"
	"\t\tif (!(section->sh_flags & SHF_RELA_LIVEPATCH) ||\n"
	"\t\t    strncmp(name, prefix, sizeof(prefix) - 1))\n"
	"\t\t\tcontinue;\n"
	"\t\tname += sizeof(prefix) - 1;\n"
	"\t\tif (!strncmp(name, obj->name, length) && name[length] == '.')\n"
	"\t\t\tclear_section(info, section);\n"
	"\t}\n"
	"}\n"
	"#define CLEAR_RELOCS .callbacks.post_unpatch = clear_relocs,\n"
	"#else\n"
	"#define CLEAR_RELOCS\n"
	"#endif\n"
	"\n";

static const char *object_of(const struct sut_carry *carry, size_t func)
{
	return carry->parts[carry->funcs[func].part].part->object;
}

static bool is_vmlinux(const char *object)
{
	return !strcmp(object, SUT_KERNEL_VMLINUX);
}

/* The object has no function before this one. */
static bool is_first(const struct sut_carry *carry, size_t func)
{
	for (size_t i = 0; i < func; i++)
		if (!strcmp(object_of(carry, i), object_of(carry, func)))
			return false;
	return true;
}

static void add_funcs(struct text *text, const struct sut_carry *carry, size_t first)
{
	add(text, "static struct klp_func funcs_%zu[] = {\n", first);
	for (size_t i = first; i < carry->func_count; i++) {
		const struct sut_carry_func *func = &carry->funcs[i];

		if (strcmp(object_of(carry, i), object_of(carry, first)) != 0)
			continue;
		add(text,
		    "\t{ .old_name = \"%s\", .new_func = (void *)new_%zu, .old_sympos = %u },\n",
		    func->old->name, i, func->sympos);
	}
	add(text, "\t{ }\n};\n\n");
}

static void add_object(struct text *text, const struct sut_carry *carry, size_t first)
{
	const char *object = object_of(carry, first);

	if (is_vmlinux(object))
		add(text, "\t{ .funcs = funcs_%zu },\n", first);
	else
		add(text, "\t{ .name = \"%s\", .funcs = funcs_%zu, CLEAR_RELOCS },\n", object,
		    first);
}

static void add_patch(struct text *text, const struct sut_carry *carry, bool replace)
{
	bool modules = false;

	for (size_t i = 0; i < carry->func_count; i++) {
		add(text, "extern const char new_%zu[] asm(\"%s\");\n", i,
		    carry->symbols[carry->funcs[i].symbol].name);
		modules |= !is_vmlinux(object_of(carry, i));
	}
	add(text, "\n%s", modules ? clear : "");
	for (size_t i = 0; i < carry->func_count; i++)
		if (is_first(carry, i))
			add_funcs(text, carry, i);
	add(text, "static struct klp_object objects[] = {\n");
	for (size_t i = 0; i < carry->func_count; i++)
		if (is_first(carry, i))
			add_object(text, carry, i);
	add(text,
	    "\t{ }\n};\n\n"
	    "static struct klp_patch patch = {\n"
	    "\t.mod = THIS_MODULE,\n"
	    "\t.objs = objects,\n"
	    "\t.replace = %s,\n"
	    "};\n\n",
	    replace ? "true" : "false");
	add(text, "static int __init patch_init(void)\n{\n\treturn klp_enable_patch(&patch);\n}\n\n"
		  "static void __exit patch_exit(void)\n{\n}\n\n"
		  "module_init(patch_init);\n"
		  "module_exit(patch_exit);\n"
		  "MODULE_LICENSE(\"GPL\");\n"
		  "MODULE_INFO(livepatch, \"Y\");\n");
}

/* Those that the C file itself refers to, always or on some kernels. */
static const char *const own_imports[] = {"module_layout",   "__x86_return_thunk",
					  "__fentry__",      "klp_enable_patch",
					  "strlen",          "strncmp",
					  "__stack_chk_fail"};

static bool is_imported(const struct sut_carry *carry, const char *name)
{
	for (size_t i = 0; i < sizeof(own_imports) / sizeof(own_imports[0]); i++)
		if (!strcmp(own_imports[i], name))
			return true;
	for (size_t i = 0; i < carry->symbol_count; i++)
		if (carry->symbols[i].source == SUT_CARRY_EXPORT &&
		    !strcmp(carry->symbols[i].name, name))
			return true;
	return false;
}

/* The loader compares them with its own; one for a symbol that is not used does no harm. */
static void add_versions(struct text *text, const struct sut_carry *carry)
{
	add(text, "#ifdef CONFIG_MODVERSIONS\n"
		  "static const struct modversion_info versions[]\n"
		  "__used __section(\"__versions\") = {\n");
	for (size_t i = 0; i < carry->symvers->count; i++) {
		const struct sut_symver *symver = &carry->symvers->list[i];

		if (is_vmlinux(symver->object) && is_imported(carry, symver->name))
			add(text, "\t{ 0x%08x, \"%s\" },\n", symver->crc, symver->name);
	}
	add(text, "};\n#endif\n\n");
}

/* A prepared tree may not say which build of its version it stands for, but vermagic must. */
static void add_module(struct text *text, const struct sut_carry *carry, const char *release)
{
	add(text,
	    "\n#define INCLUDE_VERMAGIC\n"
	    "#include <linux/build-salt.h>\n"
	    "#include <linux/elfnote-lto.h>\n"
	    "#include <linux/vermagic.h>\n"
	    "#undef UTS_RELEASE\n"
	    "#define UTS_RELEASE \"%s\"\n\n",
	    release);
	add(text, "BUILD_SALT;\n"
		  "BUILD_LTO_INFO;\n"
		  "MODULE_INFO(vermagic, VERMAGIC_STRING);\n"
		  "MODULE_INFO(name, KBUILD_MODNAME);\n"
		  "MODULE_INFO(depends, \"\");\n"
		  "#ifdef CONFIG_RETPOLINE\n"
		  "MODULE_INFO(retpoline, \"Y\");\n"
		  "#endif\n\n"
		  "__visible struct module __this_module\n"
		  "__section(\".gnu.linkonce.this_module\") = {\n"
		  "\t.name = KBUILD_MODNAME,\n"
		  "\t.init = init_module,\n"
		  "#ifdef CONFIG_MODULE_UNLOAD\n"
		  "\t.exit = cleanup_module,\n"
		  "#endif\n"
		  "\t.arch = MODULE_ARCH_INIT,\n"
		  "};\n\n");
	add_versions(text, carry);
}

/* The same once more as a note (kernel/host/provenance.h), which is shown of loaded modules. */
static void add_note(struct text *text, const struct sut_kernel_options *options)
{
	add(text, "ELFNOTE32(\"suture\", 1, \"suture=" SUT_VERSION);
	if (options->version) {
		add(text, "\\0version=");
		add_value(text, options->version);
	}
	if (options->replace)
		add(text, "\\0replace=1");
	for (size_t i = 0; i < options->fix_count; i++) {
		add(text, "\\0fixes=");
		add_value(text, options->fixes[i]);
	}
	add(text, "\");\n");
}

static void add_provenance(struct text *text, const struct sut_kernel_options *options,
			   const struct sut_carry *carry, const struct sut_emit_patch *patch)
{
	const struct sut_target *kernel = &carry->vmlinux->target;
	char hex[2 * SUT_PATCH_BUILD_ID_MAX + 1];

	if (options->version)
		add_info(text, "version", options->version);
	add_info(text, "suture", SUT_VERSION);
	if (kernel->build_id_size)
		add_info(text, "kernel", sut_hex(hex, kernel->build_id, kernel->build_id_size));
	for (size_t i = 0; i < options->fix_count; i++)
		add_info(text, "fixes", options->fixes[i]);
	/* What somebody took upon himself. */
	for (size_t i = 0; i < options->allowed_count; i++)
		add_info(text, "allowed", options->allowed[i]);
	for (size_t i = 0; i < options->unit_count; i++)
		add_info(text, "unit", options->units[i]);
	add_note(text, options);
	if (!patch->path)
		return;
	add_info(text, "patch_sha256", patch->sha256);
	add(text,
	    "asm(\".pushsection .suture.patch, \\\"\\\", @progbits\\n\"\n"
	    "    \".incbin \\\"%s\\\"\\n\"\n"
	    "    \".popsection\");\n",
	    patch->path);
}

const char *sut_emit_source(struct sut_arena *arena, const struct sut_kernel_options *options,
			    const struct sut_carry *carry, const struct sut_emit_patch *patch)
{
	struct text text = {.arena = arena};

	add(&text, "/* Made by suture. */\n%s", includes);
	add_patch(&text, carry, options->replace);
	add_provenance(&text, options, carry, patch);
	add_module(&text, carry, options->release);
	return text.data;
}
