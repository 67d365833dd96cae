# SPDX-License-Identifier: GPL-2.0-or-later
"""results.tsv, what the runner found, and docs/coverage.md, which is made of it."""
import collections
import csv
import os

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS = os.path.join(HERE, "results.tsv")
COLUMNS = ("package", "version", "fix", "rules", "units", "changed", "new", "outside_s", "compiler_s",
           "apply_ms", "shown", "measure", "evidence", "verdict")
VERDICTS = ("applied", "nothing", "refused", "failed")


def read():
    try:
        with open(RESULTS, newline="") as file:
            return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except FileNotFoundError:
        return []


def flat(value):
    return " ".join(str(value).split())


def put(result):
    """Puts a result in the place of the one that there was of this fix."""
    lines = [line for line in read()
             if (line["package"], line["fix"]) != (result["package"], result["fix"])]
    with open(RESULTS, "w") as file:
        print("\t".join(COLUMNS), file=file)
        for line in sorted(lines + [result], key=lambda line: (line["package"], line["fix"])):
            print("\t".join(flat(line[column]) for column in COLUMNS), file=file)


def median(values):
    ordered = sorted(float(value) for value in values)
    return ordered[len(ordered) // 2] if ordered else 0


def row(*cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def names(words, limit=3):
    found = words.split()
    more = f" and {len(found) - limit} more" if len(found) > limit else ""
    return ", ".join(f"`{name}`" for name in found[:limit]) + more


def outcome(line):
    if line["verdict"] == "applied":
        return "applied, reverted" + (", **fix shown**" if line["shown"] else "")
    if line["verdict"] == "nothing":
        return "no change of machine code"
    return f"{line['verdict']}: {line['rules'].replace(' ', ', ')}".rstrip(": ")


def summary(lines):
    of = {verdict: [line for line in lines if line["verdict"] == verdict] for verdict in VERDICTS}
    applied = of["applied"]
    measured = [line for line in lines if line["measure"]]
    agree = [line for line in measured if line["measure"] == "agrees"]
    created = [line for line in lines if float(line["outside_s"]) > 0]
    yield f"* {len(lines)} fixes of {len({line['package'] for line in lines})} source packages."
    yield (f"* {len(applied)} became a live patch that was applied to a running process and taken "
           f"out again;\n  for {sum(1 for line in applied if line['shown'])} of them the fixed "
           "behaviour itself was seen: it came with the patch and went with it.")
    yield (f"* {len(of['nothing'])} change no machine code on this machine, "
           f"{len(of['refused'])} were refused, {len(of['failed'])} failed.")
    yield (f"* The functions of the patch are those that the second measure finds in "
           f"{len(agree)} of {len(measured)} fixes.")
    yield (f"* Median: {median(line['changed'].count(' ') + 1 for line in applied):.0f} changed "
           f"function; create {median(line['compiler_s'] for line in created):.2f} s in the "
           f"compiler\n  and {median(line['outside_s'] for line in created):.2f} s outside of it; "
           f"apply {median(line['apply_ms'] for line in applied):.2f} ms, on a busy machine.")


def by_package(lines):
    yield row("package", "version", "fixes", *VERDICTS, "shown")
    yield row(*["---"] * 8)
    for package in sorted({line["package"] for line in lines}):
        own = [line for line in lines if line["package"] == package]
        count = collections.Counter(line["verdict"] for line in own)
        yield row(package, own[0]["version"], len(own),
                  *(count[verdict] or "" for verdict in VERDICTS),
                  sum(1 for line in own if line["shown"]) or "")


def by_rule(lines):
    count = collections.Counter(rule for line in lines if line["verdict"] == "refused"
                                for rule in line["rules"].split())
    yield row("rule", "fixes that it refuses")
    yield row("---", "---")
    for rule, number in sorted(count.items(), key=lambda item: (-item[1], item[0])):
        yield row(rule, number)


def refusals(lines, recipes):
    for line in lines:
        if line["verdict"] in ("refused", "failed"):
            why = recipes[line["package"]]["explain"].get(line["fix"])
            yield f"* **{line['package']} {line['fix']}**: {line['verdict']} {line['rules']}".rstrip()
            yield f"  `{line['evidence'].replace('`', chr(39))}`"
            if why:
                yield "  " + flat(why)
            yield ""


def remarks(lines, recipes):
    for line in lines:
        why = recipes[line["package"]]["explain"].get(line["fix"])
        if line["verdict"] == "applied" and why:
            yield f"* **{line['package']} {line['fix']}**: {flat(why)}"


def differences(lines, recipes):
    found = False
    for line in lines:
        if line["measure"] not in ("", "agrees"):
            found = True
            yield f"* **{line['package']} {line['fix']}** {line['measure']}."
            why = recipes[line["package"]]["differs"].get(line["fix"])
            if why:
                yield "  " + flat(why)
    if not found:
        yield "None."


def each(lines):
    yield row("package", "fix", "outcome", "changed", "new", "create s", "compiler s", "apply ms")
    yield row(*["---"] * 8)
    for line in lines:
        yield row(line["package"], line["fix"].removesuffix(".patch"), outcome(line),
                  names(line["changed"]), names(line["new"]), line["outside_s"],
                  line["compiler_s"], line["apply_ms"])


HEAD = """# Coverage: Debian's security fixes as live patches

Made by `tests/coverage/run`; do not edit. Each fix is the patch file as it is in the source package
of Debian 12. The package is built with Debian's flags up to the state before the fix, `suture
create` makes a live patch of the file, and it is applied to a process that maps what it changes,
and reverted; then the next one, on top of it. A process is a server, a program with threads that
use the library all the time, or a tool that is held before it begins. Nothing is done by hand for
a fix; the recipes are in `tests/coverage/recipes`. A campaign may be ended at any time and keeps
what it has: a fix of these packages that is not here was not tried.
"""


def not_run(lines, recipes):
    names = sorted(set(recipes) - {line["package"] for line in lines})
    if names:
        yield f"* Recipes that no campaign has reached yet: {', '.join(names)}."


def document(recipes):
    lines = read()
    parts = [HEAD, *summary(lines), *not_run(lines, recipes), "", "## Packages", "", *by_package(lines), "",
             "## Refusals by rule", "", "A fix may be refused by several.", "", *by_rule(lines), "",
             "## Every fix", "",
             "*create* is the time outside of the compiler, the functions are those of the live "
             "patch.", "", *each(lines), "", "## Every refusal", "", *refusals(lines, recipes),
             "## Applied, and yet not what it should be", "",
             *(list(remarks(lines, recipes)) or ["None."]), "",
             "## Where the second measure differs", "",
             "The units that read a patched file were compiled to assembler text before and after, "
             "and functions\ncompared as text.", "", *differences(lines, recipes)]
    return "\n".join(parts).rstrip() + "\n"
