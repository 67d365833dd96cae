// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/provenance.h"

#include <elf.h>
#include <string.h>

enum { TYPE = 1 };

static const char name[] = "suture";

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
		length += length < size;
		text += length;
		size -= length;
	}
}

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

bool sut_provenance_parse(struct sut_arena *arena, struct sut_bytes note,
			  struct sut_provenance *provenance)
{
	*provenance = (struct sut_provenance){.suture = "", .version = ""};
	while (note.size >= sizeof(Elf64_Nhdr)) {
		const char *at = (const char *)note.data + sizeof(Elf64_Nhdr);
		size_t size = note.size - sizeof(Elf64_Nhdr), used;
		Elf64_Nhdr header;

		memcpy(&header, note.data, sizeof(header));
		if (padded(header.n_namesz) > size)
			return false;
		if (header.n_descsz > size - padded(header.n_namesz))
			return false;
		if (header.n_type == TYPE && header.n_namesz == sizeof(name) &&
		    memcmp(at, name, sizeof(name)) == 0) {
			take(arena, at + padded(header.n_namesz), header.n_descsz, provenance);
			return true;
		}
		used = sizeof(header) + padded(header.n_namesz) + padded(header.n_descsz);
		if (used > note.size)
			return false;
		note.data += used;
		note.size -= used;
	}
	return false;
}
