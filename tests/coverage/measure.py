# SPDX-License-Identifier: GPL-2.0-or-later
"""Which functions a fix changes, found without suture.

The units that read a patched file are compiled to assembler text before and after. Functions are
compared as text, with labels numbered anew and strings put in where they are used. A difference in
nothing but numbers counts as one of lines (__LINE__ in asserts) when it may be one; suture keeps
line numbers and must not have it.
"""
import collections
import json
import os
import re
import subprocess

DROPPED_WITH_VALUE = {"-o", "-MF", "-MT", "-MQ"}
DROPPED = {"-c", "-MD", "-MMD", "-MP", "-pipe"}
LABEL = re.compile(r"\.L[A-Za-z]*\d+")
NUMBERED = re.compile(r"(?<=[A-Za-z0-9_])\.\d+\b")
NUMBER = re.compile(r"\$-?\d+")
PROTOTYPE = re.compile(r"(extern )?[A-Za-z_][\w *]*\([^(){}]*\);")
READ_ONLY = re.compile(r"\.section\s+\.rodata")


def plain(name):
    """A function's name as its source has it, but for the compiler's kind of clone."""
    return NUMBERED.sub("", re.sub(r"\.cold(\.\d+)?$", "", name))


class Assembler:
    """The functions of one unit as comparable text: by name, and numbers masked."""

    def __init__(self, text):
        self.pieces = {}
        self.types = set(re.findall(r"\.type\s+([^\s,]+), @function", text))
        self.split(text)
        self.functions = {}
        for name in self.types & self.pieces.keys():
            known = self.functions.get(plain(name), "")
            self.functions[plain(name)] = known + self.spell(name)

    def split(self, text):
        """Every label that is not inside a function begins a piece."""
        current, in_code = [], True
        used = set(LABEL.findall(re.sub(r"(?m)^\.L\w+:", "", text)))
        for line in text.split("\n"):
            word = line.strip()
            if word.startswith((".section", ".text", ".data", ".bss")):
                in_code = not READ_ONLY.match(word) and ".text" in word
                continue
            label = re.match(r"([^\s:\"]+):$", line)
            if label and (label[1] in self.types or not (in_code and LABEL.fullmatch(label[1]))):
                current = self.pieces.setdefault(label[1], [])
            elif label and LABEL.fullmatch(label[1]) and label[1] not in used:
                continue
            elif word and not word.startswith((".cfi", ".loc", ".file", ".size", ".type", ".p2align",
                                               ".align", ".globl", ".ident", ".local", ".hidden",
                                               ".weak", ".set", ".comm")):
                current.append(word)

    def spell(self, name):
        """A piece with what it refers to and has no name in the source."""
        order, waiting, spelled = {}, [name], []

        def number(match):
            label = match[0]
            if label not in order:
                order[label] = f"L{len(order)}"
                if label in self.pieces:
                    waiting.append(label)
            return order[label]

        while waiting:
            for line in self.pieces[waiting.pop(0)]:
                spelled.append(NUMBERED.sub("", LABEL.sub(number, line)))
        return "\n".join(spelled)


def numbers_moved(before, after, shifts):
    """Do the two differ in numbers only, and each time by a shift of lines?"""
    if NUMBER.sub("$", before) != NUMBER.sub("$", after):
        return False
    pairs = zip(NUMBER.findall(before), NUMBER.findall(after))
    return all(int(new[1:]) - int(old[1:]) in shifts for old, new in pairs if old != new)


def only_prototypes_differ(before, after):
    """Of two preprocessed texts. A header of the whole program often gets no more than that."""
    old, new = collections.Counter(before.split("\n")), collections.Counter(after.split("\n"))
    return all(PROTOTYPE.fullmatch(line) for line in (old - new) + (new - old))


