# SPDX-License-Identifier: MIT
"""Commands that write, for what breaks off in the middle of them: what each writes, what is there before, and what may
be there afterwards: all of the new output, all of the old, or nothing where nothing was."""
import hashlib
import os
import shutil
import subprocess

from lib.program import PROGRAM
from test_generated import RDBGEN

# The output of each comes last. Those that replace (--force) find what the same command has made of other data.
JOBS = {
    "aof": ["convert", "IN", "-o", "out.aof"],
    "aof by restore": ["convert", "IN", "-o", "out.aof", "--restore", "--check"],
    "aof replaced": ["convert", "IN", "-o", "out.aof", "--force"],
    "aof rewritten": ["convert", "IN", "-o", "out.aof", "--rename", "s/k/q/", "--flatten-dbs", "--on-collision", "skip",
                      "--memory", "1M"],
    "gzip": ["convert", "IN.gz", "-o", "out.aof.gz", "--report", "report.json"],
    "rdb": ["convert", "IN", "-o", "out.rdb"],
    "rdb for 5.0": ["convert", "IN", "-o", "out.rdb", "--target-version", "5.0", "--drop-unsupported", "--check"],
    "lz4": ["convert", "IN", "-o", "out.rdb.lz4"],
    "json lines": ["convert", "IN", "-o", "out.jsonl"],
    "aof directory": ["convert", "IN", "-o", "out"],
    "aof directory replaced": ["convert", "IN", "-o", "out", "--force", "--base", "aof"],
    "split": ["split", "IN", "-o", "out", "--shards", "3", "--flatten-dbs"],
    "split replaced": ["split", "IN", "-o", "out", "--shards", "4", "--to", "aof-dir", "--flatten-dbs",
                       "--force"],
}  # fmt: skip


def generate(path, seed, *options):
    subprocess.run([RDBGEN, "-o", path, "--seed", str(seed), *options], check=True)
    return path


class Job:
    """One of them, with its inputs in `folder`."""

    def __init__(self, name, folder, data, other):
        self.name = name
        self.arguments = [os.path.join(folder, data) + part[2:] if part[:2] == "IN" else part for part in JOBS[name]]
        self.output = self.arguments[self.arguments.index("-o") + 1]
        self.before = None
        if "--force" in self.arguments:
            self.before = os.path.join(folder, f"before {name}")
            first = [self.arguments[0], os.path.join(folder, other), "-o", self.output]
            if self.arguments[0] == "split":
                first += ["--shards", "3", "--flatten-dbs"]
            os.mkdir(self.before)
            subprocess.run([PROGRAM, *first], cwd=self.before, check=True, capture_output=True)
        self.old = self.before and state_of(os.path.join(self.before, self.output))

    def prepare(self, folder):
        """Makes the folder what it is before the command runs in it."""
        if self.before:
            shutil.copytree(self.before, folder, dirs_exist_ok=True)

    def learn(self, folder, program):
        """Runs it undisturbed: from then on it is known what it makes."""
        self.prepare(folder)
        done = subprocess.run([program, *self.arguments], cwd=folder, check=False, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
        self.new = state_of(os.path.join(folder, self.output))

    def problems(self, folder, code):
        """What is wrong with what it has left, having ended with this exit code."""
        state = state_of(os.path.join(folder, self.output))
        if code == 0 and state != self.new:
            yield "exit 0, and the output is not the one it should be"
        elif state is None and self.old is not None:
            yield "the old output is gone"
        elif state not in (self.old, self.new):
            yield "the output is neither the old one nor the new one"

    def leftovers(self, folder):
        """Files and directories that belong to nothing."""
        belong = {self.output, "report.json"}
        found = [name for name in os.listdir(folder) if name not in belong]
        output = os.path.join(folder, self.output)
        if os.path.isdir(output):
            found += sorted(os.path.join(self.output, name) for name in tree_of(output).keys() - (state_of(output) or {}).keys())
        return found


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.sha1(file.read()).hexdigest()


def tree_of(folder):
    """{path in it: digest} of the files in a folder."""
    paths = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]
    return {os.path.relpath(path, folder): digest_of(path) for path in paths}


def state_of(path):
    """What is there, so that it can be compared: None for nothing. Of an AOF directory, what its manifest names: without
    one it is none yet. A split is all that lies beside its plan."""
    if not os.path.isdir(path):
        return digest_of(path) if os.path.exists(path) else None
    tree = tree_of(path)
    manifest = next((name for name in tree if name.endswith(".manifest") and os.sep not in name), None)
    if manifest is None:
        return tree if "plan.json" in tree else None
    with open(os.path.join(path, manifest), encoding="utf-8") as file:
        named = {line.split()[1] for line in file}
    return {name: tree.get(name, "missing") for name in named | {manifest}}
