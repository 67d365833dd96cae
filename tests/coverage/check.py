#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""TAP: recipes, results and the document fit together, and the second measure sees what it should.

Builds no package and needs no archive.
"""
import os
import subprocess

import measure
import package
import table

HERE = os.path.dirname(os.path.abspath(__file__))
KNOWN = {"fixes", "others", "skip", "depends", "configure", "build", "targets", "environment",
         "process", "check", "explain", "differs", "source"}
FIX = """
int puts(const char *text);
void report(int line);
static int scale(int value)
{
	return value * %s;
}
int used(int value)
{
	return scale(value) + 1;
}
%s
int below(const char *text)
{
	static int calls;
	report(__LINE__);
	return text == "same" ? ++calls : 0;
}
int says(const char *text)
{
	return puts(text) + puts("%s");
}
"""


def functions(*words):
    done = subprocess.run(["cc", "-O2", "-g0", "-S", "-x", "c", "-", "-o", "-"], check=True,
                          input=FIX % words, capture_output=True, text=True)
    return measure.Assembler(done.stdout).functions


def recipes_parse():
    for name in package.recipes():
        recipe = package.recipe(name)
        assert set(recipe) <= KNOWN, f"{name}: {set(recipe) - KNOWN}"
        for process in recipe["process"]:
            assert "probe" in process and len({"host", "daemon", "tool"} & set(process)) == 1, name
            if "host" in process:
                assert os.path.exists(os.path.join(HERE, "hosts", process["host"])), process
            assert set(process.get("objects", [])) <= set(recipe["targets"]), process
        for check in recipe["check"].values():
            assert check["vulnerable"] and check["fixed"], f"{name}: {check}"


def results_are_of_recipes():
    for line in table.read():
        recipe = package.recipe(line["package"])
        assert line["verdict"] in table.VERDICTS, line
        assert (line["verdict"] == "refused") == bool(line["rules"]), line
        assert line["shown"] == "" or line["fix"] in recipe["check"], line
        assert line["verdict"] != "applied" or float(line["apply_ms"]) > 0, line


def document_is_of_results():
    with open(os.path.join(HERE, "../../docs/coverage.md")) as file:
        found = file.read()
    made = table.document({name: package.recipe(name) for name in package.recipes()})
    assert found == made, "make it again: tests/coverage/run --table"


def measure_sees_inlined_callers():
    before, after = functions("3", "", "a"), functions("5", "", "a")
    assert {name for name in after if before[name] != after[name]} == {"used"}


def measure_knows_moved_lines():
    before, after = functions("3", "", "a"), functions("3", "\n\n", "a")
    assert {name for name in after if before[name] != after[name]} == {"below"}
    assert measure.numbers_moved(before["below"], after["below"], {2})
    assert not measure.numbers_moved(before["below"], after["below"], {3})


def measure_sees_strings():
    before, after = functions("3", "", "a"), functions("3", "", "b")
    assert {name for name in after if before[name] != after[name]} == {"says"}


def measure_leaves_prototypes_out():
    text = "int a;\nint f(int x)\n{\n return x;\n}\n"
    assert measure.only_prototypes_differ(text, "void g(const char *s, int n);\n" + text)
    assert not measure.only_prototypes_differ(text, text.replace("x;", "x + 1;"))
    assert not measure.only_prototypes_differ(text, text.replace("int a;", "int b;"))


def main():
    tests = (recipes_parse, results_are_of_recipes, document_is_of_results,
             measure_sees_inlined_callers, measure_knows_moved_lines, measure_sees_strings,
             measure_leaves_prototypes_out)
    failed = 0
    for number, test in enumerate(tests, 1):
        try:
            test()
        except (AssertionError, package.Failure) as error:
            failed += 1
            print(f"not ok {number} - {test.__name__.replace('_', ' ')}")
            print("# " + str(error).replace("\n", "\n# "))
        else:
            print(f"ok {number} - {test.__name__.replace('_', ' ')}")
    print(f"1..{len(tests)}")
    raise SystemExit(failed > 0)


main()
