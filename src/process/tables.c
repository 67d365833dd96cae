// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/tables.h"
#include "base/frames.h"
#include "process/dynamic.h"
#include "process/site.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum {
	STUB_SIZE = 16,    /* jmp *to(%rip), to */
	HOOKED_MAX = 4096, /* bytes of a function of the C library */
	NAME_ROOM = 128,   /* of a table's name, in a zone */
	FDE_MIN = 16,      /* bytes */
};

/* What .eh_frame_hdr is. */
struct index {
	unsigned char version, frames_encoding, count_encoding, entry_encoding;
	int32_t frames; /* from this field */
	uint32_t count;
	struct entry {
		int32_t start, record; /* from the index */
	} entries[];
};

static bool is_frames(const struct sut_patch_section *section, uint32_t object)
{
	return section->object == object && strcmp(section->name, ".eh_frame") == 0 &&
	       section->data;
}

static size_t count_bytes(const struct sut_patch *patch, uint32_t object)
{
	size_t size = 0;

	for (size_t i = 0; i < patch->section_count; i++)
		if (is_frames(&patch->sections[i], object))
			size += patch->sections[i].size;
	return size;
}

static size_t index_size(size_t count)
{
	return sizeof(struct index) + count * sizeof(struct entry);
}

void sut_tables_size(const struct sut_patch *patch, uint32_t object, uint64_t *text, uint64_t *data)
{
	enum { ALIGN = 32 };
	size_t bytes = count_bytes(patch, object);

	*text = bytes ? index_size(bytes / FDE_MIN) + ALIGN : 0;
	*data = object ? 0 : patch->object_count * sizeof(struct sut_rt_table) + NAME_ROOM + ALIGN;
}

/* One function, in the target. */
struct function {
	uint64_t start, end, record;
};

struct indexing {
	struct sut_link *link;
	uint32_t object;
	uint64_t frames; /* the first section .eh_frame */
	size_t count, capacity;
	struct function *functions;
};

static enum sut_rc read_section(struct indexing *indexing, size_t section,
				const unsigned char *image, struct sut_diag *diag)
{
	const struct sut_patch_section *s = &indexing->link->patch->sections[section];
	struct sut_frames frames = {image, s->size, 0, false};
	uint64_t at = indexing->link->sections[section];
	struct sut_frame frame;

	if (!indexing->frames)
		indexing->frames = at;
	while (sut_frames_next(&frames, &frame)) {
		if (frame.is_cie)
			continue;
		int32_t distance = (int32_t)sut_frames_word(&frames, frame.start);
		uint64_t start = at + frame.start + (uint64_t)(int64_t)distance;

		SUT_PUSH(indexing->link->plan->arena, indexing->functions, indexing->count,
			 indexing->capacity) =
			(struct function){start, start + sut_frames_word(&frames, frame.range),
					  at + frame.at};
	}
	return frames.malformed ? sut_fail(diag, SUT_INVALID, "frames",
					   "section %s: its records cannot be read", s->name)
				: SUT_OK;
}

