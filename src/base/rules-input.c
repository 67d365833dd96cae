// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules about what a patch is made from, and about files. Sorted by id. */
#include "base/rules-tables.h"

const struct sut_rule sut_rules_input[] = {
	{
		.id = "additions",
		.stages = SUT_STAGE_INPUT | SUT_STAGE_FILE,
		.title = "The author's own file says what it must not, or nothing",
		.meaning = "The file of --with brings callbacks, sets, shadow types and states in "
			   "two arrays, suture_objects and suture_states. What stands in them is "
			   "read when the patch is made, so a mistake shows here and not inside a "
			   "process.",
		.remedy = "Correct the file; suture/livepatch.h describes every field, and the "
			  "manual page of create has an example.",
	},
	{
		.id = "allow",
		.stages = SUT_STAGE_INPUT,
		.title = "A rule that cannot be overruled was named with --allow",
		.meaning = "Only reasons that a person can judge better than suture may be "
			   "overruled, those where old values and new code may agree after all. "
			   "Others say that the patch would be wrong or could not be applied.",
		.remedy = "`suture explain` lists the rules and says which may be allowed.",
	},
	{
		.id = "build",
		.stages = SUT_STAGE_INPUT,
		.title = "The source patch changes how the program is built",
		.meaning = "Makefiles and the like are not carried out: suture compiles with the "
			   "commands that were recorded when the target was built. Options or "
			   "files that the change would add are missing in the patch.",
		.remedy = "Look whether the fix needs that part. If so, it cannot be a live patch "
			  "by this road.",
	},
	{
		.id = "cache",
		.stages = SUT_STAGE_FILE,
		.title = "The folder of profiles cannot be used",
		.meaning =
			"A profile says which compilers create runs and how. So one is only "
			"believed when it, and the folders that it lies in, belong to root or to "
			"whoever asks, and nobody else can write them. A profile that somebody "
			"works with is neither replaced nor removed.",
		.remedy = "Correct the owner and mode of the folder that is named, or name another "
			  "one in SUTURE_CACHE. Where it is in use, try again later.",
	},
	{
		.id = "clang",
		.stages = SUT_STAGE_INPUT,
		.title = "A unit that clang 14 does not understand",
		.meaning = "suture extract reads the source with libclang, which must see what gcc "
			   "sees. It knows most of gcc's C, but not all: nested functions, for "
			   "one. What it does not understand would be missing in the extracted "
			   "file.",
		.remedy = "Use create --patch, which needs no parser but the build's own compiler, "
			  "or write the file of create --from-source by hand.",
	},
	{
		.id = "compile",
		.stages = SUT_STAGE_INPUT,
		.title = "A unit does not compile",
		.meaning = "Each touched unit is compiled without and with the source patch, by "
			   "its recorded command. Without the patch a failure means that tree, "
			   "compiler or headers are not those of the recorded build; with it, that "
			   "the source patch does not fit this version.",
		.remedy = "Without the patch: restore the tree of the build (generated files "
			  "included) and its compiler. With the patch: correct the patch.",
	},
	{
		.id = "cross-check",
		.stages = SUT_STAGE_INPUT,
		.title = "A C file and a source patch do not say the same",
		.meaning =
			"Both were compiled by the unit's command. Where the machine code of a "
			"function differs, both were compiled without optimisation as well, where "
			"code comes of the function's own text: it still differs, or the function "
			"is not there.",
		.remedy = "Extract the file again, or correct what was changed in it by hand. Text "
			  "that depends on the compiler, an #ifdef __clang__ for one, cannot be "
			  "extracted.",
	},
	{
		.id = "database",
		.stages = SUT_STAGE_INPUT,
		.title = "It is not known how the tree was compiled",
		.meaning = "suture repeats the very commands of the build, for only then the code "
			   "is that of the target. They come from compile_commands.json, and it is "
			   "missing, damaged or does not have the touched file.",
		.remedy = "Run the build once under `suture record`, or let the build system write "
			  "compile_commands.json; name it with --database when it lies elsewhere.",
	},
	{
		.id = "extract",
		.stages = SUT_STAGE_INPUT,
		.title = "What is to be extracted is not there, or is not one file",
		.meaning = "suture extract takes functions that the source patch changes, or those "
			   "that are named, out of their units. A function that exists only inside "
			   "others has no code of its own that could be replaced, and each unit "
			   "makes a file of its own.",
		.remedy = "Name functions that the target has, and a folder when the patch changes "
			  "several units.",
	},
	{
		.id = "file",
		.stages = SUT_STAGE_FILE | SUT_STAGE_INPUT,
		.title = "A file is not of the kind or size that is read",
		.meaning = "A folder or a device was named, or a file that is larger than any "
			   "sound one.",
		.remedy = "Look at the name.",
	},
	{
		.id = "format",
		.stages = SUT_STAGE_FILE | SUT_STAGE_INPUT | SUT_STAGE_PROCESS,
		.title = "A file is damaged, not well-formed, or of another version or machine",
		.meaning = "Every field of an ELF file and of a patch file is checked before it is "
			   "used, and what this version does not know is an error, so that a "
			   "reviewer sees all there is.",
		.remedy = "Fetch or make the file again; for another format, use the suture that "
			  "made it.",
	},
	{
		.id = "interrupted",
		.stages = SUT_STAGE_INPUT,
		.title = "A signal ended the work",
		.meaning = "Compilers that were running were ended and the scratch folder is gone. "
			   "Nothing was written.",
		.remedy = "Start again.",
	},
	{
		.id = "large",
		.stages = SUT_STAGE_FILE,
		.title = "The patch is larger than a patch file can be",
		.meaning = "A patch file has bounds for its description and its sections, which "
			   "readers rely on.",
		.remedy = "Divide the source patch.",
	},
	{
		.id = "left-out",
		.stages = SUT_STAGE_INPUT,
		.title = "The source patch has files that are no C source in the tree",
		.meaning = "Tests, documentation, change logs and folders such as debian/ need not "
			   "be there. They cannot change machine code by themselves and were left "
			   "out.",
		.remedy = "Look whether the list is what you expect.",
	},
	{
		.id = "name",
		.stages = SUT_STAGE_INPUT | SUT_STAGE_PROCESS,
		.title = "A patch's name is not valid, not there, or taken",
		.meaning = "A name tells patches of one process apart: 1 to 63 letters, digits or "
			   ". _ + -, the first a letter or digit. One process has one patch of a "
			   "name.",
		.remedy = "`suture status` lists the names that are in use; give the new patch a "
			  "name of its own, or revert the other one.",
	},
	{
		.id = "new-source",
		.stages = SUT_STAGE_INPUT,
		.allow = SUT_ALLOW_YES,
		.title = "The source patch adds a source file that no command compiles",
		.meaning = "The recorded build does not know the new file, so nothing says with "
			   "which options it is to be compiled, and what it defines would be "
			   "missing.",
		.remedy = "Put its code into a file that is compiled already.",
	},
	{
		.id = "no-patch",
		.stages = SUT_STAGE_INPUT,
		.title = "A patch file that was not made from a source patch cannot be verified",
		.meaning = "suture verify makes a patch again from its source patch. What was made "
			   "with --from-source is C that a person may have changed, of which the "
			   "file has only the digests, and a rehearsal (--identity) replaces "
			   "functions by themselves. Nothing is said for or against such a file.",
		.remedy =
			"Make it again in the same way: the same input gives the same bytes. With "
			"--from-source, --cross-check shows that the C says what a source patch "
			"does.",
	},
	{
		.id = "no-source",
		.stages = SUT_STAGE_INPUT,
		.title = "The source that a patch file was made from is not at hand",
		.meaning = "To make a patch again, its source patch and the hand-written part are "
			   "needed. A patch file carries them unless it was made with --no-source; "
			   "their digests are in it in any case.",
		.remedy = "Name the files with --patch and --with.",
	},
	{
		.id = "no-target",
		.stages = SUT_STAGE_INPUT,
		.title = "The file that a patch is for was not found",
		.meaning = "It is looked for by its build-id, where programs and libraries are "
			   "installed. Another version of the package has another one.",
		.remedy = "Name it with --target.",
	},
	{
		.id = "offset",
		.stages = SUT_STAGE_INPUT,
		.title = "Hunks apply at other lines than the source patch says",
		.meaning = "The context is equal, but elsewhere. Where code repeats itself that "
			   "can be the wrong place.",
		.remedy = "Compare the function that create names with the one that the fix is "
			  "for.",
	},
	{
		.id = "overlay",
		.stages = SUT_STAGE_INPUT,
		.title = "The tree cannot be mirrored",
		.meaning = "The tree is never written; compilers see a mirror of it with the "
			   "patched files in place. An include that leaves the tree and comes back "
			   "by another way, or folders without end, would get past the mirror to "
			   "the unpatched file.",
		.remedy = "Name a folder above as --source.",
	},
	{
		.id = "package",
		.stages = SUT_STAGE_INPUT,
		.title = "The package cannot be built again here",
		.meaning = "A profile of an installed package is made by building its source once "
			   "more: that takes the source of exactly this version, and the packages "
			   "that its build needs.",
		.remedy =
			"Do what the message says: install what is missing, upgrade to the version "
			"that the archive has, or name an unpacked source with --source-dir.",
	},
	{
		.id = "patch",
		.stages = SUT_STAGE_INPUT,
		.title = "The source patch does not apply",
		.meaning =
			"It is no unified diff, belongs to another tree or version, is in the "
			"tree already, or does what a live patch cannot follow. Hunks must apply "
			"exactly: a fuzzy one may end up in the wrong place.",
		.remedy = "Name the unpatched tree that the target was built from, and a patch "
			  "against that version; --strip sets the -p level.",
	},
	{
		.id = "profile",
		.stages = SUT_STAGE_INPUT | SUT_STAGE_FILE,
		.title = "There is no profile, or none can be made or read",
		.meaning = "Without --source, create takes tree, commands and symbols from the "
			   "profile of the target, which is found by the target's build-id. A "
			   "profile is made by `suture profile`, from a package or a build tree.",
		.remedy = "Make the profile, or name the tree with --source. A damaged profile is "
			  "removed by `suture profile remove` and made again.",
	},
	{
		.id = "record",
		.stages = SUT_STAGE_INPUT,
		.title = "The build to be recorded cannot be run",
		.meaning = "The command that was given to `suture record` could not be started.",
		.remedy = "Look at its name and its rights.",
	},
	{
		.id = "source",
		.stages = SUT_STAGE_INPUT,
		.title = "The source patch deletes a file that is compiled into the program",
		.meaning = "What the file defines is in the running program and may be running; "
			   "code cannot be taken away from it, only replaced.",
		.remedy = "Leave the file in the tree and change what is wrong in it.",
	},
	{
		.id = "tool",
		.stages = SUT_STAGE_INPUT,
		.title = "A program that is needed cannot be started",
		.meaning = "Usually the compiler of the recorded build, or patch, is not "
			   "installed, or the folder that a command was recorded in is gone.",
		.remedy = "Install the program, in the version of the build.",
	},
	{
		.id = "uncompiled",
		.stages = SUT_STAGE_INPUT,
		.title = "A patched file is read by no recorded compilation",
		.meaning = "The change of this file is not in the patch: the file belongs to "
			   "another program, to a part that was not configured, or the recorded "
			   "build was not a whole one.",
		.remedy = "If the program has the file, record the whole build from clean.",
	},
};

const size_t sut_rules_input_count = sizeof(sut_rules_input) / sizeof(sut_rules_input[0]);
