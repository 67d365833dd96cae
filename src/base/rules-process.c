// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about a running target: apply, revert, force. Sorted by id. */
#include "base/rules-tables.h"

const struct sut_rule sut_rules_process[] = {
	{
		.id = "atomic",
		.stages = SUT_STAGE_PROCESS,
		.title = "In all processes or in none, and what would be replaced could not come "
			 "back",
		.meaning = "Taking a patch back gives the original code, not the patches whose "
			   "place it took. So a patch that replaces others is not applied with "
			   "--atomic where there are such.",
		.remedy = "Apply it without --atomic, or revert the others first.",
	},
	{
		.id = "blocked",
		.stages = SUT_STAGE_PROCESS,
		.title = "Threads have not gone over to the new version yet",
		.meaning = "They have a function of the version that is left on their stacks, "
			   "usually asleep in it. The transition goes on by itself; each thread "
			   "runs one version only, all of it.",
		.remedy = "Wait: `suture status` says who blocks and in what. `suture revert` "
			  "turns the transition round; `suture force` is the last resort.",
	},
	{
		.id = "busy",
		.stages = SUT_STAGE_PROCESS,
		.title = "Another operation on the target is under way",
		.meaning = "Operations on one process are done one after the other.",
		.remedy = "Try again.",
	},
	{
		.id = "bytes",
		.stages = SUT_STAGE_PROCESS,
		.title = "The target's code in memory is not what the patch was made for",
		.meaning = "Somebody else has changed it: a debugger's breakpoint, a tracer, "
			   "another patching tool, or the program itself. Two changes of the same "
			   "bytes would break each other.",
		.remedy = "End what else changes the code of this process, then try again.",
	},
	{
		.id = "callback",
		.stages = SUT_STAGE_PROCESS,
		.title = "The patch's own callback said no",
		.meaning = "pre_patch of the patch's author looked at the target and returned an "
			   "error. Everything was undone.",
		.remedy = "The patch's description should say what it waits for.",
	},
	{
		.id = "callback-thread",
		.stages = SUT_STAGE_PROCESS,
		.title = "No thread is where a callback may run",
		.meaning = "Callbacks may call malloc, so they run only in a thread that provably "
			   "holds no lock of the C library: its whole stack must be known, with no "
			   "frame in that library, a signal handler or code without tables, "
			   "unless it is musl's.",
		.remedy = "Try again, or while the program works. A program whose threads all wait "
			  "inside the C library needs a patch without callbacks.",
	},
	{
		.id = "damaged",
		.stages = SUT_STAGE_PROCESS,
		.title = "Our own data in the target is not as we left it",
		.meaning = "The state of patches is in the target's memory, and something wrote "
			   "over it. Nothing built on it would be certain.",
		.remedy = "Restart the program, and look for what damaged it.",
	},
	{
		.id = "elf",
		.stages = SUT_STAGE_PROCESS,
		.title = "No program that can be patched is in the process",
		.meaning = "A kernel thread, a 32-bit program, or one whose files have no "
			   "build-id.",
		.remedy = "Only 64-bit x86 programs with a build-id can be patched.",
	},
	{
		.id = "exec",
		.stages = SUT_STAGE_PROCESS,
		.title = "The process has executed another program meanwhile",
		.meaning = "What was read of it, and what may have been done to it, was the old "
			   "program's, which is gone with its memory and its patches. The new "
			   "program was not touched.",
		.remedy = "Run the same command again if the new program is meant, too.",
	},
	{
		.id = "forked",
		.stages = SUT_STAGE_PROCESS,
		.title = "The process was forked in the middle of an operation on its parent",
		.meaning = "The thread that carried out the operation does not exist in it, and "
			   "nobody else can finish what that one did.",
		.remedy = "Restart the process. It runs on as it is, consistently.",
	},
	{
		.id = "go",
		.stages = SUT_STAGE_PROCESS,
		.title = "A program of Go, without C",
		.meaning = "Patches are made of C. Go's functions run on stacks that its run-time "
			   "moves by tables of its own, which new code is not in.",
		.remedy = "Restart it with a fixed program. C code that a Go program calls through "
			  "cgo can be patched, in a program that has a build-id.",
	},
	{
		.id = "gone",
		.stages = SUT_STAGE_PROCESS,
		.title = "The process is not there, or has ended",
		.meaning = "There is nothing to work on.",
		.remedy = "Look at the process id.",
	},
	{
		.id = "late",
		.stages = SUT_STAGE_PROCESS,
		.title = "An object of the patch is not loaded, and cannot be waited for",
		.meaning =
			"The target patches such an object by itself in the moment that its "
			"dynamic loader has mapped it. That needs a loader that is known, no "
			"seccomp filters, a program without exceptions, for which new code needs "
			"tables, and callbacks for that object that refer neither to it, nor to "
			"the loader, nor to a library that may go; and nothing else of the patch "
			"may refer to it.",
		.remedy = "Apply the patch when the program has loaded the object.",
	},
	{
		.id = "libc",
		.stages = SUT_STAGE_PROCESS,
		.title = "The threads of the program are not known",
		.meaning = "Stacks and thread records are found by what glibc or musl keep about "
			   "each thread. None of that was found, and the program has several "
			   "threads.",
		.remedy = "Programs of glibc (2.34 or newer) and of musl can be patched, static "
			  "ones, too. Others can as long as they have a single thread.",
	},
	{
		.id = "memory",
		.stages = SUT_STAGE_PROCESS,
		.title = "The target cannot map more memory",
		.meaning = "New code needs some memory of the target, and the kernel said no: a "
			   "limit, a policy, or no memory left.",
		.remedy = "Look at the limits of the process and its control group.",
	},
	{
		.id = "model",
		.stages = SUT_STAGE_PROCESS,
		.title = "The patch does not fit those in use",
		.meaning = "Patches of different sets must not share functions, callback ids or "
			   "states; the rules are those of docs/semantics.md.",
		.remedy = "`suture inspect` and `suture status --verbose` show what both have.",
	},
	{
		.id = "overlap",
		.stages = SUT_STAGE_PROCESS,
		.title = "Functions of the patch overlap",
		.meaning = "Two old functions claim the same bytes, so it cannot be told which of "
			   "them a thread is in.",
		.remedy = "Make the patch again; if it is so again, report it.",
	},
	{
		.id = "pause",
		.stages = SUT_STAGE_PROCESS,
		.title = "The process cannot be stopped whole, or not for so short a time",
		.meaning = "To say what is nowhere in its memory suture stops a process for some "
			   "milliseconds, and never longer than --max-pause allows. A thread did "
			   "not stop, must not be interrupted in the system call that it sleeps "
			   "in, or there is too much memory to be read in that time.",
		.remedy = "Try again when it is less busy, or allow a longer stop (--max-pause).",
	},
	{
		.id = "permission",
		.stages = SUT_STAGE_PROCESS,
		.title = "No right to the process",
		.meaning = "Its memory can be read and written by root (CAP_SYS_PTRACE), and by "
			   "the user and group that it runs as, unless it is not dumpable, "
			   "kernel.yama.ptrace_scope forbids it, or a security module does. The "
			   "message says which of these it is.",
		.remedy = "Become the owner or root.",
	},
	{
		.id = "protection",
		.stages = SUT_STAGE_PROCESS,
		.title = "A policy forbids to change the target's code",
		.meaning = "Code pages have to be writable for a moment, and SELinux, a "
			   "memory-deny-write-execute setting or the like says no.",
		.remedy = "Relax the policy for this program, or restart it with the fix.",
	},
	{
		.id = "reach",
		.stages = SUT_STAGE_PROCESS,
		.title = "A reference leads farther than it can reach",
		.meaning = "New code refers to something by a 32-bit offset, and in this process "
			   "it lies more than 2 GiB away.",
		.remedy = "Build the unit with -fPIC, so that it goes through a slot.",
	},
	{
		.id = "room",
		.stages = SUT_STAGE_PROCESS,
		.title = "No free addresses near the object",
		.meaning = "New code must lie within 2 GiB of the object that it belongs to, and "
			   "everything there is in use.",
		.remedy = "Restart the program: its addresses will be others.",
	},
	{
		.id = "seccomp",
		.stages = SUT_STAGE_PROCESS,
		.title = "A seccomp filter of the process does not allow what suture has to do",
		.meaning = "A borrowed thread calls mmap, mremap and a few others. Its filters "
			   "are read and carried out beforehand for each of these calls; one of "
			   "them would fail, or kill the program. Or they cannot be read, which "
			   "takes CAP_SYS_ADMIN outside of any filter.",
		.remedy = "Run suture as root on the host. Allow the call where the filter is made "
			  "and restart the program, or restart it with the fix.",
	},
	{
		.id = "sets",
		.stages = SUT_STAGE_PROCESS,
		.title = "A patch of another set lies over one that is to be replaced",
		.meaning = "Taking out the lower one would uncover or cover a function that the "
			   "upper one relies on.",
		.remedy = "Revert the upper patch first.",
	},
	{
		.id = "shared",
		.stages = SUT_STAGE_PROCESS,
		.title = "Another process runs in the target's memory",
		.meaning = "It was made by clone without being a thread, as some tracers and leak "
			   "checkers are. It has the control block of the thread that made it, so "
			   "what is noted there would count for both, and its stack belongs to no "
			   "thread that could be looked at.",
		.remedy = "Try again when it has ended; mostly that is soon.",
	},
	{
		.id = "stack-switch",
		.stages = SUT_STAGE_PROCESS,
		.title = "The program switches stacks",
		.meaning = "Coroutines and the like: a suspended stack may hold frames of old "
			   "functions, and looking at the threads' own stacks does not show them. "
			   "Calls on such stacks stay at the old version until all memory was "
			   "searched in one short stop, and no frame was found.",
		.remedy = "Run the same command again when fewer of them are under way, or revert. "
			  "In a program that was not known to switch stacks when the patch came: "
			  "restart it with the fix.",
	},
	{
		.id = "state",
		.stages = SUT_STAGE_PROCESS,
		.title = "A state of a patch in use conflicts",
		.meaning = "A state is what a patch has done to the target beyond its functions. "
			   "One that belongs to another set, is of a newer version, or cannot be "
			   "taken back, must be known to the patch that comes.",
		.remedy = "Use a patch that lists the state, in that version or a newer one.",
	},
	{
		.id = "stopped",
		.stages = SUT_STAGE_PROCESS,
		.title = "The process is stopped",
		.meaning = "Threads must run to go over.",
		.remedy = "Continue it (kill -CONT), then try again.",
	},
	{
		.id = "target",
		.stages = SUT_STAGE_PROCESS,
		.title = "A target is not named as it should be",
		.meaning = "Targets are pid:N and exe:PATH.",
		.remedy = "See suture(1), TARGETS.",
	},
	{
		.id = "thread",
		.stages = SUT_STAGE_PROCESS,
		.title = "No thread can be borrowed now",
		.meaning = "A thread carries out each operation, and interrupting it must not be "
			   "noticed by the program. Some system calls return early when they are "
			   "interrupted; threads in those are left alone.",
		.remedy = "Try again, or while the program works.",
	},
	{
		.id = "thread-words",
		.stages = SUT_STAGE_PROCESS,
		.title = "A thread uses the words that marks are kept in",
		.meaning = "The mark of the version that a thread runs is kept in unused words of "
			   "its control block, and here they are used.",
		.remedy = "This version cannot patch this program; restart it with the fix.",
	},
	{
		.id = "threads",
		.stages = SUT_STAGE_PROCESS,
		.title = "Threads end faster than they can be listed",
		.meaning = "A list of threads counts only if all of it was there at one time.",
		.remedy = "Try again when the program creates fewer threads.",
	},
	{
		.id = "traced",
		.stages = SUT_STAGE_PROCESS,
		.title = "The process is being traced",
		.meaning = "A process has one tracer at a time, and borrowing a thread needs to be "
			   "that one.",
		.remedy = "Detach the debugger or tracer, then try again.",
	},
	{
		.id = "transition",
		.stages = SUT_STAGE_PROCESS,
		.title = "A transition is running, or none is where one is needed",
		.meaning = "Patches come and go one at a time. Only a transition that runs can be "
			   "forced.",
		.remedy = "`suture status` says what is in transition and who holds it up.",
	},
	{
		.id = "version",
		.stages = SUT_STAGE_PROCESS,
		.title = "Another version's run-time is in the process",
		.meaning = "A process has one run-time for all its life, that of the first patch.",
		.remedy = "Use the suture that was used first, or restart the process.",
	},
};

const size_t sut_rules_process_count = sizeof(sut_rules_process) / sizeof(sut_rules_process[0]);
