// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that nobody's writer makes: fields of a good file are changed, and the parser is called
 * behind the digest, which would notice any change.
 */
#include "elf/patch-format.h"
#include "elf/patch-sample.h"

#include "base/guard.h"
#include "base/tap.h"

#include <string.h>

struct file {
	struct sut_arena arena;
	unsigned char *data;
	size_t size;
	Elf64_Ehdr *ehdr;
	Elf64_Shdr *shdrs;
	Elf64_Sym *syms;
	const char *names;
};

static struct file file_new(void)
{
	struct file f = {0};
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_patch_write(&f.arena, sut_patch_sample(&f.arena), &f.data, &f.size, &diag),
		    SUT_OK);
	f.ehdr = (Elf64_Ehdr *)f.data;
	f.shdrs = (Elf64_Shdr *)(f.data + f.ehdr->e_shoff);
	f.names = (const char *)f.data + f.shdrs[f.ehdr->e_shstrndx].sh_offset;
	for (size_t i = 0; i < f.ehdr->e_shnum; i++)
		if (f.shdrs[i].sh_type == SHT_SYMTAB)
			f.syms = (Elf64_Sym *)(f.data + f.shdrs[i].sh_offset);
	return f;
}

static Elf64_Shdr *find(const struct file *f, const char *name)
{
	for (size_t i = 0; i < f->ehdr->e_shnum; i++)
		if (strcmp(f->names + f->shdrs[i].sh_name, name) == 0)
			return &f->shdrs[i];
	CHECK(!"the section exists");
	return f->shdrs;
}

static Elf64_Rela *rela(const struct file *f, const char *name)
{
	return (Elf64_Rela *)(f->data + find(f, name)->sh_offset);
}

static void check_refused(struct file *f, const char *message)
{
	struct sut_patch patch = {.name = "untouched"};
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_patch_parse(&f->arena, f->data, f->size, &patch, &diag), SUT_INVALID);
	CHECK_STRING(diag.rule, "format");
	CHECK_STRING(diag.entry[0], message);
	CHECK_STRING(patch.name, "untouched");
	sut_arena_deinit(&f->arena);
}

#define REFUSED(message, ...)                                                                      \
	do {                                                                                       \
		struct file f = file_new();                                                        \
		__VA_ARGS__;                                                                       \
		check_refused(&f, message);                                                        \
	} while (0)

static void other_machines_are_unsupported(void)
{
	struct file f = file_new();
	struct sut_patch patch;
	struct sut_diag diag = {0};

	f.ehdr->e_machine = EM_AARCH64;
	CHECK_EQUAL(sut_patch_parse(&f.arena, f.data, f.size, &patch, &diag), SUT_UNSUPPORTED);
	f.ehdr->e_machine = EM_X86_64;
	f.ehdr->e_ident[EI_CLASS] = ELFCLASS32;
	CHECK_EQUAL(sut_patch_parse(&f.arena, f.data, f.size, &patch, &diag), SUT_UNSUPPORTED);
	sut_arena_deinit(&f.arena);
}

static void headers_of_other_elf_files_are_refused(void)
{
	const char *message = "ELF header: not that of a relocatable object";

	REFUSED(message, f.ehdr->e_type = ET_DYN);
	REFUSED(message, f.ehdr->e_phnum = 1);
	REFUSED(message, f.ehdr->e_shentsize = 63);
	REFUSED(message, f.ehdr->e_entry = 1);
}

static void a_section_table_elsewhere_is_refused(void)
{
	const char *message = "ELF header: the section table is not at the end of the file";

	REFUSED(message, f.ehdr->e_shnum = 0);
	REFUSED(message, f.ehdr->e_shnum = 0xffff);
	REFUSED(message, f.ehdr->e_shoff = UINT64_MAX - 63);
	REFUSED(message, f.ehdr->e_shoff -= 8);
	REFUSED(message, f.ehdr->e_shstrndx = f.ehdr->e_shnum);
	REFUSED("section [0]: not empty", f.shdrs[0].sh_size = 0x10000);
}

static void sections_outside_or_on_top_of_each_other_are_refused(void)
{
	REFUSED("section [5]: its bytes are out of order, overlapping or not in the file",
		f.shdrs[5].sh_size = UINT64_MAX);
	REFUSED("section [5]: its bytes are out of order, overlapping or not in the file",
		f.shdrs[5].sh_offset = UINT64_MAX - 7);
	REFUSED("section [6]: its bytes are out of order, overlapping or not in the file",
		f.shdrs[5].sh_size++);
	REFUSED("section [5]: its bytes are out of order, overlapping or not in the file",
		f.shdrs[5].sh_offset = 0);
	REFUSED("ELF header: the section table overlaps a section",
		f.shdrs[f.ehdr->e_shnum - 1].sh_size += 8);
}

