// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moved heads are run: each case is a small function in a mapping of its own, its head is moved to
 * another page of the mapping, and both must give the same answers. The head is entered with the
 * original's first bytes overwritten by traps, as a hook would overwrite them.
 */
#include "insn/insn.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/tap.h"

#include <gelf.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, COPY = 2 * PAGE, DATA = 3 * PAGE, MAPPING = 4 * PAGE };

/* The code sees its own page, a page for the copy, and a page of data at +DATA. */
static unsigned char *mapping_new(const void *code, size_t size)
{
	unsigned char *page = mmap(NULL, MAPPING, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		perror("mmap");
		_exit(1);
	}
	memset(page, 0xcc, DATA);
	memcpy(page, code, size);
	*(uint64_t *)(page + DATA) = 0x1122334455667788;
	return page;
}

static uint64_t run(const unsigned char *code, uint64_t argument)
{
	uint64_t (*function)(uint64_t);

	memcpy(&function, &code, sizeof(function));
	return function(argument);
}

static void check_moved(const void *code, size_t size, unsigned int consumed)
{
	static const uint64_t arguments[] = {0, 1, 2, 7, 1000, UINT64_MAX};
	uint64_t expected[SUT_ARRAY_SIZE(arguments)];
	unsigned char *page = mapping_new(code, size);
	struct sut_insn_head head = {0};
	struct sut_diag diag = {0};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(arguments); i++)
		expected[i] = run(page, arguments[i]);
	CHECK_EQUAL(sut_insn_move_head(page, size, (uintptr_t)page, (uintptr_t)page + COPY + 3, 5,
				       &head, &diag),
		    SUT_OK);
	CHECK_STRING(diag.entry[0], "");
	CHECK_EQUAL(head.consumed, consumed);
	memcpy(page + COPY + 3, head.code, head.size);
	memset(page, 0xcc, head.consumed);
	for (size_t i = 0; i < SUT_ARRAY_SIZE(arguments) && head.size; i++)
		CHECK_EQUAL(run(page + COPY + 3, arguments[i]), expected[i]);
	munmap(page, MAPPING);
}

#define CHECK_MOVED(consumed, ...)                                                                 \
	do {                                                                                       \
		static const unsigned char code_[] = {__VA_ARGS__};                                \
		check_moved(code_, sizeof(code_), consumed);                                       \
	} while (0)

static void plain_instructions_run_as_before(void)
{
	/* push %rbp; mov %rsp,%rbp; push %rbx; lea 5(%rdi),%rax; pop %rbx; pop %rbp; ret */
	CHECK_MOVED(5, 0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x8d, 0x47, 5, 0x5b, 0x5d, 0xc3);
}

static void pushes_alone_run_as_before(void)
{
	/* push %r15 ... push %r12; mov %rdi,%rax; pops; ret */
	CHECK_MOVED(6, 0x41, 0x57, 0x41, 0x56, 0x41, 0x55, 0x41, 0x54, 0x48, 0x89, 0xf8, 0x41, 0x5c,
		    0x41, 0x5d, 0x41, 0x5e, 0x41, 0x5f, 0xc3);
}

static void a_rip_relative_load_reads_the_same_data(void)
{
	/* mov DATA(%rip),%rax; add %rdi,%rax; ret */
	CHECK_MOVED(7, 0x48, 0x8b, 0x05, (DATA - 7) & 0xff, (DATA - 7) >> 8, 0, 0, 0x48, 0x01, 0xf8,
		    0xc3);
}

static void a_rip_relative_operand_before_an_immediate_reads_the_same_data(void)
{
	/* cmpl $0x55667788,DATA(%rip); sete %al; movzbl %al,%eax; ret */
	CHECK_MOVED(10, 0x81, 0x3d, (DATA - 10) & 0xff, (DATA - 10) >> 8, 0, 0, 0x88, 0x77, 0x66,
		    0x55, 0x0f, 0x94, 0xc0, 0x0f, 0xb6, 0xc0, 0xc3);
}

