# SPDX-License-Identifier: GPL-2.0-or-later
"""patch.py OLD NEW FILE:NAME[,NAME...]...: a fix as a patch, taken out of two trees of a kernel.

Between two of a distribution's versions lie thousands of fixes, and no foreign code is kept here, so
that a fix is written as the names of what it changes: functions, types, macros or variables, or * for
all of a file. Of the difference of FILE only what lies in them is in the patch.
"""
import difflib
import re
import sys

# What begins a thing at the left margin; the last group that matches names it.
HEAD = re.compile(r'^(?:#\s*define\s+(\w+)'
                  r'|(?:SYSCALL|COMPAT_SYSCALL)_DEFINE\d\((\w+)'
                  r'|(?:typedef |static )?(?:struct|union|enum)\s+(\w+)\s*\{'
                  r'|(?:[\w*\s]*?[\s*])?(\w+)(?:\[[^]]*\]\s*=|\s*=|\()'
                  r'|(?:\w[\w\s*]*[\s*])(\w+)(?:\[.*\])?;)')
NO_NAME = {'if', 'else', 'EXPORT_SYMBOL', 'EXPORT_SYMBOL_GPL'}


def names(lines):
    """For each line the name of the thing that it is in."""
    inside = ''
    for line in lines:
        found = HEAD.match(line) if not line.startswith(('\t', ' ', '}', '{', '/*')) else None
        if found:
            name = next(group for group in found.groups() if group)
            if name not in NO_NAME:
                inside = name
        yield inside


def part(old, new, wanted):
    """old with those changes of new that lie in what is wanted."""
    if '*' in wanted:
        return new, set(wanted)
    result, met = [], set()
    old_names, new_names = list(names(old)), list(names(new))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        here = set(old_names[i1:i2]) | set(new_names[j1:j2])
        chosen = kind != 'equal' and here & wanted
        met |= here & wanted if chosen else set()
        result += new[j1:j2] if chosen else old[i1:i2]
    return result, met


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read().splitlines(keepends=True)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    for item in sys.argv[3:]:
        path, _, wanted = item.partition(':')
        wanted = set(wanted.split(','))
        old = read(f'{sys.argv[1]}/{path}')
        new, met = part(old, read(f'{sys.argv[2]}/{path}'), wanted)
        if met != wanted:
            sys.exit(f'{path}: nothing differs in {", ".join(sorted(wanted - met))}')
        sys.stdout.writelines(difflib.unified_diff(old, new, f'a/{path}', f'b/{path}'))


main()
