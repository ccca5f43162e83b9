# SPDX-License-Identifier: MIT
"""The tests of tests/server that a test run leaves to the soak, and all cases of those that have many: a seed is one
of SHARES shares of them, with the random numbers of that seed."""
import os
import re
import subprocess
import sys

import soak
from lib import program

SHARES = 10
RUNNER = os.path.join(program.ROOT, "tests", "server", "runner.py")
TEST = re.compile(r"^(test_\w+) \((test_\w+\.\w+)", re.MULTILINE)
FAILURE = re.compile(r"^(?:FAIL|ERROR): ", re.MULTILINE)


def run(seed):
    share = (seed.number - 1) % SHARES + 1
    done = subprocess.run(
        [sys.executable, "-B", RUNNER, "--soak", "--share", f"{share}/{SHARES}"],
        env={**os.environ, "RDBFERRY_SEED": str(seed.number)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    said = soak.text(done.stdout + done.stderr)
    failures = FAILURE.split(said)
    names = list(dict.fromkeys(f"{where}.{test}" for test, where in TEST.findall(said)))
    print(f"tests, seed {seed.number}: share {share} of {SHARES}: {', '.join(names)}", flush=True)
    seed.counts["tests"] += len(names)
    for failure in failures[1:]:
        seed.find("failure", failure)
    if done.returncode != 0 and len(failures) == 1:
        seed.find("failure", f"exit {done.returncode}: {said[-2000:]}")
