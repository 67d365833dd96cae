// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rule. All frames of the thread are known, from the innermost to the outermost, and none is in
 * the C library or the dynamic linker but
 *
 *   - the outermost ones, which started the thread: at most two, and for the main thread they are
 *     called by the program's entry point. A third one calls handlers at exit or destructors;
 *   - the innermost ones of a thread that sleeps in a system call: one, the plain wrapper that the
 *     program called, or as many as wrappers of a few calls are known to have. A function that
 *     works under a lock calls its wrapper, and so has more.
 *
 * A futex is what the library's own locks and condition variables wait in: a thread asleep in one
 * inside the library is never taken. A signal handler has interrupted what nobody knows. Code
 * without tables ends the search: the run-time, thunks, the new code of patches, the vDSO. Only
 * musl's, which never has any, is followed as it is (unwind-code.c), and where it is linked into
 * the program that is how it is told from that.
 */
#include "process/calls.h"
#include "process/calls-musl.h"
#include "process/dynamic.h"
#include "base/guard.h"

#include <inttypes.h>
#include <string.h>
#include <sys/syscall.h>

enum {
	START_FRAMES = 2, /* __libc_start_main and its part; clone and start_thread */
	NAME_SIZE = 64,
};

/* libm takes no locks. */
static const char *const library_names[] = {
	"libc.so.6",  "ld-linux-x86-64.so.2", "libpthread.so.0", "libdl.so.2",
	"librt.so.1", "libresolv.so.2",       "libanl.so.1",     "libnsl.so.1",
};

/* Goes through the named, defined functions of a file's symbol tables. */
struct symbols {
	Elf *elf;
	Elf_Scn *section;
	GElf_Shdr header;
	Elf_Data *data;
	int next;
};

static const char *next_function(struct symbols *s, GElf_Sym *sym)
{
	for (;;) {
		if (s->data && gelf_getsym(s->data, s->next++, sym)) {
			const char *name = elf_strptr(s->elf, s->header.sh_link, sym->st_name);

			if (name && sym->st_shndx != SHN_UNDEF &&
			    GELF_ST_TYPE(sym->st_info) == STT_FUNC)
				return name;
			continue;
		}
		s->section = elf_nextscn(s->elf, s->section);
		if (!s->section)
			return NULL;
		s->data = NULL;
		s->next = 0;
		if (gelf_getshdr(s->section, &s->header) &&
		    (s->header.sh_type == SHT_DYNSYM || s->header.sh_type == SHT_SYMTAB))
			s->data = elf_getdata(s->section, NULL);
	}
}

/* The function that contains an address, by its public name if it has one; NULL: not known. */
static const char *function_at(const struct sut_unwind_object *object, uint64_t pc)
{
	struct symbols symbols = {.elf = object->elf};
	const char *best = NULL, *name;
	GElf_Sym sym;

	while ((name = next_function(&symbols, &sym)))
		if (pc - object->bias - sym.st_value < sym.st_size &&
		    (!best || (best[0] == '_' && name[0] != '_')))
			best = name;
	return best;
}

/* Where in memory the object has this function; 0: it does not define one. */
static uint64_t function_of(const struct sut_unwind_object *object, const char *wanted)
{
	struct symbols symbols = {.elf = object->elf};
	const char *name;
	GElf_Sym sym;

	while ((name = next_function(&symbols, &sym)))
		if (strcmp(name, wanted) == 0)
			return object->bias + sym.st_value;
	return 0;
}

static const char *soname(Elf *elf)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;
		GElf_Dyn entry;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNAMIC)
			continue;
		data = elf_getdata(section, NULL);
		for (int i = 0; data && gelf_getdyn(data, i, &entry); i++)
			if (entry.d_tag == DT_SONAME)
				return elf_strptr(elf, header.sh_link, entry.d_un.d_val);
	}
	return NULL;
}

/* An allocator that replaces the C library's has locks that malloc takes, too. */
static bool is_library(const struct sut_unwind_object *object)
{
	const char *name;

	if (!object->elf || object->executable)
		return false;
	name = soname(object->elf);
	for (size_t i = 0; name && i < SUT_ARRAY_SIZE(library_names); i++)
		if (strcmp(name, library_names[i]) == 0)
			return true;
	return (name && strncmp(name, "libnss_", 7) == 0) || function_of(object, "malloc");
}

static enum sut_rc refuse_static(const struct sut_calls *calls, const char *why,
				 struct sut_diag *diag)
{
	const struct sut_target *target = calls->unwind.target;

