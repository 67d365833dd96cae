// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the x86-64 linker makes of a reference through the global offset table when the symbol
 * turns out to be near (System V ABI, AMD64 supplement, appendix B, and section 4.5 of ELF Handling
 * For Thread-Local Storage for the TLS models):
 *
 *   mov  x@GOT(%rip), %r   48 8b 05   lea  x(%rip), %r      48 8d 05
 *                                     mov  $x, %r           48 c7 c0
 *   op   x@GOT(%rip), %r   48 op 05   op   $x, %r           48 81 /op, test: 48 f7 /0
 *   call *x@GOT(%rip)      ff 15      call x with a prefix  67 e8, or e8 and a nop
 *   jmp  *x@GOT(%rip)      ff 25      jmp  x; nop           e9 .. 90
 *   mov  x@GOTTPOFF, %r    48 8b 05   mov  $offset, %r      48 c7 c0
 *   add  x@GOTTPOFF, %r    48 03 05   add  $offset, %r      48 81 c0, or lea: 48 8d 80
 *   general dynamic, 16 bytes         mov %fs:0, %rax; lea offset(%rax), %rax, or add from a slot
 *   local dynamic, 12 or 13 bytes     mov %fs:0, %rax
 *   lea x@TLSDESC, %r      48 8d 05   mov  $offset, %r      48 c7 c0, or from a slot: 48 8b 05
 *   call *(%rax)           ff 10      nop                   66 90
 */
#include "proof/match.h"

#include <elf.h>
#include <string.h>

struct relax {
	struct sut_match *match;
	struct sut_place place;
	const unsigned char *here, *there;
	size_t here_size, there_size;
	size_t at;        /* of the relocated field, in here */
	uint64_t address; /* of there */
};

static bool other(struct relax *relax)
{
	relax->match->reason = "it has other instructions";
	return false;
}

