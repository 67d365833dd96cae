// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/scan.h"
#include "base/guard.h"
#include "base/io.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK = 256 * 1024,
	ENTRIES = 8192, /* of the page map, at a time */
	AHEAD = 16,     /* bytes behind a word that tell an interrupted program counter */
	GUARD_OFFSET = 0x30,
};

/* Of /proc/PID/pagemap. */
static const uint64_t page_present = UINT64_C(3) << 62; /* in memory, or swapped out */
static const uint64_t page_of_file = UINT64_C(1) << 61;

bool sut_scan_init(struct sut_scan *scan, struct sut_target *target,
		   const struct sut_thread_layout *layout, struct sut_arena *arena)
{
	*scan = (struct sut_scan){.target = target, .kinds = UINT32_MAX};
	scan->buffer = sut_arena_alloc(arena, CHUNK + AHEAD);
	/* Other C libraries mangle nothing. */
	return layout->home != SUT_RT_HOME_TCB ||
	       sut_target_read(target, layout->main_tcb + GUARD_OFFSET, &scan->guard,
			       sizeof(scan->guard));
}

void sut_scan_skip(struct sut_scan *scan, struct sut_arena *arena, uint64_t start, uint64_t end)
{
	if (start < end)
		SUT_PUSH(arena, scan->skip, scan->skip_count, scan->skip_capacity) =
			(struct sut_span){start, end};
}

const struct sut_rt_range *sut_scan_range(const struct sut_scan *scan, uint64_t word)
{
	const struct sut_rt_range *range = sut_rt_range_find(scan->ranges, scan->range_count, word);

	return range && range->kind & scan->kinds ? range : NULL;
}

/* As glibc hides what it calls later: exit handlers, and where longjmp goes. */
static uint64_t demangle(uint64_t word, uint64_t guard)
{
	return (word >> 17 | word << 47) ^ guard;
}

/* A piece of memory that was read. */
struct piece {
	const unsigned char *data;
	uint64_t address;
	size_t size;
};

static uint64_t word_at(const struct piece *piece, size_t offset)
{
	uint64_t word;

	memcpy(&word, piece->data + offset, sizeof(word));
	return word;
}

/*
 * A return address may equal the end of a function, if a call is its last instruction; otherwise it
 * is a pointer to the next one. Anything that could be a call counts.
 */
static bool follows_call(const struct sut_scan *scan, uint64_t address)
{
	enum { LONGEST = 8, DIRECT = 5 };
	unsigned char code[LONGEST];

	if (!sut_target_read(scan->target, address - LONGEST, code, sizeof(code)))
		return true;
	if (code[LONGEST - DIRECT] == 0xe8)
		return true;
	for (int i = 0; i + 1 < LONGEST; i++)
		if (code[i] == 0xff && (code[i + 1] >> 3 & 7) == 2)
			return true;
	return false;
}

/*
 * Nobody leaves a stack in the middle of a decision but for a signal handler; so of those only
 * interrupted program counters count.
 */
static uint32_t interrupted_kinds(const struct sut_scan *scan)
{
	return SUT_RT_RANGE_ENTRY | (scan->frames ? SUT_RT_RANGE_CORE : 0);
}

static bool check_word(struct sut_scan *scan, const struct piece *piece, size_t offset,
		       uint64_t word)
{
	const struct sut_rt_range *range = sut_scan_range(scan, word);
	uint64_t words[3] = {word};

	if (!range)
		return false;
	if (scan->frames && word == range->high && !follows_call(scan, word))
		return false;
	if (range->kind & interrupted_kinds(scan)) {
		if (offset + sizeof(words) > piece->size)
			return false;
		memcpy(words, piece->data + offset, sizeof(words));
		if (!sut_rt_is_interrupted(words))
			return false;
	}
	scan->hit = (struct sut_scan_hit){piece->address + offset, word, range};
	return true;
}

static bool search(struct sut_scan *scan, const struct piece *piece, size_t from, size_t to)
{
	uint64_t low = scan->ranges[0].low;
	uint64_t span = scan->ranges[scan->range_count - 1].high - low;
	uint64_t guard = scan->guard;

	for (size_t i = from; i + 8 <= to; i += 8) {
		uint64_t word = word_at(piece, i), plain = demangle(word, guard);

		if (word - low <= span && check_word(scan, piece, i, word))
			return true;
		if (plain - low <= span && check_word(scan, piece, i, plain))
			return true;
	}
	for (size_t shift = 1; scan->anywhere && shift < 8; shift++)
		for (size_t i = from + shift; i + 8 <= to; i += 8) {
			uint64_t word = word_at(piece, i);

			if (word - low <= span && check_word(scan, piece, i, word))
				return true;
		}
	return false;
}

static bool is_late(const struct sut_scan *scan)
{
	return scan->until_ns && sut_now_ns() > scan->until_ns;
}

