# SPDX-License-Identifier: MIT
"""Calls that fail: each command that writes runs with the n-th open, write, fsync, rename, malloc, ... failing, once
or from then on. RDBFERRY-faults beside the program is the one whose calls can be made to fail (faults.c)."""
import concurrent.futures
import errno
import os
import subprocess
import zlib

import soak
from lib.program import PROGRAM
from writing import JOBS, Job, generate

FAULTY = PROGRAM + "-faults"
PARTLY = 0
SECONDS = 60

# By class of calls: the errors that they have.
ERRORS = {
    "open": (errno.ENOSPC, errno.EMFILE),
    "close": (errno.EIO, errno.ENOSPC),
    "read": (errno.EIO, errno.EINTR, PARTLY),
    "write": (errno.ENOSPC, errno.EIO, errno.EINTR, PARTLY),
    "sync": (errno.EIO, errno.ENOSPC),
    "rename": (errno.ENOSPC, errno.EIO),
    "unlink": (errno.EIO,),
    "mode": (errno.EIO, errno.EPERM),
    "memory": (errno.ENOMEM,),
    "map": (errno.ENOMEM,),
    "thread": (errno.EAGAIN,),
    "stdio": (errno.ENOSPC,),
}

# Exit codes: 4, or, where the input cannot be read, 3.
INPUT, OUTPUT = 3, 4
MAY_FAIL_THE_INPUT = {"open", "read"}

# So many seeds in a row have every call of every command fail. Of a class that is called often only some do at each.
STRIDE = {"memory": 128, "read": 16, "close": 16}
USUAL_STRIDE = 8


class Fault:
    """What is to fail in a run."""

    def __init__(self, name, nth, error, forever):
        self.name, self.nth, self.error, self.forever = name, nth, error, forever

    def __str__(self):
        error = errno.errorcode.get(self.error, "done in part")
        return f"{self.name} {self.nth}{' and all after it' if self.forever else ''}: {error}"

    def environment(self):
        return {"FAULT_CALL": self.name, "FAULT_NTH": str(self.nth), "FAULT_ERRNO": str(self.error),
                **({"FAULT_FOREVER": "1"} if self.forever else {})}

    def is_harmless(self):
        """EINTR and a part are what a call may always do."""
        return self.error in (errno.EINTR, PARTLY) and not (self.error == errno.EINTR and self.forever)


def faults_of(seed, job, counts):
    """Those that this seed tries, of a command that makes so many calls of each class."""
    for name, calls in counts.items():
        stride = STRIDE.get(name, USUAL_STRIDE)
        first = seed.number + zlib.crc32(f"{job.name}: {name}".encode())
        for nth in range(1 + first % stride, calls + 1, stride):
            error = seed.random.choice(ERRORS[name])
            forever = error != errno.EINTR and seed.random.random() < 0.5
            yield Fault(name, nth, error, forever)


def environment_with(more):
    """An allocation that fails is to return NULL, also where a sanitizer makes it."""
    options = os.environ.get("ASAN_OPTIONS", "") + ":allocator_may_return_null=1"
    return {**os.environ, "ASAN_OPTIONS": options, **more}


def count_calls(job, folder):
    counts = os.path.join(folder, "counts")
    work = os.path.join(folder, "work")
    os.mkdir(work)
    job.prepare(work)
    subprocess.run([FAULTY, *job.arguments], cwd=work, env=environment_with({"FAULT_COUNTS": counts}), check=True,
                   capture_output=True)
    with open(counts, encoding="ascii") as file:
        return {name: int(calls) for name, calls in map(str.split, file)}


def run_with(job, fault, folder):
    """The finished process; None if it does not end."""
    job.prepare(folder)
    try:
        return subprocess.run([FAULTY, *job.arguments], cwd=folder, env=environment_with(fault.environment()), check=False,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None


def judge(seed, job, fault, folder, done):
    what = f"{job.name}: {fault}"
    if done is None:
        seed.find("hangs", what)
        return
    if seed.find_crash(done, what):
        return
    code, said = done.returncode, soak.text(done.stderr[-600:])
    seed.counts[f"with exit {code}"] += 1
    allowed = {0} if fault.is_harmless() else {0, OUTPUT} | ({INPUT} if fault.name in MAY_FAIL_THE_INPUT else set())
    if code not in allowed:
        seed.find("exit code", f"{what}: exit {code}: {said}")
    for problem in job.problems(folder, code):
        seed.find("output", f"{what}: {problem}: exit {code}: {said}")
    # What cannot be removed, or be opened for that, stays; so does what a manifest named of which nobody knows
    # whether it has been replaced on disk.
    may_stay = fault.name == "unlink" or (fault.name == "open" and fault.forever)
    may_stay |= fault.name == "sync" and "cannot sync the directory" in said
    if not may_stay and (left := job.leftovers(folder)):
        seed.find("leftovers", f"{what}: exit {code}: {', '.join(left)}: {said}")


def run(seed):
    generate(seed.path("data.rdb"), 1, "--kind", "types", "--rdb-version", "10", "--no-modules")
    generate(seed.path("other.rdb"), 2, "--kind", "types", "--rdb-version", "10", "--no-modules")
    subprocess.run(["gzip", "-k", seed.path("data.rdb")], check=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name in JOBS:
            job = Job(name, seed.folder, "data.rdb", "other.rdb")
            job.learn(seed.fresh(), FAULTY)
            faults = list(faults_of(seed, job, count_calls(job, seed.fresh())))
            folders = [seed.fresh() for _ in faults]
            runs = pool.map(run_with, [job] * len(faults), faults, folders)
            for fault, folder, done in zip(faults, folders, runs):
                seed.counts["runs"] += 1
                judge(seed, job, fault, folder, done)
