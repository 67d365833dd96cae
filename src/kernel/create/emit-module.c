// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module is compiled by the command of a unit of the kernel, so that all options agree, and
 * linked as kbuild links modules. Private symbols become livepatch's at the end.
 */
#include "kernel/create/emit.h"
#include "units/compile.h"
#include "units/jobs.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

struct making {
	struct sut_arena *arena;
	const struct sut_kernel_options *options;
	const struct sut_carry *carry;
	const char *scratch;
	struct sut_diag *diag;
};

static const char *scratch_path(const struct making *making, const char *name)
{
	return sut_arena_printf(making->arena, "%s/%s", making->scratch, name);
}

static enum sut_rc run(const struct making *making, const char *step, const char **argv)
{
	struct sut_job job = {
		.argv = argv,
		.directory = making->options->tree,
		.errors = scratch_path(making, "module.errors"),
	};
	enum sut_rc rc = sut_jobs_run(making->arena, &job, 1, 1, making->diag);

	if (rc || !job.status)
		return rc;
	return sut_fail(making->diag, SUT_BUG, "", "the livepatch module cannot be %s: %s", step,
			sut_job_errors(making->arena, &job));
}

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

/* The unit's command for another source, which is a module's. */
static enum sut_rc compile(const struct making *making, const char *source, const char *object)
{
	const struct sut_unit *unit = making->carry->parts[0].part->unit;
	const char *name = making->options->name;
	struct sut_compile compile;
	enum sut_rc rc = sut_compile_read(making->arena, unit->directory, unit->argc, unit->argv,
					  &compile, making->diag);

	if (rc)
		return rc;
	const char **argv = sut_arena_array(making->arena, compile.argc + 8, sizeof(*argv));
	size_t count = 0, at = 0;

	for (size_t i = 0; i < compile.argc; i++) {
		if (starts_with(compile.argv[i], "-DKBUILD_") ||
		    starts_with(compile.argv[i], "-D__KBUILD_") ||
		    !strcmp(compile.argv[i], "-DMODULE"))
			continue;
		if (i == compile.sources[0].index)
			at = count;
		argv[count++] = i == compile.sources[0].index ? source : compile.argv[i];
	}
	argv[count++] = "-g0";
	argv[count++] = "-DMODULE";
	argv[count++] = sut_arena_printf(making->arena, "-DKBUILD_MODNAME=\"%s\"", name);
	argv[count++] = sut_arena_printf(making->arena, "-DKBUILD_BASENAME=\"%s\"", name);
	argv[count++] = sut_arena_printf(making->arena, "-DKBUILD_MODFILE=\"%s\"", name);
	argv[count++] = sut_arena_printf(making->arena, "-D__KBUILD_MODNAME=kmod_%s", name);
	compile.argc = count;
	compile.argv = argv;
	compile.sources[0].index = at;
	return run(making, "compiled",
		   sut_compile_command(making->arena, &compile, 0, SUT_COMPILE_PLAIN, object,
				       NULL));
}

/* What the kernel's own objects go through, as for a module. */
static enum sut_rc check_object(const struct making *making, const char *object)
{
	const char *const *objtool = making->carry->parts[0].part->objtool;
	const char **argv;
	size_t count = 0;
	bool module = false;

	if (!objtool)
		return SUT_OK;
	for (; objtool[count]; count++)
		module |= !strcmp(objtool[count], "--module");
	argv = sut_arena_array(making->arena, count + 3, sizeof(*argv));
	memcpy(argv, objtool, count * sizeof(*argv));
	if (!module)
		argv[count++] = "--module";
	argv[count++] = object;
	return run(making, "checked by objtool", argv);
}

/* The linker script of modules: where kbuild makes it, or where Debian's packages have it. */
static const char *module_script(const struct making *making)
{
	const char *tree = making->options->tree;
	const char *script = sut_arena_printf(making->arena, "%s/scripts/module.lds", tree);

	return access(script, R_OK) == 0
		       ? script
		       : sut_arena_printf(making->arena, "%s/arch/x86/module.lds", tree);
}

static enum sut_rc link_objects(const struct making *making, const char *code, const char *own,
				const char *module)
{
	const char *argv[] = {
		"ld",
		"-m",
		"elf_x86_64",
		"-z",
		"noexecstack",
		"-r",
		"--build-id=sha1",
		"-T",
		module_script(making),
		"-o",
		module,
		own,
		code,
		NULL,
	};

	return run(making, "linked", argv);
}