	for (size_t i = 0; i < calls->unwind.count; i++) {
		if (calls->unwind.objects[i].elf)
			continue;
		sut_fail(diag, SUT_REFUSED, "callback-thread",
			 "process %d (%s): its file %s cannot be read, so it is not known which "
			 "of its code takes locks of the C library",
			 target->pid, target->name, calls->unwind.objects[i].name);
		sut_remedy(diag, "Run as root: the files that a process maps can then be read even "
				 "where they were deleted.");
		return SUT_REFUSED;
	}
	sut_fail(diag, SUT_UNSUPPORTED, "callback-thread",
		 "process %d (%s): it is linked statically%s, so it is not known %s", target->pid,
		 target->name, why,
		 *why ? "where its errno is" : "which of its code takes locks of the C library");
	sut_remedy(diag, "Use a patch without callbacks, or restart the program instead.");
	return SUT_UNSUPPORTED;
}

/*
 * musl within the program is the code without tables. Where the allocator has some, it is another
 * one, or that musl was built as no other is.
 */
static enum sut_rc init_static(const struct sut_runtime *runtime, struct sut_calls *calls,
			       struct sut_diag *diag)
{
	struct sut_unwind_object *program = NULL;
	uint64_t allocator;

	for (size_t i = 0; i < calls->unwind.count; i++)
		if (calls->unwind.objects[i].executable && calls->unwind.objects[i].elf)
			program = &calls->unwind.objects[i];
	if (!program || runtime->layout.home != SUT_RT_HOME_TABLE)
		return refuse_static(calls, "", diag);
	allocator = function_of(program, "malloc");
	if (allocator && sut_unwind_has_table(program, allocator))
		return refuse_static(calls, "", diag);
	calls->errno_location = function_of(program, "__errno_location");
	if (!calls->errno_location)
		return refuse_static(calls, " and stripped", diag);
	calls->inside = program->by_code = true;
	return SUT_OK;
}

enum sut_rc sut_calls_init(const struct sut_runtime *runtime, struct sut_calls *calls,
			   struct sut_diag *diag)
{
	struct sut_diag ignored = {0};
	bool found = false;

	*calls = (struct sut_calls){0};
	sut_unwind_open(runtime->target, &calls->unwind);
	calls->library = sut_arena_array(&calls->unwind.arena, calls->unwind.count, sizeof(bool));
	for (size_t i = 0; i < calls->unwind.count; i++) {
		struct sut_unwind_object *o = &calls->unwind.objects[i];

		calls->library[i] = is_library(o);
		o->by_code = calls->library[i] && runtime->layout.home == SUT_RT_HOME_TABLE;
		found |= calls->library[i];
	}
	if (!found)
		return init_static(runtime, calls, diag);
	/* A program without errno has none to keep. */
	if (sut_dynamic_resolve(runtime->target, "__errno_location", &calls->errno_location,
				&ignored) != SUT_OK)
		calls->errno_location = 0;
	return SUT_OK;
}

void sut_calls_deinit(struct sut_calls *calls)
{
	sut_unwind_close(&calls->unwind);
}

static bool in_library(const struct sut_calls *calls, const struct sut_frame *frame)
{
	return calls->inside ? frame->by_code
			     : calls->library[frame->object - calls->unwind.objects];
}

/* The number of frames without those that only started the thread. */
static size_t without_start(const struct sut_calls *calls, const struct sut_frames *frames)
{
	size_t count = frames->count;

	if (sut_unwind_at_entry(&frames->frame[count - 1]))
		count--;
	for (int i = 0; i < START_FRAMES && count; i++)
		count -= in_library(calls, &frames->frame[count - 1]);
	return count;
}

/* The system call that the thread sleeps in, also where it goes on with one: -1, unknown or none.
 */
static long sleeps_in(const struct sut_target *target, const struct sut_stopped *stopped)
{
	unsigned char code[7]; /* mov $number, %eax; syscall */
	int32_t number;

	if (stopped->syscall != SYS_restart_syscall)
		return stopped->syscall;
	if (!sut_target_read(target, stopped->pc - sizeof(code), code, sizeof(code)) ||
	    code[0] != 0xb8 || code[5] != 0x0f || code[6] != 0x05)
		return -1;
	memcpy(&number, code + 1, sizeof(number));
	return number;
}

/* How many frames of the library a thread may have that sleeps in this system call. */
static size_t wrapper_frames(long number)
{
	switch (number) {
	case -1:
	case SYS_futex:
	case SYS_futex_waitv:
		return 0;
	case SYS_rt_sigtimedwait: /* sigwait() calls sigtimedwait() */
		return 2;
	case SYS_nanosleep:
	case SYS_clock_nanosleep: /* sleep() calls nanosleep() calls clock_nanosleep() */
	case SYS_pause:
		return 3;
	default:
		return 1;
	}
}

