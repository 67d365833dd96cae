/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a livepatch module has of its own: copies of the changed functions and of all that they need
 * and the running kernel does not have, with the entries of special sections that are about them.
 *
 * Copies are made in pieces: a function's section, a variable, a string, an entry of a table. Each
 * goes to the end of the module's section of the same name. The list of pieces grows while the
 * relocations of the first ones are resolved, until nothing new is needed.
 */
#ifndef SUT_KERNEL_CREATE_EXTRACT_H
#define SUT_KERNEL_CREATE_EXTRACT_H

#include "kernel/create/create.h"
#include "kernel/create/match.h"
#include "kernel/image/symvers.h"

/* A part with its proof. */
struct sut_kernel_proven {
	const struct sut_kernel_part *part;
	const struct sut_kernel_target *target;
	struct sut_proof proof; /* of part->before */
	/* Per definition of part->after, as in its diff at first: what is carried is CHANGED or
	 * NEW. */
	enum sut_change *change;
};

struct sut_carry_reloc {
	uint64_t offset;
	uint32_t type;   /* R_X86_64_* */
	uint32_t symbol; /* of the list */
	int64_t addend;
};

struct sut_carry_section {
	const char *name;
	uint32_t type;
	uint64_t flags, align, entry_size, size;
	size_t capacity;     /* of data */
	unsigned char *data; /* NULL: zeros that the file does not hold */
	size_t reloc_count, reloc_capacity;
	struct sut_carry_reloc *relocs; /* ascending by piece; a linker wants no order */
};

/* Where a symbol that the module does not define itself comes from. */
enum sut_carry_source {
	SUT_CARRY_OWN,
	SUT_CARRY_EXPORT, /* exported by vmlinux: the module loader finds it */
	SUT_CARRY_PRIVATE /* found by livepatch in an object's kallsyms */
};

struct sut_carry_symbol {
	const char *name; /* in the module; of those that are not local no two have one */
	enum sut_carry_source source;
	unsigned char type; /* STT_* */
	bool global;        /* OWN: the code around it refers to it by name */
	uint32_t section;   /* OWN */
	uint64_t value, size;
	/* PRIVATE: see struct sut_klp_binding. */
	const char *object, *real;
	uint32_t sympos;
	const char *with; /* NULL: early */
};

/* A copy of a range of a unit's section. */
struct sut_carry_piece {
	uint32_t part, section; /* of the extraction, of its part's object after */
	uint64_t from, size;
	uint32_t to; /* section of the module */
	uint64_t at;
};

/* A function that is replaced. */
struct sut_carry_func {
	uint32_t part;
	const struct sut_kernel_symbol *old; /* as its object's kallsyms have it */
	uint32_t sympos;
	uint32_t def;    /* of after */
	uint32_t symbol; /* the new code, global */
};

struct sut_carry {
	struct sut_arena *arena;
	struct sut_verdict *verdict;
	const struct sut_symvers *symvers;
	const struct sut_kernel_target *vmlinux;
	struct sut_klp_kernel *kernel; /* for what other modules export */
	size_t part_count;
	struct sut_kernel_proven *parts;
	size_t section_count, section_capacity;
	struct sut_carry_section *sections;
	size_t symbol_count, symbol_capacity;
	struct sut_carry_symbol *symbols;
	size_t piece_count, piece_capacity;
	struct sut_carry_piece *pieces;
	size_t func_count, func_capacity;
	struct sut_carry_func *funcs;
};

/*
 * Fills sections, symbols and funcs from the parts, which are proven; arena, verdict, symvers and
 * parts are set. What cannot be carried or bound is refused by name.
 */
void sut_carry_run(struct sut_carry *carry);

/* The copy that holds the offset of a section of after, or NULL. */
const struct sut_carry_piece *sut_carry_piece_find(const struct sut_carry *carry, uint32_t part,
						   uint32_t section, uint64_t offset);

/*
 * Copies a range, unless it was copied before; gives the piece's index. align: of the copy, in
 * bytes; 0: as it is in the unit.
 */
uint32_t sut_carry_piece_add(struct sut_carry *carry, uint32_t part, uint32_t section,
			     uint64_t from, uint64_t size, uint64_t align);

/* The module's symbol for a definition, which is carried from now on. */
uint32_t sut_carry_own(struct sut_carry *carry, uint32_t part, uint32_t def);

/* The symbol of the module's section itself. */
uint32_t sut_carry_section_symbol(struct sut_carry *carry, uint32_t section);

/* What a relocation of a piece becomes. false: a refusal was added. */
bool sut_carry_resolve(struct sut_carry *carry, const struct sut_carry_piece *piece,
		       const struct sut_reloc *reloc, struct sut_carry_reloc *result);

/* Its first instruction is the call that ftrace redirects. */
bool sut_carry_is_traced(const struct sut_object *object, uint32_t def);

/*
 * A changed function that ftrace cannot redirect is carried as a new one, and its callers count as
 * changed. Where it may be reached in another way than by their calls, it stays as it is.
 */
void sut_carry_change_callers(struct sut_carry *carry, uint32_t part);

/* Adds entries of special sections about pieces from that one on; refuses what is not handled. */
void sut_carry_specials(struct sut_carry *carry, size_t first_piece);

/* Refuses references to modules that the kernel would want before a module is there. */
void sut_carry_refuse_late(struct sut_carry *carry);

/*
 * A symbol of the running kernel: what a unit leaves undefined, by its name, or one of its own
 * definitions that stay where they are. from names who refers to it. false: a refusal was added.
 */
bool sut_carry_bind_name(struct sut_carry *carry, uint32_t part, const char *from, const char *name,
			 uint32_t *symbol);
bool sut_carry_bind_original(struct sut_carry *carry, uint32_t part, const char *from, uint32_t def,
			     uint32_t *symbol);

/* Adds a refusal about what `from` refers to, once for each pair. Returns false. */
bool sut_carry_refuse(struct sut_carry *carry, uint32_t part, const char *rule, const char *from,
		      const char *name, const char *what);

#endif