static void sections_the_format_does_not_have_are_refused(void)
{
	REFUSED("section [5]: .text.greet is none that the format has",
		f.shdrs[5].sh_type = SHT_INIT_ARRAY);
	REFUSED("section [5]: .text.greet is none that the format has",
		f.shdrs[5].sh_type = SHT_NOTE);
	REFUSED("section [5]: .text.greet is none that the format has",
		f.shdrs[5].sh_type = SHT_GROUP);
	REFUSED("section [5]: .text.greet has an address or a link", f.shdrs[5].sh_addr = 1);
	REFUSED("section [5]: .text.greet has an address or a link", f.shdrs[5].sh_link = 3);
}

static void missing_and_doubled_parts_are_refused(void)
{
	REFUSED("section [30]: a second .strtab", f.shdrs[5].sh_type = SHT_STRTAB);
	REFUSED("sections: .note.suture is missing", f.shdrs[2].sh_type = SHT_PROGBITS);
	REFUSED("section [2]: a second .note.suture.digest",
		f.shdrs[2].sh_name = f.shdrs[1].sh_name);
	REFUSED(".note.suture.digest: not in its place", f.shdrs[1].sh_size -= 4);
	REFUSED("section [30]: a second .symtab",
		find(&f, ".strtab")->sh_name = find(&f, ".symtab")->sh_name;
		f.shdrs[30].sh_type = SHT_SYMTAB);
}

static void names_outside_the_string_table_are_refused(void)
{
	REFUSED("section [5]: has no name", f.shdrs[5].sh_name = 0xffffffff);
	REFUSED("section [5]: has no name", f.shdrs[5].sh_name = 0);
	REFUSED("section [31]: has no name",
		f.data[f.shdrs[31].sh_offset + f.shdrs[31].sh_size - 1] = 'x');
	REFUSED("symbol 0: its name is not in the file", f.syms[1].st_name = 0xffffffff);
}

static void a_symbol_table_out_of_shape_is_refused(void)
{
	const char *message = "symbol table: not well-formed";

	REFUSED(message, find(&f, ".symtab")->sh_entsize = 0);
	REFUSED(message, find(&f, ".symtab")->sh_size -= 1);
	REFUSED(message, find(&f, ".symtab")->sh_size = 0);
	REFUSED(message, find(&f, ".symtab")->sh_link = 3);
	REFUSED(message, find(&f, ".symtab")->sh_info = 2);
	REFUSED(message, f.syms[0].st_value = 1);
}

static void symbols_nowhere_are_refused(void)
{
	REFUSED("symbol 0: greet is in no section of the patch", f.syms[1].st_shndx = 2);
	REFUSED("symbol 0: greet is in no section of the patch", f.syms[1].st_shndx = 100);
	REFUSED("symbol 0: greet is in no section of the patch", f.syms[1].st_shndx = SHN_ABS);
	REFUSED("symbol 0: greet is in no section of the patch", f.syms[1].st_shndx = SHN_COMMON);
	REFUSED("symbol 0: greet is not global",
		f.syms[1].st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC));
	REFUSED("symbol 0: greet is not global", f.syms[1].st_other = STV_HIDDEN);
}

static void target_symbols_have_livepatch_names(void)
{
	char *name;

	REFUSED("symbol 7: .klp.sym.greeter.greeted,x has no sympos",
		name = (char *)f.data + find(&f, ".strtab")->sh_offset + f.syms[8].st_name;
		name[strlen(name) - 1] = 'x');
	REFUSED("symbol 7: .klp.sym.wreeter.greeted,0 is not named as a symbol of greeter",
		name = (char *)f.data + find(&f, ".strtab")->sh_offset + f.syms[8].st_name;
		name[9] = 'w');
	REFUSED("symbol 7: .klp.sym.greeter.greeted0 is not named as a symbol of greeter",
		name = (char *)f.data + find(&f, ".strtab")->sh_offset + f.syms[8].st_name;
		strcpy(strchr(name, ','), "0"));
}