static void compare_and_short_branch_go_both_ways(void)
{
	/* cmp $7,%rdi; je 1f; mov $1,%eax; ret; 1: mov $2,%eax; ret */
	CHECK_MOVED(6, 0x48, 0x83, 0xff, 7, 0x74, 6, 0xb8, 1, 0, 0, 0, 0xc3, 0xb8, 2, 0, 0, 0,
		    0xc3);
}

static void a_near_branch_goes_both_ways(void)
{
	/* test %rdi,%rdi; jne 1f (rel32); xor %eax,%eax; ret; 1: mov %edi,%eax; ret */
	CHECK_MOVED(9, 0x48, 0x85, 0xff, 0x0f, 0x85, 3, 0, 0, 0, 0x31, 0xc0, 0xc3, 0x89, 0xf8,
		    0xc3);
}

static void several_short_branches_go_everywhere(void)
{
	/* dec %edi; js 1f; jz 2f; mov $3,%eax; ret; 1: mov $1,%eax; ret; 2: mov $2,%eax; ret */
	CHECK_MOVED(6, 0xff, 0xcf, 0x78, 8, 0x74, 12, 0xb8, 3, 0, 0, 0, 0xc3, 0xb8, 1, 0, 0, 0,
		    0xc3, 0xb8, 2, 0, 0, 0, 0xc3);
}

static void endbr64_moves_along(void)
{
	/* endbr64; lea 1(%rdi),%rax; ret */
	CHECK_MOVED(8, 0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x8d, 0x47, 1, 0xc3);
}

static void a_branch_to_the_first_unmoved_byte_works(void)
{
	/* test %rdi,%rdi; je 1f; 1: mov $9,%eax; ret */
	CHECK_MOVED(5, 0x48, 0x85, 0xff, 0x74, 0, 0xb8, 9, 0, 0, 0, 0xc3);
}

static void a_tail_jump_may_be_the_last_moved_instruction(void)
{
	/* mov %rdi,%rax; jmp 1f; int3; 1: ret */
	CHECK_MOVED(5, 0x48, 0x89, 0xf8, 0xeb, 1, 0xcc, 0xc3);
}

static void a_return_may_be_the_last_moved_instruction(void)
{
	/* lea 3(%rdi),%rax; ret */
	CHECK_MOVED(5, 0x48, 0x8d, 0x47, 3, 0xc3);
}

static void check_refused(const void *code, size_t size, const char *reason)
{
	struct sut_insn_head head = {.size = 77};
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_insn_move_head(code, size, 0x1000, 0x2000, 5, &head, &diag),
		    SUT_UNSUPPORTED);
	CHECK_STRING(diag.rule, "entry");
	CHECK(strstr(diag.entry[0], reason));
	CHECK_EQUAL(head.size, 77);
}

#define CHECK_REFUSED(reason, ...)                                                                 \
	do {                                                                                       \
		static const unsigned char code_[] = {__VA_ARGS__};                                \
		check_refused(code_, sizeof(code_), reason);                                       \
	} while (0)

static void calls_are_refused(void)
{
	CHECK_REFUSED("a call at +1", 0x50, 0xe8, 0, 0, 0, 0, 0x58, 0xc3);
	CHECK_REFUSED("a call at +0", 0xff, 0x15, 0, 0, 0, 0, 0xc3);
}

static void branches_without_a_long_form_are_refused(void)
{
	CHECK_REFUSED("a branch without a 32-bit form at +0", 0xe2, 10, 0x90, 0x90, 0x90, 0x90);
	CHECK_REFUSED("a branch without a 32-bit form at +0", 0xe3, 10, 0x90, 0x90, 0x90, 0x90);
	CHECK_REFUSED("a branch without a 32-bit form at +0", 0xc7, 0xf8, 9, 0, 0, 0, 0x90);
}

static void branches_into_the_moved_bytes_are_refused(void)
{
	CHECK_REFUSED("back into the moved bytes", 0x90, 0x90, 0x90, 0x75, 0xfc, 0xc3);
	CHECK_REFUSED("back into the moved bytes", 0x74, 1, 0x90, 0x90, 0x90, 0x90, 0xc3);
	CHECK_REFUSED("back into the moved bytes", 0x90, 0x90, 0x90, 0xeb, 0xfb);
}

