// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/handlers.h"
#include "base/frames.h"

#include <string.h>

/* What the field at an offset refers to; false: nothing in this object. */
static bool place_at(const struct sut_object *object, const struct sut_section *section,
		     uint64_t offset, struct sut_place *place)
{
	size_t i = sut_section_reloc(section, offset);

	if (i == section->reloc_count || section->relocs[i].offset != offset)
		return false;
	*place = sut_object_place(object, section, &section->relocs[i]);
	return place->section && place->exact && place->offset >= 0;
}

static void read_section(const struct sut_object *object, const struct sut_section *section,
			 struct sut_handlers *handlers)
{
	struct sut_frames frames = {section->data, section->size, 0, false};
	struct sut_frame frame;
	struct sut_place code, table;

	while (sut_frames_next(&frames, &frame))
		if (!frame.is_cie && frame.lsda && place_at(object, section, frame.start, &code) &&
		    place_at(object, section, frame.lsda, &table))
			handlers[code.section] =
				(struct sut_handlers){table.section, (uint64_t)table.offset};
}

struct sut_handlers *sut_handlers_find(struct sut_arena *arena, const struct sut_object *object)
{
	struct sut_handlers *handlers =
		sut_arena_array(arena, object->section_count, sizeof(*handlers));

	for (size_t i = 1; i < object->section_count; i++)
		if (strcmp(object->sections[i].name, ".eh_frame") == 0 && object->sections[i].data)
			read_section(object, &object->sections[i], handlers);
	return handlers;
}
