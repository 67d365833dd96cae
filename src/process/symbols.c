// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/symbols.h"
#include "base/frames.h"
#include "process/drive.h"

#include <stdio.h>
#include <string.h>

enum {
	NAME_SIZE = 1024,
	REGION_MAX = 16 << 20, /* bytes of code of one patch, and of its frames */
	TABLES_MAX = 1024,     /* of one patch */
	PIECES_MAX = 1024,
};

struct reading {
	struct sut_arena *arena;
	const struct sut_target *target;
	struct sut_symbols *symbols;
};

static void add_symbol(struct reading *r, uint64_t address, uint64_t size, const char *name)
{
	SUT_PUSH(r->arena, r->symbols->list, r->symbols->count, r->symbols->capacity) =
		(struct sut_code_symbol){address, size, name};
}

/* The name as it is, and that of further pieces as a compiler would give it. */
static void read_func(struct reading *r, const struct sut_rt_func *func)
{
	struct sut_rt_range pieces[PIECES_MAX];
	char name[NAME_SIZE];

	if (!sut_target_read_string(r->target, func->name, name, sizeof(name)))
		return;
	add_symbol(r, func->code, func->code_size, sut_arena_strdup(r->arena, name));
	if (func->piece_count > PIECES_MAX ||
	    !sut_target_read(r->target, func->pieces, pieces,
			     func->piece_count * sizeof(pieces[0])))
		return;
	for (uint64_t i = 0; i < func->piece_count; i++)
		if (pieces[i].kind == SUT_RT_RANGE_NEW && pieces[i].low + 1 != func->code)
			add_symbol(r, pieces[i].low + 1, pieces[i].high - pieces[i].low - 1,
				   sut_arena_printf(r->arena, "%s.cold", name));
}

static void add_bytes(struct reading *r, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		SUT_PUSH(r->arena, r->symbols->frames, r->symbols->frames_size,
			 r->symbols->frames_capacity) = bytes[i];
}

/* Puts the length in front of a record that began at an offset, padded with nops. */
static void end_record(struct reading *r, size_t at)
{
	uint32_t length;

	while (r->symbols->frames_size % 8)
		add_bytes(r, "", 1);
	length = (uint32_t)(r->symbols->frames_size - at - sizeof(length));
	memcpy(r->symbols->frames + at, &length, sizeof(length));
}

/* A CIE without what exceptions need, and with whole addresses. */
static size_t add_cie(struct reading *r, const struct sut_frames *from, size_t at)
{
	static const unsigned char head[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0};
	static const unsigned char augmentation[] = {1, 0 /* as it is, 8 bytes */};
	struct sut_frames walk = *from;
	size_t to = r->symbols->frames_size;
	struct sut_frame cie;

	walk.at = at;
	sut_frames_next(&walk, &cie);
	add_bytes(r, head, sizeof(head));
	add_bytes(r, from->data + cie.alignment, cie.augmentation - cie.alignment);
	add_bytes(r, augmentation, sizeof(augmentation));
	add_bytes(r, from->data + cie.instructions, cie.at + cie.size - cie.instructions);
	end_record(r, to);
	return to;
}

static void add_fde(struct reading *r, const struct sut_frames *from, const struct sut_frame *frame,
		    uint64_t address, size_t cie)
{
	size_t at = r->symbols->frames_size;
	uint32_t words[2] = {0, (uint32_t)(at + 4 - cie)};
	uint64_t start = address + frame->start +
			 (uint64_t)(int64_t)(int32_t)sut_frames_word(from, frame->start);
	uint64_t range[2] = {start, sut_frames_word(from, frame->range)};

	add_bytes(r, words, sizeof(words));
	add_bytes(r, range, sizeof(range));
	add_bytes(r, "", 1);
	add_bytes(r, from->data + frame->instructions,
		  frame->at + frame->size - frame->instructions);
	end_record(r, at);
}

