# SPDX-License-Identifier: GPL-2.0-or-later
"""A source package: fetched and built once, then walked along its series of patches.

A recipe says of a package, in TOML:
  fixes, others   patches of the series that are security fixes, and of these, which are not
  skip            patches that are not applied at all
  depends         packages that the build needs
  environment     variables of debian/rules
  configure, build  shell commands, in the tree, with Debian's flags in the environment; build is
                  called again after each patch
  targets         what is patched, executables and shared objects of the tree
  [[process]]     what maps them, see process.py
  [check.FIX]     a question whose answer the fix changes: `ask`, and words that only the `vulnerable`
                  or only the `fixed` answer has; `process` counts the [[process]]es from 0
  [explain], [differs]  what a person found out about an outcome, or a difference of the measures
"""
import contextlib
import fnmatch
import json
import os
import shutil
import subprocess
import time
import tomllib

import measure
import process

HERE = os.path.dirname(os.path.abspath(__file__))
RECIPES = os.path.join(HERE, "recipes")
BUILD_LIMIT = 3600
# What dpkg-source calls: no fuzz.
PATCH = ["patch", "-t", "-F", "0", "-N", "-p1", "-u", "-V", "never", "-E", "-s"]


class Failure(Exception):
    """Of the campaign, not of a fix: what is wrong with the package, its recipe or the machine."""


def recipes():
    return sorted(name[:-5] for name in os.listdir(RECIPES) if name.endswith(".toml"))


def recipe(name):
    """A recipe, with what it may leave out."""
    try:
        with open(os.path.join(RECIPES, name + ".toml"), "rb") as file:
            found = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Failure(f"its recipe: {error}") from error
    for key in ("fixes", "build", "targets", "process"):
        if key not in found:
            raise Failure(f"its recipe has no {key}")
    for key, default in (("source", name), ("depends", []), ("configure", ":"), ("skip", []),
                         ("others", []), ("environment", {}), ("check", {}), ("explain", {}),
                         ("differs", {})):
        found.setdefault(key, default)
    return found


def evidence_of(refusals):
    """The first of each rule, in short, and how many more there are."""
    by_rule = {}
    for refusal in refusals:
        by_rule.setdefault(refusal["rule"], []).append(refusal)
    words = []
    for rule, of_rule in sorted(by_rule.items()):
        first = (of_rule[0]["evidence"] or of_rule[0]["message"]).split("\n")[0][:160]
        words.append(f"{rule}: {first}" +
                     (f" and {len(of_rule) - 1} more" if of_rule[1:] else ""))
    return "; ".join(words)