static int64_t word_at(const unsigned char *bytes)
{
	int32_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

enum { REX_B = 1, REX_R = 4 };

/*
 * The operand register of the original (reg field) is that of its replacement (r/m field), or both
 * of its replacement's, and nothing else in front of the opcode changed.
 */
static bool same_register(const struct relax *relax, bool both)
{
	unsigned int reg = relax->here[relax->at - 1] >> 3 & 7;
	unsigned char modrm = relax->there[relax->at - 1];
	size_t prefixes = relax->at > 2 ? relax->at - 3 : 0;

	if ((modrm & 7) != reg || (both && (modrm >> 3 & 7) != reg) ||
	    memcmp(relax->here, relax->there, prefixes) != 0)
		return false;
	if (relax->at <= 2)
		return true;
	unsigned char rex = relax->here[relax->at - 3];
	unsigned char moved = rex & REX_R ? REX_B : 0;

	return relax->there[relax->at - 3] == ((rex & ~(both ? REX_B : REX_R | REX_B)) | moved);
}

static bool to_immediate(struct relax *relax)
{
	unsigned char old = relax->here[relax->at - 2], new = relax->there[relax->at - 2];
	unsigned char modrm = relax->there[relax->at - 1];
	bool fits = false;

	if ((modrm & 0xc0) != 0xc0 || !same_register(relax, false))
		return false;
	if (old == 0x8b)
		fits = new == 0xc7 && !(modrm & 0x38);
	else if (old == 0x85)
		fits = new == 0xf7 && !(modrm & 0x38);
	else
		fits = new == 0x81 && (modrm & 0x38) == (old & 0x38);
	return fits &&
	       sut_match_bind(relax->match, &relax->place, word_at(relax->there + relax->at));
}

/* A load or an operation of the same length. */
static bool relax_load(struct relax *relax, struct sut_relaxed *relaxed)
{
	size_t at = relax->at;

	relaxed->here = relaxed->there = at + 4;
	if (at < 2 || relax->here_size < at + 4 || relax->there_size < at + 4)
		return other(relax);
	if (relax->here[at - 2] == 0x8b && relax->there[at - 2] == 0x8d &&
	    relax->here[at - 1] == relax->there[at - 1] &&
	    !memcmp(relax->here, relax->there, at - 2))
		return sut_match_bind(relax->match, &relax->place,
				      relax->address + at + 4 + word_at(relax->there + at));
	return to_immediate(relax) ? true : other(relax);
}

/* An indirect call or jump through the slot became a direct one. */
static bool relax_branch(struct relax *relax, enum sut_insn_kind kind, struct sut_relaxed *relaxed)
{
	struct sut_insn insn;

	if (!sut_insn_decode(relax->there, relax->there_size, relax->address, &insn) ||
	    insn.kind != kind)
		return other(relax);
	relaxed->here = relax->at + 4;
	relaxed->there = insn.length;
	return sut_match_bind(relax->match, &relax->place, insn.target);
}

static bool relax_tls_load(struct relax *relax, struct sut_relaxed *relaxed)
{
	size_t at = relax->at;

	relaxed->here = relaxed->there = at + 4;
	if (at < 3 || relax->here_size < at + 4 || relax->there_size < at + 4)
		return other(relax);
	unsigned char old = relax->here[at - 2], new = relax->there[at - 2];
	unsigned char modrm = relax->there[at - 1];
	bool mov = old == 0x8b && new == 0xc7 && (modrm & 0xf8) == 0xc0;
	bool add = old == 0x03 && new == 0x81 && (modrm & 0xf8) == 0xc0;
	bool lea = old == 0x03 && new == 0x8d && (modrm & 0xc0) == 0x80;

	if ((!mov && !add && !lea) || !same_register(relax, lea))
		return other(relax);
	return sut_match_bind(relax->match, &relax->place, word_at(relax->there + at));
}

static bool relax_general_dynamic(struct relax *relax, struct sut_relaxed *relaxed)
{
	static const unsigned char load[] = {0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0};

	*relaxed = (struct sut_relaxed){.here = 16, .there = 16, .relocs = 2};
	if (relax->here_size < 16 || relax->there_size < 16 ||
	    memcmp(relax->there, load, sizeof(load)) != 0)
		return other(relax);
	int64_t word = word_at(relax->there + 12);

	if (!memcmp(relax->there + 9, "\x48\x8d\x80", 3))
		return sut_match_bind(relax->match, &relax->place, word);
	if (!memcmp(relax->there + 9, "\x48\x03\x05", 3))
		return sut_match_slot(relax->match, &relax->place, relax->address + 16 + word,
				      R_X86_64_TPOFF64);
	return other(relax);
}

static bool relax_local_dynamic(struct relax *relax, struct sut_relaxed *relaxed)
{
	static const unsigned char load[] = {0x66, 0x66, 0x66, 0x64, 0x48, 0x8b,
					     0x04, 0x25, 0,    0,    0,    0};
	size_t extra;

	if (relax->here_size < 13 || relax->there_size < 13)
		return other(relax);
	/* Behind the lea of 7 bytes: a direct call, or one through a slot, a byte longer. */
	extra = relax->here[7] == 0xe8 ? 0 : 1;
	*relaxed = (struct sut_relaxed){.here = 12 + extra, .there = 12 + extra, .relocs = 2};
	if ((extra && relax->there[0] != 0x66) ||
	    memcmp(relax->there + extra, load, sizeof(load)) != 0)
		return other(relax);
	return true;
}

static bool relax_descriptor(struct relax *relax, struct sut_relaxed *relaxed)
{
	size_t at = relax->at;

	relaxed->here = relaxed->there = at + 4;
	if (at != 3 || relax->here_size < 7 || relax->there_size < 7)
		return other(relax);
	if (relax->there[1] == 0xc7 && (relax->there[2] & 0xf8) == 0xc0 &&
	    same_register(relax, false))
		return sut_match_bind(relax->match, &relax->place, word_at(relax->there + at));
	if (relax->there[0] == relax->here[0] && relax->there[1] == 0x8b &&
	    relax->there[2] == relax->here[2])
		return sut_match_slot(relax->match, &relax->place,
				      relax->address + at + 4 + word_at(relax->there + at),
				      R_X86_64_TPOFF64);
	return other(relax);
}

/* What became of the call looks like padding and was skipped. */
static bool relax_descriptor_call(struct relax *relax, struct sut_relaxed *relaxed)
{
	const unsigned char *nop = sut_target_bytes(relax->match->target, relax->address - 2, 2);

	relaxed->here = 2;
	relaxed->there = 0;
	return !relax->at && nop && !memcmp(nop, "\x66\x90", 2) ? true : other(relax);
}

bool sut_match_relaxed(struct sut_match *match, const struct sut_section *section,
		       const struct sut_reloc *reloc, const unsigned char *here, size_t here_size,
		       size_t at, const unsigned char *there, size_t there_size, uint64_t address,
		       struct sut_relaxed *relaxed)
{
	struct relax relax = {
		.match = match,
		.place = sut_object_place(match->object, section, reloc),
		.here = here,
		.there = there,
		.here_size = here_size,
		.there_size = there_size,
		.at = at,
		.address = address,
	};

	*relaxed = (struct sut_relaxed){.relocs = 1};
	switch (reloc->type) {
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
		if (reloc->insn == SUT_INSN_CALL_INDIRECT)
			return relax_branch(&relax, SUT_INSN_CALL, relaxed);
		if (reloc->insn == SUT_INSN_JUMP_INDIRECT)
			return relax_branch(&relax, SUT_INSN_JUMP, relaxed);
		return relax_load(&relax, relaxed);
	case R_X86_64_GOTTPOFF:
		return relax_tls_load(&relax, relaxed);
	case R_X86_64_TLSGD:
		return relax_general_dynamic(&relax, relaxed);
	case R_X86_64_TLSLD:
		return relax_local_dynamic(&relax, relaxed);
	case R_X86_64_GOTPC32_TLSDESC:
		return relax_descriptor(&relax, relaxed);
	case R_X86_64_TLSDESC_CALL:
		return relax_descriptor_call(&relax, relaxed);
	default:
		return other(&relax);
	}
}
