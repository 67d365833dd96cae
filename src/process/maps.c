// SPDX-License-Identifier: GPL-2.0-or-later
/* What is mapped where: /proc/PID/maps, the ELF objects in it, and holes to map something in. */
#include "process/target.h"
#include "base/guard.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAPS_MAX = 32 << 20, /* bytes of text; 65530 maps of the kernel's default limit fit */
	HEADERS_MAX = 64,
	NOTE_MAX = 64 * 1024,
	REACH = 0x7fff0000, /* of a rel32, with room for the instruction */
};

static bool parse_line(struct sut_arena *arena, char *line, struct sut_map *map)
{
	char *p = line;

	map->start = strtoull(p, &p, 16);
	if (*p++ != '-')
		return false;
	map->end = strtoull(p, &p, 16);
	if (*p++ != ' ' || strlen(p) < 5 || map->end <= map->start)
		return false;
	map->read = p[0] == 'r';
	map->write = p[1] == 'w';
	map->exec = p[2] == 'x';
	map->shared = p[3] == 's';
	p += 5;
	map->offset = strtoull(p, &p, 16);
	p += strspn(p, " ");
	map->major = (unsigned int)strtoul(p, &p, 16);
	if (*p++ != ':')
		return false;
	map->minor = (unsigned int)strtoul(p, &p, 16);
	map->inode = strtoull(p, &p, 10);
	p += strspn(p, " ");
	map->path = *p ? sut_arena_strdup(arena, p) : "";
	return true;
}

static char *read_text(const struct sut_target *target, size_t *size)
{
	SUT_CLOSE int fd = openat(target->folder, "maps", O_RDONLY | O_CLOEXEC);
	size_t capacity = 64 * 1024, used = 0;
	char *text = malloc(capacity);
	ssize_t n = -1;

	while (fd >= 0 && text && (n = read(fd, text + used, capacity - used - 1)) > 0) {
		sut_pace_rest(target->pace);
		used += (size_t)n;
		if (used + 1 == capacity && capacity < MAPS_MAX) {
			char *grown = realloc(text, capacity *= 2);

			if (!grown)
				break;
			text = grown;
		}
	}
	if (n != 0 || !text) {
		free(text);
		return NULL;
	}
	text[used] = '\0';
	*size = used;
	return text;
}

enum sut_rc sut_target_remap(struct sut_target *target, struct sut_diag *diag)
{
	size_t size = 0, capacity = 0;
	SUT_FREE char *text = read_text(target, &size);
	char *line, *rest = text;

	sut_pages_forget(target->pages);
	target->maps = NULL;
	target->map_count = 0;
	/* Its memory could be opened, so it was no question of rights. */
	if (!text || !size)
		return sut_target_lost(target, diag);
	while ((line = strsep(&rest, "\n")) && *line) {
		struct sut_map map;

		sut_pace_rest(target->pace);
		if (!parse_line(&target->arena, line, &map))
			return sut_fail(diag, SUT_BUG, NULL, "process %d: unreadable map line: %s",
					target->pid, line);
		SUT_PUSH(&target->arena, target->maps, target->map_count, capacity) = map;
	}
	return SUT_OK;
}

/* Build-id, and whose linker made it, from one PT_NOTE segment in memory. */
static void read_note(const struct sut_target *target, uint64_t address, uint64_t size,
		      struct sut_object *object)
{
	unsigned char data[NOTE_MAX];
	uint64_t at = 0;

	if (size > sizeof(data) || !sut_target_read_kept(target, address, data, size))
		return;
	while (at + sizeof(Elf64_Nhdr) <= size) {
		Elf64_Nhdr note;
		uint64_t name, desc;

		memcpy(&note, data + at, sizeof(note));
		name = at + sizeof(note);
		desc = name + (((uint64_t)note.n_namesz + 3) & ~UINT64_C(3));
		if (desc > size || note.n_descsz > size - desc)
			return;
		if (note.n_namesz == 4 && memcmp(data + name, "Go\0", 4) == 0)
			object->go = true;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(data + name, "GNU", 4) == 0 && note.n_descsz &&
		    note.n_descsz <= SUT_PATCH_BUILD_ID_MAX && !object->build_id_size) {
			object->build_id_size = note.n_descsz;
			memcpy(object->build_id, data + desc, note.n_descsz);
		}
		at = desc + (((uint64_t)note.n_descsz + 3) & ~UINT64_C(3));
	}
}

static bool read_object(const struct sut_target *target, const struct sut_map *map,
			struct sut_object *object)
{
	Elf64_Phdr headers[HEADERS_MAX];
	Elf64_Ehdr file;
	uint64_t low = UINT64_MAX, high = 0, text_end = 0;

