// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/image/sample.h"
#include "base/guard.h"

#include <stdlib.h>
#include <string.h>

/* ---- bytes, and an ELF file of sections ---- */

struct buffer {
	struct sut_arena *arena;
	size_t size, capacity;
	unsigned char *data;
};

static void put(struct buffer *buffer, const void *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		SUT_PUSH(buffer->arena, buffer->data, buffer->size, buffer->capacity) =
			((const unsigned char *)data)[i];
}

static void put_number(struct buffer *buffer, uint64_t value, size_t size)
{
	put(buffer, &value, size); /* little-endian, as all of it */
}

static void align(struct buffer *buffer, size_t to)
{
	while (buffer->size % to)
		put(buffer, "", 1);
}

struct section {
	const char *name;
	uint32_t type;
	uint64_t flags, address;
	struct buffer content;
	uint32_t link;
};

static struct sut_bytes link_elf(struct sut_arena *arena, uint16_t type,
				 const struct section *sections, size_t count)
{
	struct buffer file = {.arena = arena}, names = {.arena = arena};
	Elf64_Shdr *headers = sut_arena_array(arena, count + 2, sizeof(*headers));
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = type,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(header),
		.e_shentsize = sizeof(*headers),
		.e_shnum = (uint16_t)(count + 2),
		.e_shstrndx = (uint16_t)(count + 1),
	};

	put(&file, &header, sizeof(header));
	put(&names, "", 1);
	for (size_t i = 0; i < count; i++) {
		align(&file, 16);
		headers[i + 1] = (Elf64_Shdr){
			.sh_name = (uint32_t)names.size,
			.sh_type = sections[i].type,
			.sh_flags = sections[i].flags,
			.sh_addr = sections[i].address,
			.sh_offset = file.size,
			.sh_size = sections[i].content.size,
			.sh_link = sections[i].link,
			.sh_entsize = sections[i].type == SHT_SYMTAB ? sizeof(Elf64_Sym) : 0,
		};
		put(&names, sections[i].name, strlen(sections[i].name) + 1);
		put(&file, sections[i].content.data, sections[i].content.size);
	}
	headers[count + 1] = (Elf64_Shdr){
		.sh_name = (uint32_t)names.size,
		.sh_type = SHT_STRTAB,
		.sh_offset = file.size,
	};
	put(&names, ".shstrtab", sizeof(".shstrtab"));
	headers[count + 1].sh_size = names.size;
	put(&file, names.data, names.size);
	align(&file, 16);
	header.e_shoff = file.size;
	put(&file, headers, (count + 2) * sizeof(*headers));
	memcpy(file.data, &header, sizeof(header));
	return (struct sut_bytes){file.data, file.size};
}

static struct buffer build_id_note(struct sut_arena *arena)
{
	struct buffer note = {.arena = arena};

