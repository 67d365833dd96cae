// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/runtime.h"
#include "process/tables.h"
#include "process/swap.h"

#include <string.h>
#include <time.h>

enum sut_rc sut_runtime_control(const struct sut_runtime *runtime, struct sut_rt_control *control,
				struct sut_diag *diag)
{
	if (!runtime->placed) {
		*control = runtime->initial;
		return SUT_OK;
	}
	if (sut_target_read(runtime->target, runtime->control, control, sizeof(*control)) &&
	    control->magic == SUT_RT_MAGIC && control->version == SUT_RT_VERSION &&
	    control->text == runtime->text)
		return SUT_OK;
	return sut_target_damaged(runtime->target, "the run-time's control block", diag);
}

enum sut_rc sut_runtime_no_room(const struct sut_target *target, const char *what,
				struct sut_diag *diag)
{
	sut_fail(diag, SUT_UNSUPPORTED, "room", "process %d (%s): %s", target->pid, target->name,
		 what);
	sut_remedy(diag, "Its address space is unusually full; restart it instead.");
	return SUT_UNSUPPORTED;
}

static struct sut_rt_table own_table(const struct sut_runtime *runtime)
{
	const struct sut_rt_header *header = &runtime->header;
	struct sut_rt_table table =
		sut_table_make(runtime->text, runtime->text + header->size,
			       runtime->text + header->index, header->size - header->index);

	table.near = runtime->target->objects[0].low;
	table.name = runtime->control + offsetof(struct sut_rt_control, own_name);
	return table;
}

/* Address and first contents of a run-time that is not there yet. */
static enum sut_rc choose_place(struct sut_runtime *runtime, struct sut_diag *diag)
{
	struct sut_target *target = runtime->target;
	const struct sut_object *near = target->objects;
	uint64_t size = SUT_RT_TEXT_SIZE + SUT_RT_DATA_SIZE;
	struct timespec now;

	if (!near)
		return sut_target_damaged(target, "the header of its program", diag);
	runtime->text = sut_target_hole(target, near->low, near->high, size);
	if (!runtime->text)
		return sut_runtime_no_room(target,
					   "there is no room for the run-time near the program",
					   diag);
	sut_target_reserve(target, runtime->text, runtime->text + size);
	memcpy(&runtime->header, sut_rt_blob, sizeof(runtime->header));
	runtime->control = runtime->header.control = runtime->text + SUT_RT_TEXT_SIZE;
	/* Threads hold marks of an earlier life only by accident; a start from the clock avoids
	 * them. */
	clock_gettime(CLOCK_REALTIME, &now);
	runtime->initial = (struct sut_rt_control){
		.magic = SUT_RT_MAGIC,
		.version = SUT_RT_VERSION,
		.mark_next = ((uint32_t)now.tv_sec << 8 | 0x100) & ~1u,
		.text = runtime->text,
		.own = own_table(runtime),
		.own_name = "[suture]",
	};
	return SUT_OK;
}

/* Is this map the run-time? */
static bool is_runtime(const struct sut_target *target, const struct sut_map *map,
		       struct sut_rt_header *header, struct sut_rt_control *control)
{
	return map->read && map->exec && !map->write && !map->shared && !map->inode &&
	       map->path[0] == '\0' &&
	       sut_target_read(target, map->start, header, sizeof(*header)) &&
	       header->magic == SUT_RT_MAGIC &&
	       sut_target_read(target, header->control, control, sizeof(*control)) &&
	       control->magic == SUT_RT_MAGIC;
}

bool sut_runtime_present(const struct sut_target *target)
{
	struct sut_rt_header header;
	struct sut_rt_control control;

	for (size_t i = 0; i < target->map_count; i++)
		if (is_runtime(target, &target->maps[i], &header, &control))
			return true;
	return false;
}

enum sut_rc sut_runtime_find(struct sut_target *target, struct sut_runtime *runtime,
			     struct sut_diag *diag)
{
	struct sut_rt_header header;
	struct sut_rt_control control;
	enum sut_rc rc;

	*runtime = (struct sut_runtime){.target = target,
					.swaps = sut_swap_needed(target),
					.last = target->pid};
	/* Always anew: after a fork the main thread is another one. */
	rc = sut_thread_layout(target, &runtime->layout, diag);
	for (size_t i = 0; i < target->map_count && rc == SUT_OK && !runtime->placed; i++) {
		if (!is_runtime(target, &target->maps[i], &header, &control))
			continue;
		if (header.version != SUT_RT_VERSION || control.version != SUT_RT_VERSION) {
			sut_fail(diag, SUT_UNSUPPORTED, "version",
				 "process %d (%s): it carries a run-time of format %u, this suture "
				 "knows %u",
				 target->pid, target->name, header.version, SUT_RT_VERSION);
			sut_remedy(diag, "Use the suture that patched it, or restart it.");
			return SUT_UNSUPPORTED;
		}
		runtime->placed = true;
		runtime->text = target->maps[i].start;
		runtime->control = header.control;
		runtime->header = header;
	}
	return rc == SUT_OK && !runtime->placed ? choose_place(runtime, diag) : rc;
}