def read_patch(path):
    """The files that it touches, and by how much its hunks move the lines below them."""
    files, shifts = set(), set()
    with open(path, errors="replace") as file:
        for line in file:
            name = re.match(r"\+\+\+ (\S+)", line)
            hunk = re.match(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@", line)
            if name:
                files.add(name[1].split("/", 1)[-1])
                moved = 0
            elif hunk:
                moved += int(hunk[2] or 1) - int(hunk[1] or 1)
                shifts.add(moved)
    # Lines move within a hunk, too.
    return files, set(range(min(shifts | {0}) - 1, max(shifts | {0}) + 2)) | shifts


class Units:
    """The units that read a patched file, from before the tree has the patch."""

    def __init__(self, package, name):
        self.package = package
        self.name = name.replace("/", "-")
        files, self.shifts = read_patch(os.path.join(package.tree, "debian/patches", name))
        self.files = {os.path.realpath(os.path.join(package.tree, file)) for file in files}
        with open(package.database()) as file:
            self.entries = [entry for entry in json.load(file) if self.reads(entry)]
        self.before = [self.compile(entry, "-E", "-P") for entry in self.entries]

    def reads(self, entry):
        # What is compiled as C++, too, is in another library, which is not patched.
        if "++" in os.path.basename(entry["arguments"][0]):
            return False
        source = os.path.realpath(os.path.join(entry["directory"], entry["file"]))
        if source in self.files:
            return True
        # A unit may read any file, but headers are what patches touch.
        if all(file.endswith(".c") for file in self.files):
            return False
        names = self.compile(entry, "-M", "-MT", "unit").replace("\\\n", " ").partition(":")[2]
        return any(os.path.realpath(os.path.join(entry["directory"], name)) in self.files
                   for name in names.split())

    def compile(self, entry, *how, source=None):
        """The output of the unit's command, changed to do that; source: preprocessed, instead."""
        arguments, words = [], iter(entry["arguments"])
        for word in words:
            if word in DROPPED_WITH_VALUE:
                next(words, None)
            elif source is not None and word == entry["file"]:
                arguments += ["-x", "cpp-output", "-"]
            elif word not in DROPPED and not word.startswith("-Wp,-M"):
                arguments.append(word)
        assert source is None or "cpp-output" in arguments, entry
        done = subprocess.run(arguments + ["-w", "-g0", *how, "-o", "-"], cwd=entry["directory"],
                              input=source, capture_output=True, text=True, errors="replace",
                              timeout=600)
        if done.returncode:
            raise subprocess.SubprocessError(f"{entry['file']}: {done.stderr[:500]}")
        return done.stdout

    def assemble(self, entry, source):
        return Assembler(self.compile(entry, "-S", source=source)).functions

    def differing(self):
        """The functions of both sides, for each unit that the patch changes a token of."""
        for entry, before in zip(self.entries, self.before):
            after = self.compile(entry, "-E", "-P")
            if not only_prototypes_differ(before, after):
                yield self.assemble(entry, before), self.assemble(entry, after)

    def judge(self, result):
        """"agrees", or what is missed or too much. "" when no patch was made."""
        if result["verdict"] != "nothing" and not result["changed"]:
            return ""
        changed, moved = set(), set()
        units = list(self.differing())
        for before, after in units:
            for name, text in after.items():
                if name not in before:
                    changed.add(name)
                elif before[name] != text:
                    lines = numbers_moved(before[name], text, self.shifts)
                    (moved if lines else changed).add(name)
        made = {plain(name) for name in f"{result['changed']} {result['new']}".split()}
        self.keep_for_looking(units, changed ^ made)
        words = [f"misses {name}" for name in sorted(changed - made)]
        words += [f"adds {name}" for name in sorted(made - changed - moved)]
        return "; ".join(words) or "agrees"

    def keep_for_looking(self, units, names):
        """Leaves both texts of functions that the measures disagree about in the work directory."""
        for name in names:
            for side, texts in zip(("before", "after"), zip(*units)):
                path = os.path.join(self.package.work, "look", f"{self.name}-{name}.{side}")
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as file:
                    file.write("\n".join(unit[name] for unit in texts if name in unit))
