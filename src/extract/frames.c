// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The records are picked one by one, each with the one that it shares with others (its CIE). Their
 * relocations are those of the unit, but for two: an FDE is about the patch's own copy of the code,
 * and in code at fixed addresses the function that judges exceptions (the personality) is named by
 * a 32-bit address, which a function of another object does not have here; it goes by a slot.
 */
#include "extract/frames.h"
#include "base/frames.h"
#include "base/guard.h"
#include "base/search.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_ALIGN = 8 };

/* The section of the patch, one for each object. */
struct output {
	size_t size, capacity;
	unsigned char *data;
	size_t reloc_count, reloc_capacity;
	struct sut_patch_reloc *relocs;
};

/* What a part has of .eh_frame. */
struct sut_carried_frames {
	struct sut_frames from;
	bool malformed;
	size_t code_count, code_capacity;
	struct code_frame {
		uint32_t section; /* of the code */
		size_t at;        /* of the FDE */
	} * code;                 /* ascending section, at */
	uint32_t section;
	struct output *to;
	size_t cie_count, cie_capacity;
	struct carried_cie {
		size_t from, to;
	} * cies;
};

/* That of the parts before, if there is one. */
static struct output *find_output(struct sut_extract *extract, uint32_t object)
{
	for (size_t i = 0; i < extract->part_count; i++)
		if (extract->parts[i].object == object && extract->parts[i].frames)
			return extract->parts[i].frames->to;
	return sut_arena_alloc(extract->arena, sizeof(struct output));
}

static const struct sut_reloc *reloc_at(const struct sut_section *section, uint64_t offset)
{
	size_t i = sut_section_reloc(section, offset);

	return i < section->reloc_count && section->relocs[i].offset == offset ? &section->relocs[i]
									       : NULL;
}

/* The section of the code that an FDE is about, or 0. */
static uint32_t code_of(const struct sut_object *object, const struct sut_section *section,
			const struct sut_frame *frame)
{
	const struct sut_reloc *reloc = reloc_at(section, frame->start);

	return reloc && reloc->type == R_X86_64_PC32
		       ? sut_object_place(object, section, reloc).section
		       : 0;
}

static int compare_code(const void *a, const void *b)
{
	const struct code_frame *left = a, *right = b;

	if (left->section != right->section)
		return left->section < right->section ? -1 : 1;
	return (left->at > right->at) - (left->at < right->at);
}

/* One walk for all sections of code: a unit may have thousands, one for each function. */
static void index_frames(struct sut_arena *arena, const struct sut_object *object,
			 struct sut_carried_frames *frames)
{
	struct sut_frames walk = frames->from;
	struct sut_frame frame;

	while (sut_frames_next(&walk, &frame)) {
		uint32_t code =
			frame.is_cie ? 0
				     : code_of(object, &object->sections[frames->section], &frame);

		if (code)
			SUT_PUSH(arena, frames->code, frames->code_count, frames->code_capacity) =
				(struct code_frame){code, frame.at};
	}
	frames->malformed = walk.malformed;
	if (frames->code_count)
		qsort(frames->code, frames->code_count, sizeof(*frames->code), compare_code);
}

/* The section of that name with something in it; a unit has one, or none. */
static struct sut_carried_frames *open_frames(struct sut_extract *extract, struct sut_part *part)
{
	const struct sut_object *after = part->diff->after;

	for (uint32_t i = 1; i < after->section_count && !part->frames; i++) {
		const struct sut_section *section = &after->sections[i];

		if (strcmp(section->name, ".eh_frame") != 0 || !section->data)
			continue;
		struct output *to = find_output(extract, part->object);

		part->frames = sut_arena_alloc(extract->arena, sizeof(*part->frames));
		part->frames->to = to;
		part->frames->from = (struct sut_frames){section->data, section->size, 0, false};
		part->frames->section = i;
		index_frames(extract->arena, after, part->frames);
	}
	return part->frames;
}

/* Appends a record's bytes and returns where they are now. */
static size_t copy_record(struct sut_extract *extract, struct sut_carried_frames *frames,
			  const struct sut_frame *frame)
{
	struct output *to = frames->to;
	size_t at = to->size;

	for (size_t i = 0; i < frame->size; i++)
		SUT_PUSH(extract->arena, to->data, to->size, to->capacity) =
			frames->from.data[frame->at + i];
	return at;
}

static void add_reloc(struct sut_extract *extract, struct output *to,
		      const struct sut_patch_reloc *reloc)
{
	SUT_PUSH(extract->arena, to->relocs, to->reloc_count, to->reloc_capacity) = *reloc;
}

/* By a slot, which the encoding has a form for. */
static void use_slot(struct output *to, const struct sut_frame *frame, size_t at,
		     struct sut_reloc *reloc)
{
	unsigned char *encoding = &to->data[at + frame->personality_encoding_at - frame->at];

	if (reloc->offset != frame->personality || *encoding != SUT_FRAME_UDATA4)
		return;
	*encoding = SUT_FRAME_INDIRECT | SUT_FRAME_PCREL | SUT_FRAME_SDATA4;
	reloc->type = R_X86_64_GOTPCREL;
}

/* The record's relocations, but for the start of its code. */
static void carry_relocs(struct sut_extract *extract, const struct sut_origin *origin,
			 const struct sut_frame *frame, size_t at)
{
	struct sut_carried_frames *frames = origin->part->frames;
	const struct sut_section *section = &origin->part->diff->after->sections[frames->section];
	const struct sut_origin from = {origin->part, frames->section};

	for (size_t i = sut_section_reloc(section, frame->at);
	     i < section->reloc_count && section->relocs[i].offset < frame->at + frame->size; i++) {
		struct sut_reloc reloc = section->relocs[i];
		struct sut_patch_reloc result;

		if (!frame->is_cie && reloc.offset == frame->start)
			continue;
		if (frame->is_cie)
			use_slot(frames->to, frame, at, &reloc);
		if (!sut_extract_resolve(extract, &from, &reloc, &result))
			continue;
		result.offset = at + reloc.offset - frame->at;
		add_reloc(extract, frames->to, &result);
	}
}