/* [start, end) in one mapping, or a part of it. */
static enum sut_scan_end search_span(struct sut_scan *scan, uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at < end;) {
		uint64_t size = end - at < CHUNK ? end - at : CHUNK;
		/* Words may cross into the next chunk, and tell themselves by those behind them. */
		uint64_t more = end - at - size < AHEAD ? end - at - size : AHEAD;
		struct piece piece = {scan->buffer, at, size + more};

		if (!sut_target_read(scan->target, at, scan->buffer, size + more))
			return scan->shared ? SUT_SCAN_CLEAN : SUT_SCAN_UNREADABLE;
		scan->bytes += size;
		if (search(scan, &piece, 0, size + (more < 8 ? more : 7)))
			return SUT_SCAN_FOUND;
		if (is_late(scan))
			return SUT_SCAN_LATE;
		at += size;
	}
	return SUT_SCAN_CLEAN;
}

static int compare_spans(const void *a, const void *b)
{
	const struct sut_span *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

/* The parts of it that are not skipped. */
static enum sut_scan_end search_rest(struct sut_scan *scan, uint64_t start, uint64_t end)
{
	enum sut_scan_end result = SUT_SCAN_CLEAN;

	for (size_t i = 0; i < scan->skip_count && start < end && result == SUT_SCAN_CLEAN; i++) {
		const struct sut_span *skip = &scan->skip[i];

		if (skip->end <= start || skip->start >= end)
			continue;
		if (skip->start > start)
			result = search_span(scan, start, skip->start);
		start = skip->end;
	}
	return result == SUT_SCAN_CLEAN && start < end ? search_span(scan, start, end) : result;
}

/* May pages of a mapping be left out that are as the file has them? */
static bool is_file(const struct sut_map *map)
{
	return map->inode && !map->shared;
}

static bool is_wanted(const struct sut_scan *scan, const struct sut_map *map)
{
	if (scan->frames && map->inode && !map->write)
		return false;
	if (map->shared)
		return map->read && map->write && strncmp(map->path, "/dev/", 5) != 0;
	return strncmp(map->path, "[v", 2) != 0; /* the kernel's own: vvar, vdso, vsyscall */
}

/* Runs of pages that hold something of the program's. */
static enum sut_scan_end search_pages(struct sut_scan *scan, const struct sut_map *map,
				      uint64_t start, const uint64_t *entries, size_t count)
{
	enum sut_scan_end result = SUT_SCAN_CLEAN;
	size_t first = 0;

	for (size_t i = 0; i <= count && result == SUT_SCAN_CLEAN; i++) {
		bool holds = i < count && entries[i] & page_present &&
			     !(is_file(map) && entries[i] & page_of_file);

		if (holds)
			continue;
		if (i > first)
			result = search_rest(scan, start + first * SUT_PAGE_SIZE,
					     start + i * SUT_PAGE_SIZE);
		first = i + 1;
	}
	return result;
}

/* Without a page map (-1) all of it. */
static enum sut_scan_end search_map(struct sut_scan *scan, const struct sut_map *map, int pagemap)
{
	uint64_t entries[ENTRIES];
	enum sut_scan_end result = SUT_SCAN_CLEAN;

	scan->shared = map->shared;
	/* What is shared may be in memory without being in our page table. */
	if (pagemap < 0 || map->shared)
		return search_rest(scan, map->start, map->end);
	for (uint64_t at = map->start; at < map->end && result == SUT_SCAN_CLEAN;) {
		size_t pages = (map->end - at) / SUT_PAGE_SIZE;

		pages = pages < ENTRIES ? pages : ENTRIES;
		if (!sut_pread_all(pagemap, entries, pages * sizeof(entries[0]),
				   at / SUT_PAGE_SIZE * sizeof(entries[0])))
			return SUT_SCAN_UNREADABLE;
		result = search_pages(scan, map, at, entries, pages);
		at += pages * SUT_PAGE_SIZE;
		if (result == SUT_SCAN_CLEAN && is_late(scan))
			result = SUT_SCAN_LATE;
	}
	return result;
}

enum sut_scan_end sut_scan_memory(struct sut_scan *scan)
{
	SUT_CLOSE int pagemap = openat(scan->target->folder, "pagemap", O_RDONLY | O_CLOEXEC);
	enum sut_scan_end result = SUT_SCAN_CLEAN;
	struct sut_diag ignored = {0};

	scan->bytes = 0;
	if (sut_target_remap(scan->target, &ignored) != SUT_OK)
		return SUT_SCAN_UNREADABLE;
	if (scan->skip_count)
		qsort(scan->skip, scan->skip_count, sizeof(scan->skip[0]), compare_spans);
	for (size_t i = 0; i < scan->target->map_count && result == SUT_SCAN_CLEAN; i++)
		if (is_wanted(scan, &scan->target->maps[i]))
			result = search_map(scan, &scan->target->maps[i], pagemap);
	return result;
}