/* What the C file itself needs and vmlinux does not export, where it needs it. */
static enum sut_rc bind_own(const struct making *making, const struct sut_ko *ko,
			    struct sut_klp_relink *relink, struct sut_klp_binding *bindings)
{
	static const char name[] = "text_poke_set";
	const struct sut_kernel_symbol *symbol;
	uint32_t index = sut_ko_find_symbol(ko, name), sympos = 0;

	if (index == SUT_KO_NONE || ko->symbols[index].st_shndx != SHN_UNDEF)
		return SUT_OK;
	symbol = sut_kernel_target_unique(making->carry->vmlinux, name);
	if (!symbol || !sut_kernel_sympos(symbol, &sympos))
		return sut_fail(making->diag, SUT_UNSUPPORTED, "symbol",
				"this kernel has no %s, without which a module that is patched "
				"could not be loaded again",
				name);
	bindings[relink->binding_count++] = (struct sut_klp_binding){
		.symbol = name,
		.object = SUT_KERNEL_VMLINUX,
		.sympos = sympos,
	};
	return SUT_OK;
}

static enum sut_rc relink(const struct making *making, const char *path, struct sut_bytes *module)
{
	size_t count;
	struct sut_klp_binding *bindings = sut_emit_bindings(making->arena, making->carry, &count);
	struct sut_klp_relink options = {.bindings = bindings,
					 .binding_count = count,
					 .late_text = true};
	struct sut_klp_relinked relinked;
	struct sut_ko ko;
	enum sut_rc rc = sut_ko_load(making->arena, path, &ko, making->diag);

	if (!rc)
		rc = bind_own(making, &ko, &options, bindings);
	if (!rc)
		rc = sut_klp_relink(making->arena, &ko, &options, &relinked, making->diag);
	if (!rc)
		*module = relinked.bytes;
	return rc;
}

/* A copy of the source patch, for its own path may be one that an assembler does not read. */
static enum sut_rc copy_patch(const struct making *making, struct sut_emit_patch *patch)
{
	unsigned char digest[SUT_SHA256_SIZE];
	char hex[2 * SUT_SHA256_SIZE + 1];
	struct sut_bytes text;
	enum sut_rc rc;

	*patch = (struct sut_emit_patch){NULL, NULL};
	if (!making->options->patch)
		return SUT_OK;
	rc = sut_file_read(making->arena, making->options->patch, SUT_PATCH_SOURCE_MAX, &text,
			   making->diag);
	if (rc)
		return rc;
	crypto_hash_sha256(digest, text.data, text.size);
	patch->path = scratch_path(making, "source.patch");
	patch->sha256 = sut_arena_strdup(making->arena, sut_hex(hex, digest, sizeof(digest)));
	return sut_file_write(patch->path, text.data, text.size, 0600, making->diag);
}

enum sut_rc sut_emit_module(struct sut_arena *arena, const struct sut_kernel_options *options,
			    const struct sut_carry *carry, const char *scratch,
			    struct sut_bytes *module, struct sut_diag *diag)
{
	struct making making = {
		.arena = arena,
		.options = options,
		.carry = carry,
		.scratch = scratch,
		.diag = diag,
	};
	const char *source = scratch_path(&making, "module.c");
	const char *own = scratch_path(&making, "module.o");
	const char *code = scratch_path(&making, "carried.o");
	const char *linked = scratch_path(&making, "module.ko");
	struct sut_bytes object = sut_emit_object(arena, carry);
	struct sut_emit_patch patch;
	enum sut_rc rc = copy_patch(&making, &patch);

	if (rc)
		return rc;
	const char *text = sut_emit_source(arena, options, carry, &patch);

	rc = sut_file_write(source, text, strlen(text), 0600, diag);
	if (!rc)
		rc = sut_file_write(code, object.data, object.size, 0600, diag);
	if (!rc)
		rc = compile(&making, source, own);
	if (!rc)
		rc = check_object(&making, own);
	if (!rc)
		rc = link_objects(&making, code, own, linked);
	return rc ? rc : relink(&making, linked, module);
}