static size_t carry_cie(struct sut_extract *extract, const struct sut_origin *origin, size_t from)
{
	struct sut_carried_frames *frames = origin->part->frames;
	struct sut_frames walk = frames->from;
	struct sut_frame cie;

	for (size_t i = 0; i < frames->cie_count; i++)
		if (frames->cies[i].from == from)
			return frames->cies[i].to;
	walk.at = from;
	sut_frames_next(&walk, &cie);
	size_t to = copy_record(extract, frames, &cie);

	SUT_PUSH(extract->arena, frames->cies, frames->cie_count, frames->cie_capacity) =
		(struct carried_cie){from, to};
	carry_relocs(extract, origin, &cie, to);
	return to;
}

static void carry_fde(struct sut_extract *extract, const struct sut_origin *origin,
		      const struct sut_frame *frame)
{
	struct sut_carried_frames *frames = origin->part->frames;
	const struct sut_object *after = origin->part->diff->after;
	const struct sut_section *section = &after->sections[frames->section];
	const struct sut_reloc *start = reloc_at(section, frame->start);
	size_t cie = carry_cie(extract, origin, frame->cie);
	size_t at = copy_record(extract, frames, frame);
	uint32_t distance = (uint32_t)(at + 4 - cie);
	const struct sut_patch_symbol code = {
		.name = after->sections[origin->section].name,
		.kind = SUT_PATCH_SYMBOL_OWN,
		.type = STT_SECTION,
		.section = origin->part->carried[origin->section],
	};

	memcpy(frames->to->data + at + 4, &distance, sizeof(distance));
	add_reloc(extract, frames->to,
		  &(struct sut_patch_reloc){
			  .offset = at + frame->start - frame->at,
			  .type = R_X86_64_PC32,
			  .symbol = sut_extract_symbol(extract, &code),
			  .addend = sut_object_place(after, section, start).offset,
		  });
	carry_relocs(extract, origin, frame, at);
}

void sut_frames_carry(struct sut_extract *extract, const struct sut_origin *origin)
{
	const struct sut_object *after = origin->part->diff->after;
	struct sut_carried_frames *frames = open_frames(extract, origin->part);
	struct sut_frame frame;
	size_t i;

	if (!frames || !(after->sections[origin->section].flags & SHF_EXECINSTR))
		return;
	i = SUT_LOWER_BOUND(0, frames->code_count, at, frames->code[at].section < origin->section);
	for (; i < frames->code_count && frames->code[i].section == origin->section; i++) {
		struct sut_frames walk = frames->from;

		walk.at = frames->code[i].at;
		sut_frames_next(&walk, &frame);
		carry_fde(extract, origin, &frame);
	}
	if (frames->malformed)
		sut_refuse(extract->verdict, "frames", origin->part->unit->source,
			   "%s has call frame information in a form that is not known, so nobody "
			   "could unwind through its new code; compile it as the target's other "
			   "units are",
			   origin->part->unit->source);
}

static int compare_relocs(const void *a, const void *b)
{
	const struct sut_patch_reloc *left = a, *right = b;

	return (left->offset > right->offset) - (left->offset < right->offset);
}

static void finish_part(struct sut_extract *extract, struct sut_part *part)
{
	struct output *to = part->frames->to;
	struct sut_patch *patch = extract->patch;

	qsort(to->relocs, to->reloc_count, sizeof(*to->relocs), compare_relocs);
	SUT_PUSH(extract->arena, extract->origins, extract->origin_count,
		 extract->origin_capacity) = (struct sut_origin){part, part->frames->section};
	SUT_PUSH(extract->arena, patch->sections, patch->section_count, extract->section_capacity) =
		(struct sut_patch_section){
			.name = ".eh_frame",
			.object = part->object,
			.flags = SHF_ALLOC,
			.align = RECORD_ALIGN,
			.size = to->size,
			.data = to->data,
			.reloc_count = to->reloc_count,
			.relocs = to->relocs,
		};
	to->size = 0; /* finished */
}

/*
 * The functions by which unwinders find call frame information (see process/rt/unwind.h). In a
 * shared C library the process tells where they are, in a static program only its symbols do.
 */
static void name_finders(struct sut_extract *extract, const struct sut_part *part)
{
	static const char *const names[] = {"_dl_find_object", "dl_iterate_phdr"};
	const struct sut_target *target = part->proof->target;

	for (size_t i = 0; target->executable && i < SUT_ARRAY_SIZE(names); i++) {
		size_t count;
		const struct sut_target_symbol *found = sut_target_find(target, names[i], &count);
		const struct sut_patch_symbol symbol = {
			.name = names[i],
			.kind = SUT_PATCH_SYMBOL_TARGET,
			.type = STT_FUNC,
			.object = part->object,
			.value = count ? found->address : 0,
			.size = count ? found->size : 0,
		};

		if (count && found->type == STT_FUNC && found->size)
			sut_extract_symbol(extract, &symbol);
	}
}

void sut_frames_finish(struct sut_extract *extract)
{
	for (size_t i = 0; i < extract->part_count; i++) {
		struct sut_part *part = &extract->parts[i];

		if (!part->frames || !part->frames->to->size)
			continue;
		name_finders(extract, part);
		finish_part(extract, part);
	}
}
