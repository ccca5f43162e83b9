# SPDX-License-Identifier: MIT
"""Runs the soak tools: seeds of each until their number or the time is reached, counts what was tried, and keeps the
input of whatever is found."""
import collections
import importlib
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "server"))

from lib import program  # noqa: E402

TOOLS = ("values", "files", "aofs", "faults", "kills", "hostile", "tests")
KEPT = os.path.join(program.ROOT, "build", "soak")
SHOWN_CHARACTERS = 3000
SHOWN = 3  # of each kind of finding, and seed
SANITIZER = (b"Sanitizer", b"runtime error:")


class Seed:
    """One seed of one tool: its random numbers, a folder, what it counts and what it finds."""

    def __init__(self, tool, number):
        self.tool, self.number = tool, number
        self.random = random.Random(f"{tool}:{number}")
        self.folder = tempfile.mkdtemp(prefix=f"rdbferry-{tool}-")
        self.counts = collections.Counter()
        self.findings = collections.Counter()

    def fresh(self):
        """A new empty folder in it."""
        return tempfile.mkdtemp(dir=self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def find(self, kind, what, *inputs):
        """Something that must not be. Keeps copies of the inputs, and says how to come to it again."""
        self.findings[kind] += 1
        if self.findings[kind] > SHOWN:
            return
        print(f"{self.tool}, seed {self.number}: {kind}: {what[:SHOWN_CHARACTERS]}", flush=True)
        place = os.path.join(KEPT, f"{self.tool}-{self.number}")
        for path in filter(os.path.exists, inputs):
            kept = os.path.join(place, f"{sum(self.findings.values())}-{os.path.basename(path)}")
            os.makedirs(place, exist_ok=True)
            if os.path.isdir(path):
                shutil.copytree(path, kept, dirs_exist_ok=True)
            else:
                shutil.copy(path, kept)
            print(f"    kept: {os.path.relpath(kept, program.ROOT)}")
        print(f"    again: make soak SOAK={self.tool} SOAK_SEED={self.number} SOAK_SEEDS=1", flush=True)

    def find_crash(self, done, what, *inputs):
        """Whether a finished process has crashed, or a sanitizer had something to report."""
        crashed = done.returncode < 0 or done.returncode > 5 or any(word in done.stderr for word in SANITIZER)
        if crashed:
            self.find("crash", f"{what}: exit {done.returncode}: {text(done.stderr[-2000:])}", *inputs)
        return crashed

    def close(self):
        shutil.rmtree(self.folder)


def text(said):
    return said.decode(errors="replace").strip()


def soak(tool, run, first, most, seconds):
    """Runs seeds of a tool, and returns how many passed and failed."""
    started, counts, findings, failed, number = time.monotonic(), collections.Counter(), 0, 0, first
    while number < first + most and (number == first or time.monotonic() - started < seconds):
        seed = Seed(tool, number)
        try:
            run(seed)
        finally:
            seed.close()
        counts += seed.counts
        findings += seed.findings.total()
        failed += bool(seed.findings)
        number += 1
    tried = ", ".join(f"{count} {what}" for what, count in counts.items())
    print(f"{tool}: seeds {first}-{number - 1}: {tried}: {findings} findings ({time.monotonic() - started:.0f} s)", flush=True)
    return number - first - failed, failed


def try_leak_detection():
    """LeakSanitizer stops the other threads by ptrace, which some containers forbid."""
    if b"LeakSanitizer has encountered a fatal error" in program.run("version").stderr:
        os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        print("skipped: leak detection: ptrace is not allowed here")


def main(names):
    if unknown := set(names) - set(TOOLS):
        print(f"tests/soak/run: no tool is called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    names = names or TOOLS
    try_leak_detection()
    tools = {name: importlib.import_module(name).run for name in names}  # they use this module
    first = int(os.environ.get("SOAK_SEED") or time.time_ns() % 1_000_000)
    seeds = os.environ.get("SOAK_SEEDS")
    seconds = float(os.environ.get("SOAK_SECONDS") or (sys.maxsize if seeds else 600)) / len(names)
    passed, failed = map(sum, zip(*(soak(name, tools[name], first, int(seeds or sys.maxsize), seconds) for name in names)))
    print(f"soak: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.modules["soak"] = sys.modules["__main__"]
    sys.exit(main(sys.argv[1:]))
