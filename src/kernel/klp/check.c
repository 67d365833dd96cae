// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/klp/check.h"
#include "kernel/klp/relink.h"

#include <inttypes.h>
#include <string.h>

struct check {
	const struct sut_ko *ko;
	const struct sut_klp_patch *patch;
	struct sut_klp_kernel *kernel;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
};

/* ---- the module as such ---- */

/* The kernel's own list, license_is_gpl_compatible(). */
static bool is_gpl(const char *license)
{
	static const char *const known[] = {
		"GPL",          "GPL v2",       "GPL and additional rights",
		"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(license, known[i]))
			return true;
	return false;
}

/* What the kernel compares a module's vermagic with, or NULL. */
static const char *vermagic_of(const struct sut_klp_kernel *kernel)
{
	size_t count;
	const uint32_t *found = sut_kernel_symbols_find(&kernel->symbols, "vermagic", &count);
	const struct sut_kernel_symbol *symbol;
	const unsigned char *text;

	if (count != 1)
		return NULL;
	symbol = &kernel->symbols.list[*found];
	text = sut_kernel_elf_bytes(&kernel->image.elf, symbol->address, symbol->size);
	return text && memchr(text, '\0', symbol->size) ? (const char *)text : NULL;
}

static void check_vermagic(const struct check *c)
{
	const char *theirs = vermagic_of(c->kernel), *ours = sut_ko_info(c->ko, "vermagic", NULL);
	const char *release = c->kernel->image.release;
	size_t length = ours ? strcspn(ours, " ") : 0;
	bool same = theirs ? ours && !strcmp(ours, theirs)
			   : ours && strlen(release) == length && !strncmp(ours, release, length);

	if (!same)
		sut_refuse(c->verdict, "klp-vermagic", "",
			   "it was built for \"%s\", and the kernel is \"%s\"; build it with that "
			   "kernel's headers",
			   ours ? ours : "nothing", theirs ? theirs : release);
}

static void check_module(const struct check *c)
{
	const char *license = sut_ko_info(c->ko, "license", NULL);
	size_t count;

	if (!c->patch->livepatch)
		sut_refuse(c->verdict, "klp-modinfo", "",
			   "it is not marked as a livepatch; add MODULE_INFO(livepatch, \"Y\")");
	if (!license || !is_gpl(license))
		sut_refuse(c->verdict, "klp-license", "",
			   "its license is \"%s\"; livepatches need what only GPL modules may use",
			   license ? license : "");
	sut_kernel_symbols_find(&c->kernel->symbols, "klp_enable_patch", &count);
	if (!count)
		sut_refuse(c->verdict, "klp-kernel", "",
			   "the kernel was built without livepatching");
	check_vermagic(c);
}

/* ---- ordinary symbols ---- */

static void check_versions(const struct check *c)
{
	const char *name;
	size_t position = 0;
	uint32_t crc;

	while ((name = sut_ko_version(c->ko, &position, &crc))) {
		const struct sut_symver *symver = sut_symvers_find(&c->kernel->symvers, name);

		if (symver && symver->crc != crc)
			sut_refuse(c->verdict, "klp-crc", "",
				   "%s has the version 0x%08" PRIx32 " in it and 0x%08" PRIx32
				   " in the kernel; build it with that kernel's headers",
				   name, crc, symver->crc);
	}
}

static void check_undefined(const struct check *c)
{
	for (size_t i = 1; i < c->ko->symbol_count; i++) {
		const char *name = sut_ko_symbol_name(c->ko, i);

		if (c->ko->symbols[i].st_shndx == SHN_UNDEF &&
		    ELF64_ST_BIND(c->ko->symbols[i].st_info) == STB_GLOBAL &&
		    !sut_klp_is_ordinary(c->ko, c->kernel, name))
			sut_refuse(c->verdict, "klp-symbol", "",
				   "%s is exported by nobody; bind it with `suture convert`", name);
	}
}

/* ---- symbols and functions of objects ---- */

/* What the kernel finds for a name; NULL after having said why it is refused, or not known. */
static enum sut_rc look_up(const struct check *c, const char *object, const char *name,
			   uint64_t sympos, const struct sut_kernel_symbol **symbol)
{
	const struct sut_kernel_symbols *symbols;
	const uint32_t *found;
	size_t count;
	enum sut_rc rc = sut_klp_kernel_symbols(c->kernel, object, &symbols, c->diag);

	*symbol = NULL;
	if (rc)
		return rc;
	if (!symbols) {
		sut_warn(c->verdict, "klp-unknown", "",
			 "%s of %s is not looked up: there is no file of that module; name the "
			 "folder of the kernel's modules",
			 name, object);
		return SUT_OK;
	}
	found = sut_kernel_symbols_find(symbols, name, &count);
	if (!count)
		sut_refuse(c->verdict, "klp-symbol", "", "%s has no symbol %s", object, name);
	else if (!sympos && count > 1)
		sut_refuse(c->verdict, "klp-sympos", "",
			   "%s has %zu symbols called %s; say which of them is meant", object,
			   count, name);
	else if (sympos > count)
		sut_refuse(c->verdict, "klp-sympos", "",
			   "%s has %zu symbols called %s, and number %" PRIu64 " is meant", object,
			   count, name, sympos);
	else
		*symbol = &symbols->list[found[sympos ? sympos - 1 : 0]];
	return SUT_OK;
}

static bool is_patched(const struct check *c, const char *object)
{
	for (size_t i = 0; i < c->patch->object_count; i++)
		if (!strcmp(c->patch->objects[i].name, object))
			return true;
	return !c->patch->readable;
}

/* A copy that the compiler has made for some callers: its parameters are not those of the source.
 */
static bool is_clone(const char *name)
{
	static const char *const marks[] = {".constprop.", ".isra.", ".part.", ".cold"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(name, marks[i]))
			return true;
	return false;
}

static enum sut_rc check_symbol(const struct check *c, const struct sut_klp_symbol *symbol)
{
	const struct sut_kernel_symbol *found;
	bool vmlinux = !strcmp(symbol->object, SUT_KLP_VMLINUX);

	if (vmlinux && symbol->with)
		sut_refuse(c->verdict, "klp-object", "",
			   "%s is vmlinux's, and would be bound when %s arrives; bind it together "
			   "with vmlinux",
			   symbol->name, symbol->with);
	if (!vmlinux && symbol->early)
		sut_warn(c->verdict, "klp-early", "",
			 "%s is bound at once: %s must be loaded before it, and stay as long as it",
			 symbol->name, symbol->object);
	if (symbol->with && !is_patched(c, symbol->with))
		sut_refuse(c->verdict, "klp-never", "",
			   "%s is bound when %s arrives, which the livepatch does not patch: "
			   "nobody would do it; patch something in that module, or bind it at once",
			   symbol->name, symbol->with);
	if (is_clone(symbol->name))
		sut_warn(c->verdict, "klp-clone", "",
			 "%s of %s is a copy that the compiler made; look at its code for what it "
			 "takes and returns",
			 symbol->name, symbol->object);
	if (symbol->late_texts && !sut_klp_clears(c->ko, c->kernel))
		sut_warn(c->verdict, "klp-late-text", "",
			 "code refers to %s of %s: once unloaded, %s cannot be loaded again; see "
			 "suture/reload.h",
			 symbol->name, symbol->object, symbol->with);
	return look_up(c, symbol->object, symbol->name, symbol->sympos, &found);
}

/* Code that the kernel has freed. */
static bool is_init(const struct check *c, const struct sut_kernel_module *module,
		    const struct sut_kernel_symbol *symbol)
{
	size_t starts, ends;
	const uint32_t *start, *end;

	if (module)
		return !strncmp(module->elf.sections[symbol->section].name, ".init", 5);
	start = sut_kernel_symbols_find(&c->kernel->symbols, "_sinittext", &starts);
	end = sut_kernel_symbols_find(&c->kernel->symbols, "_einittext", &ends);
	return starts && ends && symbol->address >= c->kernel->symbols.list[*start].address &&
	       symbol->address < c->kernel->symbols.list[*end].address;
}

static enum sut_rc check_func(const struct check *c, const struct sut_klp_object *object,
			      const struct sut_klp_func *func)
{
	const struct sut_kernel_module *module = NULL;
	const struct sut_kernel_symbol *symbol;
	bool known;
	enum sut_rc rc = look_up(c, object->name, func->name, func->sympos, &symbol);

	if (rc == SUT_OK && strcmp(object->name, SUT_KLP_VMLINUX))
		rc = sut_klp_kernel_module(c->kernel, object->name, &module, c->diag);
	if (rc || !symbol)
		return rc;
	if (symbol->type != 't' && symbol->type != 'T' && symbol->type != 'w' &&
	    symbol->type != 'W')
		sut_refuse(c->verdict, "klp-func", "", "%s of %s is no function", func->name,
			   object->name);
	else if (is_init(c, module, symbol))
		sut_refuse(c->verdict, "klp-func", "", "%s of %s has run and is gone: it is __init",
			   func->name, object->name);
	else if (!sut_klp_kernel_traced(c->kernel, module, symbol, &known) && known)
		sut_refuse(c->verdict, "klp-func", "",
			   "%s of %s has no entry for ftrace: it is marked notrace, or assembler; "
			   "replace the functions that call it",
			   func->name, object->name);
	return SUT_OK;
}

/* sysfs has a folder for each function and object, so the second of a name is refused. */
static void check_twice(const struct check *c, const struct sut_klp_object *object, size_t i)
{
	const struct sut_klp_func *func = &object->funcs[i];

	for (size_t k = 0; k < i; k++) {
		const struct sut_klp_func *other = &object->funcs[k];
		uint64_t a = func->sympos ? func->sympos : 1;
		uint64_t b = other->sympos ? other->sympos : 1;

		if (a == b && !strcmp(func->name, other->name))
			sut_refuse(c->verdict, "klp-twice", "", "it replaces %s of %s twice",
				   func->name, object->name);
	}
}

static enum sut_rc check_objects(const struct check *c)
{
	enum sut_rc rc = SUT_OK;

	if (c->patch->livepatch && !c->patch->readable)
		sut_warn(c->verdict, "klp-unreadable", "",
			 "what it patches is not in its data, or only once it runs");
	for (size_t i = 0; i < c->patch->object_count; i++) {
		const struct sut_klp_object *object = &c->patch->objects[i];

		for (size_t k = 0; k < i; k++)
			if (!strcmp(c->patch->objects[k].name, object->name))
				sut_refuse(c->verdict, "klp-twice", "", "it has two entries for %s",
					   object->name);
		for (size_t k = 0; k < object->func_count && rc == SUT_OK; k++) {
			check_twice(c, object, k);
			rc = check_func(c, object, &object->funcs[k]);
		}
	}
	return rc;
}

enum sut_rc sut_klp_check(const struct sut_ko *ko, const struct sut_klp_patch *patch,
			  struct sut_klp_kernel *kernel, struct sut_verdict *verdict,
			  struct sut_diag *diag)
{
	const struct check c = {ko, patch, kernel, verdict, diag};
	enum sut_rc rc;

	check_module(&c);
	check_versions(&c);
	check_undefined(&c);
	rc = check_objects(&c);
	for (size_t i = 0; i < patch->symbol_count && rc == SUT_OK; i++)
		rc = check_symbol(&c, &patch->symbols[i]);
	return rc;
}