static void functions_that_end_too_early_are_refused(void)
{
	CHECK_REFUSED("it ends too early", 0xc3, 0x90, 0x90, 0x90, 0x90, 0x90);
	CHECK_REFUSED("it ends too early", 0x90, 0x90, 0x90);
	CHECK_REFUSED("it runs off its end", 0x90, 0x90, 0x90, 0x90, 0x90);
}

static void traps_and_garbage_are_refused(void)
{
	CHECK_REFUSED("a trap instruction at +1", 0x90, 0x0f, 0x0b, 0x90, 0x90, 0x90);
	CHECK_REFUSED("an undecodable instruction at +1", 0x90, 0x06, 0x90, 0x90, 0x90, 0x90);
	CHECK_REFUSED("an undecodable instruction at +4", 0x90, 0x90, 0x90, 0x90, 0xe9, 0);
}

static void what_the_copy_cannot_reach_is_refused(void)
{
	static const unsigned char load[] = {0x48, 0x8b, 0x05, 0, 0, 0, 0, 0xc3};
	static const unsigned char branch[] = {0x90, 0x90, 0x90, 0x0f, 0x84, 0, 1, 0, 0, 0xc3};
	static const unsigned char plain[] = {0x90, 0x90, 0x90, 0x90, 0x90, 0xc3};
	const uint64_t far = 0x100000000;
	struct sut_insn_head head;
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_insn_move_head(load, sizeof(load), 0, far, 5, &head, &diag),
		    SUT_UNSUPPORTED);
	CHECK(strstr(diag.entry[0], "data out of reach"));
	CHECK_EQUAL(sut_insn_move_head(branch, sizeof(branch), 0, far, 5, &head, &diag),
		    SUT_UNSUPPORTED);
	CHECK(strstr(diag.entry[0], "a branch target out of reach"));
	CHECK_EQUAL(sut_insn_move_head(plain, sizeof(plain), 0, far, 5, &head, &diag),
		    SUT_UNSUPPORTED);
	CHECK(strstr(diag.entry[0], "the way back is out of reach"));
}

static void a_32_bit_address_is_refused(void)
{
	/* mov 0x10(%eip),%eax at an address that does not fit 32 bits */
	static const unsigned char code[] = {0x67, 0x8b, 0x05, 0x10, 0, 0, 0, 0xc3};
	struct sut_insn_head head;
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_insn_move_head(code, sizeof(code), 0x555500000000, 0x555500001000, 5, &head,
				       &diag),
		    SUT_UNSUPPORTED);
	CHECK(strstr(diag.entry[0], "a 32-bit address"));
}

/* What a reader of the copy would have to find: the same instructions with the same targets. */
static bool same_instructions(const unsigned char *code, size_t size, uint64_t from,
			      const struct sut_insn_head *head, uint64_t to)
{
	size_t at = 0, copy = 0;

	while (at < head->consumed) {
		struct sut_insn old, new;

		if (!sut_insn_decode(code + at, size - at, from + at, &old) ||
		    !sut_insn_decode(head->code + copy, head->size - copy, to + copy, &new))
			return false;
		if (old.kind != new.kind || old.memory != new.memory || old.target != new.target ||
		    old.condition != new.condition)
			return false;
		at += old.length;
		copy += new.length;
	}
	if (copy < head->size) {
		struct sut_insn back;

		if (!sut_insn_decode(head->code + copy, head->size - copy, to + copy, &back) ||
		    back.kind != SUT_INSN_JUMP || back.target != from + head->consumed)
			return false;
		copy += back.length;
	}
	return at == head->consumed && copy == head->size;
}

struct census {
	unsigned int functions, moved, padded, wrong;
};

