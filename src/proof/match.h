/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One function of an object against code of a target: the same instructions, except for what a
 * linker may do. It puts addresses into relocated fields, replaces loads from the global offset
 * table by shorter ways, and the assembler chooses short or long jumps and the padding between
 * loops by what lies around.
 */
#ifndef SUT_PROOF_MATCH_H
#define SUT_PROOF_MATCH_H

#include "object/object.h"
#include "proof/target.h"

/* What a match tells about places in the target. */
struct sut_binding {
	enum sut_binding_kind {
		SUT_BINDING_SECTION,  /* the section begins at the address */
		SUT_BINDING_SYMBOL,   /* the undefined symbol has the address */
		SUT_BINDING_INTERIOR, /* a label in the function, delta behind its start, lies there
				       */
	} kind;
	uint32_t index; /* of the section, the symbol, the function's definition */
	int64_t delta;
	uint64_t address;
	bool fresh; /* for the caller: this binding was the first to tell */
};

/*
 * Which instruction of the object's function became which one of the target's. The target's padding
 * in front of an instruction has steps, too, of the same instruction.
 */
struct sut_match_steps {
	size_t count, capacity;
	struct sut_match_step {
		uint32_t here, there; /* offsets from the start of the function */
	} * steps;
};

struct sut_match {
	/* In. */
	struct sut_arena *arena;
	const struct sut_object *object;
	const struct sut_target *target;
	/* Out. */
	uint64_t size;      /* in the target */
	uint64_t offset;    /* of the first difference, in the object's definition */
	const char *reason; /* of the difference */
	size_t binding_count, binding_capacity;
	struct sut_binding *bindings; /* reset by each call */
	size_t elements;              /* strings and constants that were found to be equal */
	struct sut_match_steps steps; /* of the last function; the caller may keep it */
};

/* The reason for what a linker's way with this relocation is not known. */
extern const char sut_match_unknown[];

/* The function def lies at the address. Sets size, bindings and steps, or offset and reason. */
bool sut_match_function(struct sut_match *match, const struct sut_def *def, uint64_t address);

/* Both offsets mean the same instruction; padding in front of it does not matter. */
bool sut_match_same_place(const struct sut_match_steps *steps, uint64_t here, uint64_t there);

/* A section of data lies at the address: its content, with the relocations as the loader leaves
 * them. */
bool sut_match_data(struct sut_match *match, const struct sut_section *section, uint64_t address);

/*
 * For the files of the matcher: the place that a relocation refers to is `destination` in the
 * target. Records the binding, or compares the content of what is merged. false with a reason.
 */
bool sut_match_bind(struct sut_match *match, const struct sut_place *place, uint64_t destination);

/* A relocated field that lies at the address in the target. */
bool sut_match_field(struct sut_match *match, const struct sut_section *section,
		     const struct sut_reloc *reloc, const unsigned char *field, uint64_t address);

/*
 * The slot of the global offset table at the address is that of the place's symbol. kind: the
 * dynamic relocation of a thread-local variable's slot (R_X86_64_TPOFF64, ...), or 0 for an
 * address.
 */
bool sut_match_slot(struct sut_match *match, const struct sut_place *place, uint64_t slot,
		    uint32_t kind);

/* The linker's replacement of an instruction (or a sequence) that refers to the table. */
struct sut_relaxed {
	size_t here, there; /* bytes of the object's and of the target's code that it covers */
	size_t relocs;      /* relocations of the object that it covers */
};

/*
 * here is the object's code at an instruction whose first relocation is reloc, at `at` in it;
 * there the target's at the same place, which lies at address. false: no replacement is known that
 * makes one from the other.
 */
bool sut_match_relaxed(struct sut_match *match, const struct sut_section *section,
		       const struct sut_reloc *reloc, const unsigned char *here, size_t here_size,
		       size_t at, const unsigned char *there, size_t there_size, uint64_t address,
		       struct sut_relaxed *relaxed);

#endif
