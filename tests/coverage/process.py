# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes that map what is patched, and the patch's life in them.

A recipe lists them as [[process]], each of one kind:
  host    a file of hosts/, compiled with `cc`: uses a library in several threads
  daemon  a server; `ready` and `ask` are shell commands, `ask` has the question in $1
  tool    a program that ends by itself: held before main() while it is patched, then let go
`objects` says which targets it maps (all when left out), `probe` is a question with an answer that
no fix changes.
"""
import json
import os
import re
import select
import shlex
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = os.path.join(HERE, "hosts")
PATIENCE = 30


class Wrong(Exception):
    """What a process or suture did that it should not have done."""


class Refused(Exception):
    """By apply, before anything was touched: the rule, and what it says."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def expanded(text, environment):
    return re.sub(r"\$([A-Z]+)", lambda name: environment.get(name[1], name[0]), text)


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise Wrong(f"{what}: not within {PATIENCE} s")
        time.sleep(0.05)


class Process:
    def __init__(self, package, recipe):
        self.package = package
        self.recipe = recipe
        self.scratch = tempfile.mkdtemp(dir=package.work, prefix="process-")
        self.environment = dict(
            os.environ, TREE=package.tree, HOSTS=HOSTS, SCRATCH=self.scratch,
            PORT=str(free_port()), LD_LIBRARY_PATH=":".join(
                os.path.join(package.tree, path) for path in recipe.get("libraries", [])))
        self.objects = [os.path.realpath(os.path.join(package.tree, target))
                        for target in recipe.get("objects", package.recipe["targets"])]

    def __enter__(self):
        self.shell(self.recipe.get("setup", ":"))
        self.start()
        try:
            wait_until(self.is_ready, "the process is not ready")
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        subprocess.run(["rm", "-rf", self.scratch], check=True)

    def shell(self, command, *arguments):
        done = subprocess.run(["sh", "-c", command, "sh", *arguments], cwd=self.scratch,
                              env=self.environment, capture_output=True, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, timeout=PATIENCE)
        return done.stdout.strip()

    def spawn(self, command, variables=""):
        self.log = open(os.path.join(self.scratch, "log"), "w")
        self.child = subprocess.Popen(["sh", "-c", f"{variables} exec {command}"],
                                      cwd=self.scratch, env=self.environment,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=self.log, text=True, errors="replace")

    def pids(self):
        """The process and its children, as far as they map what is patched."""
        found = []
        for pid in [self.child.pid] + children(self.child.pid):
            try:
                with open(f"/proc/{pid}/maps") as file:
                    maps = file.read()
            except FileNotFoundError:
                continue
            if all(path in maps for path in self.objects):
                found.append(pid)
        return found

    def is_ready(self):
        if self.child.poll() is not None:
            with open(self.log.name, errors="replace") as file:
                raise Wrong(f"the process ended with {self.child.returncode}: {file.read()[-300:]}")
        return bool(self.pids())


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            own = [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []
    return own + [grandchild for child in own for grandchild in children(child)]


class Host(Process):
    def start(self):
        program = os.path.join(self.package.work, "host")
        if not os.path.exists(program):
            sources = " ".join(os.path.join(HOSTS, name)
                               for name in ("host.c", self.recipe["host"]))
            subprocess.run(f"gcc -D_GNU_SOURCE -O1 -pthread -I{HOSTS} -o {program} {sources} "
                           f"{self.recipe['cc']} -Wl,-rpath,{os.path.dirname(self.objects[0])}",
                           shell=True, cwd=self.package.tree, check=True)
        probe = expanded(self.recipe["probe"], self.environment)
        self.spawn(f"{program} {shlex.quote(probe)}")

    def ask(self, question):
        self.child.stdin.write(expanded(question, self.environment) + "\n")
        self.child.stdin.flush()
        if not select.select([self.child.stdout], [], [], PATIENCE)[0]:
            raise Wrong(f"no answer to {question}")
        return self.child.stdout.readline().strip()


class Daemon(Process):
    def start(self):
        self.spawn(self.recipe["daemon"])

    def is_ready(self):
        return super().is_ready() and \
            self.shell(f"({self.recipe['ready']}) > /dev/null 2>&1 && echo ready") == "ready"

    def ask(self, question):
        return self.shell(self.recipe["ask"], question)


class Tool(Process):
    def start(self):
        held = os.path.join(HOSTS, "hold.c")
        library = os.path.join(self.package.work, "hold.so")
        if not os.path.exists(library):
            subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, held], check=True)
        self.fifo = os.path.join(self.scratch, "hold")
        os.mkfifo(self.fifo)
        # Not in the environment of the shell, which would be held instead.
        self.spawn(self.recipe["tool"], f"COVERAGE_HOLD={self.fifo} LD_PRELOAD={library}")

    def is_ready(self):
        return super().is_ready() and os.path.exists(self.fifo + ".held")

    def ask(self, _):
        """Lets the program go; what it prints and how it ends. Once."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                os.close(os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK))
                break
            except OSError:
                time.sleep(0.02)
        try:
            output, _ = self.child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Wrong("the program does not end") from None
        with open(self.log.name, errors="replace") as file:
            errors = file.read()
        said = [output.strip(), errors.strip(), f"status {self.child.returncode}"]
        return " ".join(word for word in said if word)


KINDS = {"host": Host, "daemon": Daemon, "tool": Tool}


def kind_of(recipe):
    return next(KINDS[key] for key in KINDS if key in recipe)


def suture(package, *arguments):
    done = subprocess.run([package.suture, arguments[0], "--json", *arguments[1:]],
                          capture_output=True, text=True, timeout=120)
    if done.returncode == 0:
        return json.loads(done.stdout)
    try:
        answer = json.loads(done.stdout)
        error = next(target["error"] for target in [answer, *answer.get("targets", [])]
                     if "error" in target)
    except (json.JSONDecodeError, StopIteration):
        raise Wrong(f"{arguments[0]} ended with {done.returncode}: {done.stdout}") from None
    if error["code"] in ("refused", "unsupported") and arguments[0] == "apply":
        raise Refused(error["rule"], " ".join([error["message"], *error["context"]]))
    raise Wrong(f"{arguments[0]}: {error['message']}")


def switch(package, process, step, live):
    """One step in the life of a patch: "apply", "revert", or "" for none. The time it took."""
    pids = [f"pid:{pid}" for pid in process.pids()]
    if not pids:
        raise Wrong(f"the process ended by itself, with {process.child.poll()}")
    if step == "apply":
        effect = suture(package, "apply", live, *pids)
    elif step == "revert":
        effect = suture(package, "revert", "coverage", *pids)
    else:
        return None
    if process.child.poll() is not None or not process.pids():
        raise Wrong(f"{step} ended the process with {process.child.returncode}")
    return max(target["total_ms"] for target in effect["targets"])


LIFE = ("", "apply", "revert")


def lasting_life(package, recipe, live, questions):
    """The answers to each question before, with and after the patch; and how long apply took."""
    answers, times = {question: [] for question in questions}, []
    with kind_of(recipe)(package, recipe) as process:
        for step in LIFE:
            times.append(switch(package, process, step, live))
            for question in questions:
                answers[question].append(process.ask(question))
    return answers, times[1]


def tool_life(package, recipe, live, questions):
    """The same with a program that answers one question only: a process for each."""
    answers, applied = {question: [] for question in questions}, None
    for question in questions:
        for count in range(len(LIFE)):
            with Tool(package, dict(recipe, tool=recipe["tool"].replace("$1", question))) as process:
                for step in LIFE[:count + 1]:
                    applied = switch(package, process, step, live) or applied
                answers[question].append(process.ask(question))
    return answers, applied


def judge(answers, probe, check):
    """Is what the process did right? True when a check showed the fixed behaviour."""
    if len(set(answers[probe])) != 1 or not answers[probe][0]:
        raise Wrong(f"what no fix changes changed: {answers[probe]}")
    if not check:
        return False
    given = answers[check["ask"]]
    for answer, wanted, other in zip(given, (check["vulnerable"], check["fixed"],
                                             check["vulnerable"]),
                                     (check["fixed"], check["vulnerable"], check["fixed"])):
        if wanted not in answer or other in answer:
            raise Wrong(f"the fix does not show: {given}")
    return True


def serving(package, functions, check):
    """The first [[process]] that maps every object which the patch changes, and the check's."""
    wanted = {function["object"] for function in functions}
    recipes = [recipe for recipe in package.recipe["process"]
               if wanted <= {os.path.basename(path) for path in
                             recipe.get("objects", package.recipe["targets"])}]
    checked = check and package.recipe["process"][check.get("process", 0)]
    if not recipes:
        raise Wrong(f"no process of the recipe maps {' and '.join(sorted(wanted))}")
    for recipe in recipes:
        if recipe is recipes[0] or recipe is checked:
            yield recipe, check if recipe is checked else None


def try_patch(package, name, live, functions):
    """Applies and reverts; the columns of the result which that gives."""
    check = package.recipe["check"].get(name)
    shown, slowest = False, 0
    try:
        for recipe, mine in serving(package, functions, check):
            questions = [recipe["probe"]] + ([mine["ask"]] if mine else [])
            life = tool_life if kind_of(recipe) is Tool else lasting_life
            answers, milliseconds = life(package, recipe, live, questions)
            shown = judge(answers, recipe["probe"], mine) or shown
            slowest = max(slowest, milliseconds)
    except Refused as refused:
        # Without what is another each time.
        words = re.sub(r" at 0x[0-9a-f]+|process \d+ \([^)]*\): ", "", refused.args[1])
        return {"verdict": "refused", "rules": refused.args[0], "evidence": "apply: " + words}
    except (Wrong, subprocess.SubprocessError, OSError) as wrong:
        return {"verdict": "failed", "evidence": str(wrong)}
    return {"verdict": "applied", "apply_ms": f"{slowest:.2f}", "shown": "yes" if shown else ""}
