// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Relocation of a patch for one target. Code of a program reaches its data by 32-bit offsets, so
 * each object's part of the patch lies within 2 GiB of the object. What is farther away, or is
 * bound by the dynamic linker, is reached through a slot: the object's own GOT slot when it has
 * one (then the binding is the program's, lazy or not), else a slot of ours.
 */
#include "process/link.h"
#include "process/dynamic.h"
#include "process/late.h"
#include "process/tables.h"

#include <elf.h>
#include <string.h>

enum {
	SLOT_SIZE = 8,
	VENEER_SIZE = 16, /* jmp *slot(%rip) */
	SECTION_GAP = 48, /* what sut_zone_image() may add to a piece, and alignment */
};

/* Made on demand for one symbol within one object's image. */
struct veneer {
	uint64_t slot;
	uint64_t code;
};

struct linker {
	struct sut_link *link;
	const struct sut_target *target;
	struct veneer *veneers;       /* [(2 * object + direct) * symbol_count + symbol] */
	struct sut_late_calls called; /* bound by address, not by an object's slots */
	unsigned char **images;       /* bytes of each section, being relocated */
};

void sut_link_size(const struct sut_patch *patch, uint32_t object, uint64_t *text, uint64_t *data)
{
	sut_tables_size(patch, object, text, data);
	for (size_t i = 0; i < patch->section_count; i++) {
		const struct sut_patch_section *s = &patch->sections[i];
		uint64_t *sum = s->flags & SHF_WRITE ? data : text;

		if (s->object != object)
			continue;
		*sum += s->size + s->align + SECTION_GAP;
		*text += s->reloc_count * (SLOT_SIZE + VENEER_SIZE + SECTION_GAP);
	}
}

static void place_sections(struct linker *l)
{
	struct sut_link *link = l->link;
	const struct sut_patch *patch = link->patch;

	link->sections = sut_arena_array(link->plan->arena, patch->section_count, sizeof(uint64_t));
	l->images = sut_arena_array(link->plan->arena, patch->section_count, sizeof(l->images[0]));
	for (size_t i = 0; i < patch->section_count; i++) {
		const struct sut_patch_section *s = &patch->sections[i];
		struct sut_zone *zone = link->zones[s->object];

		link->sections[i] = s->flags & SHF_WRITE
					    ? sut_zone_data(link->plan, zone, s->size, s->align)
					    : sut_zone_image(link->plan, zone, s->size, s->align);
		l->images[i] = s->data ? sut_arena_memdup(link->plan->arena, s->data, s->size)
				       : sut_arena_alloc(link->plan->arena, s->size);
	}
}

/* A function of livepatch.h, which the run-time has. */
static enum sut_rc resolve_call(const struct linker *l, const char *name, uint64_t *address,
				struct sut_diag *diag)
{
	static const char *const names[SUT_RT_CALL_COUNT] = {
		[SUT_RT_SHADOW_GET] = "klp_shadow_get",
		[SUT_RT_SHADOW_ALLOC] = "klp_shadow_alloc",
		[SUT_RT_SHADOW_GET_OR_ALLOC] = "klp_shadow_get_or_alloc",
		[SUT_RT_SHADOW_FREE] = "klp_shadow_free",
		[SUT_RT_SHADOW_FREE_ALL] = "klp_shadow_free_all",
		[SUT_RT_GET_STATE] = "klp_get_state",
		[SUT_RT_GET_PREV_STATE] = "klp_get_prev_state",
	};
	const struct sut_runtime *runtime = l->link->plan->runtime;

	for (int i = 0; i < SUT_RT_CALL_COUNT; i++)
		if (strcmp(names[i], name) == 0) {
			*address = runtime->text + runtime->header.calls[i];
			return SUT_OK;
		}
	return sut_fail(diag, SUT_UNSUPPORTED, "runtime",
			"%s: this version's run-time does not have it", name);
}

static enum sut_rc resolve_symbols(struct linker *l, struct sut_diag *diag)
{
	struct sut_link *link = l->link;
	const struct sut_patch *patch = link->patch;

	link->symbols = sut_arena_array(link->plan->arena, patch->symbol_count, sizeof(uint64_t));
	for (size_t i = 0; i < patch->symbol_count; i++) {
		const struct sut_patch_symbol *s = &patch->symbols[i];
		enum sut_rc rc = SUT_OK;

		switch (s->kind) {
		case SUT_PATCH_SYMBOL_OWN:
			link->symbols[i] = link->sections[s->section] + s->value;
			break;
		case SUT_PATCH_SYMBOL_TARGET:
			/* A TLS offset is the same wherever the object lies. */
			link->symbols[i] =
				s->value +
				(s->type == STT_TLS ? 0 : link->objects[s->object]->bias);
			break;
		case SUT_PATCH_SYMBOL_IMPORT:
			if (!s->slot || l->called.symbols[i])
				rc = sut_dynamic_resolve(l->target, s->name, &link->symbols[i],
							 diag);
			break;
		case SUT_PATCH_SYMBOL_RUNTIME:
			rc = resolve_call(l, s->name, &link->symbols[i], diag);
			break;
		}
		if (rc != SUT_OK)
			return rc;
	}
	return SUT_OK;
}

static const char *symbol_name(const struct linker *l, const struct sut_patch_reloc *r)
{
	const char *name = l->link->patch->symbols[r->symbol].name;

	return name && *name ? name : "a section";
}

/* The slot that holds the symbol's address, within reach of the object's image. */
static uint64_t slot_of(struct linker *l, uint32_t object, uint32_t symbol, bool direct)
{
	struct sut_link *link = l->link;
	const struct sut_patch_symbol *s = &link->patch->symbols[symbol];
	struct veneer *v = &l->veneers[(2 * object + direct) * link->patch->symbol_count + symbol];

	if (s->kind == SUT_PATCH_SYMBOL_IMPORT && s->slot && s->object == object && !direct)
		return link->objects[object]->bias + s->slot;
	if (!v->slot) {
		v->slot = sut_zone_image(link->plan, link->zones[object], SLOT_SIZE, SLOT_SIZE);
		sut_plan_write(link->plan, v->slot,
			       sut_arena_memdup(link->plan->arena, &link->symbols[symbol],
						SLOT_SIZE),
			       SLOT_SIZE);
	}
	return v->slot;
}

/* A jump to the symbol, within reach of the object's image. */
static uint64_t veneer_of(struct linker *l, uint32_t object, uint32_t symbol, bool direct)
{
	struct sut_link *link = l->link;
	struct veneer *v = &l->veneers[(2 * object + direct) * link->patch->symbol_count + symbol];
	unsigned char code[VENEER_SIZE] = {0xff, 0x25};
	uint64_t slot = slot_of(l, object, symbol, direct);
	int32_t displacement;

	if (v->code)
		return v->code;
	v->code = sut_zone_image(link->plan, link->zones[object], VENEER_SIZE, VENEER_SIZE);
	displacement = (int32_t)(slot - (v->code + 6));
	memcpy(code + 2, &displacement, sizeof(displacement));
	sut_plan_write(link->plan, v->code, sut_arena_memdup(link->plan->arena, code, sizeof(code)),
		       sizeof(code));
	return v->code;
}

static bool fits_signed(int64_t value)
{
	return value >= INT32_MIN && value <= INT32_MAX;
}

static void put(unsigned char *at, uint64_t value, size_t size)
{
	memcpy(at, &value, size);
}

static enum sut_rc out_of_reach(const struct linker *l, const struct sut_patch_reloc *r,
				const char *section, struct sut_diag *diag)
{
	return sut_fail(
		diag, SUT_UNSUPPORTED, "reach",
		"%s: %s refers to it by a 32-bit offset, and in process %d (%s) it is farther "
		"away",
		symbol_name(l, r), section, l->target->pid, l->target->name);
}

/* What refers from elsewhere to an object that is not there would have to be told when it comes. */
static bool is_elsewhere(const struct linker *l, uint32_t object, uint32_t index)
{
	const struct sut_patch_symbol *s = &l->link->patch->symbols[index];
	uint32_t of = s->kind == SUT_PATCH_SYMBOL_OWN ? l->link->patch->sections[s->section].object
						      : s->object;

	return s->kind != SUT_PATCH_SYMBOL_RUNTIME && s->kind != SUT_PATCH_SYMBOL_IMPORT &&
	       of != object && sut_late_is_planned(l->link->objects[of]->bias);
}

static enum sut_rc relocate(struct linker *l, size_t section, const struct sut_patch_reloc *r,
			    struct sut_diag *diag)
{
	const struct sut_patch_section *s = &l->link->patch->sections[section];
	const struct sut_patch_symbol *symbol = &l->link->patch->symbols[r->symbol];
	bool direct = l->called.sections[section];
	bool through_slot = symbol->kind == SUT_PATCH_SYMBOL_IMPORT && symbol->slot && !direct;
	uint64_t place = l->link->sections[section] + r->offset;
	uint64_t value = l->link->symbols[r->symbol];
	unsigned char *at = l->images[section] + r->offset;
	int64_t sum;

	if (is_elsewhere(l, s->object, r->symbol))
		return sut_fail(diag, SUT_UNSUPPORTED, "late",
				"%s: %s refers to it, and it belongs to an object that process %d "
				"(%s) has not loaded",
				symbol_name(l, r), s->name, l->target->pid, l->target->name);
	switch (r->type) {
	case R_X86_64_PLT32:
	case R_X86_64_PC32:
		sum = (int64_t)(value + (uint64_t)r->addend - place);
		if (r->type == R_X86_64_PLT32 && (through_slot || !fits_signed(sum)))
			sum = (int64_t)(veneer_of(l, s->object, r->symbol, direct) +
					(uint64_t)r->addend - place);
		else if (through_slot)
			goto unbound;
		if (!fits_signed(sum))
			return out_of_reach(l, r, s->name, diag);
		put(at, (uint64_t)sum, 4);
		return SUT_OK;
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
	case R_X86_64_GOTTPOFF:
		sum = (int64_t)(slot_of(l, s->object, r->symbol, direct) + (uint64_t)r->addend -
				place);
		if (!fits_signed(sum))
			return out_of_reach(l, r, s->name, diag);
		put(at, (uint64_t)sum, 4);
		return SUT_OK;
	case R_X86_64_PC64:
		if (through_slot)
			goto unbound;
		put(at, value + (uint64_t)r->addend - place, 8);
		return SUT_OK;
	case R_X86_64_64:
		if (through_slot)
			goto unbound;
		put(at, value + (uint64_t)r->addend, 8);
		return SUT_OK;
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_TPOFF32:
		if (through_slot)
			goto unbound;
		sum = (int64_t)(value + (uint64_t)r->addend);
		if (r->type == R_X86_64_32 ? (uint64_t)sum > UINT32_MAX : !fits_signed(sum))
			return out_of_reach(l, r, s->name, diag);
		put(at, (uint64_t)sum, 4);
		return SUT_OK;
	default:
		return sut_fail(
			diag, SUT_UNSUPPORTED, "reloc",
			"%s: %s refers to it by relocation type %u, which this version cannot "
			"apply",
			symbol_name(l, r), s->name, r->type);
	}
unbound:
	return sut_fail(diag, SUT_UNSUPPORTED, "reloc",
			"%s: %s takes its address where only the dynamic linker knows it",
			symbol_name(l, r), s->name);
}

static void find_called(struct linker *l)
{
	const struct sut_patch *patch = l->link->patch;
	struct sut_arena *arena = l->link->plan->arena;
	struct sut_late_calls *called = &l->called, of_one;

	called->sections = sut_arena_array(arena, patch->section_count, sizeof(bool));
	called->symbols = sut_arena_array(arena, patch->symbol_count, sizeof(bool));
	for (size_t i = 0; i < patch->additions.count; i++) {
		uint32_t object = patch->additions.list[i].object;

		if (!sut_late_is_planned(l->link->objects[object]->bias))
			continue;
		sut_late_calls_find(arena, patch, object, &of_one);
		for (size_t k = 0; k < patch->section_count; k++)
			called->sections[k] |= of_one.sections[k];
		for (size_t k = 0; k < patch->symbol_count; k++)
			called->symbols[k] |= of_one.symbols[k];
	}
}

enum sut_rc sut_link(struct sut_link *link, struct sut_diag *diag)
{
	struct linker l = {.link = link, .target = link->plan->runtime->target};
	enum sut_rc rc;

	l.veneers = sut_arena_array(link->plan->arena,
				    2 * link->patch->object_count * link->patch->symbol_count,
				    sizeof(l.veneers[0]));
	find_called(&l);
	place_sections(&l);
	rc = resolve_symbols(&l, diag);
	for (size_t i = 0; i < link->patch->section_count && rc == SUT_OK; i++) {
		const struct sut_patch_section *s = &link->patch->sections[i];

		for (size_t k = 0; k < s->reloc_count && rc == SUT_OK; k++)
			rc = relocate(&l, i, &s->relocs[k], diag);
		sut_plan_write(link->plan, link->sections[i], l.images[i], s->size);
	}
	return rc == SUT_OK ? sut_tables_link(link, l.images, diag) : rc;
}