static int compare_functions(const void *a, const void *b)
{
	const struct function *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static uint64_t store_index(const struct indexing *indexing)
{
	struct sut_plan *plan = indexing->link->plan;
	size_t size = index_size(indexing->count);
	uint64_t at = sut_zone_image(plan, indexing->link->zones[indexing->object], size,
				     sizeof(uint64_t));
	struct index *index = sut_arena_alloc(plan->arena, size);

	index->version = 1;
	index->frames_encoding = SUT_FRAME_PCREL | SUT_FRAME_SDATA4;
	index->count_encoding = SUT_FRAME_UDATA4;
	index->entry_encoding = SUT_FRAME_DATAREL | SUT_FRAME_SDATA4;
	index->frames = (int32_t)(indexing->frames - (at + offsetof(struct index, frames)));
	index->count = (uint32_t)indexing->count;
	for (size_t i = 0; i < indexing->count; i++)
		index->entries[i] = (struct entry){(int32_t)(indexing->functions[i].start - at),
						   (int32_t)(indexing->functions[i].record - at)};
	sut_plan_write(plan, at, index, size);
	return at;
}

struct sut_rt_table sut_table_make(uint64_t low, uint64_t high, uint64_t index, uint64_t index_size)
{
	struct sut_rt_table table = {.low = low, .high = high, .index = index};

	table.segments[SUT_RT_SEGMENT_CODE] = (struct sut_rt_segment){
		.type = PT_LOAD,
		.flags = PF_R | PF_X,
		.address = low,
		.file_size = high - low,
		.memory_size = high - low,
		.align = 1,
	};
	table.segments[SUT_RT_SEGMENT_TABLE] = (struct sut_rt_segment){
		.type = PT_GNU_EH_FRAME,
		.flags = PF_R,
		.address = index,
		.file_size = index_size,
		.memory_size = index_size,
		.align = 4,
	};
	return table;
}

static struct sut_rt_table make_table(const struct indexing *indexing, uint64_t name)
{
	const struct function *last = &indexing->functions[indexing->count - 1];
	struct sut_rt_table table =
		sut_table_make(indexing->functions[0].start, last->end, store_index(indexing),
			       index_size(indexing->count));

	table.near = indexing->link->objects[indexing->object]->low;
	table.name = name;
	return table;
}

static enum sut_rc index_object(struct sut_link *link, uint32_t object,
				unsigned char *const *images, struct indexing *indexing,
				struct sut_diag *diag)
{
	const struct sut_patch *patch = link->patch;
	enum sut_rc rc = SUT_OK;

	*indexing = (struct indexing){.link = link, .object = object};
	for (size_t i = 0; i < patch->section_count && rc == SUT_OK; i++)
		if (is_frames(&patch->sections[i], object))
			rc = read_section(indexing, i, images[i], diag);
	if (rc == SUT_OK && indexing->count)
		qsort(indexing->functions, indexing->count, sizeof(*indexing->functions),
		      compare_functions);
	return rc;
}

enum sut_rc sut_tables_link(struct sut_link *link, unsigned char *const *images,
			    struct sut_diag *diag)
{
	const struct sut_patch *patch = link->patch;
	struct sut_rt_table *tables =
		sut_arena_array(link->plan->arena, patch->object_count, sizeof(*tables));
	uint64_t name = 0;

	link->table_count = 0;
	for (uint32_t i = 0; i < patch->object_count; i++) {
		struct indexing indexing;
		enum sut_rc rc;

		/* Of what comes late nobody tells unwinders: see sut_tables_hook(). */
		if (link->zones[i]->late)
			continue;
		rc = index_object(link, i, images, &indexing, diag);
		if (rc != SUT_OK)
			return rc;
		if (!indexing.count)
			continue;
		if (!name)
			name = sut_plan_string(link->plan, link->home,
					       sut_arena_printf(link->plan->arena, "[suture:%s]",
								patch->name));
		tables[link->table_count++] = make_table(&indexing, name);
	}
	link->tables = link->table_count ? sut_plan_store(link->plan, link->home, tables,
							  link->table_count * sizeof(*tables))
					 : 0;
	return SUT_OK;
}

static const char *const names[SUT_RT_HOOKS] = {
	[SUT_RT_HOOK_FIND] = "_dl_find_object",
	[SUT_RT_HOOK_ITERATE] = "dl_iterate_phdr",
};

/* In the C library; of a static program the patch knows, if the program's symbols are there. */
static bool find_function(const struct sut_link *link, const char *name, uint64_t *address,
			  uint64_t *size)
{
	const struct sut_patch *patch = link->patch;

	if (sut_dynamic_function(link->plan->runtime->target, name, address, size))
		return true;
	for (size_t i = 0; i < patch->symbol_count; i++) {
		const struct sut_patch_symbol *s = &patch->symbols[i];

		if (s->kind != SUT_PATCH_SYMBOL_TARGET || s->type != STT_FUNC ||
		    strcmp(s->name, name) != 0)
			continue;
		*address = link->objects[s->object]->bias + s->value;
		*size = s->size;
		return true;
	}
	return false;
}

/* The code that leads from the entry to the run-time, wherever that is. */
static uint64_t store_stub(struct sut_plan *plan, struct sut_zone *zone, uint64_t to)
{
	unsigned char code[STUB_SIZE] = {0xff, 0x25};
	uint64_t at = sut_zone_core(plan, zone, sizeof(code));

	memcpy(code + 6, &to, sizeof(to));
	sut_plan_write(plan, at, sut_arena_memdup(plan->arena, code, sizeof(code)), sizeof(code));
	return at;
}

static void add_words(struct sut_plan *plan, const struct sut_rt_func *site, uint64_t stub)
{
	bool pun = site->flags & SUT_RT_FUNC_PUN;

	if (pun)
		sut_plan_write(plan, site->slot, sut_arena_memdup(plan->arena, &stub, sizeof(stub)),
			       sizeof(stub));
	plan->words[plan->word_count++] = (struct sut_rt_word){
		.address = sut_site_word_address(site),
		.expect = site->original,
		.value = pun ? sut_site_pun_word(site, site->original)
			     : sut_site_jump_word(site, site->original, stub),
	};
}

static enum sut_rc take(struct sut_plan *plan, int which, uint64_t address, uint64_t size,
			struct sut_diag *diag)
{
	enum { TEXT = 512, DATA = 512 };
	const struct sut_runtime *runtime = plan->runtime;
	struct sut_site_piece piece = {.address = address, .size = size};
	unsigned char *code = sut_arena_alloc(plan->arena, size);
	struct sut_rt_func site = {0};
	struct sut_rt_hook *hook = sut_arena_alloc(plan->arena, sizeof(*hook));
	struct sut_zone *zone;
	enum sut_rc rc = sut_plan_zone(plan, address, address + size, TEXT, DATA, &zone, diag);

	if (rc != SUT_OK)
		return rc;
	if (!sut_target_read(runtime->target, address, code, size))
		return sut_target_lost(runtime->target, diag);
	piece.code = code;
	rc = sut_site_plan(plan, zone, names[which], &piece, 1, &site, diag);
	if (rc != SUT_OK)
		return rc;
	add_words(plan, &site,
		  store_stub(plan, zone, runtime->text + runtime->header.hooks[which]));
	*hook = (struct sut_rt_hook){
		.entry = address,
		.original = site.original,
		.head = site.head,
		.land = site.land,
		.slot = site.slot,
	};
	sut_plan_write(plan,
		       runtime->control + offsetof(struct sut_rt_control, hooks) +
			       (size_t)which * sizeof(*hook),
		       hook, sizeof(*hook));
	return SUT_OK;
}

static bool defines(const struct sut_target *target, const char *name)
{
	uint64_t address, size;

	return sut_dynamic_function(target, name, &address, &size);
}

/* Unwinders of the kind that walk all objects: libunwind's, and LLVM's. Who uses it in a static
 * program is not known. */
static bool has_walkers(const struct sut_target *target)
{
	static const char *const walker[] = {"dl_iterate_phdr", NULL};
	bool found = defines(target, "_Ux86_64_step") || defines(target, "unw_step") ||
		     !defines(target, walker[0]);

	for (size_t i = 0; i < target->object_count && !found; i++)
		found = target->objects[i].executable &&
			sut_dynamic_imports(target, &target->objects[i], walker);
	return found;
}

/* Does new code take part in exceptions, or could one come by? */
static bool is_needed(const struct sut_link *link)
{
	const struct sut_patch *patch = link->patch;

	for (size_t i = 0; i < patch->section_count; i++)
		if (strncmp(patch->sections[i].name, ".gcc_except_table", 17) == 0)
			return true;
	return defines(link->plan->runtime->target, "_Unwind_RaiseException");
}

static enum sut_rc not_found(const struct sut_target *target, struct sut_diag *diag)
{
	sut_fail(diag, SUT_UNSUPPORTED, "frames",
		 "process %d (%s): where its unwinder looks for call frame information is not "
		 "known, so an exception that meets new code would end it",
		 target->pid, target->name);
	sut_remedy(diag, "Link the program dynamically, or do not strip it.");
	return SUT_UNSUPPORTED;
}

/* Tables are for code at an address that is known; of what comes late it is not. */
static enum sut_rc check_late(const struct sut_link *link, struct sut_diag *diag)
{
	const struct sut_target *target = link->plan->runtime->target;

	for (size_t i = 0; i < link->patch->object_count; i++) {
		if (!link->zones[i]->late || !is_needed(link))
			continue;
		sut_fail(diag, SUT_UNSUPPORTED, "late",
			 "process %d (%s): it has not loaded %s yet, and an exception that met its "
			 "new code would end the program",
			 target->pid, target->name, link->patch->objects[i].name);
		sut_remedy(diag, "Apply the patch when the program has loaded %s.",
			   link->patch->objects[i].name);
		return SUT_UNSUPPORTED;
	}
	return SUT_OK;
}

enum sut_rc sut_tables_hook(const struct sut_link *link, const struct sut_memory *memory,
			    struct sut_diag *diag)
{
	struct sut_plan *plan = link->plan;
	const struct sut_target *target = plan->runtime->target;
	struct sut_diag why = {0};
	bool found = false;
	enum sut_rc late = check_late(link, diag);

	if (late != SUT_OK)
		return late;
	for (int which = 0; which < SUT_RT_HOOKS && link->table_count; which++) {
		uint64_t address, size;
		enum sut_rc rc;

		if (sut_hook_taken(target, &memory->control.hooks[which])) {
			found = true;
			continue;
		}
		if ((found && !has_walkers(target)) ||
		    !find_function(link, names[which], &address, &size) || !size ||
		    size > HOOKED_MAX)
			continue;
		rc = take(plan, which, address, size, &why);
		if (rc != SUT_OK && rc != SUT_UNSUPPORTED) {
			*diag = why;
			return rc;
		}
		found |= rc == SUT_OK;
	}
	return found || !link->table_count || !is_needed(link) ? SUT_OK : not_found(target, diag);
}
