// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/provenance.h"

#include <elf.h>
#include <string.h>

enum { TYPE = 1 };

/* What a note's description has from here on; the last string may lack its zero byte. */
static void take(struct sut_arena *arena, const char *text, size_t size,
		 struct sut_provenance *provenance)
{
	while (size) {
		size_t length = strnlen(text, size);
		const char *string = sut_arena_strndup(arena, text, length);

		if (strncmp(string, "suture=", 7) == 0)
			provenance->suture = string + 7;
		else if (strncmp(string, "version=", 8) == 0)
			provenance->version = string + 8;
		else if (strncmp(string, "fixes=", 6) == 0)
			SUT_PUSH(arena, provenance->fixes, provenance->fix_count,
				 provenance->fix_capacity) = string + 6;
		else if (strcmp(string, "replace=1") == 0)
			provenance->replace = true;
		length += length < size;
		text += length;
		size -= length;
	}
}

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

bool sut_note_find(struct sut_bytes notes, const char *wanted, uint32_t type,
		   struct sut_bytes *description)
{
	while (notes.size >= sizeof(Elf64_Nhdr)) {
		const unsigned char *at = notes.data + sizeof(Elf64_Nhdr);
		size_t rest = notes.size - sizeof(Elf64_Nhdr), name_size, size;
		Elf64_Nhdr header;

		memcpy(&header, notes.data, sizeof(header));
		name_size = padded(header.n_namesz);
		size = padded(header.n_descsz);
		if (name_size > rest || header.n_descsz > rest - name_size)
			return false;
		if (header.n_type == type && header.n_namesz == strlen(wanted) + 1 &&
		    memcmp(at, wanted, header.n_namesz) == 0) {
			*description = (struct sut_bytes){at + name_size, header.n_descsz};
			return true;
		}
		if (size > rest - name_size) /* the last one need not be padded */
			return false;
		notes.data = at + name_size + size;
		notes.size = rest - name_size - size;
	}
	return false;
}

bool sut_provenance_parse(struct sut_arena *arena, struct sut_bytes note,
			  struct sut_provenance *provenance)
{
	struct sut_bytes description;

	*provenance = (struct sut_provenance){.suture = "", .version = ""};
	if (!sut_note_find(note, "suture", TYPE, &description))
		return false;
	take(arena, (const char *)description.data, description.size, provenance);
	return true;
}
