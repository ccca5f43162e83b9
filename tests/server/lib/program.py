# SPDX-License-Identifier: MIT
"""Running rdbferry."""
import os
import signal
import subprocess

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
PROGRAM = os.path.abspath(os.environ.get("RDBFERRY") or os.path.join(ROOT, "build", "release", "rdbferry"))
SANITIZED = os.environ.get("BUILD") in ("asan", "tsan")  # it computes more, and keeps what is freed

# Tests that are started in the background have inherited that it is ignored; programs must not inherit that from them.
# preexec_fn would do that for one, but then its process begins as a copy of this one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Failed(Exception):
    """rdbferry ended with another exit code than 0."""


def run(*arguments, stdin=None):
    """Runs it and returns the finished process with its stdout and stderr, whatever the exit code."""
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=300, check=False)


def convert(*arguments, stdin=None):
    """Runs `rdbferry convert`, which has to succeed, and returns its stdout."""
    done = run("convert", *arguments, stdin=stdin)
    if done.returncode != 0:
        raise Failed(f"convert {arguments}: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout
