// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changed functions whose calls have been made already, or go on for long: constructors, functions
 * that are called only on the way to the main loop, start functions of threads, and those that
 * never return. The patch is right; its author may wonder why it does nothing. So these are
 * warnings.
 *
 * What only main calls before its loop is told by the target's bytes and symbols: all direct calls
 * are looked for, up to main, and a loop that waits for something must come behind. A call in a
 * loop does not count, for that may be the one that main is in now, and a function with a pointer
 * to it can be called from anywhere.
 */
#include "proof/callers.h"
#include "object/dwarf-text.h"
#include "judge/judge.h"
#include "insn/insn.h"

#include <string.h>

enum {
	CHAIN_MAX = 8,     /* calls from main down to a function */
	WAIT_DEPTH = 3,    /* calls from main down to where its loop waits */
	WAIT_BUDGET = 500, /* functions that are looked at for that */
};

static const struct sut_part *part_of(const struct sut_extract *extract,
				      const struct sut_patch_func *func)
{
	return extract->origins[extract->patch->symbols[func->symbol].section].part;
}

/* ---- where a loop is in the source ---- */

struct line_search {
	struct sut_arena *arena;
	Dwfl_Module *module;
	const char *function;
	uint64_t offset;
	const char *found;
};

static int visit_function(Dwarf_Die *die, void *context)
{
	struct line_search *search = context;
	const char *name = dwarf_diename(die), *file, *slash;
	Dwarf_Addr address;
	Dwfl_Line *line;
	int number;

	if (!name || strcmp(name, search->function) != 0 || dwarf_lowpc(die, &address))
		return DWARF_CB_OK;
	line = dwfl_module_getsrc(search->module, address + search->offset);
	file = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL) : NULL;
	if (!file)
		return DWARF_CB_OK;
	slash = strrchr(file, '/');
	search->found = sut_arena_printf(search->arena, "%s:%d", slash ? slash + 1 : file, number);
	return DWARF_CB_ABORT;
}

/* "file.c:12" of the byte at the offset in a function of an object, or "". */
static const char *line_of(struct sut_arena *arena, const char *object, const char *function,
			   uint64_t offset)
{
	struct line_search search = {
		.arena = arena, .function = function, .offset = offset, .found = ""};
	__attribute__((cleanup(sut_dwarf_close))) Dwfl *dwfl =
		sut_dwarf_open(object, &search.module);
	Dwarf_Die *unit = NULL;
	Dwarf_Addr bias;

	if (!dwfl)
		return "";
	while (!*search.found && (unit = dwfl_module_nextcu(search.module, unit, &bias)))
		dwarf_getfuncs(unit, visit_function, &search, 0);
	return search.found;
}

void sut_stay_warn(const struct sut_extract *extract, const struct sut_patch_func *func,
		   uint64_t loop)
{
	const struct sut_part *part = part_of(extract, func);
	const char *line = "";

	if (loop < func->pieces[0].size)
		line = line_of(extract->arena, part->diff->before->path, func->name, loop);
	sut_warn(extract->verdict, "main",
		 sut_arena_printf(extract->verdict->arena, "%s: %s, loop at %s", part->unit->source,
				  func->name, *line ? line : "an unknown line"),
		 "%s never returns: a thread that is in it stays in the old code, and holds up the "
		 "transition if it calls other changed functions; change what its loop calls "
		 "instead",
		 func->name);
}

/* ---- constructors and start functions of threads ---- */

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static bool has_constructors(const struct sut_section *section)
{
	return starts_with(section->name, ".init_array") ||
	       starts_with(section->name, ".preinit_array") || starts_with(section->name, ".ctors");
}

static bool starts_threads(const char *name)
{
	return !strcmp(name, "pthread_create") || !strcmp(name, "thrd_create") ||
	       !strcmp(name, "clone") || !strcmp(name, "g_thread_new") ||
	       !strcmp(name, "g_thread_try_new");
}

/* How a function is started. */
struct started {
	const char *by; /* who starts threads with the function; NULL: nobody in the unit */
	bool constructor;
};

/*
 * A function with the address of another one whose next call is pthread_create() starts threads
 * with it. What comes next is known when the references are read from the last to the first.
 */
static void find_starts(const struct sut_object *object, const struct sut_section *section,
			struct started *starts)
{
	bool constructors = has_constructors(section), thread_is_next = false;
	uint32_t function = SUT_NO_DEF;

	for (size_t i = section->reloc_count; i--;) {
		const struct sut_reloc *reloc = &section->relocs[i];
		uint32_t caller = sut_section_def(object, section, reloc->offset);
		uint32_t def = sut_object_place(object, section, reloc).def;

		thread_is_next &= caller == function;
		function = caller;
		if (def != SUT_NO_DEF)
			starts[def].constructor |= constructors;
		if (sut_reloc_is_branch(reloc))
			thread_is_next = starts_threads(object->symbols[reloc->symbol].name);
		else if (thread_is_next && caller != SUT_NO_DEF && def != SUT_NO_DEF)
			starts[def].by = object->defs[caller].name;
	}
}

/* Per definition of the object, for all at once: a large patch asks about thousands. */
static struct started *find_all_starts(struct sut_arena *arena, const struct sut_object *object)
{
	struct started *starts = sut_arena_array(arena, object->def_count, sizeof(*starts));

	/* Of several that start threads with one function, the first in the unit is named. */
	for (size_t i = object->section_count; i-- > 1;)
		find_starts(object, &object->sections[i], starts);
	return starts;
}

/* ---- what only main calls, outside of loops ---- */

/* The loops of one function, and the calls in it. */
struct loops {
	struct sut_arena *arena;
	uint64_t start;
	bool whole; /* all of its code is known */
	size_t count, capacity;
	struct loop {
		uint64_t from, to;
	} * list;
	size_t call_count, call_capacity;
	struct call {
		uint64_t address, target;
	} * calls;
};

static bool visit_loop(const struct sut_insn *insn, void *context)
{
	struct loops *loops = context;

	if ((insn->kind == SUT_INSN_JUMP || insn->kind == SUT_INSN_BRANCH) &&
	    insn->target >= loops->start && insn->target <= insn->address)
		SUT_PUSH(loops->arena, loops->list, loops->count, loops->capacity) =
			(struct loop){insn->target, insn->address};
	if (insn->kind == SUT_INSN_CALL || insn->kind == SUT_INSN_CALL_INDIRECT)
		SUT_PUSH(loops->arena, loops->calls, loops->call_count, loops->call_capacity) =
			(struct call){insn->address, insn->target};
	return true;
}

static struct loops find_loops(struct sut_arena *arena, const struct sut_target *target,
			       const struct sut_target_symbol *function)
{
	struct loops loops = {.arena = arena, .start = function->address};
	const unsigned char *code = sut_target_bytes(target, function->address, function->size);
	struct sut_diag ignored;

	loops.whole = code && !sut_insn_walk(code, function->size, function->address, visit_loop,
					     &loops, &ignored);
	return loops;
}

static bool is_in_loop(const struct loops *loops, uint64_t address)
{
	for (size_t i = 0; i < loops->count; i++)
		if (loops->list[i].from <= address && address < loops->list[i].to)
			return true;
	return false;
}

static bool waits(const char *name)
{
	static const char *const names[] = {
		"poll",
		"ppoll",
		"select",
		"pselect",
		"epoll_wait",
		"epoll_pwait",
		"accept",
		"accept4",
		"read",
		"recv",
		"recvfrom",
		"recvmsg",
		"sigwait",
		"pause",
		"sigsuspend",
		"sleep",
		"sigwaitinfo",
		"nanosleep",
		"sigtimedwait",
		"usleep",
		"wait",
		"waitpid",
		"pthread_cond_wait",
		"pthread_join",
		"clock_nanosleep",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/*
 * Behind the address, in the function or down from it, a loop waits for something: the main loop.
 * It comes late, so the last calls are looked at first; outside of loops only those of main are
 * followed.
 */
static bool leads_to_wait(const struct sut_target *target, const struct loops *loops,
			  uint64_t address, bool in_loop, unsigned int depth, unsigned int *budget)
{
	for (size_t i = loops->call_count; i-- && loops->calls[i].address > address;) {
		const struct call *call = &loops->calls[i];
		const struct sut_target_reloc *stub = sut_target_stub(target, call->target);
		bool looped = in_loop || is_in_loop(loops, call->address);
		const struct sut_target_symbol *callee = NULL;
		struct loops inner;

		if (stub && looped && waits(stub->name))
			return true;
		if (!stub && (looped || !depth) && depth < WAIT_DEPTH && *budget)
			callee = sut_target_function_at(target, call->target);
		if (!callee)
			continue;
		--*budget;
		inner = find_loops(loops->arena, target, callee);
		if (leads_to_wait(target, &inner, 0, looped, depth + 1, budget))
			return true;
	}
	return false;
}

/* "main -> setup -> f", or NULL when something else may call it. */
static const char *start_chain(struct sut_arena *arena, struct sut_target *target, const char *name,
			       uint64_t entry, unsigned int depth)
{
	const char *chain = NULL;
	uint64_t *callers;
	unsigned int budget = WAIT_BUDGET;
	struct loops loops;
	size_t count;

	if (!strcmp(name, "main"))
		return name;
	if (depth == CHAIN_MAX || sut_callers_have_pointer(arena, target, entry))
		return NULL;
	callers = sut_callers_find(arena, target, entry, &count);
	for (size_t i = 0; i < count; i++) {
		const struct sut_target_symbol *caller = sut_target_function_at(target, callers[i]);
		const char *above;

		if (!caller || caller->address == entry)
			return NULL;
		loops = find_loops(arena, target, caller);
		if (!loops.whole || is_in_loop(&loops, callers[i]) ||
		    (!strcmp(caller->name, "main") &&
		     !leads_to_wait(target, &loops, callers[i], false, 0, &budget)))
			return NULL;
		above = start_chain(arena, target, caller->name, caller->address, depth + 1);
		if (!above)
			return NULL;
		chain = sut_arena_printf(arena, "%s -> %s", above, name);
	}
	return chain;
}

/* ---- the verdict ---- */

static void judge_func(const struct sut_extract *extract, const struct sut_patch_func *func,
		       const struct started *starts)
{
	struct sut_target *target = extract->targets[func->object];
	const struct sut_part *part = part_of(extract, func);
	const struct sut_object *before = part->diff->before;
	uint32_t def = sut_object_def(before, func->name);
	const char *by, *evidence = sut_arena_printf(extract->verdict->arena, "%s: %s",
						     part->unit->source, func->name);

	if (def == SUT_NO_DEF || !strcmp(func->name, "main"))
		return;
	by = starts[def].by;
	if (by)
		sut_warn(extract->verdict, "start", evidence,
			 "%s starts the threads of a pthread_create in %s: those that run stay in "
			 "the old code until they end",
			 func->name, by);
	if (starts[def].constructor) {
		sut_warn(extract->verdict, "startup", evidence,
			 "%s is a constructor: it has run, and the change takes effect when the "
			 "program is started again",
			 func->name);
		return;
	}
	if (!target->executable)
		return;
	by = start_chain(extract->arena, target, func->name, func->pieces[0].address, 0);
	if (by)
		sut_warn(extract->verdict, "startup",
			 sut_arena_printf(extract->verdict->arena, "%s\n%s", evidence, by),
			 "%s is called only by main, before its loop: that has happened, and the "
			 "change takes effect when the program is started again",
			 func->name);
}

void sut_start_judge(const struct sut_extract *extract)
{
	const struct sut_patch *patch = extract->patch;
	struct started **starts =
		sut_arena_array(extract->arena, extract->part_count, sizeof(*starts));

	for (size_t i = 0; i < extract->part_count; i++)
		starts[i] = find_all_starts(extract->arena, extract->parts[i].diff->before);
	for (size_t i = 0; i < patch->func_count; i++)
		if (patch->funcs[i].kind == SUT_PATCH_FUNC_CHANGED)
			judge_func(extract, &patch->funcs[i],
				   starts[part_of(extract, &patch->funcs[i]) - extract->parts]);
}
