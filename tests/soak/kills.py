# SPDX-License-Identifier: MIT
"""Signals at random times: each command that writes is ended somewhere, and what it leaves is whole, old or absent."""
import shutil
import signal
import subprocess
import time

import soak
from lib.program import PROGRAM
from writing import JOBS, Job, generate

RUNS = 40  # of a seed
SECONDS = 60

# After which a run removes what it had begun; the others leave it no time, or are nobody's business.
CLEANS_UP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
SIGNALS = (*CLEANS_UP, *CLEANS_UP, signal.SIGKILL, signal.SIGKILL, signal.SIGQUIT, signal.SIGALRM, signal.SIGUSR1)


def kill(seed, job, folder, seconds):
    """Runs it, sends it a signal or two within this time, and returns the signals and the finished process."""
    signals = [seed.random.choice(SIGNALS)]
    if seed.random.random() < 0.2:
        signals.append(seed.random.choice(CLEANS_UP))
    job.prepare(folder)
    with subprocess.Popen([PROGRAM, *job.arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as process:
        time.sleep(seed.random.random() * seconds)
        for number in signals:
            process.send_signal(number)
        try:
            stderr = process.communicate(timeout=SECONDS)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            stderr = None
    return signals, process.returncode, stderr


def judge(seed, job, folder, signals, code, stderr):
    names = ", ".join(number.name for number in signals)
    what = f"{job.name}: {names}: exit {code}"
    if stderr is None:
        seed.find("hangs", what)
        return
    if any(word in stderr for word in soak.SANITIZER):
        seed.find("crash", f"{what}: {soak.text(stderr)}")
    if code not in (0, *(-number for number in signals)):
        seed.find("exit code", f"{what}: {soak.text(stderr)}")
    for problem in job.problems(folder, code):
        seed.find("output", f"{what}: {problem}")
    if signals[0] in CLEANS_UP and (left := job.leftovers(folder)):
        seed.find("leftovers", f"{what}: {', '.join(left)}")
    seed.counts["ended before" if code == 0 else "killed"] += 1


def run(seed):
    data = ("--kind", "mixed", "--scale", "0.01")
    generate(seed.path("data.rdb"), 1, *data)
    generate(seed.path("other.rdb"), 2, *data)
    subprocess.run(["gzip", "-1k", seed.path("data.rdb")], check=True)
    jobs = []
    for name in seed.random.sample(list(JOBS), 5):
        job = Job(name, seed.folder, "data.rdb", "other.rdb")
        started = time.monotonic()
        job.learn(seed.fresh(), PROGRAM)
        jobs.append((job, time.monotonic() - started))
    for _ in range(RUNS):
        job, seconds = seed.random.choice(jobs)
        folder = seed.fresh()
        seed.counts["runs"] += 1
        judge(seed, job, folder, *kill(seed, job, folder, 1.1 * seconds))
        shutil.rmtree(folder)