static void relocation_sections_out_of_shape_are_refused(void)
{
	const char *message = "section [18]: .rela.text.greet is not well-formed";

	REFUSED(message, f.shdrs[18].sh_link = 18); /* its own symbol table */
	REFUSED(message, f.shdrs[18].sh_info = 18); /* relocates itself */
	REFUSED(message, f.shdrs[18].sh_info = 0xffffffff);
	REFUSED(message, f.shdrs[18].sh_entsize = 0);
	REFUSED(message, f.shdrs[18].sh_size--);
	REFUSED(message, f.shdrs[18].sh_size = 0);
	REFUSED("section [18]: .rela.text.greet has not the name and flags of what it holds",
		f.shdrs[18].sh_flags |= SHF_ALLOC);
	REFUSED("section [18]: .rela.text.greet has not the name and flags of what it holds",
		f.shdrs[18].sh_info = 6);
}

static void relocations_in_the_wrong_section_are_refused(void)
{
	/* Symbol 8 is a target's, symbol 1 is not. */
	REFUSED("section [18]: .rela.text.greet mixes objects",
		rela(&f, ".rela.text.greet")[1].r_info = ELF64_R_INFO(8ul, R_X86_64_PC32));
	REFUSED("section [19]: .klp.rela.greeter.text.greet has not the name and flags of what it "
		"holds",
		rela(&f, ".klp.rela.greeter.text.greet")[0].r_info =
			ELF64_R_INFO(1ul, R_X86_64_PC32));
	REFUSED("section [18]: .rela.text.greet names no symbol",
		rela(&f, ".rela.text.greet")[1].r_info = ELF64_R_INFO(0ul, R_X86_64_PC32));
	REFUSED("section [18]: .rela.text.greet names no symbol",
		rela(&f, ".rela.text.greet")[1].r_info = ELF64_R_INFO(0xfffffffful, 2));
}

static void relocations_on_top_of_each_other_are_refused(void)
{
	/* One in each table: only the merged order shows it. */
	REFUSED("section .text.greet: relocations out of order or overlapping at 0xa",
		rela(&f, ".klp.rela.greeter.text.greet")[0].r_offset = 0xa);
}

static void notes_out_of_shape_are_refused(void)
{
	const char *message = ".note.suture: not well-formed";

	REFUSED(message, f.shdrs[2].sh_size = 16);
	REFUSED(message, ((Elf64_Nhdr *)(f.data + f.shdrs[2].sh_offset))->n_namesz = 8);
	REFUSED(message, ((Elf64_Nhdr *)(f.data + f.shdrs[2].sh_offset))->n_descsz = 0xffffffff);
	REFUSED(message, ((Elf64_Nhdr *)(f.data + f.shdrs[2].sh_offset))->n_descsz -= 4);
	REFUSED(message, ((Elf64_Nhdr *)(f.data + f.shdrs[2].sh_offset))->n_type = 2);
	REFUSED(message, f.data[f.shdrs[2].sh_offset + 12] = 'S');
}

/* f.shdrs[3] is the source patch. */
static void sources_out_of_shape_are_refused(void)
{
	const char *message = ".note.suture.source-patch: not well-formed";

	REFUSED(message, ((Elf64_Nhdr *)(f.data + f.shdrs[3].sh_offset))->n_type = 1);
	REFUSED(message, f.shdrs[3].sh_size = 16);
	REFUSED("section [4]: a second .note.suture.source-patch",
		f.shdrs[4].sh_name = f.shdrs[3].sh_name);
	REFUSED(".note.suture.source-patch: is not the text that fact \"source-patch-sha256\" "
		"names",
		f.data[f.shdrs[3].sh_offset + 40] ^= 1);
}

static const struct sut_tap_test tests[] = {
	{"other machines are unsupported", other_machines_are_unsupported},
	{"headers of other ELF files are refused", headers_of_other_elf_files_are_refused},
	{"a section table elsewhere is refused", a_section_table_elsewhere_is_refused},
	{"sections outside or on top of each other are refused",
	 sections_outside_or_on_top_of_each_other_are_refused},
	{"sections the format does not have are refused",
	 sections_the_format_does_not_have_are_refused},
	{"missing and doubled parts are refused", missing_and_doubled_parts_are_refused},
	{"names outside the string table are refused", names_outside_the_string_table_are_refused},
	{"a symbol table out of shape is refused", a_symbol_table_out_of_shape_is_refused},
	{"symbols nowhere are refused", symbols_nowhere_are_refused},
	{"target symbols have livepatch names", target_symbols_have_livepatch_names},
	{"relocation sections out of shape are refused",
	 relocation_sections_out_of_shape_are_refused},
	{"relocations in the wrong section are refused",
	 relocations_in_the_wrong_section_are_refused},
	{"relocations on top of each other are refused",
	 relocations_on_top_of_each_other_are_refused},
	{"notes out of shape are refused", notes_out_of_shape_are_refused},
	{"sources out of shape are refused", sources_out_of_shape_are_refused},
};

SUT_TAP_MAIN(tests)
