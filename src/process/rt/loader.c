// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The dynamic loader calls r_debug.r_brk, a function that does nothing, for debuggers: when it
 * has begun to change the list of objects and when the list is right again. While a patch waits for
 * an object that call comes here. What is behind the end that the list had when it was right the
 * last time has just been mapped, and nothing of it has run: neither relocations nor constructors
 * have been touched.
 *
 * The loader's lock is held, so no libc call, and no waiting for whoever may want that lock: an
 * operation that does not end in time makes this change a missed one, which is counted. List and
 * objects are somebody else's: what is read of them is first shown to be there, by a system call
 * that fails instead of faulting.
 */
#include "process/rt/inside.h"

#include <linux/errno.h>

enum { PAGE = 4096 };

/* How an object is there: mapped in the present change, in a namespace of its own (dlmopen). */
enum { FRESH = 1, ELSEWHERE = 2 };

struct debug {
	int32_t version;
	uint64_t map;
	uint64_t brk;
	int32_t state; /* enum sut_rt_change */
	uint64_t base;
	uint64_t next; /* from version 2 on: of the next namespace */
};

struct link_map {
	uint64_t bias, name, dynamic, next, previous;
};

enum { MAPS_MAX = 65536, HEADERS_MAX = 64, NOTE_MAX = 65536, NAME_MAX = 4096 };

struct file_header {
	unsigned char ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, headers, sections;
	uint32_t flags;
	uint16_t size, header_size, header_count;
};

struct segment {
	uint32_t type, flags;
	uint64_t offset, address, physical, file_size, memory_size, align;
};

enum { SEGMENT_LOAD = 1, SEGMENT_NOTE = 4, NOTE_BUILD_ID = 3 };

struct note {
	uint32_t name_size, size, type;
	char name[4];
};

static bool readable(uint64_t address, uint64_t size)
{
	if (!address || address + size < address)
		return false;
	for (uint64_t at = address; at < address + size; at = (at / PAGE + 1) * PAGE)
		if (!sut_rt_readable(at & ~UINT64_C(7)))
			return false;
	return true;
}

static void read_note(uint64_t at, uint64_t size, struct sut_rt_image *image)
{
	uint64_t end = at + size;

	if (size > NOTE_MAX || !readable(at, size))
		return;
	while (end - at >= sizeof(struct note) && at < end) {
		const struct note *note = (const struct note *)at;
		uint64_t body = at + 12 + (((uint64_t)note->name_size + 3) & ~UINT64_C(3));
		const unsigned char *bytes = (const unsigned char *)body;

		if (body > end || note->size > end - body)
			return;
		if (note->type == NOTE_BUILD_ID && note->name_size == 4 && note->name[0] == 'G' &&
		    note->name[1] == 'N' && note->name[2] == 'U' && !note->name[3] && note->size &&
		    note->size <= SUT_RT_BUILD_ID_MAX) {
			image->id_size = note->size;
			for (uint32_t i = 0; i < note->size; i++)
				image->id[i] = bytes[i];
			return;
		}
		at = body + (((uint64_t)note->size + 3) & ~UINT64_C(3));
	}
}

/* The file's header is the first thing that is mapped of an object; others are not known. */
static bool read_image(uint64_t map, struct sut_rt_image *image)
{
	const struct link_map *node = (const struct link_map *)map;
	const struct file_header *file = (const struct file_header *)node->bias;
	const struct segment *segments;
	uint64_t low = UINT64_MAX, high = 0;

	image->bias = node->bias;
	image->dynamic = node->dynamic;
	image->name = node->name;
	image->id_size = 0;
	if (node->bias % PAGE || !readable(node->bias, PAGE) || file->ident[0] != 0x7f ||
	    file->ident[1] != 'E' || file->ident[2] != 'L' || file->ident[3] != 'F' ||
	    file->ident[4] != 2 || file->header_size != sizeof(struct segment) ||
	    file->header_count > HEADERS_MAX ||
	    file->headers > PAGE - HEADERS_MAX * sizeof(struct segment))
		return false;
	segments = (const struct segment *)(node->bias + file->headers);
	for (unsigned int i = 0; i < file->header_count; i++) {
		const struct segment *s = &segments[i];

		if (s->type == SEGMENT_NOTE && !image->id_size)
			read_note(node->bias + s->address, s->file_size, image);
		if (s->type != SEGMENT_LOAD)
			continue;
		low = s->address < low ? s->address : low;
		high = s->address + s->memory_size > high ? s->address + s->memory_size : high;
	}
	image->low = node->bias + low;
	image->high = node->bias + high;
	return low < high && high - low < SUT_RT_LATE_OBJECT && image->id_size;
}

static const char *base_name(uint64_t name)
{
	const char *base = (const char *)name;

	for (uint64_t at = name; at - name < NAME_MAX; at++) {
		if ((at == name || at % PAGE == 0) && !readable(at, 1))
			return NULL;
		if (!*(const char *)at)
			return base;
		if (*(const char *)at == '/')
			base = (const char *)at + 1;
	}
	return NULL;
}