static void move_one(struct census *census, const unsigned char *code, const GElf_Sym *symbol)
{
	const uint64_t from = symbol->st_value, to = from + 0x1000000;
	struct sut_insn_head head;
	struct sut_diag diag = {0};

	census->functions++;
	if (sut_insn_move_head(code, symbol->st_size, from, to, 2, &head, &diag) == SUT_OK) {
		census->padded++;
		census->wrong += !same_instructions(code, symbol->st_size, from, &head, to);
	}
	if (sut_insn_move_head(code, symbol->st_size, from, to, 5, &head, &diag) == SUT_OK) {
		census->moved++;
		census->wrong += !same_instructions(code, symbol->st_size, from, &head, to);
	}
}

/* Every function symbol of one table whose code lies in the file. */
static void move_table(struct census *census, Elf *elf, const struct sut_bytes *file, Elf_Scn *scn,
		       const GElf_Shdr *table)
{
	Elf_Data *symbols = elf_getdata(scn, NULL);

	for (size_t i = 0; i < table->sh_size / table->sh_entsize; i++) {
		GElf_Sym symbol;
		GElf_Shdr section;
		uint64_t offset;

		if (!gelf_getsym(symbols, (int)i, &symbol) ||
		    GELF_ST_TYPE(symbol.st_info) != STT_FUNC || !symbol.st_size ||
		    !gelf_getshdr(elf_getscn(elf, symbol.st_shndx), &section))
			continue;
		offset = symbol.st_value - section.sh_addr + section.sh_offset;
		if (offset + symbol.st_size <= file->size)
			move_one(census, file->data + offset, &symbol);
	}
}

static void move_file(const char *path)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct census census = {0};
	struct sut_diag diag = {0};
	struct sut_bytes file = {0};
	Elf_Scn *scn = NULL;
	Elf *elf;

	CHECK_EQUAL(sut_file_read(&arena, path, 1 << 28, &file, &diag), SUT_OK);
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)file.data, file.size);
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr shdr;

		if (gelf_getshdr(scn, &shdr) &&
		    (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM))
			move_table(&census, elf, &file, scn, &shdr);
	}
	elf_end(elf);
	printf("# %s: of %u functions, %u give 5 bytes and %u give 2\n", path, census.functions,
	       census.moved, census.padded);
	CHECK(census.functions > 0);
	CHECK_EQUAL(census.wrong, 0);
	CHECK(census.moved > census.functions * 3 / 4);
}

static int move_libc(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	if (!strstr(info->dlpi_name, "libc.so"))
		return 0;
	move_file(info->dlpi_name);
	return 1;
}

static void heads_of_whole_programs_keep_their_meaning(void)
{
	move_file("/proc/self/exe");
	CHECK(dl_iterate_phdr(move_libc, NULL));
}

static const struct sut_tap_test tests[] = {
	{"plain instructions run as before", plain_instructions_run_as_before},
	{"pushes alone run as before", pushes_alone_run_as_before},
	{"a rip-relative load reads the same data", a_rip_relative_load_reads_the_same_data},
	{"a rip-relative operand before an immediate reads the same data",
	 a_rip_relative_operand_before_an_immediate_reads_the_same_data},
	{"compare and short branch go both ways", compare_and_short_branch_go_both_ways},
	{"a near branch goes both ways", a_near_branch_goes_both_ways},
	{"several short branches go everywhere", several_short_branches_go_everywhere},
	{"endbr64 moves along", endbr64_moves_along},
	{"a branch to the first unmoved byte works", a_branch_to_the_first_unmoved_byte_works},
	{"a tail jump may be the last moved instruction",
	 a_tail_jump_may_be_the_last_moved_instruction},
	{"a return may be the last moved instruction", a_return_may_be_the_last_moved_instruction},
	{"calls are refused", calls_are_refused},
	{"branches without a long form are refused", branches_without_a_long_form_are_refused},
	{"branches into the moved bytes are refused", branches_into_the_moved_bytes_are_refused},
	{"functions that end too early are refused", functions_that_end_too_early_are_refused},
	{"traps and garbage are refused", traps_and_garbage_are_refused},
	{"what the copy cannot reach is refused", what_the_copy_cannot_reach_is_refused},
	{"a 32-bit address is refused", a_32_bit_address_is_refused},
	{"heads of whole programs keep their meaning", heads_of_whole_programs_keep_their_meaning},
};

SUT_TAP_MAIN(tests)