/* All records of a section that lies at an address. */
static void add_frames(struct reading *r, uint64_t address, const unsigned char *data, size_t size)
{
	struct sut_frames from = {data, size, 0, false};
	struct sut_frame frame;
	size_t last = SIZE_MAX, cie = 0;

	while (sut_frames_next(&from, &frame)) {
		if (frame.is_cie)
			continue;
		if (frame.cie != last)
			cie = add_cie(r, &from, frame.cie);
		last = frame.cie;
		add_fde(r, &from, &frame, address, cie);
	}
}

/* The section .eh_frame that an index leads to: from the first record to the end of the last. */
static void read_frames(struct reading *r, uint64_t index)
{
	struct {
		unsigned char encodings[4];
		int32_t frames;
		uint32_t count;
	} head;
	uint64_t start, end = 0;

	if (!sut_target_read(r->target, index, &head, sizeof(head)))
		return;
	start = index + 4 + (uint64_t)(int64_t)head.frames;
	for (uint32_t i = 0; i < head.count && i < REGION_MAX / 8; i++) {
		int32_t entry[2];
		uint32_t length;
		uint64_t record;

		if (!sut_target_read(r->target, index + sizeof(head) + 8 * (uint64_t)i, entry,
				     sizeof(entry)))
			return;
		record = index + (uint64_t)(int64_t)entry[1];
		if (!sut_target_read(r->target, record, &length, sizeof(length)))
			return;
		end = record + 4 + length > end ? record + 4 + length : end;
	}
	if (end <= start || end - start > REGION_MAX)
		return;
	unsigned char *data = sut_arena_alloc(r->arena, end - start);

	if (sut_target_read(r->target, start, data, end - start))
		add_frames(r, start, data, end - start);
}

static void read_table(struct reading *r, const struct sut_rt_table *table)
{
	unsigned char *bytes;

	if (table->high <= table->low || table->high - table->low > REGION_MAX)
		return;
	bytes = sut_arena_alloc(r->arena, table->high - table->low);
	if (!sut_target_read(r->target, table->low, bytes, table->high - table->low))
		return;
	SUT_PUSH(r->arena, r->symbols->regions, r->symbols->region_count,
		 r->symbols->region_capacity) =
		(struct sut_code_region){table->low, table->high - table->low, bytes};
	read_frames(r, table->index);
}

static void read_patch(struct reading *r, const struct sut_memory_patch *patch)
{
	for (uint32_t i = 0; i < patch->record.func_count; i++)
		if (patch->funcs[i].entry && !(patch->funcs[i].flags & SUT_RT_FUNC_PLANNED))
			read_func(r, &patch->funcs[i]);
	for (uint64_t i = 0; i < patch->record.table_count && i < TABLES_MAX; i++) {
		struct sut_rt_table table;

		if (sut_target_read(r->target, patch->record.tables + i * sizeof(table), &table,
				    sizeof(table)))
			read_table(r, &table);
	}
}

enum sut_rc sut_symbols_read(struct sut_arena *arena, pid_t pid, struct sut_symbols *symbols,
			     struct sut_diag *diag)
{
	SUT_TARGET struct sut_target target = {.pid = -1};
	struct sut_runtime runtime;
	struct sut_memory memory;
	enum sut_rc rc;

	*symbols = (struct sut_symbols){0};
	rc = sut_drive_open(&target, pid, false, arena, &runtime, &memory, diag);
	if (rc != SUT_OK)
		return rc;
	struct reading r = {arena, &target, symbols};

	snprintf(symbols->process, sizeof(symbols->process), "%s", target.name);
	if (!runtime.placed)
		return SUT_OK;
	for (size_t i = 0; i < memory.count; i++)
		read_patch(&r, &memory.patches[i]);
	add_symbol(&r, runtime.text, runtime.header.size, "suture_run_time");
	read_table(&r, &memory.control.own);
	return SUT_OK;
}
