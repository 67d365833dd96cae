// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-stacks SAMPLES PID...: stops threads of real programs at random and asks three of them
 * what is on the stack: libdw's unwinder, ours, and the scan for words that decides about a switch.
 * Every function that libdw finds there the scan must find (a miss would be a mixed version); what
 * the scan finds besides is only a delay. One line of JSON for all processes together.
 */
#include "process/trace.h"
#include "process/unwind.h"
#include "base/guard.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FUNCTIONS_MAX = 1 << 17, STACK_MAX = 8 << 20, PAUSE_MAX_US = 4000, REPORTS_MAX = 10 };

struct function {
	uint64_t start, end;
	bool framed, scanned, false_ever;
};

static struct {
	unsigned int stops, frames;
	unsigned int incomplete; /* libdw did not come to the end */
	unsigned int foreign;    /* not on a thread's own stack */
	unsigned int misses;     /* functions with a frame that the scan did not find */
	unsigned int hits;       /* functions that the scan found without a frame of them */
	unsigned int followed;   /* by our unwinder, to the same end */
	unsigned int gave_up;    /* it said that it cannot go on */
	unsigned int differs;    /* it said something else than libdw */
} sum;

struct process {
	struct sut_target target;
	struct sut_thread_layout layout;
	struct sut_unwind unwind;
	Dwfl *dwfl;
	size_t count;
	struct function *functions; /* of the program itself, ascending */
};

static int compare(const void *a, const void *b)
{
	const struct function *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static struct function *function_at(struct process *p, uint64_t pc)
{
	size_t first = 0, last = p->count;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (pc < p->functions[middle].start)
			last = middle;
		else if (pc >= p->functions[middle].end)
			first = middle + 1;
		else
			return &p->functions[middle];
	}
	return NULL;
}

/* A stripped program has no symbols, but a description of each function's frame. */
static void read_functions(struct process *p, const struct sut_unwind_object *object)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (!object->elf || elf_getshdrstrndx(object->elf, &names) != 0)
		return;
	while ((section = elf_nextscn(object->elf, section))) {
		GElf_Shdr header;
		const char *name;
		Elf_Data *data;
		Dwarf_CFI_Entry entry;
		Dwarf_Off next = 0;

		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS ||
		    !(name = elf_strptr(object->elf, names, header.sh_name)) ||
		    strcmp(name, ".eh_frame") != 0 || !(data = elf_getdata(section, NULL)))
			continue;
		for (Dwarf_Off at = 0;
		     dwarf_next_cfi((const unsigned char *)elf_getident(object->elf, NULL), data,
				    true, at, &next, &entry) == 0 &&
		     p->count < FUNCTIONS_MAX;
		     at = next) {
			int32_t words[2];

			/* pcrel|sdata4, as compilers write them: address and size. */
			if (entry.CIE_id == DW_CIE_ID_64)
				continue;
			memcpy(words, entry.fde.start, sizeof(words));
			p->functions[p->count].start =
				object->bias + header.sh_addr +
				(uint64_t)(entry.fde.start - (const uint8_t *)data->d_buf) +
				(uint64_t)(int64_t)words[0];
			p->functions[p->count].end =
				p->functions[p->count].start + (uint32_t)words[1];
			p->count++;
		}
	}
	qsort(p->functions, p->count, sizeof(p->functions[0]), compare);
}

static bool process_open(struct process *p, pid_t pid)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_linux_proc_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
	};
	struct sut_diag diag = {0};

	*p = (struct process){.functions = calloc(FUNCTIONS_MAX, sizeof(struct function))};
	if (!p->functions || sut_target_open(pid, false, &p->target, &diag) != SUT_OK ||
	    sut_thread_layout(&p->target, &p->layout, &diag) != SUT_OK) {
		fprintf(stderr, "process %d: %s\n", pid, diag.count ? diag.entry[0] : "no memory");
		return false;
	}
	sut_unwind_open(&p->target, &p->unwind);
	for (size_t i = 0; i < p->unwind.count; i++)
		if (p->unwind.objects[i].executable)
			read_functions(p, &p->unwind.objects[i]);
	p->dwfl = dwfl_begin(&callbacks);
	return p->dwfl && dwfl_linux_proc_report(p->dwfl, pid) == 0 &&
	       dwfl_report_end(p->dwfl, NULL, NULL) == 0 &&
	       dwfl_linux_proc_attach(p->dwfl, pid, true) == 0;
}

static void process_close(struct process *p)
{
	dwfl_end(p->dwfl);
	sut_unwind_close(&p->unwind);
	sut_target_close(&p->target);
	free(p->functions);
}

struct reference {
	size_t count;
	uint64_t pc[SUT_FRAMES_MAX];
};

static int add_frame(Dwfl_Frame *frame, void *context)
{
	struct reference *r = context;
	Dwarf_Addr pc;
	bool activation;

	if (r->count == SUT_FRAMES_MAX || !dwfl_frame_pc(frame, &pc, &activation))
		return DWARF_CB_ABORT;
	r->pc[r->count++] = pc - !activation;
	return DWARF_CB_OK;
}