/* ... counting those of musl below its wrapper. */
static size_t musl_frames(const struct sut_target *target, const struct sut_stopped *stopped)
{
	size_t below = sut_calls_musl_frames(target, stopped->pc), wrappers;

	/* Its number is nowhere, but all calls that go on so have a wrapper of one frame. */
	wrappers = stopped->syscall == SYS_restart_syscall ? 1 : wrapper_frames(stopped->syscall);
	return below && wrappers ? below + wrappers : 0;
}

/*
 * A musl that is a part of the program has no tables only if it has none where it starts threads.
 */
static bool is_told(const struct sut_calls *calls, const struct sut_frames *frames)
{
	return !calls->inside || (frames->count >= 2 && frames->frame[frames->count - 2].by_code);
}

/*
 * Is there a frame of the program, and between it and the edges none of the library? If not, *at is
 * the library's function that the program called, where there is one.
 */
static bool judge(const struct sut_calls *calls, const struct sut_frames *frames, size_t wrappers,
		  struct sut_frame *at)
{
	size_t last = without_start(calls, frames), first = 0, i;

	while (first < last && first < wrappers && in_library(calls, &frames->frame[first]))
		first++;
	for (i = first; i < last && !in_library(calls, &frames->frame[i]);)
		i++;
	if (i == last)
		return first < last;
	while (i + 1 < last && in_library(calls, &frames->frame[i + 1]))
		i++;
	*at = frames->frame[i];
	return false;
}

bool sut_calls_safe(struct sut_runtime *runtime, const struct sut_stopped *stopped, void *context)
{
	struct sut_calls *calls = context;
	size_t wrappers = wrapper_frames(sleeps_in(runtime->target, stopped));
	struct sut_frames frames;

	calls->tid = stopped->tid;
	calls->at = (struct sut_frame){0};
	calls->end = sut_unwind(&calls->unwind, &runtime->layout, stopped, &frames);
	if (frames.count && frames.frame[0].by_code)
		wrappers = musl_frames(runtime->target, stopped);
	if (calls->end == SUT_UNWIND_OUTERMOST && is_told(calls, &frames) &&
	    judge(calls, &frames, wrappers, &calls->at))
		calls->tid = 0;
	if (calls->end != SUT_UNWIND_OUTERMOST && frames.count)
		calls->at = frames.frame[frames.count - 1];
	return !calls->tid;
}

static void describe_place(const struct sut_frame *at, char *text, size_t size)
{
	const char *name;

	if (!at->object) {
		snprintf(text, size, "0x%" PRIx64, at->pc);
		return;
	}
	name = function_at(at->object, at->pc);
	snprintf(text, size, "%.*s%s%.*s", NAME_SIZE, name ? name : "", name ? " of " : "",
		 NAME_SIZE, at->object->name);
}

static void describe(const struct sut_calls *calls, char *text, size_t size)
{
	char place[3 * NAME_SIZE];

	describe_place(&calls->at, place, sizeof(place));
	switch (calls->end) {
	case SUT_UNWIND_OUTERMOST:
		if (calls->at.object)
			snprintf(text, size, "is in %s", place);
		else
			snprintf(text, size, "runs no code of the program");
		break;
	case SUT_UNWIND_SIGNAL:
		snprintf(text, size, "is in a signal handler");
		break;
	case SUT_UNWIND_UNKNOWN:
		snprintf(text, size, "is in code without unwind tables (%s)", place);
		break;
	case SUT_UNWIND_BROKEN:
		snprintf(text, size, "has a stack that cannot be followed beyond %s", place);
		break;
	case SUT_UNWIND_FOREIGN:
		snprintf(text, size, "is on a stack that is not its own");
		break;
	case SUT_UNWIND_DEEP:
		snprintf(text, size, "has more than %d frames", SUT_FRAMES_MAX);
		break;
	}
}

enum sut_rc sut_calls_refuse(const struct sut_calls *calls, struct sut_diag *diag)
{
	const struct sut_target *target = calls->unwind.target;
	char text[4 * NAME_SIZE];

	if (!calls->tid)
		return SUT_RETRY;
	describe(calls, text, sizeof(text));
	sut_fail(diag, SUT_RETRY, "callback-thread",
		 "process %d (%s): no thread is at a place where a callback may run; thread %d %s",
		 target->pid, target->name, calls->tid, text);
	sut_remedy(diag, "Try again when a thread runs the program's own code or sleeps in a "
			 "system call that it made itself, not in the C library.");
	return SUT_RETRY;
}