	if (!sut_target_read_kept(target, map->start, &file, sizeof(file)) ||
	    memcmp(file.e_ident, ELFMAG, SELFMAG) != 0 || file.e_ident[EI_CLASS] != ELFCLASS64 ||
	    file.e_machine != EM_X86_64 || (file.e_type != ET_EXEC && file.e_type != ET_DYN) ||
	    file.e_phentsize != sizeof(Elf64_Phdr) || file.e_phnum > HEADERS_MAX ||
	    file.e_phoff > (1 << 20) ||
	    !sut_target_read_kept(target, map->start + file.e_phoff, headers,
				  file.e_phnum * sizeof(Elf64_Phdr)))
		return false;
	*object = (struct sut_object){.path = map->path};
	for (size_t i = 0; i < file.e_phnum; i++) {
		if (headers[i].p_type != PT_LOAD)
			continue;
		if (headers[i].p_vaddr < low)
			low = headers[i].p_vaddr;
		if (headers[i].p_vaddr + headers[i].p_memsz > high)
			high = headers[i].p_vaddr + headers[i].p_memsz;
		if (headers[i].p_flags & PF_X)
			text_end = headers[i].p_vaddr + headers[i].p_memsz;
	}
	if (low >= high || high - low > (UINT64_C(1) << 32))
		return false;
	object->bias = map->start - (low & ~UINT64_C(0xfff));
	object->low = map->start;
	object->high = object->bias + high;
	object->text_end = object->bias + text_end;
	for (size_t i = 0; i < file.e_phnum; i++) {
		if (headers[i].p_type == PT_NOTE)
			read_note(target, object->bias + headers[i].p_vaddr, headers[i].p_filesz,
				  object);
		if (headers[i].p_type == PT_DYNAMIC) {
			object->dynamic = object->bias + headers[i].p_vaddr;
			object->dynamic_size = headers[i].p_memsz;
		}
	}
	return object->build_id_size > 0;
}

/* AT_PHDR of the auxiliary vector lies in the program itself. */
static uint64_t program_headers_address(const struct sut_target *target)
{
	SUT_CLOSE int fd = openat(target->folder, "auxv", O_RDONLY | O_CLOEXEC);
	Elf64_auxv_t vector[64];
	ssize_t n = fd < 0 ? -1 : read(fd, vector, sizeof(vector));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(vector[0]); i++)
		if (vector[i].a_type == AT_PHDR)
			return vector[i].a_un.a_val;
	return 0;
}

enum sut_rc sut_target_refresh(struct sut_target *target, struct sut_diag *diag)
{
	uint64_t headers = program_headers_address(target);
	bool known = target->object_count > 0;
	enum sut_rc rc = sut_target_remap(target, diag);
	size_t capacity = 0;

	target->objects = NULL;
	target->object_count = 0;
	if (rc != SUT_OK)
		return rc;
	for (size_t i = 0; i < target->map_count; i++) {
		const struct sut_map *map = &target->maps[i];
		struct sut_object object = {0};
		bool whole = !map->offset && map->read && map->inode &&
			     read_object(target, map, &object);

		object.executable = headers >= object.low && headers < object.high;
		target->go |= object.go && object.executable;
		if (!whole)
			continue;
		SUT_PUSH(&target->arena, target->objects, target->object_count, capacity) = object;
	}
	return known && !target->object_count
		       ? sut_target_damaged(target, "the header of its program", diag)
		       : SUT_OK;
}

const struct sut_map *sut_target_map(const struct sut_target *target, uint64_t address)
{
	size_t first = 0, last = target->map_count;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (address < target->maps[middle].start)
			last = middle;
		else if (address >= target->maps[middle].end)
			first = middle + 1;
		else
			return &target->maps[middle];
	}
	return NULL;
}

const struct sut_object *sut_target_object(const struct sut_target *target,
					   const unsigned char *build_id, size_t size)
{
	for (size_t i = 0; i < target->object_count; i++)
		if (target->objects[i].build_id_size == size &&
		    memcmp(target->objects[i].build_id, build_id, size) == 0)
			return &target->objects[i];
	return NULL;
}

static bool in_reach(uint64_t hole, uint64_t size, uint64_t low, uint64_t high)
{
	return (hole + size > low ? hole + size - low : 0) <= REACH &&
	       (high > hole ? high - hole : 0) <= REACH;
}

/*
 * Below the object first: above a program the heap grows, below it nothing does. A margin keeps
 * away from what lies next to the hole, for stacks and heaps may grow into it.
 */
uint64_t sut_target_hole(const struct sut_target *target, uint64_t low, uint64_t high,
			 uint64_t size)
{
	enum { MARGIN = 256 * 1024, LOWEST = 1 << 20 };

	for (size_t i = target->map_count; i--;) {
		uint64_t end = target->maps[i].start;
		uint64_t start = i ? target->maps[i - 1].end : LOWEST;
		uint64_t hole;

		if (end > low || end < start || end - start < size + 2 * MARGIN)
			continue;
		hole = (end - MARGIN - size) & ~UINT64_C(0xfff);
		if (in_reach(hole, size, low, high))
			return hole;
	}
	for (size_t i = 0; i + 1 < target->map_count; i++) {
		uint64_t start = target->maps[i].end;
		uint64_t end = target->maps[i + 1].start;
		uint64_t hole = end - MARGIN - size;

		if (start < high || end - start < size + 2 * MARGIN)
			continue;
		if (!in_reach(hole & ~UINT64_C(0xfff), size, low, high))
			hole = low + REACH - MARGIN - size;
		hole &= ~UINT64_C(0xfff);
		if (hole >= start + MARGIN && hole + size <= end && in_reach(hole, size, low, high))
			return hole;
	}
	return 0;
}

void sut_target_reserve(struct sut_target *target, uint64_t start, uint64_t end)
{
	struct sut_map *maps =
		sut_arena_array(&target->arena, target->map_count + 1, sizeof(*maps));
	size_t at = 0;

	while (at < target->map_count && target->maps[at].start < start)
		at++;
	memcpy(maps, target->maps, at * sizeof(*maps));
	maps[at] = (struct sut_map){.start = start, .end = end, .path = "(reserved)"};
	memcpy(maps + at + 1, target->maps + at, (target->map_count - at) * sizeof(*maps));
	target->maps = maps;
	target->map_count++;
}