/* As in a switch: each word of the stack, from where it ends now, and the program counter. */
static bool scan(struct process *p, const struct sut_stopped *stopped)
{
	static uint64_t words[STACK_MAX / 8];
	struct sut_thread_stack stack;
	struct function *f = function_at(p, stopped->pc);
	uint64_t size;

	if (!sut_thread_stack(&p->target, &p->layout, stopped->tid, stopped->sp, &stack))
		return false;
	size = stack.high - stopped->sp;
	if (size > sizeof(words) || !sut_target_read(&p->target, stopped->sp, words, size))
		return false;
	if (f)
		f->scanned = true;
	/* A call as last instruction returns to the end. */
	for (uint64_t i = 0; i < size / 8; i++)
		if ((f = function_at(p, words[i] - 1)))
			f->scanned = true;
	return true;
}

static void judge_scan(struct process *p, const struct reference *r, bool complete)
{
	for (size_t i = 0; i < p->count; i++)
		p->functions[i].framed = false;
	for (size_t i = 0; i < r->count; i++) {
		struct function *f = function_at(p, r->pc[i]);

		if (f)
			f->framed = true;
	}
	for (size_t i = 0; i < p->count; i++) {
		struct function *f = &p->functions[i];

		if (f->framed && !f->scanned) {
			sum.misses++;
			fprintf(stderr, "process %d: the function at 0x%llx was missed\n",
				p->target.pid, (unsigned long long)f->start);
		}
		if (f->scanned && !f->framed && complete) {
			sum.hits++;
			f->false_ever = true;
		}
		f->scanned = false;
	}
}

static void judge_unwinder(const struct process *p, const struct sut_stopped *stopped,
			   const struct reference *r, bool complete)
{
	static struct sut_frames frames;
	enum sut_unwind_end end = sut_unwind(&p->unwind, &p->layout, stopped, &frames);
	size_t same = 0;

	while (same < frames.count && same < r->count && frames.frame[same].pc == r->pc[same])
		same++;
	/* Where a handler returns to nobody has called. */
	if (end == SUT_UNWIND_SIGNAL && same + 1 == frames.count && same < r->count &&
	    frames.frame[same].pc + 1 == r->pc[same])
		same++;
	if (same < frames.count || (end == SUT_UNWIND_OUTERMOST && complete && same < r->count)) {
		if (++sum.differs > REPORTS_MAX)
			return;
		fprintf(stderr, "process %d: frame %zu of %zu is 0x%llx, not 0x%llx of %zu\n",
			p->target.pid, same, frames.count,
			(unsigned long long)(same < frames.count ? frames.frame[same].pc : 0),
			(unsigned long long)(same < r->count ? r->pc[same] : 0), r->count);
	} else if (end == SUT_UNWIND_OUTERMOST) {
		sum.followed++;
	} else {
		sum.gave_up++;
	}
}

static void judge(struct process *p, const struct sut_stopped *stopped)
{
	struct reference r = {0};
	bool complete = dwfl_getthread_frames(p->dwfl, stopped->tid, add_frame, &r) == 0;

	sum.stops++;
	sum.frames += (unsigned int)r.count;
	sum.incomplete += !complete;
	if (scan(p, stopped))
		judge_scan(p, &r, complete);
	else
		sum.foreign++;
	judge_unwinder(p, stopped, &r, complete);
}

static void sample(struct process *p)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_stopped stopped = {0};
	struct sut_thread_list list;
	struct user_regs_struct regs;
	struct sut_diag diag = {0};
	int status;

	if (sut_thread_list(&p->target, &arena, &list, &diag) != SUT_OK)
		return;
	stopped.tid = list.tids[(size_t)random() % list.count];
	if (ptrace(PTRACE_SEIZE, stopped.tid, 0, 0) ||
	    ptrace(PTRACE_INTERRUPT, stopped.tid, 0, 0) ||
	    waitpid(stopped.tid, &status, __WALL) != stopped.tid || !WIFSTOPPED(status))
		return;
	if (sut_trace_registers(stopped.tid, &regs)) {
		sut_stopped_fill(&regs, &stopped);
		judge(p, &stopped);
	}
	sut_resume(&stopped);
}

int main(int argc, char **argv)
{
	long samples = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	size_t functions = 0, false_ever = 0;

	if (samples <= 0) {
		fputs("usage: bench-stacks SAMPLES PID...\n", stderr);
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		struct process p;

		/* A server's process may come and go. */
		if (!process_open(&p, (pid_t)strtol(argv[i], NULL, 10)))
			continue;
		for (long k = 0; k < samples; k++) {
			sample(&p);
			usleep((useconds_t)random() % PAUSE_MAX_US);
		}
		functions = p.count;
		for (size_t k = 0; k < p.count; k++)
			false_ever += p.functions[k].false_ever;
		process_close(&p);
	}
	printf("{\"functions\": %zu, \"stops\": %u, \"frames\": %u, \"misses\": %u, "
	       "\"functions_hit_without_frame\": %zu, \"hits_without_frame\": %u, "
	       "\"foreign\": %u, \"reference_incomplete\": %u, \"unwound\": %u, "
	       "\"unwinder_gave_up\": %u, \"unwinder_differs\": %u}\n",
	       functions, sum.stops, sum.frames, sum.misses, false_ever, sum.hits, sum.foreign,
	       sum.incomplete, sum.followed, sum.gave_up, sum.differs);
	return !sum.stops || sum.misses || sum.differs;
}