static bool same_name(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool same_id(const struct sut_rt_late *late, const struct sut_rt_image *image)
{
	bool same = late->build_id_size == image->id_size;

	for (uint32_t i = 0; same && i < image->id_size; i++)
		same = late->build_id[i] == image->id[i];
	return same;
}

static void note_other(struct sut_rt_late *late, const struct sut_rt_image *image)
{
	const char *base = base_name(image->name);

	if (!base || !same_name(base, (const char *)late->name))
		return;
	late->others++;
	late->other_id_size = image->id_size;
	for (uint32_t i = 0; i < image->id_size; i++)
		late->other_id[i] = image->id[i];
}

static void look_at(void *context, uint64_t map, unsigned int how)
{
	struct sut_rt_control *control = context;
	struct sut_rt_image image;

	if (!read_image(map, &image))
		return;
	image.elsewhere = how & ELSEWHERE;
	for (uint64_t at = control->loader.late; at; at = ((struct sut_rt_late *)at)->next) {
		struct sut_rt_late *late = (struct sut_rt_late *)at;

		if (!same_id(late, &image))
			note_other(late, &image);
		else if (late->state == SUT_RT_LATE_ABSENT)
			sut_rt_late_come(control, late, &image, how & FRESH);
		else if (late->dynamic != image.dynamic || late->bias != image.bias)
			late->more++;
	}
}

/* Calls visit for each object of each namespace. */
static void walk(struct sut_rt_control *control,
		 void (*visit)(void *context, uint64_t map, unsigned int how), void *context)
{
	const struct sut_rt_loader *loader = &control->loader;
	uint64_t debug = loader->debug;

	for (uint32_t i = 0; i < SUT_RT_NAMESPACES && readable(debug, sizeof(struct debug)); i++) {
		const struct debug *d = (const struct debug *)debug;
		uint64_t tail = i < loader->tail_count ? loader->tails[i] : 0;
		bool fresh = loader->tail_count && !tail;
		uint64_t map = d->map;

		for (uint32_t n = 0; n < MAPS_MAX && readable(map, sizeof(struct link_map)); n++) {
			visit(context, map, (fresh ? FRESH : 0) | (i ? ELSEWHERE : 0));
			fresh |= map == tail;
			map = ((const struct link_map *)map)->next;
		}
		debug = d->version >= 2 ? d->next : 0;
	}
}

struct search {
	const struct sut_rt_late *late;
	bool found;
};

static void compare(void *context, uint64_t map, unsigned int how)
{
	const struct link_map *node = (const struct link_map *)map;
	struct search *search = context;

	(void)how;
	search->found |= search->late->dynamic == node->dynamic && search->late->bias == node->bias;
}

static void update(struct sut_rt_control *control)
{
	for (uint64_t at = control->loader.late; at; at = ((struct sut_rt_late *)at)->next) {
		struct sut_rt_late *late = (struct sut_rt_late *)at;
		struct search search = {late, false};

		late->more = 0;
		late->others = 0;
		if (late->state != SUT_RT_LATE_ABSENT)
			walk(control, compare, &search);
		if (late->state != SUT_RT_LATE_ABSENT && !search.found)
			sut_rt_late_go(control, late);
	}
	walk(control, look_at, control);
}

static void note_first(void *context, uint64_t map, unsigned int how)
{
	struct sut_rt_control *control = context;
	struct sut_rt_image image;

	(void)how;
	if (!read_image(map, &image))
		return;
	for (uint64_t at = control->loader.late; at; at = ((struct sut_rt_late *)at)->next) {
		struct sut_rt_late *late = (struct sut_rt_late *)at;

		if (late->state != SUT_RT_LATE_ABSENT || !same_id(late, &image))
			continue;
		sut_rt_late_first(late, &image);
	}
}

void sut_rt_loader_settle(struct sut_rt_control *control, const struct sut_rt_map *tails,
			  uint64_t count)
{
	for (uint64_t i = 0; i < count && i < SUT_RT_NAMESPACES; i++)
		control->loader.tails[i] = tails[i].address;
	control->loader.tail_count = (uint32_t)count;
	walk(control, note_first, control);
}

static void note_tails(struct sut_rt_loader *loader)
{
	uint64_t debug = loader->debug;

	loader->tail_count = 0;
	while (loader->tail_count < SUT_RT_NAMESPACES && readable(debug, sizeof(struct debug))) {
		const struct debug *d = (const struct debug *)debug;
		uint64_t tail = 0, map = d->map;

		for (uint32_t n = 0; n < MAPS_MAX && readable(map, sizeof(struct link_map)); n++) {
			tail = map;
			map = ((const struct link_map *)map)->next;
		}
		loader->tails[loader->tail_count++] = tail;
		debug = d->version >= 2 ? d->next : 0;
	}
}

static enum sut_rt_change change_of(const struct sut_rt_loader *loader)
{
	uint64_t debug = loader->debug;

	for (uint32_t i = 0; i < SUT_RT_NAMESPACES && readable(debug, sizeof(struct debug)); i++) {
		const struct debug *d = (const struct debug *)debug;

		if (d->state)
			return (enum sut_rt_change)d->state;
		debug = d->version >= 2 ? d->next : 0;
	}
	return SUT_RT_CHANGE_NONE;
}

bool sut_rt_loader_at_work(const struct sut_rt_control *control)
{
	const struct sut_rt_loader *loader = &control->loader;

	return loader->hooked && (loader->at_work || change_of(loader));
}

/* Operations are short; one that is not may be waiting for the very lock that is held here. */
static bool take(struct sut_rt_control *control)
{
	enum { TURNS = 1000, SURE = 5, PAUSE_NS = 1000 * 1000 };
	uint32_t self = sut_rt_thread_id();

	for (int turn = 0; turn < TURNS; turn++) {
		uint32_t stage = SUT_RT_IDLE;

		if (__atomic_compare_exchange_n(&control->stage, &stage, SUT_RT_LOADING, 0,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			control->loader.owner = self;
			return true;
		}
		if (turn > SURE &&
		    (control->loader.owner == self || !sut_rt_thread_exists(control->loader.owner)))
			return false;
		sut_rt_futex_wait(&control->stage, stage, PAUSE_NS);
	}
	return false;
}

/*
 * A pre_patch has failed, so the object must not be loaded. While the loader adds objects it can
 * still undo all of it, and is made to; it goes on behind its dlopen(), which says why.
 */
struct refusal {
	int error;
	char text[128 + SUT_RT_NAME_SIZE];
	const char *object;
};

static void append(struct refusal *r, size_t *size, const char *text)
{
	while (*text && *size + 1 < sizeof(r->text))
		r->text[(*size)++] = *text++;
	r->text[*size] = '\0';
}

static bool must_refuse(const struct sut_rt_loader *loader, uint64_t change, struct refusal *r)
{
	const struct klp_object *object = (const struct klp_object *)loader->refusal;
	size_t size = 0;

	if (!object || !loader->fail || change != SUT_RT_CHANGE_ADD)
		return false;
	append(r, &size, "refused by the live patch ");
	append(r, &size, object->patch->mod->name);
	append(r, &size, ", whose pre_patch failed");
	r->object = object->name;
	r->error = (int)-loader->refusal_error;
	return true;
}

static void refuse(const struct sut_rt_loader *loader, const struct refusal *r)
{
	void (*fail)(int error, const char *object, const char *occasion, const char *text) =
		(void (*)(int, const char *, const char *, const char *))loader->fail;

	fail(r->error, r->object, NULL, r->text);
}

/* The list is right again. true: but what was added must go. */
static bool finish_change(struct sut_rt_control *control, struct refusal *refusal)
{
	struct sut_rt_loader *loader = &control->loader;
	uint64_t change = loader->at_work;
	bool refused;

	sut_rt_host_init(control);
	loader->refusal = 0;
	update(control);
	refused = must_refuse(loader, change, refusal);
	note_tails(loader);
	if (!loader->asked)
		sut_rt_loader_rest(control);
	return refused;
}

void sut_rt_loader_event(void)
{
	struct sut_rt_control *control = sut_rt_this_control();
	struct sut_rt_loader *loader = &control->loader;
	struct refusal refusal;
	bool refused = false;
	uint64_t mask;

	loader->changes++;
	/* A handler that never comes back would leave the stage as it is. */
	mask = sut_rt_block_signals();
	if (change_of(loader)) {
		/* Whoever changes text now is done before any goes; later ones see this. */
		loader->at_work = change_of(loader);
		if (take(control))
			control->stage = SUT_RT_IDLE;
	} else if (take(control)) {
		refused = finish_change(control, &refusal);
		loader->at_work = 0;
		control->stage = SUT_RT_IDLE;
	} else {
		loader->missed++;
		loader->tail_count = 0;
		loader->at_work = 0;
	}
	sut_rt_restore_signals(mask);
	if (refused)
		refuse(loader, &refusal);
}

/* New objects to wait for; all that is needed of them is in the records. */
int64_t sut_rt_loader_watch(struct sut_rt_control *control, uint64_t records)
{
	struct sut_rt_loader *loader = &control->loader;
	int64_t rc = 0;

	if (!loader->hooked) {
		loader->at_work = 0;
		rc = sut_rt_store_word(loader->hook, loader->before, loader->after);
	}
	if (rc)
		return rc;
	loader->hooked = 1;
	loader->asked = 1;
	while (records) {
		struct sut_rt_late *late = (struct sut_rt_late *)records;

		records = late->next;
		late->next = loader->late;
		loader->late = (uint64_t)late;
	}
	return 0;
}

/* Nobody waits for an object, and no memory of ours has to go with one. */
void sut_rt_loader_rest(struct sut_rt_control *control)
{
	struct sut_rt_loader *loader = &control->loader;

	loader->asked = 0;
	if (!loader->hooked || sut_rt_late_wanted(control))
		return;
	if (sut_rt_store_word(loader->hook, loader->after, loader->before))
		return;
	loader->hooked = 0;
	loader->tail_count = 0;
	for (uint64_t at = loader->late; at; at = ((struct sut_rt_late *)at)->next)
		((struct sut_rt_late *)at)->state = SUT_RT_LATE_ABSENT;
	sut_rt_changed(control);
}
