// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/pages.h"
#include "base/io.h"

#include <string.h>

enum { PAGE_SIZE = 4096 };

void sut_pages_forget(struct sut_pages *pages)
{
	pages->count = pages->next = 0;
}

static const unsigned char *find(const struct sut_pages *pages, uint64_t address)
{
	for (size_t i = 0; i < pages->count; i++)
		if (pages->list[i].address == address)
			return pages->list[i].bytes;
	return NULL;
}

/* NULL: it cannot be read. */
static const unsigned char *keep(struct sut_pages *pages, int memory, uint64_t address)
{
	struct sut_kept_page *page = &pages->list[pages->next];

	if (!page->bytes)
		page->bytes = sut_arena_alloc(pages->arena, PAGE_SIZE);
	/* Not found by its old address if the new one cannot be read. */
	page->address = UINT64_MAX;
	if (!sut_pread_all(memory, page->bytes, PAGE_SIZE, address))
		return NULL;
	page->address = address;
	pages->next = (pages->next + 1) % SUT_PAGES_MAX;
	if (pages->count < SUT_PAGES_MAX)
		pages->count++;
	return page->bytes;
}

bool sut_pages_read(struct sut_pages *pages, int memory, uint64_t address, void *data, size_t size)
{
	unsigned char *to = data;

	if (size > PAGE_SIZE || size > UINT64_MAX - address)
		return sut_pread_all(memory, data, size, address);
	while (size) {
		uint64_t start = address & ~(uint64_t)(PAGE_SIZE - 1);
		size_t part =
			start + PAGE_SIZE - address < size ? start + PAGE_SIZE - address : size;
		const unsigned char *bytes = find(pages, start);

		if (!bytes)
			bytes = keep(pages, memory, start);
		if (!bytes)
			return false;
		memcpy(to, bytes + (address - start), part);
		to += part;
		address += part;
		size -= part;
	}
	return true;
}