class Package:
    def __init__(self, name, work, suture):
        self.name = name
        self.work = work
        self.suture = suture
        self.recipe = recipe(name)
        self.tree = os.path.join(work, "tree")
        self.base = os.path.join(work, "base")
        self.version = None

    # Building.

    def shell(self, text, log, record=False):
        """Runs commands in the tree as debian/rules would: Debian's flags are in the environment."""
        script = f'set -e; eval "$(dpkg-buildflags --export=sh)"; {text}'
        command = ["sh", "-c", script]
        if record:
            command = [self.suture, "record", "--quiet", "-o", self.database(), "--"] + command
        environment = dict(os.environ, DEB_BUILD_PATH=self.tree, LC_ALL="C.UTF-8", MAKEFLAGS="-j2",
                           **self.recipe["environment"])
        log = os.path.join(self.work, log)
        with open(log, "w") as file:
            status = subprocess.run(command, cwd=self.tree, env=environment, stdout=file,
                                    stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                    timeout=BUILD_LIMIT).returncode
        if status:
            raise Failure(f"a build step failed, see {log}")

    def database(self):
        return os.path.join(self.work, "compile_commands.json")

    def apply_to_tree(self, name):
        path = os.path.join(self.tree, "debian/patches", name)
        done = subprocess.run(PATCH + ["-i", path], cwd=self.tree, capture_output=True, text=True)
        if done.returncode:
            raise Failure(f"{name} does not apply: {done.stdout}")
        # All of one age, as dpkg-source leaves them: what is generated and patched stays as it is.
        now = time.time()
        for file in measure.read_patch(path)[0]:
            with contextlib.suppress(FileNotFoundError):
                os.utime(os.path.join(self.tree, file), (now, now))

    def series(self):
        with open(os.path.join(self.tree, "debian/patches/series")) as file:
            names = [line.split()[0] for line in file if line.strip() and line[0] != "#"]
        return [name for name in names if name not in self.recipe["skip"]]

    def is_fix(self, name):
        return any(fnmatch.fnmatch(name, pattern) for pattern in self.recipe["fixes"]) and \
            not any(fnmatch.fnmatch(name, pattern) for pattern in self.recipe["others"])

    def prepare(self):
        """The tree, built as it was before the first fix. Built again only when it never was."""
        if not os.path.exists(os.path.join(self.base, ".built")):
            self.build()
        with open(os.path.join(self.base, ".built")) as file:
            self.version = file.read().strip()
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(self.work, "host"))
        shutil.rmtree(self.tree, ignore_errors=True)
        subprocess.run(["cp", "-a", self.base, self.tree], check=True)
        shutil.copy(os.path.join(self.base, ".database"), self.database())

    def build(self):
        for leftover in (self.tree, self.base):
            shutil.rmtree(leftover, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.database())
        self.install()
        done = subprocess.run([os.path.join(HERE, "fetch.sh"), self.recipe["source"], self.tree,
                               os.path.join(os.path.dirname(self.work), "archive")],
                              capture_output=True, text=True)
        if done.returncode:
            raise Failure(done.stderr.strip())
        for name in self.series():
            if self.is_fix(name):
                break
            self.apply_to_tree(name)
        start = time.monotonic()
        self.shell(self.recipe["configure"], "configure.log")
        self.shell(self.recipe["build"], "build.log", record=True)
        print(f"{self.name}: built in {time.monotonic() - start:.0f} s", flush=True)
        with open(os.path.join(self.tree, ".built"), "w") as file:
            file.write(done.stdout)
        shutil.copy(self.database(), os.path.join(self.tree, ".database"))
        subprocess.run(["cp", "-a", self.tree, self.base], check=True)

    def install(self):
        script = '. tools/house.sh; install_packages none "$0" "$@"'
        done = subprocess.run(["sh", "-c", script, os.path.join(self.work, "install.log"),
                               *self.recipe["depends"]],
                              cwd=os.path.dirname(os.path.dirname(HERE)))
        if done.returncode:
            raise Failure("its build dependencies cannot be installed")

    # Walking.

    def walk(self, only):
        """One result for each fix, a dict with the columns of table.py."""
        began = changed = False
        for name in self.series():
            began = began or self.is_fix(name)
            if not began:
                continue
            wanted = self.is_fix(name) and (not only or any(word in name for word in only))
            if wanted and changed:
                self.shell(self.recipe["build"], "step.log", record=True)
                changed = False
            if wanted:
                units = measure.Units(self, name)
                result = self.fix(name)
            self.apply_to_tree(name)
            changed = True
            if wanted:
                result["measure"] = units.judge(result)
                print("\t".join(str(result[key]) for key in ("package", "fix", "verdict", "rules",
                                                            "shown", "measure", "evidence")),
                      flush=True)
                yield result

    def fix(self, name):
        """Makes the live patch and tries it; everything about it except the measure."""
        result = {"package": self.name, "version": self.version, "fix": name, "apply_ms": "",
                  "shown": "", "evidence": "", "rules": ""}
        live = os.path.join(self.work, "live.sut")
        created = self.create(name, live)
        refusals = created.get("refusals", [])
        functions = created.get("functions", [])
        result.update(
            verdict=created.get("verdict", "failed"),
            rules=" ".join(sorted({refusal["rule"] for refusal in refusals})),
            evidence=evidence_of(refusals).replace(self.tree, ""),
            changed=" ".join(f["name"] for f in functions if f["kind"] == "changed"),
            new=" ".join(f["name"] for f in functions if f["kind"] == "new"),
            units=len({f["source"].rsplit(":", 1)[0] for f in functions if f["source"]}),
            outside_s=f"{created.get('seconds', 0) - created.get('compiler_seconds', 0):.2f}",
            compiler_s=f"{created.get('compiler_seconds', 0):.2f}")
        if "error" in created:
            result.update(rules=created["error"].get("rule", ""),
                          evidence=created["error"].get("message", ""))
        if result["verdict"] == "created":
            result.update(process.try_patch(self, name, live, functions))
        return result

    def create(self, name, live):
        command = [self.suture, "create", "--json", "--name", "coverage", "--source", self.tree,
                   "--database", self.database(), "-o", live,
                   "--patch", os.path.join(self.tree, "debian/patches", name)]
        for target in self.recipe["targets"]:
            command += ["--target", os.path.join(self.tree, target)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        with open(os.path.join(self.work, "create.json"), "w") as file:
            file.write(done.stdout + done.stderr)
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            return {"error": {"message": f"status {done.returncode}: {done.stderr.strip()}"}}