	put_number(&note, 4, 4);
	put_number(&note, 20, 4);
	put_number(&note, NT_GNU_BUILD_ID, 4);
	put(&note, "GNU", 4);
	put(&note, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24", 20);
	return note;
}

/* ---- kallsyms ---- */

struct listed {
	uint64_t address;
	char text[32]; /* the type, and the name */
};

struct list {
	struct sut_arena *arena;
	size_t count, capacity;
	struct listed *symbols;
};

static void list_symbol(struct list *list, uint64_t address, const char *text)
{
	struct listed *symbol = &SUT_PUSH(list->arena, list->symbols, list->count, list->capacity);

	symbol->address = address;
	strncpy(symbol->text, text, sizeof(symbol->text) - 1);
}

static void list_symbols(struct list *list, bool percpu)
{
	static const char *const functions[] = {"tfirst", "tsame", "tsecond", "tsame"};

	if (percpu) {
		list_symbol(list, 0, "A__per_cpu_start");
		list_symbol(list, 0x40, "A__per_cpu_end");
	}
	list_symbol(list, SUT_SAMPLE_TEXT, "T_text");
	for (size_t i = 0; i < SUT_ARRAY_SIZE(functions); i++)
		list_symbol(list, SUT_SAMPLE_TEXT + 0x10 * (i + 1), functions[i]);
	for (unsigned int i = 0; i < 300; i++) {
		char text[32];

		snprintf(text, sizeof(text), "t%c%u", 'a' + i % 26, i);
		list_symbol(list, SUT_SAMPLE_TEXT + 0x50 + i, text);
	}
}

/* Every character is a token of its own; two unused codes are tokens of several. */
enum { TOKEN_T_SE = 1, TOKEN_LONG = 2 };

static const char *token_text(unsigned int code, char single[2])
{
	if (code == TOKEN_T_SE)
		return "tse";
	if (code == TOKEN_LONG)
		return "cond";
	single[0] = code > ' ' && code < 0x7f ? (char)code : '\0';
	single[1] = '\0';
	return single;
}

static void put_tokens(struct buffer *data)
{
	uint16_t places[256];
	size_t start;
	char single[2];

	align(data, 8);
	start = data->size;
	for (unsigned int i = 0; i < 256; i++) {
		const char *text = token_text(i, single);

		places[i] = (uint16_t)(data->size - start);
		put(data, text, strlen(text) + 1);
	}
	align(data, 8);
	put(data, places, sizeof(places));
}

static void put_names(struct buffer *data, const struct list *list)
{
	uint32_t markers[4] = {0};
	size_t start;

	align(data, 8);
	put_number(data, list->count, 4);
	align(data, 8);
	start = data->size;
	for (size_t i = 0; i < list->count; i++) {
		const char *text = list->symbols[i].text;

		if (i % 256 == 0)
			markers[i / 256] = (uint32_t)(data->size - start);
		if (strcmp(text, "tsecond") == 0) {
			put(data, (const unsigned char[]){2, TOKEN_T_SE, TOKEN_LONG}, 3);
		} else {
			put_number(data, strlen(text), 1);
			put(data, text, strlen(text));
		}
	}
	align(data, 8);
	put(data, markers, (list->count + 255) / 256 * sizeof(*markers));
}

static void put_sequences(struct buffer *data, const struct list *list)
{
	align(data, 8);
	for (size_t i = 0; i < list->count; i++)
		put(data, (const unsigned char[]){0, (unsigned char)(i >> 8), (unsigned char)i}, 3);
}

static void put_offsets(struct buffer *data, const struct list *list, bool plain)
{
	align(data, 8);
	for (size_t i = 0; i < list->count; i++) {
		uint64_t address = list->symbols[i].address;

		if (plain)
			put_number(data, address - SUT_SAMPLE_TEXT, 4);
		else if (address < SUT_SAMPLE_TEXT)
			put_number(data, address, 4);
		else
			put_number(data, SUT_SAMPLE_TEXT - address - 1, 4);
	}
	align(data, 8);
	put_number(data, SUT_SAMPLE_TEXT, 8);
}

static struct buffer read_only_data(struct sut_arena *arena, enum sut_sample_layout layout)
{
	static const char weak[] =
		"Linux version 6.1.0-1-test (builder@host) (gcc 12, ld 2) # SMP\n";
	static const char banner[] = "Linux version 6.1.0-1-test (builder@host) (gcc-12 (Debian "
				     "12.2.0-14) 12.2.0, GNU ld 2.40) #1 SMP Debian 6.1.1-1 "
				     "(2026-01-01)\n";
	struct buffer data = {.arena = arena};
	struct list list = {.arena = arena};

	put(&data, weak, sizeof(weak));
	put(&data, banner, sizeof(banner));
	list_symbols(&list, layout != SUT_SAMPLE_6_15);
	if (layout <= SUT_SAMPLE_6_2)
		put_offsets(&data, &list, false);
	put_names(&data, &list);
	if (layout == SUT_SAMPLE_6_2)
		put_sequences(&data, &list);
	put_tokens(&data);
	if (layout >= SUT_SAMPLE_6_4) {
		put_offsets(&data, &list, layout == SUT_SAMPLE_6_15);
		put_sequences(&data, &list);
	}
	return data;
}

struct sut_bytes sut_sample_vmlinux(struct sut_arena *arena, enum sut_sample_layout layout)
{
	struct buffer text = {.arena = arena}, percpu = {.arena = arena};
	struct section sections[] = {
		{".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, SUT_SAMPLE_TEXT, text, 0},
		{".rodata", SHT_PROGBITS, SHF_ALLOC, SUT_SAMPLE_TEXT + 0x1000000,
		 read_only_data(arena, layout), 0},
		{".notes", SHT_NOTE, SHF_ALLOC, SUT_SAMPLE_TEXT + 0x1800000, build_id_note(arena),
		 0},
		{".data..percpu", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0, percpu, 0},
	};

