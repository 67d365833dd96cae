// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules by which create judges a change. Sorted by id. */
#include "base/rules-tables.h"

const struct sut_rule sut_rules_verdict[] = {
	{
		.id = "abi",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_YES,
		.title = "A function is called in another way than callers know that stay",
		.meaning = "Its parameters or its result change, or it returns and did not. Code "
			   "that is recompiled knows it. But a unit that is not, another object, "
			   "or whoever has a pointer to the function, goes on calling it the old "
			   "way, with arguments in other places or none at all.",
		.remedy = "Leave the function as it is, and add one of another name for the new "
			  "way. If nobody is left who calls it the old way, --allow abi.",
	},
	{
		.id = "alias",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "A name stands for another function or variable",
		.meaning = "A unit may give one definition several names, and the patch lets one "
			   "of them stand for something else. The rest of the target was linked "
			   "when it had its old place, and a live patch cannot part names that "
			   "share a place.",
		.remedy = "Keep what the name stands for, and change the function itself.",
	},
	{
		.id = "asm",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "The change is in assembler code",
		.meaning = "An assembler file, or an assembler statement in C that defines a "
			   "function. It may keep values in any register, jump anywhere and be "
			   "called in its own way, so what holds for compiled functions when one "
			   "is replaced need not hold for it.",
		.remedy = "Leave it as it is, or write the fixed function in C.",
	},
	{
		.id = "build-id",
		.stages = SUT_STAGE_VERDICT | SUT_STAGE_PROCESS,
		.title = "A file without a build-id, or a process without the file",
		.meaning = "A build-id names the exact bytes that a patch was made for. Without "
			   "one nothing could tell a process that runs them from one that runs "
			   "something else.",
		.remedy = "Link the target with -Wl,--build-id. When applying: the process runs "
			  "another build (was it upgraded, or not restarted since?); make the "
			  "patch for that one.",
	},
	{
		.id = "compiler",
		.stages = SUT_STAGE_VERDICT,
		.title = "Another compiler than the target's",
		.meaning = "The target names the compilers that it was made by, and the one that "
			   "was called here is not among them. Another version of the same one "
			   "makes other code, too, and then nothing can be proven.",
		.remedy = "Install the compiler, in the version, that the target was built with.",
	},
	{
		.id = "data",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_YES,
		.title = "The initial value of existing data changes",
		.meaning = "The running program or kernel initialised this variable at its start "
			   "and may "
			   "have changed it since. A live patch replaces functions, not values: "
			   "the new initial value would never be seen, and new code may rely on "
			   "it.",
		.remedy = "Assign the value in a callback of the patch (create --with, pre_patch "
			  "or post_patch), or use a new variable. If the new code is right with "
			  "the old value, --allow data.",
	},
	{
		.id = "decode",
		.stages = SUT_STAGE_VERDICT | SUT_STAGE_PROCESS,
		.allow = SUT_ALLOW_WRONG,
		.title = "Bytes of a function are no instructions",
		.meaning = "The function's jumps and its first instructions must be known to "
			   "redirect it. Data between the code, or an instruction newer than this "
			   "suture, hides them.",
		.remedy = "Leave this function as it is.",
	},
	{
		.id = "entry",
		.stages = SUT_STAGE_VERDICT | SUT_STAGE_PROCESS,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "The start of a function cannot be redirected",
		.meaning = "A function is redirected by a jump over its first bytes, written so "
			   "that no running thread can see half of it. Some starts leave no room "
			   "for that: too short, a call or a trap among the first instructions, "
			   "shared with another function.",
		.remedy = "Change its callers instead, if that can be the fix.",
	},
	{
		.id = "frames",
		.stages = SUT_STAGE_VERDICT | SUT_STAGE_FILE | SUT_STAGE_PROCESS,
		.allow = SUT_ALLOW_WRONG,
		.title = "Nobody could unwind through the new code",
		.meaning = "Exceptions, cancelled threads and backtraces get out of a function by "
			   "its call frame information. That of new code comes with the patch, "
			   "and the process is made to find it; where this cannot be done, an "
			   "exception that meets new code would end the program.",
		.remedy = "Compile the unit as the rest of the target (with "
			  "-fasynchronous-unwind-tables). Where the process is the reason, "
			  "restart it instead.",
	},
	{
		.id = "ifunc",
		.stages = SUT_STAGE_VERDICT | SUT_STAGE_PROCESS,
		.allow = SUT_ALLOW_WRONG,
		.title = "A function that was chosen when the program started",
		.meaning = "An indirect function's resolver ran at start-up and its answer is in "
			   "slots all over the program. A changed resolver would never run, and "
			   "which implementation is in use is known only to the process.",
		.remedy = "Change or call the implementations themselves.",
	},
	{
		.id = "init",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "A constructor or destructor comes or goes",
		.meaning = "Constructors ran before main. A new one would never run, one that is "
			   "gone has run already, and destructors are registered.",
		.remedy = "Do their work in a callback of the patch (create --with).",
	},
	{
		.id = "instrument",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "Code that counts or checks where it runs",
		.meaning = "For coverage, profiles and some sanitizers the compiler adds code and "
			   "variables that the source does not have. The variables belong to what "
			   "runs and change with every line of the source.",
		.remedy = "Build the target without --coverage, -fprofile-* and "
			  "-fsanitize=undefined.",
	},
	{
		.id = "label",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_YES,
		.title = "Addresses of labels inside a changed function",
		.meaning = "The function jumps to labels by their addresses (computed goto), as "
			   "interpreters do. Within one call that is right. But a program that "
			   "keeps such an address, in the code that it interprets, say, would come "
			   "back with it into the other version of the function.",
		.remedy = "Look where the addresses go. If they stay in the function's own table "
			  "and registers, --allow label.",
	},
	{
		.id = "language",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "A patched unit is written in another language than C or C++",
		.meaning = "What other languages' compilers add to code needs checks that this "
			   "version does not have. A source that the build compiles as C and as "
			   "C++ is patched in targets that have it as C, if nothing in them looks "
			   "like it as C++. `suture extract` reads and writes C only.",
		.remedy = "Change units written in C or C++ only (C for `suture extract`); of a "
			  "source that is compiled as both, name only targets that have it as C.",
	},
	{
		.id = "layout",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_YES,
		.title = "A type changes that running values were made with",
		.meaning = "After the switch new code reads values that old code made. When a "
			   "structure has other members, sizes or offsets, or an enumerator has "
			   "another number, it reads and writes the wrong bytes, or beyond the "
			   "end. No comparison of code shows this, so the debugging information of "
			   "both sides is compared.",
		.remedy = "Leave the type as it is and keep what is new in a shadow variable: "
			  "klp_shadow_alloc() where the object is made, klp_shadow_get() where it "
			  "is used, klp_shadow_free() where it is freed; older objects have none. "
			  "If every value of the type dies before the switch, --allow layout.",
	},
	{
		.id = "lto",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "The target's machine code is made at link time",
		.meaning = "With link-time optimisation an object file is no machine code, and "
			   "functions of all units are inlined into each other. Comparing one "
			   "unit's compiles says nothing about the target.",
		.remedy = "Build the target without -flto, and restart it once.",
	},
	{
		.id = "main",
		.stages = SUT_STAGE_VERDICT,
		.title = "A changed function stays on a stack for ever",
		.meaning = "main, a thread's start function, or one with an endless loop: the call "
			   "that is running goes on with the old code until it returns, which it "
			   "never does. The change takes effect in later calls only, and the "
			   "thread may hold up the transition.",
		.remedy = "Move the change into a function that the loop calls.",
	},
	{
		.id = "match",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "What was compiled is not what is in the target",
		.meaning = "The unpatched unit is compiled and compared with the target's bytes, "
			   "function by function. A difference means another source, compiler, "
			   "option or header; new code built by those would fit a different "
			   "program.",
		.remedy = "Build in the tree of the target, with its compiler and options and the "
			  "headers of that time.",
	},
	{
		.id = "nothing",
		.stages = SUT_STAGE_VERDICT,
		.title = "A hunk changes no machine code of the target",
		.meaning = "It changes comments, code that is off in this build (for another "
			   "system, say), something that no function uses, or what the compiler "
			   "makes the same instructions of. When that is so of all hunks, there is "
			   "nothing to patch.",
		.remedy = "If the fix should have an effect, look whether the target is built with "
			  "that code at all.",
	},
	{
		.id = "object",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "A patched unit is in none of the targets",
		.meaning = "No function of the unit was found in any file that --target names.",
		.remedy = "Name the executable or shared object that it is linked into. If it is "
			  "there, see the rule match.",
	},
	{
		.id = "reloc",
		.stages = SUT_STAGE_VERDICT | SUT_STAGE_PROCESS,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "A reference that cannot be bound in what runs",
		.meaning = "New code lies in memory of its own within 2 GiB of its object. A "
			   "reference that assumes another distance, or is made only by the "
			   "program's linker, cannot lead where it should.",
		.remedy = "Build the unit with -fPIE or -fPIC, or leave the function as it is.",
	},
	{
		.id = "runtime",
		.stages = SUT_STAGE_VERDICT | SUT_STAGE_PROCESS,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "A function of the run-time that does not exist",
		.meaning = "Patched code may call what core/livepatch.h declares. Other names of "
			   "that kind have nothing behind them.",
		.remedy = "Call one of those that the message lists.",
	},
	{
		.id = "section",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "Code or data in a section that cannot be carried alone",
		.meaning = "A section of unknown meaning may be a table that the program or a "
			   "library walks; several things in one section cannot be told apart; an "
			   "alignment can be larger than a patch can give.",
		.remedy = "Leave what is in that section as it is.",
	},
	{
		.id = "setjmp",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "A changed function calls one that returns twice",
		.meaning = "setjmp, getcontext, vfork and their like return a second time into the "
			   "frame that called them. When that was made by the old function, the "
			   "second return leads into code that was replaced in between.",
		.remedy = "Move the change into a function that does not call it.",
	},
	{
		.id = "size",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "An existing variable grows",
		.meaning = "What runs has the variable in its old size, with its "
			   "neighbour behind it. New code would write over that.",
		.remedy = "Keep the variable as it is, and put what is new into a variable of its "
			  "own or a shadow variable.",
	},
	{
		.id = "start",
		.stages = SUT_STAGE_VERDICT,
		.title = "A thread's start function changes",
		.meaning = "A thread that runs has called it already, and goes on with the old one "
			   "until it ends. Threads that are started later run the new one.",
		.remedy = "Nothing, if threads come and go. If they last, move the change into a "
			  "function that this one calls.",
	},
	{
		.id = "startup",
		.stages = SUT_STAGE_VERDICT,
		.title = "A changed function runs only while the program starts",
		.meaning = "A constructor, or a function that only main calls before its loop: its "
			   "work is done, and nobody will call it again before the next start. "
			   "What it put into memory stays as the old one left it.",
		.remedy = "If that matters to the fix, repair it in a callback of the patch "
			  "(create --with).",
	},
	{
		.id = "static",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "Static variables of one name cannot be told apart",
		.meaning = "New code must use the variable of what runs. Several "
			   "functions of the unit have a static one of this name, and what uses "
			   "them does not tell which is which.",
		.remedy = "Give them different names in the target's next build.",
	},
	{
		.id = "storage",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_WRONG,
		.title = "An existing variable would need memory of another kind",
		.meaning = "A constant that becomes a variable lies in memory that the running "
			   "program cannot write, and code that relies on a larger alignment would "
			   "fault at the variable's old place.",
		.remedy = "Leave the variable as it is, and add one of another name.",
	},
	{
		.id = "symbol",
		.stages = SUT_STAGE_VERDICT | SUT_STAGE_PROCESS,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "The address of something is not known",
		.meaning = "New code refers to a function or variable that neither the target nor "
			   "its libraries define, or that a stripped target hides.",
		.remedy = "Add the unit that defines it to the source patch, install the target's "
			  "debug symbols, or name a target that is not stripped.",
	},
	{
		.id = "tls",
		.stages = SUT_STAGE_VERDICT,
		.allow = SUT_ALLOW_IMPOSSIBLE,
		.title = "A thread-local variable that is new, or that the target never used so",
		.meaning = "Running threads got their thread-local memory when they started; a new "
			   "variable has no place in it. Where a shared object's lies differs from "
			   "process to process, and only the slots that the loader filled say it.",
		.remedy = "Use a shadow variable for what is new; reach what another unit has "
			  "through a function of that unit.",
	},
};

const size_t sut_rules_verdict_count = sizeof(sut_rules_verdict) / sizeof(sut_rules_verdict[0]);
