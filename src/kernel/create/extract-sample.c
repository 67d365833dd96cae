// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/create/extract-sample.h"
#include "base/tap.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static const char symvers[] = "0x11111111\t__fentry__\tvmlinux\tEXPORT_SYMBOL\t\n"
			      "0x22222222\texported\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
			      "0x33333333\texported_key\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
			      "0x44444444\toffered\tdrivers/other\tEXPORT_SYMBOL_GPL\t\n";

static void stop_on(enum sut_rc rc, const struct sut_diag *diag)
{
	if (rc == SUT_OK)
		return;
	printf("Bail out! %s\n", diag->entry[0]);
	exit(1);
}

/* The letter of nm(1). */
static char symbol_letter(const struct sut_target_symbol *symbol)
{
	char letter = symbol->type == STT_FUNC ? 'T' : 'D';

	return symbol->local ? letter - 'A' + 'a' : letter;
}

/* The file's symbol table stands for kallsyms. */
static void read_symbols(struct sut_carry_sample *sample, const char *path, struct sut_bytes bytes)
{
	struct sut_arena *arena = &sample->test.arena;
	struct sut_kernel_symbols *symbols = &sample->symbols;
	struct sut_target file;

	stop_on(sut_target_parse(arena, path, bytes, &file, &sample->test.diag),
		&sample->test.diag);
	symbols->list = sut_arena_array(arena, file.symbol_count, sizeof(*symbols->list));
	for (size_t i = 0; i < file.symbol_count; i++) {
		const struct sut_target_symbol *symbol = &file.symbols[i];

		if (symbol->type == STT_FUNC || symbol->type == STT_OBJECT)
			symbols->list[symbols->count++] = (struct sut_kernel_symbol){
				.name = symbol->name,
				.address = symbol->address,
				.size = symbol->size,
				.local = symbol->local,
				.type = symbol_letter(symbol),
			};
	}
	sut_kernel_symbols_index(arena, symbols);
}

/* A linked file, read as vmlinux is. */
static void open_kernel(struct sut_carry_sample *sample, const char *path)
{
	struct sut_arena *arena = &sample->test.arena;
	struct sut_diag *diag = &sample->test.diag;
	struct sut_bytes bytes;

	stop_on(sut_file_read(arena, path, SUT_OBJECT_SIZE_MAX, &bytes, diag), diag);
	stop_on(sut_kernel_elf_parse(arena, path, bytes, &sample->image.elf, diag), diag);
	read_symbols(sample, path, bytes);
	sut_kernel_target_vmlinux(arena, &sample->image, &sample->symbols, &sample->target);
}

void sut_carry_sample_init(struct sut_carry_sample *sample, const char *other, const char *before,
			   const char *after)
{
	struct sut_arena *arena = &sample->test.arena;
	struct sut_diag *diag = &sample->test.diag;
	const char *rest =
		sut_arena_printf(arena,
				 "void __fentry__(void) { }\n"
				 "long exported_key; int exported(int x) { return x; }\n%s",
				 other ? other : "");

	sut_testunit_init(&sample->test, SUT_CARRY_FLAGS, before, after);
	stop_on(sut_object_load(arena, sample->test.unit.before, &sample->before, diag), diag);
	stop_on(sut_object_load(arena, sample->test.unit.after, &sample->after, diag), diag);
	sut_diff_kernel(arena, &sample->before, &sample->after, &sample->diff);
	open_kernel(sample,
		    sut_testunit_link(&sample->test,
				      "-nostdlib -static -no-pie -Wl,-e0 -Wl,-Ttext-segment="
				      "0xffffffff81000000",
				      rest));
	stop_on(sut_symvers_parse(arena, "symvers",
				  (struct sut_bytes){(const unsigned char *)symvers,
						     sizeof(symvers) - 1},
				  &sample->symvers, diag),
		diag);
	sample->kernel.arena = arena;
	sample->part = (struct sut_kernel_part){
		.unit = &sample->test.unit,
		.object = SUT_KERNEL_VMLINUX,
		.before = &sample->before,
		.after = &sample->after,
		.diff = &sample->diff,
	};
	sample->proven =
		(struct sut_kernel_proven){.part = &sample->part, .target = &sample->target};
	sut_kernel_prove(arena, &sample->before, &sample->target, &sample->proven.proof);
}

void sut_carry_sample_run(struct sut_carry_sample *sample, const char *object)
{
	sample->part.object = object;
	sample->target.object = object;
	sample->carry = (struct sut_carry){
		.arena = &sample->test.arena,
		.verdict = &sample->test.verdict,
		.symvers = &sample->symvers,
		.vmlinux = &sample->target,
		.kernel = &sample->kernel,
		.part_count = 1,
		.parts = &sample->proven,
	};
	sut_carry_run(&sample->carry);
}

void sut_carry_sample_deinit(struct sut_carry_sample *sample)
{
	sut_testunit_deinit(&sample->test);
}

const struct sut_carry_symbol *sut_carry_sample_symbol(const struct sut_carry_sample *sample,
						       enum sut_carry_source source,
						       const char *name)
{
	for (size_t i = 0; i < sample->carry.symbol_count; i++) {
		const struct sut_carry_symbol *symbol = &sample->carry.symbols[i];

		if (symbol->source == source &&
		    !strcmp(source == SUT_CARRY_PRIVATE ? symbol->real : symbol->name, name))
			return symbol;
	}
	return NULL;
}

const struct sut_carry_section *sut_carry_sample_section(const struct sut_carry_sample *sample,
							 const char *name)
{
	for (size_t i = 0; i < sample->carry.section_count; i++)
		if (!strcmp(sample->carry.sections[i].name, name))
			return &sample->carry.sections[i];
	return NULL;
}