	for (unsigned int i = 0; i < SUT_SAMPLE_TEXT_SIZE; i++)
		put_number(&sections[0].content, 0x90 + i % 16, 1);
	put_number(&sections[3].content, 0, 8);
	align(&sections[3].content, 0x40);
	return link_elf(arena, ET_EXEC, sections, SUT_ARRAY_SIZE(sections));
}

struct sut_bytes sut_sample_boot(struct sut_arena *arena, struct sut_bytes payload)
{
	enum { SECTORS = 1, HEADER = (SECTORS + 1) * 512, BEFORE = 32 };
	struct buffer file = {.arena = arena};
	unsigned char header[HEADER + BEFORE] = {[0x1f1] = SECTORS, [0x207] = 0x02, [0x206] = 0x0f};
	uint32_t offset = BEFORE, length = (uint32_t)payload.size;

	memcpy(header + 0x202, "HdrS", 4);
	memcpy(header + 0x248, &offset, sizeof(offset));
	memcpy(header + 0x24c, &length, sizeof(length));
	put(&file, header, sizeof(header));
	put(&file, payload.data, payload.size);
	return (struct sut_bytes){file.data, file.size};
}

/* ---- a module ---- */

enum {
	TEXT = 1,
	INIT,
	DATA,
	PERCPU,
	EXPORTS,
	MODINFO,
	NOTE,
	THIS,
	SYMTAB,
	STRTAB,
	SECTIONS = STRTAB
};

static void put_symbol(struct buffer *table, struct buffer *names, const char *name,
		       unsigned char info, uint16_t section, uint64_t value)
{
	Elf64_Sym symbol = {
		.st_name = (uint32_t)names->size,
		.st_info = info,
		.st_shndx = section,
		.st_value = value,
		.st_size = 0x10,
	};

	put(table, &symbol, sizeof(symbol));
	put(names, name, strlen(name) + 1);
}

static void put_symbols(struct buffer *table, struct buffer *names)
{
	const unsigned char local = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
	const unsigned char global = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);

	put(names, "", 1);
	put(table, &(const Elf64_Sym){0}, sizeof(Elf64_Sym));
	put_symbol(table, names, "one.c", ELF64_ST_INFO(STB_LOCAL, STT_FILE), SHN_ABS, 0);
	put_symbol(table, names, "setup", local, INIT, 0);
	put_symbol(table, names, "helper", local, TEXT, 0);
	put_symbol(table, names, "two.c", ELF64_ST_INFO(STB_LOCAL, STT_FILE), SHN_ABS, 0);
	put_symbol(table, names, "helper", local, TEXT, 0x10);
	put_symbol(table, names, "setup", local, TEXT, 0x20);
	put_symbol(table, names, "counter", ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), PERCPU, 0);
	put_symbol(table, names, "value", ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), DATA, 0);
	put_symbol(table, names, "__ksymtab_offered", ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), EXPORTS,
		   0);
	put_symbol(table, names, "offered", global, TEXT, 0x30);
	put_symbol(table, names, "weak", ELF64_ST_INFO(STB_WEAK, STT_FUNC), TEXT, 0x40);
	put_symbol(table, names, "printk", ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SHN_UNDEF, 0);
}

struct sut_bytes sut_sample_module(struct sut_arena *arena)
{
	static const char info[] = "license=GPL\0depends=other,third-one\0name=sample_module\0"
				   "vermagic=6.1.0-1-test SMP mod_unload \0intree=Y";
	const struct buffer empty = {.arena = arena};
	struct section sections[SECTIONS] = {
		[TEXT - 1] = {".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0, empty, 0},
		[INIT - 1] = {".init.text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0, empty, 0},
		[DATA - 1] = {".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0, empty, 0},
		[PERCPU - 1] = {".data..percpu", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0, empty, 0},
		[EXPORTS - 1] = {"__ksymtab", SHT_PROGBITS, SHF_ALLOC, 0, empty, 0},
		[MODINFO - 1] = {".modinfo", SHT_PROGBITS, SHF_ALLOC, 0, empty, 0},
		[NOTE - 1] = {".note.gnu.build-id", SHT_NOTE, SHF_ALLOC, 0, build_id_note(arena),
			      0},
		[THIS - 1] = {".gnu.linkonce.this_module", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0,
			      empty, 0},
		[SYMTAB - 1] = {".symtab", SHT_SYMTAB, 0, 0, empty, STRTAB},
		[STRTAB - 1] = {".strtab", SHT_STRTAB, 0, 0, empty, 0},
	};

	for (unsigned int i = TEXT; i <= EXPORTS; i++)
		for (unsigned int k = 0; k < 10; k++)
			put_number(&sections[i - 1].content, k, 8);
	put(&sections[MODINFO - 1].content, info, sizeof(info));
	put_number(&sections[THIS - 1].content, 0, 8);
	put_symbols(&sections[SYMTAB - 1].content, &sections[STRTAB - 1].content);
	return link_elf(arena, ET_REL, sections, SECTIONS);
}
